/** Discounts of orders that travel both ways: both sides come to the same total, and rest (B-02, L-09, L-11, P2, P4). */
import t, { type Test } from 'tap'
import type { Row } from '../../src/simulator/table.ts'
import { type Documents, couple, documents, linesOf, salesOrder } from './document-stage.ts'

const both = 'sales-order-bidirectional'

interface Standing extends Documents {
  readonly order: string
  /** The order is opened, edited, and submitted or released again. */
  readonly inSales: (header: Row, line?: Row) => void
  readonly inBusinessCentral: (header: Row, line?: Row) => void
  /** Runs until nothing is left to do, and tells the totals and the discounts of the header. */
  readonly settle: () => Promise<readonly unknown[]>
  readonly headerInSales: () => Row
  readonly headerInBusinessCentral: () => Row
}

const rounded = (value: unknown): number => Math.round(Number(value ?? 0) * 1000) / 1000

interface More {
  /** What Sales takes off each unit of the first line by itself. */
  readonly volume?: number
  readonly given?: Documents
}

/** An order of Sales over two of 100 and one of 50 less 10: 240. */
async function ordered(t: Test, header: Row, { volume = 0, given: stood }: More = {}): Promise<Standing> {
  const given = stood ?? (await documents(t, both))
  const { businessCentral, sales } = given.on.simulator
  const sketches = [
    { product: 0, quantity: 2, price: 100 },
    { product: 1, price: 50, discount: 10 },
  ]
  const order = salesOrder(given, 'O1', sketches, { statecode: 0, ...header })
  const lineInSales = () => String(linesOf(given, order)[0]?.['salesorderdetailid'])
  if (volume > 0) {
    sales.service.table('salesorderdetails')?.update(lineInSales(), { volumediscountamount: volume })
    sales.edit('salesorderdetails', lineInSales(), { quantity: 2 })
  }
  sales.edit('salesorders', order, { statecode: 1 })
  const headerInBusinessCentral = (): Row => businessCentral.rows('salesOrders')[0] ?? {}
  const headerInSales = (): Row => sales.row('salesorders', order) ?? {}
  return {
    ...given,
    order,
    headerInSales,
    headerInBusinessCentral,
    inSales: (values, line) => {
      sales.edit('salesorders', order, { statecode: 0 })
      if (Object.keys(values).length > 0) sales.edit('salesorders', order, values)
      if (line !== undefined) sales.edit('salesorderdetails', lineInSales(), line)
      sales.edit('salesorders', order, { statecode: 1 })
    },
    inBusinessCentral: (values, line) => {
      const id = String(headerInBusinessCentral()['id'])
      businessCentral.act?.('salesOrders', id, 'reopen')
      if (Object.keys(values).length > 0) businessCentral.edit('salesOrders', id, values)
      const [first] = [...businessCentral.rows('salesOrderLines')].sort(
        (a, b) => Number(a['sequence']) - Number(b['sequence']),
      )
      if (line !== undefined) businessCentral.edit('salesOrderLines', String(first?.['id']), line)
      businessCentral.act?.('salesOrders', id, 'release')
    },
    settle: async () => {
      for (let more = true, runs = 0; more; runs++) {
        t.ok(runs < 4, 'comes to rest')
        const { mappings, problems } = await given.run()
        given.on.clock.advance(1000)
        t.same(problems, [])
        more = runs < 4 && mappings.some(({ created, updated, deleted }) => created + updated + deleted > 0)
      }
      const { discountAmount, totalAmountExcludingTax, totalAmountIncludingTax } = headerInBusinessCentral()
      const { totalamountlessfreight, totalamount, discountamount, discountpercentage } = headerInSales()
      t.same(
        [totalamountlessfreight, totalamount].map(rounded),
        [totalAmountExcludingTax, totalAmountIncludingTax].map(rounded),
        'both sides come to the same',
      )
      return [totalAmountExcludingTax, discountAmount, discountamount ?? null, discountpercentage ?? null]
    },
  }
}

t.test('L-11 amount and percentage of a new order are its invoice discount, and stay both in Sales', async (t) => {
  const { settle } = await ordered(t, { discountamount: 5, discountpercentage: 10 })
  t.same(await settle(), [211, 29, 5, 10])
})

t.test('B-02 L-11 P4 a discount that is changed or taken back in Sales follows', async (t) => {
  const { settle, inSales, headerInBusinessCentral } = await ordered(t, {})
  t.same(await settle(), [240, 0, null, null])
  inSales({ discountamount: 20 })
  t.same(await settle(), [220, 20, 20, null])
  inSales({ discountpercentage: 10 })
  t.same(await settle(), [196, 44, 20, 10])
  inSales({ discountamount: null, discountpercentage: 5 })
  t.same(await settle(), [228, 12, null, 5])
  inSales({ discountpercentage: null })
  t.same(await settle(), [240, 0, null, null])
  t.equal(headerInBusinessCentral()['discountAmount'], 0)
})

