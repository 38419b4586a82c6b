/** P2 for lines under `conflicts: newest`: what a write of ours did to a stamp is no edit of a person. */
import t, { type Test } from 'tap'
import type { Config, Mapping } from '../../src/config/config.ts'
import { type Connector, portOf } from '../../src/connector/connector.ts'
import type { RunReport } from '../../src/engine/run.ts'
import { type Documents, documents, linesOf, salesOrder } from './document-stage.ts'
import { writingVia } from './stage.ts'

const mapping = 'sales-order-bidirectional'
const minute = 60_000

/** The standard mapping, with the newest edit winning. */
const newest = (config: Config): Config => ({
  ...config,
  mappings: config.mappings.map((one): Mapping =>
    one.lines === undefined
      ? one
      : {
          ...one,
          conflicts: 'newest',
          lines: { ...one.lines, mapping: { ...one.lines.mapping, conflicts: 'newest' } },
        },
  ),
})

/** A service that tells when each line was changed. */
const stamping = (
  connector: Connector,
  stampOf: (line: string, document: unknown) => string | undefined,
): Connector => ({
  ...portOf(connector),
  find: async (query, anyOf) => {
    const found = await connector.find(query, anyOf)
    if (!/lines|details/i.test(query.entity.entity)) return found
    return found.map((line) => ({
      ...line,
      modified: stampOf(line.id, line.row['documentId'] ?? line.row['salesorderid']),
    }))
  },
})

interface Standing extends Documents {
  readonly run: () => Promise<RunReport>
  readonly quantities: () => readonly unknown[]
  /** Edits of the order's only line; the order is opened, edited, and released or submitted again. */
  readonly inSales: (values: Record<string, unknown>, header?: Record<string, unknown>) => void
  readonly inBusinessCentral: (values: Record<string, unknown>, header?: Record<string, unknown>) => void
}

/** An order of one line that rests on both sides. `touching`: Sales moves the stamps of lines with their order's. */
async function atRest(t: Test, touching: boolean): Promise<Standing> {
  const given = await documents(t, mapping, undefined, { counted: Date.UTC(2026, 10, 26) })
  const { on } = given
  const { businessCentral, sales } = on.simulator
  const config = newest(given.config)
  const stampInSales = (id: string): string => {
    const line = sales.service.table('salesorderdetails')?.get(id)?.row ?? {}
    const order = sales.service.table('salesorders')?.get(String(line['_salesorderid_value']))?.row ?? {}
    const stamps = [line, ...(touching ? [order] : [])].map((row) => String(row['modifiedon']))
    return stamps.sort().at(-1) ?? ''
  }
  on.connectors = {
    businessCentral: stamping(on.connectors.businessCentral, (id) =>
      String(businessCentral.service.table('salesOrderLines')?.get(id)?.row['SystemModifiedAt']),
    ),
    sales: stamping(on.connectors.sales, stampInSales),
  }
  const order = salesOrder(given, 'O1', [{ product: 0 }])
  const run = () => on.run(config, { mappings: [mapping] })
  await run()
  await run()
  on.clock.advance(minute)
  await run()
  on.clock.advance(minute)
  const [made] = businessCentral.rows('salesOrders')
  const id = String(made?.['id'])
  const lineInSales = () => String(linesOf(given, order)[0]?.['salesorderdetailid'])
  const lineInBusinessCentral = () => String(businessCentral.rows('salesOrderLines')[0]?.['id'])
  return {
    ...given,
    run,
    quantities: () => [
      businessCentral.rows('salesOrderLines')[0]?.['quantity'],
      linesOf(given, order)[0]?.['quantity'],
    ],
    inSales: (values, header) => {
      sales.edit('salesorders', order, { statecode: 0 })
      if (header !== undefined) sales.edit('salesorders', order, header)
      sales.edit('salesorderdetails', lineInSales(), values)
      sales.edit('salesorders', order, { statecode: 1 })
    },
    inBusinessCentral: (values, header) => {
      const { hand } = businessCentral.service
      hand.act?.('salesOrders', id, 'reopen')
      if (header !== undefined) businessCentral.edit('salesOrders', id, header)
      businessCentral.edit('salesOrderLines', lineInBusinessCentral(), values)
      hand.act?.('salesOrders', id, 'release')
    },
  }
}

