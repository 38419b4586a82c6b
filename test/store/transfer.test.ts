import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../src/clock.ts'
import { StateError } from '../../src/errors.ts'
import { couplingsCsv } from '../../src/store/coupling-csv.ts'
import { parseCsv, writeCsv } from '../../src/store/csv.ts'
import { forget, rekey } from '../../src/store/erase.ts'
import { openJsonStore } from '../../src/store/json-store.ts'
import type { JsonStore } from '../../src/store/json-store.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import type { PortableStore } from '../../src/store/mapping-content.ts'
import type { Entry } from '../../src/store/store.ts'
import { exportState, importState } from '../../src/store/transfer.ts'
import { checkContent, verifyState } from '../../src/store/verify.ts'
import { couple, coupling, held, intent } from '../contract/store.ts'

const facts: readonly Entry[] = [
  { kind: 'layout', id: 'L1', rows: ['a', 'b'] },
  couple('B1', 'S1'),
  couple('B2', 'S2', { outside: true }),
  couple('B8', 'S8'),
  { kind: 'uncouple', businessCentral: 'B8', sales: 'S8', generation: true },
  { kind: 'hold', held: held('S9', { source: 'print', rivals: [{ side: 'sales', id: 'S7', version: 'v' }] }) },
  { kind: 'watermark', name: 'sales', watermark: { kind: 'delta', link: 'https://x' } },
  { kind: 'counted', side: 'sales', count: 2 },
  { kind: 'hash', hash: 'h' },
]

const identity = { businessCentral: 'Production/CRONUS', sales: 'contoso' }

async function memory(...entries: readonly Entry[]): Promise<PortableStore> {
  const store = openMemoryStore('key')
  await store.lock('r')
  await store.bind(identity)
  await store.commit('customer', entries)
  return store
}

