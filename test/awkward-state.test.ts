/**
 * P1, P7: what is remembered of records with awkward ids and numbers goes through merge, export and import whole: the
 * union of what both knew, or held; a document that is no state is refused, and nothing is lost by it.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../src/clock.ts'
import { parseCsv } from '../src/store/csv.ts'
import { openJsonStore } from '../src/store/json-store.ts'
import type { MappingContent } from '../src/store/mapping-content.ts'
import type { Entry } from '../src/store/store.ts'
import { texts, unseen } from './awkward.ts'
import { type Said, couplet, projectOf } from './cli/world.ts'
import { couple, coupling, held } from './contract/store.ts'
import { proved } from './proof.ts'

const project = (state: string): string => `connections:
  businessCentral: { kind: business-central, url: 'http://127.0.0.1:9', company: C, auth: { method: basic, user: u, password: '\${env:P}' } }
  sales: { kind: dataverse, url: 'http://127.0.0.1:9', auth: { method: client-secret, tenant: t, clientId: c, clientSecret: '\${env:P}' } }
use: standard@1
state: { store: json, path: ${state}, key: '\${env:KEY}' }
`
const mapping = 'customer-account'

/** Ids and natural keys: texts, what tables and lists are written with, and names that share their signs. */
const names = [
  ...Object.values(texts),
  'y'.repeat(4000),
  'a\r\nb',
  'a,b;c\t"d"',
  'x|y',
  'x',
  'isPrototypeOf',
  '12|x',
  '',
]

interface World {
  readonly dir: string
  run(line: string, where?: string): Promise<Said>
  remember(folder: string, entries: readonly Entry[]): Promise<void>
  content(where?: string): Promise<MappingContent>
}

/** Two projects, `here` and `there`, that keep their state in folders of these names. */
function world(t: Test): World {
  const dir = t.testdir({ here: { 'couplet.yaml': project('state') }, there: { 'couplet.yaml': project('state') } })
  const run = (line: string, where = 'here'): Promise<Said> =>
    couplet(join(dir, where), line, { env: { P: 'p', KEY: 'k' } })
  const opened = (folder: string) => openJsonStore({ folder: join(dir, folder), clock: systemClock, key: 'k' })
  return {
    dir,
    run,
    async remember(folder, entries) {
      const store = await opened(folder)
      await store.lock('r')
      await store.bind({ businessCentral: 'Production/CRONUS', sales: 'contoso' })
      await store.commit(mapping, [{ kind: 'layout', id: 'L1', rows: ['a', 'b'] }, ...entries])
      await store.close()
    },
    content: async (where = 'here') => (await opened(`${where}/state`)).content(mapping),
  }
}

const pair = (name: string, sales: string): Entry => ({
  kind: 'couple',
  coupling: {
    ...coupling(name, sales),
    businessCentral: { id: name, keys: { number: name, [name]: name }, version: 'v' },
  },
})
const waiting = (name: string): Entry => ({
  kind: 'hold',
  held: held(`W${name}`, { number: name, fields: [name] }),
})
const pairsOf = ({ couplings }: MappingContent): readonly string[] =>
  couplings.map(({ businessCentral, sales }) => JSON.stringify([businessCentral.id, sales.id])).toSorted()
const expected = (pairs: readonly (readonly [string, string])[]): readonly string[] =>
  pairs.map((each) => JSON.stringify(each)).toSorted()

