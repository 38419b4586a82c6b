/**
 * Carrying a value to the other side: what a side says in a field, and what that is in the target's words: cut to its
 * length, exchanged through couplings, blank as the row wants it. Pure: couplings are read through `Lookups`.
 */
import { type CouplingLookup, type Field, type Lookup, type Side, type ValueType, otherSide } from '../config/config.ts'
import { type Bindings, type ExpressionError, orFailure } from './expression.ts'
import { keepMark } from './expression-functions.ts'
import { startOfDay, utcText } from './instant.ts'
import { ownValue } from './lookup-columns.ts'
import { type CompiledField, splitPath } from './mapping.ts'
import type { FreeNumber, NumberQuery } from './number-pattern.ts'
import type { Cell, Column, Row } from './record.ts'
import { seenBy } from './seen-row.ts'
import { type Canonical, type Norm, canonical, cut, roundText } from './values.ts'

/** Reads of the couplings of all mappings. */
export interface Lookups {
  /** The id on the other side of the record with this id on side `from`. */
  partner(mapping: string, from: Side, id: string): string | undefined
  /** The id on the other side of the record with these natural keys on side `from`. */
  partnerByKeys(mapping: string, from: Side, keys: Readonly<Record<string, string>>): string | undefined
  /** A natural key, on side `on`, of the record whose id on the other side is given. */
  keyOf(mapping: string, on: Side, otherId: string, key: string): string | undefined
  /** The entity set that holds the records of a mapping on that side. */
  entityOf(mapping: string, side: Side): string
  /** True for a mapping that runs after the present one: its couplings may come later in this run. */
  runsLater(mapping: string): boolean
  /** The one record of `side` that fits; 'none', or 'ask' when it was not looked for yet. */
  query(query: RecordQuery): { readonly id: string } | 'none' | 'ask'
  /** The first free number; 'none' where all are taken, or 'ask' when it was not looked for yet. */
  number(query: NumberQuery): FreeNumber | 'none' | 'ask'
}

/** A question for the one record of a collection whose columns hold these values. */
export interface RecordQuery {
  readonly side: Side
  readonly entity: string
  readonly where: Readonly<Record<string, string | number | boolean | null>>
  /** A column of it whose value is wanted instead of its key. */
  readonly take?: string
}

/** Natural keys of a record of Business Central, by column. */
export type NaturalKeys = Readonly<Record<string, string>>

export type Carried =
  | { readonly kind: 'value'; readonly cell: Cell; readonly canonical: Canonical }
  /** Nothing is written for this row this time. */
  | { readonly kind: 'keep' }
  | {
      readonly kind: 'uncoupled'
      readonly mapping: string
      readonly key: string
      readonly keys?: NaturalKeys
      /** What a query asked for in vain: columns, and the constants that they were to hold. */
      readonly asked?: string
    }
  | { readonly kind: 'ask'; readonly query: RecordQuery }

/** The value in a row at `column` or `page.column`. */
export function valueAt(row: Row, place: { readonly page: string | undefined; readonly column: string }): unknown {
  if (place.page === undefined) return row[place.column]
  const page = row[place.page]
  return typeof page === 'object' && page !== null ? (page as Row)[place.column] : undefined
}

/** What `side` says in this field: its column, its expression or the constant; before any exchange. May be a promise (expressions). */
export function said(compiled: CompiledField, side: Side, row: Row, bindings: Bindings): unknown {
  const expression = compiled.compute[side]
  if (expression !== undefined)
    return naming(compiled.field.name, () => expression.evaluate(seenBy(expression, row), bindings))
  if (compiled.field.value !== undefined) return compiled.field.value
  const place = compiled.place[side]
  return place === undefined ? undefined : valueAt(row, place)
}

/** The same as a promise, or the ExpressionError with which it failed: the row's failure is its own (P5). */
export const saidOrFailure = (...what: Parameters<typeof said>): Promise<unknown> =>
  orFailure((async () => said(...what))())

/** What `evaluate` gives; its ExpressionError tells the field row. */
function naming(row: string, evaluate: () => unknown): unknown {
  const named = (error: unknown): never => {
    throw (error as ExpressionError).inRow(row)
  }
  try {
    const value = evaluate()
    return value instanceof Promise ? value.catch(named) : value
  } catch (error) {
    return named(error)
  }
}

/** All that a carried value depends on. */
export interface Carriage {
  readonly field: CompiledField
  readonly from: Side
  /** What the source says, as it stands. */
  readonly said: unknown
  readonly row: Row
  readonly lookups: Lookups
  /** Translated values of this record's other rows, by row name; for lookups by query. */
  readonly translated: ReadonlyMap<string, Canonical>
}

