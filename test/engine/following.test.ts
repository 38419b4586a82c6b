/** Mappings that ride on another's couplings: with the coupled record itself, and with a record of its own. */
import t from 'tap'
import type { Mapping } from '../../src/config/config.ts'
import { uncouple } from '../../src/engine/decisions.ts'
import { followedName } from '../../src/engine/following.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import { customerAccount, mapping, row, source } from './project.ts'
import { type Stage, bothWays, counted, idOf, refusing, stage, theKey, toSales, writesMade } from './stage.ts'

const hour = 3_600_000
const day = 24 * hour
const customers = customerAccount({ ...toSales, direction: 'toSales' })
const sourceWins = { blank: 'fill', different: 'businessCentral' } as const

/** The balance of coupled customers, in a column of their accounts. */
const balances = (given: Partial<Mapping> = {}): Mapping =>
  mapping({
    name: 'balances',
    follows: { mapping: 'customer-account', partner: 'customer-account' },
    direction: 'toSales',
    businessCentral: source('businessCentral', 'customerFinancialDetails', {
      keys: ['number'],
      recheck: 'balance ne 0',
    }),
    sales: source('sales', 'accounts'),
    firstMatch: sourceWins,
    deletes: { businessCentral: 'uncouple', sales: 'uncouple', sweepMs: day },
    fields: [row('balance', { businessCentral: 'balance', sales: 'revenue', direction: 'toSales' })],
    ...given,
  })

/** The same figures in a row of their own for each customer. */
const sheets = (given: Partial<Mapping> = {}): Mapping =>
  balances({
    name: 'sheets',
    follows: { mapping: 'customer-account', partner: undefined },
    createOn: { businessCentral: false, sales: true },
    sales: source('sales', 'nav_accountstatisticses', { optional: true }),
    deletes: { businessCentral: 'delete', sales: 'restore', sweepMs: day },
    fields: [
      row('number', { businessCentral: 'number', sales: 'nav_customerno', direction: 'toSales' }),
      row('balance', { businessCentral: 'balance', sales: 'nav_balancelcy', direction: 'toSales' }),
    ],
    ...given,
  })

/** The account names its row: what follows `sheets` writes to the account through `customer-account`. */
const links = (): Mapping =>
  balances({
    name: 'links',
    follows: { mapping: 'sheets', partner: 'customer-account' },
    businessCentral: source('businessCentral', 'customers', { keys: ['number'] }),
    fields: [
      row('sheet', {
        businessCentral: 'id',
        sales: 'nav_accountstatisticsid',
        direction: 'toSales',
        lookup: { kind: 'coupling', mapping: 'sheets', by: 'id' },
        whenUncoupled: { kind: 'skip' },
        optional: true,
      }),
    ],
  })

const owe = (s: Stage, id: string, balance: number): void =>
  void s.simulator.businessCentral.edit('customerFinancialDetails', id, { balance })
const accountOf = (s: Stage, number: string) => s.accounts().find((account) => account['accountnumber'] === number)
const sheetRows = (s: Stage) => s.simulator.sales.rows('nav_accountstatisticses')

/** Two coupled customers, and one that nobody couples. */
async function world(t: Parameters<typeof stage>[0], following: readonly Mapping[]) {
  const s = await stage(t)
  const [one, two] = ['C1', 'C2'].map((number) => idOf(s.customer({ number })))
  const alone = idOf(s.customer({ number: 'C9', blocked: 'All' }))
  for (const id of [one, two, alone]) owe(s, id ?? '', 10)
  const all = [customers, ...following]
  const report = await s.run(all)
  s.clock.advance(hour)
  return { s, all, report, one: one ?? '', two: two ?? '', alone }
}

t.test('a mapping that follows takes part in what is coupled there, and in nothing else', async (t) => {
  const { s, report, all } = await world(t, [balances(), sheets(), links()])
  t.same(report.problems, [])
  t.equal(s.couplings('balances').length, 2)
  t.equal(s.couplings('sheets').length, 2)
  t.same(s.held('balances'), [])
  t.equal(accountOf(s, 'C1')?.['revenue'], 10)
  t.match(sheetRows(s), [{ nav_balancelcy: 10 }, { nav_balancelcy: 10 }])
  const sheet = sheetRows(s).find((each) => each['nav_customerno'] === 'C1')
  t.equal(accountOf(s, 'C1')?.['_nav_accountstatisticsid_value'], sheet?.['nav_accountstatisticsid'])
  s.simulator.resetRequests()
  await s.run(all)
  t.equal(writesMade(s.simulator), 0, 'P3: the second run writes nothing')
})