t.test('P1 P7 histories with awkward ids are joined, exported and imported: all pairs, each as it was', async (t) => {
  const w = world(t)
  const [odd, even] = [1, 0].map((rest) => names.filter((_, n) => n % 2 === rest))
  await w.remember(
    'here/state',
    (odd ?? []).flatMap((name) => [pair(name, `S${name}`), waiting(name)]),
  )
  await w.remember(
    'there/state',
    (even ?? []).flatMap((name) => [pair(name, `S${name}`), waiting(name)]),
  )
  const merged = await w.run('state merge ../there/state')
  t.same([merged.code, merged.out], [0, `${names.length} pairs now.`], merged.err)
  const content = await w.content()
  t.same(pairsOf(content), expected(names.map((name) => [name, `S${name}`])))
  t.same(new Set(content.held.map(({ number }) => number)), new Set(names), 'what waited in either waits')
  for (const { businessCentral } of content.couplings)
    t.same(
      businessCentral.keys,
      Object.fromEntries([
        ['number', businessCentral.id],
        [businessCentral.id, businessCentral.id],
      ]),
    )
  for (const line of ['state verify', 'held', 'couplings', 'status', 'state merge ../there/state']) {
    const { code, out, err } = await w.run(line)
    t.equal(code, 0, `${line}: ${err}`)
    t.notMatch(out + err, unseen, line)
  }
  t.equal((await w.run('state export ../state.json')).code, 0)
  rmSync(join(w.dir, 'there/state'), { recursive: true })
  const imported = await w.run('state import ../state.json', 'there')
  t.match(imported.out, `Taken over: ${names.length} pairs in 1 mapping.`, imported.err)
  t.equal((await w.run('state export ../again.json', 'there')).code, 0)
  const [first, again] = ['state.json', 'again.json'].map((name) => readFileSync(join(w.dir, name), 'utf8'))
  t.equal(again, first)
  t.equal((await w.run('couplings export ../pairs.csv')).code, 0)
  const [, ...rows] = parseCsv(readFileSync(join(w.dir, 'pairs.csv'), 'utf8'))
  // Half a sign is none that a text file can hold; the JSON above does.
  const whole = pairsOf(content).filter((each) => !/\\ud[8-f]../.test(each))
  const written = rows.map(({ cells }) => JSON.stringify(cells.slice(1, 3)))
  t.same(written.filter((each) => !each.includes('\uFFFD')).toSorted(), whole)
  t.equal(written.length, names.length)
  const forgotten = await w.run('state forget isPrototypeOf --side businessCentral')
  t.match(forgotten.out, /isPrototypeOf is forgotten/)
  t.match(await w.run('state forget valueOf --side businessCentral'), {
    code: 2,
    err: /Nothing is remembered of "valueOf"/,
  })
  proved('hostile input', { 'awkward values': 3 * names.length }, t.counts.fail)
})

t.test(
  'P1 awkward pairs that contradict each other are held on both sides, again and again, until a person decides',
  async (t) => {
    const w = world(t)
    await w.remember(
      'here/state',
      names.map((name) => pair(name, `S${name}`)),
    )
    await w.remember(
      'there/state',
      names.map((name) => pair(name, `T${name}`)),
    )
    for (const time of ['first', 'second']) {
      const { code, out } = await w.run('state merge ../there/state')
      t.equal(code, 1, time)
      t.match(out, /pairs contradict each other and are held/)
      const { held, couplings } = await w.content()
      t.same(couplings, [], time)
      t.same(
        held.map(({ side, id, kind, code: why }) => JSON.stringify([side, id, kind, why])).toSorted(),
        names
          .flatMap((name) => [
            ['businessCentral', name],
            ['sales', `S${name}`],
            ['sales', `T${name}`],
          ])
          .map((each) => JSON.stringify([...each, 'ambiguous', 'TwoHistories']))
          .toSorted(),
        time,
      )
    }
    const shown = await w.run('held')
    t.notMatch(shown.out + shown.err, unseen)
    t.equal((await w.run('state verify')).code, 0)
    // A person decides for theirs; the other history, which knows nothing else, does not contradict that.
    await w.remember(
      'here/state',
      names.flatMap((name): Entry[] => [
        pair(name, `T${name}`),
        { kind: 'release', side: 'businessCentral', id: name },
        { kind: 'release', side: 'sales', id: `T${name}` },
      ]),
    )
    const { code, err } = await w.run('state merge ../there/state')
    t.equal(code, 0, err)
    t.same(pairsOf(await w.content()), expected(names.map((name) => [name, `T${name}`])))
    proved('hostile input', { 'awkward values': names.length }, t.counts.fail)
  },
)

const parted = (name: string, sales: string): Entry => ({
  kind: 'uncouple',
  businessCentral: name,
  sales,
  generation: true,
})

t.test(
  'P1 what a person uncoupled stays so whatever the record is called, and nothing else is lost with it',
  async (t) => {
    const w = world(t)
    await w.remember(
      'here/state',
      names.flatMap((name) => [pair(name, `S${name}`), parted(name, `S${name}`)]),
    )
    await w.remember(
      'there/state',
      names.map((name, n) => pair(name, n % 2 === 0 ? `S${name}` : `T${name}`)),
    )
    const { code, err } = await w.run('state merge ../there/state')
    t.equal(code, 0, err)
    const { generations, couplings } = await w.content()
    t.same(new Map(Object.entries(generations.businessCentral)), new Map(names.map((name) => [name, 1])))
    t.same(new Map(Object.entries(generations.sales)), new Map(names.map((name) => [`S${name}`, 1])))
    t.same(
      couplings.map(({ sales }) => sales.id).toSorted(),
      names.flatMap((name, n) => (n % 2 === 0 ? [] : [`T${name}`])).toSorted(),
      'a pair with another partner was not what was uncoupled',
    )
    proved('hostile input', { 'awkward values': names.length }, t.counts.fail)
  },
)

