/**
 * P3, P5: records with awkward values go the whole way in both directions: created, matched, updated, in conflict, told
 * in every form, kept in the state. Each arrives exactly, or waits by itself with a message that says where.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Row } from '../src/simulator/table.ts'
import { texts, unseen } from './awkward.ts'
import { type CliWorld, projectOf } from './cli/world.ts'
import { writesMade } from './engine/stage.ts'
import { proved } from './proof.ts'

const customer = `mapping: customer
direction: both
create: both
businessCentral: { entity: customers, keys: [number] }
sales: { entity: accounts, filter: customertypecode eq 3 }
match:
  - { businessCentral: [displayName], sales: [name] }
fields:
  type: { sales: customertypecode, value: 3, on: create }
  number: { businessCentral: number, sales: accountnumber, direction: toSales }
  name: { businessCentral: displayName, sales: name }
  address: { businessCentral: addressLine1, sales: address1_line1 }
`

const all = Object.entries(texts)

interface Sides {
  readonly customers: ReadonlyMap<string, Row>
  readonly accounts: ReadonlyMap<string, Row>
}

/** Rows of both sides by the number of the customer. */
function sidesOf({ simulator }: CliWorld): Sides {
  const customers = simulator.businessCentral.rows('customers').map((row) => [String(row['number']), row] as const)
  const accounts = simulator.sales.rows('accounts').map((row) => [String(row['accountnumber']), row] as const)
  return { customers: new Map(customers), accounts: new Map(accounts) }
}

/** What two sides hold in these columns, where it is not the same. */
const differing = ({ customers, accounts }: Sides, columns: Readonly<Record<string, string>>): readonly string[] =>
  [...customers].flatMap(([number, customer]) =>
    Object.entries(columns).flatMap(([ours, theirs]) => {
      const [here, there] = [customer[ours], accounts.get(number)?.[theirs] ?? '']
      return here === there ? [] : [`${number}: ${JSON.stringify(here)} is ${JSON.stringify(there)}`]
    }),
  )

const sameTexts = { displayName: 'name', addressLine1: 'address1_line1' }

/** A further run writes nothing. */
async function rests(t: Test, w: CliWorld): Promise<void> {
  w.simulator.resetRequests()
  t.equal((await w.run('sync')).code, 0)
  t.equal(writesMade(w.simulator), 0, 'a further run writes nothing')
}

t.test('P1 P3 awkward texts are created, matched and updated in both directions, and arrive as they are', async (t) => {
  const w = await projectOf(t, customer)
  const { businessCentral, sales } = w.simulator
  t.equal((await w.run('sync')).code, 0, 'what comes now is matched by filters')
  all.forEach(([, value], n) => {
    businessCentral.create('customers', { number: `T${n}`, displayName: value, addressLine1: value })
    sales.create('accounts', { customertypecode: 3, name: `S${n}`, address1_line1: value })
    businessCentral.create('customers', { number: `M${n}`, displayName: `${value.slice(0, 90)} M${n}` })
    sales.create('accounts', { customertypecode: 3, name: `${value.slice(0, 90)} M${n}`, address1_line1: 'filled' })
  })
  const { out, err, code } = await w.run('sync --json')
  t.equal(code, 0, err)
  const counts = (JSON.parse(out) as { mappings: readonly { created: number; coupled: number }[] }).mappings
  t.match(counts, [{ created: all.length, coupled: all.length }, { created: all.length }])
  await w.run('sync')
  const made = sidesOf(w)
  t.equal(made.customers.size, 3 * all.length)
  t.same(differing(made, sameTexts), [])
  await rests(t, w)
  all.forEach(([, value], n) => {
    businessCentral.edit('customers', `M${n}`, { addressLine1: value })
    sales.edit('accounts', String(made.accounts.get(`T${n}`)?.['accountid']), {
      address1_line1: `${value} too`.slice(0, 100),
    })
  })
  t.equal((await w.run('plan --out plan.json')).code, 0)
  t.equal((await w.run('apply plan.json')).code, 0)
  const edited = sidesOf(w)
  t.same(differing(edited, sameTexts), [])
  t.same(
    all.map((_, n) => edited.customers.get(`M${n}`)?.['addressLine1']),
    all.map(([, value]) => value),
  )
  await rests(t, w)
  proved('hostile input', { 'awkward values': 5 * all.length }, t.counts.fail)
})

