/** A stage for documents: a customer, items and products that are coupled already, and a quick way to write orders. */
import type { Test } from 'tap'
import type { Config } from '../../src/config/config.ts'
import type { RunOptions, RunReport } from '../../src/engine/run.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import type { Row } from '../../src/simulator/table.ts'
import { only, standardSet } from './standard-set.ts'
import { type Stage, type StageOptions, stage, theKey } from './stage.ts'

export interface Documents {
  readonly on: Stage
  /** The mapping of the documents, with those that it refers to. */
  readonly config: Config
  /** Runs the mapping of the documents alone. */
  readonly run: (options?: Partial<RunOptions>) => Promise<RunReport>
  /** Coupled with customer C1. */
  readonly account: string
  readonly customer: string
  /** Coupled with the items I1, I2 and I3. */
  readonly products: readonly string[]
  readonly unit: string
  /** A store that knows these couplings and nothing else: the memory before the first document, or after its loss. */
  freshStore(): Promise<Store>
}

/** One line in Sales, in short. */
export interface LineSketch {
  /** Number of the product, from 0; none is a write-in. */
  readonly product?: number
  readonly quantity?: number
  readonly price?: number
  readonly text?: string
  readonly discount?: number
}

export const ground = [
  'currency',
  'payment-terms',
  'shipment-method',
  'customer-account',
  'item-product',
  'resource-product',
]

const settings = {
  'sales-order': 'salesOrders: legacy',
  'sales-order-bidirectional': 'salesOrders: bidirectional, orderPage: couplet/orders/v1.0',
  'sales-invoice': 'salesOrders: legacy',
  'sales-quote': 'salesOrders: legacy',
} as const

const configs = new Map<string, Promise<Config>>()

/** The standard set with these documents switched on, read once. */
function configFor(t: Test, mapping: keyof typeof settings, more = ', writeInItem: W1, freightAccount: "40100"') {
  const asked = `, unitGroups: false, ${settings[mapping]}${more}`
  const config = configs.get(asked) ?? standardSet(t, asked)
  configs.set(asked, config)
  return config
}

const ids = (kind: number, n: number): string => `00000000-0000-4000-800${kind}-${String(n).padStart(12, '0')}`

export async function documents(
  t: Parameters<typeof standardSet>[0],
  mapping: keyof typeof settings,
  more?: string,
  options: StageOptions = {},
): Promise<Documents> {
  const config = only(await configFor(t, mapping, more), ...ground, mapping)
  let made = 0
  const on = await stage(t, {
    // The same ids in every stage, so that ends can be compared.
    simulator: { world: { newId: () => ids(9, ++made) } },
    ...options,
    sales: { baseSolution: false },
    businessCentral: { routes: { 'couplet/orders/v1.0': { salesOrders: 'OrderPage', orderNotes: 'OrderNotePage' } } },
  })
  const { businessCentral, sales } = on.simulator
  const customer = on.customer({ number: 'C1', displayName: 'Adatum', addressLine1: 'Old Street 1', city: 'London' })
  const account = on.account({ name: 'Adatum', accountnumber: 'C1' })
  const unit = String(sales.rows('uoms')[0]?.['uomid'])
  const group = String(sales.rows('uoms')[0]?.['_uomscheduleid_value'])
  const items = ['I1', 'I2', 'I3', 'W1'].map((number) =>
    businessCentral.create('items', {
      number,
      displayName: `Item ${number}`,
      unitPrice: 10,
      baseUnitOfMeasureCode: 'PCS',
    }),
  )
  const products = items.slice(0, 3).map((item) =>
    sales.create('products', {
      name: item['displayName'],
      productnumber: item['number'],
      quantitydecimal: 2,
      'defaultuomid@odata.bind': `/uoms(${unit})`,
      'defaultuomscheduleid@odata.bind': `/uomschedules(${group})`,
    }),
  )
  const local = sales.rows('transactioncurrencies').find((row) => row['isocurrencycode'] === 'GBP') ?? {}
  const freshStore = async (): Promise<Store> => {
    const store = openMemoryStore(theKey)
    await store.lock('test')
    const couple = async (name: string, from: Row, key: string, to: unknown): Promise<void> => {
      const seen = { id: String(from['id']), keys: { [key]: String(from[key]) }, version: undefined }
      const partner = { id: String(to), keys: {}, version: undefined }
      const coupling = { businessCentral: seen, sales: partner, layout: '', base: '' }
      await store.commit(name, [{ kind: 'couple', coupling }])
    }
    await couple('customer-account', customer, 'number', account['accountid'])
    for (const [index, item] of items.entries())
      if (products[index] !== undefined) await couple('item-product', item, 'number', products[index]['productid'])
    await couple('currency', { id: ids(7, 1), code: 'GBP' }, 'code', local['transactioncurrencyid'])
    await store.unlock()
    return store
  }
  on.store = await freshStore()
  return {
    on,
    config,
    run: (options = {}) => on.run(config, { mappings: [mapping], ...options }),
    account: String(account['accountid']),
    customer: String(customer['id']),
    products: products.map((product) => String(product['productid'])),
    unit,
    freshStore,
  }
}

