/** Pure paging over opaque links: each followed as it came, never twice. */
import { ConnectorError } from '../errors.ts'
import { sideName } from './failure.ts'
import type { Reach } from './reach.ts'
import { endless, Trail } from './trail.ts'

/** One page of an answer. */
export interface RawPage {
  readonly rows: readonly unknown[]
  /** Where the rest is. */
  readonly nextLink: string | undefined
  /** On the last page of a tracked read: where to ask for changes. */
  readonly deltaLink: string | undefined
}

/** What to say about the pages. */
export interface Paging {
  /** Name in messages. */
  readonly what: string
  /** Begin tracking changes. */
  readonly track?: boolean
  /** Rows of a page, where it shall not be the largest. */
  readonly most?: number
}

/**
 * Every page from `url` on; the next is under way while one is looked at. Throws ConnectorError, also when the service
 * leads in a circle.
 */
export async function* pages(reach: Reach, url: string, paging: Paging): AsyncGenerator<RawPage> {
  const trail = new Trail()
  const headers = { Prefer: preference(reach, paging) }
  const ask = async (link: string): Promise<RawPage> => {
    if (trail.crosses(link)) throw circle(reach, paging.what)
    return pageOf(await reach.service.get(link, paging.what, headers), reach, paging.what)
  }
  for (let coming: Promise<RawPage> | undefined = ask(url); coming !== undefined;) {
    const page: RawPage = await coming
    if (page.nextLink !== undefined && trail.turns(page.rows)) throw circle(reach, paging.what)
    coming = page.nextLink === undefined ? undefined : ask(page.nextLink)
    // Its failure is told when its turn comes; who stops before does not want it.
    coming?.catch(() => {})
    yield page
  }
}

/** All rows from `url` on. */
export async function allRows(reach: Reach, url: string, what: string): Promise<readonly unknown[]> {
  const rows: unknown[] = []
  for await (const page of pages(reach, url, { what })) rows.push(...page.rows)
  return rows
}

/** Reads a page's parts out of a body. */
export function pageOf(body: unknown, reach: Reach, what: string): RawPage {
  const page = typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {}
  const link = (name: string): string | undefined => (typeof page[name] === 'string' ? page[name] : undefined)
  if (!Array.isArray(page['value'])) throw noPage(reach, what, body)
  return { rows: page['value'], nextLink: link('@odata.nextLink'), deltaLink: link('@odata.deltaLink') }
}

/** Dataverse wants the page size again with every link. */
function preference(reach: Reach, { track, most = Infinity }: Paging): string {
  const size = Math.min(reach.connection.pageSize, reach.dialect.largestPage, most)
  return `odata.maxpagesize=${size}${track === true ? ',odata.track-changes' : ''}`
}

const circle = (reach: Reach, what: string): ConnectorError =>
  endless(reach.dialect.side, what, 'set a smaller `pageSize` on the connection.')

/** Gateways, login pages and captive networks answer with a page for people. */
const isHtml = (body: unknown): boolean => typeof body === 'string' && /^\s*<(!doctype|html)/i.test(body)

const noPage = (reach: Reach, what: string, body: unknown): ConnectorError =>
  new ConnectorError(reach.dialect.side, 'broken', {
    message: isHtml(body)
      ? `${sideName[reach.dialect.side]} sent an HTML page instead of rows of ${what}`
      : `${sideName[reach.dialect.side]} sent no list of rows for ${what}`,
    remedy: 'Check `url` of the connection: something between here and the service may have answered.',
  })
