/**
 * Tables, pages and columns that are the project's own: the simulated services know only standard ones. What an own
 * column holds is told by the mapping, by its counterpart, or by the values that tests give.
 */
import type { Config, EntityRef, Field, Mapping, Side, Source, ValueType } from '../config/config.ts'
import { otherSide } from '../config/config.ts'
import { isRecord } from '../config/path.ts'
import type { Given, Row as WrittenRow, Value } from '../config/schema-types.ts'
import { compileExpression } from '../core/expression.ts'
import { filterColumns, parseFilter } from '../core/filter.ts'
import type { OwnPage } from '../simulator/business-central-pages.ts'
import { customPages, entities, pages } from '../simulator/business-central-schema.ts'
import type { Property } from '../simulator/business-central-schema.ts'
import { loadSchema } from '../simulator/dataverse-schema.ts'
import type { Column, Schema, TableDefinition } from '../simulator/dataverse-schema.ts'

/** What the services need to know beyond what is standard. */
export interface OwnTables {
  readonly tables: Readonly<Record<string, TableDefinition>>
  readonly pages: readonly OwnPage[]
}

/** Columns of one own collection, with a value of each where a test gives one. */
type Columns = Map<
  string,
  { readonly type: ValueType | undefined; readonly sample: Value | undefined; readonly leadsTo?: string }
>

/** What these mappings and rows speak of and no standard service has. */
export function ownTables(config: Config, mappings: readonly Mapping[], given: readonly Given[]): OwnTables {
  return { tables: salesTables(config, mappings, given), pages: ownPages(mappings, given) }
}

// ── Sales ───────────────────────────────────────────────────────────────────

function salesTables(
  config: Config,
  mappings: readonly Mapping[],
  given: readonly Given[],
): Readonly<Record<string, TableDefinition>> {
  const schema = standardTables()
  const tables: Record<string, TableDefinition> = {}
  const logicalOf = (set: string): string => schema.bySet.get(set)?.logical ?? singular(set)
  for (const set of setsOf(mappings, 'sales')) {
    const known = schema.bySet.get(set)
    const columns = columnsOf(mappings, given, { side: 'sales', set })
    const unknown = [...columns].filter(([name]) => known?.columns[name] === undefined && /^[a-z]\w*$/.test(name))
    if (unknown.length === 0 && known !== undefined) continue
    // A misspelt standard column must stay unknown: own ones have a publisher's prefix.
    const own = known === undefined ? unknown : unknown.filter(([name]) => isCustom(name))
    if (own.length === 0 && known !== undefined) continue
    const logical = logicalOf(set)
    const made = Object.fromEntries(own.map(([name, about]) => [name, salesColumn(name, about, { config, logicalOf })]))
    const base: TableDefinition = known ?? newTable(set, logical, Object.keys(made))
    const { columns: before, set: name, id, name: title, ownership, states, collections } = base
    tables[logical] = {
      set: name,
      id,
      name: title,
      columns: { ...made, ...before },
      ...(ownership !== undefined && { ownership }),
      ...(states !== undefined && { states }),
      ...(collections !== undefined && { collections }),
    }
  }
  return tables
}

const isCustom = (name: string): boolean => /^[a-z][a-z0-9]{1,7}_/.test(name) && !/^address\d_/.test(name)

/** As Dataverse makes plurals. */
const singular = (set: string): string =>
  set
    .replace(/ies$/, 'y')
    .replace(/(s|x|z|ch|sh)es$/, '$1')
    .replace(/s$/, '')

function newTable(set: string, logical: string, columns: readonly string[]): TableDefinition {
  const prefix = logical.split('_')[0] ?? 'own'
  const name = columns.find((column) => column === `${prefix}_name`) ?? columns[0] ?? `${prefix}_name`
  return {
    set,
    id: `${logical}id`,
    name,
    ownership: 'UserOwned',
    states: { 0: [1], 1: [2] },
    columns: {
      [`${logical}id`]: { type: 'Uniqueidentifier', access: 'c' },
      createdon: { type: 'DateTime', access: '' },
      modifiedon: { type: 'DateTime', access: '' },
      statecode: { type: 'State', access: 'u', options: { 0: 'Active', 1: 'Inactive' } },
      statuscode: { type: 'Status', access: 'cu', options: { 1: 'Active', 2: 'Inactive' } },
      ownerid: { type: 'Owner', to: { ownerid: ['systemuser', 'team'] } },
      versionnumber: { type: 'BigInt', access: '' },
    },
  }
}

