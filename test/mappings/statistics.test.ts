/** Stock and statistics of the standard set, played in the demo company: what travels, what a run costs, what the docs show. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { startPlayground, writePlaygroundProject } from '../../src/cli/playground.ts'
import { type Project, openProject } from '../../src/main.ts'
import type { DataverseOptions } from '../../src/simulator/dataverse.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { readJson } from './standard-files.ts'

const needed = ['salesperson-user', 'currency', 'payment-terms', 'shipment-method', 'shipping-agent']
const stocked = [...needed, 'item-unit-group', 'item-unit', 'default-price-list', 'item-product', 'item-availability']
const counted = [...needed, 'customer-account', 'customer-statistics', 'customer-statistics-link']
const hour = 3_600_000

interface Play {
  readonly simulator: Simulator
  /** Runs these mappings with the clock an hour further on each time. */
  run(mappings: readonly string[]): ReturnType<Project['run']>
  /** Runs the jobs that are due so many hours later. */
  due(hours: number): ReturnType<Project['due']>
}

/** The demo company with both sides simulated, and a project that takes the standard set and these files. */
async function play(t: Test, files: Readonly<Record<string, string>> = {}, sales: Partial<DataverseOptions> = {}) {
  const made = await startPlayground({ company: 'cronus', customers: 0, overlap: 0, seed: 1, sales })
  t.teardown(() => made.simulator.stop())
  const folder = t.testdir({ mappings: files })
  await writePlaygroundProject(folder, made)
  const couplet = join(folder, 'couplet.yaml')
  writeFileSync(couplet, readFileSync(couplet, 'utf8').replace('create: both', 'create: toSales'))
  let ahead = 0
  const clock = { now: () => new Date(Date.now() + ahead), sleep: async () => {} }
  const project = await openProject(folder, { env: process.env, clock })
  t.teardown(() => project.close())
  const run: Play['run'] = async (mappings) => {
    ahead += hour
    return project.run({
      mappings,
      accept: [
        { kind: 'creates', count: 10_000 },
        { kind: 'updates', count: 10_000 },
      ],
    })
  }
  const due: Play['due'] = async (hours) => {
    ahead += hours * hour
    return project.due()
  }
  return { simulator: made.simulator, run, due }
}

const writes = ({ simulator }: Play): number =>
  simulator.requests().sales.writes + simulator.requests().businessCentral.writes

t.test('J-2: a movement of stock reaches the product, though the item says nothing of it', async (t) => {
  const game = await play(t)
  await game.run(stocked)
  const { businessCentral, sales } = game.simulator
  const product = (): Record<string, unknown> | undefined =>
    sales.rows('products').find((row) => row['productnumber'] === '1896-S')
  const before = Number(product()?.['quantityonhand'])
  const stamp = businessCentral.row('items', '1896-S')?.['lastModifiedDateTime']
  businessCentral.create('itemLedgerEntries', { itemNumber: '1896-S', quantity: 7, entryType: 'Purchase' })
  t.equal(businessCentral.row('items', '1896-S')?.['lastModifiedDateTime'], stamp, 'the item is not stamped')
  t.same((await game.run(['item-product'])).plan.operations, [])
  await game.run(['item-availability'])
  t.equal(product()?.['quantityonhand'], before + 7)
  businessCentral.create('itemLedgerEntries', { itemNumber: '1896-S', quantity: -1000, entryType: 'Sale' })
  await game.run(['item-availability'])
  t.equal(product()?.['quantityonhand'], 0, 'never below 0')
  game.simulator.resetRequests()
  await game.run(stocked)
  t.equal(writes(game), 0)
})

t.test('J-1, K-10: every coupled customer has a row of figures that its account names', async (t) => {
  const game = await play(t)
  const report = await game.run(counted)
  const { businessCentral, sales } = game.simulator
  t.same(
    report.problems.filter(({ mapping }) => mapping.startsWith('customer-statistics')),
    [],
  )
  const rowOf = (number: string) =>
    sales.rows('nav_accountstatisticses').find((row) => row['nav_customerno'] === number)
  const coupled = sales.rows('accounts').filter((row) => row['_nav_accountstatisticsid_value'] !== undefined)
  t.ok(sales.rows('nav_accountstatisticses').length > 3)
  t.ok(rowOf('10000'))
  t.ok(coupled.some((row) => row['_nav_accountstatisticsid_value'] === rowOf('10000')?.['nav_accountstatisticsid']))
  t.equal(rowOf('10000')?.['nav_balancelcy'] ?? 'blank', 0, 'a zero is shown')
  businessCentral.edit('customerFinancialDetails', '10000', {
    balance: 120.5,
    overdueAmount: 20,
    totalSalesExcludingTax: 9,
  })
  businessCentral.edit('CustomerStatistics', '10000', { Outstanding_Orders_LCY: 44, GetTotalAmountLCY: 164.5 })
  const after = await game.run(counted)
  t.match(rowOf('10000'), {
    nav_balancelcy: 120.5,
    nav_overdueamountslcy: 20,
    nav_totalsaleslcy: 9,
    nav_outstandingorderslcy: 44,
    nav_totallcy: 164.5,
  })
  t.match(
    after.mappings.filter(({ mapping }) => mapping === 'customer-account').map(({ updated }) => updated),
    [0, 0],
    'P4: the account is not synchronised because of it',
  )
  businessCentral.edit('customerFinancialDetails', '10000', { balance: 0, overdueAmount: 0 })
  await game.run(['customer-statistics'])
  t.match(rowOf('10000'), { nav_balancelcy: 0, nav_overdueamountslcy: 0 }, 'paid since: read once more')
  game.simulator.resetRequests()
  await game.run(counted)
  t.equal(writes(game), 0)
})

