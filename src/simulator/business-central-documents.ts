/** Sales documents: defaults from customer and item, amounts, what a posted document still allows. */

import { documentAmounts, lineAmounts } from './business-central-amounts.ts'
import type { Company } from './business-central-company.ts'
import { dialog } from './business-central-error.ts'
import type { Fields } from './business-central-input.ts'
import { textOf } from './business-central-value.ts'
import type { TableRules } from './business-central-table-rules.ts'
import type { Entry, Row } from './table.ts'

type HeaderTable = 'Sales Header' | 'Sales Invoice Header' | 'Sales Cr.Memo Header'
type LineTable = 'Sales Line' | 'Sales Invoice Line' | 'Sales Cr.Memo Line'

/** The line table of each header table. */
export const linesOf: Readonly<Record<HeaderTable, LineTable>> = {
  'Sales Header': 'Sales Line',
  'Sales Invoice Header': 'Sales Invoice Line',
  'Sales Cr.Memo Header': 'Sales Cr.Memo Line',
}

/** Letters of the number series, by document type where a table has several. */
const series: Readonly<Record<string, string>> = {
  Order: 'S-ORD',
  Quote: 'S-QUO',
  'Sales Invoice Header': 'S-INV',
  'Sales Cr.Memo Header': 'S-CR',
}

/** The rules of a header table. */
export function documentRules(table: HeaderTable): TableRules {
  return {
    inserting: (company, set) => {
      const number = company.nextNumber(table, series[textOf(set['Document Type'] ?? table)] ?? 'S')
      const status = set['Document Type'] === 'Order' ? 'Open' : 'Draft'
      return {
        ...fromCustomer(company, set),
        'Document Date': company.today,
        'Posting Date': company.today,
        Status: status,
        ...set,
        'No.': number,
      }
    },
    modifying: (company, before, changes) => {
      refusePosted(before)
      const customer = changes['Sell-to Customer No.']
      if (customer === undefined || customer === before['Sell-to Customer No.']) return changes
      return { ...fromCustomer(company, changes), ...changes }
    },
    modified: (company, entry) => total(company, table, entry.key),
    deleting: (company, entry) => {
      refusePosted(entry.row)
      for (const line of linesOfDocument(company, table, entry.key)) company.table(linesOf[table]).delete(line.key)
    },
  }
}

function refusePosted(row: Row): void {
  if (row['Posted'] === true) throw dialog('The action can be applied to a draft invoice only.')
}

/** What a header takes over from its customer. Throws when there is none, or it is blocked. */
function fromCustomer(company: Company, fields: Fields): Fields {
  const number = fields['Sell-to Customer No.']
  if (number === undefined || number === '') throw dialog('A "customerNumber" or a "customerId" must be provided.')
  const customer = company.find('Customer', number)?.row
  if (customer === undefined) throw dialog('The sell-to customer cannot be found.')
  if (customer['Blocked'] === 'All') {
    throw dialog(`You cannot create this type of document when Customer ${textOf(number)} is blocked with type All`)
  }
  return { ...partyFields(company, customer, fields), ...copied(customer) }
}

/** Names and addresses of who buys, who receives, who pays. */
function partyFields(company: Company, customer: Row, fields: Fields): Fields {
  const payerNumber = fields['Bill-to Customer No.'] || customer['Bill-to Customer No.'] || customer['No.']
  const payer = company.find('Customer', payerNumber)?.row ?? customer
  return {
    ...address(customer, 'Sell-to', 'Sell-to Customer Name'),
    ...address(customer, 'Ship-to', 'Ship-to Name'),
    ...address(payer, 'Bill-to', 'Bill-to Name'),
    'Bill-to Customer No.': payer['No.'],
    'Sell-to Phone No.': customer['Phone No.'] ?? '',
    'Sell-to E-Mail': customer['E-Mail'] ?? '',
  }
}

function copied(customer: Row): Fields {
  const fields = [
    'Currency Code',
    'Payment Terms Code',
    'Shipment Method Code',
    'Shipping Agent Code',
    'Salesperson Code',
  ]
  return {
    ...Object.fromEntries(fields.map((field) => [field, customer[field] ?? ''])),
    'Prices Including VAT': customer['Prices Including VAT'] === true,
  }
}

function address(customer: Row, prefix: string, name: string): Fields {
  const fields = ['Address', 'Address 2', 'City', 'County', 'Post Code', 'Country/Region Code']
  return {
    [name]: customer['Name'] ?? '',
    ...Object.fromEntries(fields.map((field) => [`${prefix} ${field}`, customer[field] ?? ''])),
  }
}

