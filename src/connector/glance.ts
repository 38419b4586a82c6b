/**
 * The cheapest look at whether a collection has changed: one request where nothing has. Dataverse counts what its change
 * token would bring; otherwise a few rows newer than the watermark are asked for, of Business Central's read-only copy.
 */
import type { EntityRef } from '../config/config.ts'
import type { Watermark } from '../core/watermark.ts'
import { ConnectorError } from '../errors.ts'
import { urlOf } from './address.ts'
import { isChild } from './children.ts'
import type { Glance, Query } from './connector.ts'
import { pageOf } from './pages.ts'
import { literal } from './query.ts'
import { readOptions, shapeOf } from './reach.ts'
import type { Reach } from './reach.ts'
import { changeOf } from './rows.ts'
import type { Shape } from './rows.ts'
import { isOwn } from './service.ts'

/** Rows looked at; where there are more, a run has to look. */
const most = 20

const nothing: Glance = { changes: [], more: false }
const unknown: Glance = { changes: [], more: true }

/** What changed since the watermark, as far as a glance shows; undefined where only a whole read could tell. */
export async function glance(reach: Reach, query: Query, since: Watermark): Promise<Glance | undefined> {
  if (query.entity.kind === 'choice' || isChild(reach, query.entity)) return undefined
  const shape = await shapeOf(reach, query)
  if (since.kind === 'delta')
    return shape.description.tracked ? counted(reach, query.entity, { shape, since }) : undefined
  if (since.kind === 'scan' || shape.modified === undefined) return undefined
  return newer(reach, query.entity, { shape, at: since.at })
}

async function counted(
  reach: Reach,
  entity: EntityRef,
  { shape, since }: { readonly shape: Shape; readonly since: { readonly link: string } },
): Promise<Glance> {
  const token = URL.canParse(since.link) ? new URL(since.link).searchParams.get('$deltatoken') : null
  if (token === null || !isOwn(reach.connection, since.link)) return unknown
  const address = await reach.address(entity)
  const url = urlOf({ ...address, path: `${address.path}/$count` }, { $deltatoken: token })
  try {
    if (countOf(await reach.service.get(url, shape.what)) === 0) return nothing
    return await firstPage(reach, since.link, { shape, headers: { Prefer: `odata.maxpagesize=${most}` } })
  } catch (error) {
    if (error instanceof ConnectorError && error.fault === 'expired') return unknown
    throw error
  }
}

/** `/$count` answers with a bare number, behind a byte order mark. NaN where the answer is none. */
const countOf = (body: unknown): number => Number.parseInt(String(body).replace(/^\uFEFF/, ''), 10)

async function newer(
  reach: Reach,
  entity: EntityRef,
  { shape, at }: { readonly shape: Shape; readonly at: string },
): Promise<Glance> {
  const column = shape.modified ?? ''
  const filter = `${column} gt ${literal(at, shape.description.columns[column])}`
  const url = urlOf(await reach.address(entity), { ...readOptions(shape, filter), $top: String(most) })
  return firstPage(reach, url, { shape, headers: reach.dialect.lagging })
}

async function firstPage(
  reach: Reach,
  url: string,
  { shape, headers }: { readonly shape: Shape; readonly headers: Readonly<Record<string, string>> },
): Promise<Glance> {
  const page = pageOf(await reach.service.get(url, shape.what, headers), reach, shape.what)
  const more = page.nextLink !== undefined || page.rows.length >= most
  return { changes: page.rows.map((raw) => changeOf(raw, shape)), more }
}
