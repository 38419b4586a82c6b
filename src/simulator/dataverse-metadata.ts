/** Metadata: EntityDefinitions with attributes, option sets and relationships. */

import { hash } from 'node:crypto'

import { DataverseError, refused } from './dataverse-error.ts'
import type { Segment } from './dataverse-address.ts'
import { precisionSource } from './dataverse-money.ts'
import { privilegeName, verbs } from './dataverse-privileges.ts'
import type { Column, Schema, TableSchema } from './dataverse-schema.ts'
import type { Expand, Query } from './query.ts'
import { compileFilter } from './query-filter.ts'
import type { Scope } from './query-filter.ts'
import type { Row } from './table.ts'

const CRM = 'Microsoft.Dynamics.CRM'

/** A stable GUID for a piece of metadata. */
function metadataId(...names: string[]): string {
  const name = names.join('.')
  const known = ids.get(name)
  if (known !== undefined) return known
  const hex = hash('sha256', name, 'hex')
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
  ids.set(name, id)
  return id
}

/** As many as the schema has pieces: each is told anew whenever somebody asks for metadata. */
const ids = new Map<string, string>()

function managed(value: unknown): object {
  return { Value: value, CanBeChanged: false, ManagedPropertyLogicalName: 'simulated' }
}

/** A label as metadata carries it. */
export function label(text: string): object {
  const localized = { Label: text, LanguageCode: 1033, IsManaged: false }
  return { LocalizedLabels: [localized], UserLocalizedLabel: localized }
}

/** Answers what stands behind `EntityDefinitions`. `segments` begins with that one. */
export function readMetadata(schema: Schema, segments: readonly Segment[], query: Query): unknown {
  const [definitions, part, ...rest] = segments
  if (definitions?.key === undefined) {
    return many(
      [...schema.tables.values()].map((table) => entityMetadata(schema, table)),
      query,
    )
  }
  const table = findTable(schema, definitions.key)
  if (part === undefined) return project(entityMetadata(schema, table), query)
  const items = (PARTS[part.name] ?? noPart(part.name))(schema, table)
  const cast = rest[0]?.name.startsWith(`${CRM}.`) === true ? rest.shift() : undefined
  const ofType = cast === undefined ? items : items.filter((item) => item['@odata.type'] === `#${cast.name}`)
  if (part.key === undefined) return many(ofType, query)
  const name = quoted(part.key)
  const found = ofType.find((item) => item['LogicalName'] === name || item['SchemaName'] === name)
  if (found === undefined) throw absentMetadata(`attribute ${name}`)
  return project(rest[0] === undefined ? found : (found[rest[0].name] as Row), query)
}

function findTable(schema: Schema, key: string): TableSchema {
  const name = key.includes('=') ? quoted(key) : undefined
  for (const table of schema.tables.values()) {
    if (name === undefined ? metadataId(table.logical) === key.toLowerCase() : table.logical === name) return table
  }
  throw absentMetadata(`entity with ${key}`)
}

function absentMetadata(what: string): DataverseError {
  return new DataverseError(404, '0x80060888', `Could not find the ${what} in the metadata.`)
}

function quoted(key: string): string {
  return /'(?<text>[^']*)'/u.exec(key)?.groups?.['text'] ?? key
}

function noPart(name: string): never {
  throw new DataverseError(404, '0x80060888', `Resource not found for the segment '${name}'.`)
}

const PARTS: Readonly<Record<string, (schema: Schema, table: TableSchema) => Row[]>> = {
  Attributes: (_schema, table) =>
    Object.entries(table.columns).map(([name, column]) => attributeMetadata(table, name, column)),
  ManyToOneRelationships: manyToOne,
  OneToManyRelationships: (schema, table) =>
    [...schema.tables.values()].flatMap((other) =>
      manyToOne(schema, other).filter((relation) => relation['ReferencedEntity'] === table.logical),
    ),
  Keys: (_schema, table) => table.keys.map((columns) => keyMetadata(table, columns)),
}

/** Privileges are many, and made only where somebody asks for them. */
function entityMetadata(schema: Schema, table: TableSchema): Row {
  return {
    MetadataId: metadataId(table.logical),
    LogicalName: table.logical,
    SchemaName: table.logical,
    EntitySetName: table.set,
    LogicalCollectionName: table.set,
    CollectionSchemaName: table.set,
    PrimaryIdAttribute: table.id,
    PrimaryNameAttribute: table.name,
    OwnershipType: table.ownership ?? 'None',
    ChangeTrackingEnabled: table.changeTracking,
    IsOptimisticConcurrencyEnabled: table.optimisticConcurrency,
    CanChangeTrackingBeEnabled: managed(true),
    IsCustomEntity: table.logical.includes('_'),
    IsValidForAdvancedFind: true,
    DisplayName: label(table.logical),
    get Privileges() {
      return privilegesOf(table)
    },
    DisplayCollectionName: label(table.set),
    ...Object.fromEntries(Object.entries(PARTS).map(([name, make]) => [name, () => make(schema, table)])),
  }
}

function privilegesOf(table: TableSchema): readonly Row[] {
  return verbs.map((verb) => ({
    Name: privilegeName(verb, table),
    PrivilegeType: verb,
    PrivilegeId: metadataId(table.logical, verb),
    CanBeGlobal: true,
  }))
}

/** Parts of a definition are made only where $expand asks for them. */
type Lazy = () => Row[]