/** What is to stand on the other side. */
export function carry(carriage: Carriage): Carried {
  const { field, from } = carriage
  if (carriage.said === keepMark) return { kind: 'keep' }
  const speaks = canonical(carriage.said, field.saidNorm[from])
  const asksOnly = field.field.lookup?.kind === 'query'
  const standsFor = blankStandsFor(field.field, from)
  if (speaks === null && standsFor !== undefined && field.field.lookup !== undefined) {
    return exchange(field.field.lookup, carriage, standsFor)
  }
  if (speaks === null && !asksOnly) return blankCell(field, otherSide(from))
  if (field.field.lookup === undefined) return plainCell(field, otherSide(from), carriage.said)
  return exchange(field.field.lookup, carriage, speaks ?? '')
}

/** F-10: a blank reference of Business Central can stand for a key, as a blank currency stands for the local one. */
export const blankStandsFor = (field: Field, from: Side): string | undefined =>
  from === 'businessCentral' && field.lookup?.kind === 'coupling' ? field.lookup.blankIs : undefined

function blankCell(compiled: CompiledField, to: Side): Carried {
  const { field } = compiled
  if (field.blank === 'keep') return { kind: 'keep' }
  if (field.blank === 'default') return plainCell(compiled, to, field.blankDefault)
  return { kind: 'value', cell: null, canonical: blankOf(compiled, to) }
}

/** Business Central cannot hold nothing in a number or a yes/no. */
function blankOf(compiled: CompiledField, to: Side): Canonical {
  if (to === 'sales') return null
  const type = compiled.norm[to].type
  if (type === 'boolean') return 'false'
  return type === 'integer' || type === 'decimal' || type === 'money' ? '0' : null
}

function plainCell(compiled: CompiledField, to: Side, value: unknown): Carried {
  const norm = compiled.norm[to]
  const comparable = canonical(value, norm)
  return comparable === null
    ? { kind: 'value', cell: null, canonical: blankOf(compiled, to) }
    : { kind: 'value', cell: cellOf(value, comparable, norm, compiled.place[to]?.info), canonical: comparable }
}

/**
 * The value as it is written: in the target column's form, cut to its own length (F-02: too long is cut, no error). A
 * text column takes the text of anything, and a column of moments the moment at which a day begins.
 */
function cellOf(value: unknown, comparable: string, norm: Norm, column: Column | undefined): Cell {
  const maxLength = column?.maxLength ?? norm.maxLength
  if (column?.type === 'text' && norm.type !== 'text') return cut(comparable, maxLength)
  if (column?.type === 'dateTime' && norm.type === 'date') return startOfDayText(comparable, norm.timeZone)
  return cellByType[norm.type](value, comparable, maxLength)
}

function startOfDayText(date: string, timeZone = 'UTC'): string {
  const start = startOfDay(date, timeZone)
  return start === undefined ? date : utcText(start)
}

type CellOf = (value: unknown, comparable: string, maxLength: number | undefined) => Cell
const asCompared: CellOf = (_, comparable) => comparable
/** A decimal that no number holds stays a text: the connector tells that it cannot be sent. */
const asNumber: CellOf = (_, comparable) => {
  const number = Number(comparable)
  return Number.isFinite(number) && roundText(number, 40) === comparable ? number : comparable
}
const cellByType: Readonly<Record<ValueType, CellOf>> = {
  text: (value, comparable, maxLength) => cut(typeof value === 'string' ? value : comparable, maxLength),
  code: asCompared,
  guid: asCompared,
  lookup: asCompared,
  integer: asNumber,
  decimal: asNumber,
  money: asNumber,
  boolean: (_, comparable) => comparable === 'true',
  date: asCompared,
  dateTime: asCompared,
  choice: (value, comparable) => (typeof value === 'number' || typeof value === 'string' ? value : comparable),
}

function exchange(lookup: Lookup, carriage: Carriage, key: string): Carried {
  switch (lookup.kind) {
    case 'coupling':
      return throughCoupling(lookup, carriage, key)
    case 'query':
      return byQuery(lookup, carriage)
    case 'case':
      return byCase(lookup, carriage, key)
  }
}

function throughCoupling(lookup: CouplingLookup, carriage: Carriage, key: string): Carried {
  const { from, lookups } = carriage
  const to = otherSide(from)
  if (from === 'sales') return toNaturalKey(lookup, carriage, key)
  const { mapping } = lookup
  const { id, keys } = partnerIn(lookup, carriage.row, { key, lookups })
  if (id !== undefined) return referenceCell(carriage, lookups.entityOf(mapping, to), id)
  return { kind: 'uncoupled', mapping, key, ...(keys === undefined ? {} : { keys }) }
}

