/** Native rules about orders that come from Sales or go both ways, on the standard mappings: B-02 to B-09, L-02 to L-06. */
import t, { type Test } from 'tap'
import { Lookout } from '../../src/engine/lookout.ts'
import { carryOutUncoupling } from '../../src/engine/uncoupling.ts'
import type { Row } from '../../src/simulator/table.ts'
import { type Documents, couple, documents, ground, linesOf, ordersOf, salesOrder } from './document-stage.ts'
import { only, standardSet } from './standard-set.ts'
import { counted } from './stage.ts'

const both = 'sales-order-bidirectional'

/** The lines of Business Central's one order, in their order. */
const linesIn = ({ on }: Documents): readonly Row[] =>
  [...on.simulator.businessCentral.rows('salesOrderLines')].sort(
    (a, b) => Number(a['sequence']) - Number(b['sequence']),
  )

const lineId = (given: Documents, order: string, n: number): string =>
  String(linesOf(given, order)[n]?.['salesorderdetailid'])

/** Opened, edited, and submitted again. */
function inSales({ on }: Documents, order: string, edit: () => void): void {
  on.simulator.sales.edit('salesorders', order, { statecode: 0 })
  edit()
  on.simulator.sales.edit('salesorders', order, { statecode: 1 })
}

/** Reopened, edited, and released again. */
function inBusinessCentral({ on }: Documents, edit: () => void): void {
  const { businessCentral } = on.simulator
  const id = String(businessCentral.rows('salesOrders')[0]?.['id'])
  businessCentral.service.hand.act?.('salesOrders', id, 'reopen')
  edit()
  businessCentral.service.hand.act?.('salesOrders', id, 'release')
}

/** An order of two products and a write-in that both sides have, and nothing to do. */
async function atRest(t: Test): Promise<Documents & { readonly order: string }> {
  const given = await documents(t, both)
  const order = salesOrder(given, 'O1', [{ product: 0, price: 7, quantity: 2 }, { product: 1 }, { text: 'Assembly' }])
  await given.run()
  await given.run()
  given.on.clock.advance(1000)
  return { ...given, order }
}

/** A further unit of the item I1 that both sides have. */
async function withBoxes(given: Documents): Promise<string> {
  const { businessCentral, sales } = given.on.simulator
  businessCentral.create('ItemUnitsOfMeasure', { Item_No: 'I1', Code: 'BOX', Qty_per_Unit_of_Measure: 12 })
  const box = sales.create('uoms', {
    name: 'BOX',
    quantity: 12,
    'uomscheduleid@odata.bind': `/uomschedules(${String(sales.rows('uoms')[0]?.['_uomscheduleid_value'])})`,
    'baseuom@odata.bind': `/uoms(${given.unit})`,
  })
  const id = String(box['uomid'])
  const keys = { Item_No: 'I1', Code: 'BOX' }
  await couple(given, 'item-unit', { businessCentral: "Item_No='I1',Code='BOX'", sales: id }, keys)
  return id
}

t.test(
  'B-02 a submitted order is released in Business Central, with its freight and discount, and told in Sales',
  async (t) => {
    const given = await documents(t, both)
    const { on } = given
    const order = salesOrder(given, 'O1', [{ product: 0, quantity: 2 }], { freightamount: 25, discountamount: 5 })
    t.same((await given.run()).problems, [])
    t.match(on.simulator.businessCentral.rows('salesOrders'), [
      { externalDocumentNumber: 'O1', status: 'Open', discountAmount: 5 },
    ])
    t.match(linesIn(given), [
      { lineType: 'Item', lineObjectNumber: 'I1', quantity: 2 },
      { lineType: 'Account', lineObjectNumber: '40100', quantity: 1, unitPrice: 25 },
    ])
    t.match(on.simulator.sales.row('salesorders', order), { statecode: 1 })
    t.ok(on.simulator.sales.row('salesorders', order)?.['lastbackofficesubmit'])
  },
)

