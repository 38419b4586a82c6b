/** From a request to what is done with it: addresses, verbs, conditions, the form of the answer. */

import { collectionAction, freeAction } from './dataverse-actions.ts'
import { locate, segmentsOf } from './dataverse-address.ts'
import type { Located, Segment } from './dataverse-address.ts'
import {
  acted,
  bodyOf,
  context,
  count,
  CRM,
  found,
  json,
  methodNotAllowed,
  ROOT,
  text,
  VERSION,
  written,
} from './dataverse-call.ts'
import type { Call } from './dataverse-call.ts'
import { countChanges } from './dataverse-changes.ts'
import { readCollection, readRow } from './dataverse-collection.ts'
import { csdl, serviceDocument } from './dataverse-csdl.ts'
import { DataverseError } from './dataverse-error.ts'
import { readMetadata } from './dataverse-metadata.ts'
import { rowPart } from './dataverse-navigation.ts'
import type { Organization } from './dataverse-organization.ts'
import { readPreferences } from './dataverse-preferences.ts'
import { countRows, dialect } from './dataverse-read.ts'
import type { TableSchema } from './dataverse-schema.ts'
import { privilegeName } from './dataverse-privileges.ts'
import type { Verb } from './dataverse-privileges.ts'
import { checkVersion, checkWritable, createRow, deleteRow, upsertRow } from './dataverse-write.ts'
import { parseQuery } from './query.ts'
import type { Answer, Incoming } from './service.ts'

/** Serves one request that is no batch. Throws `DataverseError` and `QueryError`. */
export function serveRequest(
  organization: Organization,
  request: Incoming,
  contentIds: ReadonlyMap<string, string>,
): Answer {
  const version = ROOT.exec(request.path)?.[0]
  if (version === undefined) throw new DataverseError(404, '', `No service at ${request.path}.`)
  const caller = organization.userOf(request.caller)
  const user = organization.security.actsAs(request, caller)
  const call: Call = {
    organization,
    request,
    query: parseQuery(request.query, dialect),
    preferences: readPreferences(request.headers['prefer']),
    root: request.origin + version,
    writer: {
      organization,
      user,
      ...(user !== caller && { behind: caller }),
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
  if (first.key === undefined) {
    demand(call, schema, request.method === 'POST' && rest.length === 0 ? 'Create' : 'Read')
    return collection(call, schema, rest)
  }
  const located = locate(organization, schema, first.key)
  if (rest.length === 0) demand(call, schema, verbOf(request.method, located))
  return row(call, located, rest)
}

/** The caller, and whom it acts for, must both hold the privilege; change tracking needs it over the organisation. */
function demand({ organization, writer, preferences, query }: Call, schema: TableSchema, verb: Verb): void {
  const isTracking = preferences.trackChanges || query.options.has('$deltatoken')
  const users = writer.behind === undefined ? [writer.user] : [writer.behind, writer.user]
  organization.security.demand(users, privilegeName(verb, schema), isTracking ? 'Global' : 'Basic')
}

function verbOf(method: string, { entry }: Located): Verb {
  if (method === 'PATCH') return entry === undefined ? 'Create' : 'Write'
  return method === 'DELETE' ? 'Delete' : 'Read'
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

function row(call: Call, located: Located, rest: readonly Segment[]): Answer {
  const { request, writer } = call
  const [part, last] = rest
  if (part !== undefined) return rowPart(call, located, part, last)
  const { schema } = located
  const condition = request.headers['if-match']
  switch (request.method) {
    case 'GET':
      return readRow(call, schema, found(located))
    case 'PATCH':
      return patch(call, located, condition)
    case 'DELETE':
      checkVersion(schema, found(located), condition)
      deleteRow(writer, schema, found(located))
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
