/** The effect of a change told from a snapshot is the effect told from the services on the same rows. */
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { cliWorld } from '../cli/world.ts'
import type { CliWorld } from '../cli/world.ts'
import { writesMade } from '../engine/stage.ts'

const customer = `mapping: customer
direction: both
create: toSales
businessCentral: { entity: customers, keys: [number], filter: creditLimit ge 0 }
sales: { entity: accounts, filter: customertypecode eq 3 }
match:
  - { businessCentral: [number], sales: [accountnumber] }
fields:
  number: { businessCentral: number, sales: accountnumber, direction: toSales }
  name: { businessCentral: displayName, sales: name }
  city: { businessCentral: city, sales: address1_city }
  country: { businessCentral: country, sales: address1_country }
  phone: { businessCentral: phoneNumber, sales: telephone1 }
  credit: { businessCentral: creditLimit, sales: creditlimit, direction: toSales }
  street: { businessCentral: addressLine1, sales: address1_line3 }
  type: { sales: customertypecode, value: 3, on: create }
`
const person = `mapping: person
after: [customer]
direction: both
create: toSales
businessCentral: { entity: contacts, keys: [number], filter: type eq 'Person' }
sales: { entity: contacts, type: { parentcustomerid: account } }
match:
  - { businessCentral: [email], sales: [emailaddress1] }
fields:
  email: { businessCentral: email, sales: emailaddress1 }
  name:
    sales: lastname
    direction: toSales
    compute: { toSales: "$trim($substringAfter(displayName & ' ', ' '))" }
  first: { sales: firstname, direction: toSales, compute: { toSales: "$substringBefore(displayName, ' ')" } }
  job: { businessCentral: jobTitle, sales: jobtitle }
`

/** Changes of the one mapping or the other, each with a piece of text exchanged for another. */
const changes: Readonly<Record<string, readonly [file: string, from: string, to: string]>> = {
  'another column': ['customer', 'sales: address1_city', 'sales: address1_county'],
  'an expression': [
    'customer',
    'phone: {',
    'phone: { compute: { toSales: $trim(email), toBusinessCentral: $trim(fax) },',
  ],
  capitals: ['person', 'displayName & ', '$uppercase(displayName) & '],
  'a wider filter': ['customer', 'customertypecode eq 3 }', 'statecode eq 0 }'],
  'a narrower filter': ['customer', 'creditLimit ge 0', 'creditLimit gt 0'],
  'a threshold': ['customer', 'creditLimit ge 0', 'creditLimit ge 10000'],
  'a country': ['customer', 'creditLimit ge 0', "country eq 'US'"],
  'one way': ['person', 'direction: both', 'direction: toSales'],
  'other creations': ['customer', 'create: toSales', 'create: both'],
  'a match rule': ['person', '[email], sales: [emailaddress1]', '[displayName], sales: [fullname]'],
  'the side that wins': [
    'customer',
    'fields:',
    'conflicts: sales\nfirstMatch: { different: businessCentral }\nfields:',
  ],
}

/** Changes of which a snapshot says that it cannot tell their effect, and why. */
const untold: Readonly<Record<string, readonly [file: string, from: string, to: string, why: RegExp]>> = {
  'a value of a filter': [
    'customer',
    'creditLimit ge 0',
    "city eq 'Atlanta'",
    /compares city \(Business Central\) with a value/,
  ],
  'a part of a text': [
    'customer',
    'creditLimit ge 0',
    `"contains(displayName,'Ltd')"`,
    /looks at a part of displayName/,
  ],
  'a threshold between': [
    'customer',
    'creditLimit ge 0',
    'creditLimit ge 5000',
    /compares creditLimit .* with a value/,
  ],
  'a value of an expression': [
    'person',
    '$trim($substringAfter',
    "jobTitle = 'CEO' ? 'Boss' : $trim($substringAfter",
    /the row name asks for a value/,
  ],
  'a day': [
    'person',
    "type eq 'Person'",
    'lastInteractionDate gt 2026-03-05',
    /compares lastInteractionDate .* with a value/,
  ],
  'another collection': ['person', 'entity: contacts, keys', 'entity: vendors, keys', /does not hold vendors/],
  'a column that is not there': [
    'customer',
    'sales: address1_city',
    'sales: new_city',
    /does not hold new_city of accounts/,
  ],
}

