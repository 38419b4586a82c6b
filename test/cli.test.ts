import { spawnSync } from 'node:child_process'
import { existsSync, openSync } from 'node:fs'
import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { nearNames } from '../src/cli/did-you-mean.ts'
import { endingOf } from '../src/cli/exit.ts'
import { span } from '../src/cli/numbers.ts'
import { startPlayground, writePlaygroundProject } from '../src/cli/playground.ts'
import type { Playground } from '../src/cli/playground.ts'
import type { Terminal } from '../src/cli/terminal.ts'
import { UsageError } from '../src/cli/usage-error.ts'
import { systemClock } from '../src/clock.ts'
import { ConfigError, ConnectorError, LockedError, StateError, UnsafePlanError } from '../src/errors.ts'
import { plain } from '../src/report/paint.ts'
import { openJsonStore } from '../src/store/json-store.ts'
import { type Said, couplet, withoutStandardSet } from './cli/world.ts'
import { proved } from './proof.ts'

const mappingFile = `mapping: customer
direction: both
create: both
businessCentral: { entity: customers, keys: [number] }
sales: { entity: accounts, filter: customertypecode eq 3 }
match:
  - { businessCentral: [number], sales: [accountnumber] }
  - { businessCentral: [displayName], sales: [name] }
fields:
  type: { sales: customertypecode, value: 3, on: create }
  name: { businessCentral: displayName, sales: name }
  phone: { businessCentral: phoneNumber, sales: telephone1 }
  website: { businessCentral: website, sales: websiteurl }
`

/** What `state export` writes, as far as a test reads it. */
interface Exported {
  readonly mappings: Readonly<Record<string, { readonly couplings: readonly { readonly businessCentral: object }[] }>>
}

interface World extends Playground {
  readonly folder: string
  /** `couplet … --project` this one. */
  run(args: string, more?: Partial<Terminal>): Promise<Said>
  /** Pairs by customer number. */
  pairs(): Promise<ReadonlyMap<string, { readonly businessCentral: { id: string }; readonly sales: { id: string } }>>
}

/** Both simulated services with a small company, and a project of one mapping. */
async function worldFor(t: Test, more = ''): Promise<World> {
  const playground = await startPlayground({ company: 'contoso', customers: 0, overlap: 0, seed: 1 })
  t.teardown(() => playground.simulator.stop())
  const folder = t.testdir({ mappings: { 'customer.yaml': mappingFile } })
  await writePlaygroundProject(folder, playground, `mappings: [customer]\n${more}`)
  await withoutStandardSet(folder)
  const run = (args: string, terminal?: Partial<Terminal>): Promise<Said> => couplet(folder, args, terminal)
  return {
    ...playground,
    folder,
    run,
    pairs: async () => {
      const list = JSON.parse((await run('couplings --json')).out) as {
        businessCentral: { id: string; keys: { number: string } }
        sales: { id: string }
      }[]
      return new Map(list.map((pair) => [pair.businessCentral.keys.number, pair]))
    },
  }
}

t.test('every command has a help with an example', async (t) => {
  const { out, code } = await couplet('/', '--help')
  t.equal(code, 0)
  const names = [...out.matchAll(/^ {2}([a-z]+)(?: |$)/gm)]
    .flatMap(([, name]) => name ?? [])
    .filter((name) => name !== 'help' && name !== 'couplet')
  t.ok(names.length >= 17, names.join(' '))
  for (const name of names) {
    const help = await couplet('/', `${name} --help`)
    t.equal(help.code, 0, name)
    t.match(help.out, /Examples?:\n {2}couplet /, name)
    t.match(help.out, '--json', `${name} tells of the options that all commands take`)
  }
})

t.test('wrong arguments end with 2 and a near name', async (t) => {
  const wrong = async (args: string, text: string | RegExp): Promise<void> => {
    const said = await couplet('/', args)
    t.equal(said.code, 2, args)
    t.match(said.err, text, args)
  }
  await wrong('snyc', 'Did you mean sync')
  await wrong('sync --ful', 'Did you mean --full')
  await wrong('sync --direction left', 'Allowed choices are toSales, toBusinessCentral')
  await wrong('plan --record 10000', 'Write column=value, e.g. number=10000')
  await wrong('status --max-age soon', 'such as 30min, 2h or 3d')
  await wrong('status --max-age 99999999999999h', 'such as 30min, 2h or 3d')
  await wrong('couple customer-account --bc 1', '--sales')
  await wrong('simulate --port 65534', 'from 1 to 65533')
  await wrong('resolve customer-account --record 1', '--take sales|businessCentral, or --action')
  t.equal((await couplet('/', '--version')).out, '9.9.9')
  t.equal(span('2h'), 7_200_000)
  t.equal(span('30min'), 1_800_000)
  t.same(nearNames('costumer', ['customer', 'currency', 'item']), ['customer'])
})

