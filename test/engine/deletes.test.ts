/** Deletes on both sides, with every policy; tombstones by change token and by sweep. */
import t, { type Test } from 'tap'
import { type DeletePolicy, type Side, otherSide, sides } from '../../src/config/config.ts'
import type { Row } from '../../src/core/record.ts'
import { type Decided, type Known, afterDelete, take } from '../../src/engine/decisions.ts'
import { withoutPrints } from '../../src/store/erase.ts'
import type { MappingState } from '../../src/store/store.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import { customerAccount, row } from './project.ts'
import { only, standardSet } from './standard-set.ts'
import { type Stage, bothWays, committingVia, counted, idOf, refusing, stage, theKey, writesMade } from './stage.ts'

const name = 'customer-account'
const day = 86_400_000
const deleting = (businessCentral: DeletePolicy, sales: DeletePolicy, given = {}) =>
  customerAccount({ ...bothWays, deletes: { businessCentral, sales, sweepMs: day }, ...given })

async function pairs(s: Stage, mapped = deleting('hold', 'hold')): Promise<{ bc: string; sales: string }> {
  const customer = s.customer({ number: 'C1', phoneNumber: '1' })
  s.customer({ number: 'C2' })
  await s.run([mapped])
  const account = s.accounts().find((row) => row['accountnumber'] === 'C1')
  s.clock.advance(day)
  return { bc: idOf(customer), sales: idOf(account ?? {}) }
}

t.test('a delete in Sales is seen by its change token; by default it waits for a person', async (t) => {
  const s = await stage(t)
  const { sales } = await pairs(s)
  s.simulator.sales.delete('accounts', sales)
  const report = await s.run([deleting('hold', 'hold')])
  t.match(report.problems, [{ kind: 'deleted', number: 'C1' }])
  t.equal(s.customers().length, 2)
  t.equal(s.couplings().length, 2)
  t.match((await s.run([deleting('hold', 'hold')])).problems, [{ kind: 'deleted', isNew: false }])
})

t.test('what a run that died had carried is no edit that beats a delete', async (t) => {
  const s = await stage(t)
  const mapped = deleting('delete', 'delete')
  const { bc, sales } = await pairs(s, mapped)
  s.simulator.sales.edit('accounts', sales, { telephone1: '2' })
  const { store } = s
  s.store = committingVia(store, (_, entries) => {
    if (entries.some(({ kind }) => kind === 'settled')) throw new Error('the runner dies')
  })
  await t.rejects(s.run([mapped]))
  t.equal(s.customers().find((row) => row['id'] === bc)?.['phoneNumber'], '2')
  s.simulator.sales.delete('accounts', sales)
  s.store = store
  await s.run([mapped])
  t.equal(s.customers().length, 1)
  t.equal(s.accounts().length, 1)
})

t.test('a person decides: restore, delete or uncouple', async (t) => {
  for (const action of ['restore', 'delete', 'uncouple'] as const) {
    const s = await stage(t)
    const { sales } = await pairs(s)
    s.simulator.sales.delete('accounts', sales)
    await s.run([deleting('hold', 'hold')])
    await says(s, (state, records) => afterDelete(state, records, { action, direction: 'both' }))
    const report = await s.run([deleting('hold', 'hold')])
    t.same(
      report.problems.map(({ kind }) => kind),
      action === 'uncouple' ? ['no-partner'] : [],
      action,
    )
    t.equal(s.customers().length, action === 'delete' ? 1 : 2, action)
    t.equal(s.accounts().length, action === 'restore' ? 2 : 1, action)
    t.equal(s.couplings().length, action === 'restore' ? 2 : 1, action)
  }
})

/** A person says something of what waits, and nothing runs yet. */
async function says(s: Stage, decide: (state: MappingState, records: readonly Known[]) => Decided): Promise<void> {
  const state = s.store.mapping(name)
  const decided = decide(state, [{ coupling: undefined, held: [...state.allHeld()] }])
  if (decided.kind !== 'decided') throw new Error(decided.message)
  await s.store.lock('person')
  await s.store.commit(name, decided.entries)
  await s.store.unlock()
}

