/** Creating, changing and deleting rows: what the body says, what the platform adds, what the rules say. */

import { locate, notThere } from './dataverse-address.ts'
import type { Located } from './dataverse-address.ts'
import { BodyReader } from './dataverse-body.ts'
import type { Body, Writer } from './dataverse-body.ts'
import { DataverseError, refused } from './dataverse-error.ts'
import { addMoney } from './dataverse-money.ts'
import { reference } from './dataverse-reference.ts'
import type { Organization } from './dataverse-organization.ts'
import { rulesOf } from './dataverse-rules.ts'
import { isLookup, navigationTo } from './dataverse-schema.ts'
import type { TableSchema } from './dataverse-schema.ts'
import { completeState } from './dataverse-state.ts'
import { DuplicateKey, indexValue } from './table.ts'
import type { Entry, Row } from './table.ts'

/** Creates a row, and those nested in it. */
export function createRow(writer: Writer, schema: TableSchema, body: Body, keyValues: Row = {}): Entry {
  const { organization } = writer
  const { values, children } = reader(writer, schema, 'c', body)
  const row: Record<string, unknown> = { ...keyValues, ...defaults(writer, schema), ...values }
  completeState(schema, row, {})
  const rules = rulesOf(schema.logical)
  rules.beforeCreate?.({ organization, schema, values: row, before: {} })
  checkRequired(schema, row)
  checkKeys(organization, schema, row, undefined)
  if (writer.detectDuplicates) detectDuplicates(organization, schema, row)
  addMoney(organization, schema, row, row)
  const entry = insert(organization, schema, row)
  rules.afterWrite?.({ organization, schema, id: entry.key, row: entry.row, before: {} })
  const parent = { schema, entry, id: entry.key, keyValues: {} }
  for (const [collection, bodies] of children) createChildren(writer, parent, collection, bodies)
  return organization.row(schema.logical, entry.key)
}

/** Changes a row. Everything given counts as a change, equal values too. */
export function updateRow(writer: Writer, schema: TableSchema, before: Entry, body: Body): Entry {
  const { organization } = writer
  const { values } = reader(writer, schema, 'u', body)
  delete values[schema.id]
  completeState(schema, values, before.row)
  const rules = rulesOf(schema.logical)
  rules.beforeUpdate?.({ organization, schema, values, before: before.row })
  const after = { ...before.row, ...values }
  checkKeys(organization, schema, after, before.key)
  addMoney(organization, schema, values, after)
  const entry = organization.table(schema.logical).update(before.key, {
    ...values,
    ...reference('modifiedby', 'systemuser', writer.user),
    ...behalf(writer, schema, ['modifiedonbehalfby']),
  })
  rules.afterWrite?.({ organization, schema, id: entry.key, row: entry.row, before: before.row })
  return organization.row(schema.logical, entry.key)
}

/** Deletes a row with what belongs to it. */
export function deleteRow(writer: Writer, schema: TableSchema, before: Entry): void {
  const { organization } = writer
  const rules = rulesOf(schema.logical)
  rules.beforeDelete?.({ organization, schema, id: before.key, row: before.row, before: before.row })
  organization.table(schema.logical).delete(before.key)
  rules.afterDelete?.({ organization, schema, id: before.key, row: before.row, before: before.row })
}

/** Changes the row that an address names, or creates it. `created` says which. */
export function upsertRow(writer: Writer, located: Located, body: Body): { entry: Entry; created: boolean } {
  if (located.entry !== undefined) {
    return { entry: updateRow(writer, located.schema, located.entry, body), created: false }
  }
  const keyValues = { ...located.keyValues, ...(located.id === undefined ? {} : { [located.schema.id]: located.id }) }
  return { entry: createRow(writer, located.schema, body, keyValues), created: true }
}

/** Refuses a write to a row that has moved on. `header` is If-Match as sent; `*` and absence pass. */
export function checkVersion(schema: TableSchema, entry: Entry, header: string | undefined): void {
  if (header === undefined || header === '*') return
  if (!schema.optimisticConcurrency) {
    const message = `Optimistic concurrency isn't enabled for entity type ${schema.logical}. The IfVersionMatches value of ConcurrencyBehavior can only be used if optimistic concurrency is enabled.`
    throw new DataverseError(400, '0x8006088d', message)
  }
  if (header === etagOf(entry)) return
  throw new DataverseError(
    412,
    '0x80060882',
    "The version of the existing record doesn't match the RowVersion property provided.",
  )
}

/** The etag of a row. */
export function etagOf(entry: Entry): string {
  return `W/"${entry.version}"`
}

function reader(writer: Writer, schema: TableSchema, when: 'c' | 'u', body: Body): BodyReader {
  return new BodyReader(writer, schema, when, (target, nested) => createRow(writer, target, nested).key).read(body)
}

