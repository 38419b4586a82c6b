/** The part of an address behind `/api/data/v9.2/`: segments, keys, references in bodies. */

import { absent, DataverseError, refused } from './dataverse-error.ts'
import type { Organization } from './dataverse-organization.ts'
import type { TableSchema } from './dataverse-schema.ts'
import { isLookup } from './dataverse-schema.ts'
import { isGuid, toStored } from './dataverse-values.ts'
import { indexValue } from './table.ts'
import type { Entry } from './table.ts'

/** One step of a path: `accounts(…)`. */
export interface Segment {
  readonly name: string
  /** What stands in the parentheses; undefined without them. */
  readonly key: string | undefined
}

/** A row that an address names: by id, or by an alternate key that may not be there yet. */
export interface Located {
  readonly schema: TableSchema
  readonly entry: Entry | undefined
  /** The id, when the address says it. */
  readonly id: string | undefined
  /** The key's columns as stored, copied into a row that an upsert creates. */
  readonly keyValues: Readonly<Record<string, unknown>>
}

/** Splits a path. Slashes inside quotes and parentheses belong to a key. */
export function segmentsOf(path: string): Segment[] {
  const segments: string[] = []
  let [from, depth, quoted] = [0, 0, false]
  const raw = path.replaceAll('%27', "'").replaceAll('%28', '(').replaceAll('%29', ')')
  for (let at = 0; at <= raw.length; at++) {
    const char = raw[at]
    if (char === "'") quoted = !quoted
    else if (!quoted && char === '(') depth++
    else if (!quoted && char === ')') depth--
    if (at < raw.length && (char !== '/' || quoted || depth > 0)) continue
    if (at > from) segments.push(decodeURIComponent(raw.slice(from, at)))
    from = at + 1
  }
  return segments.map((segment) => {
    const match = /^(?<name>[^(]+)\((?<key>.*)\)$/su.exec(segment)?.groups
    return { name: match?.['name'] ?? segment, key: match?.['key'] }
  })
}

/** Finds what `set(key)` names. Throws 400 for a key that the table does not have. */
export function locate(organization: Organization, schema: TableSchema, key: string): Located {
  const table = organization.table(schema.logical)
  const id = key.startsWith(`${schema.id}=`) ? key.slice(schema.id.length + 1) : key
  if (isGuid(id)) {
    const bare = id.replaceAll(/[{}]/gu, '').toLowerCase()
    return { schema, entry: table.get(bare), id: bare, keyValues: {} }
  }
  const keyValues = alternateKey(schema, key)
  const [first = ''] = Object.keys(keyValues)
  const found = (table.indexed(first) ? table.lookup(first, [keyValues[first]]) : [...table.entries()]).filter(
    (entry) => Object.entries(keyValues).every(([name, value]) => indexValue(entry.row[name]) === indexValue(value)),
  )
  return { schema, entry: found[0], id: undefined, keyValues }
}

/** The refusal for a row that an address names and that is not there. */
export function notThere({ schema, id }: Located): DataverseError {
  if (id !== undefined) return absent(schema.logical, id)
  const message = `A record with the specified key values does not exist in ${schema.logical} entity`
  return new DataverseError(404, '0x80060891', message)
}

function alternateKey(schema: TableSchema, key: string): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  const parts = /(?<name>\w+)=(?<value>'(?:[^']|'')*'|[^,]*)(?:,|$)/gu
  for (const { groups } of key.matchAll(parts)) {
    const property = groups?.['name'] ?? ''
    const column = schema.properties.get(property)
    const text = groups?.['value'] ?? ''
    if (column === undefined) throw refused(`'${property}' is not a column of ${schema.logical}.`, '0x80060888')
    values[property] = keyValue(schema, column, text)
  }
  const columns = Object.keys(values).map((property) => schema.properties.get(property))
  const known = schema.keys.some(
    (names) => names.length === columns.length && names.every((name) => columns.includes(name)),
  )
  if (known) return values
  throw refused(`The specified key attributes are not a defined key for the ${schema.logical} entity`, '0x80060890')
}

function keyValue(schema: TableSchema, name: string, text: string): unknown {
  const column = schema.columns[name]
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'")
  return column !== undefined && isLookup(column) ? text.toLowerCase() : toStored(schema, name, JSON.parse(text))
}

/** What a reference in a body names: `/accounts(…)`, `accounts(…)`, a whole address, or `$1` in a change set. */
export function resolveReference(
  organization: Organization,
  text: string,
  contentIds: ReadonlyMap<string, string>,
): { readonly table: string; readonly entry: Entry } {
  const declared = text.startsWith('$') ? contentIds.get(text.slice(1)) : text
  if (declared === undefined) throw undeclared(text)
  const path = declared.replace(/^https?:\/\/[^/]+\/api\/data\/v9\.\d\//u, '').replace(/^\//u, '')
  const [segment] = segmentsOf(path)
  if (segment?.key === undefined) throw refused(`Invalid URI: ${text}`, '0x80048d19')
  const located = locate(organization, organization.describeSet(segment.name), segment.key)
  if (located.entry === undefined) throw notThere(located)
  return { table: located.schema.logical, entry: located.entry }
}

/** A `$n` that no earlier part of the change set has declared: the one refusal that is plain text. */
export class UndeclaredContentId extends DataverseError {}

/** Makes that refusal. */
export function undeclared(text: string): UndeclaredContentId {
  return new UndeclaredContentId(400, '', `Content-ID Reference: '${text}' does not exist in the batch context.`)
}