t.test('P2 what somebody edits after a person has decided to delete it stands, and is asked about again', async (t) => {
  const s = await stage(t)
  const { bc, sales } = await pairs(s)
  const mapped = deleting('hold', 'hold')
  s.simulator.sales.delete('accounts', sales)
  s.simulator.businessCentral.edit('customers', bc, { city: 'edited before it is told' })
  await s.run([mapped])
  const deletes = (): Promise<void> =>
    says(s, (state, records) => afterDelete(state, records, { action: 'delete', direction: 'both' }))
  await deletes()
  s.simulator.businessCentral.edit('customers', bc, { phoneNumber: '2' })
  s.clock.advance(1000)
  t.match((await s.run([mapped])).problems, [{ kind: 'deleted', message: /edited since this was held/ }])
  t.equal(s.customers().length, 2)
  await deletes()
  s.simulator.businessCentral.edit('customers', bc, { taxRegistrationNumber: 'no field of the mapping' })
  s.clock.advance(1000)
  t.equal((await s.run([mapped])).ok, true)
  t.equal(s.customers().length, 1)
})

t.test('P2 what somebody edits after a person has taken the other side is asked about again', async (t) => {
  for (const right of sides) {
    const s = await stage(t)
    const { bc, sales } = await pairs(s)
    const mapped = deleting('hold', 'hold')
    const edit = (side: Side, text: string): unknown =>
      side === 'sales'
        ? s.simulator.sales.edit('accounts', sales, { telephone1: text })
        : s.simulator.businessCentral.edit('customers', bc, { phoneNumber: text })
    const stands = (): readonly unknown[] => [
      s.simulator.businessCentral.row('customers', bc)?.['phoneNumber'],
      s.simulator.sales.row('accounts', sales)?.['telephone1'],
    ]
    for (const side of sides) edit(side, `${side} 2`)
    t.match((await s.run([mapped])).problems, [{ kind: 'conflict' }])
    await says(s, (state, records) => take(state, records, { side: right, fields: [] }))
    edit(otherSide(right), 'later')
    s.clock.advance(1000)
    const both = stands()
    t.match((await s.run([mapped])).problems, [{ kind: 'conflict', message: /edited again since this was held/ }])
    t.same(stands(), both, 'nothing is written')
    t.match((await s.run([mapped])).problems, [{ kind: 'conflict' }])
    await says(s, (state, records) => take(state, records, { side: right, fields: [] }))
    t.equal((await s.run([mapped])).ok, true)
    t.same(stands(), [`${right} 2`, `${right} 2`])
  }
})

t.test('a delete in Business Central is seen by a sweep, once in its interval', async (t) => {
  const s = await stage(t)
  const { bc } = await pairs(s, deleting('delete', 'hold'))
  await s.run([deleting('delete', 'hold')])
  s.simulator.businessCentral.delete('customers', bc)
  await s.run([deleting('delete', 'hold')])
  t.equal(s.accounts().length, 2, 'not yet')
  s.clock.advance(day)
  const report = await s.run([deleting('delete', 'hold')])
  t.equal(s.accounts().length, 1)
  t.equal(s.couplings().length, 1)
  t.match(counted(report, name), { deleted: 1 })
})

t.test('policies: delete, restore and uncouple, on either side', async (t) => {
  for (const policy of ['delete', 'restore', 'uncouple'] as const) {
    for (const side of ['businessCentral', 'sales'] as const) {
      const s = await stage(t)
      const mapped = side === 'sales' ? deleting('hold', policy) : deleting(policy, 'hold')
      const { bc, sales } = await pairs(s, mapped)
      if (side === 'sales') s.simulator.sales.delete('accounts', sales)
      else s.simulator.businessCentral.delete('customers', bc)
      const report = await s.run([mapped])
      const alone = policy === 'uncouple' ? ['no-partner'] : []
      const told = report.problems.map(({ kind }) => kind)
      t.same(told, alone, `${policy} ${side}`)
      const here = side === 'sales' ? s.accounts() : s.customers()
      const there = side === 'sales' ? s.customers() : s.accounts()
      t.equal(here.length, policy === 'restore' ? 2 : 1, `${policy} ${side}`)
      t.equal(there.length, policy === 'delete' ? 1 : 2, `${policy} ${side}`)
      t.equal(s.couplings().length, policy === 'restore' ? 2 : 1, `${policy} ${side}`)
      // A restored customer has a new number, which goes to Sales.
      await s.run([mapped])
      s.simulator.resetRequests()
      await s.run([mapped])
      t.equal(writesMade(s.simulator), 0, `${policy} ${side}: and at rest`)
    }
  }
})

