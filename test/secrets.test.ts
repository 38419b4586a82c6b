/**
 * P8: no secret and no business value in anything that is said or kept. Every command runs in a company whose secrets
 * and values are marked, well and badly, and all that it printed, wrote and passed on is searched for the marks.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { startPlayground } from '../src/cli/playground.ts'
import type { Playground } from '../src/cli/playground.ts'
import type { Asked, FaultRule } from '../src/simulator/faults.ts'
import { checkProject } from '../src/config/load.ts'
import { compareConfigs } from '../src/core/config-changes.ts'
import type { Version } from '../src/core/config-changes.ts'
import { couplet } from './cli/world.ts'
import { proved } from './proof.ts'

const secrets = { BC_SECRET: 'Wombat-bc-secret', SALES_SECRET: 'Wombat-sales-secret', STATE_KEY: 'Wombat-state-key' }
/** Tokens of the simulated login begin so. */
const secretMarks = [...Object.values(secrets), 'Wombat', 'simulated.']
/** Every text value of a record holds the first, every number the second. */
const valueMarks = ['Zebrafinch', '7319451']
const marks = [...secretMarks, ...valueMarks]

/** Columns of marked records: texts, an address, a web site, an amount. */
const marked = {
  customer: (n: number): object => ({
    number: `C${n}`,
    displayName: `Zebrafinch ${n}`,
    addressLine1: 'Zebrafinch Street',
    city: 'Zebrafinchville',
    phoneNumber: '7319451',
    email: 'zebrafinch@Zebrafinch.example',
    website: 'https://Zebrafinch.example',
    creditLimit: 7319451,
  }),
  account: (n: number): object => ({
    accountnumber: `C${n}`,
    name: `Zebrafinch ${n}`,
    customertypecode: 3,
    address1_city: 'Zebrafinch Harbour',
    telephone1: '7319451',
  }),
  item: (n: number): object => ({
    number: `I${n}`,
    displayName: `Zebrafinch ${n}`,
    unitPrice: 7319451,
    baseUnitOfMeasureCode: 'PCS',
  }),
}

/** Waits are not waited for. */
const hasty = { now: () => new Date(), sleep: () => Promise.resolve() }

interface Marked extends Playground {
  readonly folder: string
  /** All that any command said so far, with the command lines. */
  readonly said: string[]
  readonly commands: Set<string>
  run(line: string, env?: Readonly<Record<string, string>>): Promise<number>
}

/** A company in which every secret and every value is marked. */
async function markedWorld(t: Test): Promise<Marked> {
  const playground = await startPlayground({
    company: 'empty',
    customers: 0,
    overlap: 0,
    seed: 1,
    login: { clients: { 'bc-client': secrets.BC_SECRET, 'sales-client': secrets.SALES_SECRET } },
  })
  t.teardown(() => playground.simulator.stop())
  const folder = t.testdir({ 'couplet.yaml': projectYaml(playground) })
  const { businessCentral, sales } = playground.simulator
  for (let n = 0; n < 4; n++) businessCentral.create('customers', marked.customer(n) as never)
  for (let n = 2; n < 6; n++) sales.create('accounts', marked.account(n) as never)
  for (let n = 0; n < 2; n++) businessCentral.create('items', marked.item(n) as never)
  const said: string[] = []
  const commands = new Set<string>()
  return {
    ...playground,
    folder,
    said,
    commands,
    run: async (line, env = {}) => {
      const { code, out, err } = await couplet(folder, line, { env: { ...secrets, CI: 'true', ...env }, clock: hasty })
      said.push(`$ couplet ${line}\n${out}\n${err}`)
      commands.add(line.split(' ')[0] ?? '')
      return code
    },
  }
}

