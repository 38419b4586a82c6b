/** E-01, E-02, E-09, K-01 to K-08, K-14, C-07, P6, P7, P9: coupling one and many, what follows, and looking at both records first. */
import t from 'tap'
import { compare, wouldBeLost } from '../../src/engine/compare.ts'
import { couple } from '../../src/engine/decisions.ts'
import { type SyncAfter, misfit, preferenceOf, runsAfter } from '../../src/engine/sync-after.ts'
import type { RunOptions } from '../../src/engine/run.ts'
import { configOf, customerAccount, mapping, row, source } from './project.ts'
import { standardSet } from './standard-set.ts'
import { type Stage, bothWays, counted, idOf, refusing, stage, writesMade } from './stage.ts'

const name = 'customer-account'
const mapped = customerAccount()
const matched = { full: true, noCreate: true } as const

/** A customer and an account that match by number and differ in phone, city, and credit limit. */
function twoRecords(s: Stage): { readonly bc: string; readonly sales: string } {
  const customer = s.customer({ number: 'C1', displayName: 'Adatum', phoneNumber: '1', email: 'a@b.c', creditLimit: 5 })
  const account = s.account({
    accountnumber: 'C1',
    name: 'Adatum',
    telephone1: '2',
    address1_city: 'Paris',
    creditlimit: 9,
  })
  return { bc: idOf(customer), sales: idOf(account) }
}

async function coupleByHand(s: Stage, prefer: 'hold' | 'businessCentral' | 'sales'): Promise<void> {
  const { bc, sales } = twoRecords(s)
  const pair = { businessCentral: { id: bc, keys: { number: 'C1' } }, sales: { id: sales, keys: {} } }
  const decided = couple(s.store.mapping(name), pair, { prefer, gone: new Set(), at: s.clock.now().toISOString() })
  if (decided.kind !== 'decided') throw new Error(decided.message)
  await s.store.lock('decision')
  await s.store.commit(name, decided.entries)
  await s.store.unlock()
}

t.test('P7, P9: a pair coupled by hand is a first match in every row, one-way rows too', async (t) => {
  const s = await stage(t)
  await s.run([mapped])
  await coupleByHand(s, 'hold')
  const report = await s.run([mapped])
  t.match(report.problems, [{ kind: 'different', message: /phone, creditLimit filled differently/ }])
  t.match(s.accounts()[0], { telephone1: '2', creditlimit: 9, emailaddress1: 'a@b.c' })
  t.match(s.customers()[0], { phoneNumber: '1', city: 'Paris' }, 'blanks are filled')
})

t.test('K-01: to Sales, where both are filled Business Central is right, and a blank wipes nothing', async (t) => {
  const s = await stage(t)
  await s.run([mapped])
  await coupleByHand(s, 'businessCentral')
  const report = await s.run([mapped])
  t.same(report.problems, [])
  t.match(s.accounts()[0], { telephone1: '1', creditlimit: 5, address1_city: 'Paris' })
  t.match(s.customers()[0], { phoneNumber: '1', city: 'Paris' })
  s.simulator.resetRequests()
  t.equal((await s.run([mapped])).ok, true)
  t.equal(writesMade(s.simulator), 0)
})

t.test('K-01: to Business Central, Sales is right; a one-way row stays with its source', async (t) => {
  const s = await stage(t)
  await s.run([mapped])
  await coupleByHand(s, 'sales')
  t.same((await s.run([mapped])).problems, [])
  t.match(s.customers()[0], { phoneNumber: '2', creditLimit: 5 })
  t.match(s.accounts()[0], { telephone1: '2', creditlimit: 9 })
})

const one = (choice: SyncAfter, direction: 'both' | 'toSales' | 'toBusinessCentral') =>
  preferenceOf(choice, { direction })

t.test('K-01, K-06: what follows a coupling, as the native integration has it ready', (t) => {
  t.equal(one('native', 'both'), 'businessCentral')
  t.equal(one('native', 'toSales'), 'businessCentral')
  t.equal(one('native', 'toBusinessCentral'), 'sales', 'tables that only come from Sales')
  t.equal(one('toBusinessCentral', 'both'), 'sales')
  t.equal(one('merge', 'both'), 'hold')
  t.equal(one('none', 'both'), 'none')
  t.match(
    misfit('toSales', { name, direction: 'toBusinessCentral' }),
    'customer-account travels toBusinessCentral only',
  )
  t.equal(misfit('native', { name, direction: 'toBusinessCentral' }), undefined)
  t.same(runsAfter('native'), { coupleOnly: false, prefer: 'conflicts' })
  t.same(runsAfter('none'), { coupleOnly: true, prefer: undefined })
  t.end()
})

