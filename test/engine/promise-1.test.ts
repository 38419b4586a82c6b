/** P1: nothing is created twice, whatever is lost. */
import t from 'tap'
import { type BySide, type Side, otherSide, sides } from '../../src/config/config.ts'
import { type Connector, type Page, portOf } from '../../src/connector/connector.ts'
import { uncouple } from '../../src/engine/decisions.ts'
import { defaultRunOptions, run } from '../../src/engine/run.ts'
import { ConnectorError } from '../../src/errors.ts'
import { openMemoryStore, overlay } from '../../src/store/memory-store.ts'
import { configOf, customerAccount, simpleOrder } from './project.ts'
import {
  bothWays,
  committingVia,
  counted,
  idOf,
  pairsOf,
  refusing,
  stage,
  theKey,
  toSales,
  writesMade,
} from './stage.ts'

const three = ['C1', 'C2', 'C3']

t.test('P1 an answer lost after the create has reached Sales makes no second account', async (t) => {
  const s = await stage(t)
  for (const number of three) s.customer({ number })
  s.simulator.faults.add({ match: { service: 'sales', path: 'batch', nth: 1 }, do: { drop: 'after' } })
  const report = await s.run([customerAccount(toSales)])
  t.equal(report.ok, true)
  t.equal(s.accounts().length, 3)
  t.equal(s.couplings().length, 3)
  s.simulator.resetRequests()
  await s.run([customerAccount(toSales)])
  t.equal(writesMade(s.simulator), 0)
})

t.test(
  'P1 a runner that dies between the write and its commit leaves accounts that the next run couples',
  async (t) => {
    const s = await stage(t)
    for (const number of three) s.customer({ number })
    const store = s.store
    s.store = committingVia(store, (_, entries) => {
      if (entries.some(({ kind }) => kind === 'settled')) throw new Error('the runner dies')
    })
    await t.rejects(s.run([customerAccount(toSales)]), { message: 'the runner dies' })
    s.store = store
    t.equal(s.accounts().length, 3, 'the service has them')
    t.equal(s.couplings().length, 0, 'nobody remembers')
    const report = await s.run([customerAccount(toSales)])
    t.equal(report.ok, true)
    t.equal(s.accounts().length, 3)
    t.equal(s.couplings().length, 3)
  },
)

t.test('P1 a lost memory couples everything again, also what no match rule would find', async (t) => {
  const s = await stage(t)
  for (const number of three) s.customer({ number })
  s.account({ name: 'From Sales' })
  const blind = customerAccount({ ...bothWays, match: [] })
  const first = await s.run([blind])
  t.match(counted(first, 'customer-account'), { created: 4, coupled: 0 })
  const before = pairsOf(s.couplings())
  s.store = openMemoryStore(theKey)
  const second = await s.run([blind])
  t.equal(second.ok, true)
  t.equal(s.accounts().length, 4)
  t.equal(s.customers().length, 4)
  t.same(pairsOf(s.couplings()), before)
  s.simulator.resetRequests()
  await s.run([blind])
  t.equal(writesMade(s.simulator), 0)
})

t.test('P1 a record that a forgotten run has made again finds its pair, and is carried to nothing new', async (t) => {
  const s = await stage(t)
  for (const number of three) s.customer({ number })
  const restoring = customerAccount({
    ...bothWays,
    deletes: { businessCentral: 'restore', sales: 'restore', sweepMs: 1 },
    fields: customerAccount().fields.filter(({ name }) => name !== 'number'),
  })
  await s.run([restoring])
  const pushed = s.store
  s.simulator.businessCentral.delete('customers', 'C2')
  for (const disk of [overlay(pushed), overlay(pushed)]) {
    s.store = disk
    s.clock.advance(1000)
    t.equal((await s.run([restoring])).ok, true)
  }
  t.equal(s.customers().length, 3)
  t.equal(s.accounts().length, 3)
  t.equal(s.couplings().length, 3)
  t.equal(s.held().length, 0)
})

