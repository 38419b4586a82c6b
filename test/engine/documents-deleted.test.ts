/** Documents and lines that somebody deletes: on one side, on both, while a run is at work. */
import t, { type Test } from 'tap'
import type { Config, Mapping } from '../../src/config/config.ts'
import type { Row } from '../../src/simulator/table.ts'
import type { Entry } from '../../src/store/store.ts'
import { type Documents, documents, linesOf, salesOrder } from './document-stage.ts'
import { committingVia, writesMade, writingVia } from './stage.ts'

const mapping = 'sales-order-bidirectional'

const patched = (config: Config, patch: (one: Mapping) => Mapping): Config => ({
  ...config,
  mappings: config.mappings.map((one) => (one.name === mapping ? patch(one) : one)),
})

interface Standing extends Documents {
  readonly run: Documents['run']
  readonly order: string
  readonly inBusinessCentral: string
}

/** An order of three lines that both sides have, under this policy for deleted orders. */
async function atRest(t: Test, action: 'restore' | 'delete' = 'restore'): Promise<Standing> {
  const given = await documents(t, mapping)
  const { on } = given
  const config = patched(given.config, (one) => ({
    ...one,
    deletes: { ...one.deletes, businessCentral: action, sales: action },
    businessCentral: { ...one.businessCentral, postedAs: [] },
  }))
  const run: Documents['run'] = (options = {}) => on.run(config, { mappings: [mapping], ...options })
  const order = salesOrder(given, 'O1', [{ product: 0 }, { product: 1, quantity: 2 }, { product: 2, quantity: 3 }])
  salesOrder(given, 'O2', [{ product: 0, quantity: 4 }])
  await run()
  await run()
  on.clock.advance(1000)
  const made = on.simulator.businessCentral.rows('salesOrders').find((row) => row['externalDocumentNumber'] === 'O1')
  return { ...given, run, order, inBusinessCentral: String(made?.['id']) }
}

const inSales = ({ on }: Documents, order: string, edit: () => void): void => {
  on.simulator.sales.edit('salesorders', order, { statecode: 0 })
  edit()
  on.simulator.sales.edit('salesorders', order, { statecode: 1 })
}
const inBusinessCentral = ({ on }: Documents, order: string, edit: () => void): void => {
  const { hand } = on.simulator.businessCentral.service
  hand.act?.('salesOrders', order, 'reopen')
  edit()
  hand.act?.('salesOrders', order, 'release')
}
/** The lines of all orders but the other one's. */
const theirLines = ({ on }: Documents): readonly Row[] =>
  on.simulator.businessCentral
    .rows('salesOrderLines')
    .filter(({ quantity }) => quantity !== 4)
    .sort((a, b) => Number(a['sequence']) - Number(b['sequence']))
const quantities = (given: Documents, order: string): readonly (readonly unknown[])[] =>
  [theirLines(given), linesOf(given, order)].map((lines) =>
    lines.map((line) => Number(line['quantity'])).sort((a, b) => a - b),
  )

async function rests(t: Test, given: Standing): Promise<void> {
  for (let n = 0; n < 3; n++) await given.run()
  given.on.simulator.resetRequests()
  t.same((await given.run()).problems, [])
  t.equal(writesMade(given.on.simulator), 0, 'P4')
}

t.test('P2 P3 a line deleted on both sides is gone, and what was edited beside it travels', async (t) => {
  const given = await atRest(t)
  const { order, inBusinessCentral: id, on } = given
  inSales(given, order, () => {
    const [first, second] = linesOf(given, order)
    on.simulator.sales.delete('salesorderdetails', String(first?.['salesorderdetailid']))
    on.simulator.sales.edit('salesorderdetails', String(second?.['salesorderdetailid']), { quantity: 7 })
  })
  inBusinessCentral(given, id, () => {
    const [first, , third] = theirLines(given)
    on.simulator.businessCentral.delete('salesOrderLines', String(first?.['id']))
    on.simulator.businessCentral.edit('salesOrderLines', String(third?.['id']), { quantity: 8 })
  })
  t.same((await given.run()).problems, [])
  t.same(quantities(given, order), [
    [7, 8],
    [7, 8],
  ])
  t.same(
    on
      .couplings(mapping)
      .map(({ lines }) => lines?.pairs.length ?? 0)
      .sort((a, b) => a - b),
    [1, 2],
  )
  await rests(t, given)
})

t.test('P2 P3 every line deleted on both sides, and one added on each', async (t) => {
  const given = await atRest(t)
  const { order, inBusinessCentral: id, on } = given
  inSales(given, order, () => {
    for (const line of linesOf(given, order))
      on.simulator.sales.delete('salesorderdetails', String(line['salesorderdetailid']))
  })
  inBusinessCentral(given, id, () => {
    for (const line of theirLines(given)) on.simulator.businessCentral.delete('salesOrderLines', String(line['id']))
    on.simulator.businessCentral.create('salesOrderLines', {
      documentId: id,
      lineType: 'Item',
      lineObjectNumber: 'I2',
      quantity: 9,
    })
  })
  t.same((await given.run()).problems, [])
  t.same(quantities(given, order), [[9], [9]])
  await rests(t, given)
})

