/** What becomes of an order that was taken over: invoiced, invoiced in part, deleted; and of its pair. */
import t, { type Test } from 'tap'
import type { Config } from '../../src/config/config.ts'
import type { Row } from '../../src/simulator/table.ts'
import { only, standardSet } from './standard-set.ts'
import { type Stage, refusing, stage, writesMade } from './stage.ts'

type Mode = 'legacy' | 'bidirectional'
const names: Readonly<Record<Mode, string>> = {
  legacy: 'sales-order',
  bidirectional: 'sales-order-bidirectional',
}
const hour = 3_600_000

interface Orders {
  readonly on: Stage
  readonly config: Config
  /** Submits an order with one line in Sales; its id. */
  readonly submit: (number: string) => string
  /** The order of Business Central that was made from it. */
  readonly taken: (number: string) => Row
  readonly inSales: (id: string) => Row
  /** A run after the time in which keys are compared. */
  readonly later: () => ReturnType<Stage['run']>
}

async function orders(t: Test, mode: Mode, ...more: readonly string[]): Promise<Orders> {
  const settings = `, unitGroups: false, salesOrders: ${mode}, orderPosts: true, orderPage: couplet/orders/v1.0`
  const config = only(await standardSet(t, settings), names[mode], ...more)
  const on = await stage(t, {
    sales: { baseSolution: false },
    businessCentral: { routes: { 'couplet/orders/v1.0': { salesOrders: 'OrderPage' } } },
  })
  const { businessCentral: bc, sales } = on.simulator
  const customer = on.customer({ number: 'C1' })
  const account = on.account({ name: 'Adatum', accountnumber: 'C1' })
  const [unit = {}] = sales.rows('uoms')
  const item = bc.create('items', { number: 'I1', displayName: 'Chair', unitPrice: 10, baseUnitOfMeasureCode: 'PCS' })
  const product = sales.create('products', {
    name: 'Chair',
    productnumber: 'I1',
    quantitydecimal: 2,
    'defaultuomid@odata.bind': `/uoms(${String(unit['uomid'])})`,
    'defaultuomscheduleid@odata.bind': `/uomschedules(${String(unit['_uomscheduleid_value'])})`,
  })
  await couple(on, 'customer-account', customer, account['accountid'])
  await couple(on, 'item-product', item, product['productid'])
  const pound = sales.rows('transactioncurrencies').find((row) => row['isocurrencycode'] === 'GBP')
  await couple(on, 'currency', { id: pound?.['transactioncurrencyid'], code: 'GBP' }, pound?.['transactioncurrencyid'])
  const inSales = (id: string): Row => sales.row('salesorders', id) ?? {}
  return {
    on,
    config,
    inSales,
    submit: (number) => {
      const order = sales.create('salesorders', {
        ordernumber: number,
        name: `Order ${number}`,
        'customerid_account@odata.bind': `/accounts(${String(account['accountid'])})`,
      })
      const id = String(order['salesorderid'])
      sales.create('salesorderdetails', {
        'salesorderid@odata.bind': `/salesorders(${id})`,
        'productid@odata.bind': `/products(${String(product['productid'])})`,
        'uomid@odata.bind': `/uoms(${String(unit['uomid'])})`,
        sequencenumber: 1,
        quantity: 2,
        priceperunit: 10,
        ispriceoverridden: true,
      })
      sales.edit('salesorders', id, { statecode: 1 })
      return id
    },
    taken: (number) => {
      const order = bc.rows('salesOrders').find((row) => row['externalDocumentNumber'] === number)
      if (order === undefined) throw new Error(`${number} was not taken over`)
      return order
    },
    later: () => {
      on.clock.advance(hour)
      return on.run(config)
    },
  }
}

