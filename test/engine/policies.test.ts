/** C-01 to C-08: the native choices for conflicts and deleted records as policies, beside ours; S-01 to S-05. */
import t from 'tap'
import type { Deletes, Mapping } from '../../src/config/config.ts'
import { type Known, afterDelete, everyRecord, retry } from '../../src/engine/decisions.ts'
import type { Row } from '../../src/simulator/table.ts'
import { customerAccount } from './project.ts'
import { type Stage, bothWays, idOf, stage, writesMade } from './stage.ts'

const name = 'customer-account'
const mapped = (given: Partial<Mapping> = {}): Mapping => customerAccount({ ...bothWays, ...given })
const deletes = (given: Partial<Deletes>): Partial<Mapping> => ({
  deletes: { businessCentral: 'hold', sales: 'hold', sweepMs: 0, ...given },
})

/** One pair in step. */
async function pair(s: Stage, mapping = mapped()): Promise<{ readonly bc: string; readonly sales: string }> {
  const customer = s.customer({ number: 'C1', phoneNumber: '1', city: 'London', creditLimit: 5 })
  // A side that lists none any more would stop the run.
  s.customer({ number: 'C2' })
  await s.run([mapping])
  return { bc: idOf(customer), sales: s.store.mapping(name).bySide('businessCentral', idOf(customer))?.sales.id ?? '' }
}

/** The row that the tests edit: C1 on either side. */
const first = (rows: readonly Row[]): Row => rows.find((row) => (row['number'] ?? row['accountnumber']) === 'C1') ?? {}

async function editBoth(s: Stage, ids: { readonly bc: string; readonly sales: string }): Promise<void> {
  s.simulator.businessCentral.edit('customers', ids.bc, { phoneNumber: '2', city: 'Leeds' })
  s.simulator.sales.edit('accounts', ids.sales, { telephone1: '3' })
}

t.test('C-03: none holds the field, send update lets Business Central win, get update lets Sales win', async (t) => {
  const choices = [
    ['hold', '2', '3', 1],
    ['businessCentral', '2', '2', 0],
    ['sales', '3', '3', 0],
  ] as const
  for (const [conflicts, bc, sales, waiting] of choices) {
    const s = await stage(t)
    await editBoth(s, await pair(s))
    const report = await s.run([mapped({ conflicts })])
    t.equal(first(s.customers())['phoneNumber'], bc, conflicts)
    t.equal(first(s.accounts())['telephone1'], sales, conflicts)
    t.equal(first(s.accounts())['address1_city'], 'Leeds', 'the other field travels whatever becomes of the conflict')
    t.equal(report.problems.length, waiting)
  }
})

t.test('C-01, C-02, C-08: edits of fields that travel one way, or of different fields, are no conflict', async (t) => {
  const s = await stage(t)
  const { bc, sales } = await pair(s)
  s.simulator.businessCentral.edit('customers', bc, { creditLimit: 7, phoneNumber: '2' })
  s.simulator.sales.edit('accounts', sales, { creditlimit: 9, emailaddress1: 'x@y.z', revenue: 1 })
  const report = await s.run([mapped()])
  t.same(report.problems, [])
  t.match(first(s.accounts()), { creditlimit: 7, telephone1: '2', emailaddress1: 'x@y.z', revenue: 1 })
  t.match(first(s.customers()), { creditLimit: 7, email: 'x@y.z' })
})

t.test(
  'C-04: none holds, restore makes the record again, remove coupling leaves the survivor; on either side',
  async (t) => {
    for (const gone of ['businessCentral', 'sales'] as const)
      for (const policy of ['hold', 'restore', 'uncouple'] as const) {
        const s = await stage(t)
        const { bc, sales } = await pair(s)
        if (gone === 'sales') s.simulator.sales.delete('accounts', sales)
        else s.simulator.businessCentral.delete('customers', bc)
        const report = await s.run([mapped(deletes({ [gone]: policy }))])
        const told = `${gone} ${policy}`
        t.equal(s.customers().length + s.accounts().length, policy === 'restore' ? 4 : 3, told)
        t.equal(s.couplings().length, policy === 'uncouple' ? 1 : 2, told)
        if (policy === 'hold') t.match(report.problems, [{ kind: 'deleted', message: /was deleted in/ }], told)
      }
  },
)