for (const side of sides)
  t.test(
    `what was uncoupled when its partner in ${side} was deleted stays alone until somebody edits it`,
    async (t) => {
      const s = await stage(t)
      const store = openMemoryStore(theKey)
      s.store = store
      const mapped = deleting('uncouple', 'uncouple')
      const { bc, sales } = await pairs(s, mapped)
      const edit = (touched: { readonly customer: Row; readonly account: Row }): unknown =>
        side === 'sales'
          ? s.simulator.businessCentral.edit('customers', bc, touched.customer)
          : s.simulator.sales.edit('accounts', sales, touched.account)
      if (side === 'sales') s.simulator.sales.delete('accounts', sales)
      else s.simulator.businessCentral.delete('customers', bc)
      const there = (): number => (side === 'sales' ? s.accounts() : s.customers()).length
      const stays = async (why: string, config = mapped, full = false): Promise<void> => {
        s.clock.advance(day)
        const report = await s.run([config], { full })
        t.match(report.problems, [{ kind: 'no-partner', number: 'C1', isNew: false }], why)
        t.equal(there(), 1, why)
      }
      t.match((await s.run([mapped])).problems, [{ kind: 'no-partner', number: 'C1', isNew: true }])
      edit({ customer: { taxRegistrationNumber: '7' }, account: { description: 'by a service' } })
      await stays('a column of no field row')
      await stays('everything is read', mapped, true)
      const described = [
        ...mapped.fields,
        row('fax', { businessCentral: 'website', sales: 'fax', direction: 'toSales' }),
      ]
      const other = deleting('uncouple', 'uncouple', { hash: 'm2', fields: described })
      await stays('another configuration', other)
      await store.lock('rekey')
      await store.replace(name, withoutPrints(store.content(name)))
      await store.unlock()
      await stays('another key', other)
      edit({ customer: { phoneNumber: '2' }, account: { telephone1: '2' } })
      await s.run([other])
      t.equal(there(), 2, 'an edit')
      t.equal(s.couplings().length, 2)
    },
  )

t.test('an edit beats a delete: the record is created again with the edit', async (t) => {
  const s = await stage(t)
  const { bc, sales } = await pairs(s, deleting('delete', 'delete'))
  s.simulator.sales.delete('accounts', sales)
  s.simulator.businessCentral.edit('customers', bc, { phoneNumber: '2' })
  const report = await s.run([deleting('delete', 'delete')])
  t.equal(report.ok, true)
  t.equal(s.customers().length, 2)
  t.match(
    s.accounts().find((row) => row['accountnumber'] === 'C1'),
    { telephone1: '2' },
  )
})

t.test(
  'what a service says by itself of a record just made is no edit that beats a delete; what a person says is',
  async (t) => {
    for (const edit of [undefined, { phoneNumber: '2' }, { creditLimit: 100 }]) {
      const s = await stage(t)
      const mapped = deleting('delete', 'delete')
      await pairs(s, mapped)
      const account = s.account({ name: 'new', telephone1: '1' })
      await s.run([mapped])
      const made = s.customers().find(({ displayName }) => displayName === 'new') ?? {}
      t.ok(made['number'], 'a number that Sales does not have yet')
      s.simulator.sales.delete('accounts', idOf(account))
      if (edit !== undefined) s.simulator.businessCentral.edit('customers', idOf(made), edit)
      t.equal((await s.run([mapped])).ok, true)
      t.equal(s.customers().length, edit === undefined ? 2 : 3)
      t.equal(s.accounts().length, edit === undefined ? 2 : 3)
      t.equal(s.couplings().length, edit === undefined ? 2 : 3)
    }
  },
)

