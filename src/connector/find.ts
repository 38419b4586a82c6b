/**
 * Records that equal given values. Filters are sent in few large requests; because a service may compare otherwise
 * than we do (case, blanks, one column only), every row is compared again here.
 */
import type { Column, Description, Row, Upsert } from '../core/record.ts'
import { encoded } from './address.ts'
import { blanks, comparable } from './blank.ts'
import { childRows, isChild, parentColumn } from './children.ts'
import type { Condition, Query } from './connector.ts'
import { gather } from './gather.ts'
import { fitsInList, inList, literal, orChain, pieces } from './query.ts'
import type { Value } from './query.ts'
import { readOptions, shapeOf } from './reach.ts'
import type { Reach } from './reach.ts'
import { propertyOf, upsertOf } from './rows.ts'
import type { Shape } from './rows.ts'

/** Every row that equals any of the conditions and passes the query's filter. Throws ConnectorError. */
export async function findRecords(reach: Reach, query: Query, anyOf: readonly Condition[]): Promise<readonly Upsert[]> {
  if (anyOf.length === 0) return []
  const child = isChild(reach, query.entity) ? query.entity : undefined
  const pathOnly = child !== undefined && child.parentKey === undefined ? child.parent : undefined
  const columns = [...new Set(anyOf.flatMap(Object.keys))].filter((name) => name !== pathOnly)
  const shape = await shapeOf(reach, query, columns)
  const rows =
    child === undefined
      ? await filtered(reach, query, { shape, anyOf, columns })
      : await childRows(reach, query, { shape, parents: parentsOf(anyOf, parentColumn(child)) })
  const found = new Map<string, Upsert>()
  for (const raw of rows) {
    const upsert = upsertOf(raw, shape)
    if (isWanted(upsert.row, anyOf, shape.description, pathOnly)) found.set(upsert.id, upsert)
  }
  return [...found.values()]
}

/** The parents all conditions name; undefined when one names none, so that all must be looked through. */
function parentsOf(anyOf: readonly Condition[], column: string): readonly string[] | undefined {
  const parents = anyOf.map((condition) => condition[column])
  if (!parents.every((parent) => typeof parent === 'string')) return undefined
  return [...new Set(parents.map((parent) => parent.toLowerCase()))]
}

interface Finding {
  readonly shape: Shape
  readonly anyOf: readonly Condition[]
  readonly columns: readonly string[]
}

async function filtered(reach: Reach, query: Query, finding: Finding): Promise<readonly unknown[]> {
  const address = await reach.address(query.entity)
  const filters =
    reach.dialect.side === 'sales' ? salesFilters(finding) : oneColumnFilters(finding, reach.dialect.keysInFilter)
  const what = finding.shape.what
  const asks = filters.map((filter) => ({ address, options: readOptions(finding.shape, filter, query.filter), what }))
  return (await gather(reach, asks)).flat()
}

/** Characters of an encoded filter in one address: well below the 32,768 that Dataverse accepts. A Chinese one takes nine. */
const longestFilter = 12_000
/** Conditions that Dataverse takes in one filter. */
const mostConditions = 150
/** Values in one In(). */
const mostInList = 300

function salesFilters({ shape, anyOf, columns }: Finding): readonly string[] {
  const [only] = columns
  const column = only === undefined ? undefined : shape.description.columns[only]
  const values = only === undefined ? [] : anyOf.map((condition) => condition[only])
  const listable = values.every(
    (value): value is string => typeof value === 'string' && value !== '' && fitsInList(value),
  )
  if (columns.length === 1 && only !== undefined && listable && column?.type !== 'lookup')
    return pieces([...new Set(values)], mostInList).flatMap((piece) => byLength(piece, (some) => inList(only, some)))
  const terms = [...new Set(anyOf.map((condition) => conjunction(condition, shape)))]
  const kinds = byColumns(anyOf)
  // Of many, those over one column make a list, which takes more of them.
  if (terms.length > mostConditions && kinds.length > 1)
    return kinds.flatMap((some) => salesFilters({ shape, anyOf: some, columns: columnsOf(some) }))
  return pieces(terms, mostConditions).flatMap((piece) =>
    byLength(piece, (some) => some.map((term) => `(${term})`).join(' or ')),
  )
}

