/**
 * What a plan adds up to: operations, holds and counts over all mappings and passes. A record that is planned twice (a
 * second pass, taken along by another mapping) counts once, with the fields of both.
 */
import type { Side } from '../config/config.ts'
import type { MappingCounts, Operation, OperationKind, PlannedHold } from '../core/plan.ts'

export class PlanBook {
  readonly #operations = new Map<string, Operation>()
  readonly #holds = new Map<string, PlannedHold>()
  /** Records by mapping, side and kind. */
  readonly #counted = new Map<string, Set<string>>()
  /** Whether operations and holds are kept with their values, for people; counts always are. */
  readonly #keeps: boolean

  constructor(keeps: boolean) {
    this.#keeps = keeps
  }

  get operations(): readonly Operation[] {
    return [...this.#operations.values()]
  }

  get holds(): readonly PlannedHold[] {
    return [...this.#holds.values()]
  }

  add(planned: { readonly operations: readonly Operation[]; readonly holds: readonly PlannedHold[] }): void {
    for (const operation of planned.operations) this.#take(operation)
    if (this.#keeps)
      for (const hold of planned.holds) this.#holds.set(`${hold.mapping}/${hold.kind}/${hold.side}/${hold.id}`, hold)
  }

  /** What the plan does to one side of one mapping. */
  counts(mapping: string, side: Side, coupled: number): MappingCounts {
    const of = (kind: OperationKind): number => this.#counted.get(`${mapping}/${side}/${kind}`)?.size ?? 0
    return {
      mapping,
      side,
      creates: of('create'),
      updates: of('update'),
      deletes: of('delete'),
      couples: of('couple'),
      uncouples: of('uncouple'),
      coupled,
    }
  }

  #take(operation: Operation): void {
    const { mapping, side, kind } = operation
    const group = `${mapping}/${side}/${kind}`
    // The partner of a new record names it as well, and is in memory already.
    const record = (kind === 'create' ? operation.partner : operation.key) ?? operation.partner ?? ''
    const counted = this.#counted.get(group) ?? new Set<string>()
    this.#counted.set(group, counted.add(record))
    if (!this.#keeps) return
    const key = `${group}/${record}`
    this.#operations.set(key, merged(this.#operations.get(key), operation))
  }
}

function merged(before: Operation | undefined, operation: Operation): Operation {
  if (before === undefined) return operation
  const known = new Set(before.fields.map(({ name }) => name))
  return { ...before, fields: [...before.fields, ...operation.fields.filter(({ name }) => !known.has(name))] }
}