t.test('B-04 an order of Business Central that is released is submitted in Sales, under its customer', async (t) => {
  const given = await documents(t, both)
  const { on, account } = given
  const { businessCentral, sales } = on.simulator
  const before = new Set(sales.rows('salesorders').map((row) => row['salesorderid']))
  const made = () => sales.rows('salesorders').filter((row) => !before.has(row['salesorderid']))
  const { id } = businessCentral.create('salesOrders', { customerNumber: 'C1' })
  const line = { documentId: id, lineType: 'Item', lineObjectNumber: 'I1', quantity: 3, unitPrice: 9 }
  businessCentral.create('salesOrderLines', line)
  await given.run()
  t.same(made(), [], 'not while it is open')
  businessCentral.act?.('salesOrders', String(id), 'release')
  t.same((await given.run()).problems, [])
  t.match(made(), [{ name: 'Adatum', _customerid_value: account, statecode: 1 }])
  t.match(linesOf(given, String(made()[0]?.['salesorderid'])), [
    { quantity: 3, priceperunit: 9, ispriceoverridden: true },
  ])
  await given.run()
  on.clock.advance(1000)
  businessCentral.act?.('salesOrders', String(id), 'ship')
  t.same((await given.run()).problems, [])
  t.match(made(), [{ statecode: 3 }], 'fulfilled when it is shipped whole')
})

t.test('B-03 lines of Sales come with their price and unit, write-ins too, and one that is gone goes', async (t) => {
  const given = await documents(t, both)
  const { on } = given
  const box = await withBoxes(given)
  const set = await standardSet(t, ', salesOrders: bidirectional, orderPage: couplet/orders/v1.0, writeInItem: W1')
  const config = only(set, ...ground, 'item-unit', both)
  const run = () => on.run(config, { mappings: [both] })
  const order = salesOrder(given, 'O1', [{ product: 0, price: 70, quantity: 2 }, { text: 'Assembly' }], {
    statecode: 0,
  })
  on.simulator.sales.edit('salesorderdetails', lineId(given, order, 0), { 'uomid@odata.bind': `/uoms(${box})` })
  on.simulator.sales.edit('salesorders', order, { statecode: 1 })
  t.same((await run()).problems, [])
  t.match(linesIn(given), [
    { lineType: 'Item', lineObjectNumber: 'I1', unitOfMeasureCode: 'BOX', quantity: 2, unitPrice: 70 },
    { lineType: 'Item', lineObjectNumber: 'W1', description: 'Assembly', quantity: 1 },
  ])
  await run()
  on.clock.advance(1000)
  inSales(given, order, () => on.simulator.sales.delete('salesorderdetails', lineId(given, order, 0)))
  t.same((await run()).problems, [])
  t.match(
    linesIn(given).map((line) => line['lineObjectNumber']),
    ['W1'],
  )
})

t.test(
  'B-05 B-06 B-08 an order reopened for a change of a line alone is looked after, and the line travels',
  async (t) => {
    const given = await atRest(t)
    const { on, order, config } = given
    const mapping = config.mappings.find(({ name }) => name === both)
    if (mapping === undefined) throw new Error(`no ${both}`)
    const sight = async () => (await new Lookout(config, on.ports).look(mapping, undefined)).kind
    t.equal(await sight(), 'quiet', 'nothing was edited')
    inBusinessCentral(given, () => {
      const [first, second] = linesIn(given)
      on.simulator.businessCentral.edit('salesOrderLines', String(first?.['id']), { quantity: 5, unitPrice: 8 })
      on.simulator.businessCentral.delete('salesOrderLines', String(second?.['id']))
    })
    t.equal(await sight(), 'changed', 'a line of Business Central wakes the job')
    t.same((await given.run()).problems, [])
    t.match(
      linesOf(given, order).map(({ quantity, priceperunit, ispriceoverridden, tax }) => [
        quantity,
        priceperunit,
        ispriceoverridden,
        tax,
      ]),
      [
        [5, 8, true, 10],
        [1, 10, true, 2.5],
      ],
      'the line that is gone is gone, the price is the one of Business Central, the tax what it adds',
    )
    t.match(on.simulator.sales.row('salesorders', order), { statecode: 1 }, 'submitted again')
    await given.run()
    on.clock.advance(1000)
    t.equal(await sight(), 'quiet')
    inSales(given, order, () => on.simulator.sales.edit('salesorderdetails', lineId(given, order, 0), { quantity: 6 }))
    t.equal(await sight(), 'changed', 'a line of Sales wakes it too')
    t.same((await given.run()).problems, [])
    t.match(linesIn(given)[0], { quantity: 6, unitPrice: 8 })
    t.match(ordersOf(given), [/^O1 Open/], 'released again')
    const [made] = on.simulator.businessCentral.rows('salesOrders')
    t.ok(made)
  },
)

