/** The rows of one simulated entity: primary key, stable order, versions, tombstones and a change log. */

import type { World } from './world.ts'

/** One stored row. Never changed in place: an update stores a new object, so readers may keep the old one. */
export type Row = Readonly<Record<string, unknown>>

/** A row with its key and the number of its last write. */
export interface Entry {
  readonly key: string
  readonly row: Row
  readonly version: number
}

/** What a write is told, so that it can set its own stamps. */
export interface Stamp {
  readonly now: Date
  readonly version: number
  readonly created: boolean
}

/** One line of the change log: the last write of a key, or its removal. */
export interface Change {
  readonly key: string
  readonly version: number
  /** The row as it is now; undefined when it is gone. */
  readonly entry: Entry | undefined
}

/** How a table is made. */
export interface TableOptions {
  readonly name: string
  /** The property that holds the primary key. */
  readonly key: string
  readonly world: World
  /** Properties (stamps) that each write adds to the row. */
  readonly stamp?: (stamp: Stamp, row: Row) => Row
  /** The text that rows are ordered by when nobody asks for an order. @default the primary key */
  readonly order?: (row: Row) => string
  /** Properties kept in a hash index besides the primary key. Texts are indexed without regard to case. */
  readonly indexes?: readonly string[]
}

/** A write that names a key which is already there. */
export class DuplicateKey extends Error {
  override readonly name = 'DuplicateKey'
  readonly table: string
  readonly key: string
  constructor(table: string, key: string) {
    super(`${table} ${key} exists already`)
    this.table = table
    this.key = key
  }
}

/** The form in which a value stands in a hash index: texts and GUIDs in lower case, blanks as null. */
export function indexValue(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : (value ?? null)
}

interface Slot {
  readonly order: string
  /** Undefined once the row is deleted or has moved to another place in the order. */
  entry: Entry | undefined
}

interface LogLine {
  readonly key: string
  readonly version: number
}

const byOrder = (a: Slot, b: Slot) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0)

/** Holds 100,000 rows and more: nothing is cloned on reading, sorting is by merging what is new. */
export class Table {
  readonly name: string
  readonly key: string
  readonly #world: World
  readonly #stamp: (stamp: Stamp, row: Row) => Row
  readonly #order: (row: Row) => string
  readonly #slots = new Map<string, Slot>()
  readonly #indexes = new Map<string, Map<unknown, Set<string>>>()
  #log: LogLine[] = []
  #sorted: Slot[] = []
  #added: Slot[] = []
  #dead = 0

  constructor(options: TableOptions) {
    this.name = options.name
    this.key = options.key
    this.#world = options.world
    this.#stamp = options.stamp ?? ((_stamp, row) => row)
    this.#order = options.order ?? ((row) => String(row[options.key]).toLowerCase())
    for (const property of options.indexes ?? []) this.#indexes.set(property, new Map())
  }

  /** How many rows there are. */
  get size(): number {
    return this.#slots.size
  }

  /** The number of this table's last write; 0 when it was never written. */
  get version(): number {
    return this.#log.at(-1)?.version ?? 0
  }

  /** The row of a key (in any case), or undefined. */
  get(key: string): Entry | undefined {
    return this.#slots.get(key.toLowerCase())?.entry
  }

