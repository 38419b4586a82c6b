/** What waits, as an administrator reads it in the morning: which record, why, since when, and what to do next. */
import type { Held } from '../core/coupling.ts'
import type { Paint } from './paint.ts'
import { nextSteps, reasonOf } from './reasons.ts'
import { ago, count, sideName, thousands, wrap } from './words.ts'

/** What waits in one mapping. */
export interface HeldOfMapping {
  readonly mapping: string
  readonly held: readonly Held[]
}

export interface HeldTextOptions {
  readonly paint: Paint
  readonly now: Date
  /** Records shown one by one for each mapping and reason. */
  readonly most: number
}

/** Groups by mapping and reason; `Nothing waits.` when there are none. */
export function heldText(list: readonly HeldOfMapping[], options: HeldTextOptions): string {
  const groups = list.flatMap(({ mapping, held }) => {
    const kinds = [...new Set(held.map(({ kind }) => kind))]
    return kinds.map((kind) =>
      groupText(
        mapping,
        held.filter((one) => one.kind === kind),
        options,
      ),
    )
  })
  return groups.length === 0 ? options.paint.green('Nothing waits.') : groups.join('\n\n')
}

function groupText(mapping: string, held: readonly Held[], options: HeldTextOptions): string {
  const { paint, most } = options
  const [first] = held
  if (first === undefined) return ''
  const reason = reasonOf(first.kind)
  const head = `${paint.bold(mapping)}: ${paint.yellow(count(held.length, 'record'))} ${reason.title}`
  const more =
    held.length > most ? [`  … and ${thousands(held.length - most)} more; --most N shows more, --json all`] : []
  const records = held.slice(0, most).flatMap((one) => recordLines(one, options))
  const remedies = held.map(({ remedy }) => remedy)
  const next = nextSteps(first.kind, mapping, remedies).map((step) => wrap(`→ ${step}`, 114, '  '))
  return [head, ...records, ...more, ...next].join('\n')
}

function recordLines(held: Held, { paint, now }: HeldTextOptions): readonly string[] {
  const fields = held.fields.length === 0 ? '' : `  ${held.fields.join(', ')}`
  const tries = held.attempts > 1 ? `, tried ${held.attempts} times` : ''
  const decided = held.decision === undefined ? '' : paint.cyan('  (decided; the next run does it)')
  const name = held.number ?? `${held.id} in ${sideName[held.side]}`
  const head = `  ${paint.bold(name)}${fields}  ${paint.dim(`${ago(held.since, now)}${tries}`)}${decided}`
  return [head, wrap(held.message, 114, '      ')]
}
