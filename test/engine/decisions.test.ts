import t from 'tap'
import type { Coupling, Held, HeldKind } from '../../src/core/coupling.ts'
import {
  afterDelete,
  couple,
  everyRecord,
  namesIn,
  recordsNamed,
  retry,
  take,
  uncouple,
} from '../../src/engine/decisions.ts'
import type { Decided } from '../../src/engine/decisions.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import type { Entry, MappingState } from '../../src/store/store.ts'

const pair = (number: string): Coupling => ({
  businessCentral: { id: `c${number}`, keys: { number }, version: 'v' },
  sales: { id: `a${number}`, keys: {}, version: 'v' },
  layout: 'l',
  base: 'b',
})

const held = (kind: HeldKind, more: Partial<Held> = {}): Held => ({
  side: 'businessCentral',
  id: 'c10000',
  kind,
  number: '10000',
  fields: ['phone', 'city'],
  message: '',
  remedy: '',
  since: '2026-11-21T09:00:00.000Z',
  attempts: 1,
  nextTry: '2026-11-21T10:00:00.000Z',
  ...more,
})

async function stateOf(holds: readonly Held[] = []): Promise<MappingState> {
  const store = openMemoryStore()
  await store.lock('test')
  const couplings = ['10000', '20000'].map((number): Entry => ({ kind: 'couple', coupling: pair(number) }))
  await store.commit('customer-account', [...couplings, ...holds.map((one): Entry => ({ kind: 'hold', held: one }))])
  return store.mapping('customer-account')
}

const entriesOf = (decided: Decided): readonly Entry[] => (decided.kind === 'decided' ? decided.entries : [])
const decisionsOf = (decided: Decided): unknown[] =>
  entriesOf(decided).map((entry) => (entry.kind === 'hold' ? entry.held.decision : entry.kind))
const problemOf = (decided: Decided): string =>
  decided.kind === 'problem' ? `${decided.message} ${decided.remedy}` : ''

t.test('a record is named by number, code or id of either side, and a held pair counts once', async (t) => {
  const lone = held('no-partner', { side: 'sales', id: 'a30000', number: 'Adatum' })
  const state = await stateOf([held('conflict'), lone])
  for (const name of ['10000', 'C10000', 'a10000', 'number=10000']) {
    const found = recordsNamed(state, name)
    t.equal(found.length, 1, name)
    t.same(
      found[0]?.held.map(({ kind }) => kind),
      ['conflict'],
    )
  }
  t.same(recordsNamed(state, 'adatum'), [{ coupling: undefined, held: [lone] }])
  t.same(recordsNamed(state, 'number=c10000'), [], 'a named column is looked at alone')
  t.same(recordsNamed(state, '99'), [])
  t.same([...namesIn(state)].sort(), ['10000', '10000', '20000', 'Adatum'])
  t.equal(everyRecord(state).length, 3)
})

const asked = { prefer: 'hold', gone: new Set<string>(), at: '2026-01-02T00:00:00Z' } as const

t.test('coupling by hand leaves no base, so nothing is overwritten, and releases what waited', async (t) => {
  const lone = held('ambiguous', { id: 'c3', number: '3' })
  const state = await stateOf([lone])
  const entries = entriesOf(
    couple(state, { businessCentral: { id: 'c3', keys: { number: '3' } }, sales: { id: 'a3', keys: {} } }, asked),
  )
  t.match(entries[0], {
    kind: 'couple',
    coupling: { base: '', layout: '', businessCentral: { id: 'c3', keys: { number: '3' }, version: undefined } },
  })
  t.match(
    entries[1],
    { kind: 'hold', held: { side: 'businessCentral', id: 'c3', kind: 'waiting', decision: { kind: 'retry' } } },
    'the next run looks at it, whatever it waited for before',
  )
})

t.test('K-02: a record that is coupled already is not coupled a second time', async (t) => {
  const state = await stateOf()
  const with_ = (bc: string, sales: string): string =>
    problemOf(couple(state, { businessCentral: { id: bc, keys: {} }, sales: { id: sales, keys: {} } }, asked))
  t.match(with_('c10000', 'a3'), 'c10000 is coupled with another record (a10000)')
  t.match(with_('c3', 'a10000'), 'a10000 is coupled with another record (10000)')
  t.match(with_('c10000', 'a10000'), 'coupled with each other already')
  t.match(with_('c10000', 'a20000'), 'coupled with another record', 'crosswise')
})

