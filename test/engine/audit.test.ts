/** The audit: both sides whole against the couplings, and nothing written. */
import t from 'tap'
import { audit } from '../../src/engine/audit.ts'
import { defaultRunOptions, run } from '../../src/engine/run.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import { configOf, customerAccount, simpleOrder } from './project.ts'
import { type Stage, bothWays, idOf, stage, theKey, writesMade } from './stage.ts'

const mapped = customerAccount({
  ...bothWays,
  deletes: { businessCentral: 'hold', sales: 'hold', sweepMs: 86_400_000 },
})

const found = async (s: Stage, mapping = mapped): Promise<readonly string[]> => {
  const { findings } = await audit(configOf([mapping]), s.ports, { mappings: [] })
  return findings
    .map(({ kind, side, number, fields }) => [kind, side, number ?? '', ...fields].join(' '))
    .sort((a, b) => (a < b ? -1 : 1))
}

async function threePairs(s: Stage): Promise<Map<string, { bc: string; sales: string }>> {
  for (const number of ['C1', 'C2', 'C3']) s.customer({ number, phoneNumber: '1', creditLimit: 100 })
  await s.run([mapped])
  return new Map(
    s.accounts().map((account) => {
      const number = String(account['accountnumber'])
      const customer = s.customers().find((row) => row['number'] === number)
      return [number, { bc: idOf(customer ?? {}), sales: idOf(account) }]
    }),
  )
}

t.test(
  'what is in step is no finding; an edit that no run has seen yet is told as one that the next brings over',
  async (t) => {
    const s = await stage(t)
    const pairs = await threePairs(s)
    t.same(await found(s), [])
    s.simulator.businessCentral.edit('customers', pairs.get('C1')?.bc ?? '', { phoneNumber: '2', creditLimit: 7 })
    s.simulator.sales.edit('accounts', pairs.get('C2')?.sales ?? '', { address1_city: 'Rome' })
    t.same(await found(s), ['differs businessCentral C1 phone creditLimit', 'differs sales C2 city'])
    const { findings } = await audit(configOf([mapped]), s.ports, { mappings: [] })
    const remedy = 'couplet sync customer-account'
    t.match(
      findings.find(({ number }) => number === 'C2'),
      { remedy, message: /^edited in Sales since the last run/ },
    )
    await s.run([mapped])
    t.same(await found(s), [])
  },
)

t.test(
  'a record that the next run takes up by itself is told so; one that it would pass over needs a whole read',
  async (t) => {
    const s = await stage(t)
    await threePairs(s)
    const day = 86_400_000
    const last = async (): Promise<unknown> => {
      const { findings } = await audit(configOf([mapped]), s.ports, { mappings: [] })
      return findings.map(({ kind, number, message, remedy }) => ({ kind, number, message, remedy }))
    }
    s.customer({ number: 'C4' })
    const isNew = { kind: 'never-sent', message: /new since the last run/, remedy: 'couplet sync customer-account' }
    t.match(await last(), [{ ...isNew, number: 'C4' }])
    s.account({ name: 'From Sales', accountnumber: 'A1' })
    t.match(await last(), [{ number: 'C4' }, { ...isNew, number: 'A1' }], 'by token as by stamp')
    await s.store.lock('person')
    const later = { kind: 'stamp', at: new Date(Date.now() + day).toISOString() } as const
    await s.store.commit('customer-account', [{ kind: 'watermark', name: 'businessCentral', watermark: later }])
    await s.store.unlock()
    t.match(await last(), [{ number: 'C4', remedy: /--full/ }, { number: 'A1' }])
  },
)

t.test('drifted, differing and orphaned records are told, with their fields', async (t) => {
  const s = await stage(t)
  const pairs = await threePairs(s)
  s.simulator.sales.edit('accounts', pairs.get('C1')?.sales ?? '', { creditlimit: 5 })
  s.simulator.businessCentral.edit('customers', pairs.get('C2')?.bc ?? '', { phoneNumber: '2' })
  s.simulator.sales.edit('accounts', pairs.get('C2')?.sales ?? '', { telephone1: '3' })
  s.simulator.sales.delete('accounts', pairs.get('C3')?.sales ?? '')
  const wanted = ['differs businessCentral C2 phone', 'drifted sales C1 creditLimit', 'orphaned businessCentral C3']
  t.same(await found(s), wanted)
  await s.run([mapped])
  t.same(await found(s), wanted, 'a run leaves them to a person')
})

