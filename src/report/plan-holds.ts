/** What a plan would hold, by reason: a first run holds much for few reasons. */
import type { PlannedHold } from '../core/plan.ts'
import { shownValue } from './masks.ts'
import type { Paint } from './paint.ts'
import { nextSteps, reasonOf } from './reasons.ts'
import { count, firstOf, thousands, wrap } from './words.ts'

/** With more holds than this, values are left to `couplet held` and `--json`. */
const shownWithValues = 10

interface HoldsOptions {
  readonly paint: Paint
  readonly showValues: boolean
}

/** One group for each reason: how many records, of which mappings, and the command that goes on. */
export function holdsText(holds: readonly PlannedHold[], options: HoldsOptions): string {
  const groups = new Map<string, PlannedHold[]>()
  for (const hold of holds) {
    const group = groups.get(hold.kind)
    if (group === undefined) groups.set(hold.kind, [hold])
    else group.push(hold)
  }
  const values = options.showValues && holds.length <= shownWithValues
  return [...groups.values()].map((group) => groupText(group, { ...options, showValues: values })).join('\n')
}

function groupText(group: readonly PlannedHold[], { paint, showValues }: HoldsOptions): string {
  const [first] = group
  if (first === undefined) return ''
  const mappings = [...new Set(group.map(({ mapping }) => mapping))]
  const named = mappings.map((mapping) => {
    const own = group.filter((hold) => hold.mapping === mapping)
    const names = own.map(({ number, id }) => number ?? id)
    return `${mapping} ${thousands(own.length)} (${firstOf(names, mappings.length === 1 ? 5 : 2)})`
  })
  const reason = reasonOf(first.kind)
  const head = `${paint.yellow(count(group.length, 'record'))} ${reason.title}:`
  const [only, ...others] = mappings
  const mapping = others.length === 0 && only !== undefined ? only : 'MAPPING'
  const values = showValues ? group.flatMap(valuesText) : []
  const remedies = group.map(({ remedy }) => remedy)
  const next = nextSteps(first.kind, mapping, remedies).map((step) => wrap(`→ ${step}`, 112, '  '))
  return [head, wrap(named.join(', '), 112, '    '), ...values, ...next].join('\n')
}

/** Both values of each field that keeps a record waiting. */
function valuesText({ number, id, fields }: PlannedHold): readonly string[] {
  return fields.map(({ name, values }) => {
    const [ours, theirs] = [values.businessCentral, values.sales].map((value) => shownValue(value, true) ?? '(blank)')
    return `    ${number ?? id} ${name}: ${ours} in Business Central, ${theirs} in Sales`
  })
}
