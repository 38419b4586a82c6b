/** P10: what several mappings of a run read whole is asked for once. */
import t from 'tap'
import { type Connector, type Query, portOf } from '../../src/connector/connector.ts'
import type { Upsert } from '../../src/core/record.ts'
import { RowBudget } from '../../src/engine/row-cache.ts'
import { SharedScans } from '../../src/engine/shared-scans.ts'
import { customerAccount, mapping, row, source } from './project.ts'
import { stage } from './stage.ts'

const query: Query = { entity: { kind: 'standard', entity: 'customers' }, select: ['number'] }
const other: Query = { ...query, select: ['city'] }
const customers = customerAccount()
const accounts = customerAccount({ name: 'others', businessCentral: source('businessCentral', 'vendors') })

/** The connector, with the scans asked of it. */
async function counting(t: Parameters<typeof stage>[0], rows: number): Promise<{ side: Connector; asked: string[] }> {
  const s = await stage(t)
  for (let at = 0; at < rows; at++) s.customer({ number: `C${at}` })
  const { businessCentral } = s.connectors
  const asked: string[] = []
  const changes: Connector['changes'] = (of, since) => {
    asked.push(of.select.join())
    return businessCentral.changes(of, since?.kind === 'scan' ? undefined : since)
  }
  return { side: { ...portOf(businessCentral), changes }, asked }
}

async function read(scans: SharedScans, side: Connector, of = query): Promise<readonly Upsert[]> {
  const found: Upsert[] = []
  for await (const { changes } of scans.read(side, of))
    for (const change of changes) if (change.kind === 'upsert') found.push(change)
  return found
}

t.test(
  'the same question of several mappings is asked once, and its rows are kept until the last has read',
  async (t) => {
    const { side, asked } = await counting(t, 3)
    const budget = new RowBudget(10)
    const scans = new SharedScans(budget, [customers, customers, customers, accounts])
    const first = await read(scans, side)
    t.equal(first.length, 3)
    t.equal(budget.left, 7)
    t.same(await read(scans, side), first)
    t.equal(budget.left, 7)
    t.same(await read(scans, side), first)
    t.same(asked, ['number'])
    t.equal(budget.left, 10)
    await read(scans, side)
    t.same(asked, ['number', 'number'], 'who comes later asks anew')
    t.equal(budget.left, 10)
  },
)

t.test('another question is asked for itself, and the last is not kept', async (t) => {
  const { side, asked } = await counting(t, 3)
  const budget = new RowBudget(10)
  const scans = new SharedScans(budget, [customers, customers])
  await read(scans, side)
  await read(scans, side, other)
  t.same(asked, ['number', 'city'])
  t.equal(budget.left, 10)
})

t.test('what finds no room is asked again', async (t) => {
  const { side, asked } = await counting(t, 3)
  const budget = new RowBudget(2)
  const scans = new SharedScans(budget, [customers, customers])
  t.equal((await read(scans, side)).length, 3)
  t.equal((await read(scans, side)).length, 3)
  t.same(asked, ['number', 'number'])
  t.equal(budget.left, 2)
})

t.test('two mappings of a page without a time of change read it once a run, and both see an edit', async (t) => {
  const s = await stage(t)
  const page = { kind: 'service', entity: 'CustomerCard', key: ['No'] } as const
  const card = source('businessCentral', 'customers', { entity: page, keys: ['No'] })
  const one = (name: string, sales: string): ReturnType<typeof mapping> =>
    mapping({
      name,
      direction: 'toSales',
      businessCentral: card,
      sales: source('sales', 'accounts'),
      match: [{ businessCentral: ['No'], sales: ['accountnumber'], lookup: {}, caseSensitive: false }],
      firstMatch: { blank: 'fill', different: 'businessCentral' },
      fields: [row('city', { businessCentral: 'City', sales, direction: 'toSales' })],
    })
  const mappings = [one('first', 'fax'), one('second', 'address1_city')]
  const made = s.customer({ number: 'C1' })
  s.account({ accountnumber: 'C1' })
  await s.run(mappings)
  const requests = async (of: readonly ReturnType<typeof mapping>[]): Promise<number> => {
    s.simulator.resetRequests()
    await s.run(of)
    return s.simulator.requests().businessCentral.requests
  }
  await s.run(mappings)
  t.equal(await requests(mappings), await requests(mappings.slice(0, 1)))
  s.simulator.businessCentral.edit('customers', String(made['id']), { city: 'Oslo' })
  await s.run(mappings)
  t.match(s.accounts(), [{ fax: 'Oslo', address1_city: 'Oslo' }])
})
