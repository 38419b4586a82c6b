/** Microsoft's sample records of Dynamics 365 Sales, as rows for `load`. */

import { chance, lastYear, stableId } from './chance.ts'
import type { Chance } from './chance.ts'
import { demoRows, text } from './demo-data.ts'
import type { DemoRow } from './demo-data.ts'
import type { Rows } from './seed-business-central.ts'
import type { Row } from './table.ts'

/** A choice column and its options, for the organisation's metadata. */
export interface Choice {
  readonly table: string
  readonly column: string
  readonly options: readonly { readonly value: number; readonly label: string }[]
}

/** Entity set to logical name and primary key, for the sets of the samples. */
const tables: Readonly<Record<string, string>> = {
  businessunits: 'businessunit',
  teams: 'team',
  systemusers: 'systemuser',
  transactioncurrencies: 'transactioncurrency',
  uomschedules: 'uomschedule',
  uoms: 'uom',
  pricelevels: 'pricelevel',
  products: 'product',
  productpricelevels: 'productpricelevel',
  accounts: 'account',
  contacts: 'contact',
  opportunities: 'opportunity',
  opportunityproducts: 'opportunityproduct',
}

/** Lookup columns with one target, and the set of that target. Elsewhere the sample names the set itself. */
const targets: Readonly<Record<string, string>> = {
  transactioncurrencyid: 'transactioncurrencies',
  primarycontactid: 'contacts',
  parentaccountid: 'accounts',
  parentcontactid: 'contacts',
  uomscheduleid: 'uomschedules',
  defaultuomscheduleid: 'uomschedules',
  uomid: 'uoms',
  defaultuomid: 'uoms',
  baseuom: 'uoms',
  pricelevelid: 'pricelevels',
  productid: 'products',
  parentproductid: 'products',
  opportunityid: 'opportunities',
}

/** The id of a sample record: the same in every run. */
export function salesId(set: string, key: string): string {
  return stableId('sales', set, key)
}

/** The columns of a lookup as the service stores and shows it. */
export function lookup(column: string, set: string, id: string): Row {
  return { [`_${column}_value`]: id, [`_${column}_value@Microsoft.Dynamics.CRM.lookuplogicalname`]: tables[set] ?? set }
}

/** A row of a set with its id and its stamps; owned by `owner` where the set has owners. */
export function salesRow(set: string, id: string, values: Row, stamp: string): Row {
  return { [`${tables[set] ?? set}id`]: id, ...values, createdon: seconds(stamp), modifiedon: seconds(stamp) }
}

/** Dataverse shows whole seconds. */
function seconds(stamp: string): string {
  return `${stamp.slice(0, 19)}Z`
}

/** The people of the organisation: the samples' users, and those that nobody should couple with a salesperson. */
const otherUsers: readonly DemoRow[] = [
  {
    firstname: 'Katherine',
    lastname: 'Hull',
    fullname: 'Katherine Hull',
    internalemailaddress: 'KH@contoso.com',
    islicensed: false,
  },
  {
    firstname: 'Parker',
    lastname: 'Hughes',
    fullname: 'Parker Hughes',
    internalemailaddress: 'PH@contoso.com',
    isdisabled: true,
  },
  { lastname: 'INTEGRATION', fullname: 'INTEGRATION', isintegrationuser: true, islicensed: false, accessmode: 4 },
]

/** The id of the root business unit; its default team has the same name. */
const root = { id: salesId('businessunits', 'root'), name: 'contoso' }

/** Makes the sample organisation. `baseCurrency` is its base: amounts of the samples stay in US dollars. */
export function sampleRows(
  seed: number,
  now: Date,
  baseCurrency: { readonly code: string; readonly row: DemoRow },
): Rows {
  const at = chance(seed)
  const rows: Rows = new Map([
    ['businessunits', [salesRow('businessunits', root.id, { name: root.name, isdisabled: false }, lastYear(now, at))]],
    ['teams', [salesRow('teams', salesId('teams', root.name), team(), lastYear(now, at))]],
    ['systemusers', [...demoRows('sales', 'systemusers'), ...otherUsers].map((row) => user(row, lastYear(now, at)))],
    ['transactioncurrencies', currencies(baseCurrency, at, now)],
  ])
  const rest = Object.keys(tables).filter((set) => !rows.has(set))
  for (const set of rest) {
    rows.set(
      set,
      demoRows('sales', set).map((row) =>
        salesRow(set, salesId(set, sampleKey(set, row)), columns(row), lastYear(now, at)),
      ),
    )
  }
  return rows
}

