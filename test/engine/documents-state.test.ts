/** P7 for documents: what is remembered of lines survives the disk, a move to another folder, a new key, and forgetting. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/clock.ts'
import { forget, rekey } from '../../src/store/erase.ts'
import { openJsonStore } from '../../src/store/json-store.ts'
import { exportState, importState } from '../../src/store/transfer.ts'
import { verifyState } from '../../src/store/verify.ts'
import { type Documents, documents, linesOf, ordersOf, salesOrder } from './document-stage.ts'
import { theKey, writesMade } from './stage.ts'

const mapping = 'sales-order-bidirectional'
type OnDisk = Documents & { readonly order: string; readonly folder: string }

const open = (folder: string, key = theKey) => openJsonStore({ folder, clock: systemClock, key })

/** A coupled order of three lines, at rest, with the state on disk; the store is closed. */
async function onDisk(t: Test): Promise<OnDisk> {
  const given = await documents(t, mapping)
  const { on } = given
  const folder = join(t.testdir(), 'state')
  const store = await open(folder)
  const known = await given.freshStore()
  await store.lock('test')
  for (const name of known.mappings())
    for (const coupling of known.mapping(name).couplings()) await store.commit(name, [{ kind: 'couple', coupling }])
  await store.unlock()
  on.store = store
  const order = salesOrder(given, 'O1', [{ product: 0 }, { product: 1 }, { product: 2 }])
  await given.run()
  await given.run()
  await store.close()
  on.clock.advance(1000)
  return { ...given, order, folder }
}

async function rests(t: Test, given: OnDisk): Promise<void> {
  const { on } = given
  const before = ordersOf(given)
  on.simulator.resetRequests()
  t.same((await given.run()).problems, [])
  t.equal(writesMade(on.simulator), 0)
  t.same(ordersOf(given), before)
  t.equal(on.couplings(mapping)[0]?.lines?.pairs.length, 3)
}

t.test('P7 lines are remembered on disk; the state verifies; a copy elsewhere knows them, too', async (t) => {
  const given = await onDisk(t)
  t.same(await verifyState(given.folder, theKey), [])
  const store = await open(given.folder)
  given.on.store = store
  await rests(t, given)
  const exported: unknown = JSON.parse(JSON.stringify(exportState(store)))
  await store.close()
  const copy = await open(`${given.folder}-copy`)
  await copy.lock('import')
  await importState(copy, exported)
  await copy.unlock()
  given.on.store = copy
  await rests(t, given)
  await copy.close()
})

t.test('P7 after a new key equal lines are in step, and lines that differ are held', async (t) => {
  const given = await onDisk(t)
  const { on } = given
  t.equal((await rekey({ folder: given.folder, clock: systemClock, key: 'another key', run: 'rekey' })) > 0, true)
  const store = await open(given.folder, 'another key')
  on.store = store
  await rests(t, given)
  await store.close()
  await rekey({ folder: given.folder, clock: systemClock, key: 'a third key', run: 'rekey' })
  const [first] = linesOf(given, given.order).map((line) => String(line['salesorderdetailid']))
  on.simulator.sales.edit('salesorders', given.order, { statecode: 0 })
  on.simulator.sales.edit('salesorderdetails', first ?? '', { quantity: 5 })
  on.simulator.sales.edit('salesorders', given.order, { statecode: 1 })
  const third = await open(given.folder, 'a third key')
  on.store = third
  await given.run()
  t.match(on.held(mapping), [{ kind: 'different', fields: ['lines.quantity'] }])
  t.match(ordersOf(given)[0], /I1\|"?Item I1"?\|1\|/)
  await third.close()
})

t.test('P1 a forgotten order is met again, and neither it nor a line is made twice', async (t) => {
  const given = await onDisk(t)
  const { on } = given
  const store = await open(given.folder)
  on.store = store
  await store.lock('test')
  t.same(await forget(store, { side: 'sales', id: given.order }), [mapping])
  await store.unlock()
  on.simulator.sales.edit('salesorders', given.order, { statecode: 0 })
  on.simulator.sales.edit('salesorders', given.order, { statecode: 1 })
  t.same((await given.run()).problems, [])
  await rests(t, given)
  await store.close()
})
