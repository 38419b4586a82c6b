/** Records of the company that somebody had typed into Sales before: what makes a first synchronisation hard. */

import { chance, lastYear } from './chance.ts'
import type { Chance } from './chance.ts'
import { text } from './demo-data.ts'
import type { Rows } from './seed-business-central.ts'
import { fictionPhone } from './seed-business-central.ts'
import { lookup, salesId, salesRow } from './seed-sales.ts'
import type { Row } from './table.ts'

/**
 * How a typed account resembles its customer or vendor.
 * `number`: account number and all else agree. `name`: only name and post code do. `differs`: same number, another
 * phone and city. `blank`: same number, half of the columns empty. `twice`: two accounts with that name and post code.
 */
type Resemblance = 'number' | 'name' | 'differs' | 'blank' | 'twice'

const cycle: readonly Resemblance[] = ['number', 'name', 'differs', 'blank']

/** What the typed records are made of. */
export interface OverlapOptions {
  /** Share of customers, vendors, their persons, and items that are in Sales already, 0 to 1. */
  readonly share: number
  readonly seed: number
  readonly now: Date
  /** Option value of `account.paymenttermscode` by label. */
  readonly paymentTerms: ReadonlyMap<string, number>
}

interface Typing extends OverlapOptions {
  readonly at: Chance
  readonly company: Rows
  readonly sales: Rows
  /** Id of the systemuser of a salesperson code, where there is one. */
  readonly users: ReadonlyMap<string, string>
}

/** Adds the typed records to the rows of Sales. */
export function addOverlap(sales: Rows, company: Rows, options: OverlapOptions): void {
  const typing = { ...options, at: chance(options.seed), company, sales, users: usersByCode(company, sales) }
  addCurrencies(typing)
  const customers = some(typing, company.get('customers') ?? [])
  const vendors = some(typing, company.get('vendors') ?? [])
  const accounts = new Map([...addAccounts(typing, customers, 3), ...addAccounts(typing, vendors, 11)])
  addContacts(typing, accounts)
  addProducts(typing, some(typing, company.get('items') ?? []))
}

/** The chosen share of rows, spread over the list. */
function some(typing: Typing, rows: readonly Row[]): Row[] {
  return rows.filter((_row, at) => Math.floor((at + 1) * typing.share) > Math.floor(at * typing.share))
}

function put(typing: Typing, set: string, key: string, values: Row): string {
  const id = salesId(set, `typed ${key}`)
  const rows = typing.sales.get(set) ?? []
  typing.sales.set(set, rows)
  rows.push(salesRow(set, id, { statecode: 0, statuscode: 1, ...values }, lastYear(typing.now, typing.at)))
  return id
}

function usersByCode(company: Rows, sales: Rows): Map<string, string> {
  const byMail = new Map((sales.get('systemusers') ?? []).map((user) => [text(user, 'internalemailaddress'), user]))
  const codes = new Map<string, string>()
  for (const person of company.get('salespeoplePurchasers') ?? []) {
    const user = text(person, 'email') === '' ? undefined : byMail.get(text(person, 'email'))
    if (user !== undefined) codes.set(text(person, 'code'), text(user, 'systemuserid'))
  }
  return codes
}

/** Currencies that customers use: the first of them are known to Sales, the rest must come from Business Central. */
function addCurrencies(typing: Typing): void {
  const used = [...new Set(rowsOf(typing, 'customers').map((row) => text(row, 'currencyCode')))].sort()
  const known = new Set((typing.sales.get('transactioncurrencies') ?? []).map((row) => text(row, 'isocurrencycode')))
  const wanted = used.filter((code) => code !== '' && !known.has(code))
  for (const code of wanted.slice(0, Math.ceil(wanted.length * typing.share))) {
    put(typing, 'transactioncurrencies', code, typedCurrency(typing, code))
  }
}

function typedCurrency(typing: Typing, code: string): Row {
  const rate = rowsOf(typing, 'currencyExchangeRates').find((row) => row['currencyCode'] === code) ?? {}
  const row = rowsOf(typing, 'currencies').find((row) => row['code'] === code) ?? {}
  const amount = Number(rate['exchangeRateAmount'] ?? 1) / Number(rate['relationalExchangeRateAmount'] ?? 1)
  return {
    isocurrencycode: code,
    currencyname: text(row, 'displayName') || code,
    currencysymbol: text(row, 'symbol') || code,
    exchangerate: Math.round(amount * 1e10) / 1e10,
    currencyprecision: 2,
  }
}

function rowsOf(typing: Typing, set: string): readonly Row[] {
  return typing.company.get(set) ?? []
}

