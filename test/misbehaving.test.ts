/**
 * Services that misbehave, as a whole run meets them: each trick is told by an error that names the side and what to do,
 * nothing is doubled or overwritten, and when it is over the next runs bring both sides in step (P1, P2, P3).
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../src/clock.ts'
import type { Side } from '../src/config/config.ts'
import type { FaultAction, FaultMatch } from '../src/simulator/faults.ts'
import type { Row } from '../src/simulator/table.ts'
import { cliWorld, withoutStandardSet } from './cli/world.ts'
import type { CliWorld, Said } from './cli/world.ts'
import { proved } from './proof.ts'

const mapping = `mapping: customer
direction: both
create: both
businessCentral: { entity: customers, keys: [number] }
sales: { entity: accounts, filter: customertypecode eq 3 }
match: [{ businessCentral: [number], sales: [accountnumber] }]
fields:
  type: { sales: customertypecode, value: 3, on: create }
  number: { businessCentral: number, sales: accountnumber, direction: toSales }
  name: { businessCentral: displayName, sales: name }
  phone: { businessCentral: phoneNumber, sales: telephone1 }
`
/** Waits are not waited for. */
const hasty = { now: () => new Date(), sleep: () => Promise.resolve() }

interface World extends CliWorld {
  sync(line?: string): Promise<Said>
  /** Something to do in both directions: an edit and a new record on each side. */
  work(): void
}

async function world(t: Test, options: Parameters<typeof cliWorld>[2] = {}): Promise<World> {
  const files = { 'customer.yaml': mapping }
  const made = await cliWorld(t, 'mappings: [customer]\nlimits: { updates: 1000, creates: 1000 }\n', {
    files,
    ...options,
  })
  const file = join(made.folder, 'couplet.yaml')
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll(/^ {4}auth:/gm, '    timeout: 300 ms\n    auth:'))
  await withoutStandardSet(made.folder)
  const { businessCentral, sales } = made.simulator
  let rounds = 0
  const sync = (line = 'sync'): Promise<Said> => made.run(line, { clock: hasty })
  t.equal((await sync()).code, 0)
  return {
    ...made,
    sync,
    work: () => {
      rounds += 1
      const [one, other] = businessCentral.rows('customers')
      businessCentral.edit('customers', String(one?.['id']), { phoneNumber: `1${rounds}` })
      const partner = sales.rows('accounts').find((row) => row['accountnumber'] === other?.['number'])
      sales.edit('accounts', String(partner?.['accountid']), { telephone1: `2${rounds}` })
      businessCentral.create('customers', { number: `B${rounds}`, displayName: `From Business Central ${rounds}` })
      sales.create('accounts', { name: `From Sales ${rounds}`, customertypecode: 3 })
    },
  }
}

const phones = (rows: readonly Row[], name: string, phone: string): readonly string[] =>
  rows.map((row) => `${JSON.stringify(row[name])}|${JSON.stringify(row[phone] ?? '')}`).sort()

/** Both sides say the same of every customer, none twice, and another run finds nothing to do. */
async function inStep(t: Test, w: World, when: string): Promise<void> {
  let writes = 1
  let last: Said | undefined
  for (let run = 0; run < 4 && writes > 0; run++) {
    w.simulator.resetRequests()
    last = await w.sync()
    const { businessCentral, sales } = w.simulator.requests()
    writes = businessCentral.writes + sales.writes
  }
  t.match(last, { code: 0 }, `${when}: in step`)
  t.equal(writes, 0, `${when}: and nothing is left to write`)
  const { businessCentral, sales } = w.simulator
  const accounts = sales.rows('accounts').filter((row) => row['customertypecode'] === 3 && row['statecode'] === 0)
  const customers = phones(businessCentral.rows('customers'), 'displayName', 'phoneNumber')
  t.same(phones(accounts, 'name', 'telephone1'), customers, `${when}: both sides agree`)
  const made = customers.flatMap((one) => (one.startsWith('"From ') ? [one.split('|')[0]] : []))
  t.equal(new Set(made).size, made.length, `${when}: nothing is there twice`)
}

interface Trick {
  readonly name: string
  readonly when: 'reading' | 'writing'
  readonly do: FaultAction
  /** Exit codes that are right: 3 when the side as a whole is no good, 1 when records wait, 0 when the trick is mastered. */
  readonly codes: readonly number[]
  /** What the administrator reads; the name of the side is looked for as well. @default nothing is said */
  readonly says?: RegExp
}