t.test(
  'nor is it one when the record is deleted right before its number is carried, or after that was refused',
  async (t) => {
    for (const when of ['between', 'refused'] as const) {
      const s = await stage(t)
      const mapped = deleting('delete', 'delete')
      await pairs(s, mapped)
      const account = idOf(s.account({ name: 'new', telephone1: '1' }))
      await s.run([mapped])
      const drop = (): void => s.simulator.sales.delete('accounts', account)
      const real = s.connectors
      if (when === 'refused')
        s.connectors = { ...real, sales: refusing(real.sales, (values) => 'accountnumber' in values) }
      else
        s.onEvent = (event) => {
          if (event.kind !== 'mapping.started' || event.phase !== 'apply') return
          s.onEvent = () => {}
          drop()
        }
      await s.run([mapped])
      s.connectors = real
      if (when === 'refused') {
        t.match(s.held(), [{ kind: 'failed' }])
        drop()
        await s.run([mapped])
      }
      t.equal(s.customers().length, 2, when)
      t.equal(s.accounts().length, 2, when)
      t.equal(s.couplings().length, 2, when)
      t.same(s.held(), [], when)
    }
  },
)

t.test('an edit between our read and our delete beats it too', async (t) => {
  const s = await stage(t)
  const { bc, sales } = await pairs(s, deleting('delete', 'delete'))
  s.simulator.sales.delete('accounts', sales)
  s.onEvent = (event) => {
    if (event.kind === 'mapping.started' && event.phase === 'apply')
      s.simulator.businessCentral.edit('customers', bc, { phoneNumber: '2' })
  }
  await s.run([deleting('delete', 'delete')])
  t.equal(s.customers().length, 2)
  t.match(
    s.accounts().find((row) => row['accountnumber'] === 'C1'),
    { telephone1: '2' },
  )
})

t.test('a delete whose answer was lost is told by reading, and done in the same run', async (t) => {
  for (const drop of ['before', 'after'] as const) {
    const s = await stage(t)
    const { sales } = await pairs(s, deleting('delete', 'delete'))
    s.simulator.sales.delete('accounts', sales)
    s.simulator.faults.add({ match: { service: 'businessCentral', path: 'batch', nth: 1 }, do: { drop } })
    const report = await s.run([deleting('delete', 'delete')])
    t.equal(report.ok, true, drop)
    t.equal(s.customers().length, 1, drop)
    t.equal(s.couplings().length, 1, drop)
  }
})

t.test('a one-way mapping never deletes its source', async (t) => {
  const s = await stage(t)
  const base = deleting('delete', 'delete', { direction: 'toSales' })
  const oneWay = { ...base, fields: base.fields.map((field) => ({ ...field, direction: 'toSales' as const })) }
  const { bc, sales } = await pairs(s, oneWay)
  s.simulator.sales.delete('accounts', sales)
  await s.run([oneWay])
  t.equal(s.customers().length, 2)
  s.simulator.businessCentral.edit('customers', bc, { phoneNumber: '2' })
  await s.run([oneWay])
  t.equal(s.customers().length, 2)
})

t.test('a record deleted on both sides ends its coupling quietly', async (t) => {
  const s = await stage(t)
  const { bc, sales } = await pairs(s)
  s.simulator.sales.delete('accounts', sales)
  s.simulator.businessCentral.delete('customers', bc)
  const report = await s.run([deleting('hold', 'hold')])
  t.equal(report.ok, true)
  t.equal(s.couplings().length, 1)
})

t.test('deletes come after everything else, and are counted', async (t) => {
  const s = await stage(t)
  const { sales } = await pairs(s, deleting('delete', 'delete'))
  s.simulator.sales.delete('accounts', sales)
  s.customer({ number: 'C3' })
  s.account({ name: 'From Sales' })
  s.simulator.resetRequests()
  const report = await s.run([deleting('delete', 'delete')])
  t.match(counted(report, name), { deleted: 1, created: 2 })
  t.match(
    report.plan.counts.filter(({ deletes }) => deletes > 0),
    [{ side: 'businessCentral', deletes: 1 }],
  )
  const { byPath } = s.simulator.requests().businessCentral
  const written = Object.keys(byPath).filter((path) => !path.startsWith('GET') && !path.includes('batch'))
  t.match(written.at(-1), /^DELETE/)
})

