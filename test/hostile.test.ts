/**
 * Configuration that is damaged in every way: each key removed, misspelt and given values of wrong types and sizes, and
 * files that are no configuration at all. Never a crash, never a request, always a place in a file.
 */
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { checkProject, standardFolder } from '../src/config/load.ts'
import { isError } from '../src/config/problems.ts'
import { couplet } from './cli/world.ts'
import { proved } from './proof.ts'

const auth = '{ method: client-secret, tenant: contoso.example, clientId: x, clientSecret: "${env:SECRET}" }'
const project = `connections:
  businessCentral: { kind: business-central, tenant: contoso.example, environment: Production, company: CRONUS, timeout: 30 s, maxParallel: 3, auth: ${auth} }
  sales: { kind: dataverse, url: https://contoso.crm4.dynamics.com, pageSize: 500, auth: ${auth} }
create: toSales
settings: { ownership: person, unitGroups: true, pricing: off, salesOrders: off, timeZone: Europe/Berlin, attempts: 5 }
state: { store: json, path: .couplet }
limits: { deletes: 10 or 1 %, updates: 50 %, creates: 200 }
`
const target = 'connections: { businessCentral: { company: Other } }\nsettings: { attempts: 3 }\n'
const jobs = 'jobs: { customer: { mappings: [customer], every: 30 min, inactivity: 12 h, category: companies } }\n'
const mapping = `mapping: customer
direction: both
businessCentral: { entity: customers, keys: [number], filter: "blocked eq '_x0020_'" }
sales: { entity: accounts, filter: customertypecode eq 3 and statecode eq 0 }
match:
  - { businessCentral: [number], sales: [accountnumber] }
firstMatch: { blank: fill, different: hold }
conflicts: newest
deletes: { inBusinessCentral: hold, inSales: restore, sweep: 24h }
limits: { creates: 10 }
fields:
  type: { sales: customertypecode, value: 3, on: create }
  name: { businessCentral: displayName, sales: name, conflicts: hold }
  phone: { businessCentral: phoneNumber, sales: telephone1, direction: toSales, blank: keep }
  website:
    businessCentral: website
    sales: websiteurl
    compute: { toSales: $lowercase(website), toBusinessCentral: $lowercase(websiteurl) }
  parent: { businessCentral: billToCustomerNumber, sales: parentaccountid, lookup: { mapping: customer, by: number }, whenUncoupled: keep, direction: toSales }
`
const files = {
  'couplet.yaml': project,
  'targets/other.yaml': target,
  'mappings/customer.yaml': mapping,
  'jobs.yaml': jobs,
}
type FileName = keyof typeof files

/** Written in place of what is right. */
const wrong: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e300,
  '',
  ' ',
  'x'.repeat(100_000),
  '\u0000\u0007\u001B[31m',
  '$eval("1")',
  '__proto__',
  '../../../etc/passwd',
  'a eq',
  [],
  [[[[]]]],
  {},
  { constructor: { prototype: 1 } },
]

type Path = readonly (string | number)[]

/** Every place of a value, the whole excepted. */
function* placesIn(value: unknown, path: Path = []): Generator<Path> {
  if (path.length > 0) yield path
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value))
    yield* placesIn(inner, [...path, Array.isArray(value) ? Number(key) : key])
}

/** A copy in which what stands at the path is changed. */
function changed(value: unknown, path: Path, change: (holder: Record<string, unknown>, key: string) => void): unknown {
  const copy: unknown = structuredClone(value)
  let holder = copy as Record<string, unknown>
  for (const step of path.slice(0, -1)) holder = holder[step] as Record<string, unknown>
  change(holder, String(path.at(-1)))
  return copy
}

/** All that can be damaged in a file, each told in words. */
function* damagesTo(
  value: unknown,
): Generator<{ readonly what: string; readonly value: () => unknown; readonly isCertain: boolean }> {
  for (const path of placesIn(value)) {
    const where = path.join('.')
    yield {
      what: `${where} removed`,
      value: () => changed(value, path, (holder, key) => void delete holder[key]),
      isCertain: false,
    }
    if (typeof path.at(-1) === 'string')
      yield {
        what: `${where} misspelt`,
        value: () =>
          changed(value, path, (holder, key) => {
            holder[`${key}x`] = holder[key]
            delete holder[key]
          }),
        // Names of rows, of jobs and of settings for expressions are free.
        isCertain: !['fields', 'jobs', 'settings'].includes(String(path.at(-2))),
      }
    for (const instead of wrong)
      yield {
        what: `${where} is ${JSON.stringify(instead).slice(0, 40)}`,
        value: () =>
          changed(value, path, (holder, key) => {
            holder[key] = instead
          }),
        isCertain: false,
      }
  }
}

