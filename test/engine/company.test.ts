/** Several companies of Business Central on one organisation of Sales, with the standard set as people get it. */
import t, { type Test } from 'tap'
import { odataConnector } from '../../src/connector/odata.ts'
import { businessCentral } from '../../src/simulator/business-central.ts'
import { seed } from '../../src/simulator/seed.ts'
import { startSimulator } from '../../src/simulator/simulator.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import type { Row } from '../../src/simulator/table.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import { connectionTo, quickClock } from '../connector/world.ts'
import { type Stage, counted, stage, theKey, writingVia } from './stage.ts'
import { only, standardSet } from './standard-set.ts'

const companies = ['company', 'currency', 'customer-account']

/** A second company of Business Central, with a project of its own on the same organisation. */
async function secondCompany(t: Test, first: Stage): Promise<Stage & { readonly own: Simulator }> {
  const { businessCentral: rows } = seed({ company: 'empty' })
  const own = await startSimulator({ businessCentral: businessCentral({ company: 'Contoso Coffee Ltd.', rows }) })
  const connection = connectionTo(
    { authority: own.authority, businessCentral: { url: own.businessCentral.url } },
    'businessCentral',
    'Contoso Coffee Ltd.',
  )
  const connector = odataConnector(connection, { clock: quickClock(), random: () => 0.5, env: {}, userAgent: 'test' })
  t.teardown(async () => {
    await connector.close()
    await own.stop()
  })
  const made: Stage = Object.create(first) as Stage
  Object.assign(made, {
    store: openMemoryStore('another key'),
    connectors: { businessCentral: connector, sales: first.world.connector('sales') },
    customers: () => own.businessCentral.rows('customers'),
  })
  return Object.assign(made, { own })
}

const companyOf = (row: Row | undefined): unknown => row?.['_bcbi_companyid_value']
const companyRows = ({ simulator }: Stage): readonly Row[] => simulator.sales.rows('bcbi_companies')
const accountCalled = (on: Stage, name: string): Row | undefined => on.accounts().find((row) => row['name'] === name)
const names = (rows: readonly Row[]): readonly string[] => rows.map(({ displayName }) => String(displayName)).sort()

t.test('O-01 the company is a row of its own, found by its id, and made once where it is missing', async (t) => {
  const config = only(await standardSet(t), ...companies)
  const on = await stage(t)
  await on.run(config)
  const [row, ...others] = companyRows(on)
  t.same(others, [])
  t.equal(row?.['bcbi_name'], 'CRONUS International Ltd.')
  t.equal(row?.['bcbi_externalid'], (await on.connectors.businessCentral.identify()).organisation)
  on.store = openMemoryStore(theKey)
  await on.run(config)
  t.equal(companyRows(on).length, 1, 'with a lost memory it is found again')
})

t.test(
  'O-02 O-03 what a company makes or takes carries its mark; what another company marked is not read',
  async (t) => {
    const config = only(await standardSet(t), ...companies)
    const on = await stage(t)
    const other = on.simulator.sales.create('bcbi_companies', { bcbi_name: 'Other', bcbi_externalid: 'x' })
    const theirs = on.account({
      name: 'Theirs',
      'bcbi_companyid@odata.bind': `/bcbi_companies(${String(other['bcbi_companyid'])})`,
    })
    on.account({ name: 'Nobody’s' })
    on.customer({ number: 'C1', displayName: 'Ours' })
    const before = on.customers().length
    await on.run(config)
    const own = companyRows(on).find((row) => row['bcbi_name'] !== 'Other')?.['bcbi_companyid']
    t.equal(companyOf(accountCalled(on, 'Ours')), own, 'marked when it is made')
    t.equal(companyOf(accountCalled(on, 'Nobody’s')), own, 'marked when it is taken')
    t.equal(companyOf(accountCalled(on, 'Theirs')), other['bcbi_companyid'])
    t.notOk(names(on.customers()).includes('Theirs'))
    t.equal(on.customers().length > before, true)
    t.notOk(on.store.mapping('customer-account').bySide('sales', String(theirs['accountid'])))
    const again = await on.run(config)
    t.match(counted(again, 'customer-account'), { created: 0, updated: 0, coupled: 0 }, 'P4 the mark is no change')
  },
)