function team(): Row {
  return { name: root.name, isdefault: true, teamtype: 0, ...lookup('businessunitid', 'businessunits', root.id) }
}

function user(row: DemoRow, stamp: string): Row {
  const unit = lookup('businessunitid', 'businessunits', root.id)
  const licensed = { isdisabled: false, islicensed: true, isintegrationuser: false, accessmode: 0 }
  return salesRow('systemusers', salesId('systemusers', text(row, 'fullname')), { ...licensed, ...row, ...unit }, stamp)
}

function currencies(base: { readonly code: string; readonly row: DemoRow }, at: Chance, now: Date): Row[] {
  const dollar = demoRows('sales', 'transactioncurrencies')[0] ?? {}
  const all = base.code === 'USD' ? [base.row] : [base.row, { ...dollar, exchangerate: base.row['dollars'] ?? 1 }]
  return all.map(({ dollars: _dollars, ...row }) =>
    salesRow(
      'transactioncurrencies',
      salesId('transactioncurrencies', text(row, 'isocurrencycode')),
      row,
      lastYear(now, at),
    ),
  )
}

/** What names a sample record within its set. */
function sampleKey(set: string, row: DemoRow): string {
  if (set === 'uoms') return `${text(row, 'uomscheduleid')}|${text(row, 'name')}`
  if (set === 'productpricelevels')
    return `${text(row, 'pricelevelid')}|${text(row, 'productid')}|${text(row, 'uomid')}`
  if (set === 'opportunityproducts') return `${text(row, 'opportunityid')}|${String(row['lineitemnumber'])}`
  return text(row, 'name') || text(row, 'fullname')
}

/** A sample record with its names exchanged for ids. */
function columns(row: DemoRow): Row {
  const result: Record<string, unknown> = {}
  for (const [column, value] of Object.entries(row)) {
    const [set, name] = target(column, value)
    if (set === undefined) result[column] = value
    else if (set !== '') Object.assign(result, lookup(column, set, salesId(set, unitKey(row, set, name))))
  }
  return result
}

function target(column: string, value: unknown): [set: string | undefined, name: string] {
  if (typeof value === 'object' && value !== null) {
    const [set = '', name = ''] = Object.entries(value as Record<string, string>)[0] ?? []
    return [set, name]
  }
  if (column === 'discounttypeid') return ['', '']
  if (typeof value === 'string' && column === 'transactioncurrencyid') return ['transactioncurrencies', 'USD']
  return [typeof value === 'string' ? targets[column] : undefined, String(value)]
}

function unitKey(row: DemoRow, set: string, name: string): string {
  if (set !== 'uoms') return name
  return `${text(row, 'uomscheduleid') || text(row, 'defaultuomscheduleid')}|${name}`
}

/** The options that Dynamics 365 Sales brings, and those that somebody added for Business Central's codes. */
export function sampleChoices(): Choice[] {
  const terms = ['Net 30', '2% 10, Net 30', 'Net 45', 'Net 60']
  const freight = ['FOB', 'No Charge']
  const shipping = ['Airborne', 'DHL', 'FedEx', 'UPS', 'Postal Mail', 'Full Load', 'Will Call']
  return [
    choice('paymenttermscode', terms, ['14 DAYS', 'CM', '1M(8D)']),
    choice('address1_freighttermscode', freight, ['EXW', 'CIF']),
    choice('address1_shippingmethodcode', shipping, []),
  ]
}

function choice(column: string, native: readonly string[], added: readonly string[]): Choice {
  const options = native.map((label, at) => ({ value: at + 1, label }))
  return {
    table: 'account',
    column,
    options: [...options, ...added.map((label, at) => ({ value: 779_800_000 + at, label }))],
  }
}
