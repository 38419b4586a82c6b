/** Documents with lines, killed while they are made and while they are edited. */
import {
  type Documents,
  documents,
  invoicesOf,
  ordersOf,
  salesLine,
  salesOrder,
  salesOrdersOf,
} from '../engine/document-stage.ts'
import type { Ready, Runner, Scenario } from './kill.ts'
import type { Prepared } from './scenarios.ts'

const long = `A text so long that Business Central has no room for it in one description: ${'more and more '.repeat(8)}`

interface Story extends Scenario {
  readonly mapping: Parameters<typeof documents>[1]
  /** What stands there before the run that is killed. */
  readonly set: (given: Documents) => Promise<void> | void
}

const threeLines = [
  { product: 0, quantity: 2, text: long },
  { product: 1, price: 20, discount: 3 },
  { text: 'A write-in' },
]

/** An order with three lines, comments and freight is coupled and at rest. */
async function coupled(given: Documents): Promise<string> {
  const id = salesOrder(given, 'O1', threeLines, { freightamount: 12.5 })
  await given.run()
  await given.run()
  return id
}

const stories: readonly Story[] = [
  {
    name: 'an order of Sales is created in Business Central',
    mapping: 'sales-order-bidirectional',
    set: (given) => void salesOrder(given, 'O1', threeLines, { freightamount: 12.5 }),
  },
  {
    name: 'an order of Sales is created in Business Central, through the standard pages',
    mapping: 'sales-order',
    set: (given) => void salesOrder(given, 'O1', threeLines, { freightamount: 12.5 }),
  },
  {
    name: 'a released order is created in Sales',
    mapping: 'sales-order-bidirectional',
    set: (given) => void releasedOrder(given),
  },
  {
    name: 'lines are edited, added and deleted in Sales',
    mapping: 'sales-order-bidirectional',
    set: async (given) => {
      const id = await coupled(given)
      const { sales } = given.on.simulator
      sales.edit('salesorders', id, { statecode: 0 })
      const [first, second] = linesIn(given, id)
      sales.edit('salesorderdetails', first ?? '', { quantity: 7 })
      sales.delete('salesorderdetails', second ?? '')
      salesLine(given, id, { product: 2, quantity: 4, sequence: 9 })
      sales.edit('salesorders', id, { statecode: 1 })
    },
    neverForgets: 'lines edited on one side differ, which is held',
  },
  {
    name: 'a posted invoice is created in Sales',
    mapping: 'sales-invoice',
    set: (given) => postedInvoice(given),
  },
]

const linesIn = ({ on }: Documents, order: string): readonly string[] =>
  on.simulator.sales
    .rows('salesorderdetails')
    .filter((line) => line['_salesorderid_value'] === order)
    .sort((a, b) => Number(a['sequencenumber']) - Number(b['sequencenumber']))
    .map((line) => String(line['salesorderdetailid']))

function releasedOrder({ on, customer }: Documents): string {
  const { businessCentral } = on.simulator
  const order = businessCentral.create('salesOrders', { customerId: customer })
  for (const [number, quantity] of [
    ['I1', 3],
    ['I2', 1],
    ['I3', 5],
  ] as const)
    businessCentral.create('salesOrderLines', {
      documentId: order['id'],
      lineType: 'Item',
      lineObjectNumber: number,
      quantity,
    })
  businessCentral.service.hand.act?.('salesOrders', String(order['id']), 'release')
  return String(order['id'])
}

function postedInvoice({ on, customer }: Documents): void {
  const { businessCentral } = on.simulator
  const invoice = businessCentral.create('salesInvoices', { customerId: customer })
  const documentId = invoice['id']
  businessCentral.create('salesInvoiceLines', { documentId, lineType: 'Item', lineObjectNumber: 'I1', quantity: 3 })
  businessCentral.create('salesInvoiceLines', { documentId, lineType: 'Comment', description: 'a remark' })
  const freight = { lineType: 'Account', lineObjectNumber: '40100', description: 'Freight', quantity: 1, unitPrice: 12 }
  businessCentral.create('salesInvoiceLines', { documentId, ...freight })
  businessCentral.service.hand.act?.('salesInvoices', String(documentId), 'post')
}

const ended = (given: Documents, mapping: string): unknown => ({
  orders: ordersOf(given),
  inSales: salesOrdersOf(given),
  invoices: invoicesOf(given),
  pairs: given.on.couplings(mapping).map(({ lines, unfinished }) => [lines?.pairs.length, unfinished]),
  // What a document says beyond its lines may differ at a first meeting, and waits then.
  held: given.on.held(mapping).flatMap(({ kind }) => (kind === 'different' ? [] : [kind])),
})

const scenario = ({ mapping, set, ...story }: Story): Prepared => ({
  ...story,
  prepare: async (t, runner: Runner): Promise<Ready> => {
    const given = await documents(t, mapping, undefined, runner.options)
    await set(given)
    given.on.clock.advance(1000)
    return { on: given.on, run: (options) => given.run(options), picture: () => ended(given, mapping) }
  },
})

export const documentScenarios: readonly Prepared[] = stories.map(scenario)
