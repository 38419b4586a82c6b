/** What Business Central does of itself when a record is written: required fields, numbers, names, related records. */

import { carryToItem, numberedEntry } from './business-central-ledger.ts'
import type { Company } from './business-central-company.ts'
import { documentRules, lineRules, noteRules } from './business-central-documents.ts'
import { dialog } from './business-central-error.ts'
import type { Fields } from './business-central-input.ts'
import type { TableRules } from './business-central-table-rules.ts'
import { textOf } from './business-central-value.ts'
import type { Entry, Row } from './table.ts'

/** The rules of a table; a table without rules has none. */
export function rulesOf(table: string): TableRules {
  return rules[table] ?? {}
}

const nameRequired = 'A "displayName" must be provided.'
const nameNotBlank = 'The blank "displayName" is not allowed.'

function requireName(fields: Fields): void {
  if (fields['Name'] === undefined) throw dialog(nameRequired)
  refuseBlankName(fields)
}

function refuseBlankName(changes: Fields): void {
  if (typeof changes['Name'] === 'string' && changes['Name'].trim() === '') throw dialog(nameNotBlank)
}

function numbered(company: Company, table: string, letter: string, fields: Fields): Fields {
  if (fields['No.'] !== undefined && fields['No.'] !== '') return fields
  return { ...fields, 'No.': company.nextNumber(table, letter) }
}

/** Fields that a customer or vendor shares with its company contact. */
const shared = [
  'Name',
  'Address',
  'Address 2',
  'City',
  'County',
  'Post Code',
  'Country/Region Code',
  'Phone No.',
  'E-Mail',
  'Home Page',
  'Salesperson Code',
]

function sharedFields(row: Row): Fields {
  return Object.fromEntries(shared.filter((field) => row[field] !== undefined).map((field) => [field, row[field]]))
}

/** Customers and vendors: a number, a name, a company contact that follows. */
function partner(table: 'Customer' | 'Vendor', letter: string): TableRules {
  const link = `${table} No.`
  return {
    inserting: (company, fields) => {
      if (table === 'Customer') requireName(fields)
      return numbered(company, table, letter, fields)
    },
    inserted: (company, { row }) => {
      const fields = { ...sharedFields(row), Type: 'Company', [link]: row['No.'], 'Contact Business Relation': table }
      insertContact(company, fields)
    },
    modifying: (_company, _before, changes) => {
      refuseBlankName(changes)
      return changes
    },
    modified: (company, { row }, before) => {
      const [contact] = company.table('Contact').lookup(link, [before['No.']])
      if (contact === undefined) return
      const followed = Object.entries(sharedFields(row)).filter(([field, value]) => value !== before[field])
      if (row['No.'] !== before['No.']) followed.push([link, row['No.']])
      if (followed.length > 0) company.table('Contact').update(contact.key, Object.fromEntries(followed))
    },
    deleting: (company, { row }) => {
      if (table === 'Customer') refuseOpenDocuments(company, textOf(row['No.']))
      for (const contact of company.table('Contact').lookup(link, [row['No.']])) unlink(company, contact, link)
    },
  }
}

/** The relation that a company contact has left is also that of its persons. */
function unlink(company: Company, { key, row }: Entry, link: string): void {
  const contacts = company.table('Contact')
  const [left] = ['Customer', 'Vendor'].filter((table) => `${table} No.` !== link && textOf(row[`${table} No.`]) !== '')
  const relation = { 'Contact Business Relation': left ?? 'None' }
  for (const person of contacts.lookup('Company No.', [row['No.']])) contacts.update(person.key, relation)
  contacts.update(key, { ...relation, [link]: '' })
}

function refuseOpenDocuments(company: Company, number: string): void {
  const [open] = company.table('Sales Header').lookup('Sell-to Customer No.', [number])
  const drafts = company.table('Sales Invoice Header').lookup('Sell-to Customer No.', [number])
  const kind = open?.row['Document Type'] ?? (drafts.some(({ row }) => row['Posted'] !== true) ? 'Invoice' : undefined)
  if (kind === undefined) return
  throw dialog(
    `You cannot delete Customer ${number} because there is at least one outstanding Sales ${textOf(kind)} for this customer.`,
  )
}

/** Puts a contact through its own rules. */
function insertContact(company: Company, fields: Fields): void {
  const completed = insertingContact(company, fields)
  completed['Company No.'] ??= completed['No.']
  company.table('Contact').insert({ SystemId: company.newId(), ...completed })
}

function insertingContact(company: Company, fields: Fields): Fields {
  const named = { ...fields, ...personName({}, fields) }
  requireName(named)
  const made = numbered(company, 'Contact', 'CT', named)
  if (made['Type'] === 'Person') return { ...made, ...companyOf(company, made) }
  return { ...made, 'Company No.': made['No.'], 'Company Name': made['Name'] }
}

/** A person takes name and business relation of its company. */
function companyOf(company: Company, fields: Fields): Fields {
  const number = fields['Company No.']
  const head = number === undefined || number === '' ? undefined : company.find('Contact', number)
  if (head === undefined) return {}
  const relation = head.row['Contact Business Relation'] ?? '_x0020_'
  return { 'Company Name': head.row['Name'] ?? '', 'Contact Business Relation': relation }
}

