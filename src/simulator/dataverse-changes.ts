/** Change tracking: delta links, change tokens, tombstones. */

import { DataverseError, refused } from './dataverse-error.ts'
import type { Organization } from './dataverse-organization.ts'
import type { Preferences } from './dataverse-preferences.ts'
import { shower } from './dataverse-read.ts'
import type { TableSchema } from './dataverse-schema.ts'
import type { Query } from './query.ts'
import type { Change } from './table.ts'

/** A place in the order of all writes, with the moment at which it was given out. */
interface Token {
  readonly version: number
  readonly moment: number
}

/** One page of changes. */
export interface ChangePage {
  readonly rows: Record<string, unknown>[]
  /** `$skiptoken` of the next page; undefined at the end. */
  readonly next: string | undefined
  /** Token for the next look, to be given out with the last page. */
  readonly token: string
}

const MAX_PAGE = 5000

/** Refuses what cannot be combined with change tracking, and tables where it is off. */
export function checkTrackable(schema: TableSchema, query: Query): void {
  if (!schema.changeTracking) {
    throw refused(`Entity: ${schema.logical} is not enabled for change tracking.`, '0x80060309')
  }
  for (const option of ['$filter', '$orderby', '$expand', '$top']) {
    if (!query.options.has(option)) continue
    throw refused(`The \\"${option}\\" query parameter isn't supported when change tracking is enabled.`, '0x80060888')
  }
}

/** The token that stands for now. */
export function tokenOf(organization: Organization, version = organization.world.version()): string {
  const [date = '', time = ''] = organization.world.now().toISOString().slice(0, 19).split('T')
  const [year = '', month = '', day = ''] = date.split('-')
  return `${version}!${month}/${day}/${year} ${time}`
}

/** How many rows were written or deleted since a token. */
export function countChanges(organization: Organization, schema: TableSchema, token: string): number {
  return organization.table(schema.logical).changesSince(readToken(organization, schema, token).version).length
}

/** Reads a page of changes: rows in the order of their last write, then what was deleted. */
export function readChanges(
  organization: Organization,
  schema: TableSchema,
  query: Query,
  preferences: Preferences,
): ChangePage {
  const since = readToken(organization, schema, query.options.get('$deltatoken') ?? '')
  const place = readPlace(query.options.get('$skiptoken'), organization.world.version())
  const changes = organization.table(schema.logical).changesSince(since.version)
  // What is written again while the pages are read belongs to the next look.
  const ordered = [...changes]
    .sort((a, b) => Number(a.entry === undefined) - Number(b.entry === undefined))
    .filter((change) => change.version <= place.until && isBehind(change, place))
  const page = ordered.slice(0, preferences.pageSize ?? MAX_PAGE)
  const last = page.at(-1)
  const more = page.length < ordered.length && last !== undefined
  const show = shower(organization, schema, query, preferences)
  return {
    rows: page.map(({ key, entry }) => (entry === undefined ? tombstone(schema, key) : show(entry))),
    next: more ? writePlace({ until: place.until, after: last.version, deletes: last.entry === undefined }) : undefined,
    token: tokenOf(organization, place.until),
  }
}

function tombstone(schema: TableSchema, id: string): Record<string, unknown> {
  return { '@odata.context': `$metadata#${schema.set}/$deletedEntity`, id, reason: 'deleted' }
}

function readToken(organization: Organization, schema: TableSchema, text: string): Token {
  const match = /^(?<version>\d+)!(?<moment>\d{2}\/\d{2}\/\d{4} \d{2}:\d{2}:\d{2})$/u.exec(text)?.groups
  const token = { version: Number(match?.['version']), moment: Date.parse(`${match?.['moment']}Z`) }
  const days = Number(organization.setting('expirechangetrackingindays') ?? 7)
  const oldest = organization.world.now().getTime() - days * 86_400_000
  const metadata = organization.metadataChanged.get(schema.logical) ?? 0
  if (match !== undefined && token.moment >= oldest && token.version >= metadata) return token
  const message = 'Version stamp associated with the client has expired. Please perform a full sync.'
  throw new DataverseError(400, '0x80044352', message)
}

/** Where the pages of one look stand. */
interface Place {
  /** The version when the look began. */
  readonly until: number
  /** Version of the last row given out. */
  readonly after: number
  /** Whether the deleted rows have been reached. */
  readonly deletes: boolean
}

function isBehind(change: Change, place: Place): boolean {
  const deleted = change.entry === undefined
  return deleted === place.deletes ? change.version > place.after : deleted
}

function writePlace(place: Place): string {
  return `<cookie pagenumber="2" pagingcookie="${place.until}-${place.after}-${place.deletes ? 1 : 0}" istracking="True" />`
}

function readPlace(cookie: string | undefined, now: number): Place {
  if (cookie === undefined) return { until: now, after: 0, deletes: false }
  const match = /pagingcookie="(?<until>\d+)-(?<after>\d+)-(?<deletes>[01])" istracking="True"/u.exec(cookie)?.groups
  if (match === undefined) throw refused('Malformed XML in the Paging Cookie', '0x80040203')
  return { until: Number(match['until']), after: Number(match['after']), deletes: match['deletes'] === '1' }
}
