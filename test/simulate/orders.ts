/**
 * Orders with lines, by the standard mapping that takes them both ways: people open an order, edit it or its lines, and
 * close it again, at once or some time later. A runner opens it, too, when it writes.
 */
import type { Config, Mapping, Side } from '../../src/config/config.ts'
import type { Row } from '../../src/simulator/table.ts'
import { type Documents, documents, salesLine, salesOrder } from '../engine/document-stage.ts'
import type { Picture, Thing } from './ledger.ts'
import { type OpenScene, perPolicies, stampOf, textOf, unlimited } from './scene.ts'
import type { Deed, Story } from './story.ts'

const mapping = 'sales-order-bidirectional'
/** A field of Business Central that no standard page shows. */
const described = 'Work Description'

export const openOrders: OpenScene = async (t, options) => {
  const given = await documents(t, mapping, undefined, options)
  const { on } = given
  const configFor = perPolicies((story) => withPolicy(given.config, story))
  const orders = (side: Side): readonly Row[] => ordersOf(given, side)
  return {
    on,
    kinds: [{ mapping, records: orders, hadPartner: (order) => textOf(order['lastbackofficesubmit']) !== '' }],
    references: new Set(),
    keeping: new Set(['shipToName']),
    isStepwise: true,
    most: { calm: 5, any: 60 },
    run: (story, more) => on.run(configFor(story), { mappings: [mapping], ...more }),
    freshStore: () => given.freshStore(),
    begin: (story) => {
      for (let n = 0; n < story.records; n++)
        salesOrder(
          given,
          `ORD-${n}`,
          [
            { product: 0, price: 100 + n },
            { product: 1, price: 200 + n },
          ],
          { description: `order ${n}` },
        )
    },
    act: (deed) => act(given, deed),
    settle: () => {
      for (const side of ['businessCentral', 'sales'] as const)
        for (const order of orders(side)) if (isOpen(side, order)) close(given, side, orderId(order))
    },
    picture: (side) => orders(side).flatMap((order) => thingsOf(given, side, order)),
  }
}

function withPolicy(config: Config, { conflicts }: Story): Config {
  const decided = (one: Mapping): Mapping => ({
    ...one,
    conflicts,
    limits: unlimited,
    deletes: { ...one.deletes, sweepMs: 1 },
    lines: one.lines === undefined ? undefined : { ...one.lines, mapping: { ...one.lines.mapping, conflicts } },
  })
  return { ...config, mappings: config.mappings.map((one) => (one.name === mapping ? decided(one) : one)) }
}

const orderId = (order: Row): string => textOf(order['salesorderid'] ?? order['id'])

function ordersOf({ on, account }: Documents, side: Side): readonly Row[] {
  return side === 'businessCentral'
    ? on.simulator.businessCentral.rows('salesOrders')
    : on.simulator.sales.rows('salesorders').filter((row) => row['_customerid_value'] === account)
}

function linesOf({ on }: Documents, side: Side, order: string): readonly Row[] {
  return side === 'businessCentral'
    ? on.simulator.businessCentral
        .rows('salesOrderLines')
        .filter((line) => line['documentId'] === order && line['lineType'] === 'Item')
    : on.simulator.sales.rows('salesorderdetails').filter((line) => line['_salesorderid_value'] === order)
}

const isOpen = (side: Side, order: Row): boolean =>
  side === 'sales' ? order['statecode'] === 0 : order['status'] !== 'Open'

function open({ on }: Documents, side: Side, order: string): void {
  if (side === 'sales') on.simulator.sales.edit('salesorders', order, { statecode: 0 })
  else on.simulator.businessCentral.service.hand.act?.('salesOrders', order, 'reopen')
}

/** An order without lines (a runner has begun it) cannot be released. */
function close(given: Documents, side: Side, order: string): void {
  const { on } = given
  if (side === 'sales') on.simulator.sales.edit('salesorders', order, { statecode: 1 })
  else if (linesOf(given, side, order).length > 0)
    on.simulator.businessCentral.service.hand.act?.('salesOrders', order, 'release')
}