async function couple(on: Stage, mapping: string, from: Row, to: unknown): Promise<void> {
  const key = from['number'] === undefined ? 'code' : 'number'
  const seen = { id: String(from['id']), keys: { [key]: String(from[key]) }, version: undefined }
  const coupling = {
    businessCentral: seen,
    sales: { id: String(to), keys: {}, version: undefined },
    layout: '',
    base: '',
  }
  await on.store.lock('test')
  await on.store.commit(mapping, [{ kind: 'couple', coupling }])
  await on.store.unlock()
}

/** A person posts the order. */
const post = ({ on }: Orders, order: Row): void =>
  on.simulator.businessCentral.act?.('salesOrders', String(order['id']), 'shipAndInvoice')

const kindsHeld = (on: Stage, mode: Mode): readonly string[] => on.held(names[mode]).map(({ kind }) => kind)

for (const mode of ['legacy', 'bidirectional'] as const) {
  t.test(
    `L-13 B-07 J-6 201 an order that is invoiced whole is Invoiced in Sales, once, and its pair is over (${mode})`,
    async (t) => {
      const stood = await orders(t, mode)
      const { on, config, inSales } = stood
      const id = stood.submit('O1')
      await on.run(config)
      await on.run(config)
      t.match(inSales(id), { statecode: 1 })
      post(stood, stood.taken('O1'))
      t.same((await stood.later()).problems, [])
      t.match(inSales(id), { statecode: 4, statuscode: 100003 })
      if (mode === 'legacy') t.ok(inSales(id)['datefulfilled'])
      t.match(on.couplings(names[mode]), [{ ended: 'businessCentral' }])
      on.simulator.resetRequests()
      for (const full of [false, true]) {
        on.clock.advance(hour)
        t.same((await on.run(config, { full })).problems, [], 'nothing waits for ever')
      }
      t.equal(writesMade(on.simulator), 0)
      on.simulator.sales.edit('salesorders', id, { statecode: 1 })
      await stood.later()
      t.equal(on.simulator.businessCentral.rows('salesOrders').length, 0, 'and it is not made again')
      on.simulator.sales.delete('salesorders', id)
      await stood.later()
      t.same(on.couplings(names[mode]), [], 'a pair of which nothing is left is forgotten')
    },
  )
}

t.test(
  'L-14 an order that somebody deleted is active and pending again, and becomes a new one when submitted',
  async (t) => {
    const stood = await orders(t, 'legacy')
    const { on, config, inSales } = stood
    const [id, other] = [stood.submit('O1'), stood.submit('O2')]
    await on.run(config)
    await on.run(config)
    const first = stood.taken('O1')
    on.simulator.businessCentral.delete('salesOrders', String(first['id']))
    t.same((await stood.later()).problems, [])
    t.match(inSales(id), { statecode: 0, statuscode: 2, lastbackofficesubmit: null })
    t.match(inSales(other), { statecode: 1 }, 'the other one is left alone')
    t.equal(on.couplings('sales-order').length, 1)
    t.same((await stood.later()).problems, [])
    t.equal(on.simulator.businessCentral.rows('salesOrders').length, 1, 'not made again by itself')
    on.simulator.sales.edit('salesorders', id, { statecode: 1 })
    t.same((await stood.later()).problems, [])
    t.not(stood.taken('O1')['number'], first['number'])
    t.match(inSales(id), { statecode: 1 })
  },
)

t.test('L-14 where Sales refuses, the order waits and is opened by a later run', async (t) => {
  const stood = await orders(t, 'legacy')
  const { on, config, inSales } = stood
  const id = stood.submit('O1')
  await on.run(config)
  on.simulator.businessCentral.delete('salesOrders', String(stood.taken('O1')['id']))
  const { sales } = on.connectors
  on.connectors = { ...on.connectors, sales: refusing(sales, () => true) }
  await stood.later()
  t.same(kindsHeld(on, 'legacy'), ['failed'])
  on.connectors = { ...on.connectors, sales }
  t.same((await stood.later()).problems, [])
  t.match(inSales(id), { statecode: 0, statuscode: 2 })
})

