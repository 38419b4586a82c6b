/** Mappings made ready to run from a few words, with rows, couplings and services to write to: for tests of decisions. */
import type { BySide, Field, Mapping, Side, Source, ValueType } from '../../src/config/config.ts'
import { type Base, noBase, withPrints } from '../../src/core/base.ts'
import type { Lookups, RecordQuery } from '../../src/core/carry.ts'
import { type Decided, type FieldWrite, type PairFacts, decidePair } from '../../src/core/decide.ts'
import { decideCreate } from '../../src/core/decide-create.ts'
import type { Bindings } from '../../src/core/expression.ts'
import { fingerprinter } from '../../src/core/fingerprint.ts'
import { type CompiledMapping, type SideDescriptions, compileMapping } from '../../src/core/mapping.ts'
import type { Deciding } from '../../src/core/offer.ts'
import { firstFree } from '../../src/core/number-pattern.ts'
import type { Cell, Column, Description, Loaded, Row } from '../../src/core/record.ts'
import { mapping, row, source } from '../engine/project.ts'

/** A mapping in short. */
export interface Sketch {
  /** Columns of each side: `displayName text(100), creditLimit money.2, card.Fax text(30)`; `card` is a further page. */
  readonly businessCentral: string
  readonly sales: string
  readonly fields: Readonly<Record<string, Partial<Field>>>
  readonly mapping?: Partial<Omit<Mapping, Side | 'fields'>>
  readonly sources?: Partial<BySide<Partial<Source>>>
  readonly timeZone?: string
}

/** The mapping of a sketch, resolved: `customers` and `accounts`, a `with` page for each page named in the columns. */
export function sketched(sketch: Sketch): Mapping {
  const sourceOf = (side: Side, entity: string): Source =>
    source(side, entity, {
      with: Object.keys(described(sketch[side]).pages).map((name) => ({
        name,
        entity: { kind: 'standard', entity: name },
        on: { id: 'id' },
        optional: true,
      })),
      ...sketch.sources?.[side],
    })
  return mapping({
    name: 'sketch',
    ...sketch.mapping,
    businessCentral: sourceOf('businessCentral', 'customers'),
    sales: sourceOf('sales', 'accounts'),
    fields: Object.entries(sketch.fields).map(([name, given]) => row(name, given)),
  })
}

/** The mapping of a sketch, compiled against the columns that it names. */
export function compiled(sketch: Sketch): CompiledMapping {
  const descriptions = { businessCentral: described(sketch.businessCentral), sales: described(sketch.sales) }
  return compileMapping(sketched(sketch), descriptions, sketch.timeZone ?? 'UTC')
}

/** The description of a side from its columns in short. */
export function described(columns: string): SideDescriptions {
  const main: Record<string, Column> = {}
  const pages: Record<string, Record<string, Column>> = {}
  for (const text of columns.split(',')) {
    const parts = /^\s*(?:(\w+)\.)?(\w+) ([a-zA-Z]+)(?:\((\d+)\)|\.(\d+))?\s*$/.exec(text)
    if (parts === null) throw new Error(`not a column: ${text}`)
    const [, page, name = '', type, maxLength, precision] = parts
    const target = page === undefined ? main : (pages[page] ??= {})
    target[name] = {
      type: type as ValueType,
      ...(maxLength === undefined ? {} : { maxLength: Number(maxLength) }),
      ...(precision === undefined ? {} : { precision: Number(precision) }),
    }
  }
  const ofPages = Object.entries(pages).map(([name, each]) => [name, description(each)] as const)
  return { main: description(main), pages: Object.fromEntries(ofPages) }
}

const description = (columns: Readonly<Record<string, Column>>): Description => ({
  key: ['id'],
  clientKeys: true,
  modified: undefined,
  tracked: false,
  preconditions: true,
  columns,
})

/** Couplings of other mappings, and records that queries find. */
export interface Links {
  /** Mapping → pairs: the record of Business Central with its natural keys, and the id in Sales. */
  readonly couplings?: Readonly<
    Record<string, readonly (Readonly<Record<string, string>> & { readonly id: string; readonly sales: string })[]>
  >
  /** Mappings that run later. */
  readonly later?: readonly string[]
  /** Numbers that are taken; not looked for yet where it is missing. */
  readonly taken?: readonly string[]
  /** Entity → its records; a question about an entity that is not here was not asked yet. */
  readonly records?: Readonly<Record<string, readonly (Row & { readonly id: string })[]>>
}

const fits = (given: Row, wanted: Row): boolean => Object.entries(wanted).every(([key, value]) => given[key] === value)

