/** The entities of API v2.0 and the pages that can be published, read from `data/simulator`. */

import { readFileSync } from 'node:fs'

/** One property of an entity or page. */
export interface Property {
  readonly name: string
  /** Edm type without `Edm.`; `Enum` has encoded member names, `Option` plain texts. */
  readonly type: string
  /** Most characters of a text. */
  readonly length?: number
  /** A code: trimmed and upper-cased when stored, compared without regard to case. */
  readonly code?: boolean
  readonly readOnly?: boolean
  readonly notBlank?: boolean
  /** Values of an Enum or Option, as they travel; the first is the blank one. */
  readonly values?: readonly string[]
  /** The same in words, where they differ. */
  readonly captions?: readonly string[]
  /** Name of the enumeration type of an Enum. */
  readonly enum?: string
  /** Table field behind it; absent = computed and always blank here. */
  readonly field?: string
  /** Table whose key the field holds. */
  readonly relation?: string
  /** How the field's value is shown: as the SystemId of the related row, with a blank currency as the local one … */
  readonly as?: 'id' | 'localCurrency' | 'contactCustomerId' | 'contactCustomerName' | 'orderStatus'
}

/** What one entity set or published page shows of a table. */
export interface View {
  /** Entity set or service name, as it stands in addresses. */
  readonly set: string
  /** Entity type name. */
  readonly name: string
  readonly surface: 'api' | 'page'
  readonly table: string
  /** Properties of the address key: `id` on the API. */
  readonly key: readonly string[]
  readonly insert: boolean
  readonly modify: boolean
  readonly delete: boolean
  /** Rows shown: those whose fields have these values, which a new row gets too. */
  readonly where: Readonly<Record<string, unknown>>
  /** A document: works on a buffer that does not keep a client's id. */
  readonly document: boolean
  /** Lines: the set of their document and the property that names it. */
  readonly parent?: { readonly set: string; readonly property: string }
  /** Navigation property to the set or service behind it. */
  readonly children: Readonly<Record<string, string>>
  /** Bound actions, without namespace. */
  readonly actions: readonly string[]
  readonly properties: ReadonlyMap<string, Property>
}

interface ViewFile {
  readonly table: string
  readonly name?: string
  readonly key?: readonly string[]
  readonly insert: boolean
  readonly modify: boolean
  readonly delete: boolean
  readonly where?: Readonly<Record<string, unknown>>
  readonly document?: boolean
  readonly parent?: { readonly set: string; readonly property: string }
  readonly children?: Readonly<Record<string, string>>
  readonly actions?: readonly string[]
  readonly properties: readonly Property[]
}

interface SchemaFile {
  readonly tables: Readonly<Record<string, readonly string[]>>
  readonly entities: Readonly<Record<string, ViewFile>>
  readonly pages: Readonly<Record<string, ViewFile>>
}

const address = new URL('../../data/simulator/business-central-schema.json', import.meta.url)
const file = JSON.parse(readFileSync(address, 'utf8')) as SchemaFile

function viewOf(set: string, from: ViewFile, surface: View['surface']): View {
  return {
    ...from,
    set,
    surface,
    name: from.name ?? set,
    key: surface === 'api' ? [set === 'contactsInformation' ? 'contactId' : 'id'] : (from.key ?? []),
    where: from.where ?? {},
    document: from.document ?? false,
    children: from.children ?? {},
    actions: from.actions ?? [],
    properties: new Map(from.properties.map((property) => [property.name, property])),
  }
}

function views(of: Readonly<Record<string, ViewFile>>, surface: View['surface']): ReadonlyMap<string, View> {
  return new Map(Object.entries(of).map(([set, from]) => [set, viewOf(set, from, surface)]))
}

/** Entity sets of API v2.0 by name. */
export const entities = views(file.entities, 'api')

/** Pages that can be published as web services, by the service name that Business Central suggests. */
export const pages = views(file.pages, 'page')

interface CustomPageFile extends Partial<ViewFile> {
  /** The entity that the page extends. */
  readonly shows?: string
}

const customFile = JSON.parse(
  readFileSync(new URL('../../data/simulator/custom-pages.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, CustomPageFile>>

/** Pages that an administrator's own extension can publish under a custom API route, by name. */
export const customPages: ReadonlyMap<string, View> = new Map(
  Object.entries(customFile).map(([name, page]) => [name, customView(name, page)]),
)

/** A page that shows an entity keeps the client's id: it stands on the table itself, not on a buffer. */
function customView(name: string, page: CustomPageFile): View {
  const shown = page.shows === undefined ? undefined : entities.get(page.shows)
  if (shown === undefined) return viewOf(name, page as ViewFile, 'api')
  const own = (page.properties ?? []).map((property) => [property.name, property] as const)
  return { ...shown, document: false, actions: page.actions ?? [], properties: new Map([...shown.properties, ...own]) }
}

/** Primary key fields of each table; none = the table has one row. */
export const tableKeys: Readonly<Record<string, readonly string[]>> = file.tables

/** A field that holds the key of another table. */
export interface Reference {
  readonly table: string
  readonly field: string
}

/** The fields that hold keys of `table`: what a rename has to carry along. */
export function references(table: string): readonly Reference[] {
  const found = new Map<string, Reference>()
  for (const view of [...entities.values(), ...pages.values()]) {
    for (const property of view.properties.values()) {
      if (property.relation !== table || property.field === undefined) continue
      found.set(`${view.table}|${property.field}`, { table: view.table, field: property.field })
    }
  }
  return [...found.values()]
}

/** The blank id. */
export const zeros = '00000000-0000-0000-0000-000000000000'

/** Blank values by type; texts and everything else are empty. */
const blanks: Readonly<Record<string, unknown>> = {
  Guid: zeros,
  Date: '0001-01-01',
  DateTimeOffset: '0001-01-01T00:00:00Z',
  Decimal: 0,
  Double: 0,
  Int32: 0,
  Int64: 0,
  Boolean: false,
}

/** What Business Central shows where nothing is stored; it has no null. */
export function blankOf(property: Property): unknown {
  return blanks[property.type] ?? property.values?.[0] ?? ''
}
