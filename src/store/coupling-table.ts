/**
 * The couplings of one mapping in little room: one line of text each, found by either id, and unpacked when asked for.
 * With plain objects a million of them took more than twice as much (docs/speed.md).
 */
import type { BySide, Side } from '../config/config.ts'
import type { Coupling } from '../core/coupling.ts'
import { decodeLine, encodeLine, idsOf } from './coupling-line.ts'
import { IdIndex } from './id-index.ts'

export class CouplingTable {
  /** Slot → line. */
  readonly #lines: (string | undefined)[] = []
  readonly #vacant: number[] = []
  readonly #index: BySide<IdIndex> = {
    businessCentral: new IdIndex((slot) => idsOf(this.#lines[slot] ?? '').businessCentral),
    sales: new IdIndex((slot) => idsOf(this.#lines[slot] ?? '').sales),
  }

  get size(): number {
    return this.#index.businessCentral.size
  }

  /** Where the coupling of an id lies, until it is taken out. */
  slotOf(side: Side, id: string): number | undefined {
    return this.#index[side].get(id)
  }

  get(side: Side, id: string): Coupling | undefined {
    const slot = this.slotOf(side, id)
    return slot === undefined ? undefined : this.at(slot)
  }

  /** The coupling in a slot that is taken. */
  at(slot: number): Coupling {
    return decodeLine(this.#lines[slot] ?? '')
  }

  /** Neither of its records may have a coupling here. Gives its slot. */
  add(coupling: Coupling): number {
    return this.addLine(encodeLine(coupling))
  }

  /** The same with the line that `encodeLine` made of it. */
  addLine(line: string): number {
    const slot = this.#vacant.pop() ?? this.#lines.length
    this.#lines[slot] = line
    const ids = idsOf(line)
    this.#index.businessCentral.add(ids.businessCentral, slot)
    this.#index.sales.add(ids.sales, slot)
    return slot
  }

  /** Takes out what lies in a slot. */
  remove(slot: number): void {
    const line = this.#lines[slot]
    if (line === undefined) return
    const ids = idsOf(line)
    this.#index.businessCentral.delete(ids.businessCentral)
    this.#index.sales.delete(ids.sales)
    this.#lines[slot] = undefined
    this.#vacant.push(slot)
  }

  /** Live: what is added or taken out meanwhile may or may not be seen. */
  *slots(): IterableIterator<number> {
    for (let slot = 0; slot < this.#lines.length; slot++) if (this.#lines[slot] !== undefined) yield slot
  }

  *values(): IterableIterator<Coupling> {
    for (const slot of this.slots()) yield this.at(slot)
  }

  /** All lines as they are at this moment. */
  lines(): readonly string[] {
    return this.#lines.filter((line) => line !== undefined)
  }
}
