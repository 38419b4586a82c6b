/**
 * What a plan adds up to: operations, holds and counts over all mappings and passes. A record that is planned twice (a
 * second pass, taken along by another mapping) counts once, with the fields of both.
 */
import type { Side } from '../config/config.ts'
import type { MappingCounts, Operation, OperationKind, PlannedHold } from '../core/plan.ts'

/** An operation, and what each pass of the run writes of it. */
export interface PlannedWhole {
  readonly whole: Operation
  readonly parts: readonly Operation[]
}

export class PlanBook {
  readonly #operations = new Map<string, PlannedWhole>()
  readonly #holds = new Map<string, PlannedHold>()
  /** Records by mapping, side and kind, while more may come; then how many there are. */
  #counted: { readonly records: Map<string, Set<string>> } | { readonly numbers: ReadonlyMap<string, number> } = {
    records: new Map(),
  }
  /** Whether operations and holds are kept with their values; counts always are. */
  readonly #keeps: boolean

  constructor(keeps: boolean) {
    this.#keeps = keeps
  }

  get operations(): readonly Operation[] {
    return this.wholes.map(({ whole }) => whole)
  }

  get wholes(): readonly PlannedWhole[] {
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

  /**
   * What the plan does to one side of one mapping. Who counts closes the book: nothing more is taken, and which records
   * they are need not be known any longer, only how many (P10).
   */
  counts(mapping: string, side: Side, coupled: number): MappingCounts {
    const numbers = this.#close()
    const of = (kind: OperationKind): number => numbers.get(`${mapping}/${side}/${kind}`) ?? 0
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

  #close(): ReadonlyMap<string, number> {
    if ('records' in this.#counted)
      this.#counted = { numbers: new Map([...this.#counted.records].map(([group, { size }]) => [group, size])) }
    return this.#counted.numbers
  }

  #take(operation: Operation): void {
    const { mapping, side, kind } = operation
    const group = `${mapping}/${side}/${kind}`
    // The partner of a new record names it as well, and is in memory already.
    const record = (kind === 'create' ? operation.partner : operation.key) ?? operation.partner ?? ''
    if (!('records' in this.#counted)) throw new Error('a plan that was counted takes nothing more')
    const { records } = this.#counted
    records.set(group, (records.get(group) ?? new Set()).add(record))
    if (!this.#keeps) return
    const key = `${group}/${record}`
    this.#operations.set(key, merged(this.#operations.get(key), operation))
  }
}

function merged(before: PlannedWhole | undefined, operation: Operation): PlannedWhole {
  if (before === undefined) return { whole: operation, parts: [operation] }
  const known = new Set(before.whole.fields.map(({ name }) => name))
  const fields = operation.fields.filter(({ name }) => !known.has(name))
  if (fields.length === 0) return before
  const whole = { ...before.whole, fields: [...before.whole.fields, ...fields] }
  return { whole, parts: [...before.parts, { ...operation, fields, lines: [] }] }
}
