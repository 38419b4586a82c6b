/** The tables of the simulated organisation, read from `data/simulator/dataverse-schema.json`. */

import { readFileSync } from 'node:fs'

import { platformTables } from './dataverse-platform-tables.ts'

/** Dataverse's column types. */
export type ColumnType =
  | 'BigInt'
  | 'Boolean'
  | 'Customer'
  | 'DateTime'
  | 'Decimal'
  | 'Double'
  | 'EntityName'
  | 'Integer'
  | 'Lookup'
  | 'Memo'
  | 'Money'
  | 'Owner'
  | 'Picklist'
  | 'State'
  | 'Status'
  | 'String'
  | 'Uniqueidentifier'

/** One column. */
export interface Column {
  readonly type: ColumnType
  readonly schema?: string
  /** `c` = may be given at create, `u` = at update. @default 'cu' */
  readonly access?: string
  /** Longest text. */
  readonly max?: number
  /** Decimal places kept. @default 2 for decimals, the currency's for money */
  readonly precision?: number
  readonly required?: 'SystemRequired' | 'ApplicationRequired' | 'Recommended'
  readonly dateOnly?: boolean
  /** Option values and labels; grows by InsertOptionValue. Absent = any whole number. */
  options?: Record<string, string>
  /** Navigation property to the tables it leads to. */
  readonly to?: Readonly<Record<string, readonly string[]>>
}

/** One table as the file (or a test) describes it. */
export interface TableDefinition {
  /** Entity set name. */
  readonly set: string
  /** Primary id column. */
  readonly id: string
  /** Primary name column. */
  readonly name: string
  readonly ownership?: string
  readonly columns: Readonly<Record<string, Column>>
  /** State value to its status values, the default one first. */
  readonly states?: Readonly<Record<string, readonly number[]>>
  /** Collection-valued navigation: name to the other table and its lookup column. */
  readonly collections?: Readonly<Record<string, readonly [table: string, column: string]>>
}

/** A navigation property. */
export interface Navigation {
  readonly column: string
  readonly targets: readonly string[]
}

/** One table, ready for use. */
export interface TableSchema extends TableDefinition {
  readonly logical: string
  /** Property name on the wire to its column: `_ownerid_value` to `ownerid`. In the order of the file. */
  readonly properties: ReadonlyMap<string, string>
  readonly navigations: ReadonlyMap<string, Navigation>
  /** Alternate keys: columns of each. */
  readonly keys: readonly (readonly string[])[]
  readonly changeTracking: boolean
  readonly optimisticConcurrency: boolean
}

/** What a test or demo changes about the tables. */
export interface SchemaOptions {
  /** Further tables, by logical name. */
  readonly tables?: Readonly<Record<string, TableDefinition>>
  /** Whether Business Central's base solution is installed: `bcbi_company` and the columns `bcbi_…`. @default true */
  readonly baseSolution?: boolean
  /** Tables that this organisation lacks, by logical name: those of a solution that is not installed. @default none */
  readonly without?: readonly string[]
  /** Alternate keys by table. @default none, as in a new organisation */
  readonly keys?: Readonly<Record<string, readonly (readonly string[])[]>>
  /** Tables where change tracking is off (`false`). @default on everywhere */
  readonly changeTracking?: Readonly<Record<string, boolean>>
  /** Tables that accept no If-Match (`false`). @default on everywhere */
  readonly optimisticConcurrency?: Readonly<Record<string, boolean>>
}

/** All tables. */
export interface Schema {
  readonly tables: ReadonlyMap<string, TableSchema>
  readonly bySet: ReadonlyMap<string, TableSchema>
}

const file = new URL('../../data/simulator/dataverse-schema.json', import.meta.url)

