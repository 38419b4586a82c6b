/** P2 and P7: the base of a pair after a write whose answer nobody saw, told by what the target says now. */
import t from 'tap'
import type { Field, Side } from '../../src/config/config.ts'
import type { Base } from '../../src/core/base.ts'
import { fingerprinter } from '../../src/core/fingerprint.ts'
import type { Row } from '../../src/core/record.ts'
import { type Said, saidBy, saysOtherwise } from '../../src/core/said.ts'
import { type Seeing, baseSeen, isAsSent, isStillBefore } from '../../src/core/seen-base.ts'
import { compiled, lookupsOf } from './mapping-fixture.ts'

const fields: Readonly<Record<string, Partial<Field>>> = {
  name: { businessCentral: 'name', sales: 'name' },
  phone: { businessCentral: 'phone', sales: 'phone' },
  number: { businessCentral: 'number', sales: 'number', direction: 'toSales' },
  mark: { businessCentral: 'mark', sales: 'mark', direction: 'toBusinessCentral', step: 'after' },
  failing: {
    businessCentral: 'fails',
    sales: 'failing',
    compute: { toSales: '$error("no")', toBusinessCentral: 'failing' },
  },
}
const columns = ['name', 'phone', 'number', 'mark', 'fails'].map((name) => `${name} text(20)`).join(', ')
const mapping = compiled({ businessCentral: columns, sales: columns.replace('fails', 'failing'), fields })
const fingerprint = fingerprinter('key')
const printOf = (text: string): string => fingerprint(text === '' ? null : text)
const deciding = { compiled: mapping, fingerprint, lookups: lookupsOf({}), bindings: {} }

const rowId = (name: string): string => mapping.fields.find(({ field }) => field.name === name)?.rowId ?? name

/** A base by field row: what both sides said. */
const base = (said: Readonly<Record<string, string>>): Base =>
  new Map(
    Object.entries(said).map(([name, text]) => {
      const print = printOf(text)
      return [rowId(name), { businessCentral: print, sales: print }]
    }),
  )

/** What a base says of each field row. */
function told(said: Base): Readonly<Record<string, string>> {
  const texts = new Map(['old', 'new', 'other', 'theirs', ''].map((text) => [printOf(text), text]))
  const names = Object.keys(fields).filter((name) => said.has(rowId(name)))
  return Object.fromEntries(names.map((name) => [name, texts.get(said.get(rowId(name))?.businessCentral ?? '') ?? '?']))
}

const inBusinessCentral = (row: Row, more: Partial<Seeing> = {}): Seeing => ({
  deciding,
  side: 'businessCentral',
  row: { name: 'old', phone: 'old', number: 'old', mark: 'old', fails: 'old', ...row },
  kind: 'update',
  isKnown: false,
  stood: before,
  hasSteps: false,
  conflicts: 'hold',
  ...more,
})

const before = base({ name: 'old', phone: 'old' })
const meant = base({ name: 'new', phone: 'old' })

const seen = async (row: Row, more: Partial<Seeing> = {}, sent = meant): Promise<unknown> =>
  told(await baseSeen(inBusinessCentral(row, more), before, sent))

/** As `told` shows it: a person decides. */
const asked = '?'

t.test('P2 what stands as it was sent is agreed; what somebody edited is merged', async (t) => {
  t.same(await seen({ name: 'new' }), { name: 'new', phone: 'old' })
  const another = { name: 'other', phone: 'theirs' }
  t.same(await seen({ name: 'new', phone: 'theirs' }, {}, base({ name: 'new' })), { name: 'new', phone: 'old' })
  t.same(await seen(another), { name: 'old', phone: 'old' }, 'somebody else was there: its edits are merged')
})

t.test('P2 a row as it was before is a question where nothing else tells why the version moved', async (t) => {
  t.same(await seen({}), { name: asked, phone: 'old' }, 'perhaps it was written, and somebody took it back')
  t.same(await seen({ phone: 'theirs' }), { name: 'old', phone: 'old' }, 'another edit tells why')
  const both = base({ name: 'new', phone: 'new' })
  t.same(await seen({ phone: 'theirs' }, {}, both), { name: 'old', phone: 'old' }, 'also of what was to be written')
  t.same(await seen({}, { hasSteps: true }), { name: 'old', phone: 'old' }, 'a line may have moved it')
  t.same(await seen({}, { isKnown: true }), { name: 'old', phone: 'old' }, 'the write was not made')
})

