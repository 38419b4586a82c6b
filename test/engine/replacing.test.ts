/** Setting records of Sales aside that cannot be changed any more, so that new ones take their place. */
import t, { type Test } from 'tap'
import type { Mapping } from '../../src/config/config.ts'
import { applyReplacements, planReplacements } from '../../src/engine/replacing.ts'
import { UnsafePlanError } from '../../src/errors.ts'
import { configOf, customerAccount, row, source } from './project.ts'
import { type Stage, counted, idOf, stage, toSales, writesMade, writingVia } from './stage.ts'

/** Customers whose accounts, let us say, keep their city for good. */
const keeping = (given: Partial<Mapping> = {}): Mapping =>
  customerAccount({
    ...toSales,
    direction: 'toSales',
    sales: source('sales', 'accounts', { filter: 'statecode eq 0' }),
    match: [{ businessCentral: ['number'], sales: ['accountnumber'], lookup: {}, caseSensitive: false }],
    fields: [
      row('number', { businessCentral: 'number', sales: 'accountnumber', direction: 'toSales' }),
      row('name', { businessCentral: 'displayName', sales: 'name', direction: 'toSales' }),
      row('city', { businessCentral: 'city', sales: 'address1_city', direction: 'toSales', on: 'create' }),
    ],
    replace: {
      rows: ['city'],
      aside: { accountnumber: "accountnumber & ' old'", statecode: '1' },
      along: [],
    },
    ...given,
  })

/** Two customers with their accounts; the first has moved to another city since. */
async function moved(t: Parameters<typeof stage>[0]): Promise<Stage> {
  const s = await stage(t)
  s.customer({ number: 'C1', city: 'London' })
  s.customer({ number: 'C2', city: 'Paris' })
  await s.run([keeping()])
  s.simulator.businessCentral.edit('customers', 'C1', { city: 'Rome' })
  s.clock.advance(60 * 60_000)
  return s
}

const plan = async (s: Stage, mapping = keeping()) => planReplacements(configOf([mapping]), s.ports, [])
const apply = async (s: Stage, replacements: Awaited<ReturnType<typeof plan>>['replacements'], mapping = keeping()) =>
  applyReplacements(configOf([mapping]), s.ports, { replacements, accept: [] })
const told = (s: Stage): readonly string[] =>
  s
    .accounts()
    .map((each) => `${String(each['accountnumber'])} ${String(each['address1_city'])} ${String(each['statecode'])}`)
    .sort()

t.test('P6 a plan names the records that would have to change, and writes nothing', async (t) => {
  const s = await moved(t)
  s.simulator.resetRequests()
  const { replacements, looked } = await plan(s)
  t.match(replacements, [{ mapping: 'customer-account', number: 'C1', rows: ['city'] }])
  t.equal(replacements.length, 1)
  t.same(looked, { 'customer-account': 2 })
  t.equal(writesMade(s.simulator), 0)
  t.notMatch(JSON.stringify(replacements), /Rome|London/, 'P8 no value')
})

t.test('P5 a record on which an expression fails is told, and does not end the plan for the others', async (t) => {
  const s = await moved(t)
  s.simulator.businessCentral.edit('customers', 'C2', { city: 'Oslo' })
  const base = keeping()
  const toSales = "city = 'Rome' ? $error('no') : city"
  const fields = base.fields.map((each) => (each.name === 'city' ? { ...each, compute: { toSales } } : each))
  const { replacements, waiting } = await plan(s, { ...base, fields })
  t.match(replacements, [{ number: 'C2' }])
  t.same(waiting, [{ mapping: 'customer-account', number: 'C1', on: 'customer-account' }])
})

t.test('P1 P3 the old record is set aside, one new one is made, and then nothing more happens', async (t) => {
  const s = await moved(t)
  const { replacements } = await plan(s)
  t.match(await apply(s, replacements), [{ outcome: 'done' }])
  t.same(told(s), ['C1 old London 1', 'C2 Paris 0'])
  t.match(counted(await s.run([keeping()]), 'customer-account'), { created: 1, coupled: 0, held: 0 })
  t.same(told(s), ['C1 Rome 0', 'C1 old London 1', 'C2 Paris 0'])
  s.simulator.resetRequests()
  await s.run([keeping()])
  t.equal(writesMade(s.simulator), 0)
  t.match(await apply(s, replacements), [{ outcome: 'before' }])
  await s.run([keeping()])
  t.equal(s.accounts().length, 3, 'a second time makes nothing new')
})