for (const side of sides)
  t.test(`P1 a pair goes on in what a forgotten run has made again in ${side}, and nobody is asked`, async (t) => {
    const s = await stage(t)
    for (const number of three) s.customer({ number, phoneNumber: '1' })
    const holding = customerAccount({
      ...bothWays,
      createOn: { businessCentral: true, sales: true },
      deletes: { businessCentral: 'hold', sales: 'hold', sweepMs: 1 },
      fields: customerAccount().fields.filter(({ name }) => name !== 'number'),
      match: [],
    })
    await s.run([holding])
    const mine = s.store
    const [pair] = s.couplings()
    s.simulator[side].delete(side === 'sales' ? 'accounts' : 'customers', pair?.[side].id ?? '')
    s.store = openMemoryStore(theKey)
    await s.run([holding])
    s.store = mine
    s.clock.advance(1000)
    t.equal((await s.run([holding])).ok, true)
    t.same([s.customers().length, s.accounts().length, s.couplings().length], [3, 3, 3])
    const partner = s.couplings().find((one) => one[otherSide(side)].id === pair?.[otherSide(side)].id)
    const [here, column] =
      side === 'sales' ? ([s.accounts(), 'telephone1'] as const) : ([s.customers(), 'phoneNumber'] as const)
    t.ok(
      here.some((row) => idOf(row) === partner?.[side].id),
      'the one that was made again',
    )
    s.simulator[side].edit(side === 'sales' ? 'accounts' : 'customers', partner?.[side].id ?? '', { [column]: '2' })
    t.equal((await s.run([holding])).ok, true)
    const there =
      side === 'sales' ? s.customers().map((row) => row['phoneNumber']) : s.accounts().map((row) => row['telephone1'])
    t.same(there.map(String).toSorted(), ['1', '1', '2'])
    s.simulator.resetRequests()
    await s.run([holding])
    t.equal(writesMade(s.simulator), 0)
  })

t.test('P1 a record that was made again stays one where the next run breaks off on finding it', async (t) => {
  const s = await stage(t)
  for (const number of three) s.customer({ number })
  const restoring = customerAccount({
    ...bothWays,
    createOn: { businessCentral: true, sales: true },
    deletes: { businessCentral: 'restore', sales: 'restore', sweepMs: 1 },
  })
  await s.run([restoring])
  const [customer] = s.customers()
  s.simulator.businessCentral.delete('customers', idOf(customer ?? {}))
  s.clock.advance(1000)
  const disk = s.store
  s.store = overlay(disk)
  await s.run([restoring])
  s.store = disk
  t.equal(s.customers().length, 3, 'made again by a run that nobody remembers')
  s.clock.advance(1000)
  const { sales } = s.connectors
  const beside = s.account({ name: 'made in the same batch' })
  let asked = 0
  const failing = new ConnectorError('sales', 'unreachable', { message: 'no answer', remedy: 'wait' })
  s.connectors = {
    ...s.connectors,
    sales: {
      ...portOf(sales),
      read: (query, ids) => (++asked > 1 ? Promise.reject(failing) : sales.read(query, ids)),
    },
  }
  await s.run([restoring]).catch(() => {})
  t.ok(asked > 1, 'its source could not be looked at')
  t.ok(
    s.couplings().some(({ sales: { id } }) => id === idOf(beside)),
    'what was answered beside it is known',
  )
  s.connectors = { ...s.connectors, sales }
  for (let run = 0; run < 2; run++) {
    s.clock.advance(1000)
    t.equal((await s.run([restoring])).ok, true)
  }
  t.equal(s.customers().length, 4)
  t.equal(s.accounts().length, 4)
  t.equal(s.couplings().length, 4)
})

t.test('P1 a lost memory does not take what somebody edited since for agreed', async (t) => {
  const s = await stage(t)
  s.customer({ number: 'C1', phoneNumber: '1' })
  const blind = customerAccount({ ...bothWays, match: [] })
  await s.run([blind])
  const [account] = s.accounts()
  s.simulator.sales.edit('accounts', idOf(account ?? {}), { telephone1: '2' })
  s.store = openMemoryStore(theKey)
  await s.run([blind])
  t.equal(s.customers()[0]?.['phoneNumber'], '1', 'nothing is overwritten')
  t.equal(s.accounts()[0]?.['telephone1'], '2')
  t.match(s.held(), [{ kind: 'different', fields: ['phone'] }])
})