t.test('P2 that one row says what was sent does not tell what became of the others', async (t) => {
  const both = base({ name: 'new', phone: 'new' })
  const asks = { name: 'new', phone: asked }
  t.same(await seen({ name: 'new' }, {}, both), asks, 'it was taken back, or another runner wrote the name alone')
  t.same(await seen({ name: 'new', mark: 'theirs' }, {}, both), asks, 'nor does an edit of something else')
  t.same(await seen({ name: 'new', phone: 'other' }, { conflicts: 'sales' }, both), asks)
  const merged = { name: 'new', phone: 'old' }
  t.same(await seen({ name: 'new', phone: 'other' }, {}, both), merged, 'a conflict, and no edit after the write')
  t.same(await seen({ name: 'new' }, { hasSteps: true }, both), merged, 'of several steps')
  t.same(await seen({ name: 'new' }, { isKnown: true }, both), merged, 'the write was not made')
})

t.test('P2 an edit whose moment cannot be told is a question where the source would win', async (t) => {
  const other = { name: 'other' }
  t.same(await seen(other, { conflicts: 'sales' }), { name: asked, phone: 'old' })
  t.same(await seen(other, { conflicts: 'newest' }), { name: asked, phone: 'old' }, 'stamps do not tell it')
  t.same(await seen(other, { conflicts: 'sales', isKnown: true }), { name: 'old', phone: 'old' }, 'it was not made')
  t.same(await seen(other, { conflicts: 'businessCentral' }), { name: 'old', phone: 'old' }, 'the edit wins anyway')
  const mark = base({ mark: 'old' })
  const oneWay = await baseSeen(
    inBusinessCentral({ mark: 'other' }, { conflicts: 'sales', stood: mark }),
    mark,
    base({ mark: 'new' }),
  )
  t.same(told(oneWay), { mark: 'old' }, 'one that travels one way is written from its source')
})

t.test('P2 what was said before the write, and agreed by nobody, is no edit after it', async (t) => {
  const over: Partial<Seeing> = { conflicts: 'sales', stood: base({ name: 'other', phone: 'old' }) }
  t.same(await seen({ name: 'other' }, over), { name: asked, phone: 'old' }, 'it may have been said again')
  t.same(await seen({ name: 'other', phone: 'theirs' }, over), { name: 'old', phone: 'old' }, 'it stands there still')
  t.same(await seen({ name: 'old' }, over), { name: asked, phone: 'old' }, 'set back to what was agreed')
  const waits = { stood: base({ name: 'old', phone: 'theirs' }) }
  t.same(
    await seen({ phone: 'theirs' }, waits, base({ name: 'new' })),
    { name: asked, phone: 'old' },
    'what waits does not tell why it moved',
  )
})

t.test(
  'P2 what is said after the write at a first meeting is not written over where the source would be right',
  async (t) => {
    const meets = { stood: base({ name: 'other' }), ...preferring('sales') }
    const first = async (row: Row, more: Partial<Seeing> = {}): Promise<unknown> =>
      told(await baseSeen({ ...inBusinessCentral(row), ...meets, ...more }, new Map(), base({ name: 'new' })))
    t.same(await first({ name: 'theirs' }), { name: asked })
    t.same(await first({ name: 'theirs' }, preferring('businessCentral')), {}, 'it is right anyway')
    t.same(await first({ name: 'other' }), { name: asked }, 'it may have been said again')
  },
)

function preferring(different: Side): Partial<Seeing> {
  const firstMatch = { blank: 'fill', different } as const
  return { deciding: { ...deciding, compiled: { ...mapping, mapping: { ...mapping.mapping, firstMatch } } } }
}

