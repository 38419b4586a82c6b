/** `couplet test`: what passes, how a difference is told, and what is wrong with files of tests. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import type { TestResult } from '../../src/rehearsal/rehearse.ts'
import { mappings } from '../mappings/standard-files.ts'
import { type Said, couplet } from './world.ts'

const project = `connections:
  businessCentral:
    { kind: business-central, tenant: t, company: CRONUS, auth: { method: client-secret, clientId: c, clientSecret: "\${env:BC_SECRET}" } }
  sales: { kind: dataverse, url: https://contoso.crm4.dynamics.com, auth: { method: federated, tenant: t, clientId: c } }
create: toSales
`
const customer = `mapping: customer
direction: both
businessCentral: { entity: customers, keys: [number], filter: blocked eq '_x0020_' }
sales: { entity: accounts, filter: customertypecode eq 3 and statecode eq 0 }
match:
  - { businessCentral: [number], sales: [accountnumber] }
fields:
  number: { businessCentral: number, sales: accountnumber, direction: toSales }
  type: { sales: customertypecode, value: 3, on: create }
  name: { businessCentral: displayName, sales: name }
  phone: { businessCentral: phoneNumber, sales: telephone1 }
  text: { sales: description, direction: toSales, compute: { toSales: $uppercase(displayName) } }
`
const given = `mapping: customer
given: { businessCentral: { customers: [{ number: '10000', displayName: Adatum, phoneNumber: '1' }] } }
tests:
`
/** Three tests that hold. */
const sound = `${given}  a new customer becomes an account:
    expect:
      operations: [{ kind: create, side: sales, record: '10000', fields: { name: Adatum, text: ADATUM } }]
      sales: { accounts: [{ name: Adatum, telephone1: '1', fax: null }] }
      coupled: [{ businessCentral: '10000', sales: Adatum }]
  a phone number edited in Sales goes to Business Central:
    edited: { sales: { accounts: { Adatum: { telephone1: '2' } } } }
    expect:
      operations: [{ kind: update, side: businessCentral, fields: { phone: '2' }, only: true }]
      businessCentral: { customers: [{ phoneNumber: '2' }] }
  the same field edited on both sides waits for a person:
    edited:
      businessCentral: { customers: { '10000': { phoneNumber: '2' } } }
      sales: { accounts: { Adatum: { telephone1: '3' } } }
    expect:
      operations: []
      held: [{ kind: conflict, record: '10000', fields: [phone], says: both sides }]
`

/** The YAML that a page of the documentation shows first. */
const shownIn = (page: string): string => /```yaml\n([^]*?)```/.exec(readFileSync(page, 'utf8'))?.[1] ?? ''

/** A project with files of tests; they may take other files' places. */
function projectWith(
  t: Test,
  files: Readonly<Record<string, string>>,
): (args?: string, more?: object) => Promise<Said> {
  const folder = t.testdir({})
  const all = { 'couplet.yaml': project, 'mappings/customer.yaml': customer, ...files }
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return (args = '', more = {}) => couplet(folder, `test ${args}`.trim(), more)
}

t.test('the tests of the standard set pass, without the network, and each mapping has some', async (t) => {
  const connect = t.capture(Socket.prototype, 'connect', () => {
    throw new Error('mapping tests make no connection')
  })
  const { code, out, err } = await couplet(t.testdir({}), 'test --standard --json')
  const { ok, tests } = JSON.parse(out) as { readonly ok: boolean; readonly tests: readonly TestResult[] }
  const failed = tests.filter(({ passed }) => !passed)
  t.same(failed, [])
  t.ok(ok)
  t.equal(err, '')
  t.equal(code, 0)
  t.same(connect(), [], 'no socket was opened')
  t.same(
    [...new Set(tests.flatMap((test) => test.mappings))].toSorted(),
    [...mappings.keys()].toSorted(),
    'each mapping of the set',
  )
})