  /** Stores a new row. The key is taken from the row, or made. Throws `DuplicateKey`. */
  insert(values: Row): Entry {
    const key = ((values[this.key] as string | undefined) ?? this.#world.newId()).toLowerCase()
    if (this.#slots.has(key)) throw new DuplicateKey(this.name, key)
    return this.#write(key, { ...values, [this.key]: key }, true)
  }

  /** Lays `values` over a row. A write without a difference is still a write. Throws when the row is missing. */
  update(key: string, values: Row): Entry {
    const before = this.get(key)
    if (before === undefined) throw new Error(`${this.name} ${key} is not there`)
    return this.#write(before.key, { ...before.row, ...values, [this.key]: before.key }, false)
  }

  /** Removes a row and leaves a tombstone in the change log. False when there was none. */
  delete(key: string): boolean {
    const before = this.get(key)
    if (before === undefined) return false
    this.#place(before.key, undefined)
    this.#remember(before.key, this.#world.nextVersion(), before)
    return true
  }

  /** All rows in the table's order, or those behind the place `after`. */
  *entries(after?: string): Generator<Entry> {
    const sorted = this.#settle()
    for (let at = after === undefined ? 0 : placeBehind(sorted, after); at < sorted.length; at++) {
      const entry = sorted[at]?.entry
      if (entry !== undefined) yield entry
    }
  }

  /** The place of a row in the table's order, to go on behind it. */
  orderOf(row: Row): string {
    return this.#order(row)
  }

  /** The rows that `wanted` accepts, in the table's order. */
  find(wanted: (row: Row) => boolean): Entry[] {
    const found: Entry[] = []
    for (const entry of this.entries()) if (wanted(entry.row)) found.push(entry)
    return found
  }

  /** True when rows can be found by this property without looking at all of them. */
  indexed(property: string): boolean {
    return property === this.key || this.#indexes.has(property)
  }

  /** The rows whose indexed property has one of the values, in the table's order. */
  lookup(property: string, values: Iterable<unknown>): Entry[] {
    const index = this.#indexes.get(property)
    const keys = new Set<string>()
    for (const value of values) {
      if (index === undefined) keys.add(String(indexValue(value)))
      else for (const key of index.get(indexValue(value)) ?? []) keys.add(key)
    }
    const slots = [...keys].map((key) => this.#slots.get(key)).filter((slot) => slot !== undefined)
    return slots
      .sort(byOrder)
      .map((slot) => slot.entry)
      .filter((entry) => entry !== undefined)
  }

  /** What was written after `version`, each key once with its last write, in the order of the writes. */
  changesSince(version: number): Change[] {
    const changes: Change[] = []
    const seen = new Set<string>()
    for (let at = this.#log.length - 1; at >= 0; at--) {
      const line = this.#log[at]
      if (line === undefined || line.version <= version) break
      if (seen.has(line.key)) continue
      seen.add(line.key)
      changes.push({ ...line, entry: this.get(line.key) })
    }
    return changes.reverse()
  }

  #write(key: string, values: Row, created: boolean): Entry {
    const before = this.get(key)
    const version = this.#world.nextVersion()
    const entry = { key, row: this.#stamp({ now: this.#world.now(), version, created }, values), version }
    this.#place(key, entry)
    this.#remember(key, version, before)
    return entry
  }

  #remember(key: string, version: number, before: Entry | undefined): void {
    const after = this.get(key)
    this.#log.push({ key, version })
    this.#world.onUndo(
      () => {
        this.#log.pop()
        this.#place(key, before)
      },
      () => {
        this.#log.push({ key, version })
        this.#place(key, after)
      },
    )
  }

  /** Puts an entry (or none) in the place of a key, in order and indexes. */
  #place(key: string, entry: Entry | undefined): void {
    const slot = this.#slots.get(key)
    this.#index(key, slot?.entry?.row, entry?.row)
    if (slot !== undefined && entry !== undefined && this.#order(entry.row) === slot.order) {
      slot.entry = entry
      return
    }
    if (slot !== undefined) {
      slot.entry = undefined
      this.#dead++
      this.#slots.delete(key)
    }
    if (entry === undefined) return
    const fresh = { order: this.#order(entry.row), entry }
    this.#slots.set(key, fresh)
    this.#added.push(fresh)
  }

  #index(key: string, before: Row | undefined, after: Row | undefined): void {
    for (const [property, index] of this.#indexes) {
      const was = before && indexValue(before[property])
      const is = after && indexValue(after[property])
      if (before !== undefined && after !== undefined && was === is) continue
      if (before !== undefined) index.get(was)?.delete(key)
      if (after === undefined) continue
      const keys = index.get(is)
      if (keys === undefined) index.set(is, new Set([key]))
      else keys.add(key)
    }
  }

  /** Brings the order up to date: sorts what is new and merges it in, which is cheap beside sorting all. */
  #settle(): readonly Slot[] {
    if (this.#added.length === 0 && this.#dead * 2 <= this.#sorted.length) return this.#sorted
    const added = this.#added.filter((slot) => slot.entry !== undefined).sort(byOrder)
    const kept = this.#sorted.filter((slot) => slot.entry !== undefined)
    this.#sorted = merge(kept, added)
    this.#added = []
    this.#dead = 0
    return this.#sorted
  }
}

function merge(a: readonly Slot[], b: readonly Slot[]): Slot[] {
  const merged: Slot[] = []
  let left = 0
  for (const slot of b) {
    for (let next = a[left]; next !== undefined && byOrder(next, slot) <= 0; next = a[++left]) merged.push(next)
    merged.push(slot)
  }
  for (; left < a.length; left++) merged.push(a[left] as Slot)
  return merged
}

function placeBehind(sorted: readonly Slot[], order: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as Slot).order <= order) low = middle + 1
    else high = middle
  }
  return low
}
