/** Owners of new records, and opportunities: the standard set on the simulated services. */
import t, { type Test } from 'tap'
import type { RunReport } from '../../src/engine/run.ts'
import type { Row } from '../../src/simulator/table.ts'
import { only, standardSet } from './standard-set.ts'
import { type Stage, counted, idOf, stage, toSales } from './stage.ts'

const people = ['company', 'salesperson-user', 'currency', 'customer-account', 'contact-contact']

/** The company's row in Sales with a team that owns what nobody owns. */
async function withTeam(on: Stage, how: 'named by the company' | 'only there' = 'named by the company'): Promise<Row> {
  const unit = on.simulator.sales.rows('businessunits')[0]?.['businessunitid']
  const team = on.simulator.sales.create('teams', {
    name: 'BCI - contoso',
    teamtype: 0,
    'businessunitid@odata.bind': `/businessunits(${String(unit)})`,
  })
  if (how === 'named by the company')
    on.simulator.sales.create('bcbi_companies', {
      bcbi_name: 'CRONUS',
      bcbi_externalid: (await on.connectors.businessCentral.identify()).organisation,
      'bcbi_defaultowningteam@odata.bind': `/teams(${String(team['teamid'])})`,
    })
  return team
}

/** What was told of one mapping; the sample records of Sales have troubles of their own. */
const problemsOf = (report: RunReport, name: string): readonly unknown[] =>
  report.problems.filter(({ mapping, kind }) => mapping === name && kind !== 'no-partner')
const ownerOf = (row: Row | undefined): unknown => row?.['_ownerid_value']
const called = (on: Stage, name: string): Row | undefined => on.accounts().find((row) => row['name'] === name)

/** The user of the demo company's salesperson JO: both have the same address. */
const userOfJo = (on: Stage): Row | undefined =>
  on.simulator.sales
    .rows('systemusers')
    .find((row) => String(row['internalemailaddress']).toUpperCase().startsWith('JO@'))

t.test('O-05 O-06 a new record belongs to its salesperson, else to the team that the company names', async (t) => {
  for (const ownership of ['person', 'team'] as const) {
    const config = only(await standardSet(t, `, ownership: ${ownership}`), ...people)
    const on = await stage(t)
    const team = await withTeam(on)
    const user = userOfJo(on)
    on.customer({ number: 'C1', displayName: 'With Jo', salespersonCode: 'JO' })
    on.customer({ number: 'C2', displayName: 'With nobody' })
    const report = await on.run(config)
    t.same(problemsOf(report, 'customer-account'), [])
    const owner = ownership === 'person' ? user?.['systemuserid'] : team['teamid']
    t.equal(ownerOf(called(on, 'With Jo')), owner, `${ownership}: with a salesperson`)
    t.equal(ownerOf(called(on, 'With nobody')), team['teamid'], `${ownership}: without`)
    on.simulator.businessCentral.edit('customers', 'C1', { salespersonCode: '' })
    await on.run(config)
    t.equal(ownerOf(called(on, 'With Jo')), owner, 'a salesperson that is taken away leaves the owner')
  }
})

t.test('O-06 a salesperson without a user holds the record; a new owner in Sales changes no salesperson', async (t) => {
  const config = only(await standardSet(t), ...people)
  const on = await stage(t)
  const team = await withTeam(on)
  on.simulator.businessCentral.create('salespeoplePurchasers', { code: 'BERT', displayName: 'Bert' })
  on.customer({ number: 'C1', displayName: 'With Bert', salespersonCode: 'BERT' })
  on.customer({ number: 'C2', displayName: 'With Jo', salespersonCode: 'JO' })
  await on.run(config)
  t.equal(called(on, 'With Bert'), undefined)
  t.match(on.held(), [{ kind: 'waiting', fields: ['owner'] }])
  on.simulator.sales.edit('accounts', idOf(called(on, 'With Jo') ?? {}), {
    'ownerid@odata.bind': `/teams(${String(team['teamid'])})`,
  })
  await on.run(config)
  t.equal(on.customers().find(({ number }) => number === 'C2')?.['salespersonCode'], 'JO')
})

