/** Quotes, orders and invoices with their lines: which are locked, and how their totals come about. */

import { refused } from './dataverse-error.ts'
import type { Before, Rules } from './dataverse-hooks.ts'
import type { Organization } from './dataverse-organization.ts'
import { reference } from './dataverse-reference.ts'
import { round } from './dataverse-values.ts'
import type { Row } from './table.ts'

/** One kind of document. */
interface Kind {
  readonly header: string
  readonly line: string
  /** The line's lookup to its header. */
  readonly parent: string
  readonly number: string
  readonly prefix: string
  /** States in which header and lines may be changed. */
  readonly open: readonly number[]
  readonly locked: string
}

const KINDS: readonly Kind[] = [
  {
    header: 'quote',
    line: 'quotedetail',
    parent: 'quoteid',
    number: 'quotenumber',
    prefix: 'QUO',
    open: [0],
    locked: 'The quote cannot be edited because it is not in draft state.',
  },
  {
    header: 'salesorder',
    line: 'salesorderdetail',
    parent: 'salesorderid',
    number: 'ordernumber',
    prefix: 'ORD',
    open: [0],
    locked: 'The order cannot be edited because it is not active.',
  },
  {
    header: 'invoice',
    line: 'invoicedetail',
    parent: 'invoiceid',
    number: 'invoicenumber',
    prefix: 'INV',
    open: [0],
    locked: 'The invoice cannot be edited because it is paid or canceled.',
  },
]

const STATE_COLUMNS: ReadonlySet<string> = new Set(['statecode', 'statuscode'])

/** Header columns that the totals depend on. Totals that somebody writes stand until one of these or a line changes. */
const TOTAL_INPUTS: ReadonlySet<string> = new Set(['discountamount', 'discountpercentage', 'freightamount'])

/** Rules of the headers. */
export const documentRules: Readonly<Record<string, Rules>> = Object.fromEntries(
  KINDS.map((kind) => [
    kind.header,
    {
      beforeCreate: (write) => fillHeader(kind, write),
      beforeUpdate: (write) => checkOpen(kind, write),
      afterWrite: ({ organization, id, row, before }) => {
        const moved = [...TOTAL_INPUTS].some((name) => row[name] !== before[name])
        // What one write changes before it closes the document counts.
        if (moved && (isOpen(kind, row) || isOpen(kind, before))) recalculate(kind, organization, id)
      },
      beforeDelete: ({ organization, id }) => {
        const lines = organization.table(kind.line)
        for (const { key } of linesOf(kind, organization, id)) lines.delete(key)
      },
    } satisfies Rules,
  ]),
)

/** Rules of the lines. */
export const lineRules: Readonly<Record<string, Rules>> = Object.fromEntries(
  KINDS.map((kind) => [
    kind.line,
    {
      beforeCreate: (write) => {
        checkParent(kind, write.organization, write.values)
        fillLine(kind, write)
      },
      beforeUpdate: (write) => {
        checkParent(kind, write.organization, write.before)
        priceLine(write)
      },
      afterWrite: ({ organization, row }) => recalculate(kind, organization, parentOf(kind, row)),
      beforeDelete: ({ organization, row }) => checkParent(kind, organization, row),
      afterDelete: ({ organization, row }) => recalculate(kind, organization, parentOf(kind, row)),
    } satisfies Rules,
  ]),
)

function isOpen(kind: Kind, header: Row): boolean {
  return kind.open.includes(Number(header['statecode']))
}

function fillHeader(kind: Kind, { organization, schema, values }: Before): void {
  const serial = organization.world.version() % 100_000
  values[kind.number] ??=
    `${kind.prefix}-${String(serial).padStart(5, '0')}-${organization.world.newId().slice(0, 6).toUpperCase()}`
  if ('ispricelocked' in schema.columns) values['ispricelocked'] ??= false
  for (const name of Object.keys(schema.columns)) if (/^total.*(?<!_base)$/u.test(name)) values[name] = 0
}

/** A closed document takes a change of its state, and nothing else until it is active again. */
function checkOpen(kind: Kind, { values, before }: Before): void {
  if (isOpen(kind, before)) return
  const touched = Object.keys(values).filter((name) => !STATE_COLUMNS.has(name))
  if (touched.length > 0) throw refused(kind.locked, '0x80043b31')
}

function parentOf(kind: Kind, line: Row): string {
  return line[`_${kind.parent}_value`] as string
}

function checkParent(kind: Kind, organization: Organization, line: Row): void {
  const parent = line[`_${kind.parent}_value`] as string | null | undefined
  if ((parent ?? null) === null) throw refused(`The ${kind.parent} of the line is missing.`)
  if (!isOpen(kind, organization.row(kind.header, parent as string).row)) throw refused(kind.locked, '0x80043b31')
}

