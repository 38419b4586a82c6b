/** Values in a request's body to stored ones, checked as the Web API checks them. */

import { badPayload, DataverseError, refused } from './dataverse-error.ts'
import type { Column, ColumnType, TableSchema } from './dataverse-schema.ts'

const GUID = /^\{?([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\}?$/iu

/** True for the text of a GUID. */
export function isGuid(text: string): boolean {
  return GUID.test(text)
}

/** Where a value stands, for the texts of refusals. */
interface Place {
  readonly schema: TableSchema
  readonly name: string
  readonly column: Column
}

/** The stored form of a value. Throws 400: wrong type, text too long, number out of range, no such option. */
export function toStored(schema: TableSchema, name: string, value: unknown): unknown {
  const column = schema.columns[name]
  if (column === undefined) throw badPayload(schema.set, `Microsoft.Crm.CrmException: Invalid property '${name}'.`)
  return value === null || value === '' ? null : CONVERT[column.type]({ schema, name, column }, value)
}

/** Rounds half away from zero, as the platform does. */
export function round(value: number, places: number): number {
  const shifted = Number(`${Math.abs(value)}e${places}`)
  return Number.isNaN(shifted) ? value : Math.sign(value) * Number(`${Math.round(shifted)}e-${places}`)
}

const CONVERT: Readonly<Record<ColumnType, (place: Place, value: unknown) => unknown>> = {
  BigInt: whole,
  Boolean: (place, value) => (typeof value === 'boolean' ? value : wrongType(place, value, 'Edm.Boolean')),
  Customer: noDirectLookup,
  DateTime: moment,
  Decimal: (place, value) => round(number(place, value), place.column.precision ?? 10),
  Double: (place, value) => round(number(place, value), place.column.precision ?? 5),
  EntityName: text,
  Integer: whole,
  Lookup: noDirectLookup,
  Memo: text,
  Money: (place, value) => round(number(place, value), place.column.precision ?? 4),
  Owner: noDirectLookup,
  Picklist: option,
  State: option,
  Status: option,
  String: text,
  Uniqueidentifier: (place, value) => {
    const match = typeof value === 'string' ? GUID.exec(value) : null
    return match === null ? wrongType(place, value, 'Edm.Guid') : (match[1] ?? '').toLowerCase()
  },
}

function text({ schema, name, column }: Place, value: unknown): string {
  if (typeof value !== 'string') return wrongType({ schema, name, column }, value, 'Edm.String')
  if (column.max !== undefined && value.length > column.max) {
    const message = `A validation error occurred. The length of the '${name}' attribute of the '${schema.logical}' entity exceeded the maximum allowed length of '${column.max}'.`
    throw new DataverseError(400, '0x80044331', message)
  }
  return value
}

function number(place: Place, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) return wrongType(place, value, 'Edm.Decimal')
  if (Math.abs(value) > (place.column.type === 'Money' ? 922_337_203_685_477 : 100_000_000_000)) {
    const message = `A validation error occurred. The value of '${place.name}' on record of type '${place.schema.logical}' is outside the valid range.`
    throw new DataverseError(400, '0x80044330', message)
  }
  return value
}

function whole(place: Place, value: unknown): number {
  return Number.isInteger(value) ? (value as number) : wrongType(place, value, 'Edm.Int32')
}

function option(place: Place, value: unknown): number {
  const chosen = whole(place, value)
  const { options } = place.column
  if (options === undefined || String(chosen) in options) return chosen
  const accepted = Object.keys(options).join(',')
  const message = `A validation error occurred. The value ${chosen} of '${place.name}' on record of type '${place.schema.logical}' is outside the valid range. Accepted Values: ${accepted}`
  throw new DataverseError(400, '0x8004431a', message)
}

function moment(place: Place, value: unknown): string {
  const dateOnly = place.column.dateOnly === true
  const fits = dateOnly ? /^\d{4}-\d{2}-\d{2}$/u : /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/iu
  if (typeof value !== 'string' || !fits.test(value) || Number.isNaN(Date.parse(value))) {
    return wrongType(place, value, dateOnly ? 'Edm.Date' : 'Edm.DateTimeOffset')
  }
  if (Date.parse(value) < Date.UTC(1753, 0, 1)) {
    throw refused('DateTime is less than minumum value supported by CrmDateTime. Actual value: ' + value, '0x80040239')
  }
  return dateOnly ? value : `${new Date(value).toISOString().slice(0, 19)}Z`
}

function noDirectLookup({ schema }: Place): never {
  const message =
    'Microsoft.Crm.CrmException: CRM do not support direct update of Entity Reference properties, Use Navigation properties instead.'
  throw badPayload(schema.set, message)
}

function wrongType({ schema, name }: Place, value: unknown, type: string): never {
  const shown = JSON.stringify(value)
  const message = `Microsoft.OData.ODataException: Cannot convert the literal ${shown} to the expected type '${type}' of property '${name}'.`
  throw badPayload(schema.set, message)
}