/** The conditions, those over the same columns together. */
function byColumns(anyOf: readonly Condition[]): readonly (readonly Condition[])[] {
  const kinds = new Map<string, Condition[]>()
  for (const condition of anyOf) {
    const key = Object.keys(condition).sort().join(',')
    const same = kinds.get(key)
    if (same === undefined) kinds.set(key, [condition])
    else same.push(condition)
  }
  return [...kinds.values()]
}

const columnsOf = (conditions: readonly Condition[]): readonly string[] => [
  ...new Set(conditions.flatMap((condition) => Object.keys(condition))),
]

/** One filter, or several where it would be too long for an address. */
function byLength(values: readonly string[], join: (values: readonly string[]) => string): readonly string[] {
  const text = join(values)
  if (values.length < 2 || encoded(text).length <= longestFilter) return [text]
  const half = Math.ceil(values.length / 2)
  return [...byLength(values.slice(0, half), join), ...byLength(values.slice(half), join)]
}

const conjunction = (condition: Condition, shape: Shape): string =>
  Object.entries(condition)
    .map(([name, value]) => {
      const column = shape.description.columns[name]
      const sent = value === '' ? null : value
      return `${propertyOf('sales', name, column)} eq ${literal(sent, column)}`
    })
    .join(' and ')

/**
 * Business Central takes `or` between values of one column only: the column that tells the conditions apart best. A
 * condition without it would need another chain, so a column that all of them name is chosen; where there is none,
 * each kind of condition is a chain.
 */
function oneColumnFilters({ shape, anyOf, columns }: Finding, size: number): readonly string[] {
  const shared = columns.filter((name) => anyOf.every((condition) => condition[name] !== undefined))
  const [first, ...others] = shared
  if (first === undefined)
    return byColumns(anyOf).flatMap((some) => oneColumnFilters({ shape, anyOf: some, columns: columnsOf(some) }, size))
  const best = others.reduce(
    (best, name) => (worth(name, anyOf, shape) > worth(best, anyOf, shape) ? name : best),
    first,
  )
  const column = shape.description.columns[best]
  const literals = new Set(anyOf.map((condition) => ownLiteral(condition[best] ?? null, column)))
  return pieces([...literals], size).flatMap((piece) => byLength(piece, (some) => orChain(chained(best, column), some)))
}

/** Distinct values, with a preference for columns that compare exactly. */
function worth(name: string, anyOf: readonly Condition[], shape: Shape): number {
  const distinct = new Set(anyOf.map((condition) => comparable(condition[name] ?? null))).size
  return distinct + (shape.description.columns[name]?.type === 'text' ? 0 : 0.5)
}

/** Business Central compares text by case; codes are upper case by themselves. */
const chained = (name: string, column: Column | undefined): string =>
  column?.type === 'text' ? `tolower(${name})` : name

function ownLiteral(value: Value, column: Column | undefined): string {
  if (value === null) return literal(blanks[column?.type ?? 'text'], column)
  if (typeof value === 'string' && column?.type === 'code') return literal(value.trim().toUpperCase(), column)
  if (typeof value === 'string' && column?.type === 'text') return literal(value.toLowerCase(), column)
  return literal(value, column)
}

/** True when the row equals any of the conditions; the column `ignore` is vouched for by where the row was read. */
export function isWanted(
  row: Row,
  anyOf: readonly Condition[],
  description: Pick<Description, 'columns'>,
  ignore?: string,
): boolean {
  const equal = (name: string, value: unknown): boolean => {
    const type = description.columns[name]?.type
    const [ours, theirs] = [comparable(value), comparable(row[name])]
    const numeric = type === 'integer' || type === 'decimal' || type === 'money'
    return ours === theirs || (numeric && Number(ours) === Number(theirs))
  }
  return anyOf.some((condition) =>
    Object.entries(condition).every(([name, value]) => name === ignore || equal(name, value)),
  )
}
