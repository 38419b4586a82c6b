/** Reading collections and rows: filter, order, pages, expanded navigation. */

import { refused } from './dataverse-error.ts'
import { rowShower, unknown } from './dataverse-format.ts'
import type { Show } from './dataverse-format.ts'
import type { Organization } from './dataverse-organization.ts'
import type { Preferences } from './dataverse-preferences.ts'
import { edmType } from './dataverse-schema.ts'
import type { TableSchema } from './dataverse-schema.ts'
import { comparator } from './query.ts'
import type { Dialect, Expand, Query } from './query.ts'
import { compileFilter, matching } from './query-filter.ts'
import type { Scope } from './query-filter.ts'
import { QueryError } from './query-syntax.ts'
import type { Entry, Row } from './table.ts'

/** How Dataverse reads query options. */
export const dialect: Dialect = {
  offered: new Set([
    '$select',
    '$expand',
    '$orderby',
    '$filter',
    '$apply',
    '$top',
    '$count',
    '$skiptoken',
    '$deltatoken',
    '$id',
  ]),
  refusal: (option) => new QueryError(`The query parameter ${option} is not supported`, '0x80060888'),
  inOperator: false,
  noLambda: 'The operators any and all are not simulated.',
  maxExpand: 15,
}

/** Most rows in one answer. */
const MAX_PAGE = 5000

/** What a collection is read for. */
export interface Reading {
  readonly organization: Organization
  readonly schema: TableSchema
  readonly query: Query
  readonly preferences: Preferences
  /** Rows to choose from; absent = the whole table. */
  readonly among?: readonly Entry[]
}

/** One page of a collection. */
export interface Page {
  readonly rows: Record<string, unknown>[]
  /** Rows in all pages; only when asked for. */
  readonly total: number | undefined
  /** Where the next page goes on; undefined at the end. */
  readonly next: string | undefined
}

/** What filters and orders know about a table's columns. */
export function scopeOf(organization: Organization, schema: TableSchema): Scope {
  const place = (path: readonly string[]) => walk(organization, schema, path)
  return {
    read: (path) => reader(organization, schema, path),
    type: (path) => {
      const { schema: end, property } = place(path)
      return edmType(end.columns[end.properties.get(property) as string] as TableSchema['columns'][string])
    },
    ignoreCase: () => true,
    wildcards: true,
  }
}

/** Reads one page. */
export function readPage(reading: Reading): Page {
  const { organization, schema, query, preferences } = reading
  const size = preferences.pageSize ?? Math.min(query.top ?? MAX_PAGE, MAX_PAGE)
  const cookie = readCookie(query.options.get('$skiptoken'))
  const show = shower(organization, schema, query, preferences)
  const { entries, more } = take(inPlace(reading, cookie, size), size)
  // $top alone ends the reading; beside a page size it is not looked at.
  const ends = preferences.pageSize === undefined && query.top !== undefined && query.top <= MAX_PAGE
  return {
    rows: entries.map(show),
    total: query.count ? countRows(reading) : undefined,
    next: more && !ends ? writeCookie(schema, cookie.page + 1, entries) : undefined,
  }
}

/** The rows from the cookie's place on: behind a key in key order, else behind so many rows. */
function inPlace(reading: Reading, cookie: Cookie, size: number): Iterable<Entry> {
  const { organization, schema, query } = reading
  const scope = scopeOf(organization, schema)
  if (query.orderby === undefined && reading.among === undefined) {
    return matching(organization.table(schema.logical), query.filter, scope, cookie.last)
  }
  return ordered(reading, scope).slice((cookie.page - 1) * size)
}

/** The order that was asked for last: a client that pages through a large one asks for the same again. */
const lastOrdered = new WeakMap<Organization, { readonly key: string; readonly rows: Entry[] }>()

function ordered(reading: Reading, scope: Scope): Entry[] {
  const { organization, schema, query } = reading
  if (reading.among !== undefined) return sorted(reading, scope)
  const { $skiptoken: _place, ...asked } = Object.fromEntries(query.options)
  const key = JSON.stringify([schema.logical, organization.world.version(), asked])
  const last = lastOrdered.get(organization)
  if (last?.key === key) return last.rows
  const rows = sorted(reading, scope)
  lastOrdered.set(organization, { key, rows })
  return rows
}

function take(rows: Iterable<Entry>, size: number): { entries: Entry[]; more: boolean } {
  const entries: Entry[] = []
  for (const entry of rows) {
    if (entries.length === size) return { entries, more: true }
    entries.push(entry)
  }
  return { entries, more: false }
}

/** How many rows a filter leaves. */
export function countRows({ organization, schema, query, among }: Reading): number {
  const scope = scopeOf(organization, schema)
  if (among === undefined && query.filter === undefined) return organization.table(schema.logical).size
  let count = 0
  for (const _entry of rowsOf({ organization, schema, query, ...(among && { among }) }, scope)) count++
  return count
}

/** How rows are shown by the query's $select and $expand. */
export function shower(
  organization: Organization,
  schema: TableSchema,
  query: Pick<Query, 'select' | 'expand'>,
  preferences: Pick<Preferences, 'annotation'>,
): Show {
  const show = rowShower(organization, schema, query.select, preferences)
  if (query.expand.length === 0) return show
  const expanders = query.expand.map((expand) => expander(organization, schema, expand, preferences))
  return (entry) => {
    const shown = show(entry)
    for (const expand of expanders) expand(entry, shown)
    return shown
  }
}