async function killedBeforeTheWrite(t: Test, s: Stage, replacements: Parameters<typeof apply>[1]): Promise<void> {
  const { connectors } = s
  s.connectors = {
    ...connectors,
    sales: writingVia(connectors.sales, () => {
      throw new Error('the runner dies')
    }),
  }
  await t.rejects(apply(s, replacements), { message: 'the runner dies' })
  s.connectors = connectors
}

t.test('P7 killed before the write, the same plan goes on where it was', async (t) => {
  const s = await moved(t)
  const { replacements } = await plan(s)
  await killedBeforeTheWrite(t, s, replacements)
  t.same(told(s), ['C1 London 0', 'C2 Paris 0'])
  t.match(await apply(s, replacements), [{ outcome: 'done' }])
  await s.run([keeping()])
  t.same(told(s), ['C1 Rome 0', 'C1 old London 1', 'C2 Paris 0'])
  t.equal(s.couplings().length, 2)
})

t.test('P7 killed after the write, the same plan finds it done', async (t) => {
  const s = await moved(t)
  const { replacements } = await plan(s)
  const { connectors } = s
  s.connectors = {
    ...connectors,
    sales: {
      ...writingVia(connectors.sales, () => {}),
      write: async (operations) => {
        await connectors.sales.write(operations)
        throw new Error('the runner dies')
      },
    },
  }
  await t.rejects(apply(s, replacements), { message: 'the runner dies' })
  s.connectors = connectors
  t.match(await apply(s, replacements), [{ outcome: 'before' }])
  await s.run([keeping()])
  t.same(told(s), ['C1 Rome 0', 'C1 old London 1', 'C2 Paris 0'])
})

t.test('P1 P7 a sync in between makes nothing, and the plan still holds', async (t) => {
  const s = await moved(t)
  const { replacements } = await plan(s)
  await killedBeforeTheWrite(t, s, replacements)
  t.match(counted(await s.run([keeping()]), 'customer-account'), { created: 0, coupled: 0 })
  t.same(told(s), ['C1 London 0', 'C2 Paris 0'])
  t.match(s.held(), [{ kind: 'quarantine', number: 'C1', remedy: /replace apply/ }])
  t.match(await apply(s, replacements), [{ outcome: 'done' }])
  await s.run([keeping()])
  t.same(told(s), ['C1 Rome 0', 'C1 old London 1', 'C2 Paris 0'])
  t.same(s.held(), [])
})

t.test('P2 a record that somebody changed since the plan is left a pair', async (t) => {
  const s = await moved(t)
  const { replacements } = await plan(s)
  s.simulator.sales.edit('accounts', replacements[0]?.sales ?? '', { telephone1: '1' })
  t.match(await apply(s, replacements), [{ outcome: 'moved' }])
  t.same(told(s), ['C1 London 0', 'C2 Paris 0'])
  t.equal(s.couplings().length, 2)
})

t.test('P5 a record that Sales refuses is a pair again, and the others are replaced', async (t) => {
  const s = await moved(t)
  s.simulator.businessCentral.edit('customers', 'C2', { city: 'Oslo' })
  const { replacements } = await plan(s)
  t.equal(replacements.length, 2)
  const refused = s.accounts().find((each) => each['accountnumber'] === 'C2') ?? {}
  s.simulator.faults.add({
    match: { service: 'sales', path: idOf(refused), part: true, method: 'PATCH' },
    do: { status: 403 },
  })
  const outcomes = (await apply(s, replacements)).map(({ number, outcome }) => `${number} ${outcome}`).sort()
  s.simulator.faults.clear()
  t.same(outcomes, ['C1 done', 'C2 refused'])
  t.same(
    s.couplings().map(({ sales }) => sales.id),
    [idOf(refused)],
  )
  t.same(
    s.held().map(({ kind, message }) => [kind, message.includes('set aside')]),
    [['waiting', true]],
  )
})

t.test('more than the limit for deletes stops before anything is written', async (t) => {
  const s = await moved(t)
  const none = { count: undefined, share: undefined }
  const limited = keeping({ limits: { creates: none, updates: none, deletes: { count: 0, share: undefined } } })
  const { replacements } = await plan(s, limited)
  s.simulator.resetRequests()
  const error: unknown = await apply(s, replacements, limited).catch((thrown: unknown) => thrown)
  t.ok(error instanceof UnsafePlanError)
  t.same((error as UnsafePlanError).accept, ['customer-account.sales.deletes=1'])
  t.equal(writesMade(s.simulator), 0)
  t.equal(s.couplings().length, 2)
  const accept = [{ kind: 'deletes', count: 1 }] as const
  t.match(await applyReplacements(configOf([limited]), s.ports, { replacements, accept }), [{ outcome: 'done' }])
})