t.test('L-11 P4 a discount that is changed in Business Central is the same in Sales', async (t) => {
  const { settle, inBusinessCentral } = await ordered(t, { discountamount: 5, discountpercentage: 10 })
  await settle()
  inBusinessCentral({ discountAmount: 40 })
  t.same(await settle(), [200, 40, 16, 10], 'the percentage takes its share')
  inBusinessCentral({ discountAmount: 12 })
  t.same(await settle(), [228, 12, 12, null], 'less than the percentage: it is an amount')
  inBusinessCentral({ discountAmount: 0 })
  t.same(await settle(), [240, 0, null, null])
})

t.test(
  'L-11 P4 a percentage follows the lines of Sales; those of Business Central leave what it comes to',
  async (t) => {
    const { settle, inBusinessCentral, inSales } = await ordered(t, { discountamount: 5, discountpercentage: 10 })
    await settle()
    inSales({}, { quantity: 3 })
    t.same(await settle(), [301, 39, 5, 10])
    inBusinessCentral({}, { quantity: 1 })
    t.same(await settle(), [101, 39, 25, 10])
    inBusinessCentral({}, { quantity: 5 })
    t.same(await settle(), [501, 39, 39, null])
  },
)

t.test('L-11 P4 a percentage is rounded as the order is, also where it splits a cent', async (t) => {
  const { settle, inSales } = await ordered(t, { discountamount: 0.01, discountpercentage: 2.5 })
  await settle()
  for (const priceperunit of [0.37, 10.05, 33.33, 99.99]) {
    inSales({}, { priceperunit })
    const [, , amount, percentage] = await settle()
    t.same([amount, percentage], [0.01, 2.5])
  }
})

t.test('P2 a discount that both sides changed is held', async (t) => {
  const given = await ordered(t, { discountamount: 5 })
  await given.settle()
  given.inSales({ discountamount: 8 })
  given.inBusinessCentral({ discountAmount: 11 })
  await given.run()
  t.match(given.on.held(both), [{ kind: 'conflict' }])
  t.equal(given.headerInSales()['discountamount'], 8)
  t.equal(given.headerInBusinessCentral()['discountAmount'], 11)
})

t.test(
  'P4 a payment discount that takes nothing off an order is no discount in Sales, and none comes of it',
  async (t) => {
    const { settle, inSales, on, headerInBusinessCentral } = await ordered(t, {})
    await settle()
    const { businessCentral } = on.simulator
    const id = String(headerInBusinessCentral()['id'])
    businessCentral.act?.('salesOrders', id, 'reopen')
    businessCentral.service.table('salesOrders')?.update(id, { 'Payment Discount %': 2 })
    businessCentral.act?.('salesOrders', id, 'release')
    t.same(await settle(), [240, 0, null, null])
    inSales({}, { quantity: 3 })
    t.same(await settle(), [340, 0, null, null])
  },
)

t.test('L-09 P4 a volume discount is in the price of Business Central and is given once', async (t) => {
  const given = await ordered(t, {}, { volume: 3 })
  const line = () => linesOf(given, given.order)[0]
  t.same(await given.settle(), [234, 0, null, null])
  given.inBusinessCentral({}, { discountAmount: 20 })
  t.same(await given.settle(), [214, 0, null, null])
  t.match(line(), { priceperunit: 100, manualdiscountamount: 20 })
  given.inBusinessCentral({}, { quantity: 4 })
  await given.settle()
  given.inSales({}, { manualdiscountamount: 7 })
  t.same(await given.settle(), [421, 0, null, null])
})

t.test('L-11 P4 a new order without a discount keeps what Business Central gives it', async (t) => {
  const { settle, inBusinessCentral, inSales } = await ordered(t, {})
  inSales({ freightamount: null })
  await settle()
  inBusinessCentral({ discountAmount: 24 })
  t.same(await settle(), [216, 24, 24, null])
  inSales({}, { quantity: 3 })
  t.same(await settle(), [316, 24, 24, null])
})

for (const [code, places, unit] of [
  ['JPY', 0, 13],
  ['KWD', 3, 12.501],
] as const)
  t.test(`L-11 P4 a percentage of ${code} is rounded to ${places} decimals`, async (t) => {
    const given = await documents(t, both)
    const { businessCentral, sales } = given.on.simulator
    const currency = businessCentral.rows('currencies').find((row) => row['code'] === code) ?? {}
    businessCentral.edit('currencies', String(currency['id']), { amountDecimalPlaces: `${places}:${places}` })
    const id = String(
      sales.create('transactioncurrencies', {
        isocurrencycode: code,
        currencyname: code,
        currencysymbol: code,
        currencyprecision: places,
        exchangerate: 1,
      })['transactioncurrencyid'],
    )
    await couple(given, 'currency', { businessCentral: String(currency['id']), sales: id }, { code })
    const bound = { 'transactioncurrencyid@odata.bind': `/transactioncurrencies(${id})` }
    const { settle, inSales } = await ordered(t, { ...bound, discountpercentage: 5.20875 }, { given })
    await settle()
    inSales({ description: 'Again' })
    t.match(await settle(), [240 - unit, unit, null])
  })
