/** Collections: filter, order, pages, lines under their document, expanded children. */

import type { Company } from './business-central-company.ts'
import { dialog } from './business-central-error.ts'
import { textOf } from './business-central-value.ts'
import type { View } from './business-central-schema.ts'
import { fieldPath, inFields, renderer, scopeOf, shows } from './business-central-view.ts'
import { matching, valuesOf } from './query-filter.ts'
import type { Scope } from './query-filter.ts'
import { comparator } from './query.ts'
import type { Order, Query } from './query.ts'
import { QueryError } from './query-syntax.ts'
import type { Filter } from './query-syntax.ts'
import type { Entry, Row, Table } from './table.ts'

/** A field value that all rows of a collection share: their document, item or price list. */
export interface Link {
  readonly field: string
  readonly value: string
}

/** What is asked of a collection. */
export interface Listing {
  readonly company: Company
  readonly view: View
  readonly query: Query
  /** Set for a collection below a row. */
  readonly link?: Link
}

/** Looks up views for expanded properties. */
export type FindView = (set: string) => View | undefined

/** One page of rows. */
export interface Page {
  readonly entries: readonly Entry[]
  /** How many rows the filter matches, where that was asked. */
  readonly count?: number
  /** Id of the last row when there are more. */
  readonly next?: string
}

const noParent: Readonly<Record<string, string>> = {
  contactsInformation: 'You must get to the parent first to get to the contacts information.',
}

/** All rows of a collection in order, or those behind the row `after`. Throws the page's refusal without a parent. */
function rowsOf(listing: Listing, after?: string): Iterable<Entry> {
  const { company, view, query, link } = listing
  const filter = filterOf(view, query, link)
  if (link === undefined) requireParent(view, filter)
  const scope = scopeOf(company, view)
  if (query.orderby !== undefined && query.orderby.length > 0) {
    return behind(sorted(shown(view, matching(tableOf(listing), filter, scope)), query.orderby, view, scope), after)
  }
  const place = after === undefined ? undefined : company.placeOf(view.table, after)
  if (after !== undefined && place === undefined) throw badToken(after)
  return shown(view, matching(tableOf(listing), filter, scope, place))
}

function sorted(entries: Iterable<Entry>, orderby: readonly Order[], view: View, scope: Scope): Entry[] {
  const compare = comparator(
    orderby.map((order) => ({ ...order, path: fieldPath(view, order.path) })),
    scope,
  )
  return [...entries].sort((a, b) => compare(a.row, b.row))
}

function behind(entries: readonly Entry[], after: string | undefined): readonly Entry[] {
  if (after === undefined) return entries
  const last = entries.findIndex((entry) => entry.key === after)
  if (last < 0) throw badToken(after)
  return entries.slice(last + 1)
}

function badToken(token: string): QueryError {
  return new QueryError(`The skip token '${token}' is not valid.`)
}

function* shown(view: View, entries: Iterable<Entry>): Generator<Entry> {
  for (const entry of entries) if (shows(view, entry.row)) yield entry
}

function filterOf(view: View, query: Query, link: Link | undefined): Filter | undefined {
  const asked = query.filter === undefined ? [] : [inFields(view, query.filter)]
  const linked: Filter[] = link === undefined ? [] : [equals(link)]
  const parts = [...linked, ...asked]
  return parts.length > 1 ? { kind: 'and', of: parts } : parts[0]
}

function equals(link: Link): Filter {
  return {
    kind: 'compare',
    op: 'eq',
    left: { kind: 'path', path: [link.field] },
    right: { kind: 'literal', type: 'text', value: link.value },
  }
}

function requireParent(view: View, filter: Filter | undefined): void {
  if (noParent[view.set] !== undefined) throw dialog(noParent[view.set] ?? '')
  if (view.parent === undefined) return
  const named = filter !== undefined && (valuesOf(filter, 'Document Id') ?? valuesOf(filter, 'SystemId'))
  if (!named) throw dialog('You must specify an Id or a Document Id to get the lines.')
}

function tableOf({ company, view }: Listing): Table {
  return company.table(view.table)
}

/** One page of at most `size` rows, behind the row `after`. */
export function pageOf(listing: Listing, size: number, after?: string): Page {
  const { query } = listing
  const limit = query.top ?? Infinity
  const wanted = Math.min(size, limit)
  const skip = after === undefined ? (query.skip ?? 0) : 0
  const entries: Entry[] = []
  let more = false
  let at = 0
  for (const entry of rowsOf(listing, after)) {
    if (at++ < skip) continue
    more = entries.length === wanted
    if (more) break
    entries.push(entry)
  }
  const last = more && wanted < limit ? entries.at(-1) : undefined
  if (last !== undefined) listing.company.rememberPlace(last.key, tableOf(listing).orderOf(last.row))
  return {
    entries,
    ...(query.count && { count: countOf(listing) }),
    ...(last !== undefined && { next: last.key }),
  }
}

/** How many rows a collection has. */
export function countOf(listing: Listing): number {
  let count = 0
  for (const _entry of rowsOf({ ...listing, query: { ...listing.query, orderby: [] } })) count++
  return count
}

/** Makes the JSON of entries: chosen properties and expanded children. */
export function rendering(listing: Listing, findView: FindView): (entry: Entry) => Row {
  const { company, view, query } = listing
  const render = renderer(company, view, query.select)
  const expanded = query.expand.map((inner) => {
    const child = findView(view.children[inner.property] ?? '')
    if (child === undefined) {
      throw new QueryError(`Could not find a property named '${inner.property}' on type 'Microsoft.NAV.${view.name}'.`)
    }
    return { inner, child }
  })
  return (entry) => {
    const row: Record<string, unknown> = { ...render(entry) }
    for (const { inner, child } of expanded) {
      row[inner.property] = childRows({ company, view: child, query: inner }, view, entry, findView)
    }
    return row
  }
}

/** The rendered children of a row. */
export function childRows(listing: Listing, parent: View, entry: Entry, findView: FindView): Row[] {
  if (listing.view.set === 'contactsInformation') return contactsInformation(listing.company, parent, entry)
  const below = { ...listing, link: linkOf(listing.view, entry) }
  return pageOf(below, Infinity).entries.map(rendering(below, findView))
}

/** What ties the rows of a child set to their parent row. */
export function linkOf(child: View, parent: Entry): Link {
  if (child.table === 'Item Variant') return { field: 'Item No.', value: textOf(parent.row['No.']) }
  if (child.table === 'Price List Line') return { field: 'Price List Code', value: textOf(parent.row['Code']) }
  return { field: 'Document Id', value: parent.key }
}

/** The contacts of a customer or vendor: those of its company contact. Made on request, never stored. */
function contactsInformation(company: Company, parent: View, entry: Entry): Row[] {
  const contacts = company.table('Contact')
  const [head] = contacts.lookup(`${parent.table} No.`, [entry.row['No.']])
  if (head === undefined) return []
  const persons = contacts.lookup('Company No.', [head.row['No.']]).filter(({ key }) => key !== head.key)
  return [head, ...persons].map(({ key, row }) => ({
    contactId: key,
    contactNumber: row['No.'] ?? '',
    contactName: row['Name'] ?? '',
    contactType: row['Type'] ?? 'Company',
    relatedId: entry.key,
    relatedType: parent.table,
  }))
}
