/**
 * What Dataverse tells of its tables. Abilities (change tracking, version checks) differ by organisation and come for
 * all tables in one request at first use; columns of one table in one more, only where the product's data lacks one.
 */
import type { Connection } from '../config/config.ts'
import type { Column, Description } from '../core/record.ts'
import { ConnectorError } from '../errors.ts'
import { salesAddress, urlOf } from './address.ts'
import { catalogData, ownOf } from './catalog.ts'
import type { Collection, Metadata } from './catalog.ts'
import type { MetadataReader } from './metadata-reader.ts'
import { nearest } from './nearest.ts'
import type { Service } from './service.ts'
import { wholeList } from './whole-list.ts'

/** A table as the list of all of them shows it. */
interface Table {
  readonly LogicalName: string
  readonly EntitySetName: string
  readonly PrimaryIdAttribute: string
  readonly ChangeTrackingEnabled: boolean
  readonly IsOptimisticConcurrencyEnabled: boolean
}

export interface SalesMetadata extends Metadata {
  /** The table behind an entity set. Throws ConnectorError 'gone'. */
  table(set: string): Promise<Table>
}

/** Time of the last change, on every table that has one. */
const modifiedOn = 'modifiedon'

/** The metadata of a Dataverse organisation. */
export function salesMetadata(connection: Connection, service: Service, read: MetadataReader): SalesMetadata {
  const data = catalogData('sales')
  let listed: Promise<readonly Table[]> | undefined
  const tables = (): Promise<readonly Table[]> => {
    listed ??= listTables(connection, service).catch((error: unknown) => {
      listed = undefined
      throw error
    })
    return listed
  }
  const table = async (set: string): Promise<Table> => {
    const all = await tables()
    const found = all.find((one) => one.EntitySetName === set)
    if (found === undefined) throw missing(set, all)
    return found
  }
  let asked: Promise<number | undefined> | undefined
  const priceDecimals = (): Promise<number | undefined> => (asked ??= decimalsOfPrices(read))
  return {
    table,
    known: async (entity) => {
      const entry = ownOf((await data).entities, entity.entity)
      return entry === undefined ? undefined : described(await table(entity.entity), entry.columns)
    },
    asked: async (entity) => {
      const one = await table(entity.entity)
      return described(one, await columnsOf(read, { table: one, tables: await tables(), priceDecimals }))
    },
    collections: () => titledTables(connection, service),
  }
}

function described(table: Table, columns: Description['columns']): Description {
  return {
    key: [table.PrimaryIdAttribute],
    clientKeys: true,
    modified: columns[modifiedOn] === undefined ? undefined : modifiedOn,
    tracked: table.ChangeTrackingEnabled,
    preconditions: table.IsOptimisticConcurrencyEnabled,
    columns,
  }
}

async function listTables(connection: Connection, service: Service): Promise<readonly Table[]> {
  const $select = 'LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled,IsOptimisticConcurrencyEnabled'
  const url = urlOf(salesAddress(connection, 'EntityDefinitions'), { $select })
  const what = 'the list of tables'
  const wanted = { name: 'value', what, texts: ['LogicalName'], maybe: ['EntitySetName', 'PrimaryIdAttribute'] }
  return wholeList('sales', await service.get(url, what), wanted) as readonly Table[]
}

/** Tables with what people call them; those without an entity set cannot be reached. */
async function titledTables(connection: Connection, service: Service): Promise<readonly Collection[]> {
  const url = urlOf(salesAddress(connection, 'EntityDefinitions'), { $select: 'EntitySetName,DisplayCollectionName' })
  const what = 'the names of the tables'
  const wanted = { name: 'value', what, maybe: ['EntitySetName'] }
  const named = wholeList('sales', await service.get(url, what), wanted) as readonly TitledTable[]
  return named.flatMap(({ EntitySetName, DisplayCollectionName }) =>
    EntitySetName
      ? [{ entity: { kind: 'standard' as const, entity: EntitySetName }, title: textOf(DisplayCollectionName) }]
      : [],
  )
}

interface TitledTable {
  readonly EntitySetName?: string | null
  readonly DisplayCollectionName?: Labelled
}

/** A text in the languages of an organisation; the user's own is what the login's user reads. */
type Labelled = { readonly UserLocalizedLabel?: { readonly Label?: string } | null } | null

const textOf = (label: Labelled | undefined): string | undefined => label?.UserLocalizedLabel?.Label

function missing(set: string, tables: readonly Table[]): ConnectorError {
  const near = nearest(
    set,
    tables.flatMap((table) => table.EntitySetName ?? []),
  )
  return new ConnectorError('sales', 'gone', {
    message: `Sales has no table ${set}${near === undefined ? '' : ` (did you mean ${near}?)`}`,
    remedy:
      'Correct the entity in the mapping (the entity set name, usually the plural), or install the solution that brings it.',
  })
}

/** A column as the metadata shows it; what a kind of column does not have is absent. */
interface Attribute {
  readonly LogicalName: string
  readonly AttributeType: string
  readonly AttributeOf?: string | null
  readonly IsValidForRead?: boolean
  readonly IsValidForCreate?: boolean
  readonly IsValidForUpdate?: boolean
  readonly MaxLength?: number | null
  readonly Precision?: number | null
  /** Of money: 0 the column's own decimals, 1 those of the organisation's prices, 2 those of the record's currency. */
  readonly PrecisionSource?: number | null
  readonly DateTimeBehavior?: { readonly Value?: string } | null
  readonly DisplayName?: Labelled
}

