/** Rows as the Web API shows them: the columns asked for, with the annotations asked for. */

import type { Organization } from './dataverse-organization.ts'
import type { Preferences } from './dataverse-preferences.ts'
import { isLookup, navigationTo } from './dataverse-schema.ts'
import type { Column, TableSchema } from './dataverse-schema.ts'
import { QueryError } from './query-syntax.ts'
import type { Entry, Row } from './table.ts'

/** Name of the annotation with a value as a person reads it. */
export const FORMATTED = 'OData.Community.Display.V1.FormattedValue'
const TARGET = 'Microsoft.Dynamics.CRM.lookuplogicalname'
const NAVIGATION = 'Microsoft.Dynamics.CRM.associatednavigationproperty'

/** Shows one entry. */
export type Show = (entry: Entry) => Record<string, unknown>

/** Prepares showing rows of a table. `select` absent = all columns. Throws `QueryError` for an unknown column. */
export function rowShower(
  organization: Organization,
  schema: TableSchema,
  select: readonly string[] | undefined,
  preferences: Pick<Preferences, 'annotation'>,
): Show {
  const shown = selected(schema, select)
  const annotate = annotator(organization, schema, preferences)
  return (entry) => {
    const result: Record<string, unknown> = { '@odata.etag': `W/"${entry.version}"` }
    for (const [property, name] of shown) {
      const value = entry.row[property] ?? null
      if (value !== null) annotate(result, property, name, entry.row)
      result[property] = value
    }
    return result
  }
}

/** Properties to show, with their columns: the key always, and the currency beside an amount. */
function selected(schema: TableSchema, select: readonly string[] | undefined): ReadonlyMap<string, string> {
  if (select === undefined) return schema.properties
  const shown = new Map<string, string>()
  for (const property of select) {
    const name = schema.properties.get(property)
    if (name !== undefined) shown.set(property, name)
    // Selecting a navigation property gives nothing here; the real service ignores it too.
    else if (!schema.navigations.has(property) && schema.collections?.[property] === undefined)
      throw unknown(schema, property)
    if (schema.columns[property]?.type === 'Money' && schema.columns['transactioncurrencyid'] !== undefined) {
      shown.set('_transactioncurrencyid_value', 'transactioncurrencyid')
    }
  }
  return shown.set(schema.id, schema.id)
}

/** The refusal of a property that a table does not have. */
export function unknown(schema: TableSchema, property: string): QueryError {
  const message = `Could not find a property named '${property}' on type 'Microsoft.Dynamics.CRM.${schema.logical}'.`
  return new QueryError(message, '0x80060888')
}

type Annotate = (result: Record<string, unknown>, property: string, name: string, row: Row) => void

function annotator(
  organization: Organization,
  schema: TableSchema,
  preferences: Pick<Preferences, 'annotation'>,
): Annotate {
  const [formatted, target, navigation] = [FORMATTED, TARGET, NAVIGATION].map((name) => preferences.annotation(name))
  return (result, property, name, row) => {
    const column = schema.columns[name]
    if (column === undefined) return
    if (formatted === true) {
      const text = formattedValue(organization, schema, name, row)
      if (text !== undefined) result[`${property}@${FORMATTED}`] = text
    }
    if (!isLookup(column)) return
    const table = organization.targetTable(schema, name, row)
    if (target === true) result[`${property}@${TARGET}`] = table
    if (navigation === true) result[`${property}@${NAVIGATION}`] = navigationTo(column, table)
  }
}

/** A value as a person reads it: names behind lookups, labels, amounts with their currency. */
export function formattedValue(
  organization: Organization,
  schema: TableSchema,
  name: string,
  row: Row,
): string | undefined {
  const column = schema.columns[name] as Column
  if (isLookup(column)) {
    const target = organization.target(schema, name, row)
    return target && ((target.entry.row[organization.describe(target.table).name] ?? undefined) as string | undefined)
  }
  const value = row[name]
  if (typeof value === 'number') return formattedNumber(organization, column, value, row)
  if (typeof value === 'boolean') return value ? 'Yes' : 'No'
  return column.type === 'DateTime' && typeof value === 'string' ? formattedMoment(value) : undefined
}

function formattedNumber(organization: Organization, column: Column, value: number, row: Row): string | undefined {
  if (column.options !== undefined) return column.options[String(value)]
  if (column.type === 'Money') {
    const id = row['_transactioncurrencyid_value'] as string | undefined
    const currency = organization.table('transactioncurrency').get(id ?? '')?.row
    const symbol = (currency?.['currencysymbol'] ?? '$') as string
    return `${symbol}${grouped(value, Number(currency?.['currencyprecision'] ?? 2))}`
  }
  return column.type === 'BigInt' || column.type === 'Integer'
    ? grouped(value, 0)
    : grouped(value, column.precision ?? 2)
}

function grouped(value: number, places: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: places, maximumFractionDigits: places })
}

function formattedMoment(text: string): string {
  const date = new Date(text)
  const day = `${date.getUTCMonth() + 1}/${date.getUTCDate()}/${date.getUTCFullYear()}`
  if (!text.includes('T')) return day
  const [hour, minute] = [date.getUTCHours(), String(date.getUTCMinutes()).padStart(2, '0')]
  return `${day} ${hour % 12 === 0 ? 12 : hour % 12}:${minute} ${hour < 12 ? 'AM' : 'PM'}`
}