const die = (): never => {
  throw new Error('killed')
}

/** Two companies that both have seen an account that is nobody's. */
async function twoCompanies(t: Test, settings = '') {
  const config = only(await standardSet(t, settings), ...companies)
  const one = await stage(t)
  const two = await secondCompany(t, one)
  const account = one.account({ name: 'Both want it' })
  const owners = (): readonly string[] =>
    [one, two].flatMap((on, index) =>
      names(on.customers()).includes('Both want it') ? [['one', 'two'][index] ?? ''] : [],
    )
  return { config, one, two, account, owners }
}

t.test('P1 two companies that run at the same time never take the same account', async (t) => {
  const { config, one, two, account, owners } = await twoCompanies(t)
  await Promise.all([one.run(config), two.run(config)])
  t.equal(owners().length, 1)
  await Promise.all([one.run(config), two.run(config)])
  const winner = owners()[0] === 'one' ? one : two
  const mark = one.simulator.sales
    .rows('bcbi_companies')
    .find(({ bcbi_companyid: id }) => id === companyOf(one.accounts()[0]))
  t.equal(owners().length, 1)
  t.equal(mark?.['bcbi_externalid'], (await winner.connectors.businessCentral.identify()).organisation)
  t.equal(one.accounts().filter(({ name }) => name === account['name']).length, 1)
})

t.test('P2 a company that is overtaken between reading and marking lets the account go', async (t) => {
  const { config, one, two, owners } = await twoCompanies(t)
  await one.run(only(config, 'company'))
  let overtaken = false
  one.connectors = {
    ...one.connectors,
    sales: writingVia(one.connectors.sales, async () => {
      if (overtaken) return
      overtaken = true
      await two.run(config)
    }),
  }
  await one.run(config)
  t.same(owners(), ['two'])
  t.equal(
    one.couplings().some(({ sales }) => sales.id === one.accounts()[0]?.['accountid']),
    false,
  )
  t.same(one.held(), [], 'and nothing waits for it')
})

t.test('P1 P2 an account that two companies would couple by its number is coupled by one alone', async (t) => {
  const { config, one, two } = await twoCompanies(t)
  const shared = one.account({ name: 'Known to both', accountnumber: 'K1' })
  one.customer({ number: 'K1', displayName: 'Known to both' })
  two.own.businessCentral.create('customers', { number: 'K1', displayName: 'Known to both' })
  await Promise.all([one.run(config), two.run(config)])
  const coupled = [one, two].filter((on) =>
    on.store.mapping('customer-account').bySide('sales', String(shared['accountid'])),
  )
  t.equal(coupled.length, 1)
})

for (const dying of ['before the account is marked', 'after it is marked'] as const)
  t.test(`P1 P7 a company killed ${dying} loses nothing and makes nothing twice`, async (t) => {
    const { config, one, two, owners } = await twoCompanies(t)
    await one.run(only(config, 'company', 'currency'))
    const { connectors } = one
    one.connectors =
      dying === 'after it is marked'
        ? { ...connectors, businessCentral: writingVia(connectors.businessCentral, die) }
        : { ...connectors, sales: writingVia(connectors.sales, die) }
    await t.rejects(one.run(config), /killed/)
    await one.store.unlock()
    one.connectors = connectors
    await two.run(config)
    await one.run(config)
    await two.run(config)
    t.same(owners(), dying === 'after it is marked' ? ['one'] : ['two'])
  })