interface Relationship {
  readonly ReferencingAttribute: string
  readonly ReferencedEntity: string
  readonly ReferencingEntityNavigationPropertyName: string
}

interface Tables {
  readonly table: Table
  readonly tables: readonly Table[]
  readonly priceDecimals: () => Promise<number | undefined>
}

/** How many decimals the organisation keeps of a price; undefined where it does not say. */
async function decimalsOfPrices(read: MetadataReader): Promise<number | undefined> {
  const what = "the organisation's settings"
  try {
    const body = await read('organizations', { $select: 'pricingdecimalprecision' }, what)
    const [first] = wholeList('sales', body, { name: 'value', what }) as readonly Settings[]
    return first?.pricingdecimalprecision ?? undefined
  } catch (error) {
    if (error instanceof ConnectorError) return undefined
    throw error
  }
}

interface Settings {
  readonly pricingdecimalprecision?: number | null
}

async function columnsOf(
  read: MetadataReader,
  { table, tables, priceDecimals }: Tables,
): Promise<Description['columns']> {
  const options = {
    $select: 'LogicalName',
    $expand:
      'Attributes,ManyToOneRelationships($select=ReferencingAttribute,ReferencedEntity,ReferencingEntityNavigationPropertyName)',
  }
  const path = `EntityDefinitions(LogicalName='${table.LogicalName}')`
  const what = `the columns of ${table.LogicalName}`
  // Both in one turn, so that they travel together.
  const [body, ofPrices] = await Promise.all([read(path, options, what), priceDecimals()])
  const relationships = wholeList('sales', body, {
    name: 'ManyToOneRelationships',
    what,
    texts: ['ReferencingAttribute', 'ReferencedEntity'],
    maybe: ['ReferencingEntityNavigationPropertyName'],
  }) as readonly Relationship[]
  const attributes = wholeList('sales', body, {
    name: 'Attributes',
    what,
    texts: ['LogicalName', 'AttributeType'],
  }) as readonly Attribute[]
  const sets = new Map(tables.map((one) => [one.LogicalName, one.EntitySetName]))
  const columns: Record<string, Column> = {}
  for (const attribute of attributes) {
    const column = columnOf(attribute, ofPrices)
    if (column === undefined) continue
    const targets = column.type === 'lookup' ? targetsOf(attribute, relationships, sets) : undefined
    columns[attribute.LogicalName] = targets === undefined ? column : { ...column, targets }
  }
  return columns
}

function targetsOf(
  attribute: Attribute,
  relationships: readonly Relationship[],
  sets: ReadonlyMap<string, string>,
): NonNullable<Column['targets']> {
  const own = relationships.filter((one) => one.ReferencingAttribute === attribute.LogicalName)
  // The owner refers to one table of principals, which stands for users and teams.
  const all = own.flatMap((one) => (one.ReferencedEntity === 'owner' ? owners(one) : [one]))
  return all.flatMap((one) => {
    const set = sets.get(one.ReferencedEntity)
    return set === undefined
      ? []
      : [{ table: one.ReferencedEntity, set, navigation: one.ReferencingEntityNavigationPropertyName }]
  })
}

const owners = (one: Relationship): readonly Relationship[] =>
  ['systemuser', 'team'].map((table) => ({ ...one, ReferencedEntity: table }))

const types: Readonly<Record<string, Column['type'] | undefined>> = {
  String: 'text',
  Memo: 'text',
  EntityName: 'text',
  Uniqueidentifier: 'guid',
  Lookup: 'lookup',
  Owner: 'lookup',
  Customer: 'lookup',
  Picklist: 'choice',
  State: 'choice',
  Status: 'choice',
  Boolean: 'boolean',
  Integer: 'integer',
  BigInt: 'integer',
  Decimal: 'decimal',
  Double: 'decimal',
  Money: 'money',
}

/** Undefined for what is no column of the Web API: shadows of other columns, virtual ones. */
function columnOf(attribute: Attribute, ofPrices: number | undefined): Column | undefined {
  if (attribute.AttributeOf || attribute.IsValidForRead === false) return undefined
  const type = attribute.AttributeType === 'DateTime' ? dateType(attribute) : types[attribute.AttributeType]
  if (type === undefined) return undefined
  const update = attribute.IsValidForUpdate !== false
  const create = attribute.IsValidForCreate !== false
  const title = textOf(attribute.DisplayName)
  return {
    type,
    ...(title === undefined ? {} : { title }),
    ...(attribute.MaxLength ? { maxLength: attribute.MaxLength } : {}),
    ...decimalsOf(attribute, ofPrices),
    ...(!update && !create ? { readOnly: true } : {}),
    ...(!update && create ? { createOnly: true } : {}),
  }
}

/**
 * Money may take its decimals from elsewhere, and `Precision` says nothing then. A price has as many as the organisation
 * keeps of prices; any other amount as many as its currency, which differs from record to record.
 */
function decimalsOf(
  { Precision, PrecisionSource }: Attribute,
  ofPrices: number | undefined,
): { readonly precision?: number } {
  const own = PrecisionSource === 1 ? (ofPrices ?? Precision) : PrecisionSource === 2 ? undefined : Precision
  return typeof own === 'number' ? { precision: own } : {}
}

const dateType = (attribute: Attribute): 'date' | 'dateTime' =>
  attribute.DateTimeBehavior?.Value === 'DateOnly' ? 'date' : 'dateTime'
