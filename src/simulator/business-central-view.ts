/** A record through a view: one underlying row, shown by an API entity and by pages in different words. */

import { VERSION } from './business-central-company.ts'
import type { Company } from './business-central-company.ts'
import { Refused } from './business-central-error.ts'
import { blankOf } from './business-central-schema.ts'
import type { Property, View } from './business-central-schema.ts'
import { sameKey, textOf } from './business-central-value.ts'
import type { Filter, Operand } from './query-syntax.ts'
import { QueryError } from './query-syntax.ts'
import type { Scope } from './query-filter.ts'
import type { Entry, Row } from './table.ts'

/** Reads one property of a row. */
type Read = (row: Row) => unknown

/** How a property of a view is read in a company. */
function reader(company: Company, property: Property): Read {
  const { field, relation } = property
  const blank = blankOf(property)
  if (field === undefined) return () => blank
  if (field === 'Last Date Modified') return (row) => textOf(row['SystemModifiedAt']).slice(0, 10) || blank
  if (property.as === undefined) return (row) => row[field] ?? blank
  switch (property.as) {
    case 'id':
      return remembering((code) => idOf(company, relation ?? '', code) ?? blank, field)
    case 'localCurrency': {
      const local = company.localCurrency
      return (row) => row[field] || local
    }
    case 'contactCustomerId':
      return (row) => customerOf(company, row)?.key ?? blank
    case 'contactCustomerName':
      return (row) => customerOf(company, row)?.row['Name'] ?? ''
    case 'orderStatus':
      return (row) => orderStatus[textOf(row[field])] ?? 'Draft'
  }
}

/** A page of rows asks for the same few codes again and again. */
function remembering(find: (code: unknown) => unknown, field: string): Read {
  const known = new Map<unknown, unknown>()
  return (row) => {
    const code = row[field]
    if (!known.has(code)) known.set(code, find(code))
    return known.get(code)
  }
}

/** A sales header is open until it is released; the API calls these Draft and Open. */
const orderStatus: Readonly<Record<string, string>> = {
  Open: 'Draft',
  Pending_x0020_Approval: 'In_x0020_Review',
  Released: 'Open',
}

/** The id of the row of `table` with that code; undefined for a blank or unknown one. */
function idOf(company: Company, table: string, code: unknown): string | undefined {
  return code === undefined || code === '' ? undefined : company.find(table, code)?.key
}

/** The customer behind a contact: by its own relation, or by that of its company. */
function customerOf(company: Company, contact: Row): Entry | undefined {
  const head = contact['Customer No.'] ? contact : company.find('Contact', contact['Company No.'])?.row
  const number = head?.['Customer No.']
  return number === undefined || number === '' ? undefined : company.find('Customer', number)
}

/** The etag: moves with every write of the row, through whatever view; calculated fields leave it. */
export function etagOf(entry: Entry): string {
  return `W/"${Buffer.from(`'19;${entry.key.slice(0, 8)}${textOf(entry.row[VERSION] ?? entry.version)};1;00;'`).toString('base64')}"`
}

/** Renders rows of a view as the service answers them; `select` keeps the named properties only. */
export function renderer(company: Company, view: View, select?: readonly string[]): (entry: Entry) => Row {
  const chosen = select === undefined ? [...view.properties.values()] : select.map((name) => propertyOf(view, name))
  const fill = filler(company, chosen)
  return (entry) => fill({ '@odata.etag': etagOf(entry) }, entry)
}

/** Renders the properties of a view alone, without the etag. */
export function plainRenderer(company: Company, view: View): (entry: Entry) => Row {
  const fill = filler(company, [...view.properties.values()])
  return (entry) => fill({}, entry)
}

function filler(company: Company, properties: readonly Property[]): (into: Record<string, unknown>, of: Entry) => Row {
  const reads = properties.map((property) => [property.name, reader(company, property)] as const)
  return (into, { row }) => {
    for (const [name, read] of reads) into[name] = read(row)
    return into
  }
}

