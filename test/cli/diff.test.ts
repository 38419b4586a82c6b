import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { standardFolder } from '../../src/config/load.ts'
import { type Said, couplet } from './world.ts'

const project = `connections:
  businessCentral:
    { kind: business-central, tenant: t, company: CRONUS, auth: { method: client-secret, clientId: c, clientSecret: "\${env:BC_SECRET}" } }
  sales: { kind: dataverse, url: https://contoso.crm4.dynamics.com, auth: { method: federated, tenant: t, clientId: c } }
`
const customer = `mapping: customer
direction: both
businessCentral: { entity: customers, keys: [number], filter: blocked eq '_x0020_' }
sales: { entity: accounts, filter: customertypecode eq 3 and statecode eq 0 }
match:
  - { businessCentral: [number], sales: [accountnumber] }
fields:
  name: { businessCentral: displayName, sales: name }
  phone: { businessCentral: phoneNumber, sales: telephone1 }
  spaced: { sales: description, direction: toSales, compute: { toSales: $trim( displayName ) & "x" } }
`
const contact = `mapping: contact
direction: toSales
after: [customer]
businessCentral: { entity: contacts, keys: [number] }
sales: { entity: contacts }
match:
  - { businessCentral: [number], sales: [externaluseridentifier] }
fields:
  name: { businessCentral: displayName, sales: lastname }
  company: { businessCentral: companyNumber, sales: parentcustomerid, lookup: { mapping: customer, by: number } }
`
const files: Readonly<Record<string, string>> = {
  'couplet.yaml': project,
  'mappings/customer.yaml': customer,
  'mappings/contact.yaml': contact,
  'jobs.yaml': 'jobs:\n  often: { mappings: [customer], every: 5 min }\n',
}

/** Writes files below a folder; null takes one away. */
function write(folder: string, all: Readonly<Record<string, string | null>>): void {
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    if (text === null) rmSync(join(folder, path), { force: true })
    else writeFileSync(join(folder, path), text)
  }
}

/** A project before (folder `base`) and after an edit (folder `head`). */
function both(t: Test, edit: Readonly<Record<string, string | null>>): string {
  const folder = t.testdir({ base: {}, head: {} })
  write(join(folder, 'base'), files)
  write(join(folder, 'head'), { ...files, ...edit })
  return folder
}

