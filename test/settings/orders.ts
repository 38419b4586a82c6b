/** Orders that people enter once customers and products are coupled: the kinds of lines that a document may have. */
import type { Simulator } from '../../src/simulator/simulator.ts'
import type { Row } from '../../src/simulator/table.ts'

/** How orders travel: not at all, from Sales alone, or both ways. */
export type OrderSetting = 'off' | 'legacy' | 'bidirectional'

/** Item that stands for products that are written in, and the account that takes freight. */
export const orderSettings: Readonly<Record<string, string>> = { writeInItem: '"1996-S"', freightAccount: '"40100"' }

/** The mapping that carries orders, and how many of the entered ones it couples. */
export const orderMappings: Readonly<Record<OrderSetting, readonly [mapping: string, orders: number] | undefined>> = {
  off: undefined,
  legacy: ['sales-order', 2],
  bidirectional: ['sales-order-bidirectional', 3],
}

/** Two submitted orders in Sales and a released one in Business Central, all of one customer. */
export function enterOrders({ businessCentral, sales }: Simulator): void {
  const { displayName } = rowWhere(businessCentral.rows('customers'), ({ number }) => number === customer)
  const account = rowWhere(sales.rows('accounts'), ({ name }) => name === displayName)
  const product = rowWhere(sales.rows('products'), ({ productnumber }) => productnumber === item)
  const ofProduct = { ...bound(product, 'products', 'productid'), 'uomid@odata.bind': `/uoms(${unitOf(product)})` }
  const written = 'Measured, cut and fitted in the rooms of the customer, whose floors are not level; '.repeat(2).trim()
  const orders: readonly (readonly [header: Row, lines: readonly Row[]])[] = [
    [
      { ordernumber: 'ORD-1', shipto_line1: 'Harbour 1', shipto_city: 'London' },
      [{ ...ofProduct, quantity: 2, priceperunit: 390, manualdiscountamount: 10, description: 'In blue' }],
    ],
    [
      { ordernumber: 'ORD-2', freightamount: 25, discountamount: 5 },
      [
        { ...ofProduct, quantity: 1, priceperunit: 400 },
        { productdescription: written, quantity: 3, priceperunit: 60 },
      ],
    ],
  ]
  for (const [header, lines] of orders) submit(sales, { name: 'An order', ...toAccount(account), ...header }, lines)
  const { id } = businessCentral.create('salesOrders', { customerNumber: customer })
  const line = { documentId: id, lineType: 'Item', lineObjectNumber: item, quantity: 4 }
  businessCentral.create('salesOrderLines', line)
  businessCentral.act?.('salesOrders', String(id), 'release')
}

const customer = '10000'
const item = '1896-S'

function submit(sales: Simulator['sales'], header: Row, lines: readonly Row[]): void {
  const id = String(sales.create('salesorders', header)['salesorderid'])
  for (const [index, line] of lines.entries())
    sales.create('salesorderdetails', {
      'salesorderid@odata.bind': `/salesorders(${id})`,
      sequencenumber: index + 1,
      ispriceoverridden: true,
      ...line,
    })
  sales.edit('salesorders', id, { statecode: 1 })
}

const toAccount = ({ accountid }: Row): Row => ({ 'customerid_account@odata.bind': `/accounts(${String(accountid)})` })

const bound = (row: Row, set: string, column: string): Row => ({
  [`${column}@odata.bind`]: `/${set}(${String(row[column])})`,
})

const unitOf = (product: Row): string => String(product['_defaultuomid_value'])

function rowWhere(rows: readonly Row[], asked: (row: Row) => boolean): Row {
  const found = rows.find(asked)
  if (found === undefined) throw new Error('the demo company lacks a record that the orders need')
  return found
}
