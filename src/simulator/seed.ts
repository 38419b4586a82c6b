/** The filled worlds: a Business Central company and a Sales organisation that overlap as real ones do. */

import { text } from './demo-data.ts'
import { generateCompany } from './generate.ts'
import type { GenerateOptions, Sizes } from './generate.ts'
import { addNativeIntegration, companyRows } from './seed-business-central.ts'
import type { Rows } from './seed-business-central.ts'
import { addOverlap } from './seed-overlap.ts'
import { sampleChoices, sampleRows } from './seed-sales.ts'
import type { Choice } from './seed-sales.ts'

/** What to fill the two services with. */
export interface SeedOptions {
  /**
   * `cronus`: the extended demo company, 66 customers. `contoso`: the small one that a trial shows, 5 customers and
   * 218 invoices. `empty`: setup only (currencies, countries, terms, salespeople), no business records. @default 'cronus'
   */
  readonly company?: 'cronus' | 'contoso' | 'empty'
  /**
   * Share of customers, vendors, their persons, items and currencies that were typed into Sales before, 0 to 1: in turn
   * with equal account number, only with equal name and post code, with another phone and city, and with blanks that
   * Business Central could fill; the last customer and the last vendor stand there twice. @default 0.5
   */
  readonly overlap?: number
  /** Sets of Business Central that are left empty, e.g. `vendors`. @default none */
  readonly without?: readonly string[]
  /** Adds generated records to the company: numbers `C00001`, `I00001` and so on. @default none */
  readonly sizes?: Sizes
  /** The company's own integration with Sales is at work: its jobs stand in the job queue, and it holds units coupled. @default false */
  readonly native?: boolean
  /** Any whole number: the same seed gives the same rows. @default 1 */
  readonly seed?: number
  /** Stamps are spread over the year before, none within the last hour. @default the present */
  readonly now?: Date
}

/** Rows for both services; hand each set to `load`, in the order of the map. */
export interface Seed {
  /** The company's name, as `companies` shows it. */
  readonly company: string
  readonly businessCentral: Rows
  readonly sales: Rows
  /** Options of choice columns for the organisation's metadata. */
  readonly choices: readonly Choice[]
  /** ISO code of the organisation's base currency: the company's local one. */
  readonly baseCurrency: string
}

const names = {
  cronus: 'CRONUS International Ltd.',
  contoso: 'Contoso Coffee Ltd.',
  empty: 'CRONUS International Ltd.',
}

/** Sets that hold what the business is about; an empty company has the rest. */
const business = new Set([
  'items',
  'itemVariants',
  'customers',
  'vendors',
  'contacts',
  'opportunities',
  'salesOrders',
  'salesOrderLines',
  'salesInvoices',
  'salesInvoiceLines',
  'ItemUnitsOfMeasure',
  'ResourceCard',
  'ResourceUnitsOfMeasure',
  'SalesPriceList',
  'PriceListLines',
  'SalesPrices',
])

const leftEmpty = ({ company, without = [] }: SeedOptions): readonly string[] =>
  company === 'empty' ? [...business, ...without] : without

/** Makes the rows of both services. */
export function seed(options: SeedOptions = {}): Seed {
  const { company = 'cronus', overlap = 0.5, seed: start = 1, now = new Date() } = options
  const rows = companyRows(company === 'contoso' ? 'business-central-contoso' : 'business-central', start, now)
  for (const set of leftEmpty(options)) rows.set(set, [])
  if (options.native === true) addNativeIntegration(rows, start, now)
  addGenerated(rows, { ...options.sizes, seed: start, now })
  const base = baseCurrency(rows)
  const sales = sampleRows(start + 1, now, base)
  const choices = sampleChoices()
  if (overlap > 0)
    addOverlap(sales, rows, { share: overlap, seed: start + 2, now, paymentTerms: paymentTerms(choices) })
  return { company: names[company], businessCentral: rows, sales, choices, baseCurrency: base.code }
}

function addGenerated(rows: Rows, options: GenerateOptions): void {
  for (const [set, made] of generateCompany(options)) {
    if (made.length > 0) rows.set(set, [...(rows.get(set) ?? []), ...made])
  }
}

function paymentTerms(choices: readonly Choice[]): Map<string, number> {
  const options = choices.find((choice) => choice.column === 'paymenttermscode')?.options ?? []
  return new Map(options.map((option) => [option.label, option.value]))
}

/** Sales keeps its books in the company's local currency; the dollars of the samples are a foreign one. */
function baseCurrency(rows: Rows): { code: string; row: Record<string, unknown> } {
  const code = text(rows.get('generalLedgerSetup')?.[0] ?? {}, 'localCurrencyCode')
  const row = (rows.get('currencies') ?? []).find((currency) => currency['code'] === code) ?? {}
  const dollar = (rows.get('currencyExchangeRates') ?? []).find((rate) => rate['currencyCode'] === 'USD') ?? {}
  const rate = Number(dollar['exchangeRateAmount'] ?? 1) / Number(dollar['relationalExchangeRateAmount'] ?? 1)
  return {
    code,
    row: {
      isocurrencycode: code,
      currencyname: text(row, 'displayName') || code,
      currencysymbol: text(row, 'symbol') || code,
      exchangerate: 1,
      currencyprecision: 2,
      statecode: 0,
      statuscode: 1,
      dollars: Math.round(rate * 1e10) / 1e10,
    },
  }
}