t.test('what holds passes; words and files choose', async (t) => {
  const run = projectWith(t, {
    'tests/customer.yaml': sound,
    'tests/more.yaml': sound.replaceAll('Adatum', 'Fabrikam'),
  })
  const all = await run()
  t.equal(all.code, 1, 'ADATUM is not the text of Fabrikam')
  t.match(all.out, /\n5 tests passed, 1 test failed, in [\d.]+ s$/)
  t.match((await run('tests/customer.yaml')).out, /^tests\/customer\.yaml\n.*✓ a new customer.*\n3 tests passed/s)
  t.match((await run('phone more')).out, /^tests\/more\.yaml\n {2}✓ a phone number edited.*\n1 test passed/)
  t.match(
    (await run('customer CONFLICT')).err,
    /^No test holds "customer" and "CONFLICT"\.\n→ All tests: couplet test$/,
  )
  t.equal((await run('tests/none.yaml')).code, 2)
  t.equal((await run('--watch --json')).code, 2)
  t.equal((await run('--junit no/such/folder.xml')).code, 2)
})

t.test('the example of docs/testing.md holds, also while the connections are paused', async (t) => {
  const paused = project.replaceAll('kind:', 'enabled: false, reason: moving, kind:')
  const run = projectWith(t, {
    'couplet.yaml': `${paused}use: standard@1\nsettings: { localCurrency: GBP }\n`,
    'tests/customer-account.yaml': shownIn('docs/testing.md'),
  })
  t.match((await run()).out, /\n2 tests passed, in/)
})

/** What a test expects wrongly, with ‸ where the difference is told, and how. */
const differences: readonly (readonly [title: string, from: string, to: string, told: string])[] = [
  [
    'a value that is written',
    'text: ADATUM',
    '‸text: Adatum',
    'expect.operations[0].fields.text: expected "Adatum", is "ADATUM"',
  ],
  [
    'the record that is written',
    'only: true',
    'only: true, ‸record: 7',
    'expect.operations[0].record: expected 7, is "10000"',
  ],
  [
    'a field row that is not written',
    "{ phone: '2' }, only: true",
    "{ phone: '2', ‸name: Adatum }",
    'expect.operations[0].fields.name: is not written; written are phone',
  ],
  [
    'a field row that is written too',
    'fields: { name: Adatum, text: ADATUM }',
    'fields: { name: Adatum, text: ADATUM }, ‸only: true',
    'expect.operations[0].only: also written: number: "10000", type: "3", phone: "1"',
  ],
  [
    'something that does not happen',
    'only: true }',
    'only: true }, ‸{ kind: delete, side: sales }',
    'expect.operations[1]: this does not happen; the run does update 10000 in Business Central (phone: "2")',
  ],
  [
    'something that nobody expected',
    "operations: [{ kind: update, side: businessCentral, fields: { phone: '2' }, only: true }]",
    '‸operations: []',
    'expect.operations: not expected: update 10000 in Business Central (phone: "2")',
  ],
  [
    'a column of a row',
    "telephone1: '1', fax: null",
    '‸telephone1: null, fax: null',
    'expect.sales.accounts[0].telephone1: expected blank, is "1"',
  ],
  [
    'a record too many',
    "accounts: [{ name: Adatum, telephone1: '1', fax: null }]",
    '‸accounts: []',
    'expect.sales.accounts: not expected: Adatum',
  ],
  [
    'a record too few',
    'fax: null }]',
    'fax: null }, ‸{ name: Fabrikam }]',
    'expect.sales.accounts[1]: there is no such record; accounts has 1: Adatum',
  ],
  [
    'a pair',
    'sales: Adatum }]',
    'sales: Adatum, ‸paused: true }]',
    'expect.coupled[0].paused: expected true, is false',
  ],
  [
    'a record that waits for another reason',
    'kind: conflict',
    '‸kind: deleted',
    'expect.held[0].kind: expected "deleted", is "conflict"',
  ],
  [
    'a new record that nobody expected',
    "operations: [{ kind: create, side: sales, record: '10000', fields: { name: Adatum, text: ADATUM } }]",
    '‸operations: []',
    'expect.operations: not expected: create 10000 in Sales (number: "10000", type: "3", name: "Adatum", phone: "1", text: "ADATUM")',
  ],
  [
    'a field row that is written although none should be',
    "fields: { phone: '2' }, only: true",
    '‸only: true',
    'expect.operations[0].only: also written: phone: "2"',
  ],
  [
    'records where there are none',
    'customers: [{ phoneNumber:',
    "items: [‸{ number: '1' }], customers: [{ phoneNumber:",
    'expect.businessCentral.items[0]: there is no such record; items has none',
  ],
  [
    'the pair of a record that is not there',
    'sales: Adatum }]',
    '‸sales: Fabrikam }]',
    'expect.coupled[0].sales: no record of accounts is called "Fabrikam"',
  ],
  [
    'the pair of another mapping',
    "coupled: [{ businessCentral: '10000', sales: Adatum }]",
    "coupled: [{ ‸mapping: other, businessCentral: '10000', sales: Adatum }]",
    'expect.coupled[0].mapping: expected "other", is "customer"',
  ],
  [
    'a pair too few',
    'sales: Adatum }]',
    "sales: Adatum }, ‸{ businessCentral: '10000', sales: Adatum }]",
    'expect.coupled[1]: there is no such pair; coupled are 10000 = 20f69aeb-9e0b-519a-bb73-cf1ace21e9c8',
  ],
  [
    'no pair',
    "coupled: [{ businessCentral: '10000', sales: Adatum }]",
    '‸coupled: []',
    'expect.coupled: not expected: 10000 = 20f69aeb-9e0b-519a-bb73-cf1ace21e9c8',
  ],
  [
    'which record waits',
    "record: '10000', fields: [phone]",
    '‸record: 7, fields: [phone]',
    'expect.held[0].record: expected 7, is "10000"',
  ],
  [
    'the field rows for which it waits',
    'fields: [phone], says',
    '‸fields: [name], says',
    'expect.held[0].fields: expected "name", is "phone"',
  ],
  [
    'something else that waits',
    'says: both sides }]',
    'says: both sides }, ‸{ kind: deleted }]',
    'expect.held[1]: nothing waits like this; what waits: 10000 of Business Central, conflict (phone): phone edited on both sides since the last agreement',
  ],
  [
    'a record that waits unexpectedly',
    "expect:\n      operations: []\n      held: [{ kind: conflict, record: '10000', fields: [phone], says: both sides }]",
    '‸expect:\n      operations: []',
    'expect: waits, which was not expected: 10000 of Business Central, conflict (phone): phone edited on both sides since the last agreement',
  ],
]

