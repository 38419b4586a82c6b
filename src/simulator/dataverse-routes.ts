/** From a request to what is done with it: addresses, verbs, conditions, the form of the answer. */

import { collectionAction, freeAction, rowAction } from './dataverse-actions.ts'
import type { ActionResult } from './dataverse-actions.ts'
import { locate, notThere, resolveReference, segmentsOf } from './dataverse-address.ts'
import type { Located, Segment } from './dataverse-address.ts'
import { applyRows } from './dataverse-apply.ts'
import type { Body, Writer } from './dataverse-body.ts'
import { checkTrackable, countChanges, readChanges, tokenOf } from './dataverse-changes.ts'
import { csdl, serviceDocument } from './dataverse-csdl.ts'
import { badPayload, DataverseError, refused } from './dataverse-error.ts'
import { readMetadata } from './dataverse-metadata.ts'
import type { Organization } from './dataverse-organization.ts'
import { readPreferences } from './dataverse-preferences.ts'
import type { Preferences } from './dataverse-preferences.ts'
import { countRows, dialect, readPage, relatedRows, shower } from './dataverse-read.ts'
import type { TableSchema } from './dataverse-schema.ts'
import { checkVersion, checkWritable, createRow, deleteRow, etagOf, updateRow, upsertRow } from './dataverse-write.ts'
import { parseQuery } from './query.ts'
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

const ROOT = /^\/api\/data\/v9\.\d\//u
const CRM = 'Microsoft.Dynamics.CRM.'

/** Serves one request that is no batch. Throws `DataverseError` and `QueryError`. */
export function serveRequest(
  organization: Organization,
  request: Incoming,
  contentIds: ReadonlyMap<string, string>,
): Answer {
  const version = ROOT.exec(request.path)?.[0]
  if (version === undefined) throw new DataverseError(404, '', `No service at ${request.path}.`)
  const call: Call = {
    organization,
    request,
    query: parseQuery(request.query, dialect),
    preferences: readPreferences(request.headers['prefer']),
    root: request.origin + version,
    writer: {
      organization,
      user: organization.userOf(request.caller),
      contentIds,
      detectDuplicates: request.headers['mscrm.suppressduplicatedetection']?.toLowerCase() === 'false',
    },
  }
  return route(call, segmentsOf(request.path.slice(version.length)))
}

function route(call: Call, segments: readonly Segment[]): Answer {
  const { organization, request } = call
  const [first, ...rest] = segments
  if (first === undefined)
    return json(call, 200, { '@odata.context': context(call, ''), ...serviceDocument(organization.schema) })
  if (first.name === '$metadata') return text('application/xml', csdl(organization.schema))
  if (first.name === 'EntityDefinitions') {
    const found = readMetadata(organization.schema, segments, call.query) as Record<string, unknown>
    return json(call, 200, { '@odata.context': context(call, 'EntityDefinitions'), ...found })
  }
  const schema = organization.schema.bySet.get(first.name)
  if (schema === undefined) return unbound(call, first.name)
  if (request.method !== 'GET') checkWritable(schema)
  if (first.key === undefined) return collection(call, schema, rest)
  return row(call, locate(organization, schema, first.key), rest)
}

function unbound(call: Call, name: string): Answer {
  const { organization, request, writer } = call
  if (request.method === 'POST') return acted(call, freeAction(writer, name, bodyOf(request)))
  if (name !== 'WhoAmI') throw new DataverseError(404, '0x80060888', `Resource not found for the segment '${name}'.`)
  return json(call, 200, {
    '@odata.context': context(call, `${CRM}WhoAmIResponse`),
    BusinessUnitId: organization.rootUnit(),
    UserId: writer.user,
    OrganizationId: organization.id,
  })
}

function collection(call: Call, schema: TableSchema, rest: readonly Segment[]): Answer {
  const { request, organization, query } = call
  const [part] = rest
  if (part?.name === '$count') {
    const token = query.options.get('$deltatoken')
    return count(token === undefined ? countRows({ ...call, schema }) : countChanges(organization, schema, token))
  }
  if (part !== undefined && request.method === 'POST') {
    return acted(call, collectionAction(call.writer, schema, part.name.replace(CRM, ''), bodyOf(request)))
  }
  if (part !== undefined)
    throw new DataverseError(404, '0x80060888', `Resource not found for the segment '${part.name}'.`)
  if (request.method === 'GET') return readCollection(call, schema)
  if (request.method !== 'POST') throw methodNotAllowed(request.method)
  return written(call, schema, createRow(call.writer, schema, bodyOf(request)), true)
}

function readCollection(call: Call, schema: TableSchema, among?: readonly Entry[]): Answer {
  const { organization, query, preferences } = call
  const apply = query.options.get('$apply')
  if (apply !== undefined) {
    return json(call, 200, {
      '@odata.context': context(call, schema.set),
      value: applyRows(organization, schema, apply),
    })
  }
  if (preferences.trackChanges || query.options.has('$deltatoken')) return readTracked(call, schema)
  const page = readPage({ ...call, schema, ...(among && { among }) })
  return json(call, 200, {
    '@odata.context': context(call, selection(schema.set, query)),
    ...counts(call, page.total),
    value: page.rows,
    ...(page.next === undefined ? {} : { '@odata.nextLink': link(call, { $skiptoken: page.next }) }),
  })
}

