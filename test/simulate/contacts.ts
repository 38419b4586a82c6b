/**
 * Customers with their contacts, by the mappings of the standard set: a contact belongs to a customer, and a customer
 * names one as its primary contact, so that each may have to wait for the other.
 */
import type { BySide, Config, Mapping, Side } from '../../src/config/config.ts'
import type { Row } from '../../src/simulator/table.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import { only, standardSet } from '../engine/standard-set.ts'
import { type Stage, idOf, stage, theKey } from '../engine/stage.ts'
import type { Picture } from './ledger.ts'
import { type OpenScene, perPolicies, stampOf, textOf, unlimited } from './scene.ts'
import type { Deed, Story } from './story.ts'

/** The rows of the standard mappings that are played with; the others are of the same kinds. */
const kept: Readonly<Record<string, readonly string[]>> = {
  'customer-account': ['name', 'phone', 'primaryContact'],
  'contact-contact': ['wholeName', 'parent', 'firstName', 'lastName', 'phone', 'email', 'type'],
}

export const openContacts: OpenScene = async (t, options) => {
  const config = await lean(t)
  const configFor = perPolicies((story) => ({
    ...config,
    mappings: config.mappings.map((one) => withPolicies(one, story)),
  }))
  const on = await stage(t, { ...options, sales: { baseSolution: false } })
  // What a service makes of itself at the first record is no part of any story, and stays.
  on.simulator.sales.delete('accounts', idOf(on.account({ name: 'the first that a person makes' })))
  for (const row of on.simulator.sales.rows('contacts')) on.simulator.sales.delete('contacts', idOf(row))
  const kinds = [
    { mapping: 'customer-account', records: (side: Side) => customersOf(on, side) },
    {
      mapping: 'contact-contact',
      records: (side: Side) => contactsOf(on, side),
      // Its company is written in a second step.
      isBegun: (row: Row) => row['companyNumber'] === '',
      // With the customer goes the relation of its company and of all persons there.
      isLeft: (side: Side, row: Row) =>
        side === 'sales' ? row['_parentcustomerid_value'] === null : row['contactBusinessRelation'] === 'None',
    },
  ]
  return {
    on,
    kinds,
    references: new Set(['company', 'primary']),
    fieldsOf: { parent: 'company', primaryContact: 'primary' },
    most: { calm: 9, any: 50 },
    run: (story, more) => on.run(configFor(story), more),
    freshStore: async () => openMemoryStore(theKey),
    begin: (story) => {
      for (let n = 0; n < story.records; n++) {
        on.customer({ number: `C${n}`, displayName: `Customer C${n}`, phoneNumber: 'p0' })
        makePerson(on, 'businessCentral', `c${n}`, n)
      }
    },
    act: (deed) => act(on, deed),
    picture: (side) => picture(on, side),
  }
}

async function lean(t: Parameters<OpenScene>[0]): Promise<Config> {
  const config = only(await standardSet(t), ...Object.keys(kept))
  const mappings = config.mappings.map((mapping): Mapping => ({
    ...mapping,
    fields: mapping.fields.filter(({ name }) => kept[mapping.name]?.includes(name)),
    businessCentral: {
      ...mapping.businessCentral,
      with: mapping.businessCentral.with.filter(({ name }) => mapping.name === 'customer-account' || name === 'names'),
    },
  }))
  return { ...config, mappings }
}

const withPolicies = (mapping: Mapping, { conflicts, deletes }: Story): Mapping => ({
  ...mapping,
  conflicts,
  limits: unlimited,
  deletes: { businessCentral: deletes, sales: deletes, sweepMs: 1 },
})

const customersOf = (on: Stage, side: Side): readonly Row[] =>
  side === 'businessCentral' ? on.customers() : on.accounts()

/** Persons; those of no company take no part in Sales. */
const contactsOf = (on: Stage, side: Side): readonly Row[] =>
  side === 'businessCentral'
    ? on.simulator.businessCentral.rows('contacts').filter((row) => row['type'] === 'Person')
    : on.simulator.sales.rows('contacts').filter((row) => textOf(row['firstname']) === 'P')

function act(on: Stage, deed: Deed): void {
  const { side } = deed
  if (deed.kind === 'create') return create(on, deed)
  const rows = deed.of === 'customer' ? customersOf(on, side) : contactsOf(on, side)
  const row = rows[deed.which % Math.max(1, rows.length)]
  // An emptied side stops every run on purpose, until a person says that it is right.
  if (row === undefined || (deed.kind === 'delete' && rows.length < 3)) return
  const set = deed.of === 'contact' ? 'contacts' : side === 'sales' ? 'accounts' : 'customers'
  if (deed.kind === 'delete') return on.simulator[side].delete(set, idOf(row))
  if (deed.field === 'company') return move(on, side, { person: idOf(row), to: Number(deed.text) })
  if (deed.field === 'primary') return makePrimary(on, side, { customer: row, person: Number(deed.text) })
  on.simulator[side].edit(set, idOf(row), { [columns[side][deed.field] ?? '']: deed.text })
}

