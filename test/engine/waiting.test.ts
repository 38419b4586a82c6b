/** P10: a record that waits is read again when what it waits for may have come, and costs no request until then. */
import t from 'tap'
import type { Field, Mapping, WhenUncoupled } from '../../src/config/config.ts'
import { configOf, customerAccount, mapping, row, source } from './project.ts'
import { type Stage, bothWays, counted, idOf, stage, toSales } from './stage.ts'

const name = 'customer-account'
const unswept = { deletes: { businessCentral: 'hold', sales: 'hold', sweepMs: 86_400_000 } } as const
const mapped = (given: Partial<Mapping> = {}): Mapping => customerAccount({ ...bothWays, ...unswept, ...given })

/** Requests of one run: what is asked, and how often. */
async function asked(s: Stage, mappings: Parameters<Stage['run']>[0], options = {}): Promise<number> {
  s.simulator.resetRequests()
  await s.run(mappings, options)
  const { businessCentral, sales } = s.simulator.requests()
  return businessCentral.requests + sales.requests
}

/** One pair whose phone was edited on both sides, and a run that has nothing to do after that. */
async function conflict(s: Stage): Promise<{ readonly bc: string; readonly sales: string; readonly quiet: number }> {
  const bc = idOf(s.customer({ number: 'C1', phoneNumber: '1' }))
  s.customer({ number: 'C2' })
  await s.run([mapped()])
  await s.run([mapped()])
  const quiet = await asked(s, [mapped()])
  const sales = s.store.mapping(name).bySide('businessCentral', bc)?.sales.id ?? ''
  s.simulator.businessCentral.edit('customers', bc, { phoneNumber: '2' })
  s.simulator.sales.edit('accounts', sales, { telephone1: '3' })
  await s.run([mapped()])
  t.match(s.held(), [{ kind: 'conflict' }])
  await s.run([mapped()])
  return { bc, sales, quiet }
}

t.test('a conflict costs no request while nobody touches it, and stays told', async (t) => {
  const s = await stage(t)
  const { quiet } = await conflict(s)
  t.equal(await asked(s, [mapped()]), quiet)
  t.match((await s.run([mapped()])).problems, [{ kind: 'conflict', number: 'C1' }])
  t.ok((await asked(s, [mapped()], { full: true })) > quiet, 'a full run looks at it')
  t.match(
    (await s.run([mapped()], { dry: true })).plan.holds,
    [{ kind: 'conflict' }],
    'a plan shows it with its values',
  )
})

t.test(
  'a conflict ends when one side takes its edit back, though nothing differs from the last agreement',
  async (t) => {
    for (const side of ['businessCentral', 'sales'] as const) {
      const s = await stage(t)
      const { bc, sales } = await conflict(s)
      if (side === 'sales') s.simulator.sales.edit('accounts', sales, { telephone1: '1' })
      else s.simulator.businessCentral.edit('customers', bc, { phoneNumber: '1' })
      t.same((await s.run([mapped()])).problems, [], side)
      const left = side === 'sales' ? '2' : '3'
      t.equal(s.simulator.sales.row('accounts', sales)?.['telephone1'], left)
      t.equal(s.simulator.businessCentral.row('customers', bc)?.['phoneNumber'], left)
    }
  },
)

t.test('a policy that is set in the mapping settles what waits, in the next run', async (t) => {
  const s = await stage(t)
  const { bc } = await conflict(s)
  t.same((await s.run([mapped({ conflicts: 'sales' })])).problems, [])
  t.equal(s.simulator.businessCentral.row('customers', bc)?.['phoneNumber'], '3')
  s.simulator.sales.delete('accounts', s.store.mapping(name).bySide('businessCentral', bc)?.sales.id ?? '')
  t.match((await s.run([mapped()])).problems, [{ kind: 'deleted' }])
  t.match((await s.run([mapped()])).problems, [{ kind: 'deleted' }])
  const restoring = mapped({ deletes: { ...unswept.deletes, sales: 'restore' } })
  t.same((await s.run([restoring])).problems, [])
  t.equal(s.accounts().length, 2)
})

const users = mapping({
  name: 'user',
  direction: 'toBusinessCentral',
  businessCentral: source('businessCentral', 'salespeoplePurchasers', { keys: ['code'] }),
  sales: source('sales', 'systemusers', { filter: 'internalemailaddress ne null' }),
  match: [{ businessCentral: ['email'], sales: ['internalemailaddress'], lookup: {}, caseSensitive: false }],
  firstMatch: { blank: 'fill', different: 'businessCentral' },
  fields: [row('email', { businessCentral: 'email', sales: 'internalemailaddress', direction: 'toBusinessCentral' })],
})

const owned = (whenUncoupled: WhenUncoupled, given: Partial<Mapping> = {}): Mapping =>
  mapped({
    ...toSales,
    direction: 'toSales',
    fields: [...customerAccount().fields.map(oneWay), owner(whenUncoupled)],
    sales: source('sales', 'accounts', { filter: 'customertypecode eq 3', lookupTypes: { ownerid: 'systemuser' } }),
    ...given,
  })
