/** One company: its tables in Business Central's own words, found by id or by primary key. */

import { references, tableKeys } from './business-central-schema.ts'
import { sameKey, textOf } from './business-central-value.ts'
import { Table } from './table.ts'
import type { Entry, Row, Stamp } from './table.ts'
import type { World } from './world.ts'

/** How a company is made. */
export interface CompanyOptions {
  readonly id: string
  readonly name: string
  readonly world: World
  /** Primary key fields of tables that an extension brings. @default none */
  readonly ownKeys?: Readonly<Record<string, readonly string[]>> | undefined
}

/** Fields found by a hash besides the id. */
const indexed: Readonly<Record<string, readonly string[]>> = {
  'Sales Line': ['Document Id'],
  'Sales Invoice Line': ['Document Id'],
  'Sales Cr.Memo Line': ['Document Id'],
  Contact: ['No.', 'Company No.', 'Customer No.', 'Vendor No.'],
  'Sales Header': ['No.', 'Sell-to Customer No.'],
  'Sales Invoice Header': ['No.', 'Sell-to Customer No.'],
}

/** The hidden field that the etag is made of: it stands still when only calculated fields change. */
export const VERSION = '#version'

/** Page ends that are remembered. */
const MOST_PLACES = 1000

/** A company's data. */
export class Company {
  readonly id: string
  readonly name: string
  readonly #world: World
  readonly #ownKeys: Readonly<Record<string, readonly string[]>>
  readonly #tables = new Map<string, Table>()
  readonly #lastNumbers = new Map<string, number>()
  readonly #places = new Map<string, string>()
  /** The stamp of the writes in hand: undefined = the clock's, `kept` = the one in the row. */
  #stamp: string | undefined

  constructor(options: CompanyOptions) {
    this.id = options.id
    this.name = options.name
    this.#world = options.world
    this.#ownKeys = options.ownKeys ?? {}
  }

  /** Primary key fields of a table; none = the table has one row. */
  keysOf(table: string): readonly string[] {
    return this.#ownKeys[table] ?? tableKeys[table] ?? []
  }

  /** The table of that name, empty at first. */
  table(name: string): Table {
    const found = this.#tables.get(name)
    if (found !== undefined) return found
    const keys = this.keysOf(name)
    const made = new Table({
      name,
      key: 'SystemId',
      world: this.#world,
      stamp: (stamp, row) => this.#stamped(stamp, row),
      order: (row) => orderText(keys, row),
      indexes: indexed[name] ?? keys.slice(0, 1),
    })
    this.#tables.set(name, made)
    return made
  }

  /** The row with that primary key, its parts in the key's order; codes in any case. */
  find(table: string, ...key: readonly unknown[]): Entry | undefined {
    const fields = this.keysOf(table)
    const rows = this.table(table)
    const first = fields.findIndex((field) => rows.indexed(field))
    const found = first < 0 ? rows.entries() : rows.lookup(fields[first] as string, [key[first]])
    for (const entry of found) {
      if (fields.every((field, at) => sameKey(entry.row[field], key[at]))) return entry
    }
    return undefined
  }

  /** The currency that a blank code means. */
  get localCurrency(): string {
    for (const { row } of this.table('General Ledger Setup').entries()) {
      if (typeof row['LCY Code'] === 'string' && row['LCY Code'] !== '') return row['LCY Code']
    }
    return 'GBP'
  }

  /** Today, as a date. */
  get today(): string {
    return this.#world.now().toISOString().slice(0, 10)
  }

  /** A new row id. */
  newId(): string {
    return this.#world.newId()
  }

  /** The next free number of a table's number series, `letter` and five digits. */
  nextNumber(table: string, letter: string): string {
    const before = this.#lastNumbers.get(table) ?? 0
    let last = before
    let number: string
    do number = letter + String(++last).padStart(5, '0')
    while (this.table(table).lookup('No.', [number]).length > 0)
    this.#lastNumbers.set(table, last)
    this.#world.onUndo(
      () => this.#lastNumbers.set(table, before),
      () => this.#lastNumbers.set(table, last),
    )
    return number
  }

  /**
   * Runs writes whose rows bear this stamp instead of the clock's: an edit that is committed late.
   * With `kept` the rows keep their stamp and etag: loading, and fields that are calculated.
   */
  stampedAt<T>(moment: string | undefined, work: () => T): T {
    const outer = this.#stamp
    this.#stamp = moment
    try {
      return work()
    } finally {
      this.#stamp = outer
    }
  }

  /** Remembers where a page ended, so that its link leads on even when its last row is deleted meanwhile. */
  rememberPlace(id: string, order: string): void {
    const [oldest] = this.#places.keys()
    if (this.#places.size >= MOST_PLACES && oldest !== undefined) this.#places.delete(oldest)
    this.#places.set(id, order)
  }

  /** The place of a row in its table's order, of a deleted one while it is remembered. */
  placeOf(table: string, id: string): string | undefined {
    const entry = this.table(table).get(id)
    return entry === undefined ? this.#places.get(id) : this.table(table).orderOf(entry.row)
  }

  /** Carries a new primary key to every field that holds the old one, as a rename does. */
  carryRename(table: string, from: unknown, to: unknown): void {
    for (const { table: other, field } of references(table)) {
      const holding = this.table(other).find((row) => sameKey(row[field], from))
      for (const entry of holding) this.table(other).update(entry.key, { [field]: to })
    }
  }

  #stamped(stamp: Stamp, row: Row): Row {
    const kept = this.#stamp === 'kept' && row['SystemModifiedAt'] !== undefined
    if (kept && row[VERSION] !== undefined) return row
    if (kept) return { ...row, [VERSION]: stamp.version }
    const now = this.#stamp === undefined || this.#stamp === 'kept' ? stamp.now.toISOString() : this.#stamp
    const stamps = stamp.created ? { SystemCreatedAt: now, SystemModifiedAt: now } : { SystemModifiedAt: now }
    return { ...row, ...stamps, [VERSION]: stamp.version }
  }
}

/** The text that sorts rows by primary key: numbers padded so that 10000 stands before 20000 and 100000. */
function orderText(keys: readonly string[], row: Row): string {
  const parts = keys.map((field) => {
    const value = row[field]
    return typeof value === 'number' ? String(value).padStart(15, '0') : textOf(value).toLowerCase()
  })
  return [...parts, row['SystemId']].join('\u0001')
}