const changed = (file: string, from: string, to: string): Readonly<Record<string, string>> => {
  const text = files[file] ?? ''
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`)
  return { [file]: text.replace(from, to) }
}

const diffOf = (folder: string, more: readonly string[] = []): Promise<Said> =>
  couplet(folder, ['diff', 'base', '--project', 'head', ...more])

const cases: readonly (readonly [
  title: string,
  edit: Readonly<Record<string, string | null>>,
  told: readonly string[],
])[] = [
  [
    'comments, spaces, the order of keys and quotes are no change',
    {
      'mappings/customer.yaml': `# a comment\n${customer
        .replace('mapping: customer\ndirection: both', 'direction: "both"\n\nmapping: customer')
        .replace('$trim( displayName ) & "x"', '\'$trim(displayName)&"x" /* the same */\'')
        .replace(
          '{ businessCentral: phoneNumber, sales: telephone1 }',
          '{ sales: telephone1, businessCentral: phoneNumber }',
        )}`,
    },
    ['No change in meaning.'],
  ],
  [
    'what a column receives',
    changed(
      'mappings/customer.yaml',
      'sales: telephone1 }',
      'sales: telephone1, compute: { toSales: $trim(phoneNumber), toBusinessCentral: telephone1 } }',
    ),
    [
      '~ `customer`: `telephone1` (Sales) now receives `$trim(phoneNumber)`, before: `phoneNumber`  mappings/customer.yaml:9',
      '1 change',
    ],
  ],
  [
    'rows that are new, gone, or write another column',
    changed(
      'mappings/customer.yaml',
      '  name: { businessCentral: displayName, sales: name }\n  phone: { businessCentral: phoneNumber, sales: telephone1 }',
      '  phone: { businessCentral: phoneNumber, sales: telephone2 }\n  mail: { businessCentral: email, sales: emailaddress1 }',
    ),
    [
      '~ `customer`: `phoneNumber` (Business Central) now receives `telephone2`, before: `telephone1`  mappings/customer.yaml:8',
      '+ `customer`: `telephone2` (Sales) now receives `phoneNumber`, before: nothing  mappings/customer.yaml:8',
      '- `customer`: `telephone1` (Sales) receives nothing any more, before: `phoneNumber`  mappings/customer.yaml:8',
      '+ `customer`: new row `mail`: `email` receives `emailaddress1`, `emailaddress1` receives `email`  mappings/customer.yaml:9',
      '- `customer`: row `name` is gone, before: `displayName` receives `name`, `name` receives `displayName`  mappings/customer.yaml:7',
      '5 changes',
    ],
  ],
  [
    'a filter that is wider, and one that is narrower',
    {
      'mappings/customer.yaml': customer
        .replace(' and statecode eq 0', '')
        .replace("blocked eq '_x0020_'", "blocked eq '_x0020_' and balance gt 3"),
    },
    [
      "~ `customer`: the filter of Business Central is narrower (takes fewer records): now `blocked eq '_x0020_' and balance gt 3`, before: `blocked eq '_x0020_'`  mappings/customer.yaml:3",
      '~ `customer`: the filter of Sales is wider (takes more records): now `customertypecode eq 3`, before: `customertypecode eq 3 and statecode eq 0`  mappings/customer.yaml:4',
      '2 changes',
    ],
  ],
  [
    'the direction of a mapping, said once and not for each row',
    changed('mappings/customer.yaml', 'direction: both', 'direction: toSales'),
    ['~ `customer`: values travel now `toSales`, before: `both`  mappings/customer.yaml:2', '1 change'],
  ],
  [
    'match rules and policies',
    changed(
      'mappings/customer.yaml',
      'sales: [accountnumber] }',
      'sales: [accountnumber] }\n  - { businessCentral: [displayName], sales: [name] }\nconflicts: newest\ndeletes: { inSales: uncouple }\nfirstMatch: { different: sales }\ncreate: toSales\nlimits: { deletes: 3 }',
    ),
    [
      '~ `customer`: records match by now `number = accountnumber, then displayName = name`, before: `number = accountnumber`  mappings/customer.yaml:5',
      '~ `customer`: `create`: now `toSales`, before: `never`  mappings/customer.yaml:11',
      '~ `customer`: `conflicts`: now `newest`, before: `hold`  mappings/customer.yaml:8',
      '~ `customer`: `firstMatch.different`: now `sales`, before: `hold`  mappings/customer.yaml:10',
      '~ `customer`: `deletes.inSales`: now `uncouple`, before: `hold`  mappings/customer.yaml:9',
      '~ `customer`: `limits.deletes`: now `3`, before: `10 or 1 %`  mappings/customer.yaml:12',
      '6 changes',
    ],
  ],
  [
    'a mapping switched off, with its reason and those that referred to it',
    { 'couplet.yaml': `${project}mappings: { customer: { enabled: false, reason: "moving @home" } }\n` },
    [
      '- `customer`: switched off, because `moving @home`; `contact` had references through it  couplet.yaml:5',
      '1 change',
    ],
  ],
  [
    'a mapping that is gone, with those that referred to it',
    {
      'mappings/customer.yaml': null,
      'jobs.yaml': null,
      'mappings/contact.yaml': contact.replace('after: [customer]\n', '').replace(/ {2}company:.*\n/, ''),
    },
    [
      '- job `often` is gone, before: `customer, every 5 min`',
      '- `customer`: the mapping is gone (both, between customers and accounts); `contact` had references through it',
    ],
  ],
  [
    'what all mappings have from the project is one line',
    { 'couplet.yaml': `${project}limits: { creates: 7 }\ncreate: both\n` },
    [
      '~ `customer`, `contact`: `limits.creates`: now `7`, before: `200 or 20 %`  couplet.yaml:5',
      '~ `customer`: `create`: now `both`, before: `never`  couplet.yaml:6',
      '~ `contact`: `create`: now `toSales`, before: `never`  couplet.yaml:6',
    ],
  ],
  [
    'jobs, settings and connections; a secret is told by its reference',
    {
      'couplet.yaml': `${project.replace('BC_SECRET', 'OTHER').replace('CRONUS', 'FABRIKAM')}settings: { timeZone: Europe/Berlin }\n`,
      'jobs.yaml': 'jobs:\n  often: { mappings: [customer], every: 1h, enabled: false, reason: a pause }\n',
    },
    [
      '~ connection `company` (Business Central): now `FABRIKAM`, before: `CRONUS`  couplet.yaml:3',
      '~ connection `auth.clientSecret` (Business Central): now `${env:OTHER}`, before: `${env:BC_SECRET}`  couplet.yaml:3',
      '~ setting `timeZone`: now `Europe/Berlin`, before: `UTC`  couplet.yaml:5',
      '- job `often`: switched `off: a pause`  jobs.yaml:2',
      '~ job `often`: `every` now `1h`, before: `5 min`  jobs.yaml:2',
      '5 changes',
    ],
  ],
  [
    'a lookup, and how its row is written',
    changed('mappings/contact.yaml', 'by: number }', 'by: id }, whenUncoupled: skip, on: create'),
    [
      '~ `contact`: row `company` exchanges its reference through now `the couplings of customer`, before: `the couplings of customer by number`  mappings/contact.yaml:10',
      '~ `contact`: `company.whenUncoupled`: now `skip`, before: `hold`  mappings/contact.yaml:10',
      '~ `contact`: `company.on`: now `create`, before: `always`  mappings/contact.yaml:10',
      '3 changes',
    ],
  ],
  [
    'filters that take the same or other records, a match, templates, and what stands for a blank',
    {
      'mappings/customer.yaml': customer
        .replace("blocked eq '_x0020_'", "blocked eq 'Ship'")
        .replace('customertypecode eq 3 and statecode eq 0', 'statecode eq 0 and customertypecode eq 3')
        .replace('[accountnumber] }', '[accountnumber], caseSensitive: true }')
        .replace('sales: telephone1 }', "sales: telephone1, blank: { default: '-' } }")
        .replace(
          'fields:',
          'defaults:\n  toSales: { usual: { values: { industrycode: 3, description: { compute: displayName } } } }\nfields:',
        ),
      'mappings/contact.yaml': contact.replace('by: number }', 'by: number, blankIs: NONE }'),
    },
    [
      '~ `customer`: records match by now `number = accountnumber (case-sensitive)`, before: `number = accountnumber`',
      "~ `customer`: the filter of Business Central is changed (takes other records): now `blocked eq 'Ship'`, before: `blocked eq '_x0020_'`",
      '~ `customer`: `phone.blank`: now `{ default: - }`, before: `clear`',
      '+ `customer`: values for new records `usual` (Sales): now `{ values: { description: { toSales: displayName }, industrycode: 3 } }`, before: nothing',
      '~ `contact`: row `company` exchanges its reference through now `the couplings of customer by number (blank is NONE)`',
      '5 changes',
    ],
  ],
]

t.test('a change is told by its meaning', async (t) => {
  for (const [title, edit, told] of cases)
    await t.test(title, async (t) => {
      const { out, err, code } = await diffOf(both(t, edit))
      t.equal(err, '')
      t.equal(code, 0)
      for (const line of told)
        t.ok(
          out.split('\n').some((each) => each === line || each.startsWith(line)),
          line,
          { out },
        )
      if (told.at(-1)?.match(/^\d+ changes?$/)) t.equal(out.split('\n').length, told.length, out)
    })
})

t.test('what is new, or runs again, is the other way round what is gone or rests', async (t) => {
  const actAs = 'actAs: { businessCentral: companyNumber, lookup: { mapping: customer, by: number } }\n'
  const company = project.replace('company: CRONUS', 'company: CRONUS, timeout: 90 s')
  const folder = both(t, {
    ...changed('mappings/contact.yaml', 'after: [customer]\n', `after: [customer]\n${actAs}`),
    'couplet.yaml': `${company}mappings: { customer: { enabled: false } }\nserve: { publicUrl: "https://couplet.example" }\nstate: { path: /srv/couplet }\nlimits: { creates: 7 }\n`,
    'jobs.yaml':
      'jobs:\n  often: { mappings: [customer], every: 5 min, enabled: false, inactivity: never, wake: never }\n  new: { mappings: [contact], every: 1h }\n',
    'mappings/extra.yaml': contact.replace('mapping: contact', 'mapping: extra'),
  })
  const told = async (base: string, head: string): Promise<readonly string[]> =>
    (await couplet(folder, ['diff', base, '--project', head])).out
      .split('\n')
      .map((line) => line.replace(/ {2}\S+:\d+.*$/, ''))
  const whom =
    '`{ column: companyNumber, kind: coupled, lookup: { by: number, kind: coupling, mapping: customer }, whenUncoupled: self }`'
  t.strictSame(await told('base', 'head'), [
    '+ connection `timeout` (Business Central): now `90 s`, before: nothing',
    '~ state `path`: now `/srv/couplet`, before: `.couplet`',
    '+ service `publicUrl`: now `https://couplet.example`, before: nothing',
    '+ new job `new`: `contact, every 1h`',
    '- job `often`: switched `off`',
    '~ job `often`: `wake` now `never`, before: `1 min`',
    '- `customer`: switched off; `contact` had references through it',
    '~ `customer`, `contact`: `limits.creates`: now `7`, before: `200 or 20 %`',
    `+ \`contact\`: \`actAs\`: now ${whom}, before: nothing`,
    '+ `extra`: new mapping: toSales, between contacts and contacts',
    '11 changes',
  ])
  t.strictSame(await told('head', 'base'), [
    '~ state `path`: now `.couplet`, before: `/srv/couplet`',
    '- connection `timeout` (Business Central): nothing now, before: `90 s`',
    '- service `publicUrl`: nothing now, before: `https://couplet.example`',
    '- job `new` is gone, before: `contact, every 1h`',
    '+ job `often`: switched `on`',
    '~ job `often`: `wake` now `1 min`, before: `never`',
    '- `extra`: the mapping is gone (toSales, between contacts and contacts)',
    '+ `customer`: switched on',
    '~ `customer`, `contact`: `limits.creates`: now `200 or 20 %`, before: `7`',
    `- \`contact\`: \`actAs\`: nothing now, before: ${whom}`,
    '11 changes',
  ])
  write(join(folder, 'base'), {
    'couplet.yaml': `${project}mappings: { customer: { enabled: false } }\ncreate: both\n`,
    'jobs.yaml': 'jobs:\n  often: { mappings: [customer], every: 5 min, enabled: false, reason: a pause }\n',
    'mappings/customer.yaml': customer.replace('direction: both', 'direction: both\nconflicts: newest'),
  })
  t.ok((await told('base', 'head')).includes('~ job `often`: `enabled` now `off`, before: `off: a pause`'))
  t.strictSame(
    (await told('base', 'head')).filter((line) => /`customer`.*`(?:conflicts|create)`/.test(line)),
    ['~ `customer`: `conflicts`: now `hold`, before: `newest`'],
    'what one that rests says itself is news, what it has from the project is none',
  )
  const limits = (await told('base', 'head')).filter((line) => line.includes('limits'))
  t.strictSame(
    limits,
    ['~ `contact`: `limits.creates`: now `7`, before: `200 or 20 %`'],
    'of one that rests it is no news',
  )
})