const codeOf = (error: unknown): number => endingOf(error, plain).code

t.test('every kind of error has its exit code, and only a bug shows a stack', (t) => {
  const text = { message: 'No.', remedy: 'Do this.' }
  t.equal(codeOf(new ConfigError([])), 2)
  t.equal(codeOf(new StateError('No.', 'Do this.')), 2)
  t.equal(codeOf(new UsageError('No.')), 2)
  t.equal(codeOf(new ConnectorError('sales', 'unreachable', text)), 3)
  t.equal(codeOf(new UnsafePlanError('No.', [])), 4)
  t.equal(codeOf(new LockedError('No.')), 5)
  t.equal(codeOf(new TypeError('x is undefined')), 70)
  t.equal(endingOf(new ConnectorError('sales', 'unreachable', text), plain).text, 'Sales: No.\n→ Do this.')
  t.match(
    endingOf(new TypeError('x is undefined'), plain).text,
    /bug in Couplet[\s\S]*TypeError: x is undefined\n +at /,
  )
  t.end()
})

t.test('a state that cannot be kept where it should be is told before anything is asked of a service', async (t) => {
  const world = await worldFor(t, 'state: { store: json, path: couplet.yaml }\n')
  const { simulator } = world
  simulator.resetRequests()
  for (const command of ['sync', 'plan', 'held']) {
    const { code, err } = await world.run(command)
    t.equal(code, 2, command)
    t.match(err, /ENOTDIR at .*\n→ state.path must name a folder/)
  }
  const { businessCentral, sales } = simulator.requests()
  t.equal(businessCentral.requests + sales.requests, 0)
})

t.test('validate tells every problem at its place, needs no secret, and makes no request', async (t) => {
  const folder = t.testdir({
    'couplet.yaml': `connections:
  businessCentral: { kind: business-central, tenant: "\${env:T}", company: C, auth: { method: client-secret, clientId: "\${env:A}", clientSecret: "\${env:B}" } }
  sales: { kind: dataverse, url: https://contoso.crm4.dynamics.com, auth: { method: client-secret, tenant: "\${env:T}", clientId: "\${env:A}", clientSecret: "\${env:B}" } }
use: standard@1
`,
  })
  const good = await couplet(folder, 'validate')
  t.equal(good.code, 0, good.err)
  t.match(good.out, /^\d+ mappings, \d+ field rows: nothing wrong/)
  t.match(await couplet(folder, 'plan'), { code: 2, err: 'T is not set' }, 'a run needs the secrets')
  await writeFile(join(folder, 'couplet.yaml'), 'connectoins: {}\nuse: standard@7\n')
  const bad = await couplet(folder, 'validate', { env: { GITHUB_ACTIONS: 'true' } })
  t.equal(bad.code, 2)
  t.match(bad.err, /^couplet\.yaml:1:1 {2}.*connections/m)
  t.match(bad.err, /^\d problems; nothing was run/m)
  t.match(bad.err, /^::error file=couplet.yaml,line=2,col=\d+::use: /m)
  const json = JSON.parse((await couplet(folder, 'validate --json')).out) as { ok: boolean; problems: unknown[] }
  t.equal(json.ok, false)
  t.ok(json.problems.length >= 2)
})

