import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import t from 'tap'
import { systemClock } from '../../src/clock.ts'
import type { CoupledLines, Coupling, Held } from '../../src/core/coupling.ts'
import { LockedError, StateError } from '../../src/errors.ts'
import { openJsonStore } from '../../src/store/json-store.ts'
import { emptyContent } from '../../src/store/mapping-content.ts'
import type { MappingContent } from '../../src/store/mapping-content.ts'
import { mergeContent } from '../../src/store/merge-content.ts'
import { mergeFolders } from '../../src/store/merge-folders.ts'
import type { Entry } from '../../src/store/store.ts'
import { verifyState } from '../../src/store/verify.ts'
import { couplet } from '../cli/world.ts'
import { couple, coupling, held, intent, run } from '../contract/store.ts'
import { forAll } from '../property.ts'

const now = '2026-02-03T04:05:06.000Z'
const content = (more: Partial<MappingContent>): MappingContent => ({
  ...emptyContent,
  layouts: { L1: ['a', 'b'] },
  ...more,
})
const pairs = (of: MappingContent): readonly string[] =>
  of.couplings.map((pair) => `${pair.businessCentral.id}-${pair.sales.id}`).toSorted()
const stamp = (at: string) => ({ kind: 'stamp', at }) as const

t.test('P1 what either history coupled stays coupled; what one uncoupled and the other left alone is gone', (t) => {
  const base = content({ couplings: [coupling('B1', 'S1'), coupling('B2', 'S2')] })
  const ours = content({ couplings: [...base.couplings, coupling('B3', 'S3')] })
  const theirs = content({ couplings: [coupling('B1', 'S1'), coupling('B4', 'S4')] })
  t.same(pairs(mergeContent({ base, ours, theirs }, now).content), ['B1-S1', 'B3-S3', 'B4-S4'])
  t.same(pairs(mergeContent({ base: undefined, ours, theirs }, now).content), ['B1-S1', 'B2-S2', 'B3-S3', 'B4-S4'])
  t.end()
})

t.test('a pair that a person uncoupled in one history is not brought back by the other', (t) => {
  const ours = content({ couplings: [coupling('B1', 'S1', { base: 'new,new' })] })
  const theirs = content({ generations: { businessCentral: {}, sales: { S1: 1 } } })
  const merged = mergeContent({ base: content({ couplings: [coupling('B1', 'S1')] }), ours, theirs }, now).content
  t.same(pairs(merged), [])
  t.same(merged.generations.sales, { S1: 1 })
  t.end()
})

t.test('P1 pairs that share a record contradict each other: none is kept, all their records are held', (t) => {
  const ours = content({ couplings: [coupling('B1', 'S1'), coupling('B2', 'S2')] })
  const theirs = content({ couplings: [coupling('B1', 'S2'), coupling('B3', 'S3')] })
  const merged = mergeContent({ base: undefined, ours, theirs }, now)
  t.same(pairs(merged.content), ['B3-S3'])
  t.equal(merged.contradictions.length, 3)
  t.same(
    merged.content.held.map(({ side, id, kind }) => `${side} ${id} ${kind}`),
    ['businessCentral B1 ambiguous', 'businessCentral B2 ambiguous', 'sales S1 ambiguous', 'sales S2 ambiguous'],
  )
  t.end()
})

const lines = (...pairs: CoupledLines['pairs']) => ({ lines: { layout: 'L', pairs } })