t.test(
  'P5 P8 awkward texts in conflict are held one by one, and told so that nothing in them commands or hides',
  async (t) => {
    const w = await projectOf(t, customer)
    const { businessCentral, sales } = w.simulator
    all.forEach(([, value], n) => businessCentral.create('customers', { number: `C${n}`, displayName: value }))
    await w.run('sync')
    const { accounts } = sidesOf(w)
    all.forEach(([, value], n) => {
      businessCentral.edit('customers', `C${n}`, { displayName: `${value} ours`.slice(-100), addressLine1: value })
      sales.edit('accounts', String(accounts.get(`C${n}`)?.['accountid']), { name: `${value} theirs`.slice(-100) })
    })
    const lines = [
      'plan --details',
      'plan --format markdown',
      'plan --json',
      'couple customer --bc C33 --sales C33 --show',
    ]
    const said = Object.fromEntries(
      await Promise.all(lines.map(async (line) => [line, await w.run(`${line} --show-values`)] as const)),
    )
    for (const [line, { out, err }] of Object.entries(said)) t.notMatch(out + err, unseen, line)
    const { holds, operations } = JSON.parse(said['plan --json']?.out ?? '') as Planned
    t.equal(holds.length, all.length)
    t.same(
      operations.flatMap(({ fields }) => fields.map(({ after }) => after)).sort(),
      all.map(([, value]) => value).sort(),
      'JSON tells values as they are',
    )
    t.same(markupIn(said['plan --format markdown']?.out ?? ''), [])
    const run = await w.run('sync --json --accept updates=1000')
    t.equal(run.code, 1)
    const { problems } = JSON.parse(run.out) as { problems: readonly { number: string; kind: string }[] }
    t.same([...new Set(problems.map(({ kind }) => kind))], ['conflict'])
    t.equal(problems.length, all.length)
    t.same(differing(sidesOf(w), { addressLine1: 'address1_line1' }), [], 'the other rows travel')
    const held = await w.run('held')
    t.notMatch(held.out, unseen)
    const resolved = await w.run('resolve customer --all --take sales --yes --later')
    t.equal(resolved.code, 0, resolved.err)
    t.equal((await w.run('sync --accept updates=1000')).code, 0)
    t.same(differing(sidesOf(w), sameTexts), [])
    await rests(t, w)
    t.equal((await w.run('state verify')).code, 0)
    proved('hostile input', { 'awkward values': 2 * all.length }, t.counts.fail)
  },
)