function salesColumn(
  name: string,
  { type, sample, leadsTo }: NonNullable<ReturnType<Columns['get']>>,
  { config, logicalOf }: { readonly config: Config; readonly logicalOf: (set: string) => string },
): Column {
  if (isRecord(sample)) return { type: 'Lookup', to: { [name]: [logicalOf(Object.keys(sample)[0] ?? '')] } }
  const target = config.mappings.find((mapping) => mapping.name === leadsTo)?.sales.entity
  if (target !== undefined && target.kind !== 'choice')
    return { type: 'Lookup', to: { [name]: [logicalOf(target.entity)] } }
  return salesTypes[type ?? typeOf(sample)]
}

const salesTypes: Readonly<Record<ValueType, Column>> = {
  text: { type: 'String', max: 4000 },
  code: { type: 'String', max: 100 },
  guid: { type: 'Uniqueidentifier' },
  lookup: { type: 'Uniqueidentifier' },
  integer: { type: 'Integer' },
  decimal: { type: 'Decimal', precision: 5 },
  money: { type: 'Decimal', precision: 2 },
  boolean: { type: 'Boolean' },
  date: { type: 'DateTime', dateOnly: true },
  dateTime: { type: 'DateTime' },
  choice: { type: 'Picklist' },
}

// ── Business Central ────────────────────────────────────────────────────────

function ownPages(mappings: readonly Mapping[], given: readonly Given[]): readonly OwnPage[] {
  const refs = new Map<string, EntityRef>()
  for (const mapping of mappings)
    for (const { entity } of [
      mapping.businessCentral,
      ...mapping.businessCentral.with,
      ...mapping.businessCentral.joins,
    ])
      if (entity !== undefined && isOwnPage(entity)) refs.set(entity.entity, entity)
  return [...refs.values()].map((entity) => ownPage(entity, mappings, given))
}

const isOwnPage = (entity: EntityRef): boolean =>
  (entity.kind === 'service' && !pages.has(entity.entity)) ||
  (entity.kind === 'custom' && customRoutes[entity.route] === undefined)

/** Pages that the standard set describes and an administrator's own extension publishes: orders in both directions. */
export const customRoutes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'couplet/orders/v1.0': { salesOrders: 'OrderPage', orderNotes: 'OrderNotePage' },
}

/** The tables of a new organisation; reading them takes a moment. */
let standard: Schema | undefined
export const standardTables = (): Schema => (standard ??= loadSchema())

function ownPage(entity: EntityRef, mappings: readonly Mapping[], given: readonly Given[]): OwnPage {
  const set = entity.entity
  const columns = columnsOf(mappings, given, { side: 'businessCentral', set })
  for (const name of ['id', 'lastModifiedDateTime', 'systemId']) columns.delete(name)
  const keys = entity.kind === 'service' ? entity.key : keysOf(mappings, set)
  for (const key of keys) if (!columns.has(key)) columns.set(key, { type: 'code', sample: undefined })
  const shown = entities.get(set) ?? pages.get(set) ?? customPages.get(set)
  const properties = [...columns].map(
    ([name, { type, sample }]): Property =>
      shown?.properties.get(name) ?? { name, ...pageTypes[keys.includes(name) ? 'code' : (type ?? typeOf(sample))] },
  )
  return { set, key: keys, properties, ...(entity.kind === 'custom' && { route: entity.route }) }
}

const keysOf = (mappings: readonly Mapping[], set: string): readonly string[] =>
  mappings.find(({ businessCentral }) => businessCentral.entity?.entity === set)?.businessCentral.keys ?? []

const pageTypes: Readonly<Record<ValueType, Omit<Property, 'name'>>> = {
  text: { type: 'String', length: 2048 },
  code: { type: 'String', length: 100, code: true },
  guid: { type: 'Guid' },
  lookup: { type: 'Guid' },
  integer: { type: 'Int32' },
  decimal: { type: 'Decimal' },
  money: { type: 'Decimal' },
  boolean: { type: 'Boolean' },
  date: { type: 'Date' },
  dateTime: { type: 'DateTimeOffset' },
  choice: { type: 'String', length: 100 },
}

// ── what is spoken of ───────────────────────────────────────────────────────

const setsOf = (mappings: readonly Mapping[], side: Side): ReadonlySet<string> =>
  new Set(
    mappings.flatMap((mapping) => {
      const { entity, with: pages, joins } = mapping[side]
      return [entity, ...[...pages, ...joins].map((page) => page.entity)].flatMap((ref) =>
        ref === undefined || ref.kind === 'choice' ? [] : [ref.entity],
      )
    }),
  )

