/**
 * Reading a side: what changed, certain records, all keys. Dataverse tells changes and deletes by token; otherwise the
 * time of change is asked for, reaching back a little; otherwise everything is read. Nothing changed costs one request.
 */
import type { Change, Upsert } from '../core/record.ts'
import type { Watermark } from '../core/watermark.ts'
import { ConnectorError } from '../errors.ts'
import { below, urlOf } from './address.ts'
import { childRows, isChild } from './children.ts'
import type { Page, Query } from './connector.ts'
import { gather } from './gather.ts'
import type { Ask } from './gather.ts'
import { pages } from './pages.ts'
import type { RawPage } from './pages.ts'
import { changedSince, inList, keyOf, orChain, pieces, sameId } from './query.ts'
import { orderOption, readOptions, shapeOf } from './reach.ts'
import type { Reach } from './reach.ts'
import { changeOf, propertyOf, upsertOf } from './rows.ts'
import type { Shape } from './rows.ts'
import { isOwn } from './service.ts'

/** Every change since the watermark. Throws ConnectorError. */
export async function* readChanges(reach: Reach, query: Query, since: Watermark | undefined): AsyncGenerator<Page> {
  const shape = await shapeOf(reach, query)
  if (isChild(reach, query.entity)) yield* wholeChildren(reach, query, shape)
  else if (shape.description.tracked) yield* tracked(reach, query, { shape, since })
  else if (shape.modified !== undefined) yield* stamped(reach, query, { shape, since })
  else yield* scanned(reach, query, shape)
}

interface Reading {
  readonly shape: Shape
  readonly since: Watermark | undefined
}

async function* tracked(reach: Reach, query: Query, { shape, since }: Reading): AsyncGenerator<Page> {
  // A link to another address belongs to a service that has moved: its token means nothing here.
  if (since?.kind === 'delta' && isOwn(reach.connection, since.link)) {
    try {
      yield* follow(reach, since.link, { shape, since: undefined })
      return
    } catch (error) {
      if (!(error instanceof ConnectorError) || error.fault !== 'expired') throw error
    }
  }
  // Tracking and $filter exclude each other: the whole table comes, and is filtered by who asked.
  const url = urlOf(await reach.address(query.entity), readOptions(shape))
  yield* walk(reach, url, { shape, whole: true, track: true, end: (page) => deltaOf(page) })
}

const deltaOf = (page: RawPage): Watermark | undefined =>
  page.deltaLink === undefined ? undefined : { kind: 'delta', link: page.deltaLink }

const follow = (reach: Reach, link: string, { shape }: Reading): AsyncGenerator<Page> =>
  walk(reach, link, { shape, whole: false, track: false, end: deltaOf })

async function* stamped(reach: Reach, query: Query, { shape, since }: Reading): AsyncGenerator<Page> {
  const modified = shape.modified ?? ''
  const from = since?.kind === 'stamp' ? since.at : undefined
  const filter = from === undefined ? query.filter : changedSince(modified, from, shape.description.columns[modified])
  const sorted = from === undefined ? orderOption(query) : {}
  const url = urlOf(await reach.address(query.entity), { ...readOptions(shape, filter), ...sorted })
  let latest = from
  const note = (change: Change): void => {
    if (change.kind === 'upsert' && change.modified !== undefined && (latest === undefined || change.modified > latest))
      latest = change.modified
  }
  const end = (): Watermark | undefined => (latest === undefined ? undefined : { kind: 'stamp', at: latest })
  yield* walk(reach, url, { shape, whole: from === undefined, track: false, note, end })
}

async function* scanned(reach: Reach, query: Query, shape: Shape): AsyncGenerator<Page> {
  const options = { ...readOptions(shape, query.filter), ...orderOption(query) }
  const url = urlOf(await reach.address(query.entity), options)
  yield* walk(reach, url, { shape, whole: true, track: false, end: () => ({ kind: 'scan' }) })
}

async function* wholeChildren(reach: Reach, query: Query, shape: Shape): AsyncGenerator<Page> {
  const changes = (await childRows(reach, query, { shape, parents: undefined })).map((raw) => upsertOf(raw, shape))
  yield { changes, whole: true, next: { kind: 'scan' } }
}

interface Walk {
  readonly shape: Shape
  readonly whole: boolean
  readonly track: boolean
  readonly note?: (change: Change) => void
  /** The watermark that goes with the last page. */
  readonly end: (last: RawPage) => Watermark | undefined
}

/**
 * Rows of a page. All of one are in memory at the same time, several times over while it is read (P10), and the next is
 * asked for meanwhile: larger ones would gain nothing. Of mere keys a page holds as many as the service gives.
 */
const rowsInPage = 5000

async function* walk(reach: Reach, url: string, { shape, whole, track, note, end }: Walk): AsyncGenerator<Page> {
  for await (const page of pages(reach, url, { what: shape.what, track, most: rowsInPage })) {
    const changes = page.rows.map((raw) => changeOf(raw, shape))
    if (note !== undefined) changes.forEach(note)
    const next = page.nextLink === undefined ? end(page) : undefined
    yield next === undefined ? { changes, whole } : { changes, whole, next }
  }
}

/** The records with these ids, in the order asked; those that are not there come as tombstones. */
export async function readRecords(reach: Reach, query: Query, ids: readonly string[]): Promise<readonly Change[]> {
  const wanted = [...new Set(ids.map(sameId))]
  if (wanted.length === 0) return []
  const shape = await shapeOf(reach, query)
  const found = new Map<string, Upsert>()
  for (const rows of await gather(reach, await asksFor(reach, query, { shape, ids: wanted }))) {
    for (const raw of rows) {
      const upsert = upsertOf(raw, shape)
      found.set(upsert.id, upsert)
    }
  }
  return wanted.map((id) => found.get(id) ?? { kind: 'tombstone', id })
}

async function asksFor(
  reach: Reach,
  query: Query,
  { shape, ids }: { readonly shape: Shape; readonly ids: readonly string[] },
): Promise<readonly Ask[]> {
  const address = await reach.address(query.entity)
  const what = shape.what
  const [key] = shape.description.key
  // Composite keys cannot be chained by `or`, and a child is only found below its parent or by its own key.
  if (key === undefined || shape.description.key.length > 1 || isChild(reach, query.entity))
    return ids.map((id) => ({ address: below(address, id), options: readOptions(shape), what, single: true }))
  const property = propertyOf(shape.side, key, shape.description.columns[key])
  return pieces(ids, reach.dialect.keysInFilter).map((piece) => {
    const filter = reach.dialect.side === 'sales' ? inList(property, piece) : orChain(property, piece)
    return { address, options: readOptions(shape, filter), what }
  })
}

/** The keys of every row that the filter admits. */
export async function* readKeys(reach: Reach, query: Query): AsyncGenerator<readonly string[]> {
  const description = await reach.catalog.describe(query.entity)
  const shape: Shape = {
    side: reach.dialect.side,
    what: query.entity.entity,
    description,
    select: [],
    modified: undefined,
  }
  if (isChild(reach, query.entity)) {
    yield (await childRows(reach, query, { shape, parents: undefined })).map((raw) => upsertOf(raw, shape).id)
    return
  }
  const url = urlOf(await reach.address(query.entity), readOptions(shape, query.filter))
  for await (const page of pages(reach, url, { what: shape.what })) yield page.rows.map((raw) => idOf(raw, shape))
}

function idOf(raw: unknown, shape: Shape): string {
  const id =
    typeof raw === 'object' && raw !== null ? keyOf(raw as Record<string, unknown>, shape.description) : undefined
  return id ?? upsertOf(raw, shape).id
}