t.test('P2 an edit of a line beats its deletion on the other side', async (t) => {
  const given = await atRest(t)
  const { order, inBusinessCentral: id, on } = given
  inSales(given, order, () => {
    const [first] = linesOf(given, order)
    on.simulator.sales.delete('salesorderdetails', String(first?.['salesorderdetailid']))
  })
  inBusinessCentral(given, id, () => {
    const [first] = theirLines(given)
    on.simulator.businessCentral.edit('salesOrderLines', String(first?.['id']), { quantity: 7 })
  })
  t.same((await given.run()).problems, [])
  t.same(quantities(given, order), [
    [2, 3, 7],
    [2, 3, 7],
  ])
  await rests(t, given)
})

/** The first line is deleted in Sales, and another edited in Business Central: both sides are to be written. */
function deletedInSales(given: Standing): void {
  const { order, inBusinessCentral: id, on } = given
  inSales(given, order, () => {
    const [first] = linesOf(given, order)
    on.simulator.sales.delete('salesorderdetails', String(first?.['salesorderdetailid']))
  })
  inBusinessCentral(given, id, () => {
    const [, , third] = theirLines(given)
    on.simulator.businessCentral.edit('salesOrderLines', String(third?.['id']), { quantity: 8 })
  })
}

t.test('P2 a line that somebody edits while its deletion is on its way is not deleted', async (t) => {
  const given = await atRest(t)
  const { inBusinessCentral: id, on } = given
  deletedInSales(given)
  const { businessCentral } = on.connectors
  let isFirst = true
  const before = writingVia(businessCentral, () => {
    if (isFirst)
      inBusinessCentral(given, id, () => {
        const [first] = theirLines(given)
        on.simulator.businessCentral.edit('salesOrderLines', String(first?.['id']), { quantity: 7 })
      })
    isFirst = false
  })
  on.connectors = { ...on.connectors, businessCentral: before }
  await given.run()
  on.connectors = { ...on.connectors, businessCentral }
  on.clock.advance(3_600_000)
  await rests(t, given)
  t.same(quantities(given, given.order), [
    [2, 7, 8],
    [2, 7, 8],
  ])
})

for (const [what, when] of [
  ['before it is noted as meant', (entry) => entry.kind === 'intent' && entry.intent.side === 'businessCentral'],
  ['before its outcome is', (entry) => entry.kind === 'settled'],
] as readonly (readonly [string, (entry: Entry) => boolean])[])
  t.test(`P3 P7 a line deleted in Sales is deleted in Business Central, though the runner dies ${what}`, async (t) => {
    const given = await atRest(t)
    const { on } = given
    deletedInSales(given)
    const disk = on.store
    on.store = committingVia(disk, (_, entries) => {
      if (entries.some(when)) throw new Error('dies')
    })
    await t.rejects(given.run(), /dies/)
    on.store = disk
    await rests(t, given)
    t.same(quantities(given, given.order), [
      [2, 8],
      [2, 8],
    ])
  })

for (const side of ['businessCentral', 'sales'] as const)
  for (const isLost of [false, true])
    t.test(
      `P7 an order deleted in ${side} that is made again has its lines${isLost ? ', also when the runner dies that made it' : ''}`,
      async (t) => {
        const given = await atRest(t)
        const { order, inBusinessCentral: id, on } = given
        if (side === 'businessCentral') on.simulator.businessCentral.delete('salesOrders', id)
        else {
          on.simulator.sales.edit('salesorders', order, { statecode: 0 })
          on.simulator.sales.delete('salesorders', order)
        }
        on.clock.advance(3_600_000)
        if (isLost) {
          const disk = on.store
          on.store = committingVia(disk, (_, entries) => {
            if (entries.some(({ kind }) => kind === 'settled')) throw new Error('dies')
          })
          await t.rejects(given.run(), /dies/)
          on.store = disk
        }
        t.same((await given.run()).problems, [])
        const again = on.simulator.sales
          .rows('salesorders')
          .filter((row) => row['_customerid_value'] === given.account && row['ordernumber'] !== 'O2')
        t.equal(again.length, 1)
        const all = [
          [1, 2, 3],
          [1, 2, 3],
        ]
        t.same(quantities(given, String(again[0]?.['salesorderid'])), all)
        await rests(t, given)
        t.same(quantities(given, String(again[0]?.['salesorderid'])), all)
        t.equal(on.simulator.businessCentral.rows('salesOrders').length, 2)
        t.equal(on.couplings(mapping).length, 2)
      },
    )

t.test('P2 an order is not deleted over a line that somebody edited', async (t) => {
  const given = await atRest(t, 'delete')
  const { order, on } = given
  inSales(given, order, () => {
    const [first] = linesOf(given, order)
    on.simulator.sales.edit('salesorderdetails', String(first?.['salesorderdetailid']), { quantity: 7 })
  })
  on.simulator.businessCentral.delete('salesOrders', given.inBusinessCentral)
  on.clock.advance(3_600_000)
  await given.run()
  t.same(quantities(given, order), [
    [2, 3, 7],
    [2, 3, 7],
  ])
})
