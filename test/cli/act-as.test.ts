import t from 'tap'
import type { Test } from 'tap'
import { cliWorld } from './world.ts'
import type { CliWorld } from './world.ts'

const mapping = (actAs: string): string => `extends: standard/customer-account
actAs: ${actAs}
fields: { currency: null, paymentTerms: null, shipmentMethod: null, shippingAgent: null, primaryContact: null }
`
const perSalesperson = '{ businessCentral: salespersonCode, lookup: { mapping: salesperson-user, by: code } }'
const set = 'mappings: [salesperson-user, customer-account]\n'

interface Report {
  readonly mappings: readonly { readonly mapping: string; readonly created: number; readonly updated: number }[]
  readonly problems: readonly { readonly kind: string; readonly message: string; readonly remedy: string }[]
}
const reportOf = (out: string): Report => JSON.parse(out) as Report

interface Pair {
  readonly businessCentral: { readonly keys: Readonly<Record<string, string>> }
  readonly sales: { readonly id: string }
}

/** A world whose salespeople are coupled; the application user may act for others if `delegate`. */
async function withPeople(t: Test, actAs: string, delegate = true): Promise<CliWorld> {
  const world = await cliWorld(t, set, { overlap: 0, files: { 'customer-account.yaml': mapping(actAs) } })
  await world.run('sync salesperson-user --accept creates=100')
  if (delegate) give(world, 'Delegate')
  const people = JSON.parse((await world.run('couplings salesperson-user --json')).out) as Pair[]
  const { businessCentral } = world.simulator
  for (const [at, { number }] of businessCentral.rows('customers').entries())
    businessCentral.edit('customers', String(number), {
      salespersonCode: people[at % Math.min(2, people.length)]?.businessCentral.keys['code'],
    })
  return world
}

function give({ simulator }: CliWorld, role: string): void {
  const { sales } = simulator
  const user = sales.rows('systemusers').find((row) => row['applicationid'] === 'couplet')
  const held = sales.rows('roles').find((row) => row['name'] === role)
  sales.service.load('systemuserrolescollection', [{ systemuserid: user?.['systemuserid'], roleid: held?.['roleid'] }])
}

t.test('actAs: each record is created and edited as its own salesperson, and is no echo afterwards (P4)', async (t) => {
  const world = await withPeople(t, perSalesperson)
  const { sales, businessCentral } = world.simulator
  const integration = sales.rows('systemusers').find((row) => row['applicationid'] === 'couplet')?.['systemuserid']
  const first = await world.run('sync customer-account --accept creates=100 --json')
  t.match(
    reportOf(first.out).mappings.find(({ mapping }) => mapping === 'customer-account'),
    { created: 5 },
  )
  const made = sales.rows('accounts').filter((row) => row['_createdonbehalfby_value'] === integration)
  t.ok(made.length > 0, 'some customers have a salesperson with a user')
  for (const account of made) {
    t.equal(account['_createdby_value'], account['_ownerid_value'], 'its salesperson')
    t.not(account['_createdby_value'], integration)
  }
  const customer = businessCentral.rows('customers').find(({ displayName }) => displayName === made[0]?.['name'])
  businessCentral.edit('customers', String(customer?.['number']), { phoneNumber: '555 0100' })
  await world.run('sync customer-account')
  const after = sales.row('accounts', String(made[0]?.['accountid']))
  t.equal(after?.['telephone1'], '555 0100')
  t.equal(after?.['_modifiedby_value'], made[0]?.['_ownerid_value'])
  t.equal(after?.['_modifiedonbehalfby_value'], integration)
  world.simulator.resetRequests()
  const again = await world.run('sync customer-account --json')
  t.strictSame(reportOf(again.out).problems, [])
  t.equal(world.simulator.requests().sales.writes, 0, 'P4: nothing comes back')
})

t.test('actAs: several callers in one run go in batches of their own, with one header each', async (t) => {
  const world = await withPeople(t, perSalesperson)
  world.simulator.resetRequests()
  await world.run('sync customer-account --accept creates=100')
  const owners = new Set(
    world.simulator.sales
      .rows('accounts')
      .flatMap((row) => (row['_createdonbehalfby_value'] ? [row['_createdby_value']] : [])),
  )
  t.ok(owners.size > 1, 'more than one salesperson')
  t.ok(world.simulator.requests().sales.batches >= owners.size)
})

t.test('actAs: without the privilege each record is refused with the remedy, and nothing is written', async (t) => {
  const world = await withPeople(t, perSalesperson, false)
  const { out, code } = await world.run('sync customer-account --accept creates=100 --json')
  t.equal(code, 1)
  const { problems } = reportOf(out)
  t.ok(problems.length > 0)
  t.ok(problems.every(({ kind }) => kind === 'failed'))
  t.match(problems[0]?.remedy, /role Delegate/)
  give(world, 'Delegate')
  const later = await world.run('retry customer-account --all')
  t.equal(later.code, 0, later.err)
  t.equal(reportOf((await world.run('sync customer-account --json')).out).problems.length, 0)
})

t.test('actAs: a user who was disabled spoils its own records only (P5)', async (t) => {
  const world = await withPeople(t, perSalesperson)
  const { sales } = world.simulator
  const couplings = JSON.parse((await world.run('couplings salesperson-user --json')).out) as Pair[]
  const gone = couplings[0]?.sales.id ?? ''
  sales.service.table('systemusers')?.update(gone, { isdisabled: true })
  const { out } = await world.run('sync customer-account --accept creates=100 --json')
  const { problems, mappings } = reportOf(out)
  t.ok(
    mappings.some(({ created }) => created > 0),
    'the others were written',
  )
  for (const { message } of problems) t.match(message, /disabled/)
})

t.test(
  'actAs: a record waits where its person has no user and the mapping says so; one fixed user suits all',
  async (t) => {
    const strict = `${perSalesperson.slice(0, -2)}, whenUncoupled: hold }`
    const world = await cliWorld(t, set, {
      overlap: 0,
      files: { 'customer-account.yaml': mapping(strict).replace('fields: {', 'fields: { owner: null,') },
    })
    const { out } = await world.run('sync customer-account --accept creates=100 --json')
    const { problems } = reportOf(out)
    t.ok(problems.length > 0)
    t.ok(problems.every(({ kind, message }) => kind === 'waiting' && message.includes('salespersonCode')))

    const { sales } = world.simulator
    const boss = String(sales.rows('systemusers').find((row) => row['accessmode'] !== 4)?.['systemuserid'])
    give(world, 'Delegate')
    const { writeFile } = await import('node:fs/promises')
    const file = `${world.folder}/mappings/customer-account.yaml`
    await writeFile(file, mapping(`{ user: ${boss} }`).replace('fields: {', 'fields: { owner: null,'))
    await world.run('sync customer-account --full --accept creates=100')
    const made = sales.rows('accounts').filter((row) => row['_createdby_value'] === boss)
    t.equal(made.length, problems.length)
  },
)