t.test('P2 a pair that both wrote keeps what both say, or one alone has gone on to; the rest has no base', (t) => {
  const merged = (was: string | undefined, one: Partial<Coupling>, other: Partial<Coupling>) => {
    const base = was === undefined ? undefined : content({ couplings: [coupling('B1', 'S1', { base: was })] })
    const ours = content({ couplings: [coupling('B1', 'S1', one)], counted: { sales: 1 } })
    const theirs = content({ couplings: [coupling('B1', 'S1', other)], counted: { sales: 2 } })
    const [pair] = mergeContent({ base, ours, theirs }, now).content.couplings
    t.same(mergeContent({ base, ours: theirs, theirs: ours }, now).content.couplings, [pair], 'either way')
    if (pair === undefined) throw new Error('the pair is gone')
    return pair
  }
  t.match(merged('aaa,bbb', { base: 'ccc,bbb' }, { base: 'aaa,ddd' }), {
    base: 'ccc,ddd',
    businessCentral: { version: undefined },
    sales: { version: undefined },
  })
  t.match(merged('aaa,bbb', { base: 'ccc,bbb' }, { base: 'ddd,bbb' }), { base: ',bbb' })
  t.match(merged('aaa,bbb', { base: 'ccc,ccc' }, { base: 'ddd,ddd' }), { base: '' })
  t.match(merged(undefined, { base: 'ccc,bbb' }, { base: 'aaa,bbb' }), { base: ',bbb' })
  t.match(merged(undefined, { base: 'aaa,bbb' }, { base: 'aaa,bbb,ccc', layout: 'L2' }), { base: '' })
  t.match(merged('ddd,eee,fff', { base: 'aaa,bbb', outside: true }, { base: 'aaa,bbb' }), { base: 'aaa,bbb' })
  t.match(merged('aaa,bbb', { base: 'ccc,bbb' }, { base: 'aaa,bbb' }), { base: 'ccc,bbb' })
  const ours = { businessCentral: 'v1', sales: 'v2' }
  t.match(merged('aaa,bbb', { ours }, { ours: { businessCentral: 'v3' } }), {
    ours: { businessCentral: '*', sales: 'v2' },
  })
  t.match(merged('aaa,bbb', { base: 'ccc,bbb', ours }, { outside: true }), { ours })
  t.match(
    merged(undefined, lines(['b1', 's1', 'aaa,bbb'], ['b2', 's2', 'ccc']), lines(['b1', 's1', 'aaa,ccc'])).lines?.pairs,
    [
      ['b1', 's1', 'aaa,'],
      ['b2', 's2', ''],
    ],
  )
  t.end()
})

t.test('P5 P7 unfinished writes and held records survive; what one history settled is settled', (t) => {
  const base = content({ intents: [intent('old')], held: [held('S7')] })
  const ours = content({ intents: [intent('old'), intent('mine')], held: [held('S7'), held('S8')] })
  const theirs = content({ intents: [intent('theirs')], held: [held('S9'), held('S8', { attempts: 3 })] })
  const merged = mergeContent({ base, ours, theirs }, now).content
  t.same(
    merged.intents.map(({ id }) => id),
    ['mine', 'theirs'],
  )
  t.same(
    merged.held.map(({ id, attempts }) => [id, attempts]),
    [
      ['S8', 3],
      ['S9', 1],
    ],
  )
  t.end()
})

const waiting = (id: string, under: string) => held(id, { kind: 'conflict', under })

t.test('P5 what waits in one history only is looked at again: the other may have settled it', (t) => {
  const base = content({ held: [waiting('S1', 'c1'), waiting('S2', 'c1')] })
  const ours = content({ held: [waiting('S1', 'c1'), waiting('S2', 'c2')] })
  const theirs = { ...base, intents: [intent('theirs')], watched: { 'businessCentral/seen/rate': ['R1@v'] } }
  const merged = mergeContent({ base, ours, theirs }, now).content
  t.same(merged.watched, {}, 'and what it saw of joined rows')
  t.same(
    merged.held.map(({ id, under }) => [id, under]),
    [
      ['S1', 'c1'],
      ['S2', undefined],
    ],
  )
  t.end()
})

const delta = (link: string) => ({ kind: 'delta', link }) as const

t.test('P5 where both read on, the watermark of the ancestor counts; without one the earlier, and no token', (t) => {
  const at = (hour: string, link: string) =>
    content({ hash: 'h', watermarks: { businessCentral: stamp(`2026-01-01T0${hour}:00:00Z`), sales: delta(link) } })
  const [base, ours, theirs] = [at('1', 'a'), at('2', 'b'), at('3', 'c')]
  t.same(mergeContent({ base, ours, theirs }, now).content.watermarks, base.watermarks)
  t.same(mergeContent({ base: undefined, ours, theirs }, now).content.watermarks, {
    businessCentral: stamp('2026-01-01T02:00:00Z'),
  })
  t.same(mergeContent({ base, ours: base, theirs }, now).content, theirs, 'only one went on: it is taken as it is')
  t.same(mergeContent({ base, ours, theirs: { ...theirs, hash: 'other' } }, now).content.hash, 'other')
  t.end()
})