function createChildren(writer: Writer, parent: Located, name: string, bodies: readonly Body[]): void {
  const { schema, id = '' } = parent
  const [table = '', column = ''] = schema.collections?.[name] ?? []
  const child = writer.organization.describe(table)
  const navigation = navigationTo(child.columns[column], schema.logical)
  const address = `/${schema.set}(${id})`
  for (const body of bodies) createRow(writer, child, { ...body, [`${navigation}@odata.bind`]: address })
}

/** Who really asked, where somebody acts for another user. */
function behalf({ behind }: Writer, schema: TableSchema, columns: readonly string[]): Row {
  const known = columns.filter((column) => schema.columns[column] !== undefined)
  const values = known.map((column) => (behind === undefined ? {} : reference(column, 'systemuser', behind)))
  return Object.assign({}, ...values) as Row
}

/** What the platform fills into a new row. */
function defaults(writer: Writer, schema: TableSchema): Record<string, unknown> {
  const { organization, user } = writer
  const values: Record<string, unknown> = { ...behalf(writer, schema, ['createdonbehalfby', 'modifiedonbehalfby']) }
  for (const column of ['createdby', 'modifiedby']) {
    if (schema.columns[column] !== undefined) Object.assign(values, reference(column, 'systemuser', user))
  }
  if (schema.columns['ownerid'] !== undefined) Object.assign(values, reference('ownerid', 'systemuser', user))
  if (schema.columns['organizationid'] !== undefined && schema.logical !== 'organization') {
    const lookup = isLookup(schema.columns['organizationid'])
    values[lookup ? '_organizationid_value' : 'organizationid'] = organization.id
  }
  for (const [name, column] of Object.entries(schema.columns)) {
    if (column.type === 'Boolean' && column.access === undefined) values[name] = false
  }
  return values
}

/** Columns that the platform numbers or fills itself. */
const FILLED: ReadonlySet<string> = new Set(['ordernumber', 'quotenumber', 'invoicenumber'])

const REQUIRED_TYPES: ReadonlySet<string> = new Set(['String', 'Lookup', 'Decimal', 'Customer'])

function checkRequired(schema: TableSchema, row: Row): void {
  if (schema.ownership === 'BusinessUnitOwned') return
  for (const [name, column] of Object.entries(schema.columns)) {
    if (column.required !== 'SystemRequired' || !REQUIRED_TYPES.has(column.type) || column.access === '') continue
    const value = row[isLookup(column) ? `_${name}_value` : name] ?? null
    if (value === null && !FILLED.has(name)) {
      throw new DataverseError(400, '0x80040200', `The required field '${name}' of ${schema.logical} is missing.`)
    }
  }
}

/** An alternate key is taken once; blanks do not count. */
function checkKeys(organization: Organization, schema: TableSchema, row: Row, own: string | undefined): void {
  const table = organization.table(schema.logical)
  for (const names of schema.keys) {
    const properties = names.map((name) =>
      schema.columns[name] && isLookup(schema.columns[name]) ? `_${name}_value` : name,
    )
    if (properties.some((property) => (row[property] ?? null) === null)) continue
    const [first = ''] = properties
    const twin = table
      .lookup(first, [row[first]])
      .some(
        (other) =>
          other.key !== own && properties.every((name) => indexValue(other.row[name]) === indexValue(row[name])),
      )
    if (!twin) continue
    const message = `Entity Key ${names.join('_')} violated. A record with the same value for ${names.join(', ')} already exists. A duplicate record cannot be created. Select one or more unique values and try again.`
    throw new DataverseError(412, '0x80060892', message)
  }
}

function detectDuplicates(organization: Organization, schema: TableSchema, row: Row): void {
  if (organization.options.duplicateDetection !== true) return
  const name = indexValue(row[schema.name])
  if (
    name === null ||
    organization.table(schema.logical).find((other) => indexValue(other[schema.name]) === name).length === 0
  ) {
    return
  }
  const message = 'A record was not created or updated because a duplicate of the current record already exists.'
  throw new DataverseError(412, '0x80040333', message)
}

function insert(organization: Organization, schema: TableSchema, row: Row): Entry {
  try {
    return organization.table(schema.logical).insert(row)
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error
    throw new DataverseError(412, '0x80040237', 'A record with matching key values already exists.')
  }
}

/** The row that an address names. Throws 404. */
export function existing(organization: Organization, schema: TableSchema, key: string): Entry {
  const located = locate(organization, schema, key)
  if (located.entry === undefined) throw notThere(located)
  return located.entry
}

/** Refuses what a table cannot do at all. */
export function checkWritable(schema: TableSchema): void {
  if (schema.logical === 'organization') throw refused('The organization row is changed in the administration only.')
}
