import t from 'tap'
import { cliWorld } from './world.ts'

interface Line {
  readonly mapping: string
  readonly recommendation: string
  readonly counts: Record<string, { readonly records: number; readonly unpaired: number } | undefined>
}
const reviewed = (out: string): ReadonlyMap<string, Line> =>
  new Map((JSON.parse(out) as { mappings: Line[] }).mappings.map((line) => [line.mapping, line]))
interface Report {
  readonly mappings: readonly { readonly mapping: string; readonly created: number; readonly coupled: number }[]
  readonly problems: readonly { readonly mapping: string; readonly kind: string; readonly message: string }[]
}

t.test('U-01 U-02 the review counts inside the filters of both sides, in order, and writes nothing', async (t) => {
  const world = await cliWorld(t)
  world.simulator.resetRequests()
  const { out, code } = await world.run('sync --full --review --json')
  t.equal(code, 0)
  const lines = reviewed(out)
  const names = [...lines.keys()]
  t.ok(names.indexOf('currency') < names.indexOf('customer-account'), 'behaviour 217: what others wait for comes first')
  t.equal(lines.get('salesperson-user')?.recommendation, 'full')
  t.equal(lines.get('payment-terms')?.recommendation, 'couple')
  t.equal(lines.get('resource-product')?.recommendation, 'full', 'Sales holds no services yet')
  const { sales } = lines.get('item-unit-group')?.counts ?? {}
  t.equal((sales?.records ?? 0) - (sales?.unpaired ?? 0), 1, "Sales' own default group is no data")
  const blocked = world.simulator.businessCentral
    .rows('customers')
    .filter(({ blocked }) => blocked !== '_x0020_').length
  const all = world.simulator.businessCentral.rows('customers').length
  t.equal(lines.get('customer-account')?.counts['businessCentral']?.records, all - blocked, 'the filter counts (QUIRK)')
  t.equal(world.simulator.requests().sales.writes, 0)
  t.match((await world.run('sync --full --review')).out, /customer-account .*couple first/)
})

t.test('U-03 U-05 --recommended follows the review: pairs only where both sides hold records', async (t) => {
  const world = await cliWorld(t, 'mappings: [customer-account, resource-product, resource-unit-group]\n')
  const { out } = await world.run('sync --full --recommended --accept creates=100 --json')
  const report = JSON.parse(out) as Report
  const of = (name: string, key: 'created' | 'coupled'): number =>
    report.mappings.filter(({ mapping }) => mapping === name).reduce((sum, one) => sum + one[key], 0)
  t.equal(of('customer-account', 'created'), 0)
  t.ok(of('customer-account', 'coupled') > 0)
  const lines = reviewed((await world.run('sync --full --review --json')).out)
  t.equal(lines.get('customer-account')?.counts['sales']?.unpaired, 0, 'what stands in Sales has found its partner')
  t.equal(lines.get('customer-account')?.recommendation, 'full', 'the rest is to be created')
})

t.test(
  'U-03 a mapping that could not be run leaves its dependants waiting; --restart takes up only those',
  async (t) => {
    const world = await cliWorld(
      t,
      'mappings: [salesperson-user, customer-account, contact-contact, shipment-method]\n',
    )
    world.simulator.faults.add({
      match: { service: 'businessCentral', path: '/salespeoplePurchasers' },
      do: { status: 403, body: '{"error":{"code":"Authorization_X","message":"no"}}' },
    })
    const first = await world.run('sync --full --json')
    t.equal(first.code, 3)
    const { problems } = JSON.parse(first.out) as Report
    const notRun = problems.filter(({ kind }) => kind === 'service').map(({ mapping }) => mapping)
    t.strictSame(notRun, ['salesperson-user', 'customer-account', 'contact-contact'])
    t.match(problems.find(({ mapping }) => mapping === 'customer-account')?.message, /comes after salesperson-user/)
    t.equal(world.simulator.sales.rows('contacts').filter(({ modifiedon }) => modifiedon === undefined).length, 0)
    t.equal((await world.run('couplings customer-account --json')).out, '[]', 'nothing was made without its owner')

    world.simulator.faults.clear()
    world.simulator.resetRequests()
    const second = await world.run('sync --full --restart --json')
    const ran = new Set((JSON.parse(second.out) as Report).mappings.map(({ mapping }) => mapping))
    for (const name of ['contact-contact', 'customer-account', 'salesperson-user']) t.ok(ran.has(name), name)
    t.notOk(ran.has('shipment-method'), 'what was finished is left alone')
    t.not((await world.run('couplings customer-account --json')).out, '[]')
  },
)

t.test('a run that is not full goes on past a mapping that could not be run (P5)', async (t) => {
  const world = await cliWorld(t, 'mappings: [salesperson-user, customer-account]\n')
  world.simulator.faults.add({
    match: { service: 'businessCentral', path: '/salespeoplePurchasers' },
    do: { status: 403, body: '{}' },
  })
  const { out } = await world.run('sync --json')
  const { problems } = JSON.parse(out) as Report
  t.strictSame(
    [...new Set(problems.filter(({ kind }) => kind === 'service').map(({ mapping }) => mapping))],
    ['salesperson-user'],
  )
})

t.test('U-07 a full run that may create nothing tells how runs are let to', async (t) => {
  const world = await cliWorld(t, 'mappings: [shipment-method]\n')
  const { writeFile, readFile } = await import('node:fs/promises')
  const file = `${world.folder}/couplet.yaml`
  await writeFile(file, (await readFile(file, 'utf8')).replace('create: both\n', ''))
  t.match((await world.run('sync --full')).out, 'create: both')
  t.notMatch((await world.run('sync')).out, 'create: both')
})

t.test('words that make no sense together end with 2', async (t) => {
  const world = await cliWorld(t, 'mappings: [shipment-method]\n')
  const wrong = async (args: string, text: RegExp): Promise<void> => {
    const said = await world.run(args)
    t.equal(said.code, 2, args)
    t.match(said.err, text)
  }
  await wrong('sync --review', /Add --full/)
  await wrong('sync --full --review --restart', /exclude each other/)
  await wrong('sync --full --restart', /no full run/)
  await wrong('sync --full --restart shipment-method', /takes no mappings/)
  await wrong('state rewind shipment-method --to yesterday', /Write a date/)
  await wrong('state rewind shipment-method --to 2999-01-01', /has not come yet/)
  await wrong('state rewind shipment-metod --to 2026-01-01', /did you mean/)
})

t.test('state rewind lets a run read older changes again', async (t) => {
  const world = await cliWorld(t, 'mappings: [customer-account]\n')
  await world.run('sync --full')
  const said = await world.run('state rewind customer-account --to 2020-01-01')
  t.equal(said.code, 0)
  t.match(said.out, /Business Central: read up to 2020-01-01T00:00:00.000Z/)
  t.match(said.out, /Sales: tells changes by a token/)
  world.simulator.resetRequests()
  const again = await world.run('sync --json')
  t.ok((JSON.parse(again.out) as Report).mappings.length > 0)
  const twice = await world.run('state rewind customer-account --side businessCentral --to 2026-01-01')
  t.equal(twice.code, 0)
})