t.test('pairs whose ids only look the same when they are written one behind the other are two pairs', async (t) => {
  const w = world(t)
  await w.remember('here/state', [couple('x|y', 'z')])
  await w.remember('there/state', [couple('x', 'y|z')])
  t.match(await w.run('state merge ../there/state'), { code: 0, out: '2 pairs now.' })
  t.same(
    pairsOf(await w.content()),
    expected([
      ['x|y', 'z'],
      ['x', 'y|z'],
    ]),
  )
})

/** Facts of a mapping as no export writes them → where it is told. */
const wrong: readonly (readonly [content: unknown, place: RegExp])[] = [
  [null, /customer-account is not an object/],
  [[], /customer-account is not an object/],
  [{ couplings: 'x' }, /couplings is not a list/],
  [{ couplings: [null] }, /couplings\[0\] is not an object/],
  [{ couplings: [coupling('a', 'b'), { ...coupling('c', 'd'), sales: undefined }] }, /couplings\[1\]\.sales is not/],
  [{ couplings: [{ ...coupling('a', 'b'), sales: { id: 2, keys: {} } }] }, /couplings\[0\]\.sales\.id is not a text/],
  [{ couplings: [{ ...coupling('a', 'b'), sales: { id: 'b' } }] }, /sales\.keys is not an object/],
  [{ couplings: [{ ...coupling('a', 'b'), sales: { id: 'b', keys: { c: 1 } } }] }, /sales\.keys\.c is not a text/],
  [{ couplings: [{ ...coupling('a', 'b'), base: 7 }] }, /base is not a text/],
  [{ couplings: [{ ...coupling('a', 'b'), outside: 'no' }] }, /outside is not true or false/],
  [{ couplings: [{ ...coupling('a', 'b'), ours: { sales: 7 } }] }, /ours\.sales is not a text/],
  [{ couplings: [{ ...coupling('a', 'b'), moved: -1 }] }, /moved is not a whole number/],
  [{ couplings: [{ ...coupling('a', 'b'), ended: 'here' }] }, /ended is not one of businessCentral, sales/],
  [
    { couplings: [{ ...coupling('a', 'b'), lines: { layout: '', pairs: [['a']] } }] },
    /lines\.pairs\[0\] is not a list of 3/,
  ],
  [{ couplings: [coupling('a', 'b', { layout: 'constructor', base: 'x' })] }, /do not fit layout constructor/],
  [{ couplings: [coupling('a', 'b', { base: '' }), coupling('a', 'c', { base: '' })] }, /coupled with more than one/],
  [{ held: [null] }, /held\[0\] is not an object/],
  [{ held: [{ ...held('a'), kind: 'constructor' }] }, /held\[0\]\.kind is not one of no-partner, ambiguous/],
  [{ held: [{ ...held('a'), decision: 'retry' }] }, /decision is not an object/],
  [{ held: [{ ...held('a'), decision: { kind: 'toString' } }] }, /decision\.kind is not one of take, deleted/],
  [{ held: [{ ...held('a'), decision: { kind: 'take', fields: { name: 'both' } } }] }, /fields\.name is not one of/],
  [{ held: [{ ...held('a'), rivals: [{ side: 'here', id: 'b' }] }] }, /rivals\[0\]\.side is not one of/],
  [{ held: [{ ...held('a'), rivals: [{ side: 'sales', id: 'b', coupled: 1 }] }] }, /coupled is not true or false/],
  [{ watermarks: { sales: 'x' } }, /watermarks\.sales is not an object/],
  [{ watermarks: { sales: { kind: 'delta' } } }, /watermarks\.sales\.link is not a text/],
  [{ generations: null }, /generations is not an object/],
  [{ generations: { businessCentral: {}, sales: { a: 'x' } } }, /generations\.sales\.a is not a whole number/],
  [{ counted: { sales: 1.5 } }, /counted\.sales is not a whole number/],
  [{ watched: { a: 5 } }, /watched\.a is not a list/],
  [{ layouts: { L1: 'name' } }, /layouts\.L1 is not a list/],
  [{ intents: [{}] }, /intents\[0\]\.id is not a text/],
]
/** Names that no mapping has. */
const noMapping = ['../../evil', '', '__proto__', 'a\u0000', '\uD83D', 'Customer']

