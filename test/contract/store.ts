/** What every Store does, whatever stands behind it. Not a test file itself. */
import type { Test } from 'tap'
import type { Coupling, Held } from '../../src/core/coupling.ts'
import { LockedError, StateError } from '../../src/errors.ts'
import type { Intent, RunSummary, Store } from '../../src/store/store.ts'

export const coupling = (businessCentral: string, sales: string, more: Partial<Coupling> = {}): Coupling => ({
  businessCentral: { id: businessCentral, keys: { number: `N-${businessCentral}` }, version: 'v1' },
  sales: { id: sales, keys: { accountnumber: `N-${businessCentral}` }, version: undefined },
  layout: 'L1',
  base: 'aaa,bbb',
  ...more,
})

export const couple = (businessCentral: string, sales: string, more: Partial<Coupling> = {}) =>
  ({ kind: 'couple', coupling: coupling(businessCentral, sales, more) }) as const

export const held = (id: string, more: Partial<Held> = {}): Held => ({
  side: 'sales',
  id,
  kind: 'failed',
  number: id,
  fields: ['name'],
  message: 'refused',
  remedy: 'look at it',
  since: '2026-01-02T03:04:05.000Z',
  attempts: 1,
  ...more,
})

export const intent = (id: string): Intent => ({
  id,
  kind: 'create',
  side: 'sales',
  target: `t-${id}`,
  source: `s-${id}`,
  before: undefined,
  layout: 'L1',
  base: 'aaa,bbb',
})

export const run = (id: string): RunSummary => ({
  run: id,
  startedAt: '2026-01-02T03:04:05.000Z',
  endedAt: '2026-01-02T03:04:06.000Z',
  ok: true,
  mappings: [],
  bytes: 7,
})