/** Every column of a collection that mappings read or write or rows give. */
function columnsOf(
  mappings: readonly Mapping[],
  given: readonly Given[],
  { side, set }: { readonly side: Side; readonly set: string },
): Columns {
  const found: Columns = new Map()
  const add = (name: string, type?: ValueType, leadsTo?: string): void => {
    const before = found.get(name)
    found.set(name, {
      type: type ?? before?.type,
      sample: before?.sample,
      ...((leadsTo ?? before?.leadsTo) !== undefined && { leadsTo: leadsTo ?? before?.leadsTo ?? '' }),
    })
  }
  for (const mapping of mappings) {
    const source = mapping[side]
    if (source.entity?.entity === set) for (const column of readFrom(mapping, side)) add(column)
    for (const field of mapping.fields) {
      const column = columnIn(source, field[side], set)
      if (column !== undefined) add(column, typeIn(mapping, field, side), lookupOf(field))
    }
    for (const page of [...source.with, ...source.joins]) {
      if (page.entity.entity !== set) continue
      for (const column of Object.keys(page.on)) add(column)
      if ('select' in page) for (const column of (page as { select?: readonly string[] }).select ?? []) add(column)
    }
  }
  for (const rows of given)
    for (const row of rows[side]?.[set] ?? [])
      for (const [name, sample] of Object.entries(row)) note(found, name, sample)
  return found
}

function note(found: Columns, name: string, sample: WrittenRow[string]): void {
  const before = found.get(name)
  found.set(name, { type: before?.type, ...before, sample: before?.sample ?? sample })
}

/** Keys, filters, match columns, and what expressions read of the main record. */
function readFrom(mapping: Mapping, side: Side): readonly string[] {
  const { keys, filter, conditions } = mapping[side]
  const filtered = [filter, ...conditions].flatMap((text) =>
    text === undefined ? [] : filterColumns(parseFilter(text)).map(({ name }) => name),
  )
  const toOther = side === 'sales' ? 'toBusinessCentral' : 'toSales'
  const computed = mapping.fields.flatMap(({ compute }) => {
    const text = compute[toOther]
    return text === undefined ? [] : compileExpression(text).columns
  })
  const matched = mapping.match.flatMap((group) => group[side])
  return [...keys, ...filtered, ...computed, ...matched].filter((name) => /^\w+$/.test(name))
}

/** The column that a path means in this collection. */
function columnIn(source: Source, path: string | undefined, set: string): string | undefined {
  if (path === undefined) return undefined
  const [page, column] = path.includes('.') ? path.split('.') : [undefined, path]
  const entity = page === undefined ? source.entity : source.with.find(({ name }) => name === page)?.entity
  return entity?.entity === set ? column : undefined
}

/** What the row says, else what the standard column on its other side is. */
function typeIn(mapping: Mapping, field: Field, side: Side): ValueType | undefined {
  if (field.type !== undefined) return field.type
  if (
    field.lookup !== undefined ||
    field.compute.toSales !== undefined ||
    field.compute.toBusinessCentral !== undefined
  )
    return undefined
  const other = otherSide(side)
  const path = field[other]
  const entity = mapping[other].entity?.entity
  if (path === undefined || entity === undefined || path.includes('.')) return undefined
  if (other === 'businessCentral') {
    const property = (entities.get(entity) ?? pages.get(entity))?.properties.get(path)
    return property === undefined ? undefined : edmTypes[property.type]
  }
  return undefined
}

const edmTypes: Readonly<Record<string, ValueType>> = {
  String: 'text',
  Int32: 'integer',
  Int64: 'integer',
  Decimal: 'decimal',
  Double: 'decimal',
  Boolean: 'boolean',
  Date: 'date',
  DateTimeOffset: 'dateTime',
}

const lookupOf = ({ lookup }: Field): string | undefined => (lookup?.kind === 'coupling' ? lookup.mapping : undefined)

function typeOf(sample: Value | undefined): ValueType {
  if (typeof sample === 'boolean') return 'boolean'
  if (typeof sample === 'number') return Number.isInteger(sample) ? 'integer' : 'decimal'
  if (typeof sample !== 'string') return 'text'
  if (/^\d{4}-\d{2}-\d{2}$/.test(sample)) return 'date'
  return /^\d{4}-\d{2}-\d{2}T/.test(sample) ? 'dateTime' : 'text'
}