export function lookupsOf(links: Links): Lookups {
  const pairs = (name: string) => links.couplings?.[name] ?? []
  return {
    partner: (name, from, id) =>
      from === 'sales'
        ? pairs(name).find(({ sales }) => sales === id)?.id
        : pairs(name).find((pair) => pair.id === id)?.sales,
    partnerByKeys: (name, from, keys) =>
      from === 'sales' ? undefined : pairs(name).find((pair) => fits(pair, keys))?.sales,
    keyOf: (name, on, otherId, key) =>
      on === 'sales' ? undefined : pairs(name).find(({ sales }) => sales === otherId)?.[key],
    entityOf: (name, side) => `${name} of ${side}`,
    runsLater: (name) => links.later?.includes(name) === true,
    query: ({ entity, where }: RecordQuery) => {
      const records = links.records?.[entity]
      return records === undefined ? 'ask' : (records.find((record) => fits(record, where)) ?? 'none')
    },
    number: (query) =>
      links.taken === undefined ? 'ask' : firstFree(query, (number) => links.taken?.includes(number) === true),
  }
}

/** All that decisions of a sketch share. */
export const decidingOf = (sketch: Sketch, links: Links = {}, bindings: Bindings = {}): Deciding => ({
  compiled: compiled(sketch),
  fingerprint: fingerprinter('key'),
  lookups: lookupsOf(links),
  bindings,
})

export const loaded = (given: Row, modified?: string): Loaded => ({
  kind: 'upsert',
  id: 'id',
  etag: 'etag',
  modified,
  row: given,
})

/** Decides a pair that is known, in step where nothing else is said, with everything allowed. */
export const decide = (deciding: Deciding, rows: BySide<Row>, facts: Partial<PairFacts> = {}): Promise<Decided> =>
  decidePair(deciding, {
    rows: { businessCentral: loaded(rows.businessCentral), sales: loaded(rows.sales) },
    base: noBase,
    meeting: 'known',
    paused: false,
    decision: undefined,
    missingPages: new Set(),
    writable: { businessCentral: true, sales: true },
    deferLater: false,
    ...facts,
  })

/** Decides a new record on `to`. */
export const decideNew = (
  deciding: Deciding,
  to: Side,
  from: Row,
  options: { readonly missingPages?: ReadonlySet<string>; readonly deferLater?: boolean } = {},
): Promise<Decided> =>
  decideCreate(deciding, to, loaded(from), { missingPages: new Set(), deferLater: false, ...options })

/** The base of rows that agreed: what the records said then. */
export async function baseOf(deciding: Deciding, rows: BySide<Row>): Promise<Base> {
  const decided = await decide(deciding, rows)
  return baseAfter(noBase, decided)
}

/** The base once everything that was decided is written. */
export const baseAfter = (base: Base, { agreed, writes }: Decided): Base =>
  withPrints(withPrints(base, agreed), new Map(writes.map(({ field, prints }) => [field.rowId, prints])))

/** What is written, as `side.column` or `side.page.column` → cell. */
export const written = ({ writes }: Pick<Decided, 'writes'>): Readonly<Record<string, Cell>> =>
  Object.fromEntries(writes.map((write) => [[write.to, ...pathOf(write)].join('.'), write.cell]))

const pathOf = ({ field, to }: FieldWrite): readonly string[] => {
  const place = field.place[to]
  return place === undefined ? [] : place.page === undefined ? [place.column] : [place.page, place.column]
}

/** What a service makes of a value that it is sent. */
export type Stores = (side: Side, column: string, value: unknown) => unknown

/** The rows of both sides after the writes, as the services store them: references as bare ids, BC without null. */
export function applied(
  rows: BySide<Row>,
  decided: Decided,
  stores: Stores = (_side, _column, value) => value,
): BySide<Row> {
  const after: Record<Side, Record<string, unknown>> = {
    businessCentral: { ...rows.businessCentral },
    sales: { ...rows.sales },
  }
  for (const write of decided.writes) {
    const place = write.field.place[write.to]
    if (place === undefined) continue
    const bare = typeof write.cell === 'object' && write.cell !== null ? write.cell.id : write.cell
    const value = stores(
      write.to,
      place.column,
      write.to === 'businessCentral' ? (bare ?? blankIn(place.info?.type)) : bare,
    )
    const target = after[write.to]
    if (place.page === undefined) target[place.column] = value
    else target[place.page] = { ...(target[place.page] as Row | undefined), [place.column]: value }
  }
  return after
}

/** Business Central has no null. */
function blankIn(type: ValueType | undefined): string | number | boolean {
  if (type === 'boolean') return false
  if (type === 'guid' || type === 'lookup') return '00000000-0000-0000-0000-000000000000'
  return type === 'integer' || type === 'decimal' || type === 'money' ? 0 : ''
}

export interface World {
  readonly rows: BySide<Row>
  readonly base: Base
}

/** Decides and writes, again and again, until a round writes nothing or `most` rounds are done. */
export async function settled(
  deciding: Deciding,
  world: World,
  given: { readonly most: number; readonly stores?: Stores },
): Promise<World & { readonly rounds: number; readonly decided: Decided }> {
  let { rows, base } = world
  for (let rounds = 1; ; rounds++) {
    const decided = await decide(deciding, rows, { base })
    rows = applied(rows, decided, given.stores)
    base = baseAfter(base, decided)
    if (decided.writes.length === 0 || rounds === given.most) return { rows, base, rounds, decided }
  }
}