t.test('P1 a create whose runner died agrees only on what the record still shows', async (t) => {
  const s = await stage(t)
  s.customer({ number: 'C1', phoneNumber: '1', city: 'London' })
  const { store } = s
  s.store = committingVia(store, (_, entries) => {
    if (entries.some(({ kind }) => kind === 'settled')) throw new Error('the runner dies')
  })
  await t.rejects(s.run([customerAccount(bothWays)]))
  t.match(store.mapping('customer-account').intents(), [{ kind: 'create', side: 'sales' }])
  s.simulator.sales.edit('accounts', idOf(s.accounts()[0] ?? {}), { telephone1: '2' })
  s.store = store
  await s.run([customerAccount(bothWays)])
  t.equal(s.customers()[0]?.['phoneNumber'], '1', 'nothing is overwritten')
  t.equal(s.accounts()[0]?.['telephone1'], '2')
  t.match(s.held(), [{ kind: 'conflict', fields: ['phone'] }])
  s.simulator.sales.edit('accounts', idOf(s.accounts()[0] ?? {}), { telephone1: '' })
  await s.run([customerAccount(bothWays)])
  t.equal(s.accounts()[0]?.['telephone1'] ?? '', '', 'P2: emptied later, it is not filled again')
  t.equal(s.accounts().length, 1)
})

t.test('P1 two runners at once create one record of each', async (t) => {
  const s = await stage(t)
  for (const number of three) s.customer({ number })
  const other = { ...s.ports, store: openMemoryStore(theKey) }
  const config = configOf([customerAccount({ ...toSales, match: [] })])
  await Promise.all([run(config, s.ports, defaultRunOptions), run(config, other, defaultRunOptions)])
  t.equal(s.accounts().length, 3)
  t.same(pairsOf([...other.store.mapping('customer-account').couplings()]), pairsOf(s.couplings()))
})

t.test('P1 what a person took apart gets a new record, and the old one stays free', async (t) => {
  const s = await stage(t)
  const customer = s.customer({ number: 'C1' })
  await s.run([customerAccount(toSales)])
  const [old] = s.couplings()
  const state = s.store.mapping('customer-account')
  const decided = uncouple(state, [{ coupling: old, held: [] }])
  if (decided.kind !== 'decided') throw new Error(decided.message)
  await s.store.lock('person')
  await s.store.commit('customer-account', decided.entries)
  await s.store.unlock()
  s.simulator.businessCentral.edit('customers', idOf(customer), { phoneNumber: '1' })
  const report = await s.run([customerAccount(toSales)])
  t.same(
    report.problems.map(({ id }) => id),
    [old?.sales.id],
    'the old account has no partner, and that is told',
  )
  t.equal(s.accounts().length, 2)
  t.not(s.couplings()[0]?.sales.id, old?.sales.id)
  await s.run([customerAccount(toSales)], { full: true })
  t.equal(s.accounts().length, 2)
})

t.test('P1 Business Central keeps the id we give: a lost answer makes no second customer', async (t) => {
  const s = await stage(t)
  s.account({ name: 'A' })
  s.account({ name: 'B' })
  s.simulator.faults.add({ match: { service: 'businessCentral', path: 'batch', nth: 1 }, do: { drop: 'after' } })
  const report = await s.run([customerAccount({ ...bothWays, match: [] })])
  t.equal(report.ok, true)
  t.equal(s.customers().length, 2)
  t.equal(s.couplings().length, 2)
})

t.test('P1 a document whose id the service chooses is posted once, whatever answer or memory is lost', async (t) => {
  const s = await stage(t)
  s.customer({ number: 'C1' })
  for (const ordernumber of ['ORD-1', 'ORD-2'])
    s.simulator.sales.create('salesorders', { name: ordernumber, ordernumber, shipto_name: 'Quay 1' })
  s.simulator.faults.add({ match: { service: 'businessCentral', path: 'batch', nth: 1 }, do: { drop: 'after' } })
  const report = await s.run([simpleOrder])
  t.equal(report.ok, true, JSON.stringify(report.problems))
  t.equal(s.simulator.businessCentral.rows('salesOrders').length, 2)
  t.equal(s.couplings('order').length, 2)
  const before = pairsOf(s.couplings('order'))
  s.store = openMemoryStore(theKey)
  await s.run([simpleOrder])
  t.equal(s.simulator.businessCentral.rows('salesOrders').length, 2)
  t.same(pairsOf(s.couplings('order')), before)
})