function fillLine(kind: Kind, write: Before): void {
  const { organization, values } = write
  const header = organization.row(kind.header, parentOf(kind, values)).row
  const currency = header['_transactioncurrencyid_value'] as string | undefined
  if (currency !== undefined) Object.assign(values, reference('transactioncurrencyid', 'transactioncurrency', currency))
  const product = values['_productid_value'] as string | null | undefined
  if ((product ?? null) === null) {
    if ((values['productdescription'] ?? null) === null) {
      throw refused('A write-in product needs a description; an existing product needs productid and uomid.')
    }
    values['isproductoverridden'] = true
  } else if ((values['_uomid_value'] ?? null) === null) throw refused('The unit of the product is missing.')
  values['lineitemnumber'] ??= linesOf(kind, organization, parentOf(kind, values)).length + 1
  priceLine(write)
}

function priceLine(write: Before): void {
  const { values, before } = write
  const listed = listPrice(write)
  if (listed !== undefined) values['priceperunit'] = listed
  const line: Row = { ...before, ...values }
  if (!PRICE_INPUTS.some((name) => values[name] !== undefined)) return
  // An amount that the write itself sets stands: so the invoice's second update keeps what it says.
  const price = number(line['priceperunit']) - number(line['volumediscountamount'])
  values['baseamount'] ??= round(price * number(line['quantity']), 4)
  const discounted = number(values['baseamount']) - number(line['manualdiscountamount'])
  values['extendedamount'] ??= round(discounted + number(line['tax']), 4)
}

const PRICE_INPUTS = ['quantity', 'priceperunit', 'manualdiscountamount', 'tax']

/** The price of the document's price list; undefined where the line has its own. */
function listPrice({ organization, values, before }: Before): unknown {
  const line: Row = { ...before, ...values }
  const product = line['_productid_value'] ?? null
  if (product === null || line['ispriceoverridden'] === true || line['isproductoverridden'] === true) return undefined
  const kind = KINDS.find(({ parent }) => line[`_${parent}_value`] !== undefined)
  const list = kind && organization.row(kind.header, parentOf(kind, line)).row['_pricelevelid_value']
  const prices = organization.table('productpricelevel').lookup('_productid_value', [product])
  const own = prices.find(
    ({ row }) => row['_pricelevelid_value'] === list && row['_uomid_value'] === line['_uomid_value'],
  )
  return own?.row['amount'] ?? undefined
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

function linesOf(kind: Kind, organization: Organization, id: string) {
  return organization.table(kind.line).lookup(`_${kind.parent}_value`, [id])
}

/** Adds the lines up into the header, unless its prices are locked. Moves the header's stamps when a total changes. */
function recalculate(kind: Kind, organization: Organization, id: string): void {
  const header = organization.table(kind.header).get(id)
  if (header === undefined || header.row['ispricelocked'] === true) return
  const lines = linesOf(kind, organization, id).map(({ row }) => row)
  const sum = (value: (line: Row) => number) => lines.reduce((total, line) => total + value(line), 0)
  const money = (value: number) => round(Number(value.toFixed(9)), decimals(organization, header.row))
  const tax = sum((line) => number(line['tax']))
  const items = sum((line) => number(line['extendedamount'])) - tax
  const ofLines = sum((line) => number(line['manualdiscountamount']))
  const share = (items * number(header.row['discountpercentage'])) / 100
  const discount = money(number(header.row['discountamount']) + share)
  const lessFreight = items - discount
  const totals: Record<string, number> = {
    totallineitemamount: items,
    totallineitemdiscountamount: ofLines,
    totaldiscountamount: discount + ofLines,
    totalamountlessfreight: lessFreight,
    totaltax: tax,
    totalamount: lessFreight + number(header.row['freightamount']) + tax,
  }
  const schema = organization.describe(kind.header)
  const rate = number(header.row['exchangerate']) || 1
  const changed: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(totals)) {
    const amount = money(value)
    if (!(name in schema.columns) || header.row[name] === amount) continue
    changed[name] = amount
    if (`${name}_base` in schema.columns) changed[`${name}_base`] = round(amount / rate, 4)
  }
  if (Object.keys(changed).length > 0) organization.table(kind.header).update(id, changed)
}

/** The decimals of a document's amounts: those of its currency. */
function decimals(organization: Organization, header: Row): number {
  const currency = organization.table('transactioncurrency').get(String(header['_transactioncurrencyid_value']))
  return number(currency?.row['currencyprecision'] ?? 2)
}