/** `open` makes a new empty store. `guarded`: writing without the lock is refused. */
export function storeContract(t: Test, open: (t: Test) => Promise<Store>, { guarded = true } = {}): void {
  const locked = async (t: Test): Promise<Store> => {
    const store = await open(t)
    await store.lock('run-1')
    t.teardown(() => store.close())
    return store
  }

  t.test('an unknown mapping is empty, and asking for it does not make it known', async (t) => {
    const store = await locked(t)
    const mapping = store.mapping('customer')
    t.equal(mapping.name, 'customer')
    t.equal(mapping.size, 0)
    t.same([...mapping.couplings()], [])
    t.equal(mapping.bySide('sales', 'S1'), undefined)
    t.equal(mapping.byKeys('sales', { accountnumber: 'x' }), undefined)
    t.equal(mapping.hash, undefined)
    t.equal(mapping.layout('L1'), undefined)
    t.equal(mapping.watermark('sales'), undefined)
    t.equal(mapping.held('sales', 'S1'), undefined)
    t.same([...mapping.allHeld()], [])
    t.same(mapping.intents(), [])
    t.equal(mapping.generation('sales', 'S1'), 0)
    t.equal(mapping.counted('sales'), 0)
    t.same(store.mappings(), [])
  })

  t.test('jobs are remembered by name, the last word of each counts, and writing needs the lock', async (t) => {
    const store = await locked(t)
    t.equal((await store.jobs()).size, 0)
    const state = { job: 'hourly', status: 'ready', nextStart: '2026-01-02T03:04:05Z', attempts: 0 } as const
    await store.recordJob(state)
    await store.recordJob({ ...state, job: 'daily' })
    const asleep = { ...state, status: 'asleep', lastEnd: '2026-01-02T03:04:06Z' } as const
    await store.recordJob(asleep)
    t.match((await store.jobs()).get('hourly'), asleep)
    t.match((await store.jobs()).get('daily'), { status: 'ready', attempts: 0 })
    t.same([...(await store.jobs()).keys()].sort(), ['daily', 'hourly'])
    if (!guarded) return
    await store.unlock()
    await t.rejects(store.recordJob(state), LockedError)
    t.match((await store.jobs()).get('hourly'), asleep, 'reading needs no lock')
  })

  t.test('a commit shows at once in a mapping that was handed out before', async (t) => {
    const store = await locked(t)
    const mapping = store.mapping('customer')
    await store.commit('customer', [couple('B1', 'S1'), couple('B2', 'S2')])
    t.equal(mapping.size, 2)
    t.same(mapping.bySide('businessCentral', 'B1'), coupling('B1', 'S1'))
    t.same(mapping.bySide('sales', 'S2'), coupling('B2', 'S2'))
    t.same([...mapping.couplings()].map(({ sales }) => sales.id).sort(), ['S1', 'S2'])
    t.same(store.mappings(), ['customer'])
    t.equal(store.mapping('item').size, 0)
  })

  t.test('a coupling is found by natural keys in any order of columns, all of them', async (t) => {
    const store = await locked(t)
    const keys = { Item_No: '1000', Code: 'PCS' }
    const unit = coupling('B1', 'S1', { businessCentral: { id: 'B1', keys, version: undefined } })
    await store.commit('unit', [{ kind: 'couple', coupling: unit }])
    const mapping = store.mapping('unit')
    t.same(mapping.byKeys('businessCentral', { Code: 'PCS', Item_No: '1000' }), unit)
    t.same(mapping.byKeys('sales', { accountnumber: 'N-B1' }), unit)
    t.equal(mapping.byKeys('businessCentral', { Code: 'PCS' }), undefined)
    t.equal(mapping.byKeys('businessCentral', { Code: '1000', Item_No: 'PCS' }), undefined)
    t.equal(mapping.byKeys('businessCentral', {}), undefined)
  })

  t.test('natural keys follow a coupling that is changed or ended', async (t) => {
    const store = await locked(t)
    const mapping = store.mapping('customer')
    await store.commit('customer', [couple('B1', 'S1')])
    t.ok(mapping.byKeys('businessCentral', { number: 'N-B1' }))
    const renamed = { businessCentral: { id: 'B1', keys: { number: 'new' }, version: 'v2' } }
    await store.commit('customer', [couple('B1', 'S1', renamed)])
    t.equal(mapping.byKeys('businessCentral', { number: 'N-B1' }), undefined)
    t.same(mapping.byKeys('businessCentral', { number: 'new' }), coupling('B1', 'S1', renamed))
    t.equal(mapping.size, 1)
    await store.commit('customer', [{ kind: 'uncouple', businessCentral: 'B1', sales: 'S1' }])
    t.equal(mapping.byKeys('businessCentral', { number: 'new' }), undefined)
    t.equal(mapping.size, 0)
  })

  t.test('two couplings with the same natural keys answer nothing until one is gone', async (t) => {
    const store = await locked(t)
    const mapping = store.mapping('customer')
    const same = { sales: { id: 'S2', keys: { accountnumber: 'N-B1' }, version: undefined } }
    t.equal(mapping.byKeys('sales', { accountnumber: 'N-B1' }), undefined)
    await store.commit('customer', [couple('B1', 'S1'), couple('B2', 'S2', same)])
    t.equal(mapping.byKeys('sales', { accountnumber: 'N-B1' }), undefined)
    await store.commit('customer', [{ kind: 'uncouple', businessCentral: 'B2', sales: 'S2' }])
    t.same(mapping.byKeys('sales', { accountnumber: 'N-B1' }), coupling('B1', 'S1'))
  })

  t.test('coupling a record anew ends its former coupling', async (t) => {
    const store = await locked(t)
    const mapping = store.mapping('customer')
    await store.commit('customer', [couple('B1', 'S1'), couple('B2', 'S2')])
    await store.commit('customer', [couple('B1', 'S2')])
    t.same([...mapping.couplings()], [coupling('B1', 'S2')])
    t.equal(mapping.bySide('sales', 'S1'), undefined)
    t.equal(mapping.bySide('businessCentral', 'B2'), undefined)
    t.equal(mapping.size, 1)
  })

  t.test("a person's uncoupling grows the generation of both records, another's does not", async (t) => {
    const store = await locked(t)
    const mapping = store.mapping('customer')
    const uncouple = { kind: 'uncouple', businessCentral: 'B1', sales: 'S1' } as const
    await store.commit('customer', [couple('B1', 'S1'), { ...uncouple, sales: 'S9' }])
    t.equal(mapping.size, 1, 'another pair is not touched')
    await store.commit('customer', [uncouple])
    t.equal(mapping.generation('businessCentral', 'B1'), 0)
    await store.commit('customer', [couple('B1', 'S1'), { ...uncouple, generation: true }])
    await store.commit('customer', [couple('B1', 'S3'), { ...uncouple, sales: 'S3', generation: true }])
    t.equal(mapping.generation('businessCentral', 'B1'), 2)
    t.equal(mapping.generation('sales', 'S1'), 1)
    t.equal(mapping.generation('sales', 'B1'), 0)
    t.equal(mapping.size, 0)
  })

  t.test('held records, watermarks, layouts, counts, hash and intents are kept and given up', async (t) => {
    const store = await locked(t)
    const mapping = store.mapping('customer')
    await store.commit('customer', [
      { kind: 'hold', held: held('S1') },
      { kind: 'hold', held: held('S2') },
      { kind: 'hold', held: held('S2', { attempts: 2 }) },
      { kind: 'watermark', name: 'sales', watermark: { kind: 'delta', link: 'https://x/?token=1' } },
      { kind: 'watermark', name: 'businessCentral/sweep', watermark: { kind: 'stamp', at: '2026-01-01T00:00:00Z' } },
      { kind: 'layout', id: 'L1', rows: ['name@1', 'phone@2'] },
      { kind: 'hash', hash: 'h1' },
      { kind: 'counted', side: 'sales', count: 12 },
      { kind: 'watch', name: 'sales/recheck', add: ['S1', 'S2', 'S2'], drop: [] },
      { kind: 'watch', name: 'sales/recheck', add: ['S3'], drop: ['S1', 'S9'] },
      { kind: 'intent', intent: intent('i1') },
      { kind: 'intent', intent: intent('i2') },
    ])
    t.match(mapping.held('sales', 'S2'), { attempts: 2 })
    t.equal(mapping.held('businessCentral', 'S2'), undefined)
    t.equal([...mapping.allHeld()].length, 2)
    t.same(mapping.watermark('sales'), { kind: 'delta', link: 'https://x/?token=1' })
    t.same(mapping.layout('L1'), ['name@1', 'phone@2'])
    t.equal(mapping.hash, 'h1')
    t.equal(mapping.counted('sales'), 12)
    t.equal(mapping.counted('businessCentral'), 0)
    t.same([...mapping.watched('sales/recheck')].sort(), ['S2', 'S3'])
    t.same([...mapping.watched('businessCentral/recheck')], [])
    t.same(
      mapping
        .intents()
        .map(({ id }) => id)
        .sort(),
      ['i1', 'i2'],
    )
    await store.commit('customer', [
      { kind: 'release', side: 'sales', id: 'S1' },
      { kind: 'watermark', name: 'sales', watermark: null },
      { kind: 'settled', id: 'i1' },
    ])
    t.equal(mapping.held('sales', 'S1'), undefined)
    t.same(
      [...mapping.allHeld()].map(({ id }) => id),
      ['S2'],
    )
    t.equal(mapping.watermark('sales'), undefined)
    t.ok(mapping.watermark('businessCentral/sweep'))
    t.match(mapping.intents(), [intent('i2')])
  })

  t.test('the lock is held by one runner at a time, and giving it back twice is harmless', async (t) => {
    const store = await locked(t)
    await t.rejects(store.lock('run-2'), LockedError)
    await store.unlock()
    await store.unlock()
    await store.lock('run-2')
    await store.commit('customer', [couple('B1', 'S1')])
    t.equal(store.mapping('customer').size, 1)
  })

  if (guarded) {
    t.test('nothing is written without the lock', async (t) => {
      const store = await open(t)
      await t.rejects(store.commit('customer', [couple('B1', 'S1')]), LockedError)
      await t.rejects(store.recordRun(run('r1')), LockedError)
      t.equal(store.mapping('customer').size, 0)
    })
  }

  t.test('state is bound to the services it was made with', async (t) => {
    const store = await locked(t)
    await store.bind({ businessCentral: 'Production/CRONUS', sales: 'contoso' })
    await store.bind({ businessCentral: 'Production/CRONUS', sales: 'contoso' })
    await t.rejects(store.bind({ businessCentral: 'Sandbox/CRONUS', sales: 'contoso' }), StateError)
  })

  t.test('runs come newest first, no more than asked for', async (t) => {
    const store = await locked(t)
    t.same(await store.runs(5), [])
    for (const id of ['r1', 'r2', 'r3']) await store.recordRun(run(id))
    t.same(await store.runs(2), [run('r3'), run('r2')])
  })

  t.test('the key of the fingerprints does not change', async (t) => {
    const store = await locked(t)
    t.ok(store.key.length > 0)
    t.equal(store.key, store.key)
  })
}
