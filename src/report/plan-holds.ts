/** What a plan would hold, by reason. */
import type { PlannedHold } from '../core/plan.ts'
import { shownValue } from './masks.ts'
import type { Paint } from './paint.ts'
import { reasonOf } from './reasons.ts'
import { count, firstOf } from './words.ts'

/** Records of a group whose values are shown. */
const shownRecords = 3

/** Groups by mapping and reason, each with its count, the first records, and the command that goes on. */
export function holdsText(
  holds: readonly PlannedHold[],
  options: { readonly paint: Paint; readonly showValues: boolean },
): string {
  const groups = new Map<string, PlannedHold[]>()
  for (const hold of holds) {
    const key = `${hold.mapping}\n${hold.kind}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [hold])
    else group.push(hold)
  }
  return [...groups.values()].map((group) => groupText(group, options)).join('\n')
}

function groupText(
  group: readonly PlannedHold[],
  { paint, showValues }: { readonly paint: Paint; readonly showValues: boolean },
): string {
  const [first] = group
  if (first === undefined) return ''
  const reason = reasonOf(first.kind)
  const names = firstOf(
    group.map(({ number, id }) => number ?? id),
    5,
  )
  const head = `${paint.bold(first.mapping)}: ${paint.yellow(count(group.length, 'record'))} ${reason.title}: ${names}`
  const values = group.slice(0, shownRecords).flatMap(({ number, id, fields }) =>
    fields.slice(0, 3).map(({ name, values }) => {
      const [ours, theirs] = [values.businessCentral, values.sales].map((value) => shownValue(value, showValues))
      return `    ${number ?? id} ${name}: Business Central ${ours ?? '(blank)'}, Sales ${theirs ?? '(blank)'}`
    }),
  )
  return [head, ...(showValues ? values : []), `  → ${reason.next(first.mapping)}`].join('\n')
}