t.test(
  'K-06: after matching, the side that wins conflicts is right; without such a policy nothing is overwritten',
  async (t) => {
    const winners = [
      [{ conflicts: 'businessCentral' }, '1', '1', 0],
      [{ conflicts: 'sales' }, '2', '2', 0],
      [{}, '1', '2', 1],
    ] as const
    for (const [policy, bc, sales, problems] of winners) {
      const s = await stage(t)
      twoRecords(s)
      const report = await s.run([customerAccount(policy)], { ...matched, prefer: 'conflicts' })
      t.equal(s.customers()[0]?.['phoneNumber'], bc)
      t.equal(s.accounts()[0]?.['telephone1'], sales)
      t.equal(report.problems.length, problems)
    }
  },
)

t.test('K-06, K-14, P6: couples only, writes to neither side, and the next run compares', async (t) => {
  const s = await stage(t)
  twoRecords(s)
  await s.run([customerAccount({ match: [] })])
  s.simulator.resetRequests()
  const report = await s.run([mapped], { ...matched, coupleOnly: true })
  t.equal(writesMade(s.simulator), 0)
  t.match(counted(report, name), { coupled: 1, updated: 0 })
  t.match(s.couplings(), [{ businessCentral: { keys: { number: 'C1' } } }])
  const again = await s.run([mapped], { ...matched, coupleOnly: true })
  t.match(counted(again, name), { coupled: 0, updated: 0 })
  t.match((await s.run([mapped])).problems, [{ kind: 'different', message: /phone, creditLimit/ }])
  t.equal(s.customers()[0]?.['city'], 'Paris')
})

t.test('K-04: no match and no leave to create is told once for all, with the reason and their number', async (t) => {
  const s = await stage(t)
  for (let n = 1; n < 4; n++) s.customer({ number: `C${n}` })
  const report = await s.run([customerAccount(bothWays)], matched)
  t.equal(s.accounts().length, 0)
  t.same(
    report.problems.map(({ kind, message }) => `${kind}: ${message}`),
    Array.from(
      { length: 3 },
      () => 'no-partner: no record in Sales matches it, and "create" does not allow creating one there',
    ),
  )
})

t.test('K-04, K-05: creating where nothing matches, only where the mapping travels', async (t) => {
  const s = await stage(t)
  s.customer({ number: 'C1' })
  const create: Partial<RunOptions> = { full: true, creates: { businessCentral: false, sales: true } }
  const users = mapping({
    name: 'salesperson-user',
    direction: 'toBusinessCentral',
    businessCentral: source('businessCentral', 'salespeoplePurchasers', { keys: ['code'] }),
    sales: source('sales', 'systemusers'),
    match: [{ businessCentral: ['email'], sales: ['internalemailaddress'], lookup: {}, caseSensitive: false }],
    fields: [row('email', { businessCentral: 'email', sales: 'internalemailaddress' })],
  })
  await s.run([users, mapped], { dry: true })
  const before = s.simulator.sales.rows('systemusers').length
  await s.run([users, mapped], create)
  t.equal(s.accounts().length, 1, 'create: never in the mapping')
  t.equal(s.simulator.sales.rows('systemusers').length, before, 'salespeople are never created in Sales')
})

t.test('both records side by side before coupling: what differs, what would be written, and nothing is', async (t) => {
  const s = await stage(t)
  const { bc, sales } = twoRecords(s)
  const state = s.store.mapping(name)
  const pair = { businessCentral: { id: bc, keys: {} }, sales: { id: sales, keys: {} } }
  const decided = couple(state, pair, { prefer: 'hold', gone: new Set(), at: s.clock.now().toISOString() })
  const entries = decided.kind === 'decided' ? decided.entries : []
  s.simulator.resetRequests()
  const request = { mapping: name, pair: { businessCentral: bc, sales } }
  const shown = await compare(configOf([mapped]), s.ports, { ...request, entries })
  const field = (wanted: string) => shown.fields.find((one) => one.name === wanted)
  t.match(field('name'), { equal: true, written: undefined, values: { businessCentral: 'Adatum', sales: 'Adatum' } })
  t.match(field('phone'), { equal: false, held: 'different', values: { businessCentral: '1', sales: '2' } })
  t.match(field('email'), { written: 'sales', direction: 'both', columns: { sales: 'emailaddress1' } })
  t.match(field('city'), { written: 'businessCentral' })
  t.match(field('creditLimit'), { held: 'different', direction: 'toSales' })
  t.equal(field('accountType'), undefined, 'what is written at creation only')
  t.equal(writesMade(s.simulator), 0)
  t.same(s.couplings(), [], 'P6')

  await s.run([mapped], { prefer: 'businessCentral' })
  s.simulator.businessCentral.edit('customers', bc, { phoneNumber: '7' })
  s.simulator.sales.edit('accounts', sales, { telephone1: '8', address1_line1: 'Elsewhere' })
  const later = await compare(configOf([mapped]), s.ports, { ...request, entries: [] })
  t.match(
    later.fields.find((one) => one.name === 'phone'),
    { held: 'conflict', edited: { businessCentral: true, sales: true } },
  )
  t.same(
    wouldBeLost(later, 'sales').map((one) => one.name),
    ['address', 'phone'],
  )
  t.same(
    wouldBeLost(later, 'businessCentral').map((one) => one.name),
    ['phone'],
  )
  await t.rejects(
    compare(configOf([mapped]), s.ports, {
      ...request,
      pair: { businessCentral: bc, sales: '11111111-1111-4111-8111-111111111111' },
      entries: [],
    }),
    { name: 'ConfigError', message: /not there any more/ },
  )
})

