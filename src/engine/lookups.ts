/** Reads of the couplings of all mappings, as the core's lookups want them; remembers answers of queries for one mapping run. */
import type { Mapping, Side } from '../config/config.ts'
import { otherSide } from '../config/config.ts'
import type { Lookups, RecordQuery } from '../core/carry.ts'
import type { Coupling, Seen } from '../core/coupling.ts'
import type { Bindings, Company } from '../core/expression.ts'
import type { FreeNumber, NumberQuery } from '../core/number-pattern.ts'
import { canonical } from '../core/values.ts'
import type { MappingState, Store } from '../store/store.ts'
import { Numbers } from './numbers.ts'

/** Where couplings are read: the present view, and the state on disk where the view foresees more. */
export interface Views {
  readonly store: Store
  readonly real: Store
  /** Pairs of which a record is deleted at the end of the run, by mapping and id in Business Central. */
  readonly leaving: Set<string>
}

/** The other mappings of a run, by their turn. */
export interface Order {
  readonly earlier: ReadonlySet<string>
  /** The mapping itself among them. */
  readonly later: ReadonlySet<string>
}

/** Lookups over a store, with what the run knows of order and of answers. */
export class StoreLookups implements Lookups {
  readonly #views: Views
  readonly #mappings: ReadonlyMap<string, Mapping>
  readonly #answers = new Map<string, { readonly id: string } | 'none'>()
  #order: Order
  #foreseen = false
  /** Numbers that this run gives to new records. */
  readonly numbers = new Numbers()

  constructor(views: Views, mappings: ReadonlyMap<string, Mapping>, order: Order) {
    this.#views = views
    this.#mappings = mappings
    this.#order = order
  }

  /** A mapping of the project, switched on or not. */
  mappingNamed(name: string): Mapping | undefined {
    return this.#mappings.get(name)
  }

  /** In the second pass nothing runs later any more. */
  allHaveRun(): void {
    const { earlier, later } = this.#order
    this.#order = { earlier: new Set([...earlier, ...later]), later: new Set() }
  }

  /**
   * A record of the pair is deleted at the end of the run: nothing is made to refer to it any more. False where that was known.
   */
  leave(mapping: string, coupling: Coupling): boolean {
    const { leaving } = this.#views
    const before = leaving.size
    return leaving.add(leavingAs(mapping, coupling)).size > before
  }

  /** Whether an answer since the last call may be another one when everything planned has been written. */
  takeForeseen(): boolean {
    const foreseen = this.#foreseen
    this.#foreseen = false
    return foreseen
  }

  partner(mapping: string, from: Side, id: string): string | undefined {
    return this.#read(({ mapping: stateOf }) => {
      const state = stateOf(mapping)
      return this.#seen(state, state.bySide(from, id) ?? state.bySide(from, id.toLowerCase()), otherSide(from))?.id
    })
  }

  partnerByKeys(mapping: string, from: Side, keys: Readonly<Record<string, string>>): string | undefined {
    return this.#read(({ mapping: stateOf }) => {
      const state = stateOf(mapping)
      return this.#seen(state, state.byKeys(from, keys), otherSide(from))?.id
    })
  }

  keyOf(mapping: string, on: Side, otherId: string, key: string): string | undefined {
    return this.#read(({ mapping: stateOf }) => {
      const state = stateOf(mapping)
      const from = otherSide(on)
      const coupling = state.bySide(from, otherId) ?? state.bySide(from, otherId.toLowerCase())
      return this.#seen(state, coupling, on)?.keys[key]
    })
  }

  #read(ask: (view: { readonly mapping: Store['mapping'] }) => string | undefined): string | undefined {
    const { store, real } = this.#views
    const answer = ask({ mapping: (name) => store.mapping(name) })
    const settled =
      answer !== undefined && (store === real || ask({ mapping: (name) => real.mapping(name) }) === answer)
    if (!settled) this.#foreseen = true
    return answer
  }

  /** The record on that side; none where it is gone or leaves, whether the pair has ended with it or a person is to decide. */
  #seen(state: MappingState, coupling: Coupling | undefined, side: Side): Seen | undefined {
    if (coupling === undefined || coupling.ended === side) return undefined
    if (this.#views.leaving.has(leavingAs(state.name, coupling))) return undefined
    return state.held('businessCentral', coupling.businessCentral.id)?.gone === side ? undefined : coupling[side]
  }

  entityOf(mapping: string, side: Side): string {
    return this.#mappings.get(mapping)?.[side].entity?.entity ?? mapping
  }

  runsLater(mapping: string): boolean {
    return this.#order.later.has(mapping)
  }

  /** True for a mapping that this run has gone through before the present one. */
  hasRun(mapping: string): boolean {
    return this.#order.earlier.has(mapping)
  }

  query(query: RecordQuery): { readonly id: string } | 'none' | 'ask' {
    this.#foreseen = true
    return this.#answers.get(queryKey(query)) ?? 'ask'
  }

  /** A number is settled when it is written: somebody may take it before. */
  number(query: NumberQuery): FreeNumber | 'none' | 'ask' {
    this.#foreseen = true
    return this.numbers.of(query)
  }

  /** Remembers what was found: exactly one record, or none that can be meant. */
  answer(query: RecordQuery, ids: readonly string[]): void {
    const [id] = ids
    this.#answers.set(queryKey(query), id !== undefined && ids.length === 1 ? { id } : 'none')
  }

  /** What expressions see: `$coupled('item-product', id)` and `$option('payment-terms', id)` give the partner's key. */
  bindings(settings: Readonly<Record<string, unknown>>, company: Company): Bindings {
    const partner = (mapping: string, value: unknown): string | undefined => {
      const key = canonical(value, { type: 'text' })
      if (key === null) return undefined
      const keyName = this.#mappings.get(mapping)?.businessCentral.keys[0]
      return (
        this.partner(mapping, 'businessCentral', key) ??
        this.partner(mapping, 'sales', key) ??
        (keyName === undefined ? undefined : this.partnerByKeys(mapping, 'businessCentral', { [keyName]: key }))
      )
    }
    return {
      settings,
      company,
      coupled: (mapping, value) => partner(mapping, value),
      key: (mapping, value) => {
        const id = canonical(value, { type: 'text' })
        const keyName = this.#mappings.get(mapping)?.businessCentral.keys[0]
        return id === null || keyName === undefined ? undefined : this.keyOf(mapping, 'businessCentral', id, keyName)
      },
      option: (mapping, value) => {
        const option = partner(mapping, value)
        return option === undefined ? undefined : Number(option)
      },
    }
  }
}

const leavingAs = (mapping: string, { businessCentral }: Coupling): string => `${mapping}/${businessCentral.id}`

const queryKey = (query: RecordQuery): string =>
  JSON.stringify([
    query.side,
    query.entity,
    query.take,
    Object.entries(query.where).sort(([a], [b]) => (a < b ? -1 : 1)),
  ])
