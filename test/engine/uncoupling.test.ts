/** Taking pairs apart on the standard set: marks, what hangs on a pair, and being killed half-way. */
import t, { type Test } from 'tap'
import type { Row } from '../../src/simulator/table.ts'
import { type Uncoupling, carryOutUncoupling, planUncoupling } from '../../src/engine/uncoupling.ts'
import { only, standardSet } from './standard-set.ts'
import { type Stage, committingVia, stage, toSales, writesMade } from './stage.ts'

/** Two customers with a person each, sent to Sales; the organisation's samples keep out of it. */
async function twoCustomers(t: Test) {
  const set = only(await standardSet(t), 'company', 'currency', 'customer-account', 'vendor-account', 'contact-contact')
  const config = { ...set, mappings: set.mappings.map((each) => ({ ...each, ...toSales })) }
  const on = await stage(t)
  const bc = on.simulator.businessCentral
  for (const [number, name] of [
    ['C1', 'Adatum'],
    ['C2', 'Bellows'],
  ] as const) {
    on.customer({ number, displayName: name })
    const company = bc.rows('contacts').find(({ displayName, type }) => displayName === name && type === 'Company')
    const companyNumber = String(company?.['number'])
    bc.create('contacts', { displayName: `Person ${name}`, type: 'Person', companyNumber, companyName: name })
  }
  bc.create('vendors', { number: 'V1', displayName: 'Vendor' })
  await on.run(config)
  return { config, on }
}

const account = (on: Stage, name: string): Row | undefined => on.accounts().find((row) => row['name'] === name)
const markOf = (row: Row | undefined): unknown => row?.['_bcbi_companyid_value'] ?? null
const coupled = (on: Stage, name: string): number => on.store.mapping(name).size
const couplings = (on: Stage, number?: string) =>
  on.couplings().filter((each) => number === undefined || each.businessCentral.keys['number'] === number)
const told = ({ pairs, marks }: Uncoupling): readonly string[] => [
  ...pairs.map(({ mapping, follows }) => `${mapping}${follows ? ' follows' : ''}`),
  ...marks.map(({ mapping }) => `${mapping} mark`),
]

t.test('P6 what uncoupling would do is shown without a write', async (t) => {
  const { config, on } = await twoCustomers(t)
  on.simulator.resetRequests()
  const request = { mapping: 'customer-account', couplings: couplings(on, 'C1'), all: false }
  t.same(told(await planUncoupling(config, on.ports, request)), ['customer-account', 'contact-contact follows'])
  t.equal(writesMade(on.simulator), 0)
  t.same([coupled(on, 'customer-account'), coupled(on, 'contact-contact')], [2, 2])
})

t.test(
  'K-09 K-10 behaviour 123: the account is nobody’s again, its contacts go with it, other contacts stay',
  async (t) => {
    const { config, on } = await twoCustomers(t)
    const request = { mapping: 'customer-account', couplings: couplings(on, 'C1'), all: false }
    t.match(await carryOutUncoupling(config, on.ports, request), { ended: 2, cleared: 0, kept: [] })
    t.same([coupled(on, 'customer-account'), coupled(on, 'contact-contact')], [1, 1])
    t.equal(markOf(account(on, 'Adatum')), null)
    t.ok(markOf(account(on, 'Bellows')))
    const contacts = on.simulator.sales.rows('contacts').filter((row) => String(row['fullname']).startsWith('Person'))
    t.same(contacts.map(markOf).filter((mark) => mark === null).length, 1)
  },
)

t.test('K-09 what another company has marked meanwhile is left alone', async (t) => {
  const { config, on } = await twoCustomers(t)
  const other = on.simulator.sales.create('bcbi_companies', { bcbi_name: 'Other', bcbi_externalid: 'x' })
  on.simulator.sales.edit('accounts', String(account(on, 'Adatum')?.['accountid']), {
    'bcbi_companyid@odata.bind': `/bcbi_companies(${String(other['bcbi_companyid'])})`,
  })
  await carryOutUncoupling(config, on.ports, {
    mapping: 'customer-account',
    couplings: couplings(on, 'C1'),
    all: false,
  })
  t.equal(markOf(account(on, 'Adatum')), other['bcbi_companyid'])
  t.equal(couplings(on, 'C1').length, 0)
})

t.test('K-11 behaviour 121: all pairs of a mapping, and the marks left on records without a pair', async (t) => {
  const { config, on } = await twoCustomers(t)
  const [own] = on.simulator.sales.rows('bcbi_companies')
  on.account({ name: 'Left', 'bcbi_companyid@odata.bind': `/bcbi_companies(${String(own?.['bcbi_companyid'])})` })
  const request = { mapping: 'customer-account', couplings: couplings(on), all: true }
  t.match(await carryOutUncoupling(config, on.ports, request), { ended: 4, cleared: 1, kept: [] })
  t.same([coupled(on, 'customer-account'), coupled(on, 'contact-contact'), coupled(on, 'vendor-account')], [0, 0, 1])
  t.same(
    ['Adatum', 'Bellows', 'Left'].map((name) => markOf(account(on, name))),
    [null, null, null],
  )
  t.ok(markOf(account(on, 'Vendor')), 'an account that another mapping has coupled keeps its mark')
})

t.test('P7 killed between a mark and its pair, uncoupling goes on where it was', async (t) => {
  const { config, on } = await twoCustomers(t)
  const request = { mapping: 'customer-account', couplings: couplings(on, 'C1'), all: false }
  const { store } = on
  on.store = committingVia(store, () => {
    throw new Error('killed')
  })
  await t.rejects(carryOutUncoupling(config, on.ports, request), /killed/)
  on.store = store
  t.equal(couplings(on, 'C1').length, 1)
  t.match(await carryOutUncoupling(config, on.ports, request), { ended: 2, kept: [] })
  t.equal(couplings(on, 'C1').length, 0)
  t.equal(markOf(account(on, 'Adatum')), null)
})

t.test('CONTACT: a parent that somebody emptied in Sales is set again', async (t) => {
  const { config, on } = await twoCustomers(t)
  const person = () => on.simulator.sales.rows('contacts').find((row) => row['fullname'] === 'Person Adatum')
  on.simulator.sales.edit('contacts', String(person()?.['contactid']), { 'parentcustomerid_account@odata.bind': null })
  t.equal(person()?.['_parentcustomerid_value'] ?? null, null)
  await on.run(config)
  t.equal(person()?.['_parentcustomerid_value'], account(on, 'Adatum')?.['accountid'])
})

t.test(
  'CONTACT: a new person from Sales gets the company of the customer that its account is coupled with',
  async (t) => {
    const { config, on } = await twoCustomers(t)
    const both = {
      ...config,
      mappings: config.mappings.map((each) => ({ ...each, createOn: { businessCentral: true, sales: true } })),
    }
    const made = on.simulator.sales.create('contacts', {
      firstname: 'Nina',
      lastname: 'New',
      'parentcustomerid_account@odata.bind': `/accounts(${String(account(on, 'Adatum')?.['accountid'])})`,
    })
    await on.run(both)
    await on.run(both)
    const person = on.simulator.businessCentral.rows('contacts').find(({ displayName }) => displayName === 'Nina New')
    const company = on.simulator.businessCentral.rows('contacts').find(({ displayName }) => displayName === 'Adatum')
    t.equal(person?.['companyNumber'], company?.['number'])
    t.equal(on.store.mapping('contact-contact').bySide('sales', String(made['contactid']))?.outside ?? false, false)
  },
)
