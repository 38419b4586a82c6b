/** Money: each amount has a twin in the base currency, and a row with amounts has a currency and its rate. */

import { reference } from './dataverse-reference.ts'
import type { Organization } from './dataverse-organization.ts'
import type { TableSchema } from './dataverse-schema.ts'
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
  const places = Number(currency.row['currencyprecision'] ?? 2)
  for (const [name] of amounts) {
    const amount = round(row[name] as number, amountPlaces(organization, name, places))
    values[name] = amount
    if (schema.columns[`${name}_base`] !== undefined) values[`${name}_base`] = round(amount / rate, 4)
  }
}

/** Prices are kept at the organisation's pricing precision, all other amounts at the currency's. */
function amountPlaces(organization: Organization, name: string, currencyPlaces: number): number {
  const isPrice = /price|cost|amount$/u.test(name)
  return isPrice
    ? Math.max(currencyPlaces, Number(organization.setting('pricingdecimalprecision') ?? 2))
    : currencyPlaces
}
