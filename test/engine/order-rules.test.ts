/** Native rules about orders, quotes and invoices on the standard mappings: B-03 to B-09, I-03 to I-05, L-02, O-09, Q-02 to Q-06. */
import t, { type Test } from 'tap'
import { Lookout } from '../../src/engine/lookout.ts'
import { carryOutUncoupling } from '../../src/engine/uncoupling.ts'
import type { Row } from '../../src/simulator/table.ts'
import { type Documents, documents, ground, linesOf, ordersOf, salesOrder } from './document-stage.ts'
import { only, standardSet } from './standard-set.ts'
import { counted, writesMade } from './stage.ts'

const both = 'sales-order-bidirectional'
const day = 86_400_000

/** The lines of Business Central's one order or quote, in their order. */
const linesIn = ({ on }: Documents, set: 'salesOrderLines' | 'salesQuoteLines' = 'salesOrderLines'): readonly Row[] =>
  [...on.simulator.businessCentral.rows(set)].sort((a, b) => Number(a['sequence']) - Number(b['sequence']))

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

/** Couples two records as a run of their own mapping would. */
async function couple(
  { on }: Documents,
  mapping: string,
  ids: { readonly businessCentral: string; readonly sales: string },
  keys: Readonly<Record<string, string>>,
): Promise<void> {
  const businessCentral = { id: ids.businessCentral, keys, version: undefined }
  const coupling = { businessCentral, sales: { id: ids.sales, keys: {}, version: undefined }, layout: '', base: '' }
  await on.store.lock('test')
  await on.store.commit(mapping, [{ kind: 'couple', coupling }])
  await on.store.unlock()
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

t.test('O-09 an order or quote of Sales gets the salesperson of its customer, whoever owns it', async (t) => {
  for (const [mapping, settings] of [
    ['sales-quote', 'legacy'],
    ['sales-order', 'legacy'],
    [both, 'bidirectional, orderPage: couplet/orders/v1.0'],
  ] as const) {
    const given = await documents(t, mapping)
    const { on } = given
    const { businessCentral, sales } = on.simulator
    const set = await standardSet(t, `, unitGroups: false, salesOrders: ${settings}`)
    const config = only(set, 'salesperson-user', ...ground, mapping)
    const people = businessCentral.rows('salespeoplePurchasers').slice(0, 2)
    const users = sales.rows('systemusers').slice(0, 2)
    for (const [index, person] of people.entries()) {
      const ids = { businessCentral: String(person['id']), sales: String(users[index]?.['systemuserid']) }
      await couple(given, 'salesperson-user', ids, { code: String(person['code']) })
    }
    businessCentral.edit('customers', given.customer, { salespersonCode: people[0]?.['code'] })
    const owner = { 'ownerid@odata.bind': `/systemusers(${String(users[1]?.['systemuserid'])})` }
    if (mapping === 'sales-quote') sales.edit('quotes', quote(given, 'Q1', 1, owner), { statecode: 1 })
    else salesOrder(given, 'O1', [{ product: 0 }], owner)
    t.same((await on.run(config, { mappings: [mapping] })).problems, [], mapping)
    const [made] = businessCentral.rows(mapping === 'sales-quote' ? 'salesQuotes' : 'salesOrders')
    t.equal(made?.['salesperson'], people[0]?.['code'], mapping)
  }
})

/** A quote with one line; its revision carries the same number. */
function quote({ on, account, products, unit }: Documents, number: string, quantity: number, more: Row = {}): string {
  const { sales } = on.simulator
  const made = sales.create('quotes', {
    quotenumber: number,
    name: `Quote ${number}`,
    'customerid_account@odata.bind': `/accounts(${account})`,
    ...more,
  })
  const id = String(made['quoteid'])
  sales.create('quotedetails', {
    'quoteid@odata.bind': `/quotes(${id})`,
    'productid@odata.bind': `/products(${products[0] ?? ''})`,
    'uomid@odata.bind': `/uoms(${unit})`,
    quantity,
    priceperunit: 7,
    ispriceoverridden: true,
  })
  return id
}

/** Of Business Central's quotes, the numbers of those of Sales and their dates. */
const quotesIn = ({ on }: Documents) =>
  on.simulator.businessCentral
    .rows('salesQuotes')
    .map((row) => [row['externalDocumentNumber'], row['validUntilDate']] as const)

t.test(
  'Q-02 Q-03 an active quote becomes a quote that is valid as long; its revision changes that same one',
  async (t) => {
    const given = await documents(t, 'sales-quote')
    const { on } = given
    const { sales } = on.simulator
    const first = quote(given, 'Q1', 2, { effectiveto: '2026-03-01' })
    t.same((await given.run()).problems, [])
    t.same(quotesIn(given), [], 'not before it is active')
    sales.edit('quotes', first, { statecode: 1 })
    t.same((await given.run()).problems, [])
    t.same(quotesIn(given), [['Q1', '2026-03-01']])
    t.match(linesIn(given, 'salesQuoteLines'), [{ lineObjectNumber: 'I1', quantity: 2, unitPrice: 7 }])
    sales.edit('quotes', first, { statecode: 3 })
    const second = quote(given, 'Q1', 5, { effectiveto: '2026-04-01' })
    sales.edit('quotes', second, { statecode: 1 })
    t.same((await given.run()).problems, [])
    t.same(quotesIn(given), [['Q1', '2026-04-01']])
    t.match(linesIn(given, 'salesQuoteLines'), [{ lineObjectNumber: 'I1', quantity: 5, unitPrice: 7 }])
    t.equal(linesIn(given, 'salesQuoteLines').length, 1)
    t.match(on.couplings('sales-quote'), [{ sales: { id: second } }])
    t.equal(on.couplings('sales-quote').length, 1)
  },
)

t.test('Q-04 Q-05 a won quote that nobody saw becomes a quote, its submitted order an order, each once', async (t) => {
  const given = await documents(t, 'sales-quote')
  const { on } = given
  const { businessCentral, sales } = on.simulator
  const config = only(
    await standardSet(t, ', unitGroups: false, salesOrders: legacy'),
    ...ground,
    'sales-quote',
    'sales-order',
  )
  const run = (full = false) => on.run(config, { mappings: ['sales-quote', 'sales-order'], full })
  const won = quote(given, 'Q1', 2)
  sales.edit('quotes', won, { statecode: 1 })
  sales.edit('quotes', won, { statecode: 2 })
  const order = salesOrder(given, 'O1', [{ product: 0, price: 7, quantity: 2 }], {
    statecode: 0,
    'quoteid@odata.bind': `/quotes(${won})`,
  })
  t.same((await run()).problems, [])
  t.same(quotesIn(given).length, 1)
  t.same(ordersOf(given), [], 'its order is not submitted yet')
  sales.edit('salesorders', order, { statecode: 1 })
  t.same((await run()).problems, [])
  t.match(ordersOf(given), [/^O1 /])
  t.equal(ordersOf(given).length, 1)
  // Whatever becomes of the quote in Business Central, it was processed.
  businessCentral.delete('salesQuotes', String(businessCentral.rows('salesQuotes')[0]?.['id']))
  for (const full of [false, true]) {
    on.clock.advance(2 * day)
    sales.service.table('quotes')?.update(won, { description: `edited, ${full ? 'and all' : 'and this'} is looked at` })
    t.match(counted(await run(full), 'sales-quote'), { created: 0 })
    t.same(quotesIn(given), [])
  }
  t.equal(ordersOf(given).length, 1)
})

t.test('P1 Q-05 a won quote of which people made an order is not made again, whatever is forgotten', async (t) => {
  const given = await documents(t, 'sales-quote')
  const { on } = given
  const { businessCentral, sales } = on.simulator
  const won = quote(given, 'Q1', 2)
  sales.edit('quotes', won, { statecode: 1 })
  await given.run()
  sales.edit('quotes', won, { statecode: 2 })
  await given.run()
  businessCentral.act?.('salesQuotes', String(businessCentral.rows('salesQuotes')[0]?.['id']), 'makeOrder')
  for (const set of ['salesOrders', 'salesInvoices'] as const) {
    on.store = await given.freshStore()
    t.match((await given.run()).problems, [{ number: 'Q1', message: new RegExp(`among ${set}`) }])
    t.same(quotesIn(given), [])
    const [order] = businessCentral.rows('salesOrders')
    if (order !== undefined) businessCentral.act?.('salesOrders', String(order['id']), 'shipAndInvoice')
  }
})

t.test('Q-06 quotes that people make in Business Central stay there', async (t) => {
  const given = await documents(t, 'sales-quote')
  const { on } = given
  const before = on.simulator.sales.rows('quotes').length
  const { id } = on.simulator.businessCentral.create('salesQuotes', { customerNumber: 'C1' })
  const line = { documentId: id, lineType: 'Item', lineObjectNumber: 'I1', quantity: 1 }
  on.simulator.businessCentral.create('salesQuoteLines', line)
  const config = {
    ...given.config,
    mappings: given.config.mappings.map((each) => ({ ...each, createOn: { businessCentral: true, sales: true } })),
  }
  on.simulator.resetRequests()
  t.same((await on.run(config, { mappings: ['sales-quote'], full: true })).problems, [])
  t.equal(on.simulator.sales.rows('quotes').length, before)
  t.equal(writesMade(on.simulator), 0)
})

/** A posted invoice over one item; its number. */
function invoice({ on }: Documents, more: Row = {}): string {
  const { businessCentral } = on.simulator
  const { id } = businessCentral.create('salesInvoices', { customerNumber: 'C1', ...more })
  const line = { documentId: id, lineType: 'Item', lineObjectNumber: 'I1', quantity: 1, unitPrice: 10 }
  businessCentral.create('salesInvoiceLines', line)
  businessCentral.act?.('salesInvoices', String(id), 'post')
  return String(businessCentral.row('salesInvoices', String(id))?.['number'])
}

t.test('I-03 I-04 I-05 an invoice hangs on the order it came from; without one it stands by itself', async (t) => {
  const given = await documents(t, 'sales-invoice')
  const { on, account } = given
  const { businessCentral, sales } = on.simulator
  const opportunity = sales.create('opportunities', { name: 'Big deal' })
  const list = sales.create('pricelevels', { name: 'Retail' })
  const order = salesOrder(given, 'O1', [{ product: 0 }], {
    'opportunityid@odata.bind': `/opportunities(${String(opportunity['opportunityid'])})`,
    'pricelevelid@odata.bind': `/pricelevels(${String(list['pricelevelid'])})`,
  })
  const method = businessCentral.create('shipmentMethods', { code: 'BY SEA', displayName: 'By sea' })
  const from = invoice(given, { externalDocumentNumber: 'O1' })
  const alone = invoice(given, { shipmentMethodId: method['id'] })
  on.customer({ number: 'C2', displayName: 'Bellows' })
  const ofOther = invoice(given, { customerNumber: 'C2' })
  t.same((await given.run()).problems, [])
  const made = (number: string) => sales.rows('invoices').find((row) => row['invoicenumber'] === number)
  t.match(made(from), {
    name: from,
    _salesorderid_value: order,
    _opportunityid_value: opportunity['opportunityid'],
    _pricelevelid_value: list['pricelevelid'],
    _customerid_value: account,
  })
  t.match(made(alone), { name: alone, _customerid_value: account, description: 'By sea' })
  for (const column of ['_salesorderid_value', '_opportunityid_value', '_pricelevelid_value'])
    t.notOk(made(alone)?.[column], column)
  const other = on.accounts().find((row) => row['name'] === 'Bellows')
  t.ok(other, 'its customer is sent first')
  t.match(made(ofOther), { _customerid_value: other?.['accountid'] })
})
