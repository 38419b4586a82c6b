import { deepEqual } from 'node:assert/strict'
import * as fc from 'fast-check'
import t from 'tap'
import { openMemoryStore, overlay } from '../../src/store/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { couple, run, storeContract } from '../contract/store.ts'
import { commit, picture } from './picture.ts'
import { forAllAsync } from '../property.ts'

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