t.test('validate --live finds what the services do not have, at its place', async (t) => {
  const world = await worldFor(t)
  t.match(await world.run('validate --live'), { code: 0, out: 'nothing wrong' })
  const file = join(world.folder, 'mappings', 'customer.yaml')
  await writeFile(file, mappingFile.replace('telephone1', 'telephone9').replace('sales: name }', 'sales: createdon }'))
  const said = await world.run('validate --live')
  t.equal(said.code, 2)
  t.match(said.out, /mappings\/customer\.yaml:\d+:\d+ .*accounts of Sales has no column "telephone9" \(did you mean/)
  t.match(said.out, /Sales does not let createdon be written/)
})

t.test(
  'validate --live takes a state that is written by actions, and names a page for orders that is not there',
  async (t) => {
    const playground = await startPlayground({ company: 'empty', customers: 0, overlap: 0, seed: 1 })
    t.teardown(() => playground.simulator.stop())
    const live = async (orderPage: string): Promise<Said> => {
      const folder = t.testdir({})
      const settings = { salesOrders: 'bidirectional', orderPage }
      await writePlaygroundProject(folder, playground, '', settings)
      return couplet(folder, 'validate --live')
    }
    t.match(await live('couplet/orders/v1.0'), { code: 0, out: 'nothing wrong' })
    const lacking = await live('contoso/sync/v2.0')
    t.equal(lacking.code, 2)
    t.match(lacking.out, /sales-order-bidirectional\.yaml:\d+:\d+ .*Business Central has no api\/contoso\/sync\/v2\.0/)
  },
)

t.test('doctor names the step that fails, on the side where it fails', async (t) => {
  const world = await worldFor(t)
  const good = await world.run('doctor')
  t.equal(good.code, 0, good.out)
  t.match(good.out, /✓ company +Contoso Coffee/)
  const yaml = await readFile(join(world.folder, 'couplet.yaml'), 'utf8')
  await writeFile(join(world.folder, 'couplet.yaml'), yaml.replace(/company: .*/, 'company: Nobody'))
  const company = await world.run('doctor')
  t.equal(company.code, 3)
  t.match(company.out, /✓ token[\s\S]*✗ company/)
  await writeFile(join(world.folder, 'simulator-secret.txt'), 'wrong\n')
  t.match((await world.run('doctor')).out, /✓ address.*\n {2}✗ token/)
  await world.simulator.stop()
  const patient = { now: () => new Date(), sleep: () => Promise.resolve() }
  const unreached = await world.run('sync', { clock: patient })
  t.equal(unreached.code, 3)
  t.match(unreached.err, '→ ')
})

t.test('a plan writes nothing, masks values, and can be told by its exit code', async (t) => {
  const world = await worldFor(t)
  const files = (await readdir(world.folder)).sort()
  world.simulator.resetRequests()
  const said = await world.run('plan --exit-code')
  t.equal(said.code, 10, said.err)
  t.match(said.out, /customer → Sales +5 /)
  t.notMatch(said.out, 'Alpine')
  t.match((await world.run('plan --show-values')).out, 'name: ')
  t.match(
    (await world.run('plan', { isTerminal: true, env: { NO_COLOR: '1' } })).out,
    'Alpine',
    'at a terminal values show',
  )
  t.notMatch((await world.run('plan', { isTerminal: true, env: { CI: 'true' } })).out, 'Alpine', 'in CI they do not')
  const { operations } = JSON.parse((await world.run('plan --json')).out) as {
    operations: { fields: { after: string }[] }[]
  }
  t.equal(operations.length, 5)
  t.ok(operations.every(({ fields }) => fields.every(({ after }) => after === '•••' || after === null)))
  t.same((await readdir(world.folder)).sort(), files, 'no state is made')
  const { businessCentral, sales } = world.simulator.requests()
  t.equal(businessCentral.writes + sales.writes, 0)
})

t.test('a plan tells what waits since earlier runs, though it is not looked at again', async (t) => {
  const world = await worldFor(t)
  const file = join(world.folder, 'mappings', 'customer.yaml')
  await writeFile(file, mappingFile.replace('create: both', 'create: never'))
  const first = await world.run('plan')
  t.match(first.out, 'would wait')
  t.notMatch(first.out, 'already', 'before the first run they are the plan’s own')
  t.equal((await world.run('sync')).code, 1)
  const said = await world.run('plan')
  t.match(said.out, /^\d more records wait already since earlier runs \(\d no partner\): couplet held$/m)
  const json = JSON.parse((await world.run('plan --json')).out) as { waiting: { count: number }[]; holds: unknown[] }
  t.match(json.waiting, [{ mapping: 'customer', kind: 'no-partner' }])
  t.equal((json.waiting[0]?.count ?? 0) + json.holds.length, 5, 'what the overlap reads again is told as planned')
  t.notMatch((await world.run('plan --full')).out, 'already', 'each is told once')
})

t.test('a saved plan holds no value and is applied as it is, or refused one by one', async (t) => {
  const world = await worldFor(t)
  t.equal((await world.run('plan --out first.json')).code, 0)
  const file = join(world.folder, 'first.json')
  const saved = await readFile(file, 'utf8')
  t.notMatch(saved, 'Alpine')
  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.equal((JSON.parse(saved) as { operations: unknown[] }).operations.length, 5)
  const moved = world.simulator.businessCentral.rows('customers')[0]
  world.simulator.businessCentral.edit('customers', String(moved?.['id']), { website: 'https://moved.example.com' })
  const first = await world.run('apply first.json')
  t.equal(first.code, 1)
  t.match(
    first.err,
    `1 of 5 planned operations were refused:\n  customer ${String(moved?.['number'])}: not created in Sales`,
  )
  t.equal(
    world.simulator.sales.rows('accounts').filter(({ accountnumber }) => accountnumber !== undefined).length >= 0,
    true,
  )
  t.equal((await world.pairs()).size, 4, 'even before any state, the others fit their fingerprints')
  t.equal((await world.run('apply first.json')).code, 1, 'a second time nothing fits')
  t.equal((await world.pairs()).size, 4)
  await writeFile(join(world.folder, 'mappings', 'customer.yaml'), mappingFile.replace('telephone1', 'telephone2'))
  t.match(await world.run('apply first.json'), { code: 2, err: 'files have changed since the plan was made' })
  await writeFile(join(world.folder, 'other.json'), '{"format":1}')
  t.match(await world.run('apply other.json'), { code: 2, err: 'other.json is not a saved plan' })
  t.match(await world.run('apply none.json'), { code: 2, err: 'none.json cannot be read' })
})

t.test('sync does it and prints the document of the contract, then has nothing to do', async (t) => {
  const world = await worldFor(t)
  const said = await world.run('sync --json')
  t.equal(said.code, 0, said.err)
  const json = JSON.parse(said.out) as { ok: boolean; mappings: Record<string, unknown>[]; problems: unknown[] }
  t.same(Object.keys(json), ['run', 'ok', 'mappings', 'problems'])
  t.match(json.mappings[0], { mapping: 'customer', direction: 'toSales', created: 5, failed: 0 })
  const again = await world.run('sync')
  t.equal(again.code, 0)
  t.match(again.out, 'Both sides are in step.')
  t.equal((await world.run('plan --exit-code')).code, 0)
  t.match((await world.run('runs')).out, /run-\d+T\d+Z +0 +0 /)
  t.match((await world.run('status')).out, /customer +5 /)
  t.match((await world.run('state verify')).out, 'Nothing is damaged.')
  const events = (await world.run('sync --events')).err
    .split('\n')
    .map((line) => (JSON.parse(line) as { kind: string }).kind)
  t.same([events[0], events.at(-1)], ['run.started', 'run.ended'])
})

t.test('a mapping that could not be run ends the run with 3, and the others are done', async (t) => {
  const world = await worldFor(t)
  const yaml = await readFile(join(world.folder, 'couplet.yaml'), 'utf8')
  await writeFile(join(world.folder, 'couplet.yaml'), yaml.replace('[customer]', '[customer, item]'))
  const itemFile = `mapping: item
direction: toSales
create: toSales
businessCentral: { entity: items, keys: [number] }
sales: { entity: products }
match: [{ businessCentral: [number], sales: [productnumber] }]
fields:
  name: { businessCentral: displayName, sales: name }
`
  await writeFile(join(world.folder, 'mappings', 'item.yaml'), itemFile)
  world.simulator.faults.add({ match: { service: 'businessCentral', path: '/items' }, do: { status: 403 } })
  const said = await world.run('sync --json --fail-on new')
  t.equal(said.code, 3, said.err)
  const { ok, problems } = JSON.parse(said.out) as { ok: boolean; problems: { mapping: string; kind: string }[] }
  t.equal(ok, false)
  t.match(problems, [{ mapping: 'item', kind: 'service' }])
  t.equal((await world.pairs()).size, 5)
  t.match(await world.run('sync'), { code: 3, out: '1 mapping could not be run: couplet doctor' })
  world.simulator.faults.clear()
})

t.test('a safety limit stops a run with 4, and the plan names the words that let it go on', async (t) => {
  const world = await worldFor(t, 'limits: { creates: "2" }\n')
  const stopped = await world.run('sync')
  t.equal(stopped.code, 4)
  t.match(stopped.err, '--accept customer.sales.creates=5')
  const json = JSON.parse((await world.run('sync --json')).out) as unknown
  t.match(json, { ok: false, accept: ['customer.sales.creates=5'] }, 'one document also then')
  t.match((await world.run('plan')).out, '--accept customer.sales.creates=5')
  t.notMatch((await world.run('plan --accept customer.sales.creates=5')).out, 'safety limits')
  t.match(await world.run('sync --accept everything'), { code: 2, err: '--accept everything makes no sense' })
  t.equal((await world.run('sync --accept customer.sales.creates=5')).code, 0)
})

t.test('what waits is told with its way on, and a person decides', async (t) => {
  const world = await worldFor(t)
  await world.run('sync')
  const [[number, pair], [second, other]] = [...(await world.pairs())] as [Pair, Pair]
  const { businessCentral, sales } = world.simulator
  businessCentral.edit('customers', pair.businessCentral.id, {
    phoneNumber: '111',
    website: 'https://ours.example.com',
  })
  sales.edit('accounts', pair.sales.id, { telephone1: '222', websiteurl: 'https://theirs.example.com' })
  sales.delete('accounts', other.sales.id)
  const summary = join(world.folder, 'summary.md')
  const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary }
  const said = await world.run('sync', { env })
  t.equal(said.code, 1)
  t.match(said.err, `::warning title=customer ${number}::`)
  t.match(await readFile(summary, 'utf8'), '### Couplet: 2 records wait')
  t.equal((await world.run('sync --fail-on new')).code, 0, 'known ones are no failure when asked so')
  t.equal((await world.run('sync')).code, 1)

  const held = await world.run('held customer')
  t.match(held.out, '→ Say which side is right: couplet resolve customer --record NUMBER --take businessCentral')
  t.match(held.out, new RegExp(`${number} +phone, website`))
  t.notMatch(held.out, /111|222/)
  const conflicts = JSON.parse((await world.run('held --kind conflict --json')).out) as unknown[]
  t.equal(conflicts.length, 1)
  t.match(await world.run(`resolve customer --record ${number}9 --take sales`), {
    code: 2,
    err: `did you mean "${number}"`,
  })
  t.match(await world.run(`resolve customer --record ${second} --take sales`), {
    code: 2,
    err: '--action restore|delete|uncouple',
  })
  t.match(await world.run(`resolve custmer --record ${second} --take sales`), {
    code: 2,
    err: 'did you mean "customer"',
  })

  t.equal(
    (await world.run('resolve customer --all --take sales --field phone --yes')).code,
    1,
    'the website still waits, and so does the record whose partner was deleted',
  )
  t.equal(businessCentral.row('customers', pair.businessCentral.id)?.['phoneNumber'], '222')
  t.match(
    (await world.run(`resolve customer --record ${number} --take businessCentral --later`)).out,
    'The next run carries it out.',
  )
  t.equal(sales.row('accounts', pair.sales.id)?.['websiteurl'], 'https://theirs.example.com')
  t.match(await world.run('resolve customer --action restore'), { code: 2, err: '--record NUMBER, or --all' })
  t.equal((await world.run('resolve customer --all --action restore --yes')).code, 0)
  t.equal((await world.run('sync')).code, 0)
  t.equal(sales.row('accounts', pair.sales.id)?.['websiteurl'], 'https://ours.example.com')
  t.equal((await world.run('held')).out, 'Nothing waits.')
})
type Pair = [string, { readonly businessCentral: { id: string }; readonly sales: { id: string } }]