t.test('C-07: a coupling whose other record was deleted is stale and blocks nobody', async (t) => {
  const state = await stateOf()
  const pair = { businessCentral: { id: 'c3', keys: {} }, sales: { id: 'a10000', keys: {} } }
  const entries = entriesOf(couple(state, pair, { ...asked, gone: new Set(['c10000']) }))
  t.same(entries[0], { kind: 'uncouple', businessCentral: 'c10000', sales: 'a10000' })
  t.match(entries[1], { kind: 'couple', coupling: { businessCentral: { id: 'c3' }, sales: { id: 'a10000' } } })
  t.match(problemOf(couple(state, pair, asked)), 'coupled with another record', 'not while it is there')
})

t.test('uncoupling remembers that a person did it, and forgets what waited', async (t) => {
  const state = await stateOf([held('conflict')])
  t.same(entriesOf(uncouple(state, recordsNamed(state, '10000'))), [
    { kind: 'release', side: 'businessCentral', id: 'c10000' },
    { kind: 'uncouple', businessCentral: 'c10000', sales: 'a10000', generation: true },
  ])
  t.match(problemOf(uncouple(state, [{ coupling: undefined, held: [held('failed')] }])), 'no coupling to take apart')
})

t.test('a retry is due at once, whatever was tried before', async (t) => {
  const state = await stateOf([held('quarantine', { attempts: 9 })])
  const [entry] = entriesOf(retry(state, recordsNamed(state, '10000')))
  t.match(entry, { kind: 'hold', held: { decision: { kind: 'retry' }, attempts: 9 } })
  t.notOk(entry?.kind === 'hold' && 'nextTry' in entry.held)
  t.match(problemOf(retry(state, recordsNamed(state, '20000'))), 'Nothing of this record waits')
})

t.test('taking a side decides the held fields only, one by one where a person says so', async (t) => {
  const state = await stateOf([held('conflict')])
  const records = recordsNamed(state, '10000')
  t.same(decisionsOf(take(state, records, { side: 'sales', fields: [] })), [
    { kind: 'take', fields: { phone: 'sales', city: 'sales' } },
  ])
  t.same(decisionsOf(take(state, records, { side: 'sales', fields: ['phone'] })), [
    { kind: 'take', fields: { phone: 'sales' } },
  ])
  t.match(
    problemOf(take(state, records, { side: 'sales', fields: ['fax'] })),
    'fax is not held in this record. Held are: phone, city',
  )
  const decidedBefore = held('conflict', { decision: { kind: 'take', fields: { phone: 'sales' } } })
  const second = await stateOf([decidedBefore])
  t.same(decisionsOf(take(second, recordsNamed(second, '10000'), { side: 'businessCentral', fields: ['city'] })), [
    { kind: 'take', fields: { phone: 'sales', city: 'businessCentral' } },
  ])
})

const taking = (state: MappingState): Decided =>
  take(state, recordsNamed(state, '10000'), { side: 'sales', fields: [] })
const restoring = (state: MappingState): Decided =>
  afterDelete(state, recordsNamed(state, '10000'), { action: 'restore', direction: 'both' })

t.test('a decision that does not fit names the one that does', async (t) => {
  const of = async (kind: HeldKind, decide: (state: MappingState) => Decided): Promise<string> =>
    problemOf(decide(await stateOf([held(kind)])))
  t.match(await of('deleted', taking), '--record 10000 --action restore|delete|uncouple')
  t.match(await of('conflict', restoring), '--record 10000 --take businessCentral|sales')
  t.match(await of('ambiguous', taking), 'couplet couple customer-account')
  t.match(await of('failed', taking), 'couplet retry customer-account --record 10000')
  const state = await stateOf([held('deleted')])
  t.same(decisionsOf(restoring(state)), [{ kind: 'deleted', action: 'restore' }])
})