const ids = ['1', '2', '3', '4']
const anyCoupling: fc.Arbitrary<Coupling> = fc
  .tuple(fc.constantFrom(...ids), fc.constantFrom(...ids), fc.constantFrom('aaa,bbb', 'ccc,bbb', ''))
  .map(([one, other, base]) => coupling(`B${one}`, `S${other}`, { base }))
const anyContent: fc.Arbitrary<MappingContent> = fc.record({
  hash: fc.constantFrom(undefined, 'h', 'i'),
  couplings: fc
    .uniqueArray(anyCoupling, { selector: ({ businessCentral }) => businessCentral.id })
    .map((all) => all.filter(({ sales }, at) => all.findIndex((one) => one.sales.id === sales.id) === at)),
  held: fc.uniqueArray(fc.constantFrom(...ids), { maxLength: 3 }).map((all) => all.map((id) => held(`S${id}`))),
  intents: fc.uniqueArray(fc.constantFrom(...ids), { maxLength: 3 }).map((all) => all.map(intent)),
  layouts: fc.constant({ L1: ['a', 'b'] }),
  watermarks: fc.constantFrom({}, { sales: stamp('2026-01-01T01:00:00Z') }, { sales: stamp('2026-01-02T01:00:00Z') }),
  generations: fc.constant({ businessCentral: {}, sales: {} }),
  counted: fc.constantFrom({}, { sales: 1 }, { sales: 2 }),
  watched: fc.constantFrom({}, { 'sales/recheck': ['S1'] }, { 'sales/recheck': ['S2'] }),
})

const text = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).toSorted()

/** The same facts in one order. */
const sorted = (of: MappingContent): unknown => {
  const { couplings, held, intents, ...rest } = of
  return { ...rest, couplings: text(couplings), held: text(held), intents: text(intents) }
}

t.test('P1 P7 for any two histories: order does not count, nothing is lost, nobody has two partners', (t) => {
  const anyBase = fc.option(anyContent, { nil: undefined })
  forAll(
    fc.property(anyBase, anyContent, anyContent, (base, ours, theirs) => {
      const { content: merged } = mergeContent({ base, ours, theirs }, now)
      t.same(sorted(mergeContent({ base, ours: theirs, theirs: ours }, now).content), sorted(merged))
      t.same(
        sorted(mergeContent({ base: theirs, ours: merged, theirs }, now).content),
        sorted(merged),
        'once is enough',
      )
      for (const side of ['businessCentral', 'sales'] as const) {
        const all = merged.couplings.map((pair) => pair[side].id)
        t.equal(new Set(all).size, all.length)
      }
      if (base !== undefined) return
      t.same(
        sorted(mergeContent({ base, ours: merged, theirs }, now).content),
        sorted(merged),
        'what contradicts stays held when it is joined again',
      )
      const known = new Set([
        ...merged.couplings.flatMap((pair) => [pair.businessCentral.id, pair.sales.id]),
        ...merged.held.map(({ id }) => id),
      ])
      for (const pair of [...ours.couplings, ...theirs.couplings])
        t.ok(known.has(pair.businessCentral.id) && known.has(pair.sales.id))
      const intents = new Set(merged.intents.map(({ id }) => id))
      for (const { id } of [...ours.intents, ...theirs.intents]) t.ok(intents.has(id))
    }),
    { numRuns: 150 },
  )
  t.end()
})

const identity = { businessCentral: 'Production/CRONUS', sales: 'contoso' }

interface Made {
  readonly entries: readonly Entry[]
  readonly key?: string
  readonly services?: typeof identity
  readonly runs?: readonly string[]
}

async function folder(path: string, { entries, key = 'k', services = identity, runs = [] }: Made): Promise<string> {
  const store = await openJsonStore({ folder: path, clock: systemClock, key })
  await store.lock('r')
  await store.bind(services)
  await store.commit('customer', [{ kind: 'layout', id: 'L1', rows: ['a', 'b'] }, ...entries])
  for (const id of runs) await store.recordRun(run(id))
  await store.close()
  return path
}