t.test('pairs are taken apart and coupled by hand, by number or id', async (t) => {
  const world = await worldFor(t)
  await world.run('sync')
  const [[number, pair]] = [...(await world.pairs())] as [Pair]
  t.match(await world.run('uncouple customer'), { code: 2, err: '--record NUMBER, or --all' })
  t.equal((await world.run(`uncouple customer --record ${number}`)).code, 0)
  t.equal((await world.pairs()).size, 4)
  t.match(await world.run(`couple customer --bc ${number} --sales nobody`), {
    code: 2,
    err: 'No record of Sales is called "nobody"',
  })
  world.simulator.businessCentral.create('customers', { number: 'NL', displayName: "'s-Hertogenbosch" })
  t.match(
    await couplet(world.folder, ['couple', 'customer', '--bc', "'s-Hertogenbosch", '--sales', pair.sales.id, '--show']),
    {
      code: 0,
      out: 'hold it (different)',
    },
  )
  world.simulator.businessCentral.delete('customers', 'NL')
  t.equal((await world.run(`couple customer --bc ${number} --sales ${pair.sales.id}`)).code, 0)
  t.equal((await world.pairs()).get(number)?.sales.id, pair.sales.id)
  t.match(await world.run(`couple customer --bc ${number} --sales ${pair.sales.id}`), {
    code: 2,
    err: 'coupled with each other already',
  })
  t.match(await world.run(`retry customer --record ${number}`), { code: 2, err: 'Nothing of this record waits' })

  t.match(await world.run('state export no/such/folder.json'), { code: 2, err: 'cannot be written (ENOENT)' })
  await world.run('couplings export pairs.csv')
  await world.run('state export all.json')
  t.equal((await world.run(`state forget ${number}`)).code, 0)
  t.equal((await world.pairs()).size, 4)
  t.match(await world.run('couplings import pairs.csv'), { code: 0, err: 'Nothing was written. To do it: add --yes' })
  t.equal((await world.pairs()).size, 4, 'dry unless a person says yes')
  t.match(await world.run('couplings import pairs.csv --yes'), { code: 0, err: '1 new pair' })
  t.match(await world.run('state import all.json'), { code: 0, out: '5 pairs in 1 mapping' })
  t.match(await world.run('state rekey'), { code: 0, out: '5 pairs kept' })
  t.equal((await world.run('sync')).code, 0, 'equal records are found in step')
  t.match(await world.run('uncouple customer --all'), { code: 2, err: '5 pairs of customer would be taken apart' })
  const asked: string[] = []
  const answering = (answer: boolean) => ({
    confirm: (question: string) => Promise.resolve(asked.push(question) > 0 && answer),
  })
  t.match(await world.run('uncouple customer --all', answering(false)), { code: 0, err: 'Nothing was changed.' })
  t.equal((await world.pairs()).size, 5, 'a person said no')

  t.equal((await world.run('uncouple customer --all', answering(true))).code, 0)
  t.equal(asked.length, 2)
  t.equal((await world.pairs()).size, 0)

  const all = JSON.parse(await readFile(join(world.folder, 'all.json'), 'utf8')) as Exported
  const [one, other] = (all.mappings['customer']?.couplings ?? []).map((each) => ({
    ...each,
    businessCentral: { ...each.businessCentral, keys: { number } },
  }))
  await writeFile(
    join(world.folder, 'twins.json'),
    JSON.stringify({
      ...all,
      mappings: { ...all.mappings, twins: { ...all.mappings['customer'], couplings: [one, other] } },
    }),
  )
  t.match(await world.run('state import twins.json'), { code: 0, out: '7 pairs in 2 mappings' })
  t.match(await world.run(`state forget ${number}`), { code: 2, err: 'Several records of twins are called' })
  const kept = JSON.parse((await world.run('couplings customer --json')).out) as readonly unknown[]
  t.equal(kept.length, 5, 'where a record must be named better nothing is erased, in no mapping')
})

