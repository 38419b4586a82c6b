/**
 * A side whose rows are at hand: answers as the service would, from whole collections, with filters evaluated here.
 * Nothing can be written to it.
 */
import type { EntityRef, Side } from '../config/config.ts'
import { comparable } from '../connector/blank.ts'
import type { Condition, Connector, Glance, Identity, Page, Query, Usage, WriteResult } from '../connector/connector.ts'
import { isWanted } from '../connector/find.ts'
import { sameId } from '../connector/query.ts'
import { evaluateFilter } from '../core/filter-evaluation.ts'
import { parseFilter } from '../core/filter.ts'
import { columnsOf } from '../core/side-filter.ts'
import type { Change, Description, Row, Upsert } from '../core/record.ts'
import type { Collection, Shelf } from './collection.ts'

/** The rows of a shelf behind the port to a side. */
export class ShelvedSide implements Connector {
  readonly side: Side
  readonly #identity: () => Promise<Identity>
  readonly #shelf: Shelf
  readonly #indexes = new WeakMap<Collection, Map<string, ReadonlyMap<string, readonly Upsert[]>>>()

  constructor(side: Side, identity: () => Promise<Identity>, shelf: Shelf) {
    this.side = side
    this.#identity = identity
    this.#shelf = shelf
  }

  identify(): Promise<Identity> {
    return this.#identity()
  }

  describe(entity: EntityRef, wanted: readonly string[] = []): Promise<Description> {
    return this.#shelf.describe(entity, wanted)
  }

  async *changes(query: Query): AsyncGenerator<Page> {
    const { rows, description } = await this.#rows(query, query.order ?? [])
    // What is told by token comes whole: whoever asked filters it.
    const admitted = description.tracked ? rows : rows.filter(this.#admits(query))
    yield { changes: sorted(admitted, query).map(seenBy(query)), whole: true, next: { kind: 'scan' } }
  }

  glance(): Promise<Glance | undefined> {
    return Promise.resolve(undefined)
  }

  async read(query: Query, ids: readonly string[]): Promise<readonly Change[]> {
    const collection = await this.#rows(query, [])
    const byId = this.#index(collection, '', ({ id }) => sameId(id))
    return [...new Set(ids.map(sameId))].map((id) => {
      const row = byId.get(id)?.[0]
      return row === undefined ? { kind: 'tombstone', id } : seenBy(query)(row)
    })
  }

  async find(query: Query, anyOf: readonly Condition[]): Promise<readonly Upsert[]> {
    const compared = [...new Set(anyOf.flatMap(Object.keys))]
    const collection = await this.#rows(query, compared)
    const admits = this.#admits(query)
    const found = new Map<string, Upsert>()
    for (const condition of anyOf)
      for (const row of this.#candidates(collection, condition))
        if (admits(row) && isWanted(row.row, [condition], collection.description)) found.set(row.id, row)
    return [...found.values()].map(seenBy({ ...query, select: [...query.select, ...compared] }))
  }

  async *keys(query: Query): AsyncGenerator<readonly string[]> {
    const { rows } = await this.#rows({ ...query, select: [] }, [])
    yield rows.filter(this.#admits(query)).map(({ id }) => id)
  }

  write(): Promise<readonly WriteResult[]> {
    return Promise.reject(new Error('a snapshot is not written to'))
  }

  usage(): Usage {
    return { requests: 0, writes: 0, bytes: 0 }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #rows({ entity, select, filter, modified }: Query, further: readonly string[]): Promise<Collection> {
    const named = filter === undefined ? [] : columnsOf(parseFilter(filter))
    return this.#shelf.rows({ entity, columns: [...select, ...named, ...further], modified })
  }

  #admits({ filter }: Query): (row: Upsert) => boolean {
    if (filter === undefined) return () => true
    const parsed = parseFilter(filter)
    return ({ row }) => evaluateFilter(parsed, row, this.side)
  }

  /** The rows that may fulfil a condition, by its first column. */
  #candidates(collection: Collection, condition: Condition): readonly Upsert[] {
    const [column] = Object.keys(condition)
    if (column === undefined) return collection.rows
    const keyOf = keyIn(collection.description, column)
    const byValue = this.#index(collection, column, ({ row }) => keyOf(row[column]))
    return byValue.get(keyOf(condition[column])) ?? []
  }

  /** Made when it is first asked for. */
  #index(collection: Collection, name: string, keyOf: (row: Upsert) => string): ReadonlyMap<string, readonly Upsert[]> {
    const known = this.#indexes.get(collection) ?? new Map<string, ReadonlyMap<string, readonly Upsert[]>>()
    this.#indexes.set(collection, known)
    const index = known.get(name) ?? grouped(collection.rows, keyOf)
    known.set(name, index)
    return index
  }
}

/** Values that a service takes for the same have the same key. */
function keyIn({ columns }: Description, column: string): (value: unknown) => string {
  const type = columns[column]?.type
  const isNumber = type === 'integer' || type === 'decimal' || type === 'money'
  return (value) => (isNumber ? String(Number(comparable(value))) : comparable(value))
}

/** The row with the columns that were asked for and no other. */
function seenBy({ select }: Query): (row: Upsert) => Upsert {
  const chosen = (row: Row): Row => Object.fromEntries(select.map((column) => [column, row[column]]))
  return ({ row, ...rest }) => ({ ...rest, row: chosen(row) })
}

function sorted(rows: readonly Upsert[], { order = [] }: Query): readonly Upsert[] {
  if (order.length === 0) return rows
  return rows.toSorted((a, b) => {
    const column = order.find((one) => place(a, one) !== place(b, one))
    return column === undefined ? 0 : place(a, column) < place(b, column) ? -1 : 1
  })
}

function place({ row }: Upsert, column: string): string | number {
  const value = row[column]
  return typeof value === 'number' ? value : comparable(value)
}

function grouped(rows: readonly Upsert[], keyOf: (row: Upsert) => string): ReadonlyMap<string, readonly Upsert[]> {
  const groups = new Map<string, Upsert[]>()
  for (const row of rows) {
    const group = groups.get(keyOf(row))
    if (group === undefined) groups.set(keyOf(row), [row])
    else group.push(row)
  }
  return groups
}