t.test(
  'P2 a new record in which something else stands than was sent is a question, and no first meeting',
  async (t) => {
    const sent = base({ name: 'new', phone: 'new', mark: 'new', failing: 'new' })
    const nothing = new Map()
    const made = inBusinessCentral({ name: '', phone: 'theirs', mark: '' }, { kind: 'create', stood: nothing })
    const asks = { name: asked, phone: asked }
    t.same(told(await baseSeen(made, nothing, sent)), asks, 'a blank, and what may be emptied later')
    t.same(told(await baseSeen({ ...made, kind: 'update' }, nothing, sent)), {})
    t.same(told(await baseSeen({ ...made, isKnown: true }, nothing, sent)), {})
    t.same(told(await baseSeen({ ...made, ...preferring('sales') }, nothing, sent)), asks, 'the source would win')
    const bare = base({ name: 'new', phone: '' })
    t.same(told(await baseSeen(made, nothing, bare)), { name: asked, phone: '' }, 'nothing was sent')
    const own = told(await baseSeen({ ...made, ...preferring('businessCentral') }, nothing, sent))
    t.same(own, { name: asked }, 'the new record wins, but for a blank')
  },
)

t.test('a row whose expression fails keeps its base; one that was not meant has the one it had', async (t) => {
  const had = base({ failing: 'old', name: 'old' })
  const failing = inBusinessCentral({ name: 'other' }, { conflicts: 'sales', stood: had })
  t.same(told(await baseSeen(failing, had, base({ failing: 'new' }))), { name: 'old', failing: 'old' })
})

t.test('a new record says by itself what travels from it alone', async (t) => {
  const sent = base({ name: 'new', number: 'new' })
  const made = inBusinessCentral({ name: 'new', number: 'theirs' }, { kind: 'create', stood: new Map() })
  t.same(told(await baseSeen(made, new Map(), sent)), { name: 'new', number: 'new' })
  t.same(told(await baseSeen({ ...made, kind: 'update' }, new Map(), sent)), { name: 'new' })
})

t.test('P7 a write did not come further than what still stands as before', async (t) => {
  const write = base({ name: 'new', phone: 'new', number: 'new', mark: 'new', failing: 'new' })
  const all = base({ phone: 'old', number: 'old', mark: 'old', failing: 'old' })
  t.equal(
    await isStillBefore(inBusinessCentral({ name: 'new' }, { stood: all }), write),
    true,
    'the phone was to change',
  )
  t.equal(
    await isStillBefore(inBusinessCentral({ name: 'old', phone: 'new' }, { stood: all }), write),
    false,
    'no base of the name; a number goes the other way; a mark comes last; a failing row says nothing',
  )
  t.equal(await isStillBefore(inBusinessCentral({}), before), false, 'nothing was to change')
  t.equal(await isStillBefore(inBusinessCentral({}), new Map()), false, 'nothing was meant')
})

t.test('P1 a record says all that was sent, or it is not the one', async (t) => {
  const sent = base({ name: 'new', number: 'theirs' })
  t.equal(await isAsSent(inBusinessCentral({ name: 'new' }), sent), true, 'a number goes the other way')
  t.equal(await isAsSent(inBusinessCentral({ name: 'other' }), sent), false)
  t.equal(await isAsSent(inBusinessCentral({}), base({ failing: 'old' })), false, 'a failing row cannot tell')
})

t.test('what one side says alone is told by field row, without those that fail or only listen', async (t) => {
  const row: Row = { name: 'old', phone: '', number: 'old', mark: 'old', fails: 'old' }
  const said = await saidBy(deciding, 'businessCentral', row)
  t.same(said, { [rowId('name')]: printOf('old'), [rowId('phone')]: printOf(''), [rowId('number')]: printOf('old') })
  const now = (more: Row): Promise<Said> => saidBy(deciding, 'businessCentral', { ...row, ...more })
  t.equal(saysOtherwise(await now({ mark: 'new', fails: 'new' }), said), false, 'nothing that is said')
  t.equal(saysOtherwise(await now({ phone: 'new' }), said), true)
  t.equal(saysOtherwise(await now({ phone: 'new' }), { [rowId('name')]: printOf('old') }), false, 'a row that is new')
  t.equal(saysOtherwise({}, said), false, 'a row that is gone')
})