/** `line:column` of the mark in a text. */
function placeOfMark(text: string): string {
  const lines = text.slice(0, text.indexOf('‸')).split('\n')
  return `${lines.length}:${(lines.at(-1) ?? '').length + 1}`
}

t.test('each difference is told at its line, and only it', async (t) => {
  const texts = differences.map(([, from, to]) => sound.replace(from, to))
  const { code, out } = await projectWith(
    t,
    Object.fromEntries(texts.map((text, index) => [`tests/${index}.yaml`, text.replace('‸', '')])),
  )()
  t.equal(code, 1)
  for (const [index, [title, , , told]] of differences.entries())
    t.same(
      out.split('\n').filter((line) => line.includes(`tests/${index}.yaml:`)),
      [`      tests/${index}.yaml:${placeOfMark(texts[index] ?? '')}  ${told}`],
      title,
    )
  t.match(out, new RegExp(`\\n${differences.length * 2} tests passed, ${differences.length} tests failed, in`))
})

t.test('GitHub shows a difference at its line, a CI server reads JUnit', async (t) => {
  const run = projectWith(t, { 'tests/a.yaml': sound.replace('text: ADATUM', 'text: "<&\\e>"') })
  const { err } = await run('--junit results.xml', { env: { GITHUB_ACTIONS: 'true' } })
  t.equal(
    err,
    '::error file=tests/a.yaml,line=6,col=90::a new customer becomes an account: expect.operations[0].fields.text: expected "<&\\u001b>", is "ADATUM"',
  )
  const xml = readFileSync(join(t.testdirName, 'results.xml'), 'utf8')
  t.match(xml, /<testsuite name="tests\/a\.yaml" tests="3" failures="1" errors="0" time="\d+\.\d{3}">/)
  t.match(
    xml,
    /<testcase name="a new customer becomes an account" classname="tests\/a\.yaml" file="tests\/a\.yaml" line="4" time="[\d.]+">\n\s+<failure message="tests\/a\.yaml:6:90 {2}expect\.operations\[0\]\.fields\.text: expected &quot;&lt;&amp;\\u001b&gt;&quot;/,
  )
})

