/** What stands behind a row in an address: a property, a navigation, `$ref`, `$count`, a bound action. */

import { rowAction } from './dataverse-actions.ts'
import { resolveReference } from './dataverse-address.ts'
import { association } from './dataverse-association.ts'
import type { Located, Segment } from './dataverse-address.ts'
import { acted, bodyOf, context, count, CRM, found, json, methodNotAllowed, VERSION } from './dataverse-call.ts'
import type { Call } from './dataverse-call.ts'
import { readCollection, readRow } from './dataverse-collection.ts'
import { DataverseError, refused } from './dataverse-error.ts'
import { manyToMany } from './dataverse-platform-tables.ts'
import { countRows, relatedRows } from './dataverse-read.ts'
import { navigationTo } from './dataverse-schema.ts'
import type { TableSchema } from './dataverse-schema.ts'
import { updateRow } from './dataverse-write.ts'
import type { Answer } from './service.ts'
import type { Entry } from './table.ts'

/** Answers such an address. */
export function rowPart(call: Call, located: Located, part: Segment, last: Segment | undefined): Answer {
  const { schema } = located
  const between = manyToMany[schema.logical]?.[part.name]
  if (between !== undefined) return association(call, located, { navigation: between, part, last: last?.name })
  if (part.name.startsWith(CRM)) return bound(call, located, part.name.slice(CRM.length))
  if (schema.navigations.has(part.name)) return navigation(call, located, part.name, last?.name === '$ref')
  if (schema.collections?.[part.name] !== undefined) return related(call, located, part, last?.name)
  if (!schema.properties.has(part.name)) {
    throw new DataverseError(404, '0x80060888', `Resource not found for the segment '${part.name}'.`)
  }
  return property(call, schema, found(located), part.name)
}

/** A function or action bound to the row. */
function bound(call: Call, located: Located, name: string): Answer {
  const { key } = found(located)
  if (name === 'RetrieveUserPrivileges' && located.schema.logical === 'systemuser')
    return acted(call, { RolePrivileges: call.organization.security.privilegesOf(key) })
  return acted(call, rowAction(call.writer, located.schema, key, name))
}

function property(call: Call, schema: TableSchema, entry: Entry, name: string): Answer {
  const { request, writer } = call
  switch (request.method) {
    case 'GET': {
      const value = entry.row[name] ?? null
      if (value === null) return { status: 204, headers: VERSION }
      return json(call, 200, { '@odata.context': context(call, `${schema.set}(${entry.key})/${name}`), value })
    }
    case 'PUT':
      updateRow(writer, schema, entry, { [name]: bodyOf(request)['value'] })
      return { status: 204, headers: VERSION }
    case 'DELETE':
      updateRow(writer, schema, entry, { [name]: null })
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
  const { organization, request } = call
  const { schema } = located
  const parent = found(located)
  const rows = relatedRows(organization, schema, part.name, parent.key)
  const child = organization.describe(schema.collections?.[part.name]?.[0] ?? '')
  if (last === '$count') return count(countRows({ ...call, schema: child, among: rows }))
  if (request.method === 'GET') return readCollection(call, child, rows)
  if (last !== '$ref') throw methodNotAllowed(request.method)
  associate(call, located, part, child)
  return { status: 204, headers: VERSION }
}

/** Points the other row at this one (POST), or away from it (DELETE): the lookup stands in the other row. */
function associate(call: Call, located: Located, part: Segment, child: TableSchema): void {
  const { organization, request, query, writer } = call
  const { schema } = located
  const address = request.method === 'POST' ? bodyOf(request)['@odata.id'] : query.options.get('$id')
  const [, column = ''] = schema.collections?.[part.name] ?? []
  const navigation = navigationTo(child.columns[column], schema.logical)
  if (part.key === undefined && typeof address !== 'string') throw refused('The address of the other row is missing.')
  const other =
    part.key === undefined
      ? resolveReference(organization, address as string, writer.contentIds).entry
      : organization.row(child.logical, part.key)
  const value = request.method === 'POST' ? `/${schema.set}(${found(located).key})` : null
  updateRow(writer, child, other, { [`${navigation}@odata.bind`]: value })
}