/** Reads the file and lays the options over it. Each caller gets its own copy, for metadata can change. */
export function loadSchema(options: SchemaOptions = {}): Schema {
  const definitions = JSON.parse(readFileSync(file, 'utf8')) as Record<string, TableDefinition>
  const tables = new Map<string, TableSchema>()
  const given = options.baseSolution === false ? withoutSolution(definitions) : definitions
  const absent = new Set(options.without)
  const all = { ...given, ...platformTables, ...structuredClone(options.tables) }
  for (const [logical, whole] of Object.entries(all)) {
    if (absent.has(logical)) continue
    const definition = absent.size === 0 ? whole : withoutLinks(whole, absent)
    tables.set(logical, {
      ...definition,
      logical,
      properties: propertiesOf(definition),
      navigations: navigationsOf(definition),
      keys: options.keys?.[logical] ?? [],
      changeTracking: options.changeTracking?.[logical] ?? true,
      optimisticConcurrency: options.optimisticConcurrency?.[logical] ?? true,
    })
  }
  return { tables, bySet: new Map([...tables.values()].map((table) => [table.set, table])) }
}

const isOfSolution = (name: string): boolean => name.startsWith('bcbi_')

function withoutSolution(definitions: Readonly<Record<string, TableDefinition>>): Record<string, TableDefinition> {
  return Object.fromEntries(
    Object.entries(definitions)
      .filter(([logical]) => !isOfSolution(logical))
      .map(([logical, definition]) => {
        const columns = Object.entries(definition.columns).filter(([name]) => !isOfSolution(name))
        return [logical, { ...definition, columns: Object.fromEntries(columns) }]
      }),
  )
}

/** A table without the lookups that lead only to absent tables: the same solution brings both. */
function withoutLinks(definition: TableDefinition, absent: ReadonlySet<string>): TableDefinition {
  const leads = ({ to }: Column): boolean =>
    to === undefined || Object.values(to).some((targets) => targets.some((target) => !absent.has(target)))
  return { ...definition, columns: Object.fromEntries(Object.entries(definition.columns).filter(([, c]) => leads(c))) }
}

/** True for the columns that point at another row. */
export function isLookup(column: Column): boolean {
  return column.type === 'Lookup' || column.type === 'Owner' || column.type === 'Customer'
}

/** The property under which a column is read. */
export function propertyOf(name: string, column: Column): string {
  return isLookup(column) ? `_${name}_value` : name
}

/** The annotation that names the table behind a lookup; also where a row keeps it. */
export function targetProperty(column: string): string {
  return `_${column}_value@Microsoft.Dynamics.CRM.lookuplogicalname`
}

/** The navigation property by which a lookup column leads to a table. */
export function navigationTo(column: Column | undefined, table: string | undefined): string | undefined {
  return Object.entries(column?.to ?? {}).find(([, targets]) => targets.includes(table ?? ''))?.[0]
}

/** The Edm type of a column on the wire. */
export function edmType(column: Column): string {
  if (isLookup(column) || column.type === 'Uniqueidentifier') return 'Edm.Guid'
  if (column.type === 'DateTime') return column.dateOnly === true ? 'Edm.Date' : 'Edm.DateTimeOffset'
  return EDM[column.type] ?? 'Edm.String'
}

const EDM: { readonly [type in ColumnType]?: string } = {
  BigInt: 'Edm.Int64',
  Boolean: 'Edm.Boolean',
  Decimal: 'Edm.Decimal',
  Double: 'Edm.Double',
  Integer: 'Edm.Int32',
  Money: 'Edm.Decimal',
  Picklist: 'Edm.Int32',
  State: 'Edm.Int32',
  Status: 'Edm.Int32',
}

function propertiesOf(definition: TableDefinition): Map<string, string> {
  return new Map(Object.entries(definition.columns).map(([name, column]) => [propertyOf(name, column), name]))
}

function navigationsOf(definition: TableDefinition): Map<string, Navigation> {
  const navigations = new Map<string, Navigation>()
  for (const [column, { to = {} }] of Object.entries(definition.columns)) {
    for (const [navigation, targets] of Object.entries(to)) navigations.set(navigation, { column, targets })
  }
  return navigations
}