function counts({ preferences }: Call, total: number | undefined): Record<string, unknown> {
  const most = 5000
  const annotated = preferences.annotation(`${CRM}totalrecordcount`)
  return {
    ...(total === undefined ? {} : { '@odata.count': Math.min(total, most) }),
    ...(annotated ? { [`@${CRM}totalrecordcount`]: total === undefined ? -1 : Math.min(total, most) } : {}),
    ...(annotated ? { [`@${CRM}totalrecordcountlimitexceeded`]: (total ?? 0) > most } : {}),
  }
}

/** A first look hands out all rows and a token of the moment it began; later looks hand out what changed since. */
function readTracked(call: Call, schema: TableSchema): Answer {
  const { organization, query, preferences } = call
  checkTrackable(schema, query)
  if (query.options.has('$deltatoken')) {
    const page = readChanges(organization, schema, query, preferences)
    const more = page.next === undefined ? undefined : link(call, { $skiptoken: page.next })
    const context_ = context(call, `${selection(schema.set, query)}/$delta`)
    const rows = page.rows.map((shown) => absoluteContext(call, shown))
    return json(call, 200, { '@odata.context': context_, value: rows, ...following(call, more, page.token) })
  }
  const cookie = query.options.get('$skiptoken')
  const began = /istracking="True" version="(?<version>\d+)"/u.exec(cookie ?? '')?.groups?.['version']
  const token = tokenOf(organization, began === undefined ? organization.world.version() : Number(began))
  const page = readPage({ ...call, schema })
  const tracking = `istracking="True" version="${token.split('!', 1)[0]}"`
  const next = page.next?.replace('istracking="False"', tracking)
  const more = next === undefined ? undefined : link(call, { $skiptoken: next })
  return json(call, 200, {
    '@odata.context': context(call, selection(schema.set, query)),
    value: page.rows,
    ...following(call, more, token),
  })
}

function absoluteContext(call: Call, shown: Record<string, unknown>): Record<string, unknown> {
  const own = shown['@odata.context']
  return typeof own === 'string' ? { ...shown, '@odata.context': call.root + own } : shown
}

function following(call: Call, more: string | undefined, token: string): Record<string, string> {
  return more === undefined
    ? { '@odata.deltaLink': link(call, { $deltatoken: token }, ['$skiptoken']) }
    : { '@odata.nextLink': more }
}

function row(call: Call, located: Located, rest: readonly Segment[]): Answer {
  const { request, writer, organization } = call
  const [part, last] = rest
  if (part !== undefined) return rowPart(call, located, part, last)
  const { schema, entry } = located
  const condition = request.headers['if-match']
  switch (request.method) {
    case 'GET':
      return readRow(call, schema, found(located))
    case 'PATCH':
      return patch(call, located, condition)
    case 'DELETE':
      checkVersion(schema, found(located), condition)
      deleteRow({ ...writer, organization }, schema, entry as Entry)
      return { status: 204, headers: VERSION }
    default:
      throw methodNotAllowed(request.method)
  }
}

function patch(call: Call, located: Located, condition: string | undefined): Answer {
  const { request, writer } = call
  const { schema, entry } = located
  if (condition !== undefined) checkVersion(schema, found(located), condition)
  if (entry !== undefined && request.headers['if-none-match'] === '*') {
    throw new DataverseError(412, '0x80060882', 'A record with matching key values already exists.')
  }
  const result = upsertRow(writer, located, bodyOf(request))
  return written(call, schema, result.entry, result.created)
}

function readRow(call: Call, schema: TableSchema, entry: Entry): Answer {
  const { request, organization, query, preferences } = call
  const known = request.headers['if-none-match']
  if (known === etagOf(entry) && schema.optimisticConcurrency && query.expand.length === 0)
    return { status: 304, headers: VERSION }
  const shown = shower(organization, schema, query, preferences)(entry)
  return json(
    call,
    200,
    { '@odata.context': context(call, `${selection(schema.set, query)}/$entity`), ...shown },
    entry,
  )
}

/** What stands behind a row: a property, a navigation, `$ref`, `$count`, a bound action. */
function rowPart(call: Call, located: Located, part: Segment, last: Segment | undefined): Answer {
  const { organization, request, writer } = call
  const { schema } = located
  if (part.name.startsWith(CRM))
    return acted(call, rowAction(writer, schema, found(located).key, part.name.slice(CRM.length)))
  if (schema.navigations.has(part.name)) return navigation(call, located, part.name, last?.name === '$ref')
  if (schema.collections?.[part.name] !== undefined) return related(call, located, part, last?.name)
  if (!schema.properties.has(part.name)) {
    throw new DataverseError(404, '0x80060888', `Resource not found for the segment '${part.name}'.`)
  }
  const entry = found(located)
  switch (request.method) {
    case 'GET': {
      const value = entry.row[part.name] ?? null
      if (value === null) return { status: 204, headers: VERSION }
      return json(call, 200, { '@odata.context': context(call, `${schema.set}(${entry.key})/${part.name}`), value })
    }
    case 'PUT':
      updateRow(writer, schema, entry, { [part.name]: bodyOf(request)['value'] })
      return { status: 204, headers: VERSION }
    case 'DELETE':
      updateRow({ ...writer, organization }, schema, entry, { [part.name]: null })
      return { status: 204, headers: VERSION }
    default:
      throw methodNotAllowed(request.method)
  }
}