/**
 * Keeps a person's name and its parts together: writing the name splits it at its spaces (last word the surname, the
 * word before it the middle name, the rest the first name), writing a part composes the name.
 */
function personName(before: Row, changes: Fields): Fields {
  if ((changes['Type'] ?? before['Type']) !== 'Person') return {}
  const parts = ['First Name', 'Middle Name', 'Surname']
  if (parts.some((part) => changes[part] !== undefined)) {
    const name = parts.map((part) => textOf(changes[part] ?? before[part]).trim()).filter((word) => word !== '')
    return { Name: name.join(' ') }
  }
  if (typeof changes['Name'] !== 'string' || changes['Name'] === before['Name']) return {}
  const words = changes['Name'].split(' ').filter((word) => word !== '')
  const surname = words.length > 1 ? words.pop() : ''
  const middle = words.length > 1 ? words.pop() : ''
  return { 'First Name': words.join(' '), 'Middle Name': middle, Surname: surname }
}

const contact: TableRules = {
  inserting: insertingContact,
  modifying: (company, before, changes) => {
    refuseBlankName(changes)
    const moved = changes['Company No.'] === undefined ? {} : companyOf(company, changes)
    return { ...changes, ...personName(before, changes), ...moved }
  },
  modified: (company, { row }, before) => {
    if (row['Type'] === 'Person' || row['Name'] === before['Name']) return
    for (const person of company.table('Contact').lookup('Company No.', [row['No.']])) {
      if (person.row['Type'] === 'Person') company.table('Contact').update(person.key, { 'Company Name': row['Name'] })
    }
  },
}

const item: TableRules = {
  inserting: (company, fields) => {
    if (fields['Inventory'] !== undefined && fields['Inventory'] !== 0) {
      throw dialog('Inventory cannot be changed during on insert.')
    }
    return numbered(company, 'Item', '1', fields)
  },
  inserted: (company, { row }) => ensureBaseUnit(company, row),
  modified: (company, { row }) => ensureBaseUnit(company, row),
  deleting: (company, { row }) => {
    const used = company.table('Sales Line').find((line) => line['API Type'] === 'Item' && line['No.'] === row['No.'])
    if (used.length > 0) {
      const text = `You cannot delete Item ${textOf(row['No.'])} because there is at least one outstanding`
      throw dialog(`${text} Sales ${textOf(used[0]?.row['Document Type'])} that includes this item.`)
    }
    for (const unit of company.table('Item Unit of Measure').lookup('Item No.', [row['No.']])) {
      company.table('Item Unit of Measure').delete(unit.key)
    }
  },
}

/** An item always has its base unit among its units, one to one. */
function ensureBaseUnit(company: Company, row: Row): void {
  const [number, code] = [row['No.'], row['Base Unit of Measure']]
  if (code === undefined || code === '' || company.find('Item Unit of Measure', number, code) !== undefined) return
  company
    .table('Item Unit of Measure')
    .insert({ SystemId: company.newId(), 'Item No.': number, Code: code, 'Qty. per Unit of Measure': 1 })
}

const opportunity: TableRules = {
  inserting: (company, fields) => {
    const person = company.find('Contact', fields['Contact No.'])?.row
    const names = person && { 'Contact Name': person['Name'], 'Contact Company Name': person['Company Name'] }
    return numbered(company, 'Opportunity', 'OP', { 'Creation Date': company.today, ...fields, ...names })
  },
  modifying: (_company, before, changes) => {
    const closed = before['Status'] === 'Won' || before['Status'] === 'Lost'
    if (closed && changes['Contact No.'] !== undefined && changes['Contact No.'] !== before['Contact No.']) {
      throw dialog('The "contactNumber of a Won or Lost Opportunity cannot be changed')
    }
    if (
      closed &&
      changes['Salesperson Code'] !== undefined &&
      changes['Salesperson Code'] !== before['Salesperson Code']
    ) {
      throw dialog('The "salespersonCode" of a Won or Lost Opportunity cannot be changed')
    }
    return changes
  },
}

/** Lines of a price list number themselves. */
const priceLine: TableRules = {
  inserting: (company, fields) => {
    const list = textOf(fields['Price List Code'])
    const lines = company.table('Price List Line').lookup('Price List Code', [list])
    const last = Math.max(0, ...lines.map(({ row }) => Number(row['Line No.'] ?? 0)))
    return { 'Line No.': last + 10_000, ...fields }
  },
}

const itemEntry: TableRules = {
  inserting: (company, fields) => numberedEntry(company, fields),
  inserted: (company, { row }) => carryToItem(company, row),
}

const rules: Readonly<Record<string, TableRules>> = {
  'Item Ledger Entry': itemEntry,
  Customer: partner('Customer', 'C'),
  Vendor: partner('Vendor', 'V'),
  Contact: contact,
  Item: item,
  Opportunity: opportunity,
  'Price List Line': priceLine,
  'Sales Header': documentRules('Sales Header'),
  'Sales Invoice Header': documentRules('Sales Invoice Header'),
  'Sales Cr.Memo Header': documentRules('Sales Cr.Memo Header'),
  'Sales Line': lineRules('Sales Header'),
  'Sales Invoice Line': lineRules('Sales Invoice Header'),
  'Sales Cr.Memo Line': lineRules('Sales Cr.Memo Header'),
  'Order Note': noteRules,
}