async function onDisk(folder: string, entries: readonly Entry[] = facts): Promise<JsonStore> {
  const store = await openJsonStore({ folder, clock: systemClock })
  await store.lock('r')
  await store.commit('customer', entries)
  return store
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

t.test('an exported state is the same after import, in another kind of store', async (t) => {
  const source = await memory(...facts)
  await source.commit('order/lines', [couple('B5', 'S5', { base: '' }), { kind: 'intent', intent: intent('i') }])
  const document = plain(exportState(source))
  const folder = t.testdir()
  const target = await openJsonStore({ folder, clock: systemClock, key: 'key' })
  await target.lock('r')
  t.same(await importState(target, document), { mappings: ['customer', 'order/lines'], couplings: 3, basesKept: true })
  await target.close()
  const reopened = await openJsonStore({ folder, clock: systemClock, key: 'key' })
  t.same(plain(exportState(reopened)), document)
  t.equal(reopened.mapping('customer').generation('sales', 'S8'), 1)
})

t.test('fingerprints made with another key are dropped on import', async (t) => {
  const target = openMemoryStore('another key')
  await target.lock('r')
  t.match(await importState(target, plain(exportState(await memory(...facts)))), { basesKept: false })
  const mapping = target.mapping('customer')
  t.match(mapping.bySide('sales', 'S2'), { base: '', outside: true, businessCentral: { version: undefined } })
  t.equal(mapping.watermark('sales'), undefined)
  t.equal(mapping.held('sales', 'S9')?.source, undefined)
})

t.test('an import that cannot be right changes nothing', async (t) => {
  const store = await memory(...facts)
  const document = exportState(store)
  const before = plain(document)
  const customer = { ...store.content('customer'), couplings: [coupling('B1', 'S1'), coupling('B3', 'S1')] }
  const wrong: readonly [unknown, RegExp][] = [
    [
      { ...document, mappings: { other: store.content('customer'), customer } },
      /sales S1: is coupled with more than one/,
    ],
    [{ ...document, identity: { ...identity, sales: 'fabrikam' } }, /belongs to Sales contoso/],
    [{ ...document, format: 99 }, /format 99/],
    [{ some: 'thing' }, /not an exported state/],
    [null, /not an exported state/],
  ]
  for (const [document, message] of wrong)
    await t.rejects(importState(store, document), { name: 'StateError', message })
  t.same(plain(exportState(store)), before)
})

t.test('couplings become a table with ids and natural keys', async (t) => {
  const keys = { Item_No: '10,00 "A"', Code: 'P&=C' }
  const csv = couplingsCsv([
    { mapping: 'customer', businessCentral: { id: 'B1', keys: { number: '1' } }, sales: { id: 'S1', keys: {} } },
    { mapping: 'unit', businessCentral: { id: `Item_No='10,00 "A"',Code='P'`, keys }, sales: { id: 'S3', keys: {} } },
  ])
  t.match(csv, /^mapping,businessCentral,sales,businessCentralKeys,salesKeys\r\ncustomer,B1,S1,number=1,\r\n/)
  t.equal(parseCsv(csv)[2]?.cells[1], `Item_No='10,00 "A"',Code='P'`)
})

t.test('a table is read as a spreadsheet of any country writes it, with the line of each row', (t) => {
  const cells = [
    ['mapping', 'sales'],
    ['a;b', 'c,"d"'],
  ]
  for (const mark of [',', ';', '\t']) {
    const text = `\uFEFFmapping${mark}sales\r\n\r\n"a;b"${mark}"c,""d"""\n`
    t.same(parseCsv(text), [
      { line: 1, cells: cells[0] },
      { line: 3, cells: cells[1] },
    ])
  }
  t.same(parseCsv('sep=;\na;b\n"x\ny";z\nlast;1'), [
    { line: 2, cells: ['a', 'b'] },
    { line: 3, cells: ['x\ny', 'z'] },
    { line: 5, cells: ['last', '1'] },
  ])
  t.throws(() => parseCsv('a,b\n"x"y,z\n'), { name: 'StateError', message: /after line 1: quotes do not fit/ })
  t.end()
})

t.test('CSV cells come back as they were', async (t) => {
  const rows = [
    ['a', 'b,c', 'd"e', 'f\ng', ''],
    ['', '', 'x', '"', '\r\n'],
  ]
  t.same(
    parseCsv(writeCsv(rows)).map(({ cells }) => cells),
    rows,
  )
})

t.test('a forgotten record leaves no trace in any file', async (t) => {
  const folder = t.testdir()
  const store = await onDisk(folder)
  await store.commit('customer', [
    { kind: 'hold', held: held('S1') },
    { kind: 'intent', intent: { ...intent('i'), target: 'S1', source: 'B1' } },
    { kind: 'hold', held: { ...held('S3'), waits: [{ mapping: 'customer', from: 'sales', key: 'S1' }] } },
    { kind: 'hold', held: held('S4', { rivals: [{ side: 'sales', id: 'S1', version: 'v', coupled: true }] }) },
    { kind: 'watch', name: 'sales/recheck', add: ['S1', 'S5'], drop: [] },
    { kind: 'watch', name: 'sales/seen/rate', add: ['S1@v', 'S5@v'], drop: [] },
  ])
  await store.commit('item', [couple('B4', 'S4')])
  t.same(await forget(store, { side: 'sales', id: 'S1' }), ['customer'])
  t.equal(store.mapping('customer').size, 1)
  t.same(store.mapping('customer').intents(), [])
  t.same([...store.mapping('customer').watched('sales/recheck')], ['S5'])
  t.same([...store.mapping('customer').watched('sales/seen/rate')], ['S5@v'])
  t.equal(store.mapping('customer').held('sales', 'S3')?.waits, undefined, 'looked at again by the next run')
  t.equal(store.mapping('customer').held('sales', 'S4')?.rivals, undefined, 'and what it was a rival of')
  t.same(await forget(store, { side: 'sales', id: 'S8' }), ['customer'], 'a counter alone is a trace')
  t.same(await forget(store, { side: 'sales', id: 'S2', mapping: 'item' }), [])
  t.same(await forget(store, { side: 'sales', id: 'unknown' }), [])
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
  const texts = files.filter((path) => statSync(path).isFile()).map((path) => readFileSync(path, 'utf8'))
  t.notMatch(texts.join('\n'), /"S1"|N-B1|"S8"/)
  t.match(texts.join('\n'), /"S2"/)
  await store.close()
})

t.test('rekey gives a new key and makes every coupling a first match, without the former key', async (t) => {
  const folder = t.testdir()
  const before = await onDisk(folder)
  await before.close()
  writeFileSync(join(folder, 'fingerprint.key'), 'lost and replaced\n')
  await t.rejects(openJsonStore({ folder, clock: systemClock }), StateError)
  t.equal(await rekey({ folder, clock: systemClock, run: 'rekey' }), 2)
  const after = await openJsonStore({ folder, clock: systemClock })
  t.notSame(after.key, before.key)
  t.notSame(after.key, 'lost and replaced')
  const mapping = after.mapping('customer')
  for (const { base, sales } of mapping.couplings()) t.same([base, sales.version], ['', undefined])
  t.equal(mapping.size, 2)
  t.equal(mapping.generation('businessCentral', 'B8'), 1)
  t.equal(mapping.watermark('sales'), undefined, 'the next run reads whole')
  t.equal(await rekey({ folder, clock: systemClock, run: 'rekey', key: 'given' }), 2)
  t.equal((await openJsonStore({ folder, clock: systemClock, key: 'given' })).mapping('customer').size, 2)
})

t.test('rekey waits until writes of unknown outcome are resolved', async (t) => {
  const folder = t.testdir()
  const store = await onDisk(folder, [{ kind: 'intent', intent: intent('i') }])
  await store.close()
  await t.rejects(rekey({ folder, clock: systemClock, run: 'rekey' }), { name: 'StateError', remedy: /sync first/ })
  t.equal((await openJsonStore({ folder, clock: systemClock })).key, store.key)
})

t.test('verify finds nothing in good state, with or without a snapshot', async (t) => {
  const folder = t.testdir()
  const store = await onDisk(folder)
  t.same(await verifyState(folder), [])
  await store.close()
  t.same(await verifyState(folder), [])
  t.same(await verifyState(join(folder, 'nowhere')), [])
})

const numbered = (bc: string, sales: string, numbers: readonly [string, string]) =>
  coupling(bc, sales, {
    businessCentral: { id: bc, keys: { number: numbers[0] }, version: undefined },
    sales: { id: sales, keys: { accountnumber: numbers[1] }, version: undefined },
  })

t.test('verify names what is wrong in the facts', async (t) => {
  const good = (await memory(...facts)).content('customer')
  const check = (changed: object): readonly string[] =>
    checkContent('customer', { ...good, ...changed }).map(
      ({ severity, place, message }) => `${severity} ${place}: ${message}`,
    )
  t.same(check({}), [])
  t.match(check({ couplings: [coupling('B1', 'S1'), coupling('B1', 'S2')] }), [
    'error customer businessCentral B1: is coupled with more',
  ])
  t.match(check({ couplings: [coupling('B1', 'S1'), coupling('B2', 'S1')] }), [
    'error customer sales S1: is coupled with more',
  ])
  const swapped = [numbered('B1', 'S1', ['10', '20']), numbered('B2', 'S2', ['20', '10'])]
  t.match(check({ couplings: swapped }), ['error customer B1, B2: 10 and 20 are coupled crosswise'])
  t.same(check({ couplings: [numbered('B1', 'S1', ['10', '20']), numbered('B2', 'S2', ['20', '30'])] }), [])
  t.match(check({ couplings: [coupling('B1', 'S1', { layout: 'L9' })] }), [/fingerprints do not fit layout L9/])
  t.match(check({ couplings: [coupling('B1', 'S1', { base: 'a,b,c' })] }), [/fingerprints do not fit layout L1/])
  t.same(check({ couplings: [coupling('B1', 'S1', { layout: '', base: '' })] }), [])
  t.match(check({ held: [held('S7', { kind: 'conflict' })] }), [
    'warning customer sales S7: is held (conflict) but not coupled',
  ])
  t.match(check({ held: [held('S1', { kind: 'no-partner' })] }), [
    'warning customer sales S1: is held (no-partner) although',
  ])
  t.same(check({ held: [held('S1', { kind: 'conflict' }), held('S7', { kind: 'ambiguous' })] }), [])
})

t.test('verify names every file that is wrong, and goes on to the next', async (t) => {
  const folder = t.testdir()
  const store = await onDisk(folder)
  await store.commit('item', [couple('B4', 'S4', { base: '' })])
  await store.commit('unit', [couple('B4', 'S4', { base: '' })])
  await store.close()
  await store.lock('again')
  await store.commit('unit', [{ kind: 'hash', hash: 'x' }])
  await store.commit('unit', [{ kind: 'hash', hash: 'y' }])
  const damage = (path: string, from: string, to: string): void =>
    writeFileSync(join(folder, path), readFileSync(join(folder, path), 'utf8').replace(from, to))
  damage('customer/couplings.json', 'N-B1', 'N-B7')
  damage('item/marks.json', '"format": 1', '"format": 2')
  damage('unit/journal.jsonl', '"y"', '"z"')
  writeFileSync(join(folder, 'fingerprint.key'), 'another\n')
  const findings = await verifyState(folder)
  t.match(
    findings.map(({ severity, message }) => `${severity} ${message}`),
    [
      /^error .*another fingerprint key/,
      /^error .*couplings\.json is missing, or/,
      /^error .*format 2/,
      /^warning .*cut off/,
    ],
  )
  t.ok(findings.every(({ remedy }) => remedy.length > 10))
  await store.close()
})