t.test('O-04 a mark that somebody emptied is set again; a row given to another company is paused (P9)', async (t) => {
  const config = only(await standardSet(t), ...companies)
  const on = await stage(t)
  const account = on.account({ name: 'Ours' })
  const id = String(account['accountid'])
  await on.run(config)
  const own = companyOf(on.accounts()[0])
  on.simulator.sales.edit('accounts', id, { 'bcbi_companyid@odata.bind': null })
  await on.run(config)
  t.equal(companyOf(on.accounts()[0]), own, 'set again')
  const other = on.simulator.sales.create('bcbi_companies', { bcbi_name: 'Other', bcbi_externalid: 'x' })
  on.simulator.sales.edit('accounts', id, {
    'bcbi_companyid@odata.bind': `/bcbi_companies(${String(other['bcbi_companyid'])})`,
    name: 'Theirs now',
  })
  await on.run(config)
  t.equal(on.couplings()[0]?.outside, true)
  t.same(names(on.customers()), ['Ours'])
  t.equal(companyOf(on.accounts()[0]), other['bcbi_companyid'], 'and the mark stays theirs')
})

t.test('an organisation without the base solution works as before, and nothing is told of it', async (t) => {
  const config = only(await standardSet(t), ...companies)
  const on = await stage(t, { sales: { baseSolution: false } })
  on.account({ name: 'Taken' })
  on.customer({ number: 'C1', displayName: 'Made' })
  const report = await on.run(config)
  t.same(report.problems, [])
  t.ok(accountCalled(on, 'Made'))
  t.ok(names(on.customers()).includes('Taken'))
  t.same(
    on.events.filter(({ kind }) => kind === 'warning'),
    [],
  )
})

t.test('settings.company: off leaves the mark alone, and looks at nobody’s', async (t) => {
  const config = only(await standardSet(t, ', company: "off"'), ...companies)
  const on = await stage(t)
  const other = on.simulator.sales.create('bcbi_companies', { bcbi_name: 'Other', bcbi_externalid: 'x' })
  on.account({ name: 'Theirs', 'bcbi_companyid@odata.bind': `/bcbi_companies(${String(other['bcbi_companyid'])})` })
  on.customer({ number: 'C1', displayName: 'Ours' })
  await on.run(config)
  t.equal(companyOf(accountCalled(on, 'Ours')) ?? null, null)
  t.ok(names(on.customers()).includes('Theirs'))
  t.equal(companyRows(on).length, 1)
})

t.test('M-01 M-03 companies that share couple the same row, and its mark stays with the first', async (t) => {
  const { config, one, two, owners } = await twoCompanies(t, ', company: shared')
  await one.run(config)
  await two.run(config)
  t.same(owners(), ['one', 'two'])
})

t.test('M-01 companies that share leave documents to the company whose mark they carry', async (t) => {
  const set = await standardSet(t, ', company: shared, salesOrders: legacy, unitGroups: false')
  const config = only(set, ...companies, 'payment-terms', 'shipment-method', 'sales-order')
  const on = await stage(t)
  on.customer({ number: 'C1', displayName: 'Adatum' })
  const account = on.account({ accountnumber: 'C1', name: 'Adatum' })
  await on.run(config)
  const own = companyRows(on)[0]
  const other = on.simulator.sales.create('bcbi_companies', { bcbi_name: 'Other', bcbi_externalid: 'another' })
  for (const [index, company] of [own, other, undefined].entries()) {
    const order = on.simulator.sales.create('salesorders', {
      ordernumber: `O${index}`,
      'customerid_account@odata.bind': `/accounts(${String(account['accountid'])})`,
      ...(company === undefined
        ? {}
        : { 'bcbi_companyid@odata.bind': `/bcbi_companies(${String(company['bcbi_companyid'])})` }),
    })
    on.simulator.sales.edit('salesorders', String(order['salesorderid']), { statecode: 1 })
  }
  await on.run(config)
  t.same(
    on.simulator.businessCentral.rows('salesOrders').map((row) => row['externalDocumentNumber']),
    ['O0'],
  )
})

t.test(
  'a mapping that is run alone brings the company along: a lost memory takes nobody else’s rows for its own',
  async (t) => {
    const config = only(await standardSet(t), ...companies)
    const on = await stage(t)
    on.account({ name: 'Ours' })
    await on.run(config)
    on.store = openMemoryStore(theKey)
    const report = await on.run(config, { mappings: ['customer-account'] })
    t.same(report.mappings.map(({ mapping }) => mapping).filter((name) => name === 'company').length > 0, true)
    t.equal(on.customers().length, 1)
    t.equal(on.couplings().length, 1)
  },
)