const projectYaml = ({ simulator, company, currency }: Playground): string => `connections:
  businessCentral:
    kind: business-central
    tenant: contoso.onmicrosoft.com
    environment: Production
    company: ${company}
    url: ${simulator.businessCentral.url}
    auth: { method: client-secret, clientId: bc-client, clientSecret: "\${env:BC_SECRET}", authority: "${simulator.authority}" }
  sales:
    kind: dataverse
    tenant: contoso.onmicrosoft.com
    url: ${simulator.sales.url}
    auth: { method: client-secret, clientId: sales-client, clientSecret: "\${env:SALES_SECRET}", authority: "${simulator.authority}" }
use: standard@1
create: both
state: { path: state, key: "\${env:STATE_KEY}" }
limits: { updates: 1000, creates: 1000, deletes: 1000 }
${currency === undefined ? '' : `settings: { localCurrency: ${currency} }\n`}`

/** A folder that is not searched: it holds what somebody else left. */
async function folderBeside(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'couplet-secrets-'))
  t.teardown(() => rm(folder, { recursive: true }))
  return folder
}

/** Every file below the folder but the configuration. */
async function kept(folder: string): Promise<readonly { readonly path: string; readonly text: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(path, 'utf8') })))
}

/** The marks in a text, each with the line it stands in. */
const found = (text: string, looked: readonly string[] = marks): readonly string[] =>
  text
    .split('\n')
    .flatMap((line) =>
      looked
        .filter((mark) => line.toLowerCase().includes(mark.toLowerCase()))
        .map((mark) => `${mark} in: ${line.slice(0, 200)}`),
    )

/** Nothing that was said or kept holds a mark. */
async function nothingTold(t: Test, w: Marked, when: string): Promise<void> {
  for (const one of w.said) t.same(found(one), [], `${when}: ${one.split('\n')[0]}`)
  for (const { path, text } of await kept(w.folder)) t.same(found(text), [], `${when}: ${path.slice(w.folder.length)}`)
}

/** What an administrator does in a day, each way of telling it. */
const day = [
  'validate',
  'validate --live',
  'doctor',
  'plan',
  'plan --details',
  'plan --json',
  'plan --out plan.json',
  'sync --full --review',
  'apply plan.json',
  'sync',
  'sync --json',
  'sync --events',
  'sync --due',
  'audit',
  'audit --json',
  'status',
  'status --json',
  'couplings',
  'couplings --links',
  'couplings customer-account --uncoupled',
  'couplings export pairs.csv',
  'couplings export pairs.json',
  'couplings import pairs.csv',
  'couplings verify',
  'couplings rebuild',
  'held',
  'held --json',
  'couple customer-account --bc C2 --sales C2 --show',
  'match',
  'resolve customer-account --record C2 --take sales',
  'retry',
  'uncouple customer-account --record C3 --yes',
  'replace plan',
  'runs',
  'runs last',
  'runs --json',
  'jobs',
  'state verify',
  'state export state.json',
  'solution status',
  'jobs hold customer-account --reason moving',
  'jobs resume --all',
  'jobs restart --all --json',
  'replace plan --out replace.json',
  'replace apply replace.json',
  'runs --delete-older 7d',
  'match customer-account --create --yes',
  'sync --full --recommended',
  'state rewind customer-account --side sales --to 2026-01-01 --yes',
  'state rekey',
  'sync --json',
  'state import state.json',
  'snapshot',
  'diff . --snapshot snapshot --json',
  'state forget C2 --yes',
  'state verify --json',
]

/** What a careless hand once wrote where a reference belongs. */
const careless: readonly unknown[] = [
  'Wombat',
  'Wombat${env:NAME}',
  ['Wombat'],
  { value: 'Wombat' },
  { Wombat: { Wombat: 'Wombat' } },
]

