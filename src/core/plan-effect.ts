/** What a change of the configuration does to the data: the plan with the new version less the plan with the old one. */
import type { Side } from '../config/config.ts'
import type { Operation, OperationKind, Plan, PlannedField, PlannedHold } from './plan.ts'

/** Two plans subtracted. */
export interface PlanEffect {
  /** What only the new version does; of an update only the fields that only it writes. */
  readonly caused: readonly Operation[]
  /** What only the old version would have done. */
  readonly dropped: readonly Operation[]
  /** What waits with the new version only. */
  readonly holds: readonly PlannedHold[]
  /** How many records wait with the old version only. */
  readonly released: number
  readonly counts: readonly EffectCounts[]
}

/** What the change alone does to one side of one mapping. */
export type EffectCounts = { readonly mapping: string; readonly side: Side } & Readonly<Record<OperationKind, number>>

/** What `after` does beyond `before`, both made of the same records and the same state. */
export function planEffect(before: Plan, after: Plan): PlanEffect {
  const caused = less(after.operations, before.operations)
  return {
    caused,
    dropped: less(before.operations, after.operations),
    holds: after.holds.filter(notIn(before.holds)),
    released: before.holds.filter(notIn(after.holds)).length,
    counts: countsOf(caused),
  }
}

/** The operations that only the first has, with the fields that only the first writes. */
function less(some: readonly Operation[], others: readonly Operation[]): readonly Operation[] {
  const known = new Map(others.map((operation) => [recordOf(operation), operation]))
  return some.flatMap((operation) => {
    const other = known.get(recordOf(operation))
    if (other === undefined) return [operation]
    const written = new Set(other.fields.map(meaning))
    const fields = operation.fields.filter((field) => !written.has(meaning(field)))
    const sameLines = JSON.stringify(operation.lines ?? []) === JSON.stringify(other.lines ?? [])
    return fields.length === 0 && sameLines ? [] : [{ ...operation, fields }]
  })
}

/** A new record is known by what it is made from: a service may choose its key. */
const recordOf = ({ mapping, side, kind, key, partner }: Operation): string =>
  JSON.stringify([mapping, side, kind, kind === 'create' ? partner : key])

/** Rows may be named anew and say the same. */
const meaning = ({ column, print }: PlannedField): string => `${column}=${print}`

function notIn(holds: readonly PlannedHold[]): (hold: PlannedHold) => boolean {
  const known = new Set(holds.map(nameOf))
  return (hold) => !known.has(nameOf(hold))
}
const nameOf = ({ mapping, kind, side, id }: PlannedHold): string => `${mapping}/${kind}/${side}/${id}`

function countsOf(operations: readonly Operation[]): readonly EffectCounts[] {
  const counts = new Map<string, { mapping: string; side: Side } & Record<OperationKind, number>>()
  for (const { mapping, side, kind } of operations) {
    const key = `${mapping}/${side}`
    const none = { mapping, side, create: 0, update: 0, delete: 0, couple: 0, uncouple: 0, claim: 0 }
    const one = counts.get(key) ?? none
    one[kind] += 1
    counts.set(key, one)
  }
  return [...counts.values()]
}