/** Types accounts for customers or vendors; gives back the account of each company contact. */
function addAccounts(typing: Typing, rows: readonly Row[], type: 3 | 11): Map<string, string> {
  const set = type === 3 ? 'customers' : 'vendors'
  const found = new Map<string, string>()
  rows.forEach((row, at) => {
    const last = at === rows.length - 1 && at > cycle.length
    const like = last ? 'twice' : (cycle[at % cycle.length] as Resemblance)
    const key = `${set} ${text(row, 'number')}`
    const id = put(typing, 'accounts', key, account(typing, row, like, type))
    if (like === 'twice') put(typing, 'accounts', `${key} again`, account(typing, row, like, type))
    found.set(`${set}|${text(row, 'number')}`, id)
  })
  return found
}

function account(typing: Typing, row: Row, like: Resemblance, customertypecode: number): Row {
  const numbered = like !== 'name' && like !== 'twice'
  const owner = typing.users.get(text(row, 'Salesperson Code')) ?? salesId('systemusers', 'Kenny Smith')
  const differs = like === 'differs'
  return {
    name: row['displayName'],
    accountnumber: numbered ? row['number'] : null,
    customertypecode,
    address1_postalcode: row['postalCode'],
    address1_country: row['country'],
    address1_city: differs ? text(row, 'city').toUpperCase() : row['city'],
    telephone1: differs ? fictionPhone(text(row, 'country'), typing.at) : row['phoneNumber'] || null,
    ...(like !== 'blank' && details(typing, row)),
    ...currency(typing, text(row, 'currencyCode')),
    ...lookup('ownerid', 'systemusers', owner),
  }
}

function details(typing: Typing, row: Row): Row {
  return {
    address1_line1: row['addressLine1'],
    address1_line2: row['addressLine2'] || null,
    address1_stateorprovince: row['state'] || null,
    emailaddress1: row['email'] || null,
    creditlimit: row['creditLimit'] || null,
    paymenttermscode: typing.paymentTerms.get(text(row, 'Payment Terms Code')) ?? null,
  }
}

/** The currency of an account, the base currency for a blank code; nothing when Sales does not know the code yet. */
function currency(typing: Typing, code: string): Row {
  const known = typing.sales.get('transactioncurrencies') ?? []
  const row = code === '' ? known[0] : known.find((each) => text(each, 'isocurrencycode') === code)
  if (row === undefined) return {}
  return lookup('transactioncurrencyid', 'transactioncurrencies', text(row, 'transactioncurrencyid'))
}

/** Persons of the typed accounts: two in three were typed, every other one without its e-mail address. */
function addContacts(typing: Typing, accounts: ReadonlyMap<string, string>): void {
  const contacts = typing.company.get('contacts') ?? []
  const accountOf = new Map<string, string | undefined>()
  for (const contact of contacts) {
    const owner = text(contact, 'Customer No.') === '' ? 'vendors' : 'customers'
    const number = text(contact, 'Customer No.') || text(contact, 'Vendor No.')
    if (number !== '') accountOf.set(text(contact, 'number'), accounts.get(`${owner}|${number}`))
  }
  const persons = contacts.filter((contact) => text(contact, 'type') === 'Person')
  persons.forEach((person, at) => {
    const parent = accountOf.get(text(person, 'companyNumber'))
    if (parent === undefined || at % 3 === 2) return
    put(typing, 'contacts', text(person, 'number'), {
      firstname: person['First Name'],
      middlename: person['Middle Name'] || null,
      lastname: person['Surname'],
      fullname: [person['First Name'], person['Middle Name'], person['Surname']].filter(Boolean).join(' '),
      emailaddress1: at % 2 === 0 ? person['email'] || null : null,
      jobtitle: person['jobTitle'] || null,
      telephone1: person['phoneNumber'] || null,
      address1_city: person['city'],
      address1_postalcode: person['postalCode'],
      ...lookup('parentcustomerid', 'accounts', parent),
      ...lookup('ownerid', 'systemusers', salesId('systemusers', 'Kenny Smith')),
    })
  })
}

/** Products with their own unit group, as the native integration names it; every tenth sits in the wrong group. */
function addProducts(typing: Typing, items: readonly Row[]): void {
  items.forEach((item, at) => {
    const number = text(item, 'number')
    const own = at % 10 === 9 ? undefined : `ITEM ${number} UOM GR`
    const group = own === undefined ? salesId('uomschedules', 'Default Unit') : addUnits(typing, own)
    const unit = own === undefined ? salesId('uoms', 'Default Unit|Primary Unit') : salesId('uoms', `typed ${own}`)
    put(typing, 'products', number, {
      productnumber: number,
      name: item['displayName'],
      productstructure: 1,
      producttypecode: 1,
      quantitydecimal: 2,
      price: at % 4 === 2 ? null : item['unitPrice'],
      ...lookup('defaultuomscheduleid', 'uomschedules', group),
      ...lookup('defaultuomid', 'uoms', unit),
      ...currency(typing, ''),
    })
  })
}

function addUnits(typing: Typing, name: string): string {
  const group = put(typing, 'uomschedules', name, { name, baseuomname: name })
  put(typing, 'uoms', name, {
    name,
    quantity: 1,
    isschedulebaseuom: true,
    ...lookup('uomscheduleid', 'uomschedules', group),
  })
  return group
}