t.test('a held record that was deleted waits for nothing any more', async (t) => {
  const s = await stage(t)
  const careful = customerAccount({ createOn: { businessCentral: false, sales: false } })
  const customer = s.customer({ number: 'C9' })
  s.customer({ number: 'C8' })
  t.equal((await s.run([careful])).problems.length, 2)
  s.simulator.businessCentral.delete('customers', idOf(customer))
  const report = await s.run([careful], { full: true })
  t.equal(report.problems.length, 1)
})

t.test('a record left alone gets a new partner when it is edited', async (t) => {
  const s = await stage(t)
  const mapped = deleting('hold', 'uncouple')
  const { bc, sales } = await pairs(s, mapped)
  s.simulator.sales.delete('accounts', sales)
  await s.run([mapped])
  await s.run([mapped], { full: true })
  t.equal(s.accounts().length, 1, 'not by itself')
  s.simulator.businessCentral.edit('customers', bc, { phoneNumber: '2' })
  t.equal((await s.run([mapped])).ok, true)
  t.equal(s.accounts().length, 2)
})

/** A customer with a person and a customer that stays, in step by the standard set with its deletes carried out. */
async function customerWithPerson(t: Test) {
  const set = only(await standardSet(t), 'currency', 'customer-account', 'contact-contact')
  const deletes = { businessCentral: 'delete', sales: 'delete', sweepMs: 1 } as const
  const config = { ...set, mappings: set.mappings.map((each) => ({ ...each, deletes })) }
  const s = await stage(t, { sales: { baseSolution: false } })
  const { businessCentral, sales } = s.simulator
  for (const sample of sales.rows('contacts')) sales.delete('contacts', idOf(sample))
  for (const number of ['C1', 'C2']) {
    const customer = s.customer({ number })
    const company = businessCentral.rows('contacts').find((row) => row['displayName'] === customer['displayName'])
    businessCentral.create('contacts', {
      type: 'Person',
      displayName: `Ann ${number}`,
      companyNumber: company?.['number'],
    })
  }
  t.same((await s.run(config)).problems, [])
  const persons = () => businessCentral.rows('contacts').filter((row) => row['type'] === 'Person')
  const contact = sales.rows('contacts').find((row) => row['lastname'] === 'C1')
  const account = s.accounts().find((row) => row['name'] === 'Customer C1')
  return { s, config, persons, contact: idOf(contact ?? {}), account: idOf(account ?? {}) }
}

t.test('what refers to a record is deleted before it, which would take it out of its filter', async (t) => {
  const { s, config, persons, contact, account } = await customerWithPerson(t)
  s.simulator.sales.delete('contacts', contact)
  s.simulator.sales.delete('accounts', account)
  const report = await s.run(config)
  t.same(report.problems, [])
  t.match(s.customers(), [{ number: 'C2' }])
  t.match(persons(), [{ displayName: 'Ann C2' }])
})

t.test('nothing is made to refer to a record that the run is about to delete', async (t) => {
  const { s, config, account } = await customerWithPerson(t)
  s.simulator.sales.create('contacts', {
    firstname: 'Ben',
    lastname: 'C1',
    'parentcustomerid_account@odata.bind': `/accounts(${account})`,
  })
  s.simulator.businessCentral.delete('customers', 'C1')
  s.clock.advance(day)
  const report = await s.run(config)
  t.equal(s.accounts().length, 1)
  t.same([...new Set(report.problems.map(({ kind }) => kind))], ['waiting'])
})

t.test('a delete that a run does not come to is done by the next one', async (t) => {
  const { s, config, persons, contact, account } = await customerWithPerson(t)
  s.simulator.sales.delete('contacts', contact)
  s.simulator.sales.delete('accounts', account)
  s.simulator.faults.add({ match: { service: 'businessCentral', path: 'batch' }, do: { status: 401 } })
  t.equal((await s.run(config)).ok, false)
  t.equal(persons().length, 2)
  s.simulator.faults.clear()
  t.same((await s.run(config)).problems, [])
  t.match(s.customers(), [{ number: 'C2' }])
  t.match(persons(), [{ displayName: 'Ann C2' }])
})
