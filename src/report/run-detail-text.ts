/** One run of the log, whole: counts by mapping and direction, and what came to wait with both records and the way on. */
import type { Side } from '../config/config.ts'
import type { HeldKind } from '../core/coupling.ts'
import type { Paint } from './paint.ts'
import { reasonOf } from './reasons.ts'
import { countsText } from './run-text.ts'
import type { CountsTold } from './told.ts'
import { count, duration, sideName, wrap } from './words.ts'

export interface RunDetail {
  readonly run: string
  readonly startedAt: string
  readonly endedAt: string
  readonly ok: boolean
  readonly mappings: readonly CountsTold[]
  readonly problems?: readonly {
    readonly mapping: string
    readonly side: Side
    readonly id?: string | undefined
    readonly number?: string | undefined
    readonly partner?: string | undefined
    readonly kind: HeldKind | 'service'
    readonly message: string
    readonly remedy: string
  }[]
}

export function runDetailText(run: RunDetail, paint: Paint): string {
  const time = duration(Date.parse(run.endedAt) - Date.parse(run.startedAt))
  const head = `${paint.bold(run.run)}  ${run.startedAt.slice(0, 19).replace('T', ' ')} (UTC), ${time}, ${run.ok ? paint.green('in step') : paint.yellow('records wait')}`
  const { problems } = run
  const told =
    problems === undefined
      ? paint.dim('What came to wait was not kept by the version that ran it.')
      : problems.length === 0
        ? paint.dim('Nothing new came to wait.')
        : [
            paint.bold(`${count(problems.length, 'record or mapping', 'records or mappings')} came to wait:`),
            ...problems.map((one) => problemText(one, paint)),
          ].join('\n')
  return [head, countsText(run.mappings, paint), told].filter((part) => part !== '').join('\n\n')
}

/** Source, destination, what happened, and how to try again. */
function problemText(problem: NonNullable<RunDetail['problems']>[number], paint: Paint): string {
  const { mapping, side, id, number, partner, kind, message, remedy } = problem
  const other: Side = side === 'sales' ? 'businessCentral' : 'sales'
  const from = id === undefined ? sideName[side] : `${number ?? id} in ${sideName[side]}`
  const to = partner === undefined ? '' : ` ↔ ${partner} in ${sideName[other]}`
  const again = id === undefined ? 'couplet doctor' : `couplet retry ${mapping} --record ${number ?? id}`
  return [
    `  ${paint.bold(mapping)}: ${from}${to}  ${paint.yellow(reasonOf(kind).short)}`,
    wrap(message, 114, '      '),
    ...(remedy === '' ? [] : [wrap(`→ ${remedy}`, 114, '      ')]),
    `      → try again: ${again}`,
  ].join('\n')
}
