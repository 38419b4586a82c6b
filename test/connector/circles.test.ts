/** Services that lead from page to page without end, by whatever links: every read of many pages notices (P10). */
import t from 'tap'
import { administration } from '../../src/connector/administration.ts'
import { collect, connectionTo, fails, id, query, world } from './world.ts'
import type { World } from './world.ts'

interface Page {
  /** Numbers of the records. */
  readonly rows: readonly number[]
  /** What tells its link to the next page from others; undefined on the last page. */
  readonly link: number | undefined
}

/** What the service gives when it is asked for the nth time, counted from 1. */
type Way = (asked: number) => Page

/** Who goes on and on is led out at last, and fails the test. */
const outAt = 2000

/** A world whose connectors know their company already. */
async function known(): Promise<World> {
  const w = await world()
  await collect(w.businessCentral.changes(query('currencies', []), undefined))
  return w
}

/** Both sides serve this way to whoever reads customers, accounts, companies or users. Tells how often they were asked. */
function lead(w: World, way: Way): () => number {
  let asked = 0
  w.simulator.faults.clear()
  for (const service of ['businessCentral', 'sales'] as const) {
    const root = `${w.simulator[service].url}/api/${service === 'sales' ? 'data/v9.2' : 'v2.0'}`
    const rewrite = (_: string, { path }: { readonly path: string }): string => {
      const { rows, link } = way((asked += 1))
      const value = rows.map((number) => ({
        '@odata.etag': `W/"${number}"`,
        id: id(number),
        accountid: id(number),
        lastModifiedDateTime: '2026-01-01T00:00:00Z',
        modifiedon: '2026-01-01T00:00:00Z',
      }))
      const next = `${root}/${/\w+$/.exec(path)?.[0]}?x=${link}`
      return JSON.stringify({ value, ...(link !== undefined && asked < outAt && { '@odata.nextLink': next }) })
    }
    const match = { service, path: '/(customers|accounts|companies|systemusers)(\\?|$)' }
    w.simulator.faults.add({ match, do: { status: 200, rewrite } })
  }
  return () => asked
}

/** Each read of many pages there is, by what it reads. */
function reads(w: World): readonly (readonly [string, () => Promise<unknown>])[] {
  const ports = { clock: w.clock, random: () => 0.5, env: {}, userAgent: 'couplet/test' }
  const list = async (side: 'businessCentral' | 'sales', path: string): Promise<unknown> => {
    const admin = administration(connectionTo(w.simulator, side, 'x'), ports)
    try {
      return await admin.list(path, path.replace(/.*\//, ''))
    } finally {
      admin.close()
    }
  }
  const keys = async (): Promise<unknown> => {
    const all: string[] = []
    for await (const some of w.sales.keys(query('accounts', []))) all.push(...some)
    return all
  }
  const customers = query('customers', [])
  return [
    [
      'Business Central leads from page to page of customers',
      () => collect(w.businessCentral.changes(customers, undefined)),
    ],
    ['Sales leads from page to page of accounts', () => collect(w.sales.changes(query('accounts', []), undefined))],
    ['Sales leads from page to page of accounts', keys],
    ['Business Central leads from page to page of companies', () => list('businessCentral', '/api/v2.0/companies')],
    ['Sales leads from page to page of systemusers', () => list('sales', 'systemusers')],
  ]
}

const inTurn =
  (pages: number): Way =>
  (asked) => ({ rows: [asked % pages, (asked % pages) + pages], link: asked })

const circles: Readonly<Record<string, Way>> = {
  'a link that leads to itself': (asked) => ({ rows: [asked], link: 0 }),
  'two links in turn': (asked) => ({ rows: [asked], link: asked % 2 }),
  'a way in, then seven links in turn': (asked) => ({ rows: [asked], link: asked < 20 ? asked : 100 + (asked % 7) }),
  'the same page, with a new link each time': inTurn(1),
  'two pages in turn, with a new link each time': inTurn(2),
  'a hundred pages in turn, with a new link each time': inTurn(100),
  'pages in turn, of which one moves, with a new link each time': (asked) => ({
    rows: [asked % 3 === 0 ? asked : asked % 3],
    link: asked,
  }),
  'pages in turn and nothing between them, with a new link each time': (asked) => ({
    rows: asked % 2 === 0 ? [] : [asked % 6],
    link: asked,
  }),
  'pages without a row, with a new link each time': (asked) => ({ rows: [], link: asked }),
}

t.test('P10 a circle of pages ends with an error that names side and table', async (t) => {
  const w = await known()
  t.teardown(() => w.stop())
  for (const [name, way] of Object.entries(circles))
    await t.test(name, async (t) => {
      for (const [told, read] of reads(w)) {
        const asked = lead(w, way)
        await fails(t, read(), {
          fault: 'broken',
          message: `${told} in a circle`,
          remedy: /^Run again; if it stays, .*`/,
        })
        t.ok(asked() <= 210, `${told}: noticed after ${asked()} pages`)
      }
    })
})

/** Nine pages come twice; behind each pair lie 150 pages on which there is nothing to show. */
const slowly: Way = (asked) => ({
  rows: asked % 152 < 2 ? [Math.ceil(asked / 152)] : [],
  link: asked < 152 * 9 ? asked : undefined,
})

t.test('a few pages that come again, and long stretches without a row, are no circle', async (t) => {
  const w = await known()
  t.teardown(() => w.stop())
  for (const [told, read] of reads(w)) {
    const asked = lead(w, slowly)
    t.ok(await read(), told)
    t.equal(asked(), 152 * 9, told)
  }
})
