/** Money: each amount has a twin in the base currency, and a row with amounts has a currency and its rate. */

import { reference } from './dataverse-reference.ts'
import type { Organization } from './dataverse-organization.ts'
import type { Column, TableSchema } from './dataverse-schema.ts'
import { round } from './dataverse-values.ts'
import type { Row } from './table.ts'

/** Tables whose rows have a currency even without an amount. */
const ALWAYS: ReadonlySet<string> = new Set([
  'product',
  'pricelevel',
  'productpricelevel',
  'opportunity',
  'opportunityproduct',
  'quote',
  'quotedetail',
  'salesorder',
  'salesorderdetail',
  'invoice',
  'invoicedetail',
])

/** Adds currency, rate and base amounts to `values`. `row` is the whole row as it will be. */
export function addMoney(
  organization: Organization,
  schema: TableSchema,
  values: Record<string, unknown>,
  row: Row,
): void {
  if (schema.columns['transactioncurrencyid'] === undefined) return
  const amounts = Object.entries(schema.columns).filter(
    ([name, column]) => column.type === 'Money' && !name.endsWith('_base') && typeof row[name] === 'number',
  )
  if (amounts.length === 0 && !ALWAYS.has(schema.logical)) return
  const given = row['_transactioncurrencyid_value'] as string | null | undefined
  const currency = organization.table('transactioncurrency').get(given ?? '') ?? organization.baseCurrency()
  if (given !== currency.key)
    Object.assign(values, reference('transactioncurrencyid', 'transactioncurrency', currency.key))
  const rate = Number(currency.row['exchangerate'] ?? 1)
  if (schema.columns['exchangerate'] !== undefined) values['exchangerate'] = rate
  for (const [name, column] of amounts) {
    const places = [
      column.precision,
      organization.setting('pricingdecimalprecision'),
      currency.row['currencyprecision'],
    ]
    const amount = round(row[name] as number, Number(places[precisionSource(schema.logical, name, column)] ?? 2))
    values[name] = amount
    if (schema.columns[`${name}_base`] !== undefined) values[`${name}_base`] = round(amount / rate, 4)
  }
}

/** Where the decimals of a money column come from: 0 its own, 1 those of prices, 2 those of the currency. */
export function precisionSource(table: string, name: string, column: Column): 0 | 1 | 2 {
  if (column.precision !== undefined) return 0
  return /price|cost/u.test(name) || (table === 'productpricelevel' && name === 'amount') ? 1 : 2
}
