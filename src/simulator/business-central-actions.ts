/** Bound actions: posting, shipping, turning one document into the next. */

import type { Company } from './business-central-company.ts'
import { linesOf, linesOfDocument } from './business-central-documents.ts'
import { dialog, Refused } from './business-central-error.ts'
import { textOf } from './business-central-value.ts'
import type { View } from './business-central-schema.ts'
import type { Entry, Row } from './table.ts'

type Action = (company: Company, entry: Entry) => void

const invoices = 'Sales Invoice Header'
const shipments = 'Sales Shipment Header'

/** Runs an action, whatever the case of its name. Throws when the set has none of that name, or its rules refuse. */
export function runAction(company: Company, view: View, entry: Entry, name: string): void {
  const known = view.actions.find((action) => action.toLowerCase() === name.toLowerCase())
  const action = known === undefined ? undefined : actions[known]
  if (action === undefined) {
    throw new Refused('BadRequest_MethodNotImplemented', `The action '${name}' is not offered by '${view.set}'.`, 501)
  }
  action(company, entry)
}

/** What a person in the program does with a document, whether or not a page offers it. Throws when a rule refuses. */
export function act(company: Company, entry: Entry, name: string): void {
  const action = actions[name]
  if (action === undefined) throw new Error(`nobody can ${name}; there are ${Object.keys(actions).join(', ')}`)
  action(company, entry)
}

const actions: Readonly<Record<string, Action>> = {
  post,
  postAndSend: post,
  send: (company, entry) => {
    if (entry.row['Document Type'] === 'Quote') company.table('Sales Header').update(entry.key, { Status: 'Sent' })
  },
  cancel,
  cancelAndSend: cancel,
  makeCorrectiveCreditMemo: (company, entry) => {
    requirePosted(entry.row)
    company.table(invoices).update(entry.key, { Status: 'Corrective' })
  },
  shipAndInvoice: (company, entry) => {
    postShipment(company, entry)
    const posted = company.table(invoices).insert(invoiceOf(company, entry, company.newId()))
    moveLines(company, entry, posted, 'Sales Invoice Line')
    company.table('Sales Header').delete(entry.key)
    post(company, posted)
  },
  ship: (company, entry) => {
    postShipment(company, entry)
    for (const line of linesOfDocument(company, 'Sales Header', entry.key)) {
      const { Quantity: quantity } = line.row
      if (quantity !== undefined) company.table('Sales Line').update(line.key, { 'Quantity Shipped': quantity })
    }
    const shipped = { 'Completely Shipped': true, 'Last Shipment Date': company.today }
    company.table('Sales Header').update(entry.key, shipped)
  },
  makeInvoice: (company, entry) => {
    const draft = company.table(invoices).insert(invoiceOf(company, entry, company.newId()))
    moveLines(company, entry, draft, 'Sales Invoice Line')
    company.table('Sales Header').delete(entry.key)
  },
  makeOrder: (company, entry) => {
    const fields = { ...entry.row, SystemId: company.newId(), 'Document Type': 'Order', Status: 'Open' }
    const number = company.nextNumber('Sales Header', 'S-ORD')
    const order = company.table('Sales Header').insert({ ...fields, 'No.': number, 'Quote No.': entry.row['No.'] })
    moveLines(company, entry, order, 'Sales Line')
    company.table('Sales Header').delete(entry.key)
  },
  release: (company, entry) => {
    if (linesOfDocument(company, 'Sales Header', entry.key).length === 0) {
      throw dialog(
        `There is nothing to release for the document of type Order with the number ${textOf(entry.row['No.'])}.`,
      )
    }
    company.table('Sales Header').update(entry.key, { Status: 'Released' })
  },
  reopen: (company, entry) => {
    const { Status: status, 'Doc. No. Occurrence': occurrence } = entry.row
    if (status !== 'Released') return
    const versions = Number(entry.row['No. of Archived Versions'] ?? 0) + 1
    const fields = { Status: 'Open', 'Doc. No. Occurrence': occurrence ?? 1, 'No. of Archived Versions': versions }
    company.table('Sales Header').update(entry.key, fields)
  },
  restart: (company, entry) => {
    company.table('Job Queue Entry').update(entry.key, { Status: 'Ready' })
  },
}

/** Posts a draft: it gets its final number, keeps its id, and can no longer be edited. */
function post(company: Company, entry: Entry): void {
  const row = company.table(invoices).get(entry.key)?.row ?? entry.row
  if (row['Posted'] === true) throw dialog('The action can be applied to a draft invoice only.')
  if (linesOfDocument(company, invoices, entry.key).length === 0) throw dialog('There is nothing to post.')
  const number = company.nextNumber(invoices, 'PS-INV')
  const total = row['Amount Including VAT'] ?? 0
  company.table(invoices).update(entry.key, { Posted: true, Status: 'Open', 'No.': number, 'Remaining Amount': total })
  for (const line of linesOfDocument(company, invoices, entry.key)) {
    company.table(linesOf[invoices]).update(line.key, { 'Document No.': number })
  }
}

function cancel(company: Company, entry: Entry): void {
  requirePosted(entry.row)
  if (entry.row['Status'] === 'Canceled') {
    throw dialog('The invoice cannot be canceled because it has already been canceled.')
  }
  company.table(invoices).update(entry.key, { Status: 'Canceled', 'Remaining Amount': 0 })
}

function requirePosted(row: Row): void {
  if (row['Posted'] !== true) throw dialog('The action can be applied to a posted invoice only.')
}

/** The posted shipment of what an order has not shipped yet. */
function postShipment(company: Company, order: Entry): void {
  if (order.row['Completely Shipped'] === true) return
  const { 'Document Type': _type, Status: _status, SystemCreatedAt: _created, ...fields } = order.row
  const number = company.nextNumber(shipments, 'S-SHPT')
  const own = { SystemId: company.newId(), 'No.': number, 'Order No.': order.row['No.'], 'Posting Date': company.today }
  company.table(shipments).insert({ ...fields, ...own })
}

function invoiceOf(company: Company, order: Entry, id: string): Row {
  const { 'Document Type': type, SystemCreatedAt: _created, ...fields } = order.row
  const from = type === 'Order' ? { 'Order No.': order.row['No.'], 'Order Id': order.key } : {}
  return { ...fields, ...from, SystemId: id, Status: 'Draft', 'No.': company.nextNumber(invoices, 'S-INV') }
}

function moveLines(company: Company, from: Entry, to: Entry, table: 'Sales Line' | 'Sales Invoice Line'): void {
  for (const line of linesOfDocument(company, 'Sales Header', from.key)) {
    const place = { SystemId: company.newId(), 'Document Id': to.key, 'Document No.': to.row['No.'] }
    const type = table === 'Sales Line' ? to.row['Document Type'] : undefined
    company.table('Sales Line').delete(line.key)
    company.table(table).insert({ ...line.row, ...place, 'Document Type': type })
  }
}