t.test('K-07 a mapping without match rules is not matched, and says so', async (t) => {
  const world = await worldFor(t)
  await writeFile(join(world.folder, 'mappings', 'customer.yaml'), mappingFile.replace(/^match:\n(?: {2}- .*\n)+/m, ''))
  world.simulator.resetRequests()
  const matched = await world.run('match customer')
  t.match(matched, { code: 2, err: /customer has no match rules\.[^]*Add `match:` to the mapping/ })
  t.equal(world.simulator.requests().sales.writes + world.simulator.requests().businessCentral.writes, 0)
})

t.test('match couples and creates none; another runner keeps us out with 5; idleness can fail', async (t) => {
  const world = await worldFor(t)
  const matched = await world.run('match customer')
  t.equal(matched.code, 1)
  t.match(matched.out, '5 records without a partner')
  const store = await openJsonStore({ folder: join(world.folder, '.couplet'), clock: systemClock })
  await store.lock('other')
  t.match(await world.run('sync'), { code: 5, err: 'locked by run other' })
  await store.close()
  t.equal((await world.run('status --max-age 2h')).code, 0)
  const later = { now: () => new Date(Date.now() + 3 * 3_600_000), sleep: () => Promise.resolve() }
  const stale = await world.run('status --max-age 2h', { clock: later })
  t.equal(stale.code, 1)
  t.match(stale.out, 'Not run for more than 2 h: customer')
})