t.test(
  'who goes on without a mapping that is gone: by lines, by riding on it; fixed rows are told as that',
  async (t) => {
    const folder = both(t, {
      'mappings/item.yaml': item,
      'mappings/stock.yaml': stock,
      'mappings/order.yaml': order,
      'mappings/list.yaml': list,
    })
    const { out } = await couplet(folder, ['diff', 'head', '--project', 'base'])
    t.match(
      out,
      '- `item`: the mapping is gone (toSales, between items and products); `order`, `stock` had references through it',
    )
    t.match(out, '- `list`: the mapping is gone (toSales, between constant rows and pricelevels)')
  },
)

const item = `mapping: item
direction: toSales
businessCentral: { entity: items, keys: [number] }
sales: { entity: products }
match: [{ businessCentral: [number], sales: [productnumber] }]
fields:
  name: { businessCentral: displayName, sales: name }
`
const stock = `mapping: stock
follows: item
direction: toSales
businessCentral: { entity: items, keys: [number] }
sales: { entity: products }
fields:
  inventory: { businessCentral: inventory, sales: quantityonhand }
`
const order = `mapping: order
direction: toSales
after: [item]
businessCentral: { entity: salesOrders, keys: [number] }
sales: { entity: salesorders }
match: [{ businessCentral: [number], sales: [name] }]
lines:
  businessCentral: { entity: salesOrderLines, parent: documentId }
  sales: { entity: salesorderdetails, parent: salesorderid }
  fields:
    item: { businessCentral: itemId, sales: productid, lookup: item }
fields:
  number: { businessCentral: number, sales: name }
`
const list = `mapping: list
direction: toSales
businessCentral: { constant: "[{ 'id': '0b2f3d54-8a1c-5d6e-9f70-123456789abc', 'code': 'STANDARD' }]", keys: [code] }
sales: { entity: pricelevels }
match: [{ businessCentral: [code], sales: [name] }]
fields:
  name: { businessCentral: code, sales: name }
`