/** Answers that quote what was sent, as both services and the gateways before them do. */
const loudAnswers: readonly (FaultRule & { readonly name: string })[] = (['businessCentral', 'sales'] as const).flatMap(
  (service) => [
    {
      name: `${service} refuses a record and quotes it`,
      match: { service, part: true },
      do: {
        status: 400,
        body: JSON.stringify({
          error: {
            code: '0x80040203',
            message: `The value 'Zebrafinch 1' of 'telephone1' is 7319451${service === 'sales' ? 6 : 0}, too long.`,
          },
        }),
      },
    },
    {
      name: `a gateway before ${service} shows a page`,
      match: { service },
      do: { status: 500, contentType: 'text/html', body: '<html>Zebrafinch 7319451 Wombat simulated.token</html>' },
    },
    {
      name: `${service} answers with text`,
      match: { service },
      do: { status: 200, contentType: 'text/plain', body: 'Zebrafinch 7319451 Wombat simulated.token' },
    },
    { name: `${service} cuts its answer off`, match: { service }, do: { truncate: 40 } },
    ...[400, 401].map((status) => ({
      name: `${service} answers ${status} and repeats the request`,
      match: { service },
      do: {
        status,
        rewrite: (_: string, { query, headers, body }: Asked) =>
          JSON.stringify({
            error: {
              code: headers['authorization'],
              message: `Not understood: ${String(headers['authorization'])} ?${query} ${body}`,
            },
          }),
      },
    })),
  ],
)

t.test('P8 no command tells a secret or a business value, nor is one kept', async (t) => {
  const w = await markedWorld(t)
  for (const line of day) {
    const code = await w.run(line)
    t.ok(code < 70, `${line} ends with ${code}`)
  }
  const theirs = join(await folderBeside(t), 'theirs')
  await cp(join(w.folder, 'state'), theirs, { recursive: true })
  const { businessCentral, sales } = w.simulator
  // The same field edited on both sides: a conflict, which has two values to tell.
  businessCentral.edit('customers', 'C0', { phoneNumber: '73194510', displayName: 'Zebrafinch B' })
  const account = sales.rows('accounts').find((row) => row['name'] === 'Zebrafinch 0')
  sales.edit('accounts', String(account?.['accountid']), { telephone1: '73194511' })
  const summary = join(w.folder, 'summary.md')
  await writeFile(summary, '')
  for (const line of ['plan', 'sync', 'held', 'resolve customer-account --record C0 --take sales', 'sync'])
    await w.run(line, { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary })
  t.ok(
    w.said.some((text) => text.includes('C0')),
    'numbers are told',
  )
  t.ok([0, 1].includes(await w.run(`state merge ${theirs} --base ${theirs} --json`)), 'two histories are joined')
  await w.run('state merge nowhere')
  t.match(await readFile(summary, 'utf8'), /customer-account/)
  t.match(await readFile(join(w.folder, 'snapshot', 'businessCentral', 'customers.jsonl'), 'utf8'), '"C0"')
  await nothingTold(t, w, 'by day')
  businessCentral.edit('customers', 'C1', { displayName: 'Zebrafinch C' })
  await w.run('plan customer-account --show-values')
  const shown = w.said.at(-1) ?? ''
  t.ok(found(shown, valueMarks).length > 0, 'values are there when a person asks, so the search can find them')
  t.same(found(shown, secretMarks), [], 'but never a secret')
  proved('secrets and rights', { 'command lines searched': w.said.length }, t.counts.fail)
})

t.test('P8 a comparison shows where secrets come from and never one that a version holds', async (t) => {
  const w = await markedWorld(t)
  const right = await readFile(join(w.folder, 'couplet.yaml'), 'utf8')
  const other = await folderBeside(t)
  const shapes = ['', ' --format markdown', ' --json']
  const base = join(other, 'couplet.yaml')
  await writeFile(base, right.replace('env:BC_SECRET', 'env:SECRET_OF_OLD').replace('bc-client', 'another-client'))
  for (const shape of shapes) t.equal(await w.run(`diff ${other}${shape}`), 0)
  t.ok(
    w.said.every((text) => text.includes('another-client') && text.includes('${env:SECRET_OF_OLD}')),
    'what changed is told, a secret by its reference',
  )
  await writeFile(base, right.replace('"${env:BC_SECRET}"', 'Wombat-in-the-file'))
  t.equal(await w.run(`diff ${other}`), 2, 'a version with a secret in it is refused')
  const { config } = await checkProject(w.folder, { env: secrets })
  if (config === undefined) throw new Error('the project is right')
  const version = (secret: object): Version => ({
    config,
    connections: { businessCentral: { auth: secret }, sales: {} },
  })
  for (const key of ['clientSecret', 'password', 'certificate', 'clientAssertion', 'key', 'connectionString'])
    for (const value of careless) {
      const changes = compareConfigs(version({ [key]: value }), version({ [key]: 'Wombat, another' }))
      t.equal(changes.length, 1, 'that it changed is told')
      t.same(found(JSON.stringify(changes)), [], `${key}: ${JSON.stringify(value)}`)
    }
  await nothingTold(t, w, 'compared')
  proved('secrets and rights', { 'command lines searched': w.said.length }, t.counts.fail)
})