t.test('B-09 an order that is taken apart takes its lines along: none of them travels any more', async (t) => {
  const given = await atRest(t)
  const { on, order, config } = given
  t.equal(on.couplings(both)[0]?.lines?.pairs.length, 3)
  const request = { mapping: both, couplings: on.couplings(both), all: false }
  t.match(await carryOutUncoupling(config, on.ports, request), { ended: 1, kept: [] })
  t.same(on.couplings(both), [])
  inSales(given, order, () => on.simulator.sales.edit('salesorderdetails', lineId(given, order, 0), { quantity: 6 }))
  inBusinessCentral(given, () => {
    on.simulator.businessCentral.edit('salesOrderLines', String(linesIn(given)[1]?.['id']), { quantity: 9 })
  })
  await given.run()
  t.equal(on.couplings(both).length, 0)
  t.match(
    [linesOf(given, order), linesIn(given)].map((lines) => lines.map(({ quantity }) => quantity)),
    [
      [6, 1, 1],
      [2, 9, 1],
    ],
  )
})

t.test('L-02 an order that was taken over is not taken over again, nor one that was posted since', async (t) => {
  const given = await documents(t, 'sales-order')
  const { on } = given
  const { businessCentral, sales } = on.simulator
  const order = salesOrder(given, 'O1', [{ product: 0 }])
  await given.run()
  await given.run()
  // The mark in Sales that a back office has taken it is lost, and a person asks for it by its number.
  const unmark = () => sales.service.table('salesorders')?.update(order, { lastbackofficesubmit: null })
  unmark()
  const asked = { records: [{ column: 'ordernumber', value: 'O1' }] }
  t.match(counted(await given.run(asked), 'sales-order'), { created: 0 })
  const made = businessCentral.rows('salesOrders')
  t.equal(made.length, 1)
  t.match(on.couplings('sales-order'), [{ businessCentral: { keys: { number: made[0]?.['number'] } } }])
  businessCentral.act?.('salesOrders', String(made[0]?.['id']), 'shipAndInvoice')
  unmark()
  on.store = await given.freshStore()
  const { problems } = await given.run(asked)
  t.match(problems, [{ number: 'O1', message: /stands in Business Central already, among salesInvoices/ }])
  t.same(ordersOf(given), [])
})

t.test(
  'L-03 the customer is that of the account, or of the account of the contact; without one the order waits',
  async (t) => {
    const given = await documents(t, 'sales-order')
    const { on, account } = given
    const { businessCentral, sales } = on.simulator
    const ofContact = (number: string, parent: string): void => {
      const bound = { 'parentcustomerid_account@odata.bind': `/accounts(${parent})` }
      const contact = sales.create('contacts', { lastname: 'Ann', ...bound })
      const order = salesOrder(given, number, [{ product: 0 }], { statecode: 0 })
      sales.edit('salesorders', order, {
        'customerid_contact@odata.bind': `/contacts(${String(contact['contactid'])})`,
      })
      sales.edit('salesorders', order, { statecode: 1 })
    }
    const stranger = String(on.account({ name: 'Stranger' })['accountid'])
    salesOrder(given, 'O1', [{ product: 0 }])
    ofContact('O2', account)
    ofContact('O3', stranger)
    const { problems } = await given.run()
    t.match(problems, [{ number: 'O3', kind: 'waiting', message: /customer refers to a record that is not coupled/ }])
    t.same(
      businessCentral.rows('salesOrders').map((row) => [row['externalDocumentNumber'], row['customerNumber']]),
      [
        ['O1', 'C1'],
        ['O2', 'C1'],
      ],
    )
  },
)

t.test('L-06 J-7 notes of an order that is taken over come with it; files stay', async (t) => {
  const given = await documents(t, 'sales-order')
  const { on } = given
  const settings = ', unitGroups: false, salesOrders: legacy, orderPage: couplet/orders/v1.0'
  const config = only(await standardSet(t, settings), ...ground, 'sales-order', 'order-note')
  const order = salesOrder(given, 'O1', [{ product: 0 }])
  for (const isdocument of [false, true])
    on.simulator.sales.create('annotations', {
      'objectid_salesorder@odata.bind': `/salesorders(${order})`,
      objecttypecode: 'salesorder',
      isdocument,
      notetext: isdocument ? 'A file' : '<p>Call <b>before</b> delivery</p>',
    })
  t.same((await on.run(config, { mappings: ['sales-order', 'order-note'] })).problems, [])
  const [made] = on.simulator.businessCentral.rows('salesOrders')
  t.match(on.simulator.businessCentral.rows('orderNotes'), [{ orderId: made?.['id'], text: 'Call before delivery' }])
  t.equal(on.simulator.businessCentral.rows('orderNotes').length, 1)
})