t.test('simulate serves and writes a project that works, and does not overwrite one', async (t) => {
  const folder = t.testdir({})
  let planned: Said | undefined
  const said = await couplet(folder, 'simulate --company contoso --write-project play', {
    stopped: async () => {
      planned = await couplet(folder, 'plan currency -p play')
    },
  })
  t.equal(said.code, 0, said.err)
  t.match(said.out, 'couplet plan --project play')
  t.equal(planned?.code, 0, planned?.err ?? '')
  t.match(planned?.out ?? '', 'currency → Sales')
  t.match(await couplet(folder, 'simulate --write-project play'), { code: 2, err: 'a couplet.yaml in play already' })
})

t.test('the demo proves what it says', async (t) => {
  const said = await couplet('/', 'demo --json')
  const json = JSON.parse(said.out) as {
    ok: boolean
    claims: { text: string; holds: boolean; chapter: number }[]
    ms: number
  }
  t.same(
    json.claims.filter(({ holds }) => !holds),
    [],
  )
  const perChapter = json.claims.map(({ chapter }) => chapter)
  const told = [2, 3, 4, 5, 6, 7].map((one) => perChapter.filter((chapter) => chapter === one).length)
  t.ok(json.claims.length >= 18 && told.every((claims) => claims > 0), `claims in each chapter: ${told.join(', ')}`)
  t.ok((told[4] ?? 0) >= 8, 'each step of the order is checked')
  t.equal(said.code, 0)
  // A few seconds; many more where the machine is busy with other things.
  t.ok(json.ms < 120_000)
})