/** The record of Sales that a value of Business Central leads to through couplings, and the keys asked for. */
export function partnerIn(
  { mapping, by }: CouplingLookup,
  row: Row,
  { key, lookups }: { readonly key: string; readonly lookups: Pick<Lookups, 'partner' | 'partnerByKeys'> },
): { readonly id: string | undefined; readonly keys: NaturalKeys | undefined } {
  if (by === 'id') return { id: lookups.partner(mapping, 'businessCentral', key), keys: undefined }
  const keys = keysOf(by, row, key)
  return { id: lookups.partnerByKeys(mapping, 'businessCentral', keys), keys }
}

/** Towards Business Central a reference is an id or a single natural key; parts of a composite key travel by their own rows. */
function toNaturalKey(lookup: CouplingLookup, carriage: Carriage, key: string): Carried {
  const { lookups } = carriage
  const value =
    lookup.by === 'id'
      ? lookups.partner(lookup.mapping, 'sales', key)
      : lookups.keyOf(
          lookup.mapping,
          'businessCentral',
          key,
          typeof lookup.by === 'string' ? lookup.by : lastKey(lookup.by),
        )
  if (value === undefined) return { kind: 'uncoupled', mapping: lookup.mapping, key }
  if (
    lookup.blankIs !== undefined &&
    canonical(value, { type: 'code' }) === canonical(lookup.blankIs, { type: 'code' })
  ) {
    return { kind: 'value', cell: null, canonical: null }
  }
  return { kind: 'value', cell: value, canonical: canonical(value, carriage.field.norm.businessCentral) }
}

const lastKey = (by: Readonly<Record<string, string>>): string => Object.keys(by).at(-1) as string

function keysOf(
  by: string | Readonly<Record<string, string>>,
  row: Row,
  key: string,
): Readonly<Record<string, string>> {
  if (typeof by === 'string') return { [by]: key }
  return Object.fromEntries(
    Object.entries(by).map(([name, column]) => [
      name,
      canonical(column === ownValue ? key : valueAt(row, splitPath(column)), { type: 'code' }) ?? '',
    ]),
  )
}

function byQuery(lookup: Extract<Lookup, { kind: 'query' }>, carriage: Carriage): Carried {
  const where: Record<string, string | number | boolean | null> = {}
  for (const [column, wanted] of Object.entries(lookup.where)) {
    if ('constant' in wanted) {
      where[column] = wanted.constant
      continue
    }
    const { name } = carriage.field.field
    const value =
      wanted.field === name
        ? canonical(carriage.said, carriage.field.saidNorm[carriage.from])
        : carriage.translated.get(wanted.field)
    if (value === undefined || value === null) return { kind: 'keep' }
    where[column] = value
  }
  const { take } = lookup
  const side = otherSide(carriage.from)
  const query: RecordQuery = { side, entity: lookup.find, where, ...(take !== undefined && { take: take.column }) }
  const answer = carriage.lookups.query(query)
  if (answer === 'ask') return { kind: 'ask', query }
  return answer === 'none'
    ? { kind: 'uncoupled', mapping: lookup.find, key: Object.values(where).join(', '), asked: askedFor(lookup) }
    : referenceCell(carriage, take?.of ?? lookup.find, answer.id)
}

/** `number, priceIncludesTax = false`. What the record itself gave is not repeated (P8). */
const askedFor = ({ where }: Extract<Lookup, { kind: 'query' }>): string =>
  Object.entries(where)
    .map(([column, wanted]) => ('constant' in wanted ? `${column} = ${String(wanted.constant)}` : column))
    .join(', ')

function byCase(lookup: Extract<Lookup, { kind: 'case' }>, carriage: Carriage, key: string): Carried {
  const value = canonical(valueAt(carriage.row, splitPath(lookup.column)), { type: 'choice' })
  const chosen = value === null ? undefined : lookup.cases[value]
  if (chosen === null) return plainCell(carriage.field, otherSide(carriage.from), carriage.said)
  return chosen === undefined
    ? { kind: 'uncoupled', mapping: `${lookup.column} ${value ?? 'blank'}`, key }
    : exchange(chosen, carriage, key)
}

/** A reference in the target's words: an option's number for a choice column, otherwise a link to the set. */
function referenceCell(carriage: Carriage, set: string, id: string): Carried {
  const to = otherSide(carriage.from)
  const { type } = carriage.field.norm[to]
  const comparable = canonical(id, carriage.field.norm[to])
  if (to === 'sales' && type === 'lookup') return { kind: 'value', cell: { set, id }, canonical: comparable }
  return { kind: 'value', cell: type === 'choice' || type === 'integer' ? Number(id) : id, canonical: comparable }
}

/** The mappings a row's lookup speaks of. */
export function lookupMappings(field: Field): readonly string[] {
  const collect = (lookup: Lookup | null | undefined): readonly string[] =>
    lookup === undefined || lookup === null || lookup.kind === 'query'
      ? []
      : lookup.kind === 'coupling'
        ? [lookup.mapping]
        : Object.values(lookup.cases).flatMap(collect)
  return collect(field.lookup)
}