/** Filters of persons that mean the same with pseudonyms. */
const told = [
  'lastInteractionDate lt 2026-01-01',
  'id ne 00000000-0000-4000-8000-000000000001',
  "displayName ne ''",
  'lastModifiedDateTime gt 2026-03-05T00:00:00Z',
  "tolower(email) eq ''",
]

/** A company in step, in which people have edited since, on one side, on the other, and on both. */
async function edited(t: Test): Promise<CliWorld> {
  const files = { 'customer.yaml': customer, 'person.yaml': person }
  const world = await cliWorld(t, '', { customers: 12, files })
  const yaml = join(world.folder, 'couplet.yaml')
  writeFileSync(yaml, readFileSync(yaml, 'utf8').replace('use: standard@1\n', ''))
  const { businessCentral, sales } = world.simulator
  const customers = businessCentral.rows('customers').map(({ id }) => String(id))
  const edit = (index: number, values: object): void => {
    businessCentral.edit('customers', customers[index] ?? '', values as never)
  }
  // As long as the column takes, and longer than the other side's.
  edit(0, { addressLine1: `${'Long Winding Lane '.repeat(5)}Northumber` })
  const first = await world.run('sync --accept creates=1000')
  t.match(first.out, 'customer', first.err)
  edit(1, { city: 'Zebrafinch', phoneNumber: '030 555 1234' })
  edit(2, { creditLimit: 12_345.67, displayName: 'Fabrikam & Sons Ltd.' })
  edit(3, { city: 'Here' })
  const accounts = sales.rows('accounts').filter((row) => row['customertypecode'] === 3)
  const account = (number: number): string => {
    const numbers = businessCentral.rows('customers').map((row) => row['number'])
    return String(accounts.find((row) => row['accountnumber'] === numbers[number])?.['accountid'])
  }
  sales.edit('accounts', account(3), { address1_city: 'There' })
  sales.edit('accounts', account(4), { telephone1: '+49 30 1234567', name: 'Wide World Importers' })
  sales.edit('accounts', account(5), { statecode: 1, statuscode: 2 })
  sales.create('accounts', { name: 'Nobody’s', accountnumber: 'X-1', customertypecode: 1 })
  return world
}

interface Effect {
  readonly source: string
  readonly counts: readonly object[]
  readonly holds: readonly object[]
  readonly dropped: readonly object[]
  readonly released: number
  readonly inexact: readonly object[]
  readonly problems: readonly { readonly mapping: string; readonly message: string }[]
}

t.test('P6 the effect of many changes on a snapshot is the effect on the services, to the record', async (t) => {
  const world = await edited(t)
  const base = join(world.folder, 'base')
  for (const name of ['couplet.yaml', 'simulator-secret.txt', 'mappings'])
    cpSync(join(world.folder, name), join(base, name), { recursive: true })
  world.simulator.resetRequests()
  const before = stateOf(world.folder)
  const taken = await world.run('snapshot')
  t.equal(taken.code, 0, taken.err)
  t.match(taken.out, /Business Central\s+customers\s+\d+/)
  t.equal(writesMade(world.simulator), 0)
  t.same(stateOf(world.folder), before)
  const told = async (source: readonly string[]): Promise<Effect> => {
    const said = await world.run(['diff', base, ...source, '--json'])
    t.equal(said.code, 0, said.err)
    return (JSON.parse(said.out) as { readonly effect: Effect }).effect
  }
  for (const [name, [file, from, to]] of Object.entries(changes)) {
    const texts = { customer, person } as Readonly<Record<string, string>>
    for (const each of ['customer', 'person']) {
      const text = texts[each] ?? ''
      writeFileSync(join(world.folder, 'mappings', `${each}.yaml`), each === file ? text.replace(from, to) : text)
    }
    const { source, ...live } = await told(['--live'])
    world.simulator.resetRequests()
    const { source: recorded, ...replayed } = await told(['--snapshot', 'snapshot'])
    t.equal(requestsMade(world), 0, 'no service is asked')
    t.match(recorded, /^the snapshot of \d{4}-\d\d-\d\d in snapshot/)
    t.equal(source, 'the live services')
    t.same(replayed, live, name)
    t.ok(isConcerned(live), `${name} concerns records`)
  }
})