t.test('the newest edit of a line wins, by the stamp of the line', async (t) => {
  for (const first of ['businessCentral', 'sales'] as const)
    for (const then of ['businessCentral', 'sales'] as const) {
      const given = await atRest(t, false)
      const edited = (last: typeof then, quantity: number): void => {
        const edits = [given.inSales, given.inBusinessCentral]
        for (const edit of last === 'sales' ? edits.reverse() : edits) {
          edit({ quantity: quantity++ })
          given.on.clock.advance(minute)
        }
      }
      edited(first, 5)
      t.same((await given.run()).problems, [])
      t.same(given.quantities(), [6, 6], first)
      // And once more, after our own writes were looked at: of the line, and of the amounts that follow.
      for (let n = 0; n < 3; n++) await given.run()
      given.on.clock.advance(minute)
      edited(then, 7)
      t.same((await given.run()).problems, [])
      t.same(given.quantities(), [8, 8], `${first}, then ${then}`)
    }
})

for (const [touching, isLost] of [
  [false, false],
  [true, false],
  [true, true],
] as const)
  t.test(
    `P2 our own write of ${touching ? 'the order' : 'the line'} does not make an older edit of the line the newest${isLost ? ', though its answer was lost' : ''}`,
    async (t) => {
      const given = await atRest(t, touching)
      const { on } = given
      if (touching) given.inBusinessCentral({ quantity: 1 }, { shipToName: 'Elsewhere' })
      else given.inBusinessCentral({ unitPrice: 20 })
      given.inSales({ quantity: 5 })
      on.clock.advance(minute)
      const { businessCentral } = on.connectors
      if (isLost) on.simulator.faults.add({ match: { service: 'sales', path: 'batch', nth: 1 }, do: { drop: 'after' } })
      let isFirst = true
      const before = writingVia(businessCentral, () => {
        if (!isFirst) return
        isFirst = false
        // In a transaction that began before Sales was written.
        on.clock.advance(-5000)
        given.inBusinessCentral({ quantity: 6 })
        on.clock.advance(5000)
      })
      on.connectors = { ...on.connectors, businessCentral: before }
      const report = await given.run()
      t.equal(isFirst, false)
      t.same(given.quantities(), [6, 5], 'neither is written over')
      t.match(report.problems, [{ kind: 'conflict', message: /lines.quantity/ }])
      on.connectors = { ...on.connectors, businessCentral }
      await given.run()
      t.same(given.quantities(), [6, 5], 'nor by the next run')
    },
  )

t.test(
  'P2 our own write does not make an older edit of the header the newest, though an action ended it',
  async (t) => {
    const given = await atRest(t, false)
    const { on } = given
    given.inBusinessCentral({ quantity: 1 }, { shipToName: 'older' })
    given.inSales({ quantity: 1 }, { requestdeliveryby: '2026-12-24' })
    on.clock.advance(minute)
    const { sales } = on.connectors
    let isFirst = true
    const before = writingVia(sales, () => {
      if (!isFirst) return
      isFirst = false
      // In a transaction that began before Business Central was written.
      on.clock.advance(-5000)
      given.inSales({ quantity: 1 }, { shipto_name: 'newer' })
      on.clock.advance(5000)
    })
    on.connectors = { ...on.connectors, sales: before }
    const report = await given.run()
    t.match(report.problems, [{ kind: 'conflict', message: /shipToName/ }])
    const [inBusinessCentral] = on.simulator.businessCentral.rows('salesOrders')
    t.match(inBusinessCentral, { shipToName: 'older', requestedDeliveryDate: '2026-12-24', status: 'Open' })
    t.equal(on.simulator.sales.rows('salesorders').find((row) => row['ordernumber'] === 'O1')?.['shipto_name'], 'newer')
  },
)