t.test('T-02: without new figures the statistics job falls asleep; new ones are found at its next start', async (t) => {
  const game = await play(t)
  await game.run(counted)
  const run = async (): Promise<unknown> =>
    (await game.due(1)).runs.find(({ job }) => job.name === 'customer-statistics')?.result
  const stands = async (): Promise<unknown> =>
    (await game.due(0)).waiting.find(({ job }) => job === 'customer-statistics')?.status
  t.match(await run(), { kind: 'done', moved: 0, failed: 0 })
  t.equal(await stands(), 'asleep')
  game.simulator.businessCentral.edit('customerFinancialDetails', '10000', { balance: 77 })
  t.match(await run(), { kind: 'done', moved: 1, failed: 0 })
  t.equal(await stands(), 'ready')
})

t.test('P10: what an unchanged company costs, as docs/statistics.md says', async (t) => {
  const game = await play(t)
  await game.run([...new Set([...stocked, ...counted])])
  const { businessCentral: bc } = game.simulator
  bc.create('itemLedgerEntries', { itemNumber: '1896-S', quantity: 1, entryType: 'Purchase' })
  bc.edit('customerFinancialDetails', '10000', { balance: 1 })
  await game.run([...new Set([...stocked, ...counted])])
  const cost: Record<string, readonly number[]> = {}
  for (const mapping of ['item-availability', 'customer-statistics', 'customer-statistics-link']) {
    await game.run([mapping])
    game.simulator.resetRequests()
    await game.run([mapping])
    const { businessCentral, sales } = game.simulator.requests()
    cost[mapping] = [businessCentral.requests, sales.requests]
  }
  // One request to Sales opens every run: who it is.
  t.same(cost, {
    'item-availability': [2, 1],
    'customer-statistics': [7, 1],
    'customer-statistics-link': [1, 1],
  })
})

const figures = /```yaml\n# mappings\/customer-figures.yaml\n([\s\S]*?)```/.exec(
  readFileSync(new URL('../../docs/statistics.md', import.meta.url), 'utf8'),
)?.[1]

t.test(
  'behaviour 21: without the solution the figures go to columns of the account, as docs/statistics.md shows',
  async (t) => {
    const schema = readJson('data/simulator/dataverse-schema.json') as Record<string, { columns: object }>
    const account = schema['account'] as { columns: object }
    const money = { type: 'Money', schema: 'New' }
    const columns = { ...account.columns, new_balance: money, new_totalsales: money, new_overdue: money }
    const game = await play(
      t,
      { 'customer-figures.yaml': figures ?? '' },
      { without: ['nav_accountstatistics'], tables: { account: { ...account, columns } as never } },
    )
    t.equal((parse(figures ?? '') as { follows: string }).follows, 'customer-account')
    const report = await game.run([...counted, 'customer-figures'])
    t.same(
      report.problems.filter(({ mapping }) => /statistics|figures/.test(mapping)),
      [],
    )
    const { businessCentral, sales } = game.simulator
    businessCentral.edit('customerFinancialDetails', '10000', {
      balance: 12,
      totalSalesExcludingTax: 34,
      overdueAmount: 5,
    })
    const after = await game.run([...counted, 'customer-figures'])
    const name = businessCentral.row('customers', '10000')?.['displayName']
    t.match(
      sales.rows('accounts').find((row) => row['name'] === name),
      { new_balance: 12, new_totalsales: 34, new_overdue: 5 },
    )
    game.simulator.resetRequests()
    const again = await game.run([...counted, 'customer-figures'])
    t.equal(writes(game), 0)
    for (const { mappings } of [after, again])
      t.ok(
        mappings.every(({ mapping, updated }) => mapping !== 'customer-account' || updated === 0),
        'P4: statistics lead to no write of the account by customer-account',
      )
  },
)