t.test('C-06: a record deleted in Business Central is found by comparing keys, and shown as deleted', async (t) => {
  const s = await stage(t)
  const { bc } = await pair(s, mapped(deletes({ sweepMs: 86_400_000 })))
  s.simulator.businessCentral.delete('customers', bc)
  const daily = mapped(deletes({ sweepMs: 86_400_000 }))
  await s.run([daily])
  t.same(s.held(), [], 'not at once')
  s.clock.advance(25 * 3_600_000)
  await s.run([daily])
  t.match(s.held(), [{ kind: 'deleted', gone: 'businessCentral' }])
})

t.test('C-05, S-04: restore, delete the survivor, delete the coupling: a person decides for one or all', async (t) => {
  for (const [action, records] of [
    ['restore', 4],
    ['delete', 2],
    ['uncouple', 3],
  ] as const) {
    const s = await stage(t)
    const { sales } = await pair(s)
    s.simulator.sales.delete('accounts', sales)
    await s.run([mapped(deletes({}))])
    const decided = afterDelete(s.store.mapping(name), everyRecord(s.store.mapping(name)), {
      action,
      direction: 'both',
    })
    if (decided.kind !== 'decided') throw new Error(decided.message)
    await s.store.lock('person')
    await s.store.commit(name, decided.entries)
    await s.store.unlock()
    await s.run([mapped(deletes({}))])
    t.equal(s.customers().length + s.accounts().length, records, action)
  }
})

t.test(
  'S-04: a mapping in one direction neither deletes nor creates where it only reads, and says so at once',
  async (t) => {
    const s = await stage(t)
    const { sales } = await pair(s)
    s.simulator.sales.delete('accounts', sales)
    await s.run([mapped(deletes({}))])
    const state = s.store.mapping(name)
    const records: readonly Known[] = everyRecord(state)
    t.match(afterDelete(state, records, { action: 'delete', direction: 'toSales' }), {
      kind: 'problem',
      message: /travels toSales only, and would have to delete/,
    })
    t.equal(afterDelete(state, records, { action: 'restore', direction: 'toSales' }).kind, 'decided')
    t.match(afterDelete(state, records, { action: 'restore', direction: 'toBusinessCentral' }), { kind: 'problem' })
    t.equal(afterDelete(state, records, { action: 'uncouple', direction: 'toBusinessCentral' }).kind, 'decided')
  },
)

t.test(
  'E-05, S-01, S-02, S-05: the same refusal twice skips nobody: it is tried again later, and a success clears it',
  async (t) => {
    const s = await stage(t)
    const { bc, sales } = await pair(s)
    s.simulator.businessCentral.edit('customers', bc, { phoneNumber: '2' })
    s.simulator.faults.add({
      match: { service: 'sales', part: true, method: 'PATCH', path: sales },
      do: { status: 400 },
    })
    for (const attempts of [1, 2]) {
      await s.run([mapped()])
      t.match(s.held(), [{ kind: 'failed', attempts }])
      s.clock.advance(3_600_000)
    }
    s.simulator.sales.edit('accounts', sales, { address1_city: 'Paris' })
    const report = await s.run([mapped()])
    t.equal(first(s.customers())['city'], 'Paris', 'the other direction was never stopped')
    t.match(report.problems, [{ kind: 'failed' }], 'P5: nor does its success hide the refusal')
    t.match(s.held(), [{ kind: 'failed', attempts: 3 }])
    s.simulator.faults.clear()
    s.clock.advance(3_600_000)
    await s.run([mapped()])
    t.same(s.held(), [])
    t.match(first(s.accounts()), { telephone1: '2' })
  },
)

t.test('S-04: a retry is due at once and clears only the waiting; the run does the rest', async (t) => {
  const s = await stage(t)
  const { bc, sales } = await pair(s)
  s.simulator.businessCentral.edit('customers', bc, { phoneNumber: '2' })
  s.simulator.faults.add({ match: { service: 'sales', part: true, method: 'PATCH', path: sales }, do: { status: 400 } })
  await s.run([mapped()])
  s.simulator.faults.clear()
  s.simulator.resetRequests()
  await s.run([mapped()])
  t.equal(writesMade(s.simulator), 0, 'not before its time')
  const decided = retry(s.store.mapping(name), everyRecord(s.store.mapping(name)))
  if (decided.kind !== 'decided') throw new Error(decided.message)
  await s.store.lock('person')
  await s.store.commit(name, decided.entries)
  await s.store.unlock()
  await s.run([mapped()])
  t.equal(first(s.accounts())['telephone1'], '2')
})
