/** Numbers of new records against the services: nothing is made twice, whatever is lost or taken meanwhile (P1). */
import t from 'tap'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import { configOf, customerAccount, row } from './project.ts'
import { type Stage, bothWays, committingVia, stage, theKey, writesMade, writingVia } from './stage.ts'

const numbered = () => {
  const { fields } = customerAccount()
  const number = row('newNumber', {
    businessCentral: 'number',
    direction: 'toBusinessCentral',
    on: 'create',
    number: 'K{00001}',
    reveal: true,
  })
  return customerAccount({ ...bothWays, fields: [...fields, number] })
}
/** Values of one column, sorted. */
const column = (rows: readonly Readonly<Record<string, unknown>>[], name: string): readonly string[] =>
  rows.map((each) => String(each[name])).sort((a, b) => (a < b ? -1 : 1))
const numbers = (s: Stage): readonly string[] => column(s.customers(), 'number')
const minute = 60_000

t.test(
  'new customers get the free numbers of the pattern, shown by the plan, and the accounts learn them',
  async (t) => {
    const s = await stage(t)
    s.customer({ number: 'K00002', blocked: 'All' })
    for (const name of ['A', 'B', 'C']) s.account({ name })
    const planned = await s.run([numbered()], { dry: true })
    const shown = planned.plan.operations.flatMap(({ fields }) => fields.filter(({ column }) => column === 'number'))
    t.same(
      column(
        shown.map(({ after }) => ({ after })),
        'after',
      ),
      ['K00001', 'K00003', 'K00004'],
    )
    t.equal((await s.run([numbered()])).ok, true)
    t.same(numbers(s), ['K00001', 'K00002', 'K00003', 'K00004'])
    await s.run([numbered()])
    t.same(column(s.accounts(), 'accountnumber'), ['K00001', 'K00003', 'K00004'])
    s.simulator.resetRequests()
    await s.run([numbered()])
    t.equal(writesMade(s.simulator), 0)
  },
)

t.test('P1 a runner that dies behind the write, and one without memory, give no second number', async (t) => {
  const s = await stage(t)
  for (const name of ['A', 'B']) s.account({ name })
  const { store } = s
  s.store = committingVia(store, (_, entries) => {
    if (entries.some(({ kind }) => kind === 'settled')) throw new Error('the runner dies')
  })
  await t.rejects(s.run([numbered()]), { message: 'the runner dies' })
  t.same(numbers(s), ['K00001', 'K00002'])
  s.store = store
  t.equal((await s.run([numbered()])).ok, true)
  t.same(numbers(s), ['K00001', 'K00002'])
  s.store = openMemoryStore(theKey)
  await s.run([customerAccount({ ...numbered(), match: [] })])
  t.same(numbers(s), ['K00001', 'K00002'])
  t.equal(s.couplings().length, 2)
})

t.test('P1 two runners at once give each record one number, and no number twice', async (t) => {
  const s = await stage(t)
  for (const name of ['A', 'B', 'C']) s.account({ name })
  const other = { ...s.ports, store: openMemoryStore(theKey) }
  const { run, defaultRunOptions } = await import('../../src/engine/run.ts')
  const config = configOf([customerAccount({ ...numbered(), match: [] })])
  await Promise.all([run(config, s.ports, defaultRunOptions), run(config, other, defaultRunOptions)])
  t.same(numbers(s), ['K00001', 'K00002', 'K00003'])
})

t.test(
  'P5 a number that somebody takes before the write holds that record, and the next try gives the next',
  async (t) => {
    const s = await stage(t)
    for (const name of ['A', 'B']) s.account({ name })
    const { connectors } = s
    let isFirst = true
    s.connectors = {
      ...connectors,
      businessCentral: writingVia(connectors.businessCentral, () => {
        if (isFirst) s.customer({ number: 'K00001', displayName: 'Quicker' })
        isFirst = false
      }),
    }
    const report = await s.run([numbered()])
    t.match(report.problems, [{ kind: 'failed', message: /already exists/ }])
    t.same(numbers(s), ['K00001', 'K00002'])
    s.clock.advance(5 * minute)
    t.equal((await s.run([numbered()])).ok, true)
    t.same(numbers(s), ['K00001', 'K00002', 'K00003'])
    t.same(column(s.customers(), 'displayName'), ['A', 'B', 'Quicker'])
  },
)
