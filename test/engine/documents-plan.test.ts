/** P6 and P8 for documents with lines: a plan writes nothing, binds what was looked at, and nothing tells values. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../src/clock.ts'
import { operationHash } from '../../src/core/plan.ts'
import { planJson } from '../../src/report/plan-text.ts'
import { openJsonStore } from '../../src/store/json-store.ts'
import { documents, linesOf, ordersOf, salesOrder, salesOrdersOf } from './document-stage.ts'
import { theKey, writesMade } from './stage.ts'

const mapping = 'sales-order-bidirectional'

t.test('P6 a plan of a document writes nothing and tells its lines; applied, it does what it told', async (t) => {
  const given = await documents(t, mapping)
  const { on } = given
  salesOrder(given, 'O1', [{ product: 0, quantity: 5 }, { text: 'A write-in' }])
  on.simulator.resetRequests()
  const { plan } = await given.run({ dry: true })
  t.equal(writesMade(on.simulator), 0)
  t.match(plan.operations, [
    { kind: 'create', side: 'businessCentral', lines: [{ kind: 'create' }, { kind: 'create' }] },
  ])
  const report = await given.run({ permit: new Set(plan.operations.map(operationHash)) })
  t.same([report.problems, report.refusedOperations], [[], []])
  t.equal(ordersOf(given).length, 1)
})

t.test('P6 a saved plan is refused for an order of which a line has moved since', async (t) => {
  const given = await documents(t, mapping)
  const { on } = given
  const { sales } = on.simulator
  const order = salesOrder(given, 'O1', [{ product: 0 }, { product: 1 }])
  await given.run()
  await given.run()
  on.clock.advance(1000)
  const edit = (quantity: number): void => {
    sales.edit('salesorders', order, { statecode: 0 })
    sales.edit('salesorderdetails', String(linesOf(given, order)[0]?.['salesorderdetailid']), { quantity })
    sales.edit('salesorders', order, { statecode: 1 })
  }
  edit(5)
  const { plan } = await given.run({ dry: true })
  const permit = new Set(plan.operations.map(operationHash))
  t.match(plan.operations, [{ kind: 'update', lines: [{ kind: 'update' }] }])
  edit(6)
  const report = await given.run({ permit })
  t.equal(report.refusedOperations.length, 1)
  t.match(ordersOf(given)[0], /\|I1\|"?Item I1"?\|1\|/, 'nothing is written')
  await given.run()
  t.match(ordersOf(given)[0], /\|I1\|"?Item I1"?\|6\|/, 'and nothing forgotten')
})

t.test('P8 neither plan, state, problems nor events hold a value of a line', async (t) => {
  const given = await documents(t, mapping)
  const { on } = given
  const { sales, businessCentral } = on.simulator
  const folder = t.testdir()
  on.store = await openJsonStore({ folder: join(folder, 'state'), clock: systemClock, key: theKey })
  const known = await given.freshStore()
  await on.store.lock('test')
  for (const name of known.mappings())
    for (const coupling of known.mapping(name).couplings()) await on.store.commit(name, [{ kind: 'couple', coupling }])
  await on.store.unlock()
  const order = salesOrder(given, 'O1', [
    { product: 0, quantity: 7319451, text: 'Zebrafinch and more' },
    { text: 'Zebrafinch', price: 7319451 },
  ])
  const { plan } = await given.run({ dry: true })
  const masked = JSON.stringify(planJson(plan, { showValues: false, excesses: [] }))
  t.match(masked, /"quantity"/)
  t.notMatch(masked, /zebrafinch|7319451/i)
  t.match(JSON.stringify(planJson(plan, { showValues: true, excesses: [] })), /Zebrafinch.*7319451|7319451.*Zebrafinch/)
  const refused = { error: { code: 'Application_DialogException', message: "The text 'Zebrafinch' is too long." } }
  on.simulator.faults.add({
    match: { service: 'businessCentral', method: 'POST', path: 'salesOrderLines', part: true, nth: 1 },
    do: { status: 400, body: JSON.stringify(refused), contentType: 'application/json' },
  })
  const first = await given.run()
  t.match(first.problems, [{ kind: 'failed' }])
  on.clock.advance(3_600_000)
  const second = await given.run()
  await given.run()
  t.same(second.problems, [])
  t.match(ordersOf(given)[0], /Zebrafinch/)
  const [made] = businessCentral.rows('salesOrderLines')
  sales.edit('salesorders', order, { statecode: 0 })
  sales.edit('salesorderdetails', String(linesOf(given, order)[0]?.['salesorderdetailid']), { quantity: 7319452 })
  sales.edit('salesorders', order, { statecode: 1 })
  const { hand } = businessCentral.service
  const id = String(made?.['documentId'])
  hand.act?.('salesOrders', id, 'reopen')
  businessCentral.edit('salesOrderLines', String(made?.['id']), { quantity: 7319453 })
  hand.act?.('salesOrders', id, 'release')
  const conflict = await given.run()
  t.match(conflict.problems, [{ kind: 'conflict' }])
  await on.store.close()
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const texts = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'utf8')),
  )
  t.ok(texts.join('').includes('S-ORD00001'), 'numbers of records are told')
  const all = texts.join('\n') + JSON.stringify([first.problems, second.problems, conflict.problems, on.events])
  t.notMatch(all, /zebrafinch/i)
  t.notMatch(all, /731945/)
  t.match(salesOrdersOf(given)[0], /7319452/)
})