/** The rows of another table that a collection-valued navigation of a row leads to. */
export function relatedRows(organization: Organization, schema: TableSchema, name: string, id: string): Entry[] {
  const [table = '', column = ''] = schema.collections?.[name] ?? []
  return organization.table(table).lookup(`_${column}_value`, [id])
}

type Chosen = Pick<Reading, 'organization' | 'schema' | 'query' | 'among'>

function rowsOf({ organization, schema, query, among }: Chosen, scope: Scope): Iterable<Entry> {
  if (among === undefined) return matching(organization.table(schema.logical), query.filter, scope)
  const test = query.filter === undefined ? () => true : compileFilter(query.filter, scope)
  return among.filter((entry) => test(entry.row))
}

function sorted(reading: Chosen, scope: Scope): Entry[] {
  const rows = [...rowsOf(reading, scope)]
  if (reading.query.orderby === undefined) return rows
  const compare = comparator(reading.query.orderby, scope)
  return rows.sort((a, b) => compare(a.row, b.row))
}

/** Follows a path to the table and property at its end. */
function walk(organization: Organization, schema: TableSchema, path: readonly string[]) {
  let at = schema
  for (const step of path.slice(0, -1)) {
    const target = at.navigations.get(step)?.targets[0]
    if (target === undefined) throw unknown(at, step)
    at = organization.describe(target)
  }
  const property = path.at(-1) ?? ''
  if (!at.properties.has(property)) throw unknown(at, property)
  return { schema: at, property }
}

function reader(organization: Organization, schema: TableSchema, path: readonly string[]): (row: Row) => unknown {
  const { property } = walk(organization, schema, path)
  const steps = path.slice(0, -1)
  if (steps.length === 0) return (row) => row[property]
  return (row) => {
    let [at, current]: [TableSchema, Row] = [schema, row]
    for (const step of steps) {
      const navigation = at.navigations.get(step)
      const target = navigation && organization.target(at, navigation.column, current)
      if (target === undefined || navigation?.targets.includes(target.table) !== true) return null
      ;[at, current] = [organization.describe(target.table), target.entry.row]
    }
    return current[property]
  }
}

type Expander = (entry: Entry, shown: Record<string, unknown>) => void

function expander(
  organization: Organization,
  schema: TableSchema,
  expand: Expand,
  preferences: Pick<Preferences, 'annotation'>,
): Expander {
  const navigation = schema.navigations.get(expand.property)
  if (navigation !== undefined) {
    const shows = new Map(
      navigation.targets.map((table) => [
        table,
        shower(organization, organization.describe(table), expand, preferences),
      ]),
    )
    return (entry, shown) => {
      const target = organization.target(schema, navigation.column, entry.row)
      const show = target && shows.get(target.table)
      shown[expand.property] = target === undefined || show === undefined ? null : reference(show(target.entry), expand)
    }
  }
  const [table] = schema.collections?.[expand.property] ?? []
  if (table === undefined) throw unknown(schema, expand.property)
  return collectionExpander(organization, schema, expand, preferences)
}

function collectionExpander(
  organization: Organization,
  schema: TableSchema,
  expand: Expand,
  preferences: Pick<Preferences, 'annotation'>,
): Expander {
  const [table = ''] = schema.collections?.[expand.property] ?? []
  const child = organization.describe(table)
  const nests = expand.expand.some((inner) => inner.orderby !== undefined || inner.top !== undefined)
  if (nests) throw refused('$orderby and $top are not supported in a nested $expand.', '0x80060888')
  const show = shower(organization, child, expand, preferences)
  const scope = scopeOf(organization, child)
  return (entry, shown) => {
    const among = relatedRows(organization, schema, expand.property, entry.key)
    const rows = sorted({ organization, schema: child, query: expand, among }, scope)
    shown[expand.property] = rows.slice(0, expand.top ?? MAX_PAGE).map(show)
  }
}

function reference(shown: Record<string, unknown>, expand: Expand): Record<string, unknown> {
  return expand.reference ? { '@odata.etag': shown['@odata.etag'] } : shown
}

/** A paging cookie as Dataverse writes it: first and last key of the page, encoded twice. */
function writeCookie(schema: TableSchema, pagenumber: number, page: readonly Entry[]): string {
  const [first, last] = [page[0], page.at(-1)].map((entry) => `{${(entry?.key ?? '').toUpperCase()}}`)
  const inner = `<cookie page="${pagenumber - 1}"><${schema.id} last="${last}" first="${first}" /></cookie>`
  const twice = encodeURIComponent(encodeURIComponent(inner))
  return `<cookie pagenumber="${pagenumber}" pagingcookie="${twice}" istracking="False" />`
}

interface Cookie {
  /** Number of the page to read, from 1. */
  readonly page: number
  /** Last key of the page before. */
  readonly last?: string
}

function readCookie(token: string | undefined): Cookie {
  if (token === undefined) return { page: 1 }
  const match = /pagenumber="(?<page>\d+)" pagingcookie="(?<inner>[^"]*)"/u.exec(token)?.groups
  const inner = decodeURIComponent(decodeURIComponent(match?.['inner'] ?? ''))
  const last = / last="\{(?<last>[^}]*)\}"/u.exec(inner)?.groups?.['last']
  if (match === undefined || last === undefined) throw refused('Malformed XML in the Paging Cookie', '0x80040203')
  return { page: Number(match['page']), last: last.toLowerCase() }
}