function attributeMetadata(table: TableSchema, name: string, column: Column): Row {
  const access = column.access ?? 'cu'
  return {
    '@odata.type': `#${CRM}.${KINDS[column.type] ?? column.type}AttributeMetadata`,
    MetadataId: metadataId(table.logical, name),
    LogicalName: name,
    SchemaName: column.schema ?? name,
    EntityLogicalName: table.logical,
    AttributeType: column.type,
    AttributeTypeName: { Value: `${column.type}Type` },
    IsPrimaryId: name === table.id,
    IsPrimaryName: name === table.name,
    IsValidForCreate: access.includes('c'),
    IsValidForUpdate: access.includes('u'),
    IsValidForRead: true,
    IsLogical: false,
    IsCustomAttribute: name.includes('_') && !name.startsWith('address'),
    RequiredLevel: { ...managed(column.required ?? 'None') },
    DisplayName: label(column.schema ?? name),
    ...DETAILS[column.type]?.(table, name, column),
  }
}

const KINDS: { readonly [type in Column['type']]?: string } = {
  Customer: 'Lookup',
  Owner: 'Lookup',
  Uniqueidentifier: 'UniqueIdentifier',
}

type Details = (table: TableSchema, name: string, column: Column) => Row

const lookupDetails: Details = (_table, _name, column) => ({ Targets: Object.values(column.to ?? {}).flat() })
const numberDetails: Details = (_table, _name, column) => ({
  Precision: column.precision ?? 2,
  MinValue: -100_000_000_000,
  MaxValue: 100_000_000_000,
})
const optionDetails: Details = (table, name, column) => ({
  OptionSet: optionSet(table, name, column),
  GlobalOptionSet: null,
  DefaultFormValue: -1,
})

/** What the metadata of a type tells besides what all tell. */
const DETAILS: { readonly [type in Column['type']]?: Details } = {
  Customer: lookupDetails,
  DateTime: (_table, _name, column) => ({
    Format: column.dateOnly === true ? 'DateOnly' : 'DateAndTime',
    DateTimeBehavior: { Value: column.dateOnly === true ? 'DateOnly' : 'UserLocal' },
  }),
  Decimal: numberDetails,
  Double: numberDetails,
  Lookup: lookupDetails,
  Memo: (_table, _name, column) => ({ MaxLength: column.max ?? 2000, Format: 'TextArea' }),
  Money: (table, name, column) => ({
    Precision: column.precision ?? 2,
    PrecisionSource: precisionSource(table.logical, name, column),
    IsBaseCurrency: name.endsWith('_base'),
  }),
  Owner: lookupDetails,
  Picklist: optionDetails,
  State: optionDetails,
  Status: optionDetails,
  String: (_table, _name, column) => ({ MaxLength: column.max ?? 100, Format: 'Text' }),
}

function optionSet(table: TableSchema, name: string, column: Column): Row {
  const options = Object.entries(column.options ?? {}).map(([value, text]) => ({
    Value: Number(value),
    Label: label(text),
    ...(column.type === 'Status' ? { State: stateOfStatus(table, Number(value)) } : {}),
  }))
  return {
    MetadataId: metadataId(table.logical, name, 'options'),
    Name: `${table.logical}_${name}`,
    IsGlobal: false,
    OptionSetType: column.type,
    Options: options,
  }
}

function stateOfStatus(table: TableSchema, status: number): number {
  return Number(Object.entries(table.states ?? {}).find(([, values]) => values.includes(status))?.[0] ?? 0)
}

function manyToOne(_schema: Schema, table: TableSchema): Row[] {
  const relations: Row[] = []
  for (const [navigation, { column, targets }] of table.navigations) {
    for (const target of targets) {
      relations.push({
        MetadataId: metadataId(table.logical, navigation, target),
        SchemaName: `${table.logical}_${navigation}_${target}`,
        ReferencingEntity: table.logical,
        ReferencingAttribute: column,
        ReferencingEntityNavigationPropertyName: navigation,
        ReferencedEntity: target,
        ReferencedAttribute: `${target}id`,
        RelationshipType: 'OneToManyRelationship',
      })
    }
  }
  return relations
}

function keyMetadata(table: TableSchema, columns: readonly string[]): Row {
  return {
    MetadataId: metadataId(table.logical, ...columns),
    LogicalName: columns.join('_'),
    SchemaName: columns.join('_'),
    EntityLogicalName: table.logical,
    KeyAttributes: columns,
    EntityKeyIndexStatus: 'Active',
  }
}

/** Metadata has nested objects; enum constants compare by their text. */
const scope: Scope = {
  read: (path) => (row) => path.reduce<unknown>((value, step) => (value as Row | null | undefined)?.[step], row),
  type: () => undefined,
  ignoreCase: () => false,
  wildcards: false,
}

function many(items: readonly Row[], query: Query): { value: Row[] } {
  if (query.orderby !== undefined) throw refused('The query parameter $orderby is not supported', '0x80060888')
  const test = query.filter === undefined ? () => true : compileFilter(query.filter, scope)
  return {
    value: items
      .filter(test)
      .slice(0, query.top)
      .map((item) => project(item, query)),
  }
}

function project(item: Row, query: Pick<Query, 'select' | 'expand' | 'filter'>): Row {
  const result: Record<string, unknown> = {}
  for (const name of Object.keys(item)) {
    const chosen = query.select?.includes(name) ?? !isExpandable(name, item[name])
    if (name === '@odata.type' || name === 'MetadataId' || chosen) result[name] = item[name]
  }
  for (const expand of query.expand) result[expand.property] = expanded(item[expand.property], expand)
  return result
}

function isExpandable(name: string, value: unknown): boolean {
  return typeof value === 'function' || name === 'OptionSet' || name === 'GlobalOptionSet'
}

function expanded(value: unknown, expand: Expand): unknown {
  if (typeof value === 'function') return many((value as Lazy)(), expand).value
  return value === null || value === undefined ? null : project(value as Row, expand)
}