const columns: BySide<Readonly<Record<string, string>>> = {
  businessCentral: { phone: 'phoneNumber', email: 'email' },
  sales: { phone: 'telephone1', email: 'emailaddress1' },
}

function create(on: Stage, { side, of, which, text }: Extract<Deed, { kind: 'create' }>): void {
  if (of === 'contact') makePerson(on, side, text, which)
  else if (side === 'businessCentral') on.customer({ displayName: text, phoneNumber: text })
  else on.account({ name: text, telephone1: text })
}

function makePerson(on: Stage, side: Side, text: string, company: number): void {
  const { businessCentral, sales } = on.simulator
  const customer = nth(customersOf(on, side), company)
  if (customer === undefined) return
  if (side === 'sales')
    sales.create('contacts', {
      firstname: 'P',
      lastname: text,
      telephone1: text,
      'parentcustomerid_account@odata.bind': `/accounts(${idOf(customer)})`,
    })
  else {
    businessCentral.create('contacts', {
      type: 'Person',
      displayName: `P ${text}`,
      phoneNumber: text,
      companyNumber: companyOf(on, customer)?.['number'],
    })
  }
}

/** The contact that a customer of Business Central has itself. */
const companyOf = (on: Stage, customer: Row): Row | undefined =>
  on.simulator.businessCentral
    .rows('contacts')
    .findLast((row) => row['type'] === 'Company' && row['displayName'] === customer['displayName'])

function move(on: Stage, side: Side, { person, to }: { readonly person: string; readonly to: number }): void {
  const customer = nth(customersOf(on, side), to)
  if (customer === undefined) return
  const { businessCentral, sales } = on.simulator
  if (side === 'businessCentral')
    businessCentral.edit('contacts', person, { companyNumber: companyOf(on, customer)?.['number'] })
  else sales.edit('contacts', person, { 'parentcustomerid_account@odata.bind': `/accounts(${idOf(customer)})` })
}

function makePrimary(
  on: Stage,
  side: Side,
  { customer, person }: { readonly customer: Row; readonly person: number },
): void {
  const contact = nth(contactsOf(on, side), person)
  if (contact === undefined) return
  const { businessCentral, sales } = on.simulator
  if (side === 'businessCentral')
    businessCentral.edit('CustomerCard', textOf(customer['number']), { Primary_Contact_No: contact['number'] })
  else sales.edit('accounts', idOf(customer), { 'primarycontactid@odata.bind': `/contacts(${idOf(contact)})` })
}

const nth = (rows: readonly Row[], n: number): Row | undefined => rows[n % Math.max(1, rows.length)]

function picture(on: Stage, side: Side): Picture {
  return side === 'sales' ? inSales(on) : inBusinessCentral(on)
}

const nameBy = (rows: readonly Row[], column: string, value: unknown): string =>
  textOf(rows.find((row) => row[column] === value)?.['displayName'])
const withId = (rows: readonly Row[], id: unknown): Row | undefined => rows.find((row) => idOf(row) === id)

function inBusinessCentral(on: Stage): Picture {
  const { businessCentral } = on.simulator
  const people = contactsOf(on, 'businessCentral')
  const customers = on.customers()
  const of = new Map(businessCentral.rows('customerContacts').map((row) => [row['id'], row['customerId']]))
  return [
    ...customers.map((row) => ({
      name: textOf(row['displayName']),
      id: idOf(row),
      ...stampOf(on, { side: 'businessCentral', set: 'customers' }, row),
      cells: {
        phone: textOf(row['phoneNumber']),
        primary: nameBy(
          people,
          'number',
          businessCentral.row('CustomerCard', textOf(row['number']))?.['Primary_Contact_No'],
        ),
      },
    })),
    ...people.map((row) => ({
      name: textOf(row['displayName']),
      id: idOf(row),
      ...stampOf(on, { side: 'businessCentral', set: 'contacts' }, row),
      cells: {
        phone: textOf(row['phoneNumber']),
        email: textOf(row['email']),
        company: nameBy(customers, 'id', of.get(row['id'])),
      },
    })),
  ]
}

function inSales(on: Stage): Picture {
  const people = contactsOf(on, 'sales')
  const accounts = on.accounts()
  return [
    ...accounts.map((row) => ({
      name: textOf(row['name']),
      id: idOf(row),
      ...stampOf(on, { side: 'sales', set: 'accounts' }, row),
      cells: {
        phone: textOf(row['telephone1']),
        primary: textOf(withId(people, row['_primarycontactid_value'])?.['fullname']),
      },
    })),
    ...people.map((row) => ({
      name: textOf(row['fullname']),
      id: idOf(row),
      ...stampOf(on, { side: 'sales', set: 'contacts' }, row),
      cells: {
        phone: textOf(row['telephone1']),
        email: textOf(row['emailaddress1']),
        company: textOf(withId(accounts, row['_parentcustomerid_value'])?.['name']),
      },
    })),
  ]
}
