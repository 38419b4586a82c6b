/** The item ledger: every movement of stock is an entry, and an item's inventory is the sum of them. */

import type { Company } from './business-central-company.ts'
import type { Row } from './table.ts'

/** Numbers entries from the last one on. */
export function numberedEntry(company: Company, fields: Row): Row {
  const last = company.table('Item Ledger Entry').entries()
  let number = 0
  for (const { row } of last) number = Math.max(number, Number(row['Entry No.'] ?? 0))
  return { 'Entry No.': number + 1, 'Posting Date': company.today, ...fields }
}

/** What an entry does to its item: a flow field moves neither stamp nor etag. */
export function carryToItem(company: Company, entry: Row): void {
  const item = company.find('Item', entry['Item No.'])
  if (item === undefined) return
  const inventory = Number(item.row['Inventory'] ?? 0) + Number(entry['Quantity'] ?? 0)
  company.stampedAt('kept', () => company.table('Item').update(item.key, { Inventory: inventory }))
}

/** An inventory that was typed in is posted as an adjustment. */
export function postAdjustment(company: Company, item: Row, inventory: unknown): void {
  const quantity = Number(inventory) - Number(item['Inventory'] ?? 0)
  if (quantity === 0) return
  const kind = quantity > 0 ? 'Positive_x0020_Adjmt.' : 'Negative_x0020_Adjmt.'
  const fields = { 'Item No.': item['No.'], 'Entry Type': kind, Quantity: quantity }
  company.table('Item Ledger Entry').insert({ SystemId: company.newId(), ...numberedEntry(company, fields) })
}