/** A property by name. Throws the query's refusal when there is none. */
function propertyOf(view: View, name: string): Property {
  const property = view.properties.get(name)
  if (property === undefined) {
    throw new QueryError(`Could not find a property named '${name}' on type 'Microsoft.NAV.${view.name}'.`)
  }
  return property
}

/** What queries need to know of a view. Paths are those that `inFields` leaves. */
export function scopeOf(company: Company, view: View): Scope {
  const byField = new Map([...view.properties.values()].map((property) => [pathOf(property), property]))
  const property = (path: readonly string[]) => {
    const found = byField.get(path.join('/'))
    if (found === undefined) throw new QueryError(`Could not find a property named '${path.join('/')}'.`)
    return found
  }
  return {
    read: (path) => reader(company, property(path)),
    type: (path) => edmType(property(path)),
    ignoreCase: (path) => property(path).code ?? false,
    wildcards: false,
  }
}

/** The Edm type of a property; enumerations compare as texts. */
function edmType(property: Property): string {
  return property.type === 'Enum' || property.type === 'Option' ? 'Edm.String' : `Edm.${property.type}`
}

/** A stored property goes by its table field, so that filters find the table's indexes; a computed one by `#name`. */
function pathOf(property: Property): string {
  return property.field === undefined || property.as !== undefined ? `#${property.name}` : property.field
}

/** The path of a view's property in the words that `scopeOf` reads. */
export function fieldPath(view: View, path: readonly string[]): readonly string[] {
  return [pathOf(propertyOf(view, path.join('/')))]
}

/** A filter over a view's properties as one over table fields. Throws `QueryError` for unknown properties. */
export function inFields(view: View, filter: Filter): Filter {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { kind: filter.kind, of: filter.of.map((part) => inFields(view, part)) }
    case 'not':
      return { kind: 'not', of: inFields(view, filter.of) }
    case 'compare':
      return { ...filter, left: operandInFields(view, filter.left), right: operandInFields(view, filter.right) }
    case 'text':
      return { ...filter, in: operandInFields(view, filter.in), what: operandInFields(view, filter.what) }
    case 'in':
      return { ...filter, path: fieldPath(view, filter.path) }
  }
}

function operandInFields(view: View, operand: Operand): Operand {
  switch (operand.kind) {
    case 'literal':
      return operand
    case 'path':
      return { kind: 'path', path: fieldPath(view, operand.path) }
    case 'call':
      return { ...operand, of: operand.of.map((part) => operandInFields(view, part)) }
  }
}

/** Whether a view shows a row. */
export function shows(view: View, row: Row): boolean {
  return Object.entries(view.where).every(([field, value]) => row[field] === value)
}

/** The row that an address key names. Throws when the key does not fit the view. */
export function findByKey(company: Company, view: View, key: ReadonlyMap<string, string>): Entry | undefined {
  const table = company.table(view.table)
  if (view.surface === 'api') {
    const entry = table.get(key.get('') ?? key.get('id') ?? '')
    return entry !== undefined && shows(view, entry.row) ? entry : undefined
  }
  const wanted = view.key.map((name) => ({
    field: propertyOf(view, name).field ?? name,
    value: keyValue(view, key, name),
  }))
  const first = wanted.find(({ field }) => table.indexed(field))
  const found = first === undefined ? table.entries() : table.lookup(first.field, [first.value])
  for (const entry of found) {
    const fits = wanted.every(({ field, value }) => sameKey(entry.row[field], value))
    if (fits && shows(view, entry.row)) return entry
  }
  return undefined
}

function keyValue(view: View, key: ReadonlyMap<string, string>, name: string): string {
  const value = key.get(name) ?? (view.key.length === 1 ? key.get('') : undefined)
  if (value === undefined) throw new Refused('BadRequest', `The key of '${view.set}' needs a value for '${name}'.`)
  return value
}
