/**
 * A service counts requests by who makes them, so targets that log in alike share its limits. A connection's `budget`
 * says what they may take together; each of them takes an equal part, whether the others run at that moment or not: so
 * the sum is never exceeded, and no runner has to know of another.
 */
import { type Auth, type Side, sideName } from './config.ts'
import type { Budget, Connection, Sharing } from './connection-types.ts'
import { type ReadConnection, readConnection } from './connection.ts'
import type { Finding } from './layers.ts'
import { merge } from './merge.ts'
import type { ProjectFile } from './schema-types.ts'
import type { Secrets } from './secrets.ts'

/** The files that say who else logs in. */
export interface Targets {
  readonly project: ProjectFile | undefined
  /** Overlays of targets/ by name; undefined where a file cannot be read. */
  readonly overlays: ReadonlyMap<string, ProjectFile | undefined>
  /** The overlay in use. */
  readonly target: string | undefined
}

/** A side as it was read, with the part of its budget that is this target's own. */
export function withShare(read: ReadConnection, side: Side, targets: Targets, secrets: Secrets): ReadConnection {
  const path = ['connections', side, 'budget']
  const stated = targets.overlays.get(targets.target ?? '')?.connections?.[side]?.budget
  const misplaced = { path, message: 'is shared by all targets: write it into couplet.yaml', key: true }
  if (stated !== undefined) return spoilt(read, [misplaced])
  const { connection, findings } = read
  if (connection === undefined) return read
  const sharing = sharingOf(connection, targets, secrets)
  if (sharing === undefined) return read
  const small = Object.entries(sharing.share).filter(([, part]) => part === 0)
  if (small.length > 0)
    return spoilt(
      read,
      small.map(([key]) => ({ path: [...path, key], message: tooSmall(side, sharing.targets) })),
    )
  const maxParallel = Math.min(connection.maxParallel, sharing.share.parallel ?? Infinity)
  return { connection: { ...connection, maxParallel, sharing }, findings }
}

const spoilt = (read: ReadConnection, more: readonly Finding[]): ReadConnection => ({
  connection: undefined,
  findings: [...read.findings, ...more],
})

/** Undefined where nobody else logs in, and no budget was stated. */
function sharingOf(own: Connection, targets: Targets, secrets: Secrets): Sharing | undefined {
  const budget = targets.project?.connections?.[own.side]?.budget
  const names = sharers(own, targets, secrets)
  if (budget === undefined && names.length < 2) return undefined
  return { targets: names, budget, share: shareOf(budget ?? {}, Math.max(1, names.length)) }
}

const tooSmall = (side: Side, names: readonly string[]): string =>
  `is less than one for each of the ${names.length} targets that log in to ${sideName[side]} as this identity (${names.join(', ')})`

const shareOf = (budget: Budget, count: number): Budget =>
  Object.fromEntries(Object.entries(budget).map(([key, whole]) => [key, Math.floor(whole / count)]))

/** Names of the targets that log in to a side as this connection does, or may do so as far as can be seen from here. */
function sharers(own: Connection, { project, overlays, target }: Targets, secrets: Secrets): readonly string[] {
  const { side } = own
  return [...overlays].flatMap(([name, overlay]) => {
    if (name === target) return [name]
    const { connection } = readConnection(side, merge({ ...project }, { ...overlay }) as ProjectFile, {
      secrets,
      complete: false,
    })
    if (connection?.enabled === false) return []
    return connection === undefined || mayBeOne(own, connection) ? [name] : []
  })
}

/** What is not known here, because another runner has the variable, may be the same. */
const mayBeOne = (one: Connection, other: Connection): boolean =>
  maySame(originOf(one), originOf(other)) &&
  identityOf(one.auth).every((part, at) => maySame(part, identityOf(other.auth)[at]))

/** Business Central counts a user's requests to all its environments; a Dataverse environment counts its own. */
const originOf = ({ url }: Connection): string => (url === '' ? '' : new URL(url).origin)

/** The login and, where it has one, its tenant. */
function identityOf(auth: Auth): readonly string[] {
  if (auth.method === 'basic') return [auth.user]
  if (auth.method === 'managed-identity') return [auth.clientId ?? '']
  return [auth.clientId, auth.tenant]
}

const maySame = (one: string, other: string | undefined): boolean =>
  other === undefined ||
  one === '' ||
  other === '' ||
  isId(one) !== isId(other) ||
  one.toLowerCase() === other.toLowerCase()

/** A tenant is named by its id or by one of its domains, and which belongs to which cannot be seen here. */
const isId = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
