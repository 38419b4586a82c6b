/** What waits already when a plan is made and was not looked at again: told beside it, so that it is not forgotten. */
import type { HeldKind } from '../core/coupling.ts'
import type { PlannedHold } from '../core/plan.ts'
import { reasonOf } from './reasons.ts'
import type { ProblemTold } from './told.ts'
import { count, thousands } from './words.ts'

/** So many records of one mapping that wait for one reason. */
export interface Waiting {
  readonly mapping: string
  readonly kind: HeldKind
  readonly count: number
}

/** By mapping and reason, the records that would wait after the plan and are none of its holds. */
export function waitingBeside(problems: readonly ProblemTold[], holds: readonly PlannedHold[]): readonly Waiting[] {
  const planned = new Set(holds.map(({ mapping, side, id }) => `${mapping}/${side}/${id}`))
  const groups = new Map<string, Waiting>()
  for (const { mapping, side, id, kind } of problems) {
    if (kind === 'service' || planned.has(`${mapping}/${side}/${id}`)) continue
    const key = `${mapping}/${kind}`
    groups.set(key, { mapping, kind, count: (groups.get(key)?.count ?? 0) + 1 })
  }
  return [...groups.values()]
}

/** `508 more records wait already since earlier runs (500 no partner, 8 conflict): couplet held`; empty for none. */
export function waitingText(waiting: readonly Waiting[]): string {
  if (waiting.length === 0) return ''
  const all = waiting.reduce((sum, one) => sum + one.count, 0)
  const kinds = new Map<HeldKind, number>()
  for (const { kind, count: number } of waiting) kinds.set(kind, (kinds.get(kind) ?? 0) + number)
  const reasons = [...kinds].sort(([, a], [, b]) => b - a).map(([kind, n]) => `${thousands(n)} ${reasonOf(kind).short}`)
  const told = count(all, 'more record waits', 'more records wait')
  return `${told} already since earlier runs (${reasons.join(', ')}): couplet held`
}