t.test('everything that is wrong with files of tests is told at once, and nothing is played', async (t) => {
  const run = projectWith(t, {
    'tests/empty.yaml': '',
    'tests/keys.yaml': 'mapping: custmer\ntests:\n  a: { expect: { operations: [{ kind: updat, side: sales }] } }\n',
    'tests/rows.yaml': `mapping: customer
given: { sales: { accounts: [{ nme: x }] }, options: { account.paymenttermcode: { 1: Net } } }
settings: { timeZone: Nowhere }
tests:
  b: { given: { businessCentral: { custmers: [{ number: '1' }] } }, expect: { operations: [] } }
  c:
    edited: { sales: { accounts: { A: { telefone1: x } } } }
    expect: { operations: [{ kind: update, side: sales, fields: { nam: x } }], held: [{ kind: conflict, fields: [fon] }] }
`,
    'tests/nothing.yaml': 'mapping: customer\ntests:\n  d: { today: 2026-02-30, expect: { operations: [] } }\n',
  })
  const { code, out, err } = await run()
  t.equal(code, 2)
  t.equal(out, '')
  t.same(err.split('\n'), [
    'tests/empty.yaml:1:1  the file is empty',
    'tests/keys.yaml:1:10  mapping: no mapping is called "custmer" (did you mean "customer"?)',
    'tests/keys.yaml:3:6  tests.a: no rows are given on either side: nothing could happen',
    'tests/keys.yaml:3:39  tests.a.expect.operations[0].kind: "updat" is none of create, update, delete, couple, uncouple, claim (did you mean "update"?)',
    'tests/nothing.yaml:3:6  tests.d: no rows are given on either side: nothing could happen',
    'tests/nothing.yaml:3:15  tests.d.today: "2026-02-30" is no day',
    'tests/rows.yaml:2:37  given.sales.accounts[0].nme: accounts has no column nme (did you mean "name"?)',
    'tests/rows.yaml:2:81  given.options.account.paymenttermcode: Sales has no choice column account.paymenttermcode (did you mean "account.paymenttermscode"?)',
    'tests/rows.yaml:3:23  settings.timeZone: with these settings: "Nowhere" is no IANA time zone; write one like Europe/Berlin',
    'tests/rows.yaml:5:46  tests.b.given.businessCentral.custmers: Business Central has no custmers (did you mean "customers"?)',
    'tests/rows.yaml:7:52  tests.c.edited.sales.accounts.A.telefone1: accounts has no column telefone1 (did you mean "telephone1"?)',
    'tests/rows.yaml:8:72  tests.c.expect.operations[0].fields.nam: customer has no field row "nam" (did you mean "name"?)',
    'tests/rows.yaml:8:114  tests.c.expect.held[0].fields[0]: customer has no field row "fon"',
    '13 problems; nothing was run',
  ])
  t.equal((await run('--json tests/keys.yaml')).out.match(/"line"/g)?.length, 3, 'the same as data')
})

t.test('what is wrong with the project is told together with its tests', async (t) => {
  const run = projectWith(t, { 'tests/empty.yaml': '', 'mappings/customer.yaml': customer.replace('both', 'all') })
  for (const { code, err } of [await run(), await couplet(t.testdirName, 'validate')]) {
    t.equal(code, 2)
    t.match(err, /^mappings\/customer\.yaml:2:12 .*\ntests\/empty\.yaml:1:1 .*\n2 problems; nothing was run$/)
  }
  t.match((await couplet(t.testdir({}), 'test')).err, /^couplet\.yaml:1:1 {2}there is no couplet\.yaml/)
  t.match((await projectWith(t, {})()).err, /^There are no tests: .*tests holds no YAML file\.\n→ Write one/)
})