function act(given: Documents, deed: Deed): void {
  const { side } = deed
  if (deed.kind === 'create' && deed.of === 'order') return createOrder(given, side, deed.text)
  const orders = ordersOf(given, side)
  const order = orders[deed.which % Math.max(1, orders.length)]
  if (order === undefined) return
  const id = orderId(order)
  if (deed.kind === 'delete' && deed.of === 'order') return deleteOrder(given, side, id)
  const wasOpen = isOpen(side, order)
  if (deed.kind === 'edit' && deed.field === 'state') return wasOpen ? close(given, side, id) : open(given, side, id)
  // What is open (somebody is at it, or a runner) is edited as it stands, and left open.
  if (!wasOpen) open(given, side, id)
  change(given, deed, id)
  if (!wasOpen) close(given, side, id)
}

/** An emptied side stops every run on purpose, until a person says that it is right. */
function deleteOrder(given: Documents, side: Side, order: string): void {
  if (ordersOf(given, side).length > 2)
    given.on.simulator[side].delete(side === 'sales' ? 'salesorders' : 'salesOrders', order)
}

function change(given: Documents, deed: Deed, order: string): void {
  const { side } = deed
  const hand = given.on.simulator[side]
  if (deed.kind === 'create') return addLine(given, { side, order, n: numberOf(deed.text) })
  if (deed.of === 'order') {
    const column = side === 'sales' ? 'shipto_name' : 'shipToName'
    hand.edit(side === 'sales' ? 'salesorders' : 'salesOrders', order, {
      [column]: deed.kind === 'edit' ? deed.text : '',
    })
    return
  }
  const lines = linesOf(given, side, order)
  const line = lines[deed.which % Math.max(1, lines.length)]
  const set = side === 'sales' ? 'salesorderdetails' : 'salesOrderLines'
  if (line === undefined) return
  if (deed.kind === 'edit') hand.edit(set, lineId(line), { quantity: numberOf(deed.text) })
  else if (isDeletable(side, line)) hand.delete(set, lineId(line))
}

/** The second line of an order; see `addLine`. */
const isDeletable = (side: Side, line: Row): boolean => {
  const price = Number(line[side === 'sales' ? 'priceperunit' : 'unitPrice'])
  return price >= 200 && price < 1000
}

const lineId = (line: Row): string => textOf(line['salesorderdetailid'] ?? line['id'])

/** The number in the text of a deed: no other deed has it. */
const numberOf = (text: string): number => 2 + Number(text.slice(1))

function createOrder(given: Documents, side: Side, text: string): void {
  const price = 1000 + numberOf(text)
  if (side === 'sales') {
    salesOrder(given, `ORD-${text}`, [{ product: 0, price }], { description: text })
    return
  }
  const { businessCentral } = given.on.simulator
  const order = businessCentral.create('salesOrders', { customerId: given.customer })
  businessCentral.service.table('salesOrders')?.update(textOf(order['id']), { [described]: text })
  addLine(given, { side, order: textOf(order['id']), n: numberOf(text) })
  close(given, side, textOf(order['id']))
}

interface NewLine {
  readonly side: Side
  readonly order: string
  readonly n: number
}

/**
 * Its price tells it from every other line of both sides. Each side adds a product of its own, and neither the one of
 * lines that are deleted: lines of the same product that come or go on both sides at once may be meant as one, which a
 * person is asked.
 */
function addLine(given: Documents, { side, order, n }: NewLine): void {
  const price = 1000 + n
  if (side === 'sales') void salesLine(given, order, { product: 0, price, sequence: n })
  else
    given.on.simulator.businessCentral.create('salesOrderLines', {
      documentId: order,
      lineType: 'Item',
      lineObjectNumber: 'I3',
      quantity: 1,
      unitPrice: price,
    })
}

function thingsOf(given: Documents, side: Side, order: Row): Picture {
  const id = orderId(order)
  const inSales = side === 'sales'
  const name = inSales ? textOf(order['description']) : descriptionOf(given, id)
  const head: Thing = {
    name,
    id,
    ...stampOf(given.on, { side, set: inSales ? 'salesorders' : 'salesOrders' }, order),
    cells: { shipToName: textOf(order[inSales ? 'shipto_name' : 'shipToName']) },
  }
  const lines = linesOf(given, side, id).map((line): Thing => ({
    name: `line ${textOf(line[inSales ? 'priceperunit' : 'unitPrice'])} of ${name}`,
    id,
    ...stampOf(given.on, { side, set: inSales ? 'salesorderdetails' : 'salesOrderLines' }, line),
    of: name,
    cells: { quantity: textOf(line['quantity']) },
  }))
  return [head, ...lines]
}

const descriptionOf = ({ on }: Documents, id: string): string =>
  textOf(on.simulator.businessCentral.service.table('salesOrders')?.get(id)?.row[described])
