/** What each side holds of the order of the demo, read from the simulated services behind Couplet's back. */
import type { Simulator } from '../simulator/simulator.ts'

type Row = Readonly<Record<string, unknown>>

/** A line of a document, as either side has it. */
export interface LineHeld {
  /** Name of the product, or the text that was written in. */
  readonly text: string
  readonly isWriteIn: boolean
  readonly quantity: number
  readonly price: number
  readonly shipped: number
  /** Lines that the text fills: Business Central's are short, so a long one goes on in comment lines. */
  readonly textLines: number
}

/** An order or an invoice, as one side has it. */
export interface DocumentHeld {
  readonly number: string
  /** In the words of the program. */
  readonly state: string
  readonly description: string
  /** Total with VAT. */
  readonly total: number
  readonly lines: readonly LineHeld[]
}

/** The order and what became of it on one side; undefined = is not there. */
export interface SideHeld {
  readonly quote: DocumentHeld | undefined
  readonly order: DocumentHeld | undefined
  readonly invoice: DocumentHeld | undefined
}

/** By what the documents are found on both sides. */
export interface Named {
  /** Ids in Sales. */
  readonly quoteId: string
  readonly orderId: string | undefined
  /** Number of the item that stands for what is written in. */
  readonly writeInItem: string
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0)

const quoteStates = ['draft', 'active', 'won', 'closed']
const orderStates = ['active', 'submitted', 'canceled', 'fulfilled', 'invoiced']
const invoiceStates = ['billed', 'closed', 'paid', 'canceled']

const head = (row: Row, number: string, states: readonly string[]) => ({
  number: textOf(row[number]),
  state: states[numberOf(row['statecode'])] ?? '',
  description: textOf(row['description']),
  total: numberOf(row['totalamount']),
})

/** What Sales holds. */
export function heldInSales({ sales }: Simulator, { quoteId, orderId }: Named): SideHeld {
  const product = (line: Row): string => textOf(sales.row('products', textOf(line['_productid_value']))?.['name'])
  const linesIn = (set: string, parent: string, id: unknown): readonly LineHeld[] =>
    sales
      .rows(set)
      .filter((line) => line[`_${parent}_value`] === id)
      .map((line) => ({
        text: textOf(line['productdescription']) || product(line),
        isWriteIn: (line['_productid_value'] ?? null) === null,
        quantity: numberOf(line['quantity']),
        price: numberOf(line['priceperunit']),
        shipped: numberOf(line['quantityshipped']),
        textLines: 1,
      }))
  const quote = sales.row('quotes', quoteId)
  const order = orderId === undefined ? undefined : sales.row('salesorders', orderId)
  const invoice = sales.rows('invoices').find((row) => orderId !== undefined && row['_salesorderid_value'] === orderId)
  return {
    quote: quote && {
      ...head(quote, 'quotenumber', quoteStates),
      lines: linesIn('quotedetails', 'quoteid', quoteId),
    },
    order: order && {
      ...head(order, 'ordernumber', orderStates),
      lines: linesIn('salesorderdetails', 'salesorderid', orderId),
    },
    invoice: invoice && {
      ...head(invoice, 'invoicenumber', invoiceStates),
      lines: linesIn('invoicedetails', 'invoiceid', invoice['invoiceid']),
    },
  }
}

/** Words of the API of Business Central, in those of its pages. */
const stateWords: Readonly<Record<string, string>> = { Draft: 'open', Open: 'released' }

/** What Business Central holds: all of its documents bear the number of the one in Sales they came from. */
export function heldInBusinessCentral({ businessCentral, sales }: Simulator, named: Named): SideHeld {
  const from = (set: string, id: string | undefined, number: string): Row | undefined => {
    const reference = id === undefined ? undefined : sales.row(set, id)?.[number]
    return reference === undefined ? undefined : { reference }
  }
  const find = (set: string, reference: Row | undefined): Row | undefined =>
    reference && businessCentral.rows(set).find((row) => row['externalDocumentNumber'] === reference['reference'])
  const ordered = from('salesorders', named.orderId, 'ordernumber')
  const quote = find('salesQuotes', from('quotes', named.quoteId, 'quotenumber'))
  const order = find('salesOrders', ordered)
  const invoice = find('salesInvoices', ordered)
  const headOf = (set: string, row: Row, state: string) => ({
    number: textOf(row['number']),
    state,
    description: textOf(businessCentral.service.table(set)?.get(textOf(row['id']))?.row['Work Description']),
    total: numberOf(row['totalAmountIncludingTax']),
  })
  const linesIn = (set: string, row: Row): readonly LineHeld[] =>
    linesRead(
      businessCentral.rows(set).filter((line) => line['documentId'] === row['id']),
      named.writeInItem,
    )
  const orderState = (row: Row): string => stateWords[textOf(row['status'])] ?? ''
  return {
    quote: quote && {
      ...headOf('salesQuotes', quote, orderState(quote)),
      lines: linesIn('salesQuoteLines', quote),
    },
    order: order && {
      ...headOf('salesOrders', order, orderState(order)),
      lines: linesIn('salesOrderLines', order),
    },
    invoice: invoice && {
      ...headOf('salesInvoices', invoice, textOf(invoice['status']).toLowerCase()),
      lines: linesIn('salesInvoiceLines', invoice),
    },
  }
}

/** Lines with the comment lines that go on with their text. */
function linesRead(rows: readonly Row[], writeInItem: string): readonly LineHeld[] {
  const read: LineHeld[] = []
  for (const row of rows.toSorted((a, b) => numberOf(a['sequence']) - numberOf(b['sequence']))) {
    const last = read.at(-1)
    const text = textOf(row['description'])
    if (row['lineType'] === 'Comment' && last !== undefined)
      read.splice(-1, 1, { ...last, text: `${last.text} ${text}`, textLines: last.textLines + 1 })
    else
      read.push({
        text,
        isWriteIn: row['lineObjectNumber'] === writeInItem,
        quantity: numberOf(row['quantity']),
        price: numberOf(row['unitPrice']),
        shipped: numberOf(row['shippedQuantity']),
        textLines: 1,
      })
  }
  return read
}
