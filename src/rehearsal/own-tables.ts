/**
 * Tables, pages and columns that are the project's own: the simulated services know only standard ones. What an own
 * column holds is told by the mapping, by its counterpart, or by the values that tests give.
 */
import type { Config, EntityRef, Field, Mapping, Side, Source, ValueType } from '../config/config.ts'
import { isRecord } from '../config/path.ts'
import type { Given, Value } from '../config/schema-types.ts'
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

/** What is known of one column. */
interface About {
  readonly type: ValueType | undefined
  /** A value that a test gives. */
  readonly sample: Value | undefined
  /** The mapping through which it refers to another record. */
  readonly leadsTo: string | undefined
}
type Columns = Map<string, About>

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
  { type, sample, leadsTo }: About,
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
  for (const key of keys) if (!columns.has(key)) note(columns, key, { type: 'code' })
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
function columnsOf(mappings: readonly Mapping[], given: readonly Given[], { side, set }: Place): Columns {
  const found: Columns = new Map()
  for (const mapping of mappings) {
    if (mapping[side].entity?.entity === set) for (const column of readFrom(mapping, side)) note(found, column, {})
    for (const field of mapping.fields) {
      const column = columnIn(mapping[side], field[side], set)
      if (column !== undefined) note(found, column, { type: typeIn(mapping, field, side), leadsTo: lookupOf(field) })
    }
    for (const column of joinedBy(mapping[side], set)) note(found, column, {})
  }
  for (const row of given.flatMap((rows) => rows[side]?.[set] ?? []))
    for (const [name, sample] of Object.entries(row)) note(found, name, { sample })
  return found
}

interface Place {
  readonly side: Side
  readonly set: string
}

/** Adds what is told of a column; what was told first stays. */
function note(found: Columns, name: string, told: Partial<About>): void {
  const { type, sample, leadsTo } = found.get(name) ?? {}
  found.set(name, { type: type ?? told.type, sample: sample ?? told.sample, leadsTo: leadsTo ?? told.leadsTo })
}

/** Columns by which further pages and joined rows hang on the main record, and those that are read of them. */
const joinedBy = ({ with: pages, joins }: Source, set: string): readonly string[] => [
  ...pages.flatMap(({ entity, on }) => (entity.entity === set ? Object.keys(on) : [])),
  ...joins.flatMap(({ entity, on, select }) => (entity.entity === set ? [...Object.keys(on), ...(select ?? [])] : [])),
]

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

/** What the row says, else what the standard column of Business Central on its other side is. */
function typeIn(mapping: Mapping, field: Field, side: Side): ValueType | undefined {
  if (field.type !== undefined || side === 'businessCentral' || !isPlainCopy(field)) return field.type
  const { entity } = mapping.businessCentral
  const view = entity === undefined ? undefined : (entities.get(entity.entity) ?? pages.get(entity.entity))
  const property = view?.properties.get(field.businessCentral ?? '')
  return property === undefined ? undefined : edmTypes[property.type]
}

const isPlainCopy = ({ lookup, compute }: Field): boolean => lookup === undefined && Object.keys(compute).length === 0

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
