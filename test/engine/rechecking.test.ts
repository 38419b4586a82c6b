/** Rows that change without moving their stamp: looked at in each run, and once more when they are outside. */
import t from 'tap'
import { recheckName } from '../../src/engine/recheck.ts'
import { customerAccount, row } from './project.ts'
import { type Stage, bothWays, committingVia, idOf, stage, writesMade } from './stage.ts'

const name = 'customer-account'
const hour = 3_600_000

/** Customers with a balance, which moves without a stamp. */
function balanced() {
  const base = customerAccount(bothWays)
  return {
    ...base,
    businessCentral: { ...base.businessCentral, recheck: 'balanceDue gt 0' },
    fields: [...base.fields, row('balance', { businessCentral: 'balanceDue', sales: 'revenue', direction: 'toSales' })],
  }
}

/** Customer C1 owes 100; eight others owe nothing. */
async function owing(s: Stage): Promise<string> {
  const customer = s.customer({ number: 'C1' })
  owe(s, idOf(customer), 100)
  for (let n = 2; n < 10; n++) s.customer({ number: `C${n}` })
  await s.run([balanced()])
  s.clock.advance(hour)
  await s.run([balanced()])
  return idOf(customer)
}

const owe = (s: Stage, id: string, balanceDue: number): void =>
  void s.simulator.businessCentral.edit('customers', id, { balanceDue })
const revenue = (s: Stage): unknown => s.accounts().find((account) => account['accountnumber'] === 'C1')?.['revenue']
const inside = (s: Stage): readonly string[] => [...s.store.mapping(name).watched(recheckName('businessCentral'))]

t.test('rows that change without moving their stamp are looked at again in each run', async (t) => {
  const s = await stage(t)
  const c1 = await owing(s)
  owe(s, c1, 70)
  await s.run([balanced()])
  t.equal(revenue(s), 70)
  s.simulator.resetRequests()
  await s.run([balanced()])
  t.equal(writesMade(s.simulator), 0)
  t.equal(s.simulator.requests().businessCentral.requests, 2, 'its changes, and the rows to look at again')
})

t.test('P5: a row that has left the filter is read once more, then no longer (P10)', async (t) => {
  const s = await stage(t)
  const c1 = await owing(s)
  t.same(inside(s), [c1])
  owe(s, c1, 0)
  s.simulator.resetRequests()
  await s.run([balanced()])
  t.equal(revenue(s), 0)
  t.same(inside(s), [])
  t.equal(s.simulator.requests().businessCentral.requests, 3, 'changes, rows inside, the row that has left')
  s.simulator.resetRequests()
  await s.run([balanced()])
  t.equal(s.simulator.requests().businessCentral.requests, 2)
  owe(s, c1, 30)
  await s.run([balanced()])
  t.equal(revenue(s), 30, 'and it may come back')
})

t.test('P7: killed before the row that has left was remembered, the next run reads it', async (t) => {
  const s = await stage(t)
  const c1 = await owing(s)
  owe(s, c1, 0)
  const store = s.store
  s.store = committingVia(store, (_, entries) => {
    if (entries.some(({ kind }) => kind === 'watch' || kind === 'intent')) throw new Error('killed')
  })
  await t.rejects(s.run([balanced()]), /killed/)
  s.store = store
  t.same(inside(s), [c1])
  await s.run([balanced()])
  t.equal(revenue(s), 0)
})

t.test('a whole read tells what is inside; without a filter nothing is remembered', async (t) => {
  const s = await stage(t)
  const c1 = await owing(s)
  owe(s, c1, 0)
  await s.run([balanced()], { full: true })
  t.same(inside(s), [])
  owe(s, c1, 5)
  await s.run([balanced()], { full: true })
  t.same(inside(s), [c1])
  const unfiltered = { ...balanced(), businessCentral: customerAccount().businessCentral, hash: 'none' }
  await s.run([unfiltered])
  t.same(inside(s), [])
})

t.test('P6: a plan remembers nothing', async (t) => {
  const s = await stage(t)
  const c1 = await owing(s)
  owe(s, c1, 0)
  await s.run([balanced()], { dry: true })
  t.same(inside(s), [c1])
})