t.test('records that never got a partner are told with the reason, if one is known', async (t) => {
  const s = await stage(t)
  const careful = customerAccount()
  s.customer({ number: 'C1' })
  s.customer({ number: 'C2', blocked: 'All' })
  s.account({ name: 'From Sales', accountnumber: 'A1' })
  await s.run([careful])
  const { findings } = await audit(configOf([careful]), s.ports, { mappings: ['customer-account'] })
  t.match(
    findings.map(({ kind, side, message }) => ({ kind, side, message })),
    [
      { kind: 'never-sent', side: 'businessCentral', message: /no record in Sales matches/ },
      { kind: 'never-sent', side: 'sales', message: /no record in Business Central matches/ },
    ],
  )
})

/** A coupling as a person makes it. */
const coupling = (bc: string, sales: string) => ({
  kind: 'couple' as const,
  coupling: {
    businessCentral: { id: bc, keys: {}, version: undefined },
    sales: { id: sales, keys: {}, version: undefined },
    layout: '',
    base: '',
  },
})

t.test('pairs that were coupled crosswise by hand are told', async (t) => {
  const s = await stage(t)
  const pairs = await threePairs(s)
  const [one, two] = [pairs.get('C1'), pairs.get('C2')]
  await s.store.lock('person')
  await s.store.commit('customer-account', [
    coupling(one?.bc ?? '', two?.sales ?? ''),
    coupling(two?.bc ?? '', one?.sales ?? ''),
  ])
  await s.store.unlock()
  t.equal((await found(s)).filter((line) => line.startsWith('coupled-twice')).length, 2)
})

t.test('a record that two mappings over the same collections couple with different partners is told', async (t) => {
  const s = await stage(t)
  const pairs = await threePairs(s)
  const [one, two] = [pairs.get('C1'), pairs.get('C2')]
  const second = { ...mapped, name: 'second', match: [], createOn: { businessCentral: false, sales: false } }
  await s.store.lock('person')
  await s.store.commit('second', [coupling(one?.bc ?? '', two?.sales ?? '')])
  await s.store.unlock()
  const { findings } = await audit(configOf([mapped, second]), s.ports, { mappings: [] })
  t.match(
    findings.filter(({ kind }) => kind === 'coupled-twice'),
    [{ mapping: 'second', id: one?.bc, partner: two?.sales }],
  )
})

t.test('an order that two runners made in the same moment is told, with the one that is kept in step', async (t) => {
  const s = await stage(t)
  s.customer({ number: 'C1' })
  s.simulator.sales.create('salesorders', { name: 'one', ordernumber: 'ORD-1', shipto_name: 'Quay 1' })
  s.simulator.sales.create('salesorders', { name: 'two', ordernumber: 'ORD-2', shipto_name: 'Quay 2' })
  const config = configOf([simpleOrder])
  const other = { ...s.ports, store: openMemoryStore(theKey) }
  await Promise.all([run(config, s.ports, defaultRunOptions), run(config, other, defaultRunOptions)])
  t.equal(s.simulator.businessCentral.rows('salesOrders').length, 4, 'each found none before either had made any')
  s.simulator.businessCentral.create('salesOrders', { customerNumber: 'C1', externalDocumentNumber: 'by hand' })
  const { findings } = await audit(config, s.ports, { mappings: [] })
  const theirs = [...other.store.mapping('order').couplings()]
  t.strictSame(
    findings.map(({ kind, id, partner }) => ({ kind, id, partner })).sort((a, b) => (a.id < b.id ? -1 : 1)),
    theirs
      .map(({ businessCentral, sales }) => ({ kind: 'coupled-twice', id: businessCentral.id, partner: sales.id }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  )
  t.match(findings[0], { message: /bears the reference of .+, which is coupled/, remedy: /delete the one/ })
})

t.test('P6 an audit writes nothing, to no service and not into the state', async (t) => {
  const s = await stage(t)
  const pairs = await threePairs(s)
  s.simulator.sales.edit('accounts', pairs.get('C1')?.sales ?? '', { telephone1: '5', creditlimit: 1 })
  const before = JSON.stringify([s.couplings(), s.held(), s.store.mapping('customer-account').watermark('sales')])
  s.simulator.resetRequests()
  await found(s)
  t.equal(writesMade(s.simulator), 0)
  t.equal(JSON.stringify([s.couplings(), s.held(), s.store.mapping('customer-account').watermark('sales')]), before)
})

t.test('a side that refuses ends the audit: half of one would look clean', async (t) => {
  const s = await stage(t)
  await threePairs(s)
  s.simulator.faults.add({ match: { service: 'sales', path: 'accounts' }, do: { status: 403 } })
  await t.rejects(found(s), { name: 'ConnectorError' })
})