t.test('a comment of a pull request', async (t) => {
  const folder = both(t, cases[1]?.[1] ?? {})
  const { out } = await diffOf(folder, ['--format', 'markdown', '--exit-code'])
  t.equal(
    out,
    `### Couplet: 1 change

the files as they stand compared with \`base\`

#### What changes

- \`customer\`: \`telephone1\` (Sales) now receives \`$trim(phoneNumber)\`, before: \`phoneNumber\`

<details><summary>Mappings in the order of a run</summary>

\`\`\`mermaid
graph LR
  m0["customer"]:::changed
  m1["contact"]
  m0 --> m1
  classDef changed stroke:#bf8700,stroke-width:3px
  classDef added stroke:#1a7f37,stroke-width:3px
  classDef removed stroke:#cf222e,stroke-width:3px,stroke-dasharray:4
\`\`\`

</details>`,
  )
  const rows = Array.from(
    { length: 1800 },
    (_, index) => `  row${index}: { businessCentral: name2, sales: "col${index}", direction: toSales }\n`,
  )
  write(join(folder, 'head'), { 'mappings/customer.yaml': `${customer}${rows.join('')}` })
  const long = await diffOf(folder, ['--format', 'markdown'])
  t.ok(long.out.length < 65_536, `${long.out.length} characters`)
  t.match(long.out, /\d+ more lines are left out: a comment holds no more\. All of it: couplet diff --json$/)
  t.equal(long.out.split('<details>').length, long.out.split('</details>').length, 'every fold ends')
  const short = await diffOf(folder, ['--format', 'markdown', '--max-length', '2000'])
  t.ok(short.out.length <= 2000, `${short.out.length} characters`)
  t.equal((await diffOf(folder, ['--max-length', '3'])).code, 2)
})