t.test(
  'B-07 an order that somebody deleted is over: Sales keeps it as it is, nothing waits and nothing is made again',
  async (t) => {
    const stood = await orders(t, 'bidirectional')
    const { on, config, inSales } = stood
    const id = stood.submit('O1')
    await on.run(config)
    await on.run(config)
    on.simulator.businessCentral.delete('salesOrders', String(stood.taken('O1')['id']))
    t.same((await stood.later()).problems, [])
    t.match(inSales(id), { statecode: 1 })
    t.match(on.couplings(names.bidirectional), [{ ended: 'businessCentral' }])
    t.same((await stood.later()).problems, [])
    t.equal(on.simulator.businessCentral.rows('salesOrders').length, 0)
  },
)

t.test('P6 L-13 a plan shows that the order is closed, and writes nothing', async (t) => {
  const stood = await orders(t, 'legacy')
  const { on, config } = stood
  stood.submit('O1')
  await on.run(config)
  post(stood, stood.taken('O1'))
  on.clock.advance(hour)
  on.simulator.resetRequests()
  const { plan } = await on.run(config, { dry: true })
  t.match(plan.operations, [{ kind: 'update', side: 'sales' }])
  t.same(plan.operations[0]?.fields.map(({ name }) => name).sort(), [
    'invoiced',
    'invoicedOn',
    'invoicedStatus',
    'openInvoiced',
  ])
  t.equal(writesMade(on.simulator), 0)
})

t.test('J-3 205 an order that is released, shipped and invoiced gets a post each on its timeline, once', async (t) => {
  const posts = ['order-released-post', 'order-shipped-post', 'order-invoiced-post']
  const stood = await orders(t, 'legacy', ...posts)
  const { on, config, later } = stood
  const { businessCentral: bc, sales } = on.simulator
  const texts = (): readonly string[] =>
    sales
      .rows('posts')
      .map((row) => String(row['text']).replace(/\d{4}-\d\d-\d\d/, 'DAY'))
      .sort()
  const id = stood.submit('O1')
  await on.run(config)
  const order = stood.taken('O1')
  const key = String(order['id'])
  const foreign = bc.create('salesOrders', { customerNumber: 'C1' })
  bc.create('salesOrderLines', { documentId: foreign['id'], lineType: 'Item', lineObjectNumber: 'I1', quantity: 1 })
  t.same(texts(), [], 'none for an order that is open')
  const number = String(order['number'])
  for (const each of [key, String(foreign['id'])]) bc.act?.('salesOrders', each, 'release')
  t.same((await later()).problems, [])
  t.same(texts(), [`Order ${number} was released in Business Central.`])
  t.same(
    sales.rows('posts').map((row) => row['_regardingobjectid_value']),
    [id],
  )
  for (const each of [key, String(foreign['id'])]) bc.act?.('salesOrders', each, 'ship')
  t.same((await later()).problems, [])
  t.equal(texts()[1], `Order ${number} was shipped: shipment S-SHPT00001 of DAY.`)
  for (const each of [key, String(foreign['id'])]) bc.act?.('salesOrders', each, 'shipAndInvoice')
  t.same((await later()).problems, [])
  const invoice = bc.rows('salesInvoices').find((row) => row['orderNumber'] === number)
  t.same(texts(), [
    `Order ${number} was invoiced: invoice ${String(invoice?.['number'])} of DAY.`,
    `Order ${number} was released in Business Central.`,
    `Order ${number} was shipped: shipment S-SHPT00001 of DAY.`,
  ])
  sales.delete('posts', String(sales.rows('posts')[0]?.['postid']))
  await on.run(config, { full: true })
  on.simulator.resetRequests()
  t.same((await on.run(config, { full: true })).problems, [], 'nothing waits for ever')
  t.equal(texts().length, 2, 'and what somebody deleted is not made again')
  t.equal(writesMade(on.simulator), 0)
})
