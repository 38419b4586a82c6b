/**
 * Collections that tell no time of change are read whole in each run. Where several mappings of a run ask the same of one,
 * it is asked once, and all of them see the same rows (P10). They are kept only until the last has read them, and only
 * as far as there is room.
 */
import { type Mapping, sides } from '../config/config.ts'
import type { Connector, Page, Query } from '../connector/connector.ts'
import type { RowBudget } from './row-cache.ts'

/** The answers that mappings of a run share while it is planned. */
export class SharedScans {
  readonly #budget: RowBudget
  /** Collection → how many mappings are still to read it. */
  readonly #readers = new Map<string, number>()
  /** Collection → question → answer. */
  readonly #kept = new Map<string, Map<string, readonly Page[]>>()

  constructor(budget: RowBudget, mappings: readonly Mapping[]) {
    this.#budget = budget
    for (const mapping of mappings)
      for (const side of sides) {
        const { entity } = mapping[side]
        const name = JSON.stringify([side, entity])
        if (entity !== undefined) this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1)
      }
  }

  /** The whole collection, page by page, as `changes` gives it. */
  async *read(connector: Connector, query: Query): AsyncGenerator<Page> {
    const collection = JSON.stringify([connector.side, query.entity])
    const others = (this.#readers.get(collection) ?? 1) - 1
    this.#readers.set(collection, others)
    const question = JSON.stringify(query)
    const known = this.#kept.get(collection)?.get(question)
    if (others <= 0) this.#forget(collection)
    if (known !== undefined) return yield* known
    const pages: Page[] = []
    let rows = 0
    for await (const page of connector.changes(query, { kind: 'scan' })) {
      rows += page.changes.length
      if (others > 0 && rows <= this.#budget.left) pages.push(page)
      yield page
    }
    if (others > 0 && this.#budget.take(rows)) this.#keep(collection, question, pages)
  }

  #keep(collection: string, question: string, pages: readonly Page[]): void {
    const kept = this.#kept.get(collection) ?? new Map<string, readonly Page[]>()
    this.#kept.set(collection, kept.set(question, pages))
  }

  #forget(collection: string): void {
    for (const pages of this.#kept.get(collection)?.values() ?? [])
      for (const { changes } of pages) this.#budget.giveBack(changes.length)
    this.#kept.delete(collection)
  }
}
