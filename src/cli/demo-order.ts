/** The chapter of the demo that follows one order from the quote to the payment, and shows both sides at each step. */
import type { Coupling } from '../core/coupling.ts'
import { table } from '../report/table.ts'
import { count } from '../report/words.ts'
import { heldInBusinessCentral, heldInSales } from './demo-order-view.ts'
import type { DocumentHeld, LineHeld, Named, SideHeld } from './demo-order-view.ts'
import { quietPairs, runAll, valueOf, writeInItem } from './demo-stage.ts'
import type { Stage } from './demo-stage.ts'

/** Both sides at one moment. */
interface Held {
  readonly ours: SideHeld
  readonly theirs: SideHeld
}

/** The order while it is told. */
interface Told {
  readonly stage: Stage
  readonly named: Named
}

const orders = 'sales-order-bidirectional'

/** Text that fits no line of Business Central. */
const engraved =
  'Engraved brass plates for both chairs, with the names of the partners in the order in which they joined the firm, screws included'
const description =
  'Please deliver to the back door between seven and nine in the morning, when the street is open to lorries. The porter has the key to the lift; nobody else has. Old furniture goes back with the same lorry, and the packing with it.'

/** Tells the chapter. */
export async function tellOrder(stage: Stage): Promise<void> {
  stage.chapter('An order: quoted, won, revised, shipped, invoiced, paid')
  const quoted = await quote(stage)
  const told = await win(quoted)
  await reviseInSales(told)
  await reviseInBusinessCentral(told)
  await ship(told)
  await invoice(told)
  await pay(told)
}

/** Runs the mappings of documents alone: those of them that the project has. */
async function run(stage: Stage, full = false): Promise<void> {
  const named = ['sales-quote', orders, 'sales-invoice']
  const known = new Set(stage.project.config.mappings.filter(({ enabled }) => enabled).map(({ name }) => name))
  const some = named.filter((name) => known.has(name))
  await runAll(stage, some, full)
}

const look = ({ stage, named }: Told): Held => ({
  ours: heldInBusinessCentral(stage.simulator, named),
  theirs: heldInSales(stage.simulator, named),
})

async function quote(stage: Stage): Promise<Told> {
  const { simulator, say, claim } = stage
  const { sales } = simulator
  const customer = customerAtHome(stage)
  const header = { ...partyOf(stage, customer), name: 'Chairs for the partners', description }
  const { quoteid } = sales.create('quotes', header)
  const quoteId = String(quoteid)
  addLines(stage, { set: 'quotedetails', parent: 'quoteid', parents: 'quotes', id: quoteId })
  sales.edit('quotes', quoteId, { statecode: 1 })
  const told = { stage, named: { quoteId, orderId: undefined, writeInItem } }
  await run(stage)
  const name = valueOf(stage, 'businessCentral', customer.businessCentral.id, 'displayName')
  say(
    `Sales offers ${name} two chairs, and brass plates that are no product: they are written in, in ${engraved.length} characters. The quote is described in ${description.length} characters.`,
  )
  const { ours, theirs } = show(told)
  if (ours.quote !== undefined)
    claim('Business Central has the quote once, line by line.', isOnce(told) && sameLines(ours.quote, theirs.quote))
  else say('Quotes are not among the mappings of this set; the order will carry it.')
  return told
}

async function win({ stage, named }: Told): Promise<Told> {
  const { sales } = stage.simulator
  const quoted = sales.row('quotes', named.quoteId) ?? {}
  sales.edit('quotes', named.quoteId, { statecode: 2 })
  const header = { ...partyOf(stage, customerAtHome(stage)), name: quoted['name'], description }
  const { salesorderid } = sales.create('salesorders', {
    ...header,
    'quoteid@odata.bind': `/quotes(${named.quoteId})`,
  })
  const orderId = String(salesorderid)
  addLines(stage, { set: 'salesorderdetails', parent: 'salesorderid', parents: 'salesorders', id: orderId })
  sales.edit('salesorders', orderId, { statecode: 1 })
  const told = { stage, named: { ...named, orderId } }
  await run(stage)
  await run(stage)
  stage.say(
    'The quote is won, its order submitted. A run makes the order in Business Central, the next brings back its number and tax.',
  )
  const { ours, theirs } = show(told)
  stage.claim(
    'Business Central has the order once, line by line, and released.',
    isOnce(told) && ours.order?.state === 'released' && isSame(ours.order, theirs.order),
  )
  claimTexts(told)
  return told
}

/** What no line and no field of Business Central takes in one piece still stands whole. */
function claimTexts(told: Told): void {
  const { ours, theirs } = look(told)
  const [here, there] = [writtenIn(ours.order), writtenIn(theirs.order)]
  const lines = here?.textLines ?? 0
  told.stage.claim(
    `What was written in stands whole on both sides: in Business Central on the item ${writeInItem}, in ${count(lines, 'line')}.`,
    lines === 2 && here?.text === engraved && there?.text === engraved,
  )
  told.stage.claim(
    'So does the description, as the work description.',
    [ours, theirs].every(({ order }) => order?.description === description),
  )
}