t.test('P4: figures written to the coupled account lead to no write of the followed mapping', async (t) => {
  const { s, all, one } = await world(t, [balances()])
  owe(s, one, 25)
  const report = await s.run(all)
  t.match(counted(report, 'balances'), { updated: 1 })
  t.equal(accountOf(s, 'C1')?.['revenue'], 25)
  s.clock.advance(hour)
  s.simulator.resetRequests()
  const after = await s.run([customerAccount(bothWays), balances()])
  t.match(counted(after, 'customer-account'), { updated: 0, created: 0 })
  t.equal(writesMade(s.simulator), 0)
})

t.test('P6: pairs that are new where it follows do not exceed the share of a mapping that follows', async (t) => {
  const all = { count: undefined, share: 1 }
  const following = balances({ limits: { deletes: all, updates: all, creates: all } })
  const { s } = await world(t, [following])
  for (const number of ['C3', 'C4', 'C5']) owe(s, idOf(s.customer({ number })), 10)
  const report = await s.run([customers, following])
  t.match(counted(report, 'balances'), { updated: 3 }, 'three updates where two pairs were, but five are followed')
  t.equal(accountOf(s, 'C5')?.['revenue'], 10)
})

t.test('a pair that is coupled later is followed in the run that couples it', async (t) => {
  const { s, all, alone } = await world(t, [balances(), sheets(), links()])
  s.simulator.businessCentral.edit('customers', alone, { blocked: '_x0020_' })
  await s.run(all)
  t.equal(accountOf(s, 'C9')?.['revenue'], 10)
  t.equal(sheetRows(s).length, 3)
  t.ok(accountOf(s, 'C9')?.['_nav_accountstatisticsid_value'])
})

t.test(
  'K-10: when the followed pair is uncoupled the following one ends; its own row is deleted where it says so',
  async (t) => {
    const { s, all, one } = await world(t, [balances(), sheets()])
    const state = s.store.mapping('customer-account')
    const coupling = state.bySide('businessCentral', one)
    const decided = uncouple(state, [{ coupling, held: [] }])
    if (decided.kind !== 'decided') throw new Error(decided.message)
    await s.store.lock('person')
    await s.store.commit('customer-account', decided.entries)
    await s.store.unlock()
    const report = await s.run(all.slice(1))
    t.match(counted(report, 'sheets'), { deleted: 1 })
    t.match(counted(report, 'balances'), { uncoupled: 1, deleted: 0 })
    t.equal(s.accounts().length, 2, 'no account is deleted')
    t.same(
      sheetRows(s).map((each) => each['nav_customerno']),
      ['C2'],
    )
    s.simulator.resetRequests()
    await s.run(all.slice(1))
    t.equal(writesMade(s.simulator), 0)
  },
)

t.test('P6: a plan that ends pairs writes nothing, and the guard counts its deletes', async (t) => {
  const { s, all } = await world(t, [
    sheets({ limits: { ...customers.limits, deletes: { count: 1, share: undefined } } }),
  ])
  const state = s.store.mapping('customer-account')
  const decided = uncouple(
    state,
    [...state.couplings()].map((coupling) => ({ coupling, held: [] })),
  )
  if (decided.kind !== 'decided') throw new Error(decided.message)
  await s.store.lock('person')
  await s.store.commit('customer-account', decided.entries)
  await s.store.unlock()
  s.simulator.resetRequests()
  const plan = await s.run(all.slice(1), { dry: true })
  t.equal(plan.plan.operations.filter(({ kind }) => kind === 'delete').length, 2)
  t.equal(writesMade(s.simulator), 0)
  await t.rejects(s.run(all.slice(1)), /2 deletes, allowed 1/)
  t.equal(sheetRows(s).length, 2)
})

t.test('P1: the own row has a derived key: without memory it is found again, not doubled', async (t) => {
  const { s, all } = await world(t, [sheets()])
  const before = sheetRows(s).map((each) => each['nav_accountstatisticsid'])
  s.store = openMemoryStore(theKey)
  await s.run(all)
  t.same(
    sheetRows(s).map((each) => each['nav_accountstatisticsid']),
    before,
  )
  t.equal(s.couplings('sheets').length, 2)
})

t.test('P1: several mappings may follow one record into the same collection', async (t) => {
  const { s } = await world(t, [sheets(), sheets({ name: 'other-sheets' })])
  t.equal(sheetRows(s).length, 4)
})