const oneWay = (field: Field): Field => ({ ...field, direction: 'toSales' })
const owner = (whenUncoupled: WhenUncoupled): Field =>
  row('owner', {
    businessCentral: 'salespersonCode',
    sales: 'ownerid',
    direction: 'toSales',
    lookup: { kind: 'coupling', mapping: 'user', by: 'code' },
    blank: 'keep',
    whenUncoupled,
  })

/** A customer whose salesperson has no user yet. */
async function withoutUser(s: Stage, mappings: readonly Mapping[]): Promise<string> {
  s.simulator.businessCentral.create('salespeoplePurchasers', { code: 'XX', displayName: 'New', email: 'nn@x.y' })
  const id = idOf(s.customer({ number: 'C1', salespersonCode: 'XX' }))
  await s.run(mappings)
  t.match(s.held(), [{ kind: 'waiting', waits: [{ mapping: 'user', from: 'businessCentral', keys: { code: 'XX' } }] }])
  return id
}
const appear = (s: Stage): void => {
  const user = s.simulator.sales.rows('systemusers').find((each) => each['internalemailaddress'] === null)
  s.simulator.sales.edit('systemusers', String(user?.['systemuserid']), { internalemailaddress: 'nn@x.y' })
}

/** A day later, with another customer read since: what was edited before is not reported again. */
async function later(s: Stage, mappings: readonly Mapping[]): Promise<void> {
  s.clock.advance(86_400_000)
  s.customer({ number: 'C2' })
  await s.run(mappings)
  // Keys are compared once more.
  await s.run(mappings)
}

t.test('a record that waits for a coupling costs no request until it is there', async (t) => {
  const s = await stage(t)
  const mappings = [users, owned({ kind: 'hold' })]
  await withoutUser(s, mappings)
  await later(s, mappings)
  t.equal(counted(await s.run(mappings), name)['requests'], 1, 'only what changed is asked for')
  appear(s)
  await s.run(mappings)
  t.same(s.held(), [])
  t.equal(s.accounts().length, 2)
})

t.test('a waiting record is looked at again when it is edited, and when its mapping lets it go', async (t) => {
  const s = await stage(t)
  const id = await withoutUser(s, [users, owned({ kind: 'hold' })])
  s.simulator.businessCentral.edit('customers', id, { salespersonCode: 'JO' })
  await s.run([users, owned({ kind: 'hold' })])
  t.same(s.held(), [])
  const other = await stage(t)
  await withoutUser(other, [users, owned({ kind: 'hold' })])
  await other.run([users, owned({ kind: 'keep' })])
  t.same(other.held(), [])
  t.equal(other.accounts().length, 1)
})

t.test('what is to be taken along is tried again where its own mapping does not run', async (t) => {
  const s = await stage(t)
  const mappings = [users, owned({ kind: 'sync', mapping: 'user' })]
  await withoutUser(s, mappings)
  t.match(s.held(), [{ waits: [{ takenBy: 'user' }] }])
  await later(s, mappings)
  t.equal(counted(await s.run(mappings), name)['requests'], 1, 'the whole run leaves it to the other mapping')
  const alone = await s.run(configOf(mappings), { mappings: [name] })
  t.ok((counted(alone, name)['requests'] ?? 0) > 1, 'alone it looks for it')
})

t.test('what shows in no coupling is looked for in each run', async (t) => {
  const s = await stage(t)
  const team = row('team', {
    businessCentral: 'city',
    sales: 'ownerid',
    direction: 'toSales',
    lookup: { kind: 'query', find: 'teams', where: { name: { field: 'team' } } },
  })
  const mappings = [{ ...owned({ kind: 'hold' }), fields: [...customerAccount().fields.map(oneWay), team] }]
  s.customer({ number: 'C1', city: 'Rome' })
  await s.run(mappings)
  const unfound = 'team finds no single record of teams that fits (name)'
  t.match(s.held(), [{ kind: 'waiting', waits: undefined, message: unfound, remedy: /what the row team asks for/ }])
  const told = await stage(t)
  const both = owned({ kind: 'hold' }, { fields: [owner({ kind: 'hold' }), { ...team, description: 'whose it is' }] })
  told.simulator.businessCentral.create('salespeoplePurchasers', { code: 'XX', displayName: 'No user' })
  told.customer({ number: 'C1', city: 'Rome', salespersonCode: 'XX' })
  await told.run([both])
  const [held] = told.held()
  t.match(held?.message, /^owner refers to a record that is not coupled yet in user; team finds .*: whose it is$/)
  t.match(held?.remedy, /^couple or create that record in user; see what the row team asks for in the mapping; this/)
  await later(s, mappings)
  s.simulator.sales.create('teams', { name: 'Rome' })
  await s.run(mappings)
  t.same(s.held(), [])
  t.equal(s.accounts().length, 2)
})
