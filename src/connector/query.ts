/** Pure: literals, keys and filters of OData. */
import type { Column, Description, Row } from '../core/record.ts'

export type Value = string | number | boolean | null

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const whole = /^-?\d+$/
const decimal = /^-?\d+(\.\d+)?$/
/** What a text must look like to stand unquoted in a column of that type; anything else is quoted, so that no value ends its literal. */
const bare: Partial<Readonly<Record<Column['type'], RegExp>>> = {
  guid,
  lookup: guid,
  choice: whole,
  integer: whole,
  decimal,
  money: decimal,
  boolean: /^(true|false)$/,
  date: /^\d{4}-\d\d-\d\d$/,
  dateTime: /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/,
}

/** A value as filters and keys write it. */
export function literal(value: Value, column?: Pick<Column, 'type'>): string {
  if (value === null) return 'null'
  if (typeof value !== 'string') return String(value)
  const shape = column === undefined ? undefined : bare[column.type]
  if (shape === undefined || !shape.test(value)) return quote(value)
  return shape === guid ? value.toLowerCase() : value
}

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** The key of a row as addresses write it: a guid, `'10000'`, or `Item_No='1000',Code='PCS'`. Undefined when a part is absent. */
export function keyOf(row: Row, description: Pick<Description, 'key' | 'columns'>): string | undefined {
  const parts: string[] = []
  for (const name of description.key) {
    const value = row[name]
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined
    parts.push(literal(value, description.columns[name]))
  }
  if (parts.length === 1) return parts[0]
  return parts.map((part, index) => `${description.key[index]}=${part}`).join(',')
}

/** Ids that mean the same row are the same text: guids in lower case. */
export const sameId = (id: string): string => (guid.test(id) ? id.toLowerCase() : id)

/** Whether a text is a decimal in digits. */
export const isDecimal = (text: string): boolean => decimal.test(text)

export const isGuid = (text: string): boolean => guid.test(text)

/** `a and (b)`, leaving out what is not there. */
export function and(...filters: readonly (string | undefined)[]): string | undefined {
  const given = filters.filter((filter) => filter !== undefined && filter !== '')
  if (given.length < 2) return given[0]
  return given.map((filter) => `(${filter})`).join(' and ')
}

/** `p eq 1 or p eq 2` */
export const orChain = (property: string, literals: readonly string[]): string =>
  literals.map((text) => `${property} eq ${text}`).join(' or ')

/** Dataverse's In(), far shorter than a chain. Values with a quote, a backslash or a control character cannot stand in it. */
export const inList = (property: string, values: readonly string[]): string =>
  `Microsoft.Dynamics.CRM.In(PropertyName='${property}',PropertyValues=[${values.map((value) => `"${value}"`).join(',')}])`

/** True when In() can name the value. */
// oxlint-disable-next-line no-control-regex -- these are what is looked for
export const fitsInList = (value: string): boolean => !/["\\\u0000-\u001F]/.test(value)

/** The list in pieces of at most `size`. */
export function pieces<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  const out: T[][] = []
  for (let at = 0; at < list.length; at += size) out.push(list.slice(at, at + size))
  return out
}

/** Milliseconds that an incremental read reaches back: stamps can move backwards inside long transactions. */
const overlapMs = 15 * 60_000

/** Everything changed at or after the stamp, less the overlap. */
export function changedSince(property: string, stamp: string, column?: Pick<Column, 'type'>): string {
  const from = new Date(Date.parse(stamp) - overlapMs).toISOString()
  return `${property} ge ${column?.type === 'date' ? from.slice(0, 10) : from}`
}