t.test('P8 nothing is told when services answer badly, nor when the login refuses', async (t) => {
  const w = await markedWorld(t)
  await w.run('sync')
  for (const [edit, rule] of loudAnswers.entries()) {
    w.simulator.faults.clear()
    const phone = `7319451${edit}`
    w.simulator.businessCentral.edit('customers', 'C1', { phoneNumber: phone })
    const account = w.simulator.sales.rows('accounts').find(({ name }) => name === 'Zebrafinch 0')
    w.simulator.sales.edit('accounts', String(account?.['accountid']), { telephone1: phone })
    w.simulator.faults.add(rule)
    if (rule.match?.part !== true) for (const line of ['doctor', 'validate --live', 'audit']) await w.run(line)
    for (const line of [
      'plan customer-account',
      'sync customer-account',
      'sync customer-account --json --events',
      'held',
    ])
      await w.run(line)
    t.ok(w.simulator.faults.list()[0]?.seen, `${rule.name}: it happened`)
  }
  w.simulator.faults.clear()
  for (const line of ['doctor', 'sync', 'plan --json'])
    for (const env of [
      { BC_SECRET: 'Wombat wrong' },
      { SALES_SECRET: 'Wombat wrong' },
      { STATE_KEY: 'Wombat other key' },
    ])
      t.not(await w.run(line, env), 0, `${line} with a wrong ${Object.keys(env)[0]}`)
  await nothingTold(t, w, 'in trouble')
  proved('secrets and rights', { 'command lines searched': w.said.length }, t.counts.fail)
})

t.test('P8 files are for their owner only, and arguments of processes hold no secret', async (t) => {
  const w = await markedWorld(t)
  // What somebody made with the usual rights is written over.
  for (const name of ['plan.json', 'state.json', 'tests.xml'])
    await writeFile(join(w.folder, name), '', { mode: 0o644 })
  await mkdir(join(w.folder, 'tests'))
  await writeFile(
    join(w.folder, 'tests', 'none.yaml'),
    'mapping: customer-account\ngiven: { businessCentral: { currencies: [{ code: EUR }] } }\ntests: { nothing changes: { expect: { operations: [] } } }\n',
  )
  for (const line of [
    'plan --out plan.json',
    'test --junit tests.xml',
    'sync',
    'couplings export pairs.csv',
    'state export state.json',
    'snapshot',
  ])
    await w.run(line)
  const files = (await kept(w.folder)).filter(({ path }) => !path.endsWith('.yaml'))
  t.ok(files.length > 5)
  for (const { path } of files) t.equal((await stat(path)).mode & 0o777, 0o600, path.slice(w.folder.length))
  const program = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import=tsx', program, 'sync', '--project', w.folder, '--full'], {
    env: { ...process.env, ...secrets },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit')
  const seen = new Set<string>()
  while (child.exitCode === null) {
    for (const line of await processLines()) seen.add(line)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  t.match(await ended, [1, null])
  t.ok(
    [...seen].some((line) => line.includes('src/cli.ts')),
    'the process was seen',
  )
  t.same(
    [...seen].flatMap((line) => found(line)),
    [],
  )
  proved('secrets and rights', { 'files with their rights': files.length }, t.counts.fail)
})

/** Command lines of all processes of this machine. */
async function processLines(): Promise<readonly string[]> {
  const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  return Promise.all(
    ids.map(async (id) => (await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ')),
  )
}