t.test('what a snapshot does not hold is said, and not calculated', async (t) => {
  const world = await edited(t)
  const base = join(world.folder, 'base')
  for (const name of ['couplet.yaml', 'mappings'])
    cpSync(join(world.folder, name), join(base, name), { recursive: true })
  t.equal((await world.run('snapshot')).code, 0)
  const changed = async (file: string, from: string, to: string): Promise<Effect> => {
    const texts = { customer, person } as Readonly<Record<string, string>>
    for (const [each, text] of Object.entries(texts))
      writeFileSync(join(world.folder, 'mappings', `${each}.yaml`), each === file ? text.replace(from, to) : text)
    const said = await world.run(['diff', base, '--snapshot', 'snapshot', '--json'])
    t.equal(said.code, 0, said.err)
    return (JSON.parse(said.out) as { readonly effect: Effect }).effect
  }
  for (const [name, [file, from, to, why]] of Object.entries(untold)) {
    const { problems, counts, holds, inexact } = await changed(file, from, to)
    t.match(problems[0], { mapping: file, message: why, remedy: /couplet snapshot/ }, name)
    t.notOk(JSON.stringify([counts, holds]).includes(`"${file}"`), `${name}: nothing is told of it`)
    t.same(inexact, [])
  }
  for (const filter of told)
    t.same((await changed('person', "type eq 'Person'", `"type eq 'Person' and ${filter}"`)).problems, [], filter)
  const { inexact, problems } = await changed('person', '$trim($substringAfter', '$substring($substringAfter')
  t.same([inexact, problems], [[{ mapping: 'person', fields: ['name'] }], []])
  const text = await world.run(['diff', base, '--snapshot', 'snapshot'])
  const constant = await changed(
    'customer',
    'type: {',
    'note: { sales: description, value: Gold, direction: toSales }\n  type: {',
  )
  t.same(constant.inexact, [{ mapping: 'customer', fields: ['note'] }])
  t.match(text.out, 'person: name looks into values')
  world.simulator.faults.add({ match: { service: 'sales', path: '/accounts' }, do: { status: 401 } })
  t.match(await world.run('snapshot'), { code: 3, err: /Sales/ })
  world.simulator.faults.clear()
  t.same((await changed('person', 'fields:', 'fields:')).problems, [], 'an outage leaves the former one as it was')
  world.simulator.faults.add({
    match: { service: 'businessCentral', path: '/contacts' },
    do: { status: 403, body: JSON.stringify({ error: { code: 'Forbidden', message: 'You do not have permission.' } }) },
  })
  const partly = await world.run('snapshot')
  t.match(partly, { code: 3, out: /person is not in it whole: / })
  world.simulator.faults.clear()
  const said = await changed('customer', 'creditLimit ge 0', 'creditLimit gt 0')
  t.match(said.problems, [{ mapping: 'person', message: /does not hold the rows of contacts/ }])
  t.ok(isConcerned({ ...said, problems: [] }), 'the rest is told')
  const elsewhere = await world.run(['--target', 'x', 'diff', base, '--snapshot', 'snapshot'])
  t.equal(elsewhere.code, 2)
})

const isConcerned = ({ counts, holds, dropped, released }: Omit<Effect, 'source'>): boolean =>
  counts.length + holds.length + dropped.length + released > 0

const requestsMade = ({ simulator }: CliWorld): number => {
  const { businessCentral, sales } = simulator.requests()
  return businessCentral.requests + sales.requests
}

const stateOf = (folder: string): readonly string[] =>
  readdirSync(join(folder, '.couplet'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