t.test('folders are joined on the disk: pairs, runs and jobs of both, one coupling a line, undamaged', async (t) => {
  const dir = t.testdir({ 'couplet.yaml': '' })
  const ours = await folder(join(dir, 'ours'), { entries: [couple('B1', 'S1')], runs: ['r1', 'r2'] })
  const theirs = await folder(join(dir, 'theirs'), {
    entries: [couple('B2', 'S2'), { kind: 'intent', intent: intent('i') }],
    runs: ['r1', 'r3'],
  })
  const asked = { ours, theirs, clock: systemClock, key: 'k' }
  t.same(await mergeFolders(asked), { couplings: 2, contradictions: {} })
  t.equal(readFileSync(join(ours, 'customer', 'couplings.json'), 'utf8').split('\n').length, 5)
  t.same(await verifyState(ours, 'k'), [])
  const store = await openJsonStore({ folder: ours, clock: systemClock, key: 'k' })
  t.same(
    (await store.runs(9)).map((one) => one.run),
    ['r3', 'r2', 'r1'],
  )
  t.same(
    store
      .mapping('customer')
      .intents()
      .map(({ id }) => id),
    ['i'],
  )
  const before = readFileSync(join(ours, 'customer', 'couplings.json'), 'utf8')
  await mergeFolders(asked)
  t.equal(readFileSync(join(ours, 'customer', 'couplings.json'), 'utf8'), before, 'a second time changes nothing')
})

t.test('other services, another key, no state and a runner at work are refused, and nothing is changed', async (t) => {
  const dir = t.testdir()
  const ours = await folder(join(dir, 'ours'), { entries: [couple('B1', 'S1')] })
  const merge = (theirs: string) => mergeFolders({ ours, theirs, clock: systemClock, key: 'k' })
  const services = { ...identity, sales: 'fabrikam' }
  const other = await folder(join(dir, 'other'), { entries: [couple('B2', 'S2')], services })
  await t.rejects(merge(other), { message: /belongs to Sales contoso, not fabrikam/ })
  const rekeyed = await folder(join(dir, 'rekeyed'), { entries: [couple('B2', 'S2')], key: 'other' })
  await t.rejects(merge(rekeyed), StateError)
  await t.rejects(merge(join(dir, 'nowhere')), { message: /holds no state/ })
  t.notOk(existsSync(join(dir, 'nowhere')))
  const good = await folder(join(dir, 'good'), { entries: [couple('B2', 'S2')] })
  const runner = await openJsonStore({ folder: ours, clock: systemClock, key: 'k' })
  await runner.lock('a run')
  await t.rejects(merge(good), LockedError)
  t.same([...runner.mapping('customer').couplings()].length, 1)
  await runner.close()
})

t.test('couplet state merge tells what contradicts and ends with 1', async (t) => {
  const dir = t.testdir({
    'couplet.yaml': `connections:
  businessCentral: { kind: business-central, url: 'http://127.0.0.1:9', company: C, auth: { method: basic, user: u, password: '\${env:P}' } }
  sales: { kind: dataverse, url: 'http://127.0.0.1:9', auth: { method: client-secret, tenant: t, clientId: c, clientSecret: '\${env:P}' } }
use: standard@1
state: { store: json, path: ours, key: '\${env:KEY}' }
`,
  })
  await folder(join(dir, 'ours'), { entries: [couple('B1', 'S1')] })
  await folder(join(dir, 'theirs'), { entries: [couple('B1', 'S2')] })
  const { code, out, err } = await couplet(dir, 'state merge theirs', { env: { P: 'p', KEY: 'k' } })
  t.equal(code, 1, err)
  t.match(out, /customer: 2 pairs contradict each other and are held/)
})

const contested = (id: string, version: string): Held =>
  held(id, { kind: 'ambiguous', under: 'c1', rivals: [{ side: 'sales', id: 'S9', version }] })

t.test('P5 what is contested in one history only is looked at again; what both know is as it was', (t) => {
  const ours = content({ held: [contested('S1', 'v1'), contested('S2', 'v1')] })
  const theirs = content({ held: [contested('S1', 'v1'), contested('S2', 'v2'), contested('S3', 'v1')] })
  const merged = mergeContent({ base: undefined, ours, theirs }, now).content
  t.same(
    merged.held.map(({ id, under }) => [id, under]),
    [
      ['S1', 'c1'],
      ['S2', undefined],
      ['S3', undefined],
    ],
  )
  t.match(merged.held[0], contested('S1', 'v1'))
  t.end()
})