t.test('P1 what waits as it is is somebody’s partner all the same, also where its side is read whole', async (t) => {
  const mapped = customerAccount({
    ...bothWays,
    deletes: { businessCentral: 'hold', sales: 'uncouple', sweepMs: 86_400_000 },
  })
  for (const kind of ['no-partner', 'failed'] as const) {
    const s = await stage(t)
    const real = s.connectors
    s.customer({ number: 'C1', phoneNumber: 'bad' })
    if (kind === 'failed') s.connectors = { ...real, sales: refusing(real.sales, (values) => 'telephone1' in values) }
    await s.run([mapped])
    if (kind === 'no-partner') s.simulator.sales.delete('accounts', s.couplings()[0]?.sales.id ?? '')
    await s.run([mapped])
    t.match(s.held(), [{ kind, number: 'C1' }])
    s.connectors = real
    const account = s.account({ name: 'Made by hand', accountnumber: 'C1' })
    await s.run([mapped], { full: true })
    t.equal(s.customers().length, 1, kind)
    t.match(s.couplings(), [{ sales: { id: idOf(account) } }], kind)
  }
})

t.test('P1 a partner whose pair waits as it is is taken, also where its side is read whole', async (t) => {
  const mapped = customerAccount(bothWays)
  const s = await stage(t)
  const real = s.connectors
  const id = idOf(s.customer({ number: 'C1' }))
  await s.run([mapped])
  s.connectors = { ...real, sales: refusing(real.sales, (values) => values['telephone1'] === 'bad') }
  s.simulator.businessCentral.edit('customers', id, { phoneNumber: 'bad' })
  await s.run([mapped])
  t.match(s.held(), [{ kind: 'failed' }])
  s.account({ name: 'Made by hand', accountnumber: 'C1' })
  await s.run([mapped], { full: true })
  t.equal(s.customers().length, 1)
  t.match(s.held(), [{ kind: 'failed' }, { kind: 'ambiguous' }])
})

t.test('P1 a record whose pair is over is nobody else’s partner, also where its side is read whole', async (t) => {
  const deletes = { businessCentral: 'hold', sales: 'end', sweepMs: 86_400_000 } as const
  const mapped = customerAccount({ ...bothWays, deletes })
  const s = await stage(t)
  s.customer({ number: 'C1' })
  await s.run([mapped])
  s.simulator.sales.delete('accounts', s.couplings()[0]?.sales.id ?? '')
  await s.run([mapped])
  t.match(s.couplings(), [{ ended: 'sales' }])
  s.account({ name: 'Made by hand', accountnumber: 'C1' })
  await s.run([mapped], { full: true })
  t.equal(s.customers().length, 1)
  t.match(s.held(), [{ kind: 'ambiguous' }])
})

t.test(
  'P1 a record that another runner has made of one which waits alone finds it, and gets no second partner',
  async (t) => {
    const s = await stage(t)
    const mapped = customerAccount({
      ...bothWays,
      match: [],
      deletes: { businessCentral: 'uncouple', sales: 'uncouple', sweepMs: 1 },
    })
    const customer = s.customer({ number: 'C1' })
    s.customer({ number: 'C2' })
    await s.run([mapped])
    s.simulator.businessCentral.delete('customers', idOf(customer))
    s.clock.advance(1000)
    await s.run([mapped])
    const [alone] = s.held()
    if (alone === undefined) throw new Error('nothing waits')
    const mine = s.store
    s.store = overlay(mine)
    await s.store.commit('customer-account', [{ kind: 'hold', held: { ...alone, decision: { kind: 'retry' } } }])
    await s.run([mapped])
    t.equal(s.customers().length, 2)
    s.store = mine
    s.clock.advance(1000)
    await s.run([mapped])
    t.equal(s.accounts().length, 2)
    t.equal(s.couplings().length, 2)
    t.match(s.held(), [{ kind: 'different', fields: ['number'] }], 'the number that it had, and the one that it got')
  },
)