/** The rules of the lines below a header table. */
export function lineRules(header: HeaderTable): TableRules {
  const document = (company: Company, row: Row): Entry => {
    const found = company.table(header).get(textOf(row['Document Id'] ?? ''))
    if (found === undefined) throw dialog('You must specify an Id or a Document Id to get the lines.')
    return found
  }
  return {
    inserting: (company, fields) => {
      const { row } = openDocument(document(company, fields))
      const place = { 'Document No.': row['No.'], 'Line No.': lineNumber(company, header, fields) }
      return lineAmounts(company, row, { ...fromObject(company, fields), ...taxOf(row), ...fields, ...place })
    },
    inserted: (company, { row }) => total(company, header, textOf(row['Document Id'])),
    modifying: (company, before, changes) => {
      const { row } = openDocument(document(company, before))
      refuseChange(before, changes, 'Document Id', 'The value for "documentId" cannot be modified.')
      const sequence = 'The value for sequence cannot be modified. Delete and insert the line again.'
      refuseChange(before, changes, 'Line No.', sequence)
      const renamed = changes['No.'] !== undefined && changes['No.'] !== before['No.']
      const object = renamed ? fromObject(company, { ...before, ...changes }) : {}
      const after: Fields = { ...before, ...object, ...changes }
      if (changes['Line Discount Amount'] !== undefined) delete after['Line Discount %']
      return lineAmounts(company, row, after)
    },
    modified: (company, { row }) => total(company, header, textOf(row['Document Id'])),
    deleting: (company, entry) => {
      openDocument(document(company, entry.row))
      total(company, header, textOf(entry.row['Document Id']), entry.key)
    },
  }
}

function openDocument(entry: Entry): Entry {
  refusePosted(entry.row)
  if (entry.row['Status'] === 'Released') {
    const which = `Document Type=${textOf(entry.row['Document Type'])}, No.=${textOf(entry.row['No.'])}`
    throw dialog(`Status must be equal to 'Open'  in Sales Header: ${which}. Current value is 'Released'.`)
  }
  return entry
}

function refuseChange(before: Row, changes: Fields, field: string, text: string): void {
  if (changes[field] !== undefined && changes[field] !== before[field]) throw dialog(text)
}

function lineNumber(company: Company, header: HeaderTable, fields: Fields): number {
  const lines = linesOfDocument(company, header, textOf(fields['Document Id']))
  const taken = lines.map(({ row }) => Number(row['Line No.']))
  const wanted = fields['Line No.']
  if (typeof wanted !== 'number' || wanted === 0) return Math.max(0, ...taken) + 10_000
  if (taken.includes(wanted)) throw dialog(`The line with sequence ${wanted} already exists.`)
  return wanted
}

/** Text, unit and price of the item or resource of a line. */
function fromObject(company: Company, fields: Fields): Fields {
  const type = fields['API Type'] ?? (fields['No.'] === undefined ? 'Comment' : 'Item')
  if (type !== 'Item' && type !== 'Resource') return { 'API Type': type }
  const row = company.find(type, fields['No.'])?.row
  if (row === undefined) throw dialog(`${type} does not exist.`)
  return {
    'API Type': type,
    Description: row['Description'] ?? row['Name'] ?? '',
    'Unit of Measure Code': row['Sales Unit of Measure'] || row['Base Unit of Measure'] || '',
    'Unit Price': row['Unit Price'] ?? 0,
  }
}

/** The demo company sells at 25 % VAT at home and none abroad. */
function taxOf(header: Row): Fields {
  const home = header['Sell-to Country/Region Code'] === 'GB' || !header['Sell-to Country/Region Code']
  return { 'VAT %': home ? 25 : 0, 'Tax Code': home ? 'VAT25' : '' }
}

/** The lines of a document, in their order. */
export function linesOfDocument(company: Company, header: HeaderTable, id: string): Entry[] {
  return company.table(linesOf[header]).lookup('Document Id', [id])
}

/** Writes the totals of a document anew where a line has moved them; `without` is a line about to be deleted. */
function total(company: Company, header: HeaderTable, id: string, without?: string): void {
  const before = company.table(header).get(id)
  if (before === undefined) return
  const lines = linesOfDocument(company, header, id).filter((line) => line.key !== without)
  const { totals, ofLines } = documentAmounts(
    company,
    before.row,
    lines.map(({ row }) => row),
  )
  for (const [index, { key, row }] of lines.entries()) {
    const amounts = ofLines[index] as Fields
    if (hasMoved(row, amounts)) company.table(linesOf[header]).update(key, amounts)
  }
  if (hasMoved(before.row, totals)) company.table(header).update(id, totals)
}

const hasMoved = (row: Row, amounts: Fields): boolean =>
  Object.entries(amounts).some(([field, value]) => (row[field] ?? 0) !== value)

/** Notes on an order, numbered as they come. */
export const noteRules: TableRules = {
  inserting: (company, fields) => {
    const id = textOf(fields['Document Id'] ?? '')
    if (company.table('Sales Header').get(id) === undefined) throw dialog('The order of the note does not exist.')
    const taken = company.table('Order Note').lookup('Document Id', [id])
    return { ...fields, 'Line No.': Math.max(0, ...taken.map(({ row }) => Number(row['Line No.']))) + 10_000 }
  },
}
