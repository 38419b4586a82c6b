/** One request to Dataverse as read, and the forms of its answer. */

import { notThere } from './dataverse-address.ts'
import type { Located } from './dataverse-address.ts'
import type { ActionResult } from './dataverse-actions.ts'
import type { Body, Writer } from './dataverse-body.ts'
import { badPayload, DataverseError } from './dataverse-error.ts'
import type { Organization } from './dataverse-organization.ts'
import type { Preferences } from './dataverse-preferences.ts'
import { shower } from './dataverse-read.ts'
import type { TableSchema } from './dataverse-schema.ts'
import { etagOf } from './dataverse-write.ts'
import type { Query } from './query.ts'
import type { Answer, Incoming } from './service.ts'
import type { Entry } from './table.ts'

/** One request, with everything that was read from it. */
export interface Call {
  readonly organization: Organization
  readonly request: Incoming
  readonly query: Query
  readonly preferences: Preferences
  readonly writer: Writer
  /** Address up to and with the version: `http://…/api/data/v9.2/`. */
  readonly root: string
}

/** Service root within an address. */
export const ROOT = /^\/api\/data\/v9\.\d\//u

/** Namespace of Dataverse's own types, functions and actions. */
export const CRM = 'Microsoft.Dynamics.CRM.'

/** On every answer. */
export const VERSION = { 'OData-Version': '4.0' }

/** The row that an address names. Throws 404. */
export function found(located: Located): Entry {
  if (located.entry === undefined) throw notThere(located)
  return located.entry
}

/** The refusal of a verb. */
export function methodNotAllowed(method: string): DataverseError {
  return new DataverseError(405, '0x80060888', `The requested resource does not support http method '${method}'.`)
}

/** The body as JSON. Throws 400. */
export function bodyOf(request: Incoming): Body {
  try {
    return JSON.parse(request.body === '' ? '{}' : request.body) as Body
  } catch {
    throw badPayload(request.path, 'Microsoft.OData.ODataException: The body is not well-formed JSON.')
  }
}

/** The answer to a write: the address, or the row where `return=representation` was asked for. */
export function written(call: Call, schema: TableSchema, entry: Entry, created: boolean): Answer {
  const { organization, preferences, query, root } = call
  if (!preferences.representation) {
    return { status: 204, headers: { ...VERSION, 'OData-EntityId': `${root}${schema.set}(${entry.key})` } }
  }
  const shown = shower(organization, schema, query, preferences)(entry)
  const body = { '@odata.context': context(call, `${selection(schema.set, query)}/$entity`), ...shown }
  return json(call, created ? 201 : 200, body, entry)
}

/** The answer to an action. */
export function acted(call: Call, result: ActionResult): Answer {
  if (result === undefined) return { status: 204, headers: VERSION }
  return json(call, 200, { '@odata.context': context(call, `${CRM}Response`), ...result })
}

/** An answer with a body; with the row's etag where it is about one. */
export function json(call: Call, status: number, body: object, entry?: Entry): Answer {
  const { applied } = call.preferences
  return {
    status,
    headers: {
      'Content-Type': 'application/json; odata.metadata=minimal',
      ...VERSION,
      ...(applied === '' ? {} : { 'Preference-Applied': applied }),
      ...(entry === undefined ? {} : { ETag: etagOf(entry) }),
    },
    body: JSON.stringify(body),
  }
}

/** An answer of another type. */
export function text(type: string, body: string): Answer {
  return { status: 200, headers: { 'Content-Type': type, ...VERSION }, body }
}

/** `$count` is plain text and begins with a byte order mark. */
export function count(value: number): Answer {
  return text('text/plain', `\uFEFF${value}`)
}

/** Address of the metadata that describes an answer. */
export function context({ root }: Call, what: string): string {
  return `${root}$metadata${what === '' ? '' : `#${what}`}`
}

/** A set with its selected columns, as context addresses name it. */
export function selection(set: string, { select }: Query): string {
  return select === undefined ? set : `${set}(${select.join(',')})`
}

/** The address of this request with other options in place of its own. */
export function link(
  { root, request, query }: Call,
  set: Record<string, string>,
  drop: readonly string[] = [],
): string {
  const options = new Map(query.options)
  for (const name of drop) options.delete(name)
  for (const [name, value] of Object.entries(set)) options.set(name, value)
  const pairs = [...options].map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return `${root}${request.path.replace(ROOT, '')}?${pairs.join('&')}`
}