t.test('what comes from files never becomes markup or a mention', async (t) => {
  const reason = '"@boss <b>`x`</b> | [a](http://b)"'
  const folder = both(t, { 'couplet.yaml': `${project}mappings: { contact: { enabled: false, reason: ${reason} } }\n` })
  const { out } = await diffOf(folder, ['--format', 'markdown'])
  t.ok(out.includes('switched off, because `` @boss <b>`x`</b> | [a](http://b) ``'), out)
})

t.test('as data, with places; 10 when something changes', async (t) => {
  const folder = both(t, cases[1]?.[1] ?? {})
  const { out, code } = await diffOf(folder, ['--json', '--exit-code'])
  t.equal(code, 10)
  const { changes } = JSON.parse(out) as { changes: object[] }
  t.strictSame(changes, [
    {
      mapping: 'customer',
      part: 'receives',
      change: 'changed',
      name: 'telephone1',
      side: 'sales',
      before: 'phoneNumber',
      after: '$trim(phoneNumber)',
      users: [],
      place: { file: 'mapping', path: ['fields', 'phone', 'compute', 'toSales'] },
      text: '`customer`: `telephone1` (Sales) now receives `$trim(phoneNumber)`, before: `phoneNumber`',
      at: { file: 'mappings/customer.yaml', line: 9, column: 72 },
    },
  ])
  t.equal((await couplet(folder, 'diff base base --project head --exit-code')).code, 0)
})

