/** Many-to-many navigations: who holds which role, who is in which team. */

import { resolveReference } from './dataverse-address.ts'
import type { Located, Segment } from './dataverse-address.ts'
import { bodyOf, found, methodNotAllowed, VERSION } from './dataverse-call.ts'
import type { Call } from './dataverse-call.ts'
import { readCollection } from './dataverse-collection.ts'
import { DataverseError, refused } from './dataverse-error.ts'
import type { ManyToMany } from './dataverse-platform-tables.ts'
import type { Answer } from './service.ts'
import type { Entry } from './table.ts'

/** Answers `systemusers(…)/systemuserroles_association[/$ref]`. */
export function association(
  call: Call,
  located: Located,
  { navigation, part, last }: { navigation: ManyToMany; part: Segment; last: string | undefined },
): Answer {
  const { organization, request, query, writer } = call
  const own = found(located).key
  if (located.schema.logical === 'systemuser') organization.security.meet(own, undefined)
  const between = organization.table(navigation.between)
  const links = between.find((row) => row[navigation.own] === own)
  const target = organization.describe(navigation.target)
  if (request.method === 'GET') {
    const rows = links.flatMap((link): Entry[] => {
      const entry = organization.table(navigation.target).get(String(link.row[navigation.other]))
      return entry === undefined ? [] : [entry]
    })
    return readCollection(call, target, rows)
  }
  if (last !== '$ref') throw methodNotAllowed(request.method)
  if (navigation.target === 'role') organization.security.demand([writer.user], 'prvAssignRole', 'Global')
  const address = request.method === 'POST' ? bodyOf(request)['@odata.id'] : (query.options.get('$id') ?? undefined)
  const other = otherKey(call, navigation, part, address)
  const present = links.find((link) => link.row[navigation.other] === other)
  if (request.method === 'DELETE') {
    if (present !== undefined) between.delete(present.key)
  } else if (present === undefined) between.insert({ [navigation.own]: own, [navigation.other]: other })
  else throw new DataverseError(412, '0x80040237', 'Cannot insert duplicate key.')
  return { status: 204, headers: VERSION }
}

function otherKey(call: Call, { target }: ManyToMany, part: Segment, address: unknown): string {
  const { organization, writer } = call
  if (part.key !== undefined) return organization.row(target, part.key).key
  if (typeof address !== 'string') throw refused('The address of the other row is missing.')
  const { table, entry } = resolveReference(organization, address, writer.contentIds)
  if (table !== target) throw refused(`The address leads to ${table}, not to ${target}.`)
  return entry.key
}
