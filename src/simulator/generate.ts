/** Companies of any size: invented records with a seed. */

import { chance, lastYear } from './chance.ts'
import type { Chance } from './chance.ts'
import type { Rows } from './seed-business-central.ts'
import { recordId, fictionPhone } from './seed-business-central.ts'
import type { Row } from './table.ts'

/** How many records to invent. */
export interface Sizes {
  /** Numbered from C00001. */
  readonly customers?: number
  /** Numbered from I00001, each with its base unit. */
  readonly items?: number
  /** Persons for each customer, and a company contact for each; needs `customers`. @default none */
  readonly contactsPerCustomer?: number
}

/** Where and from which chance the records come. */
export interface GenerateOptions extends Sizes {
  readonly seed: number
  readonly now: Date
}

interface Place {
  readonly city: string
  readonly country: string
  readonly currency: string
  /** The post code with `#` for each invented digit. */
  readonly post: string
}

const places: readonly Place[] = [
  { city: 'London', country: 'GB', currency: '', post: 'EC#A #AB' },
  { city: 'Birmingham', country: 'GB', currency: '', post: 'B## #GT' },
  { city: 'Leeds', country: 'GB', currency: '', post: 'LS## #BD' },
  { city: 'Bristol', country: 'GB', currency: '', post: 'BS# #KL' },
  { city: 'Amsterdam', country: 'NL', currency: 'EUR', post: '10## AG' },
  { city: 'Antwerpen', country: 'BE', currency: 'EUR', post: '20##' },
  { city: 'Hamburg', country: 'DE', currency: 'EUR', post: '22###' },
  { city: 'München', country: 'DE', currency: 'EUR', post: '80###' },
  { city: 'Lyon', country: 'FR', currency: 'EUR', post: '690##' },
  { city: 'Valencia', country: 'ES', currency: 'EUR', post: '460##' },
  { city: 'København', country: 'DK', currency: 'DKK', post: '2###' },
  { city: 'Göteborg', country: 'SE', currency: 'SEK', post: '41# ##' },
  { city: 'Chicago', country: 'US', currency: 'USD', post: '606##' },
  { city: 'Atlanta', country: 'US', currency: 'USD', post: '303##' },
]

const words =
  'Northwind Harbour Alder Summit River Crescent Meadow Granite Beacon Orchard Falcon Cedar Amber Willow Anchor Copper Linden Juniper Sterling Maple Quarry Lantern Heron Mosaic Saffron Thistle Pioneer Atlas Cobalt Ember'.split(
    ' ',
  )
const trades =
  'Furniture Interiors Trading Supplies Logistics Foods Engineering Textiles Bakery Design Electronics Hotels Pharmacy Builders Outfitters Printing Motors Gardens Optics Wines'.split(
    ' ',
  )
const forms: Readonly<Record<string, string>> = {
  GB: 'Ltd.',
  NL: 'BV',
  BE: 'NV',
  DE: 'GmbH',
  FR: 'SARL',
  ES: 'S.L.',
  DK: 'ApS',
  SE: 'AB',
  US: 'Inc.',
}
const streets =
  'High Street,Station Road,Mill Lane,Market Square,Park Avenue,Church Street,Kings Road,Dock Road,Bridge Street,Green Lane'.split(
    ',',
  )
const first =
  'Anna Ben Carla David Elena Felix Grace Hugo Irene Jonas Karin Liam Maria Noah Olivia Paul Rosa Simon Tessa Victor'.split(
    ' ',
  )
const last =
  'Adams Bakker Conti Dahl Evans Fischer Garcia Hansen Ivanov Jensen Keller Larsen Moreau Novak Olsen Peters Rossi Schmidt Taylor Weber'.split(
    ' ',
  )
const goods = 'Chair,Desk,Lamp,Cabinet,Shelf,Whiteboard,Sofa,Table,Stool,Rack'.split(',')
const terms = ['14 DAYS', 'CM', '1M(8D)', '30 DAYS'] as const
const people = ['BC', 'HR', 'JO', 'LT', 'OF', 'RB', ''] as const