t.test(
  'E-01 a pair holds what both sides last agreed on; what is refused stands beside it and changes nothing of it',
  async (t) => {
    const s = await stage(t)
    const customer = s.customer({ number: 'C1', phoneNumber: '1' })
    await s.run([customerAccount(bothWays)])
    await s.run([customerAccount(bothWays)])
    const [agreed] = s.couplings()
    t.match(agreed, { businessCentral: { id: idOf(customer), version: String }, sales: { version: String } })
    t.not(agreed?.base, '')
    const { connectors } = s
    s.connectors = { ...connectors, sales: refusing(connectors.sales, (values) => values['telephone1'] === '2') }
    s.simulator.businessCentral.edit('customers', idOf(customer), { phoneNumber: '2' })
    await s.run([customerAccount(bothWays)])
    t.match(s.held(), [{ kind: 'failed', number: 'C1', attempts: 1 }])
    t.match(s.couplings(), [{ base: agreed?.base, sales: agreed?.sales }])
  },
)

t.test('E-02 a record of Sales has one partner in a mapping, and may have another one in another', async (t) => {
  const s = await stage(t)
  const { mappings } = await standardSet(t)
  const config = mappings.filter((each) => ['customer-account', 'vendor-account'].includes(each.name))
  const [one, two] = ['C1', 'C2'].map((number) => idOf(s.customer({ number })))
  const vendor = idOf(s.simulator.businessCentral.create('vendors', { number: 'V1', displayName: 'Adatum' }))
  const account = idOf(s.account({ name: 'Adatum' }))
  const asked = { prefer: 'hold', gone: new Set<string>(), at: s.clock.now().toISOString() } as const
  const coupled = async (mapping: string, id = ''): Promise<string> => {
    const pair = { businessCentral: { id, keys: {} }, sales: { id: account, keys: {} } }
    const decided = couple(s.store.mapping(mapping), pair, asked)
    if (decided.kind !== 'decided') return decided.message
    await s.store.lock('decision')
    await s.store.commit(mapping, decided.entries)
    await s.store.unlock()
    return 'coupled'
  }
  t.equal(await coupled('customer-account', one), 'coupled')
  t.match(await coupled('customer-account', two), 'is coupled with another record')
  t.equal(await coupled('vendor-account', vendor), 'coupled')
  await s.run(config)
  t.match(s.couplings('customer-account'), [{ businessCentral: { id: one }, sales: { id: account } }])
  t.match(s.couplings('vendor-account'), [{ businessCentral: { id: vendor }, sales: { id: account } }])
})

t.test('E-09 a run counts what it made, changed, coupled, uncoupled, deleted, left, and could not do', async (t) => {
  const s = await stage(t)
  const deletes = { businessCentral: 'uncouple', sales: 'delete', sweepMs: 0 } as const
  const mapping = customerAccount({ ...bothWays, deletes })
  const numbers = ['changed', 'deleted', 'uncoupled', 'touched'] as const
  const customers = new Map(numbers.map((number) => [number, idOf(s.customer({ number, phoneNumber: '1' }))]))
  const bc = (number: (typeof numbers)[number]): string => customers.get(number) ?? ''
  await s.run([mapping])
  await s.run([mapping])
  const { connectors } = s
  s.connectors = { ...connectors, sales: refusing(connectors.sales, (values) => values['telephone1'] === 'bad') }
  s.customer({ number: 'new' })
  s.customer({ number: 'refused', phoneNumber: 'bad' })
  s.customer({ number: 'met', phoneNumber: '1' })
  s.account({ accountnumber: 'met', name: 'Customer met', telephone1: '2', creditlimit: 0 })
  s.simulator.businessCentral.edit('customers', bc('changed'), { phoneNumber: '3' })
  s.simulator.businessCentral.edit('customers', bc('touched'), { taxRegistrationNumber: 'x' })
  s.simulator.businessCentral.delete('customers', bc('uncoupled'))
  const { sales } = s.store.mapping(name).bySide('businessCentral', bc('deleted')) ?? {}
  s.simulator.sales.delete('accounts', sales?.id ?? '')
  const report = await s.run([mapping])
  t.match(counted(report, name), {
    created: 1,
    updated: 1,
    deleted: 1,
    coupled: 1,
    uncoupled: 1,
    unchanged: 2,
    // What differs where two met, and the account that was left alone.
    held: 2,
    failed: 1,
  })
})