/** Git without what the person's own configuration would add. */
const gitEnv = { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', HOME: '/nowhere' }
const git = (folder: string, ...args: string[]): string =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], {
    env: gitEnv,
    encoding: 'utf8',
  })

const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
/** The program as it is built, in a process of its own. */
function built(cwd: string, args: readonly string[], env: Readonly<Record<string, string | undefined>> = gitEnv): Said {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd, env, encoding: 'utf8' })
  return { code: status ?? -1, out: stdout.trimEnd(), err: stderr.trimEnd() }
}

const leftovers = (): readonly string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('couplet-diff-'))

t.test('commits of the repository in which the project is a folder', async (t) => {
  const folder = t.testdir({ play: {} })
  const play = join(folder, 'play')
  write(play, files)
  write(folder, { 'unrelated.txt': 'x' })
  git(folder, 'init', '-q', '-b', 'main')
  git(folder, 'add', '.')
  git(folder, 'commit', '-qm', 'one')
  write(play, cases[1]?.[1] ?? {})
  const before = readFileSync(join(folder, '.git', 'index'))
  const there = leftovers()
  const worked = built(folder, ['diff', 'main', '--project', 'play'])
  t.equal(worked.code, 0, worked.err)
  t.match(worked.out, /now receives `\$trim\(phoneNumber\)`, before: `phoneNumber`/)
  t.strictSame(
    leftovers().filter((name) => !there.includes(name)),
    [],
    'nothing is left behind',
  )
  t.ok(readFileSync(join(folder, '.git', 'index')).equals(before), 'the index is as it was')
  git(folder, 'commit', '-qam', 'two')
  t.equal(built(play, ['diff', 'HEAD']).out, 'No change in meaning.')
  t.match(built(play, ['diff', 'HEAD~1', 'HEAD']).out, /1 change$/)
  t.match(built(play, ['diff', 'HEAD', 'HEAD~1']).out, /now receives `phoneNumber`, before: `\$trim/)

  const wrong = built(play, ['diff', 'no-such-branch'])
  t.equal(wrong.code, 2)
  t.match(
    wrong.err,
    /no-such-branch is neither a commit nor a folder: the repository has no such commit.*\n→.*fetch-depth: 0/,
  )
  t.equal(built(play, ['diff']).code, 2, 'a base must be named')

  write(play, {
    'mappings/contact.yaml': contact.replace('lookup: { mapping: customer', 'lookup: { mapping: custoner'),
  })
  const invalid = built(play, ['diff', 'HEAD'])
  t.equal(invalid.code, 2)
  t.match(invalid.err, /^mappings\/contact\.yaml:10:\d+ {2}fields\.company\.lookup\.mapping: .*did you mean "customer"/)
  git(folder, 'commit', '-qam', 'broken')
  write(play, { 'mappings/contact.yaml': contact })
  t.match(built(play, ['diff', 'HEAD']).err, /^HEAD:mappings\/contact\.yaml:10:/, 'the version is named')
})

t.test('without Git folders can be compared, and nothing else', async (t) => {
  const folder = both(t, cases[1]?.[1] ?? {})
  const env = { PATH: join(folder, 'nothing-here') }
  t.match(built(folder, ['diff', 'base', '--project', 'head'], env).out, /1 change$/)
  const { code, err } = built(folder, ['diff', 'main', '--project', 'head'], env)
  t.equal(code, 2)
  t.match(err, /git is not installed/)
})

t.test('another version of the standard set', async (t) => {
  const folder = t.testdir({ old: {} })
  write(folder, { 'couplet.yaml': `${project}use: standard@1\n` })
  cpSync(standardFolder, join(folder, 'old', 'mappings'), { recursive: true })
  const file = join(folder, 'old', 'mappings', 'customer-account.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace('sales: telephone1', 'sales: telephone2'))
  const { out, code, err } = await couplet(folder, 'diff --standard old')
  t.equal(code, 0, err)
  t.match(out, /`customer-account`: `telephone1` \(Sales\) now receives `phoneNumber`, before: nothing/)
  t.match(out, /`telephone2` \(Sales\) receives nothing any more, before: `phoneNumber`/)
  t.equal((await couplet(folder, 'diff --standard .')).code, 2, 'a folder without a set')
})
