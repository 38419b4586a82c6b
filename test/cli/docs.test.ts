/** `couplet docs`: pages that an administrator reads, and that are known to be current. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { couplet } from './world.ts'

const project = `connections:
  businessCentral:
    { kind: business-central, tenant: tenant-of-ours, company: CRONUS, auth: { method: client-secret, clientId: client-of-ours, clientSecret: "\${env:BC_SECRET}" } }
  sales: { kind: dataverse, url: https://contoso.crm4.dynamics.com, auth: { method: federated, tenant: t, clientId: c } }
state: { key: "\${env:STATE_KEY}" }
settings: { writeInItem: "A|B" }
`
const customer = `# yaml-language-server: $schema=../schema.json
#
# Customers *and* accounts | both. A second sentence.
#
# - with <b>care</b> and \`blocked eq 'x'\`
mapping: customer
description: What people call "customers".
native: CUSTOMER
businessCentral:
  entity: customers
  keys: [number]
  filter: blocked eq 'a|b'
  with:
    card: { service: CustomerCard, on: { No: number }, optional: true, description: Publish page 21. }
sales: { entity: accounts }
match:
  - { businessCentral: [number], sales: [accountnumber] }
create: toSales
conflicts: newest
deletes: { inBusinessCentral: delete, inSales: restore }
limits: { deletes: 3 }
fields:
  name: { businessCentral: displayName, sales: name }
  phone: { businessCentral: phoneNumber, sales: telephone1, blank: keep, conflicts: sales }
  ticks: { sales: description, compute: { toSales: "displayName & '\`|\`'" } }
  long:
    sales: websiteurl
    compute:
      toSales: $lowercase(website) & '\`\`\`' & $lowercase(website) & $lowercase(website) & $lowercase(website)
  kind: { sales: customertypecode, value: 3, on: create, description: Of the type Customer. }
  fax: { businessCentral: card.Fax_No, sales: fax, when: $settings.faxes = true }
  mobile: { businessCentral: card.MobilePhoneNo, sales: telephone2, enabled: false }
`
const contact = `mapping: contact
direction: toSales
after: [customer]
businessCentral: { entity: contacts, keys: [number] }
sales: { entity: contacts }
fields:
  name: { businessCentral: displayName, sales: lastname }
  company: { businessCentral: companyNumber, sales: parentcustomerid, lookup: { mapping: customer, by: number }, whenUncoupled: sync }
`
const files: Readonly<Record<string, string>> = {
  'couplet.yaml': project,
  'mappings/customer.yaml': customer,
  'mappings/contact.yaml': contact,
  'mappings/vendor.yaml': contact.replace('mapping: contact', 'mapping: vendor\nenabled: false\nreason: not_now'),
  'jobs.yaml': 'jobs:\n  often: { mappings: [contact, customer], every: 5 min, inactivity: 2h }\n',
}

function projectOf(t: Test): string {
  const folder = t.testdir({ mappings: {} })
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text)
  return folder
}

const read = (folder: string, page: string): string => readFileSync(join(folder, page), 'utf8')

t.test('a page says what goes where, under which condition, and what happens in each moment of doubt', async (t) => {
  const folder = projectOf(t)
  t.match(await couplet(folder, 'docs'), { code: 0, out: '4 pages in docs: 4 written.' })
  const page = read(folder, 'docs/customer.md')
  for (const line of [
    '# customer',
    'What people call "customers".',
    String.raw`Customers \*and\* accounts \| both. A second sentence.`,
    String.raw`- with \<b\>care\</b\> and ${'`'}blocked eq 'x'${'`'}`,
    '| values travel | both ways |',
    '| written in | [mappings/customer.yaml](../mappings/customer.yaml) |',
    '| job | `often` ([timetable](README.md#timetable)) |',
    String.raw`| Business Central | ${'`'}customers${'`'} | ${'`'}blocked eq 'a\|b'${'`'} |`,
    '| `card` | `CustomerCard` (a published page) | `No` = `number` | read and written; skipped where it is not there; Publish page 21. |',
    '1. `number = accountnumber`',
    'For a record without a partner one is created in Sales.',
    '| `name` | `displayName` | ↔ | `name` |  |',
    '| `phone` | `phoneNumber` | ↔ | `telephone1` | a blank leaves what stands there; edited on both sides: Sales wins |',
    "| `ticks` | `` displayName & '`\\|`' `` | → | `description` |  |",
    '| `long` | (see below) | → | `websiteurl` |  |',
    '````jsonata',
    '| `kind` | `3` | → | `customertypecode` | Of the type Customer; only when the record is created |',
    'Switched off: `mobile` (`card.MobilePhoneNo` ↔ `telephone2`).',
    'Resting, because the settings leave them out: `fax` (`card.Fax_No` ↔ `fax`).',
    '| the same field was edited on both sides | the later edit wins |',
    '| a coupled record was deleted in Business Central | its partner in Sales is deleted, unless that was edited since |',
    '| a coupled record was deleted in Sales | it is created again from its partner in Business Central |',
  ])
    t.ok(page.split('\n').includes(line), line)
  const other = read(folder, 'docs/contact.md')
  t.match(other, '| runs after | [customer](customer.md) |')
  t.match(
    other,
    '| `company` | `companyNumber` | → | `parentcustomerid` | exchanged through the couplings of customer by number; the other record is taken along first where it has no partner |',
  )
  t.match(read(folder, 'docs/vendor.md'), String.raw`**Switched off**: not\_now.`)
})

t.test('the tests of a mapping are the examples of its page; one that is wrong is told', async (t) => {
  const folder = projectOf(t)
  const tests = `mapping: customer
given: { businessCentral: { customers: [{ number: '1', displayName: A|B }] } }
tests:
  a new one becomes an *account*:
    description: Because of create.
    expect:
      operations: [{ kind: create, side: sales, record: '1', fields: { name: A|B } }]
      sales: { accounts: [{ name: A|B }], contacts: [] }
  an edit on both sides waits:
    settings: { faxes: true }
    create: both
    edited: { businessCentral: { customers: { '1': { phoneNumber: 2 } } } }
    expect: { operations: [], held: [{ kind: conflict, record: '1', fields: [phone], says: both sides }] }
`
  mkdirSync(join(folder, 'tests'))
  writeFileSync(join(folder, 'tests/customer.yaml'), tests)
  await couplet(folder, 'docs')
  const page = read(folder, 'docs/customer.md')
  t.match(
    page,
    `## For example

Played by \`couplet test\` from [tests/customer.yaml](../tests/customer.yaml). In each of them:

- given in Business Central, \`customers\`: \`{ displayName: A|B, number: 1 }\`

**a new one becomes an \\*account\\***

- Because of create.
- a run does: create \`1\` in Sales with \`{ name: A|B }\`
- afterwards in Sales, \`accounts\`: \`{ name: A|B }\`
- afterwards in Sales, \`contacts\`: none

**an edit on both sides waits**

- with the settings \`{ faxes: true }\`
- with \`create: both\`
- then people change in Business Central, \`customers\`: \`{ 1: { phoneNumber: 2 } }\`
- a run does nothing
- held: \`1\` (conflict), in \`phone\`: both sides
`,
  )
  t.notMatch(read(folder, 'docs/contact.md'), 'For example')
  writeFileSync(join(folder, 'tests/customer.yaml'), tests.replace('fields: [phone]', 'fields: [phon]'))
  t.match(await couplet(folder, 'docs'), {
    code: 2,
    err: /tests\/customer\.yaml:13:.*customer has no field row "phon" \(did you mean "phone"\?\)/,
  })
})

t.test(
  'the overview has every mapping, the graph, the timetable and the settings, and nothing of the connections (P8)',
  async (t) => {
    const folder = projectOf(t)
    await couplet(folder, 'docs', { env: { BC_SECRET: 'hush-1', STATE_KEY: 'hush-2' } })
    const page = read(folder, 'docs/README.md')
    for (const line of [
      '2 mappings between Business Central and Sales, in the order of a run.',
      '| [customer](customer.md) | `customers` | `accounts` | both ways | What people call "customers" |',
      String.raw`| [vendor](vendor.md) | not\_now |`,
      '  m0["customer"]',
      '  m0 --> m1',
      '| `often` | [contact](contact.md), [customer](customer.md) | 5 min | 2h | every 1 min |  |',
      String.raw`| ${'`'}writeInItem${'`'} | ${'`'}A\|B${'`'} |`,
    ])
      t.ok(page.split('\n').includes(line), line)
    for (const name of readdirSync(join(folder, 'docs')))
      t.notMatch(read(folder, `docs/${name}`), /hush|of-ours|BC_SECRET|STATE_KEY|contoso/, name)
  },
)

t.test(
  '--check tells which pages are not current and writes nothing; pages of mappings that are gone go',
  async (t) => {
    const folder = projectOf(t)
    t.match(await couplet(folder, 'docs --check'), { code: 1, out: 'docs/customer.md: not current' })
    t.throws(() => statSync(join(folder, 'docs')), 'nothing was written')
    await couplet(folder, 'docs')
    t.match(await couplet(folder, 'docs --check'), { code: 0, out: 'All pages are current.' })
    t.match(await couplet(folder, 'docs'), { code: 0, out: '4 pages in docs: 0 written.' }, 'the same again')
    rmSync(join(folder, 'mappings/vendor.yaml'))
    writeFileSync(join(folder, 'docs/own.md'), 'A page of our own.\n')
    const stale = await couplet(folder, 'docs --check')
    t.match(stale, { code: 1, out: 'docs/vendor.md: of a mapping that is gone' })
    t.match(JSON.parse((await couplet(folder, 'docs --check --json')).out), {
      ok: false,
      stale: ['docs/README.md'],
      gone: ['docs/vendor.md'],
    })
    t.match(await couplet(folder, 'docs'), { code: 0, out: '3 pages in docs: 1 written, 1 taken away.' })
    t.same(readdirSync(join(folder, 'docs')).toSorted(), ['README.md', 'contact.md', 'customer.md', 'own.md'])
  },
)

t.test(
  'a file that somebody else wrote is left as it is; files that are wrong are told with their place',
  async (t) => {
    const folder = projectOf(t)
    mkdirSync(join(folder, 'docs'))
    writeFileSync(join(folder, 'docs/README.md'), '# Ours\n')
    t.match(await couplet(folder, 'docs'), { code: 2, err: /docs\/README\.md: not written by couplet docs/ })
    t.same(readdirSync(join(folder, 'docs')), ['README.md'])
    t.match(await couplet(folder, 'docs --out docs/sync'), { code: 0, out: '4 pages in docs/sync: 4 written.' })
    t.match(read(folder, 'docs/sync/customer.md'), '(../../mappings/customer.yaml)')
    writeFileSync(join(folder, 'mappings/customer.yaml'), customer.replace('conflicts: newest', 'conflicts: oldest'))
    t.match(await couplet(folder, 'docs --out docs/sync'), { code: 2, err: /mappings\/customer\.yaml:19:12/ })
  },
)
