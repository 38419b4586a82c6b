/** The demo company of Business Central, as rows for `load`. */

import { chance, lastYear, stableId } from './chance.ts'
import type { Chance } from './chance.ts'
import { demoRows, text } from './demo-data.ts'
import type { DemoFolder, DemoRow } from './demo-data.ts'
import type { Row } from './table.ts'

/** Rows by set, in the order in which they have to be loaded. */
export type Rows = Map<string, Row[]>

const plainSets = [
  'countriesRegions',
  'currencies',
  'currencyExchangeRates',
  'paymentTerms',
  'paymentMethods',
  'shipmentMethods',
  'unitsOfMeasure',
  'salespeoplePurchasers',
  'locations',
  'itemCategories',
  'items',
  'customers',
  'vendors',
  'contacts',
  'opportunities',
  'ItemUnitsOfMeasure',
  'ResourceCard',
  'ResourceUnitsOfMeasure',
  'ShippingAgents',
  'ShippingAgentServices',
  'CustomerDiscGroups',
] as const

/** Sets that only the larger company has. */
const cronusSets = ['itemVariants', 'CustomerPriceGroups', 'SalesPriceList', 'PriceListLines', 'SalesPrices'] as const

/** Record words of the demo files that are no API property, and the table field that each fills. */
const fieldOf: Readonly<Record<string, string>> = {
  paymentTermsCode: 'Payment Terms Code',
  paymentMethodCode: 'Payment Method Code',
  shipmentMethodCode: 'Shipment Method Code',
  customerDiscountGroupCode: 'Customer Disc. Group',
  customerPriceGroupCode: 'Customer Price Group',
  billToCustomerNumber: 'Bill-to Customer No.',
  shippingAgentCode: 'Shipping Agent Code',
  shippingAgentServiceCode: 'Shipping Agent Service Code',
  locationCode: 'Location Code',
  primaryContactNumber: 'Primary Contact No.',
  salesUnitOfMeasureCode: 'Sales Unit of Measure',
  parentCategoryCode: 'Parent Category',
  contactCompanyNumber: 'Contact Company No.',
  salesCycleCode: 'Sales Cycle Code',
}

/** Words that only tell how records hang together; the loader has used them. */
const links = new Set(['companyContactNumber', 'customerNumber', 'vendorNumber', 'salespersonCode', 'lines'])

const keyWords: Readonly<Record<string, readonly string[]>> = {
  currencyExchangeRates: ['currencyCode', 'startingDate'],
  itemVariants: ['itemNumber', 'code'],
  ItemUnitsOfMeasure: ['Item_No', 'Code'],
  ResourceUnitsOfMeasure: ['Resource_No', 'Code'],
  ShippingAgentServices: ['Shipping_Agent_Code', 'Code'],
  PriceListLines: ['Price_List_Code', 'Line_No'],
  SalesPrices: ['Sales_Code', 'Item_No', 'Unit_of_Measure_Code', 'Starting_Date'],
}

/** Makes the rows of the demo company in `folder`. */
export function companyRows(folder: Exclude<DemoFolder, 'sales'>, seed: number, now: Date): Rows {
  const at = chance(seed)
  const home = folder === 'business-central' ? demoRows(folder, 'companyInformation')[0] : undefined
  const rows: Rows = new Map([
    ['companyInformation', [stamped('companyInformation', home ?? { ...contosoHome }, at, now)]],
    ['generalLedgerSetup', [stamped('generalLedgerSetup', { localCurrencyCode: 'GBP' }, at, now)]],
  ])
  const sets = folder === 'business-central' ? [...plainSets, ...cronusSets] : plainSets
  for (const set of sets) {
    rows.set(
      set,
      demoRows(folder, set).map((row) => stamped(set, withPhone(set, row, at), at, now)),
    )
  }
  addPostingGroups(rows, at, now)
  addDocuments(rows, 'salesOrders', demoRows(folder, 'salesOrders'), () => lastYear(now, at))
  addDocuments(rows, 'salesInvoices', demoRows(folder, 'salesInvoices'), () => lastYear(now, at))
  rows.set(
    'jobQueueEntries',
    jobQueue.map((row) => stamped('jobQueueEntries', row, at, now)),
  )
  return rows
}

const contosoHome: DemoRow = {
  displayName: 'Contoso Coffee Ltd.',
  addressLine1: '5 The Ring',
  city: 'London',
  country: 'GB',
  postalCode: 'W2 8HG',
  currencyCode: 'GBP',
}

const jobQueue: readonly DemoRow[] = [
  { jobQueueEntryId: stableId('jobQueue', 'sync'), description: 'Job Queue - Housekeeping', status: 'Ready' },
  { jobQueueEntryId: stableId('jobQueue', 'cost'), description: 'Adjust Cost - Item Entries', status: 'On Hold' },
]

/** The integration of the company's own: one job a table mapping, some asleep, one held; and its statistics. */
const nativeMappings: readonly (readonly [string, string, string])[] = [
  ['CUSTOMER', 'Ready', 'BCI CUST'],
  ['CONTACT', 'On Hold with Inactivity Timeout', 'BCI CUST'],
  ['CURRENCY', 'On Hold', ''],
  ['ITEM-PRODUCT', 'Ready', ''],
  ['PAYMENT TERMS', 'On Hold with Inactivity Timeout', 'BCI OPTION'],
]