t.test('the program itself: streams and exit codes', (t) => {
  const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
  const spawned = spawnSync(process.execPath, ['--import=tsx', cli, 'validate', '--project', t.testdir({})], {
    encoding: 'utf8',
  })
  t.equal(spawned.status, 2)
  t.equal(spawned.stdout, '')
  t.match(spawned.stderr, 'there is no couplet.yaml in this folder')
  t.end()
})

// Linux has a file on which there is never room.
t.test(
  'an output that cannot be written is told, and never passes for done',
  { skip: !existsSync('/dev/full') },
  (t) => {
    const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
    const stdio = ['ignore', openSync('/dev/full', 'w'), 'pipe'] as const
    const { status, stderr } = spawnSync(process.execPath, ['--import=tsx', cli, 'simulate', '--help'], {
      stdio: [...stdio],
    })
    t.equal(status, 2)
    t.equal(String(stderr), 'The output cannot be written (ENOSPC). → Give it a place with room.\n')
    t.end()
  },
)

t.test('the help reads the list of commands and nothing that does the work', async (t) => {
  const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
  // Node lists all scripts that it read, those of packages included.
  const env = { PATH: process.env['PATH'], NODE_V8_COVERAGE: t.testdir({}) }
  // The test runner gives every process its own NODE_OPTIONS, which measure what is read in another way.
  const bare = ['-u', 'NODE_OPTIONS', process.execPath, '--import=tsx', cli, '--help']
  const { status } = spawnSync('env', bare, { env, encoding: 'utf8' })
  t.equal(status, 0)
  const lists = await Promise.all(
    (await readdir(env.NODE_V8_COVERAGE)).map((file) => readFile(join(env.NODE_V8_COVERAGE, file), 'utf8')),
  )
  const read = lists.flatMap((list) => (JSON.parse(list) as { result: { url: string }[] }).result.map(({ url }) => url))
  const own = read.flatMap((url) => /\/src\/(.*)$/.exec(url)?.[1] ?? []).filter((file) => file.endsWith('.ts'))
  const packages = read.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [])
  t.ok(own.includes('cli/program.ts'), 'the modules are seen')
  t.same(
    own.filter((file) => !/^(cli|report)\/|^[a-z]+\.ts$/.test(file)),
    [],
    'no other room is entered',
  )
  // What the loader and the test runner bring along is not the product's.
  const { dependencies } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
    dependencies: object
  }
  t.same(new Set(packages.filter((name) => name in dependencies)), new Set(['commander', 'picocolors']))
  t.ok(own.length <= 20, own.join(' '))
  proved('speed', { 'modules at --help': own.length }, 0)
})