/** A run for which `first` is read before the other side answers; between the two, something happens. */
function readingFirst(real: BySide<Connector>, first: Side, meanwhile: () => Promise<void>): BySide<Connector> {
  const other = otherSide(first)
  let open: (() => void) | undefined
  const gate = new Promise<void>((resolve) => (open = resolve))
  const read: Connector['changes'] = async function* (query, since) {
    const pages: Page[] = []
    for await (const page of real[first].changes(query, since)) pages.push(page)
    await meanwhile()
    open?.()
    yield* pages
  }
  const waiting: Connector['changes'] = async function* (query, since) {
    await gate
    yield* real[other].changes(query, since)
  }
  return {
    ...real,
    [first]: { ...portOf(real[first]), changes: read },
    [other]: { ...portOf(real[other]), changes: waiting },
  }
}

for (const side of sides)
  for (const full of [false, true])
    t.test(
      `P1 what is made in ${side} after its ${full ? 'whole ' : ''}reading, and carried by another runner, gets no second partner`,
      async (t) => {
        const s = await stage(t)
        const mapped = configOf([customerAccount({ ...bothWays, match: [] })])
        s.customer({ number: 'C1' })
        await s.run(mapped)
        s.clock.advance(1000)
        const real = s.connectors
        const beside = { ...s.ports, store: overlay(s.store) }
        let wasCarried = false
        s.connectors = readingFirst(real, side, async () => {
          if (wasCarried) return
          wasCarried = true
          if (side === 'sales') s.account({ name: 'new' })
          else s.customer({ number: 'new' })
          await run(mapped, beside, defaultRunOptions)
          t.equal(s.accounts().length, 2, 'carried by the other runner')
          t.equal(s.customers().length, 2, 'carried by the other runner')
        })
        t.equal((await s.run(mapped, { full })).ok, true)
        t.equal(s.accounts().length, 2)
        t.equal(s.customers().length, 2)
        t.equal(s.couplings().length, 2)
        s.connectors = real
        s.simulator.resetRequests()
        await s.run(mapped)
        t.equal(writesMade(s.simulator), 0)
      },
    )

t.test('P1 P9 a maker that has left the filter since has no second partner made when all memory is lost', async (t) => {
  const s = await stage(t)
  const mapped = customerAccount({ ...bothWays, match: [] })
  const customer = s.customer({ number: 'C1', phoneNumber: '1' })
  s.customer({ number: 'C2' })
  const account = s.account({ name: 'From Sales' })
  await s.run([mapped])
  t.equal(s.couplings().length, 3)
  const made = s.customers().find(({ displayName }) => displayName === 'From Sales')
  s.simulator.businessCentral.edit('customers', idOf(customer), { blocked: 'All', phoneNumber: '2' })
  s.simulator.sales.edit('accounts', idOf(account), { statecode: 1, statuscode: 2 })
  const before = pairsOf(s.couplings())
  s.store = openMemoryStore(theKey)
  s.simulator.resetRequests()
  const report = await s.run([mapped])
  t.equal(report.ok, true, JSON.stringify(report.problems))
  t.equal(writesMade(s.simulator), 0, 'nothing travels')
  t.equal(s.couplings().filter(({ outside }) => outside).length, 2, 'they rest')
  t.same(pairsOf(s.couplings()), before)
  s.simulator.businessCentral.edit('customers', idOf(customer), { blocked: '_x0020_' })
  s.simulator.sales.edit('accounts', idOf(account), { statecode: 0, statuscode: 1 })
  await s.run([mapped])
  t.match(
    s.held().map(({ kind, fields }) => ({ kind, fields })),
    [{ kind: 'different', fields: ['phone'] }],
    'what differs when they meet again is a person’s to decide',
  )
  t.equal(s.couplings().find(({ businessCentral }) => businessCentral.id === idOf(made ?? {}))?.outside, undefined)
  t.equal(s.accounts().length, 3)
  t.equal(s.customers().length, 3)
})

t.test('P1 a record named by a person finds who made it, also when all memory is lost', async (t) => {
  const s = await stage(t)
  const mapped = customerAccount({ ...bothWays, match: [] })
  s.account({ name: 'From Sales' })
  await s.run([mapped])
  const [customer] = s.customers()
  s.store = openMemoryStore(theKey)
  await s.run([mapped], { records: [{ column: 'number', value: String(customer?.['number']) }] })
  t.equal(s.accounts().length, 1)
  t.match(s.couplings(), [{ businessCentral: { id: idOf(customer ?? {}) } }])
})