t.test('what no service takes is told at its row', async (t) => {
  const run = projectWith(t, {
    'tests/a.yaml': `mapping: customer
given: { businessCentral: { customers: [{ number: '10000', displayName: Adatum }] } }
tests:
  a row that is there already:
    given: { businessCentral: { customers: [{ number: '10000', displayName: Again }] } }
    expect: { operations: [] }
  a reference to nobody:
    given: { sales: { accounts: [{ name: A, ownerid: { systemusers: Nobody } }] } }
    expect: { operations: [] }
  an edit of nobody:
    edited: { businessCentral: { customers: { '20000': null } } }
    expect: { operations: [] }
  a pair of nobody:
    coupled: [{ businessCentral: '10000', sales: Nobody }]
    expect: { operations: [] }
  a value of another type:
    given: { sales: { accounts: [{ name: A, creditlimit: lots, statecode: 77 }] } }
    expect: { operations: [] }
  sound: { expect: { sales: { accounts: [{ name: Adatum }] } } }
`,
    'tests/b.yaml': sound.replace("number: '10000'", 'number: 10000'),
  })
  const quoteless = await run('tests/b.yaml')
  t.match(quoteless.out, /^tests\/b\.yaml:2:41 .*Put it in quotes: it is a text\.\n1 problem in the files/, 'told once')
  const { code, out } = await run('tests/a.yaml')
  t.equal(code, 2)
  const told = out.split('\n')
  t.same(told.slice(0, 6), [
    'tests/a.yaml',
    '  ✓ sound',
    "tests/a.yaml:5:45  tests.a row that is there already.given.businessCentral.customers[0]: the service refuses this: The record in table Customer already exists. Identification fields and values: No.='10000'",
    'tests/a.yaml:8:34  tests.a reference to nobody.given.sales.accounts[0]: no record of systemusers is called "Nobody"',
    'tests/a.yaml:11:56  tests.an edit of nobody.edited.businessCentral.customers.20000: no record of customers is called "20000"',
    'tests/a.yaml:14:15  tests.a pair of nobody.coupled[0]: no record of accounts is called "Nobody"',
  ])
  t.match(told[6], /^tests\/a\.yaml:17:34 .*: the service refuses this: .*Cannot convert the literal "lots"/)
  t.match(told[7], /^1 test passed, 5 problems in the files, in /)
})

t.test(
  '--watch plays again after each change, also where an editor puts a new file in the place of the old',
  async (t) => {
    const run = projectWith(t, { 'tests/a.yaml': sound })
    const file = join(t.testdirName, 'tests', 'a.yaml')
    const edits = [
      () => writeFileSync(file, sound.replace('text: ADATUM', 'text: Adatum')),
      () => {
        writeFileSync(`${file}.new`, 'tests: [')
        renameSync(`${file}.new`, file)
      },
      () => writeFileSync(file, sound),
      () => rmSync(dirname(file), { recursive: true }),
    ]
    const told: string[] = []
    let stop: (() => void) | undefined
    const stopped = new Promise<void>((resolve) => (stop = resolve))
    const take = (text: string): void => {
      told.push(text.replaceAll(/in [\d.]+ s|\/\S*/g, '…'))
      if (text.startsWith('watching')) (edits.shift() ?? stop)?.()
    }
    const { code } = await run('--watch', { out: take, err: take, stopped: () => stopped })
    t.equal(code, 2, 'as the last time')
    const last = told.flatMap((text) => text.split('\n').slice(-1))
    t.same(
      last.filter((line) => !line.startsWith('→')),
      [
        '3 tests passed, …',
        'watching .; end with Ctrl+C',
        '2 tests passed, 1 test failed, …',
        'watching .; end with Ctrl+C',
        '1 problem; nothing was run',
        'watching .; end with Ctrl+C',
        '3 tests passed, …',
        'watching .; end with Ctrl+C',
        'watching .; end with Ctrl+C',
      ],
    )
    t.equal((await couplet(join(t.testdirName, 'nowhere'), 'test --watch')).code, 2, 'nothing is there to watch')
  },
)
