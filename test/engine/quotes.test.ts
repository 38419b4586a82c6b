/** Native rules about quotes on the standard mappings, and O-09. */
import t from 'tap'
import type { Row } from '../../src/simulator/table.ts'
import { type Documents, couple, documents, ground, ordersOf, salesOrder } from './document-stage.ts'
import { only, standardSet } from './standard-set.ts'
import { counted, writesMade } from './stage.ts'

const both = 'sales-order-bidirectional'
const day = 86_400_000

/** The lines of Business Central's one quote. */
const linesIn = ({ on }: Documents): readonly Row[] => on.simulator.businessCentral.rows('salesQuoteLines')

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
    t.match(linesIn(given), [{ lineObjectNumber: 'I1', quantity: 2, unitPrice: 7 }])
    sales.edit('quotes', first, { statecode: 3 })
    const second = quote(given, 'Q1', 5, { effectiveto: '2026-04-01' })
    sales.edit('quotes', second, { statecode: 1 })
    t.same((await given.run()).problems, [])
    t.same(quotesIn(given), [['Q1', '2026-04-01']])
    t.match(linesIn(given), [{ lineObjectNumber: 'I1', quantity: 5, unitPrice: 7 }])
    t.equal(linesIn(given).length, 1)
    t.match(on.couplings('sales-quote'), [{ sales: { id: second } }])
    t.equal(on.couplings('sales-quote').length, 1)
  },
)

t.test('L-11 Q-03 a discount that a revision of a quote takes back is taken back in Business Central', async (t) => {
  const given = await documents(t, 'sales-quote')
  const { businessCentral, sales } = given.on.simulator
  const discounts: unknown[] = []
  let last = ''
  for (const discountamount of [undefined, 3.5, 2.01, undefined, 0.7, 0]) {
    if (last !== '') sales.edit('quotes', last, { statecode: 3 })
    last = quote(given, 'Q1', 2, discountamount === undefined ? {} : { discountamount })
    sales.edit('quotes', last, { statecode: 1 })
    t.same((await given.run()).problems, [])
    discounts.push(businessCentral.rows('salesQuotes')[0]?.['discountAmount'] ?? 0)
  }
  t.same(discounts, [0, 3.5, 2.01, 0, 0.7, 0])
  t.equal(businessCentral.rows('salesQuotes')[0]?.['totalAmountExcludingTax'], 14)
})

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