/** Couples two records as a run of their own mapping would. */
export async function couple(
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

/** An order of Sales with its lines; submitted unless it is said otherwise. */
export function salesOrder(stood: Documents, number: string, lines: readonly LineSketch[], more: Row = {}): string {
  const { on, account } = stood
  const { sales } = on.simulator
  const { statecode = 1, ...rest } = more
  const order = sales.create('salesorders', {
    ordernumber: number,
    name: `Order ${number}`,
    'customerid_account@odata.bind': `/accounts(${account})`,
    ...rest,
  })
  const id = String(order['salesorderid'])
  for (const [index, line] of lines.entries()) salesLine(stood, id, { sequence: index + 1, ...line })
  if (statecode !== 0) sales.edit('salesorders', id, { statecode })
  return id
}

/** A further line of an order of Sales that is open. */
export function salesLine(
  { on, products, unit }: Documents,
  order: string,
  { product, quantity = 1, price = 10, text, discount, sequence }: LineSketch & { readonly sequence: number },
): string {
  const of = product === undefined ? {} : bound(products[product] ?? '', unit)
  const line = on.simulator.sales.create('salesorderdetails', {
    'salesorderid@odata.bind': `/salesorders(${order})`,
    sequencenumber: sequence,
    quantity,
    priceperunit: price,
    ispriceoverridden: true,
    ...(text === undefined ? {} : { [product === undefined ? 'productdescription' : 'description']: text }),
    ...(discount === undefined ? {} : { manualdiscountamount: discount }),
    ...of,
  })
  return String(line['salesorderdetailid'])
}

const bound = (product: string, unit: string): Row => ({
  'productid@odata.bind': `/products(${product})`,
  'uomid@odata.bind': `/uoms(${unit})`,
})

const textOf = (value: unknown): string => (value === undefined || value === null ? '' : JSON.stringify(value))

/** The orders of Business Central with their lines, as texts to compare. */
export const ordersOf = ({ on }: Documents): readonly string[] => {
  const lines = on.simulator.businessCentral.rows('salesOrderLines')
  return on.simulator.businessCentral
    .rows('salesOrders')
    .map((order) => {
      const own = lines.filter((line) => line['documentId'] === order['id'])
      return [
        `${String(order['externalDocumentNumber'])} ${String(order['status'])}`,
        ...own.map(lineText).sort(),
      ].join('\n')
    })
    .sort()
}

const lineText = (line: Row): string =>
  ['sequence', 'lineType', 'lineObjectNumber', 'description', 'quantity', 'unitPrice', 'discountAmount']
    .map((column) => String(line[column]))
    .join('|')

/** The orders of Sales with their lines, as texts to compare. */
export const salesOrdersOf = ({ on, account }: Documents): readonly string[] => {
  const lines = on.simulator.sales.rows('salesorderdetails')
  return on.simulator.sales
    .rows('salesorders')
    .filter((order) => order['_customerid_value'] === account)
    .map((order) => {
      const own = lines.filter((line) => line['_salesorderid_value'] === order['salesorderid'])
      return [`${String(order['ordernumber'])} ${String(order['statecode'])}`, ...own.map(salesLineText).sort()].join(
        '\n',
      )
    })
    .sort()
}

const salesLineText = (line: Row): string =>
  ['sequencenumber', '_productid_value', 'productdescription', 'quantity', 'priceperunit', 'manualdiscountamount']
    .map((column) => textOf(line[column]))
    .join('|')

/** The invoices of Sales with their lines, as texts to compare. */
export const invoicesOf = ({ on, account }: Documents): readonly string[] => {
  const lines = on.simulator.sales.rows('invoicedetails')
  return on.simulator.sales
    .rows('invoices')
    .filter((invoice) => invoice['_customerid_value'] === account)
    .map((invoice) => {
      const own = lines.filter((line) => line['_invoiceid_value'] === invoice['invoiceid'])
      return [headOf(invoice), ...own.map(invoiceLineText).sort()].join('\n')
    })
}

const headOf = (invoice: Row): string =>
  ['invoicenumber', 'statecode', 'statuscode', 'totalamountlessfreight', 'totaltax', 'totalamount']
    .map((column) => textOf(invoice[column]))
    .join(' ')

const invoiceLineText = (line: Row): string =>
  [
    'lineitemnumber',
    '_productid_value',
    'productdescription',
    'quantity',
    'priceperunit',
    'baseamount',
    'extendedamount',
  ]
    .map((column) => textOf(line[column]))
    .join('|')

/** The lines of an order of Sales, in their order. */
export const linesOf = ({ on }: Documents, order: string): readonly Row[] =>
  on.simulator.sales
    .rows('salesorderdetails')
    .filter((line) => line['_salesorderid_value'] === order)
    .sort((a, b) => Number(a['sequencenumber']) - Number(b['sequencenumber']))