t.test('P7 a document that is no state is refused with its place, and the state stays as it was', async (t) => {
  const w = world(t)
  await w.remember(
    'here/state',
    names.map((name) => pair(name, `S${name}`)),
  )
  await w.run('state export ../good.json')
  const good = readFileSync(join(w.dir, 'good.json'), 'utf8')
  const document = JSON.parse(good) as object
  const called = (name: string, content: unknown): unknown => ({
    ...document,
    mappings: Object.fromEntries([[name, content]]),
  })
  const tried: readonly (readonly [document: unknown, place: RegExp])[] = [
    ...wrong.map(([content, place]) => [called(mapping, content), place] as const),
    ...noMapping.map((name) => [called(name, {}), /is not the name of a mapping/] as const),
    [{ ...document, mappings: [] }, /mappings is not an object/],
    [{ ...document, mappings: 'x' }, /mappings is not an object/],
    [{ ...document, identity: 'x' }, /identity is not an object/],
    [{ ...document, format: 'x' }, /format/],
    [[], /not an exported state/],
    [null, /not an exported state/],
  ]
  for (const [bad, place] of tried) {
    writeFileSync(join(w.dir, 'bad.json'), JSON.stringify(bad))
    const { code, out, err } = await w.run('state import ../bad.json')
    t.match({ code, err }, { code: 2, err: place }, String(place))
    t.notMatch(out + err, unseen)
  }
  await w.run('state export ../after.json')
  t.equal(readFileSync(join(w.dir, 'after.json'), 'utf8'), good)
  t.notOk(existsSync(join(w.dir, 'evil')))
  proved('hostile input', { 'awkward values': tried.length }, t.counts.fail)
})

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
`
/** Numbers of records: codes, which Business Central writes in capitals. */
const numbers = [
  `O'NEIL`,
  'A"B',
  'A,B;C',
  'NET: 30',
  'NO=1&CODE=2',
  '=1+1',
  'A%20B+C',
  '😀',
  'ÄÖ',
  '__PROTO__',
  '{A}',
  '1|2',
  '001',
  'A\\B',
]

const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`

t.test('P1 pairs with awkward numbers are exported, forgotten and taken over again, by id and by number', async (t) => {
  const w = await projectOf(t, person)
  for (const No of numbers) w.simulator.businessCentral.create('ResourceCard', { No, Name: 'x' })
  w.simulator.businessCentral.create('ResourceCard', { No: '30', Name: 'not NET: 30' })
  t.equal((await w.run('sync --accept creates=1000')).code, 0)
  const pairs = async (): Promise<readonly unknown[]> =>
    JSON.parse((await w.run('couplings export --json')).out) as readonly unknown[]
  const before = await pairs()
  t.equal(before.length, numbers.length + 1)
  await w.run('couplings export ids.csv')
  await w.run('couplings export ids.json')
  const both = [...numbers, '30'].map((number) => `person,${quoted(number)},${quoted(number)}`)
  writeFileSync(join(w.folder, 'numbers.csv'), ['mapping,businessCentral,sales', ...both].join('\n'))
  for (const file of ['ids.csv', 'ids.json', 'numbers.csv']) {
    rmSync(join(w.folder, '.couplet'), { recursive: true })
    const { code, out, err } = await w.run(['couplings', 'import', file, '--yes'])
    t.equal(code, 0, `${file}: ${out}${err}`)
    t.notMatch(out + err, unseen)
    t.same(await pairs(), before, file)
  }
  const odd = [null, 5, 'x', [], { mapping: 'person', businessCentral: {}, sales: null }]
  writeFileSync(join(w.folder, 'odd.json'), JSON.stringify(odd))
  const told = await w.run(['couplings', 'import', 'odd.json', '--yes'])
  t.equal(told.code, 1)
  t.equal(told.out.split('does not name a record of each side').length, odd.length + 1, told.out)
  t.equal((await w.run('sync --full')).code, 0)
  proved('hostile input', { 'awkward values': 3 * before.length + odd.length }, t.counts.fail)
})