function navigation(call: Call, located: Located, name: string, reference: boolean): Answer {
  const { organization, request, writer, root } = call
  const { schema } = located
  const entry = found(located)
  if (request.method === 'GET') {
    const target = organization.target(schema, schema.navigations.get(name)?.column ?? '', entry.row)
    if (target === undefined) return { status: 204, headers: VERSION }
    const other = organization.describe(target.table)
    if (!reference) return readRow(call, other, target.entry)
    const address = `${root}${other.set}(${target.entry.key})`
    return json(call, 200, { '@odata.context': context(call, '$ref'), '@odata.id': address })
  }
  if (!reference) throw methodNotAllowed(request.method)
  const address = request.method === 'DELETE' ? null : bodyOf(request)['@odata.id']
  updateRow(writer, schema, entry, { [`${name}@odata.bind`]: address })
  return { status: 204, headers: VERSION }
}

/** A collection-valued navigation: `accounts(…)/contact_customer_accounts[/$ref|/$count]`. */
function related(call: Call, located: Located, part: Segment, last: string | undefined): Answer {
  const { organization, request, query, writer } = call
  const { schema } = located
  const parent = found(located)
  const [table = '', column = ''] = schema.collections?.[part.name] ?? []
  const child = organization.describe(table)
  const rows = relatedRows(organization, schema, part.name, parent.key)
  if (last === '$count') return count(countRows({ ...call, schema: child, among: rows }))
  if (request.method === 'GET') return readCollection(call, child, rows)
  if (last !== '$ref') throw methodNotAllowed(request.method)
  const address = request.method === 'POST' ? bodyOf(request)['@odata.id'] : (query.options.get('$id') ?? part.key)
  if (typeof address !== 'string') throw refused('The address of the other row is missing.')
  const other =
    part.key === undefined
      ? resolveReference(organization, address, writer.contentIds).entry
      : organization.row(table, part.key)
  const [bind = ''] =
    Object.entries(child.columns[column]?.to ?? {}).find(([, to]) => to.includes(schema.logical)) ?? []
  const value = request.method === 'POST' ? `/${schema.set}(${parent.key})` : null
  updateRow(writer, child, other, { [`${bind}@odata.bind`]: value })
  return { status: 204, headers: VERSION }
}

const VERSION = { 'OData-Version': '4.0' }

function found(located: Located): Entry {
  if (located.entry === undefined) throw notThere(located)
  return located.entry
}

function methodNotAllowed(method: string): DataverseError {
  return new DataverseError(405, '0x80060888', `The requested resource does not support http method '${method}'.`)
}

function bodyOf(request: Incoming): Body {
  try {
    return JSON.parse(request.body === '' ? '{}' : request.body) as Body
  } catch {
    throw badPayload(request.path, 'Microsoft.OData.ODataException: The body is not well-formed JSON.')
  }
}

/** The answer to a write: the address, or the row where `return=representation` was asked for. */
function written(call: Call, schema: TableSchema, entry: Entry, created: boolean): Answer {
  const { organization, preferences, query, root } = call
  if (!preferences.representation) {
    return { status: 204, headers: { ...VERSION, 'OData-EntityId': `${root}${schema.set}(${entry.key})` } }
  }
  const shown = shower(organization, schema, query, preferences)(entry)
  const body = { '@odata.context': context(call, `${selection(schema.set, query)}/$entity`), ...shown }
  return json(call, created ? 201 : 200, body, entry)
}

function acted(call: Call, result: ActionResult): Answer {
  if (result === undefined) return { status: 204, headers: VERSION }
  return json(call, 200, { '@odata.context': context(call, `${CRM}Response`), ...result })
}

function json(call: Call, status: number, body: object, entry?: Entry): Answer {
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

function text(type: string, body: string): Answer {
  return { status: 200, headers: { 'Content-Type': type, ...VERSION }, body }
}

/** `$count` is plain text and begins with a byte order mark. */
function count(value: number): Answer {
  return text('text/plain', `\uFEFF${value}`)
}

function context({ root }: Call, what: string): string {
  return `${root}$metadata${what === '' ? '' : `#${what}`}`
}

function selection(set: string, { select }: Query): string {
  return select === undefined ? set : `${set}(${select.join(',')})`
}

/** The address of this request with other options in place of its own. */
function link({ root, request, query }: Call, set: Record<string, string>, drop: readonly string[] = []): string {
  const options = new Map(query.options)
  for (const name of drop) options.delete(name)
  for (const [name, value] of Object.entries(set)) options.set(name, value)
  const pairs = [...options].map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return `${root}${request.path.replace(ROOT, '')}?${pairs.join('&')}`
}