async function reviseInSales(told: Told): Promise<void> {
  const { stage, named } = told
  const { sales } = stage.simulator
  const id = named.orderId ?? ''
  sales.edit('salesorders', id, { statecode: 0 })
  const chairs = sales
    .rows('salesorderdetails')
    .find((line) => line['_salesorderid_value'] === id && (line['_productid_value'] ?? null) !== null)
  sales.edit('salesorderdetails', String(chairs?.['salesorderdetailid']), { quantity: 3 })
  sales.edit('salesorders', id, { statecode: 1 })
  await run(stage)
  await run(stage)
  stage.say('Revised in Sales: the order is opened, a third chair added, and submitted again.')
  const { ours, theirs } = show(told)
  stage.claim(
    'Business Central has three. Its order was opened, changed and released again in one go.',
    chairsOf(ours.order)?.quantity === 3 && ours.order?.state === 'released' && isSame(ours.order, theirs.order),
  )
}

async function reviseInBusinessCentral(told: Told): Promise<void> {
  const { businessCentral } = told.stage.simulator
  const order = orderRow(told)
  businessCentral.act?.('salesOrders', order, 'reopen')
  const line = businessCentral
    .rows('salesOrderLines')
    .find((row) => row['documentId'] === order && row['lineObjectNumber'] === writeInItem)
  businessCentral.edit('salesOrderLines', String(line?.['id']), { unitPrice: 40 })
  businessCentral.act?.('salesOrders', order, 'release')
  await run(told.stage)
  told.stage.say(
    'Revised in Business Central: the order is reopened, the plates are made cheaper, and it is released again.',
  )
  const { ours, theirs } = show(told)
  told.stage.claim(
    'Sales has the new price, and its order is submitted again.',
    writtenIn(theirs.order)?.price === 40 && theirs.order?.state === 'submitted' && isSame(ours.order, theirs.order),
  )
}

async function ship(told: Told): Promise<void> {
  told.stage.simulator.businessCentral.act?.('salesOrders', orderRow(told), 'ship')
  await run(told.stage)
  told.stage.say('Everything is shipped.')
  const { ours, theirs } = show(told)
  const isShipped = theirs.order?.lines.every(({ quantity, shipped }) => shipped === quantity) === true
  told.stage.claim(
    'The order is fulfilled in Sales, with what was shipped of each line.',
    theirs.order?.state === 'fulfilled' && isShipped && isSame(ours.order, theirs.order),
  )
}

async function invoice(told: Told): Promise<void> {
  told.stage.simulator.businessCentral.act?.('salesOrders', orderRow(told), 'shipAndInvoice')
  await run(told.stage, true)
  told.stage.say(
    'The order is invoiced. Business Central keeps the posted invoice and deletes the order, as it always does. (This run is a full one; others look for what is gone every half hour.)',
  )
  const { ours, theirs } = show(told)
  told.stage.claim('Sales has the invoice, at its order, to the penny.', isSameInvoice(ours, theirs))
  told.stage.claim(
    'The order in Sales is invoiced, and nobody is asked what became of its partner.',
    ours.order === undefined && theirs.order?.state === 'invoiced' && nothingWaits(told),
  )
}

const isSameInvoice = (ours: SideHeld, theirs: SideHeld): boolean =>
  ours.invoice?.number === theirs.invoice?.number && isSame(ours.invoice, theirs.invoice)

const nothingWaits = ({ stage }: Told): boolean => [...stage.project.ports.store.mapping(orders).allHeld()].length === 0

async function pay(told: Told): Promise<void> {
  const { businessCentral } = told.stage.simulator
  const { number } = look(told).ours.invoice ?? { number: '' }
  const { id } = businessCentral.rows('salesInvoices').find((row) => row['number'] === number) ?? {}
  businessCentral.edit('salesInvoices', String(id), { remainingAmount: 0, status: 'Paid' })
  await run(told.stage)
  told.stage.say('The customer pays.')
  const { ours, theirs } = show(told)
  told.stage.claim('The invoice is paid in Sales.', ours.invoice?.state === 'paid' && theirs.invoice?.state === 'paid')
}

/** The first customer at home that is in step. */
function customerAtHome(stage: Stage): Coupling {
  const pair = quietPairs(stage).find(
    ({ businessCentral }) => valueOf(stage, 'businessCentral', businessCentral.id, 'country') === 'GB',
  )
  if (pair === undefined) throw new Error('the demo company has no customer at home')
  return pair
}