t.test('without the base solution the team is the one that the settings name, and else nobody’s', async (t) => {
  const config = only(await standardSet(t, ', defaultTeam: BCI - contoso'), ...people)
  const without = only(await standardSet(t), ...people)
  const on = await stage(t, { sales: { baseSolution: false } })
  const team = await withTeam(on, 'only there')
  on.customer({ number: 'C1', displayName: 'One' })
  await on.run(config)
  t.equal(ownerOf(called(on, 'One')), team['teamid'])
  on.customer({ number: 'C2', displayName: 'Two' })
  t.same(problemsOf(await on.run(without), 'customer-account'), [])
  t.not(ownerOf(called(on, 'Two')), team['teamid'])
})

/** A customer with one person, and the company contact behind both. */
async function opportunities(t: Test, settings = '') {
  const set = only(await standardSet(t, settings), ...people, 'opportunity')
  const config = { ...set, mappings: set.mappings.map((each) => ({ ...each, ...toSales })) }
  const on = await stage(t)
  await withTeam(on)
  const user = userOfJo(on)
  on.customer({ number: 'C1', displayName: 'Adatum' })
  const bc = on.simulator.businessCentral
  const company = bc.rows('contacts').find(({ displayName, type }) => displayName === 'Adatum' && type === 'Company')
  const person = bc.create('contacts', {
    displayName: 'Maria Campbell',
    type: 'Person',
    companyNumber: String(company?.['number']),
    companyName: 'Adatum',
  })
  const opportunity = (description: string, contactNumber: unknown): Row =>
    bc.create('opportunities', { description, contactNumber, salespersonCode: 'JO', status: 'In_x0020_Progress' })
  const inSales = (name: string): Row | undefined =>
    on.simulator.sales.rows('opportunities').find((row) => row['name'] === name)
  return { config, on, user, bc, company, person, opportunity, inSales }
}

t.test(
  'OPPORTUNITY gets contact, the account of the customer behind it, owner and company; the next run writes nothing',
  async (t) => {
    const { config, on, user, company, person, opportunity, inSales } = await opportunities(t)
    opportunity('New tables', person['number'])
    opportunity('For the firm', company?.['number'])
    const report = await on.run(config)
    t.same(problemsOf(report, 'opportunity'), [])
    const made = inSales('New tables')
    t.equal(made?.['_parentaccountid_value'], called(on, 'Adatum')?.['accountid'])
    const [contact] = on.simulator.sales.rows('contacts').filter((row) => row['lastname'] === 'Campbell')
    t.equal(made?.['_parentcontactid_value'], contact?.['contactid'])
    t.equal(ownerOf(made), user?.['systemuserid'])
    t.ok(made?.['_bcbi_companyid_value'])
    t.equal(inSales('For the firm'), undefined, 'companies are never contacts of Sales')
    t.match(counted(await on.run(config), 'opportunity'), { created: 0, updated: 0, coupled: 0 })
  },
)

t.test('OPPORTUNITY: the name travels both ways; one that was closed in Sales is left alone', async (t) => {
  const { config, on, bc, person, opportunity, inSales } = await opportunities(t)
  const made = opportunity('New tables', person['number'])
  await on.run(config)
  const id = String(inSales('New tables')?.['opportunityid'])
  on.simulator.sales.edit('opportunities', id, { name: 'New chairs' })
  await on.run(config)
  t.equal(bc.row('opportunities', String(made['id']))?.['description'], 'New chairs')
  on.simulator.sales.edit('opportunities', id, { statecode: 1, statuscode: 3 })
  bc.edit('opportunities', String(made['id']), { description: 'New desks' })
  const report = await on.run(config)
  t.same(problemsOf(report, 'opportunity'), [])
  t.ok(inSales('New chairs'), 'closed in Sales: not updated')
})