/** Makes the records; 100,000 customers take about a second. */
export function generateCompany(options: GenerateOptions): Rows {
  const at = chance(options.seed + 1000)
  const rows: Rows = new Map()
  const customers = Array.from({ length: options.customers ?? 0 }, (_none, index) =>
    customer(index + 1, at, options.now),
  )
  rows.set('customers', customers)
  if (options.contactsPerCustomer !== undefined) {
    rows.set(
      'contacts',
      customers.flatMap((row, index) => contacts(row, index, at, options)),
    )
  }
  const items = Array.from({ length: options.items ?? 0 }, (_none, index) => item(index + 1, at, options.now))
  rows.set('items', items)
  rows.set(
    'ItemUnitsOfMeasure',
    items.map((row) => baseUnit(row)),
  )
  return rows
}

function numbered(letter: string, number: number): string {
  return letter + String(number).padStart(5, '0')
}

function postCode(pattern: string, at: Chance): string {
  return pattern.replaceAll('#', () => String(at.below(10)))
}

function mailName(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, '.')
    .replace(/\.$/u, '')
}

function customer(number: number, at: Chance, now: Date): Row {
  const place = at.pick(places)
  const id = numbered('C', number)
  const name = `${at.pick(words)} ${at.pick(words)} ${at.pick(trades)} ${forms[place.country] ?? 'Ltd.'}`
  return {
    SystemId: recordId('customers', id),
    number: id,
    displayName: name,
    type: 'Company',
    addressLine1: `${1 + at.below(200)} ${at.pick(streets)}`,
    city: place.city,
    country: place.country,
    postalCode: postCode(place.post, at),
    phoneNumber: at.next() < 0.8 ? fictionPhone(place.country, at) : '',
    email: `${mailName(name)}@example.com`,
    'Salesperson Code': at.pick(people),
    creditLimit: at.below(20) * 500,
    currencyCode: place.currency,
    'Payment Terms Code': at.pick(terms),
    'Shipment Method Code': 'EXW',
    blocked: at.next() < 0.03 ? 'All' : '_x0020_',
    SystemModifiedAt: lastYear(now, at),
  }
}

/** A company contact and its persons. */
function contacts(customer: Row, index: number, at: Chance, options: GenerateOptions): Row[] {
  const persons = options.contactsPerCustomer ?? 0
  const company = numbered('CC', index * (persons + 1) + 1)
  const { displayName, addressLine1, city, country, postalCode } = customer
  const place = { addressLine1, city, country, postalCode, companyNumber: company, companyName: displayName }
  const shared = { ...place, contactBusinessRelation: 'Customer' }
  const head: Row = {
    ...shared,
    SystemId: recordId('contacts', company),
    number: company,
    type: 'Company',
    displayName,
    'Customer No.': customer['number'],
    SystemModifiedAt: lastYear(options.now, at),
  }
  return [
    head,
    ...Array.from({ length: persons }, (_none, person) =>
      personOf(shared, index * (persons + 1) + person + 2, at, options.now),
    ),
  ]
}

function personOf(shared: Row, number: number, at: Chance, now: Date): Row {
  const id = numbered('CC', number)
  const [firstName, surname] = [at.pick(first), at.pick(last)]
  return {
    ...shared,
    SystemId: recordId('contacts', id),
    number: id,
    type: 'Person',
    displayName: `${firstName} ${surname}`,
    'First Name': firstName,
    Surname: surname,
    email: `${mailName(`${firstName} ${surname}`)}.${number}@example.com`,
    SystemModifiedAt: lastYear(now, at),
  }
}

function item(number: number, at: Chance, now: Date): Row {
  const id = numbered('I', number)
  const cost = 5 + at.below(50_000) / 100
  return {
    SystemId: recordId('items', id),
    number: id,
    displayName: `${at.pick(words).toUpperCase()} ${at.pick(goods)}`,
    type: 'Inventory',
    unitPrice: Math.round(cost * 150) / 100,
    unitCost: cost,
    baseUnitOfMeasureCode: 'PCS',
    'Sales Unit of Measure': 'PCS',
    SystemModifiedAt: lastYear(now, at),
  }
}

function baseUnit(row: Row): Row {
  const number = String(row['number'])
  return {
    SystemId: recordId('ItemUnitsOfMeasure', number),
    Item_No: number,
    Code: row['baseUnitOfMeasureCode'],
    Qty_per_Unit_of_Measure: 1,
    SystemModifiedAt: row['SystemModifiedAt'],
  }
}