/** Who buys, and in which currency: the base one of Sales. */
function partyOf({ simulator }: Stage, { sales }: Coupling): Readonly<Record<string, unknown>> {
  const currency = simulator.sales.row('transactioncurrencies', 'GBP')?.['transactioncurrencyid']
  return {
    'customerid_account@odata.bind': `/accounts(${sales.id})`,
    'transactioncurrencyid@odata.bind': `/transactioncurrencies(${String(currency)})`,
  }
}

interface Place {
  readonly set: string
  readonly parent: string
  readonly parents: string
  readonly id: string
}

/** Two chairs, and what is written in. */
function addLines({ simulator, project }: Stage, { set, parent, parents, id }: Place): void {
  const units = project.ports.store.mapping('item-unit')
  const chair = simulator.sales
    .rows('products')
    .find(
      ({ name, _defaultuomid_value: unit }) =>
        String(name).includes('Chair') && units.bySide('sales', String(unit)) !== undefined,
    )
  if (chair === undefined) throw new Error('the demo company sells no chairs')
  const place = { [`${parent}@odata.bind`]: `/${parents}(${id})` }
  simulator.sales.create(set, {
    ...place,
    'productid@odata.bind': `/products(${String(chair['productid'])})`,
    'uomid@odata.bind': `/uoms(${String(chair['_defaultuomid_value'])})`,
    quantity: 2,
    priceperunit: 123.3,
    ispriceoverridden: true,
    sequencenumber: 1,
  })
  simulator.sales.create(set, {
    ...place,
    isproductoverridden: true,
    productdescription: engraved,
    quantity: 2,
    priceperunit: 45,
    sequencenumber: 2,
  })
}

/** Id of the order in Business Central. */
function orderRow(told: Told): string {
  const { number } = look(told).ours.order ?? { number: '' }
  return String(told.stage.simulator.businessCentral.row('salesOrders', number)?.['id'])
}

const writtenIn = (document: DocumentHeld | undefined): LineHeld | undefined =>
  document?.lines.find(({ isWriteIn }) => isWriteIn)

const chairsOf = (order: DocumentHeld | undefined): LineHeld | undefined =>
  order?.lines.find(({ isWriteIn }) => !isWriteIn)

const amountsOf = ({ lines }: DocumentHeld): string =>
  JSON.stringify(lines.map(({ quantity, price }) => `${quantity} × ${price}`).toSorted())

/** Both sides have the same lines. */
function sameLines(ours: DocumentHeld | undefined, theirs: DocumentHeld | undefined): boolean {
  return ours !== undefined && theirs !== undefined && amountsOf(ours) === amountsOf(theirs)
}

/** Both sides have the same lines and the same total. */
const isSame = (ours: DocumentHeld | undefined, theirs: DocumentHeld | undefined): boolean =>
  sameLines(ours, theirs) && ours?.total === theirs?.total

/** Quote, order and invoice stand in Business Central at most once. */
function isOnce({ stage }: Told): boolean {
  const sets = ['salesQuotes', 'salesOrders', 'salesInvoices']
  return sets.every((set) => stage.simulator.businessCentral.rows(set).length <= 1)
}

/** Shows what each side holds. */
function show(told: Told): Held {
  const held = look(told)
  const rows = [
    ...row('quote', held, ({ quote }) => quote && `${quote.number}, ${quote.state}`),
    ...row('order', held, ({ order }) => order && `${order.number}, ${order.state}`),
    ...row('invoice', held, ({ invoice }) => invoice && `${invoice.number}, ${invoice.state}`),
    ...row('chairs', held, ({ quote, order, invoice }) => lineText(chairsOf(order ?? invoice ?? quote))),
    ...row('written in', held, ({ quote, order, invoice }) => lineText(writtenIn(order ?? invoice ?? quote))),
    ...row('description', held, ({ quote, order }) => {
      const length = (order ?? quote)?.description.length ?? 0
      return length === 0 ? undefined : `${length} characters`
    }),
    ...row('total with VAT', held, ({ order, invoice }) => (invoice ?? order)?.total.toFixed(2)),
  ]
  const columns = [{ title: '' }, { title: 'Business Central' }, { title: 'Sales' }]
  for (const line of table(columns, rows, told.stage.paint.dim).split('\n')) told.stage.tell(`     ${line}`)
  return held
}

/** A row of the table; none where neither side has anything. */
function row(title: string, { ours, theirs }: Held, say: (side: SideHeld) => string | undefined): string[][] {
  const [left, right] = [say(ours), say(theirs)]
  return left === undefined && right === undefined ? [] : [[title, left ?? '·', right ?? '·']]
}

function lineText(line: LineHeld | undefined): string | undefined {
  if (line === undefined) return undefined
  const { quantity, price, shipped, textLines } = line
  const notes = [shipped > 0 ? `${shipped} shipped` : '', textLines > 1 ? `text in ${textLines} lines` : '']
  return [`${quantity} × ${price.toFixed(2)}`, ...notes.filter((note) => note !== '')].join(', ')
}
