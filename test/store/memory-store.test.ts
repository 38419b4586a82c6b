import { deepEqual } from 'node:assert/strict'
import * as fc from 'fast-check'
import t from 'tap'
import type { Coupling } from '../../src/core/coupling.ts'
import { CouplingTable } from '../../src/store/coupling-table.ts'
import { openMemoryStore, overlay } from '../../src/store/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { couple, coupling, run, storeContract } from '../contract/store.ts'
import { commit, picture } from './picture.ts'
import { forAll, forAllAsync } from '../property.ts'

t.test('the memory store', async (t) => storeContract(t, async () => openMemoryStore()))

t.test('an overlay over an empty store', async (t) =>
  storeContract(t, async () => overlay(openMemoryStore()), { guarded: false }),
)

const filled = async (commits: readonly Parameters<Store['commit']>[1][]): Promise<Store> => {
  const store = openMemoryStore()
  await store.lock('r')
  for (const entries of commits) await store.commit('m', entries)
  return store
}

t.test(
  'P6: whatever is committed to an overlay, it answers like one store and the one below stays as it was',
  async (t) => {
    await forAllAsync(
      fc.asyncProperty(
        fc.array(commit, { maxLength: 12 }),
        fc.array(commit, { maxLength: 12 }),
        async (below, above) => {
          const base = await filled(below)
          const before = picture(base.mapping('m'))
          const over = overlay(base)
          const mapping = over.mapping('m')
          for (const entries of above) await over.commit('m', entries)
          deepEqual(picture(mapping), picture((await filled([...below, ...above])).mapping('m')))
          deepEqual(picture(base.mapping('m')), before)
        },
      ),
      { numRuns: 150 },
    )
    t.pass()
  },
)

t.test('an overlay of an overlay falls through both', async (t) => {
  const base = await filled([[couple('B1', 'S1'), couple('B2', 'S2')]])
  const middle = overlay(base)
  await middle.commit('m', [{ kind: 'uncouple', businessCentral: 'B1', sales: 'S1' }])
  const top = overlay(middle)
  t.equal(top.mapping('m').bySide('sales', 'S1'), undefined)
  t.ok(top.mapping('m').bySide('sales', 'S2'))
  t.equal(top.mapping('m').size, 1)
  t.equal(top.key, base.key)
})

t.test('runs recorded in an overlay stay there', async (t) => {
  const base = await filled([])
  await base.recordRun(run('r1'))
  const over = overlay(base)
  await over.recordRun(run('r2'))
  t.same(
    (await over.runs(5)).map(({ run }) => run),
    ['r2', 'r1'],
  )
  t.same(
    (await base.runs(5)).map(({ run }) => run),
    ['r1'],
  )
})

t.test('an overlay over 100,000 couplings is made without copying them', async (t) => {
  const entries = Array.from({ length: 100_000 }, (_, index) => couple(`B${index}`, `S${index}`))
  const base = await filled([entries])
  const started = performance.now()
  const over = overlay(base)
  await over.commit('m', [{ kind: 'uncouple', businessCentral: 'B5', sales: 'S5' }])
  t.equal(over.mapping('m').size, 99_999)
  t.ok(over.mapping('m').bySide('sales', 'S6'))
  t.ok(performance.now() - started < 50)
})

t.test('a table of packed couplings answers as one of objects would, whatever the ids', (t) => {
  const odd = fc.oneof(fc.string(), fc.constantFrom('', '"', '\\', '\\"', '","', 'a","b', '\n', 'ä😀', '\u2028'))
  const pair = fc.tuple(odd, odd, fc.dictionary(odd, odd, { maxKeys: 2, noNullPrototype: true }), fc.boolean())
  forAll(
    fc.property(fc.array(pair, { maxLength: 60 }), (pairs) => {
      const table = new CouplingTable()
      const known = new Map<string, Coupling>()
      const partners = new Map<string, string>()
      for (const [b, s, keys, ends] of pairs) {
        const slot = table.slotOf('businessCentral', b)
        if (slot !== undefined && ends) {
          table.remove(slot)
          partners.delete(known.get(b)?.sales.id ?? '')
          known.delete(b)
        } else if (slot === undefined && !partners.has(s)) {
          const made = coupling(b, s, { businessCentral: { id: b, keys, version: undefined } })
          table.add(made)
          known.set(b, made)
          partners.set(s, b)
        }
      }
      deepEqual(table.size, known.size)
      for (const [b, s] of pairs) {
        deepEqual(table.get('businessCentral', b), known.get(b))
        deepEqual(table.get('sales', s), known.get(partners.get(s) ?? 'none'))
      }
      deepEqual(new Set([...table.values()].map(({ sales }) => sales.id)), new Set(partners.keys()))
    }),
    { numRuns: 300 },
  )
  t.pass()
  t.end()
})

/** Words of one hash among the first: FNV-1a gives the same 32 bits for each two of them. */
const id = (index: number): string => ['costarring', 'liquor', 'declinate', 'macallums'][index] ?? `id-${index}`

t.test('a table finds thousands of ids, and none that were taken out, however often they come and go', (t) => {
  const table = new CouplingTable()
  for (let round = 0; round < 3; round++) {
    for (let index = 0; index < 5000; index++) table.add(coupling(id(index), `${id(index)}s`))
    t.equal(table.size, 5000)
    let found = 0
    for (let index = 0; index < 5000; index++)
      if (table.get('sales', `${id(index)}s`)?.businessCentral.id === id(index)) found++
    t.equal(found, 5000)
    for (let index = 0; index < 5000; index++) table.remove(table.slotOf('businessCentral', id(index)) ?? -1)
    t.equal(table.get('sales', `${id(7)}s`), undefined)
  }
  t.equal(table.lines().length, 0)
  t.end()
})
