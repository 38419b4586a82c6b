/** P1, P7: documents with lines, when the runner dies anywhere, with its memory or without. */
import t, { type Test } from 'tap'
import { overlay } from '../../src/store/memory-store.ts'
import {
  type Documents,
  documents,
  ordersOf,
  salesLine,
  salesOrder,
  salesOrdersOf,
  invoicesOf,
} from './document-stage.ts'
import { type Stage, committingVia, writesMade } from './stage.ts'

const long = `A text so long that Business Central has no room for it in one description: ${'more and more '.repeat(8)}`

interface Story {
  readonly name: string
  readonly mapping: Parameters<typeof documents>[1]
  /** What stands there before the run that dies. */
  prepare(given: Documents): Promise<void> | void
  /** The memory may be lost: what only differs at a first meeting is held then. */
  readonly canForget: boolean
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
    prepare: (given) => void salesOrder(given, 'O1', threeLines, { freightamount: 12.5 }),
    canForget: true,
  },
  {
    name: 'an order of Sales is created in Business Central, through the standard pages',
    mapping: 'sales-order',
    prepare: (given) => void salesOrder(given, 'O1', threeLines, { freightamount: 12.5 }),
    canForget: true,
  },
  {
    name: 'a released order is created in Sales',
    mapping: 'sales-order-bidirectional',
    prepare: (given) => void releasedOrder(given),
    canForget: true,
  },
  {
    name: 'lines are edited, added and deleted in Sales',
    mapping: 'sales-order-bidirectional',
    prepare: async (given) => {
      const id = await coupled(given)
      const { sales } = given.on.simulator
      sales.edit('salesorders', id, { statecode: 0 })
      const [first, second] = linesIn(given, id)
      sales.edit('salesorderdetails', first ?? '', { quantity: 7 })
      sales.delete('salesorderdetails', second ?? '')
      salesLine(given, id, { product: 2, quantity: 4, sequence: 9 })
      sales.edit('salesorders', id, { statecode: 1 })
    },
    canForget: false,
  },
  {
    name: 'a posted invoice is created in Sales',
    mapping: 'sales-invoice',
    prepare: (given) => postedInvoice(given),
    canForget: true,
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
  held: given.on.held(mapping).map(({ kind }) => kind),
})

/** Runs until nothing is written any more; a run that finishes what was left may be followed by one that reads it. */
async function toRest({ on, run }: Documents): Promise<void> {
  for (let round = 0; round < 3; round++) {
    on.clock.advance(3_600_000)
    await run()
  }
}

async function prepared(t: Test, story: Story): Promise<Documents> {
  const given = await documents(t, story.mapping)
  await story.prepare(given)
  given.on.clock.advance(1000)
  return given
}

async function ends(t: Test, given: Documents, story: Story, wanted: unknown, when: string): Promise<void> {
  await toRest(given)
  const { on } = given
  t.same(ended(given, story.mapping), wanted, when)
  on.simulator.resetRequests()
  await given.run()
  t.equal(writesMade(on.simulator), 0, `${when}: and at rest`)
}

/** The run that nothing disturbs: how it ends, and how often it may be disturbed. */
async function calmEnd(t: Test, story: Story) {
  const calm = await prepared(t, story)
  const { store, simulator } = calm.on
  let commits = 0
  calm.on.store = committingVia(store, () => void commits++)
  simulator.resetRequests()
  await calm.run()
  calm.on.store = store
  const { businessCentral, sales } = simulator.requests()
  const requests = { businessCentral: businessCentral.requests, sales: sales.requests }
  await toRest(calm)
  t.same(calm.on.couplings(story.mapping).length, 1, 'one document on each side')
  t.same(calm.on.held(story.mapping), [])
  return { wanted: ended(calm, story.mapping), commits, requests }
}

/** The store of a runner that is dead from a moment on. */
function mortal(on: Stage, isDead: () => boolean): void {
  const { store } = on
  on.store = committingVia(store, () => {
    if (isDead()) throw new Error('the runner dies')
  })
}

for (const story of stories) {
  t.test(`P1 P7 ${story.name}: a runner that dies at any commit is ended by the next`, async (t) => {
    const { wanted, commits } = await calmEnd(t, story)
    t.ok(commits > 1, `${commits} commits`)
    for (let death = 1; death <= commits; death++) {
      for (const moment of ['before', 'after'] as const) {
        for (const memory of story.canForget ? (['kept', 'lost'] as const) : (['kept'] as const)) {
          const given = await prepared(t, story)
          const { on } = given
          const { store } = on
          let n = 0
          on.store = committingVia(store, (mapping, entries) => {
            if (++n < death) return
            if (n === death && moment === 'after') void store.commit(mapping, entries)
            throw new Error('the runner dies')
          })
          await t.rejects(given.run(), { message: 'the runner dies' })
          on.store = memory === 'kept' ? store : await given.freshStore()
          await ends(t, given, story, wanted, `${moment} commit ${death}, memory ${memory}`)
        }
      }
    }
  })

  t.test(`P1 P7 ${story.name}: a runner that dies at any request is ended by the next`, async (t) => {
    const { wanted, requests } = await calmEnd(t, story)
    for (const side of ['businessCentral', 'sales'] as const) {
      t.ok(requests[side] > 2, `${requests[side]} requests to ${side}`)
      for (let death = 1; death <= requests[side]; death++) {
        for (const memory of story.canForget ? (['kept', 'lost'] as const) : (['kept'] as const)) {
          const given = await prepared(t, story)
          const { on } = given
          const { store } = on
          const { faults } = on.simulator
          faults.add({ match: { service: side, nth: death, times: Infinity }, do: { drop: 'after' } })
          mortal(on, () => faults.list().some(({ seen }) => seen >= death))
          await given.run().catch(() => undefined)
          faults.clear()
          on.store = memory === 'kept' ? store : await given.freshStore()
          await ends(t, given, story, wanted, `dead after request ${death} to ${side}, memory ${memory}`)
        }
      }
    }
  })

  t.test(
    `P1 P7 ${story.name}: a state that is put back to before the run ends as if nothing had happened`,
    async (t) => {
      const { wanted } = await calmEnd(t, story)
      const given = await prepared(t, story)
      const { store } = given.on
      given.on.store = overlay(store)
      await given.run()
      given.on.store = store
      await ends(t, given, story, wanted, 'put back')
    },
  )
}