/** Changes the answers of a JSON batch, or the parts of a multipart one. */
const parts = (change: (all: readonly string[]) => readonly string[]) => (body: string) => {
  if (body.startsWith('{')) {
    const { responses } = JSON.parse(body) as { responses: unknown[] }
    return `{"responses":[${change(responses.map((one) => JSON.stringify(one))).join(',')}]}`
  }
  const boundary = /^--\S+/.exec(body)?.[0] ?? ''
  const middle = body.split(boundary).slice(1, -1)
  return [boundary, change(middle).join(boundary), `${boundary}--\r\n`].join('')
}
const itself = (page: Readonly<Record<string, unknown>>): string =>
  String(page['@odata.context'])
    .replace('$metadata#', '')
    .replace(/(accounts|customers)\(.*$/, '$1')
const looped = (body: string): string => {
  const page = JSON.parse(body) as Record<string, unknown>
  return JSON.stringify({ ...page, '@odata.nextLink': `${itself(page)}?again=1` })
}
let links = 0
/** The page is told to go on elsewhere, where it is served again; nothing that the service said of an end is left. */
const stuck = (body: string, rows?: unknown): string => {
  const { value, '@odata.deltaLink': _, ...page } = JSON.parse(body) as Record<string, unknown>
  const link = `${itself(page)}?$top=3&again=${(links += 1)}`
  return JSON.stringify({ ...page, value: Array.isArray(rows) ? rows : value, '@odata.nextLink': link })
}

const page = '<!doctype html><html><body><h1>Service unavailable</h1></body></html>'

const tricks: readonly Trick[] = [
  {
    name: 'an HTML page with status 200',
    when: 'reading',
    do: { status: 200, contentType: 'text/html', body: page },
    codes: [3],
    says: /sent an HTML page instead of rows[\s\S]*→/,
  },
  {
    name: 'an HTML page with status 503',
    when: 'reading',
    do: { status: 503, contentType: 'text/html', body: page },
    codes: [3],
    says: /status 503[\s\S]*→/,
  },
  { name: 'a status 500', when: 'reading', do: { status: 500 }, codes: [3], says: /→/ },
  { name: 'a right answer of a wrong type', when: 'reading', do: { contentType: 'text/plain' }, codes: [0] },
  { name: 'an object without rows', when: 'reading', do: { status: 200, body: '{}' }, codes: [3], says: /→/ },
  {
    name: 'rows that are no list',
    when: 'reading',
    do: { status: 200, body: '{"value":{"a":1}}' },
    codes: [3],
    says: /→/,
  },
  {
    name: 'rows that are no objects',
    when: 'reading',
    do: { status: 200, body: '{"value":[1,null,"x"]}' },
    codes: [3],
    says: /→/,
  },
  { name: 'a body that is cut off', when: 'reading', do: { truncate: 30 }, codes: [3], says: /→/ },
  {
    name: 'half a JSON text',
    when: 'reading',
    do: { rewrite: (body) => body.slice(0, body.length / 2) },
    codes: [3],
    says: /→/,
  },
  { name: 'pages that lead in a circle', when: 'reading', do: { rewrite: looped }, codes: [3], says: /circle[\s\S]*→/ },
  {
    name: 'the same page again, with a new link each time',
    when: 'reading',
    do: { rewrite: stuck },
    codes: [3],
    says: /circle[\s\S]*→/,
  },
  {
    name: 'pages without a row, and a new link each time',
    when: 'reading',
    do: { rewrite: (body) => stuck(body, []) },
    codes: [3],
    says: /circle[\s\S]*→/,
  },
  {
    name: 'a connection that is lost',
    when: 'reading',
    do: { drop: 'before' },
    codes: [3],
    says: /not reached[\s\S]*→/,
  },
  {
    name: 'a connection that stays open and silent',
    when: 'reading',
    do: { delayMs: 400 },
    codes: [3],
    says: /did not answer within 300 ms[\s\S]*→/,
  },
  {
    name: 'a batch answer in another order',
    when: 'writing',
    do: { rewrite: parts((all) => all.toReversed()) },
    codes: [0],
  },
  {
    name: 'a batch answer with a part missing',
    when: 'writing',
    do: { rewrite: parts((all) => all.slice(1)) },
    codes: [0, 1],
  },
  { name: 'a batch answer with no parts', when: 'writing', do: { rewrite: parts(() => []) }, codes: [0, 1] },
  {
    name: 'a batch answer with a part twice',
    when: 'writing',
    do: { rewrite: parts((all) => [...all, ...all.slice(0, 1)]) },
    codes: [0, 1],
  },
  {
    name: 'an HTML page for a batch that was done',
    when: 'writing',
    do: { rewrite: () => page, contentType: 'text/html' },
    codes: [0, 1],
  },
  { name: 'a batch answer that is cut off', when: 'writing', do: { truncate: 200 }, codes: [0, 1] },
  { name: 'a lost answer to a batch that was done', when: 'writing', do: { drop: 'after' }, codes: [0, 1] },
  { name: 'a connection lost before a batch', when: 'writing', do: { drop: 'before' }, codes: [1, 3], says: /→/ },
  { name: 'a batch that is answered too late', when: 'writing', do: { delayMs: 400 }, codes: [0, 1] },
  {
    name: 'an HTML page instead of a batch',
    when: 'writing',
    do: { status: 502, contentType: 'text/html', body: page },
    codes: [1, 3],
    says: /→/,
  },
]

const about: Readonly<Record<Side, Readonly<Record<Trick['when'], FaultMatch>>>> = {
  businessCentral: {
    reading: { service: 'businessCentral', method: 'GET', path: 'customers' },
    writing: { service: 'businessCentral', method: 'POST', path: 'batch' },
  },
  sales: {
    reading: { service: 'sales', method: 'GET', path: 'accounts' },
    writing: { service: 'sales', method: 'POST', path: 'batch' },
  },
}
const spoken: Readonly<Record<Side, string>> = { businessCentral: 'Business Central', sales: 'Sales' }

t.test('P1 P2 P3 whatever trick a service plays is told with what to do, and nothing is lost or doubled', async (t) => {
  for (const side of ['businessCentral', 'sales'] as const) {
    const w = await world(t)
    for (const trick of tricks) {
      const name = `${spoken[side]} gives ${trick.name} while ${trick.when}`
      w.work()
      w.simulator.faults.add({ match: about[side][trick.when], do: trick.do })
      const said = await w.sync()
      t.ok(w.simulator.faults.list()[0]?.seen, `${name}: it happened`)
      w.simulator.faults.clear()
      const text = said.out + said.err
      t.ok(trick.codes.includes(said.code), `${name}: ends with ${said.code}`)
      if (said.code > 0) t.match(text, spoken[side], `${name}: names the side`)
      if (trick.says !== undefined) t.match(text, trick.says, `${name}: is told`)
      t.notMatch(text, /<h1>|at .*\.ts:\d+|undefined|\[object/, `${name}: no page, no stack`)
      await inStep(t, w, name)
    }
  }
  proved('misbehaving services', { tricks: tricks.length * 2 }, t.counts.fail)
})

t.test('P5 an outage of one side for minutes stops the runs, says so, and nothing is lost', async (t) => {
  // From the first request on, while the sides are read, and in the midst of the writes.
  const beginnings = [1, 2, 3]
  for (const side of ['businessCentral', 'sales'] as const)
    for (const nth of beginnings) {
      const w = await world(t)
      w.work()
      w.simulator.faults.add({ match: { service: side, nth, times: 1000 }, do: { drop: 'before' } })
      const first = await w.sync()
      t.equal(first.code, 3, `${spoken[side]} from request ${nth} on: ${first.err}`)
      t.match(first.err + first.out, new RegExp(`${spoken[side]}[\\s\\S]*→`))
      w.simulator.faults.clear()
      w.simulator.faults.add({ match: { service: side }, do: { drop: 'before' } })
      for (let run = 0; run < 2; run++) {
        w.work()
        const said = await w.sync()
        t.equal(said.code, 3)
        t.match(said.err + said.out, new RegExp(`${spoken[side]}[\\s\\S]*→`))
      }
      w.simulator.faults.clear()
      await inStep(t, w, `after the outage of ${spoken[side]} from request ${nth} on`)
    }
  proved('misbehaving services', { outages: beginnings.length * 2 }, t.counts.fail)
})

t.test('P5 a side that allows few requests is waited for, and the run is done in one go', async (t) => {
  const w = await world(t, { customers: 150, overlap: 0 })
  for (const side of ['businessCentral', 'sales'] as const) {
    for (const customer of w.simulator.businessCentral.rows('customers'))
      w.simulator.businessCentral.edit('customers', String(customer['id']), { phoneNumber: side })
    w.simulator.faults.add({ match: { service: side, nth: 2, times: 4 }, do: { status: 429 } })
    const said = await w.run('sync', { clock: systemClock })
    t.ok((w.simulator.faults.list()[0]?.seen ?? 0) >= 6, 'some were turned away')
    w.simulator.faults.clear()
    t.equal(said.code, 0, said.err)
    t.notMatch(said.out + said.err, /limit|429/)
    await inStep(t, w, `throttled by ${spoken[side]}`)
  }
})

t.test('P5 a batch of which one part is refused is no transaction: the others are really there', async (t) => {
  // A transactional batch of Business Central reports success for what it rolls back, so none is asked for.
  const w = await world(t)
  w.work()
  w.simulator.sales.create('accounts', { name: 'From Sales, and refused', customertypecode: 3 })
  w.simulator.faults.add({
    match: { service: 'businessCentral', method: 'POST', part: true, nth: 2 },
    do: { status: 400 },
  })
  const said = await w.sync()
  t.ok((w.simulator.faults.list()[0]?.seen ?? 0) >= 2, 'two were made in one batch')
  t.equal(said.code, 1, said.err)
  const made = w.simulator.businessCentral
    .rows('customers')
    .filter((row) => String(row['displayName']).startsWith('From S'))
  t.equal(made.length, 1)
  const pairs = JSON.parse((await w.run('couplings --json')).out) as { businessCentral: { id: string } }[]
  t.ok(
    pairs.some((pair) => pair.businessCentral.id === made[0]?.['id']),
    'and remembered',
  )
})