t.test('an own row that was deleted is made again when its figures change', async (t) => {
  const { s, all, one } = await world(t, [sheets()])
  const sheet = sheetRows(s).find((each) => each['nav_customerno'] === 'C1')
  s.simulator.sales.delete('nav_accountstatisticses', String(sheet?.['nav_accountstatisticsid']))
  owe(s, one, 11)
  await s.run(all)
  t.match(
    sheetRows(s).find((each) => each['nav_customerno'] === 'C1'),
    { nav_balancelcy: 11 },
  )
})

t.test('P9: a record outside its own filter is left, remembered, and followed when it comes in', async (t) => {
  const only = { keys: ['number'], filter: 'balance gt 20', recheck: 'balance ne 0' }
  const filtered = balances({ businessCentral: source('businessCentral', 'customerFinancialDetails', only) })
  const { s, all, one } = await world(t, [filtered])
  t.equal(s.couplings('balances').length, 0)
  t.equal(s.store.mapping('balances').watched(followedName).size, 2)
  owe(s, one, 30)
  await s.run(all)
  t.equal(accountOf(s, 'C1')?.['revenue'], 30)
  s.simulator.resetRequests()
  await s.run(all)
  t.equal(s.simulator.requests().businessCentral.requests, 3, 'P10: customers, details, recheck; no record by itself')
  owe(s, one, 5)
  await s.run(all)
  t.equal(accountOf(s, 'C1')?.['revenue'], 30, 'paused')
  t.match(s.couplings('balances'), [{ outside: true }])
})

t.test('P5, S-06: a row that a service refuses is held alone, and not the customer', async (t) => {
  const { s, all, one, two } = await world(t, [balances()])
  owe(s, one, 12)
  owe(s, two, 11)
  const { sales } = s.connectors
  s.connectors = { ...s.connectors, sales: refusing(sales, (values) => values['revenue'] === 12) }
  const report = await s.run(all)
  t.match(report.problems, [{ mapping: 'balances', kind: 'failed', number: 'C1' }])
  t.equal(accountOf(s, 'C2')?.['revenue'], 11)
  t.same(s.held('customer-account'), [], 'the customer itself is not held')
  s.connectors = { ...s.connectors, sales }
  s.clock.advance(hour)
  await s.run(all)
  t.equal(accountOf(s, 'C1')?.['revenue'], 12, 'tried again at its moment')
  t.same(s.held('balances'), [])
})

t.test('behaviour 181: an account that was deleted waits in its own mapping; nothing is written to it', async (t) => {
  const { s, all, one } = await world(t, [balances(), sheets()])
  s.simulator.sales.delete('accounts', String(accountOf(s, 'C1')?.['accountid']))
  owe(s, one, 12)
  const report = await s.run([customerAccount({ ...bothWays }), ...all.slice(1)])
  t.match(report.problems, [{ mapping: 'customer-account', kind: 'deleted', number: 'C1' }])
  t.equal(s.couplings('balances').length, 1, 'the pair has ended with its account')
  s.simulator.resetRequests()
  const again = await s.run([customerAccount({ ...bothWays }), ...all.slice(1)])
  t.match(again.problems, [{ mapping: 'customer-account', kind: 'deleted' }])
  t.equal(writesMade(s.simulator), 0)
})

t.test('behaviour 21: without the solution the mapping rests, and the others run', async (t) => {
  const s = await stage(t, { sales: { without: ['nav_accountstatistics'] } })
  owe(s, idOf(s.customer({ number: 'C1' })), 10)
  const report = await s.run([customers, sheets(), links(), balances()])
  t.same(report.problems, [])
  t.ok(report.ok)
  t.equal(accountOf(s, 'C1')?.['revenue'], 10)
  t.same(s.couplings('sheets'), [])
  await t.rejects(
    s.run([customers, sheets({ sales: source('sales', 'nav_accountstatisticses') })]).then(({ ok }) => {
      if (!ok) throw new Error('not in step')
    }),
    /not in step/,
    'where it is not optional, it fails',
  )
})

t.test('a customer that Business Central creates in the same run is followed in it', async (t) => {
  const s = await stage(t)
  s.account({ name: 'Born in Sales', address1_postalcode: '1' })
  const all = [customerAccount(bothWays), balances(), sheets()]
  await s.run(all)
  t.equal(s.customers().length, 1)
  t.equal(sheetRows(s).length, 1)
  s.clock.advance(hour)
  const again = await s.run(all)
  t.match(counted(again, 'sheets'), { created: 0, updated: 0 })
})
