/**
 * Rows that were read, kept between the passes of a run as far as a budget allows; the rest is read again by id when its
 * turn comes. Keeps P10: memory does not grow with the number of records.
 */
import type { BySide, Side } from '../config/config.ts'
import type { Change } from '../core/record.ts'

/** How many rows all mappings of a run may keep together. */
export class RowBudget {
  #left: number
  constructor(rows: number) {
    this.#left = rows
  }
  get left(): number {
    return this.#left
  }
  take(rows = 1): boolean {
    if (this.#left < rows) return false
    this.#left -= rows
    return true
  }
  giveBack(rows: number): void {
    this.#left += rows
  }
}

export class RowCache {
  readonly #rows: BySide<Map<string, Change>> = { businessCentral: new Map(), sales: new Map() }
  readonly #budget: RowBudget

  constructor(budget: RowBudget) {
    this.#budget = budget
  }

  get(side: Side, id: string): Change | undefined {
    return this.#rows[side].get(id)
  }

  /** Keeps a row if the budget allows; a row kept already is replaced. */
  keep(side: Side, change: Change): void {
    const rows = this.#rows[side]
    if (rows.has(change.id) || this.#budget.take()) rows.set(change.id, change)
  }

  /** Forgets a row that has changed since. */
  drop(side: Side, id: string): void {
    if (this.#rows[side].delete(id)) this.#budget.giveBack(1)
  }

  clear(): void {
    this.#budget.giveBack(this.#rows.businessCentral.size + this.#rows.sales.size)
    this.#rows.businessCentral.clear()
    this.#rows.sales.clear()
  }
}