/** Lines of a comment in which a record's text became markup: what is no code holds no tag, no mention and no link. */
const markupIn = (comment: string): readonly string[] =>
  comment
    .split('\n')
    .map((line) => line.replaceAll(/(`+).*?[^`]\1(?!`)/g, '').replaceAll(/<\/?(details|summary)>/g, ''))
    .filter((line) => /[<@[]/.test(line))

interface Planned {
  readonly operations: readonly { readonly fields: readonly { readonly after: string }[] }[]
  readonly holds: readonly unknown[]
}

const person = `mapping: person
direction: both
create: both
businessCentral: { service: ResourceCard, keys: [No] }
sales: { entity: contacts, filter: governmentid ne null }
match:
  - { businessCentral: [No], sales: [governmentid] }
fields:
  number: { businessCentral: No, sales: governmentid }
  name: { businessCentral: Name, sales: lastname }
  notes: { businessCentral: Address, sales: description }
  born: { businessCentral: Employment_Date, sales: birthdate }
  onHold: { businessCentral: Employment_Date, sales: lastonholdtime, direction: toSales }
  price: { businessCentral: Unit_Price, sales: annualincome }
  cost: { businessCentral: Unit_Cost, sales: address1_latitude }
`

/** What Business Central holds → what Sales gets, rounded to its column; undefined: it refuses the record. */
const amounts: readonly (readonly [given: number, money: number | undefined, decimal?: number])[] = [
  [0.1 + 0.2, 0.3, 0.3],
  [-0, 0, 0],
  [1e-7, 0, 0],
  [1.005, 1.01, 1.005],
  [-1.005, -1.01, -1.005],
  [99_999_999_999.99, 99_999_999_999.99, 99_999_999_999.99],
  [5e-324, 0, 0],
  [2 ** 53 + 2, undefined],
  [1e21, undefined],
  [Number.MAX_VALUE, undefined],
]
const dates = { '0001-01-01': null, '1753-01-01': '', '1900-02-28': '', '2000-02-29': '', '9999-12-31': '' }
/** Numbers of records, as Sales has them; Business Central writes codes in capitals. */
const names = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  `O'NEIL`,
  'A"B',
  'A/B',
  'A&B#C?D%',
  'A=B,C',
  '😀',
]
const longTexts = {
  LONG: 'x'.repeat(2000),
  PAIR: `${'x'.repeat(99)}😀${'y'.repeat(200)}`,
  FOLD: 'a\n'.repeat(900),
}

t.test('P3 P5 awkward numbers, dates and names of records travel as far as the columns hold them', async (t) => {
  const w = await projectOf(t, person)
  const { businessCentral, sales } = w.simulator
  const resource = (No: string, values: Row): void =>
    void businessCentral.create('ResourceCard', { No, Name: No, ...values })
  const contact = (governmentid: string, values: Row = {}): void =>
    void sales.create('contacts', { governmentid, lastname: 'x', ...values })
  const tooEarly = '1752-12-31'
  amounts.forEach(([value], n) => resource(`N${n}`, { Unit_Price: value, Unit_Cost: value }))
  for (const date of [...Object.keys(dates), tooEarly]) resource(`D${date}`, { Employment_Date: date })
  for (const name of names) contact(name)
  for (const [name, description] of Object.entries(longTexts)) contact(name, { description })
  contact('LEAP', { birthdate: '2024-02-29' })
  const { out, code } = await w.run('sync --json --accept creates=1000')
  t.equal(code, 1)
  const refused = amounts.flatMap(([, money], n) => (money === undefined ? [`N${n}`] : []))
  const { problems } = JSON.parse(out) as { problems: readonly Told[] }
  t.same(problems.map(({ number }) => number).toSorted(inOrder), [`D${tooEarly}`, ...refused].toSorted(inOrder))
  for (const { kind, side, message, remedy } of problems)
    t.match(
      { kind, side, message, remedy },
      { kind: 'failed', message: /'annualincome'|'address1_latitude'|DateTime/, remedy: /./ },
    )
  await w.run('sync --accept updates=1000')
  const resources = new Map(businessCentral.rows('ResourceCard').map((row) => [row['No'], row]))
  const contacts = new Map(sales.rows('contacts').map((row) => [row['governmentid'], row]))
  amounts.forEach(([, money, decimal], n) => {
    const { annualincome, address1_latitude }: Row = contacts.get(`N${n}`) ?? {}
    t.same([annualincome, address1_latitude], [money, decimal], `N${n}`)
  })
  for (const [date, blank] of Object.entries(dates)) {
    const { birthdate, lastonholdtime } = contacts.get(`D${date}`) ?? {}
    t.same([birthdate, lastonholdtime], blank === null ? [null, null] : [date, `${date}T00:00:00Z`])
  }
  t.equal(resources.get('LEAP')?.['Employment_Date'], '2024-02-29')
  for (const name of names) t.match(resources.get(name.toUpperCase()), { Name: 'x' }, name)
  t.same(
    Object.keys(longTexts).map((name) => resources.get(name)?.['Address']),
    ['x'.repeat(100), 'x'.repeat(99), 'a\n'.repeat(50)],
    'cut to the shorter column, never through a pair of surrogates',
  )
  w.simulator.resetRequests()
  t.equal((await w.run('sync')).code, 1)
  t.equal(writesMade(w.simulator), 0, 'what was refused waits, the rest rests')
  proved(
    'hostile input',
    { 'awkward values': amounts.length + Object.keys(dates).length + names.length + 5 },
    t.counts.fail,
  )
})

t.test(
  'P2 P5 a number with more digits than can be sent is rounded where the column rounds it, else held',
  async (t) => {
    const w = await projectOf(t, person)
    const { businessCentral, faults } = w.simulator
    for (const [n, cost] of [7001, 7002, 7003].entries())
      businessCentral.create('ResourceCard', { No: `R${n}`, Name: `R${n}`, Unit_Price: cost })
    const served = { 7001: '33.3333333333333333333333333', 7002: '123456789012345.678901234' }
    faults.take = ({ service }) =>
      service !== 'businessCentral'
        ? undefined
        : {
            rewrite: (body) =>
              Object.entries(served).reduce(
                (text, [given, digits]) => text.replaceAll(`"Unit_Price":${given}`, `"Unit_Price":${digits}`),
                body,
              ),
          }
    const { out, code } = await w.run('sync --json')
    t.equal(code, 1)
    t.match((JSON.parse(out) as { problems: readonly Told[] }).problems, [
      {
        number: 'R1',
        kind: 'failed',
        message: /annualincome would hold a number with more digits/,
        remedy: /\$roundTo/,
      },
    ])
    const incomes = (): readonly unknown[] =>
      w.simulator.sales
        .rows('contacts')
        .flatMap(({ governmentid, annualincome }) =>
          governmentid === null || governmentid === undefined ? [] : [annualincome],
        )
    t.same(new Set(incomes()), new Set([33.33, 7003]), 'the others travel')
    faults.take = () => undefined
    proved('hostile input', { 'awkward values': 3 }, t.counts.fail)
  },
)

/** The digits that a service is to show where the simulated one has a number of its own. */
const longNumbers = {
  businessCentral: { '"Unit_Price":7002': '123456789012345.678901234', '"Unit_Price":7003': '12345678901234567890' },
  sales: { '"annualincome":8002': '-123456789012345.678901234', '"annualincome":8003': '12345678901234567890' },
}

t.test(
  'P2 P5 numbers that no double holds are held on either side, and travel once the mapping rounds them',
  async (t) => {
    const w = await projectOf(t, person)
    const { businessCentral, sales, faults } = w.simulator
    for (const cost of [7001, 7002, 7003])
      businessCentral.create('ResourceCard', { No: `B${cost}`, Name: 'x', Unit_Price: cost })
    for (const annualincome of [8001, 8002, 8003])
      sales.create('contacts', { governmentid: `S${annualincome}`, lastname: 'x', annualincome })
    faults.take = ({ service }) =>
      service === 'login'
        ? undefined
        : {
            rewrite: (body) =>
              Object.entries(longNumbers[service]).reduce(
                (text, [given, digits]) =>
                  text.replaceAll(new RegExp(`${given}(?:\\.0+)?(?=[,}])`, 'g'), `${given.split(':')[0]}:${digits}`),
                body,
              ),
          }
    const first = await w.run('sync --json --accept creates=1000')
    t.equal(first.code, 1, first.err)
    const told = new Map(
      (JSON.parse(first.out) as { problems: readonly Told[] }).problems.map((one) => [one.number, one]),
    )
    t.same([...told.keys()].toSorted(inOrder), ['B7002', 'B7003', 'S8002', 'S8003'])
    for (const [number, { kind, message, remedy }] of told) {
      const column = number.startsWith('B') ? 'annualincome' : 'Unit_Price'
      t.equal(kind, 'failed')
      t.equal(message, `${column} would hold a number with more digits than can be sent without losing some`)
      t.match(remedy, /Round it in the record, or in the mapping .*compute with \$roundTo/)
    }
    const file = join(w.folder, 'mappings', 'person.yaml')
    await writeFile(
      file,
      person.replace(
        'price: { businessCentral: Unit_Price, sales: annualincome }',
        'price: { businessCentral: Unit_Price, sales: annualincome, compute: { toSales: "$roundTo(Unit_Price, 0.1)", toBusinessCentral: "$roundTo(annualincome, 0.1)" } }',
      ),
    )
    await w.run('retry person --all --later')
    const second = await w.run('sync --json --accept creates=1000')
    const { problems } = JSON.parse(second.out) as { problems: readonly Told[] }
    t.same(problems.map(({ number }) => number).toSorted(inOrder), ['B7003', 'S8003'])
    const incomeOf = (id: string): unknown =>
      sales.rows('contacts').find((row) => row['governmentid'] === id)?.['annualincome']
    t.same([incomeOf('B7001'), incomeOf('B7002')], [7001, 123_456_789_012_345.7])
    const priceOf = (No: string): unknown => businessCentral.row('ResourceCard', No)?.['Unit_Price']
    t.same([priceOf('S8001'), priceOf('S8002')], [8001, -123_456_789_012_345.7])
    w.simulator.resetRequests()
    await w.run('sync')
    t.equal(writesMade(w.simulator), 0, 'what was rounded is no edit')
    faults.take = () => undefined
    proved('hostile input', { 'awkward values': 4 }, t.counts.fail)
  },
)

t.test(
  'P3 a mapping and its rows may be called as what every object has; columns and entities too are told',
  async (t) => {
    const mapping = customer
      .replace('mapping: customer', 'mapping: constructor')
      .replace('  address:', '  hasOwnProperty:')
      .replace('  number:', '  constructor:')
      .replace('  name:', '  toString:')
    const w = await projectOf(t, mapping)
    w.simulator.businessCentral.create('customers', { number: 'C1', displayName: 'One', addressLine1: 'x' })
    for (const line of ['validate', 'plan', 'sync', 'sync', 'couplings', 'status', 'audit', 'state verify', 'docs']) {
      const { code, err } = await w.run(line)
      t.equal(code, 0, `${line}: ${err}`)
    }
    t.same(differing(sidesOf(w), sameTexts), [])
    const file = join(w.folder, 'mappings', 'constructor.yaml')
    for (const [change, [from, to]] of Object.entries({
      column: ['businessCentral: addressLine1', 'businessCentral: constructor'],
      'column of Sales': ['sales: address1_line1', 'sales: constructor'],
      entity: ['entity: customers', 'entity: constructor'],
      'entity of Sales': ['entity: accounts', 'entity: constructor'],
      row: ['  toString:', '  __proto__:'],
    } as const)) {
      await writeFile(file, mapping.replace(from, to))
      const { code, err, out } = await w.run('sync')
      t.equal(code, change === 'row' ? 2 : 3, change)
      t.match(
        out + err,
        change === 'row' ? /constructor\.yaml:11:3 .*__proto__/ : /(no|left) [\w ]*constructor/,
        change,
      )
    }
    proved('hostile input', { 'awkward values': 9 }, t.counts.fail)
  },
)

interface Told {
  readonly number: string
  readonly kind: string
  readonly side: string
  readonly message: string
  readonly remedy: string
}
const inOrder = (one: string, other: string): number => (one < other ? -1 : 1)