/** Adds what a company shows whose own integration with Sales is at work: its jobs, and units that it holds coupled. */
export function addNativeIntegration(rows: Rows, seed: number, now: Date): void {
  const at = chance(seed)
  const job = (name: string, row: DemoRow): Row =>
    stamped(
      'jobQueueEntries',
      { jobQueueEntryId: stableId('jobQueue', name), objectTypeToRun: 'Codeunit', recurringJob: true, ...row },
      at,
      now,
    )
  const mapped = nativeMappings.map(([name, status, jobQueueCategoryCode]) =>
    job(name, {
      description: `${name} - Dataverse synchronization job.`,
      objectIdToRun: 5339,
      objectCaptionToRun: 'Integration Synch. Job Runner',
      recordIdToProcess: `Integration Table Mapping: ${name}`,
      numberOfMinutesBetweenRuns: 30,
      status,
      jobQueueCategoryCode,
    }),
  )
  const statistics = job('statistics', {
    description: 'Customer Statistics - Dynamics 365 Sales synchronization job',
    objectIdToRun: 5350,
    objectCaptionToRun: 'CRM Statistics Job',
    status: 'Ready',
  })
  rows.set('jobQueueEntries', [...(rows.get('jobQueueEntries') ?? []), ...mapped, statistics])
  const units = rows.get('ItemUnitsOfMeasure') ?? []
  rows.set(
    'ItemUnitsOfMeasure',
    units.map((unit) => ({ ...unit, 'Coupled to Dataverse': true })),
  )
}

/** The key of a demo record as its file states it. */
function keyOf(set: string, row: DemoRow): string {
  const words = keyWords[set]
  if (words !== undefined) return words.map((word) => String(row[word])).join('|')
  const word = ['number', 'code', 'Code', 'No', 'jobQueueEntryId'].find((name) => row[name] !== undefined)
  return word === undefined ? '' : text(row, word)
}

/** The id of a record of the demo company: the same in every run. */
export function recordId(set: string, key: string): string {
  return stableId('businessCentral', set, key)
}

function stamped(set: string, row: DemoRow, at: Chance, now: Date): Row {
  return { ...inTableWords(set, row), SystemId: recordId(set, keyOf(set, row)), SystemModifiedAt: lastYear(now, at) }
}

function inTableWords(set: string, row: DemoRow): Row {
  const result: Record<string, unknown> = {}
  for (const [word, value] of Object.entries(row)) {
    const field = fieldOf[word]
    if (field !== undefined && value !== '') result[field] = value
    else if (field === undefined && !links.has(word)) result[word] = value
  }
  return { ...result, ...linkFields(set, row) }
}

/** What the link words of a record become in its table. */
function linkFields(set: string, row: DemoRow): Row {
  const salesperson = text(row, 'salespersonCode')
  if (set === 'contacts') return contactFields(row)
  if (set === 'items') return { 'Vendor No.': text(row, 'vendorNumber') }
  if (set === 'salesOrders' || set === 'salesInvoices') return { customerNumber: text(row, 'customerNumber') }
  return salesperson === '' ? {} : { 'Salesperson Code': salesperson }
}

const titles = /^(?:mr|mrs|ms|miss|dr|prof)\.?$/iu

function contactFields(row: DemoRow): Row {
  const words = text(row, 'displayName')
    .split(' ')
    .filter((word) => word !== '' && !titles.test(word))
  const person = text(row, 'type') === 'Person'
  return {
    'Customer No.': text(row, 'customerNumber'),
    'Vendor No.': text(row, 'vendorNumber'),
    'Salesperson Code': text(row, 'salespersonCode'),
    ...(person && {
      'First Name': words.slice(0, words.length > 2 ? -2 : -1).join(' '),
      'Middle Name': words.length > 2 ? words.at(-2) : '',
      Surname: words.at(-1) ?? '',
    }),
  }
}

/** The samples have no telephone numbers; three in five get one of the numbers reserved for fiction. */
function withPhone(set: string, row: DemoRow, at: Chance): DemoRow {
  if (!['customers', 'vendors', 'contacts'].includes(set) || text(row, 'phoneNumber') !== '') return row
  if (at.next() > 0.6) return row
  return { ...row, phoneNumber: fictionPhone(text(row, 'country'), at) }
}

/** A telephone number that nobody has: of Ofcom's drama range for GB, of the 555 range elsewhere. */
export function fictionPhone(country: string, at: Chance): string {
  const digits = String(at.below(1000)).padStart(3, '0')
  if (country === 'GB') return `+44 20 7946 0${digits}`
  return `+1 425 555 0${String(100 + at.below(100))}`
}

/** Posting groups stand in the samples only as codes of items. */
function addPostingGroups(rows: Rows, at: Chance, now: Date): void {
  const items = rows.get('items') ?? []
  const groups = {
    generalProductPostingGroups: 'generalProductPostingGroupCode',
    inventoryPostingGroups: 'inventoryPostingGroupCode',
  }
  for (const [set, property] of Object.entries(groups)) {
    const codes = [...new Set(items.map((item) => text(item, property)))].filter((code) => code !== '').sort()
    rows.set(
      set,
      codes.map((code) => stamped(set, { code, description: code }, at, now)),
    )
  }
}

function addDocuments(
  rows: Rows,
  set: 'salesOrders' | 'salesInvoices',
  documents: DemoRow[],
  moment: () => string,
): void {
  const lineSet = set === 'salesOrders' ? 'salesOrderLines' : 'salesInvoiceLines'
  const headers: Row[] = []
  const lines: Row[] = []
  for (const document of documents) {
    const id = recordId(set, keyOf(set, document))
    const stamp = moment()
    headers.push({ ...inTableWords(set, document), SystemId: id, SystemModifiedAt: stamp })
    for (const line of (document['lines'] ?? []) as DemoRow[]) {
      const key = `${text(document, 'number')}|${String(line['sequence'])}`
      lines.push({
        ...inTableWords(lineSet, line),
        documentId: id,
        'Document No.': document['number'],
        SystemId: recordId(lineSet, key),
        SystemModifiedAt: stamp,
      })
    }
  }
  rows.set(set, headers)
  rows.set(lineSet, lines)
}