/** What is wrong with the answer to a damaged project; nothing when it is as it should be. */
async function amiss(folder: string, isCertain: boolean): Promise<string | undefined> {
  try {
    const { config, problems } = await checkProject(folder, { env: { SECRET: 's' }, target: 'other' })
    const errors = problems.filter(isError)
    if (config === undefined && errors.length === 0) return 'refused without a word'
    if (isCertain && errors.length === 0) return 'taken for right'
    const nowhere = errors.find(({ at }) => at === undefined || at.file === '' || at.line < 1 || at.column < 1)
    if (nowhere !== undefined) return `told without a place: ${nowhere.message}`
    const loud = errors.find(
      ({ message }) => message.includes('\u001B') || /\n\s+at |: undefined|\[object/.test(message),
    )
    return loud === undefined ? undefined : `told so: ${loud.message.slice(0, 200)}`
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}

async function projectIn(folder: string, more: Readonly<Record<string, string | Uint8Array>> = {}): Promise<string> {
  await mkdir(join(folder, 'targets'), { recursive: true })
  await mkdir(join(folder, 'mappings'), { recursive: true })
  for (const [name, text] of Object.entries({ ...files, ...more })) await writeFile(join(folder, name), text)
  return folder
}

t.test('each key removed, misspelt and given every wrong value is a problem at its place, or harmless', async (t) => {
  const folder = await projectIn(t.testdir({}))
  t.equal(await amiss(folder, false), undefined, 'the project is right')
  t.same((await checkProject(folder, { env: { SECRET: 's' }, target: 'other' })).problems.filter(isError), [])
  let tried = 0
  const bad: string[] = []
  const { parse } = await import('yaml')
  for (const name of Object.keys(files) as FileName[]) {
    for (const { what, value, isCertain } of damagesTo(parse(files[name]))) {
      await writeFile(join(folder, name), stringify(value()))
      tried += 1
      const found = await amiss(folder, isCertain)
      if (found !== undefined) bad.push(`${name}: ${what}: ${found}`)
    }
    await writeFile(join(folder, name), files[name])
  }
  for (const one of bad.slice(0, 20)) t.fail(one.slice(0, 600))
  t.equal(bad.length, 0, `${tried} damaged projects`)
  proved('hostile input', { 'damaged projects': tried }, bad.length)
})

t.test('each standard mapping, with a key misspelt or removed, is told at its place or harmless', async (t) => {
  const { parse } = await import('yaml')
  const folder = await projectIn(t.testdir({}))
  let tried = 0
  const bad: string[] = []
  for (const name of (await readdir(standardFolder)).filter((file) => /^[a-z-]+\.yaml$/.test(file)).sort()) {
    if (name === 'standard.yaml' || name === 'jobs.yaml') continue
    const whole: unknown = parse(await readFile(join(standardFolder, name), 'utf8'))
    let turn = 0
    for (const { what, value } of damagesTo(whole)) {
      // Removed and misspelt keys only, every tenth: the kinds of values are those of the project above.
      if (!/ (removed|misspelt)$/.test(what) || turn++ % 10 !== 0) continue
      await writeFile(join(folder, 'mappings', 'customer.yaml'), stringify(value()))
      tried += 1
      const found = await amiss(folder, false)
      if (found !== undefined) bad.push(`${name}: ${what}: ${found}`)
    }
  }
  for (const one of bad.slice(0, 20)) t.fail(one.slice(0, 600))
  t.equal(bad.length, 0, `${tried} damaged mappings`)
  proved('hostile input', { 'damaged standard mappings': tried }, bad.length)
})

const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
  .split('')
  .map((name, at) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[at]}`).join(',')}]`)
  .join('\n')}\n`

/** Texts that are no mapping. */
const hostile: Readonly<Record<string, string | Uint8Array>> = {
  'aliases that expand without end': bomb,
  'an anchor that holds itself': 'a: &a { b: *a }\n',
  'deep nesting': '['.repeat(100_000),
  'deep nesting of maps': `${Array.from({ length: 5000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')}\n`,
  'control characters': 'mapping: "\\0\\a\\x1b[31m"\nfields: {}\n',
  'raw control characters': 'mapping: a\u0007b\u0000c\n',
  'a byte order mark': '\uFEFFmapping: x\n',
  'another encoding': new Uint8Array([0xff, 0xfe, 0x6d, 0x00, 0x61, 0x00]),
  'broken UTF-8': new Uint8Array([0x61, 0x3a, 0x20, 0xc3, 0x28, 0x0a]),
  'a key twice': 'mapping: a\nmapping: b\n',
  'names of the language': '__proto__: { polluted: true }\nconstructor: 1\ntoString: 2\nhasOwnProperty: 3\n',
  'names of the language in rows': `${mapping}  __proto__: { businessCentral: city, sales: address1_city }\n  constructor: { businessCentral: city, sales: address1_city }\n`,
  'a merge key': '<<: { mapping: x }\n',
  'a tag that makes code': 'mapping: !!js/function "function(){}"\n',
  'a binary tag': 'mapping: !!binary aGVsbG8=\n',
  'several documents': 'mapping: a\n---\nmapping: b\n',
  'a directive': '%YAML 9.9\n---\nmapping: a\n',
  nothing: '',
  'a comment alone': '# nothing\n',
  'a list': '- a\n- b\n',
  'a number': '12\n',
  tabs: 'mapping:\n\tfields: 1\n',
  'fifty megabytes': 'x'.repeat(50_000_000),
  'a line of a megabyte': `mapping: "${'x'.repeat(999_000)}"\n`,
  'a text that never ends': 'mapping: "x\n',
  'a list that holds itself': `${mapping}more: &self [*self]\n`,
  'a set': `${mapping}more: !!set { a, b }\n`,
  'a tag of nobody': `${mapping}more: !wombat x\n`,
  'a map as a key': `${mapping}more: { ? { a: 1 } : b }\n`,
  'an alias as a key': `${mapping}more: { &a x: 1, *a : 2 }\n`,
  'closed lists, nested without end': `a: ${'['.repeat(100_000)}${']'.repeat(100_000)}\n`,
  'closed maps, nested without end': `a: ${'{a: '.repeat(100_000)}1${'}'.repeat(100_000)}\n`,
  'dashes without end': `${'- '.repeat(10_000)}x\n`,
  'questions without end': '? '.repeat(100_000),
  'sixty levels, which a reader survives': `a: ${'{ a: '.repeat(60)}1${' }'.repeat(60)}\n`,
  'keys without number': Array.from({ length: 60_000 }, (_, n) => `k${n}: 1`).join('\n'),
  'the same key twenty thousand times': 'a: 1\n'.repeat(20_000),
  'anchors without number': Array.from({ length: 20_000 }, (_, n) => `k${n}: &a${n} x`).join('\n'),
  'aliases without number': `a: &a x\nb: [${'*a, '.repeat(20_000)}]\n`,
  'a merge that broke': `<<<<<<< HEAD\n${mapping}=======\n${mapping}>>>>>>> main\n`,
  'quotes without number': "'".repeat(900_000),
  'directives without number': '%\n'.repeat(20_000),
}

t.test('a file that is no mapping ends with 2 and a place, without a stack and without a request', async (t) => {
  let tried = 0
  for (const [what, text] of Object.entries(hostile)) {
    for (const name of ['mappings/customer.yaml', 'couplet.yaml'] as const) {
      const folder = await projectIn(t.testdir({}), { [name]: text })
      const before = Date.now()
      const { code, out, err } = await couplet(folder, 'validate', { env: { SECRET: 's' } })
      tried += 1
      t.equal(code, 2, `${what} as ${name}`)
      t.match(out + err, new RegExp(`${name}:\\d+:\\d+`), `${what}: at its place`)
      t.notMatch(out + err, /\n +at |heap|Maximum call stack/, `${what}: no stack`)
      t.ok((out + err).length < 100_000, `${what}: told in few words`)
      t.ok(Date.now() - before < 20_000, `${what}: in bounded time`)
      t.equal(({} as Record<string, unknown>)['polluted'], undefined)
    }
  }
  proved('hostile input', { 'hostile files': tried }, t.counts.fail)
})
