/** Deciding pairs and new records, field row by field row, over small mappings. */
import * as fc from 'fast-check'
import t from 'tap'
import { type BySide, type Field, type Lookup, type Side, type WhenUncoupled, sides } from '../../src/config/config.ts'
import { type Prints, noBase } from '../../src/core/base.ts'
import { lookupMappings } from '../../src/core/carry.ts'
import type { Versions } from '../../src/core/coupling.ts'
import { type Decided, decidePair, isEdited } from '../../src/core/decide.ts'
import { versionOf } from '../../src/core/fingerprint.ts'
import { type Deciding, printOf } from '../../src/core/offer.ts'
import type { Row } from '../../src/core/record.ts'
import { canonical } from '../../src/core/values.ts'
import {
  type Links,
  type Sketch,
  type World,
  applied,
  baseAfter,
  baseOf,
  decide,
  decideNew,
  decidingOf,
  loaded,
  settled,
  written,
} from './mapping-fixture.ts'
import { forAllAsync } from '../property.ts'

const customer: Sketch = {
  businessCentral: 'displayName text(20), city text(10), phoneNumber text(30), creditLimit decimal.5, number code(20)',
  sales: 'name text(160), address1_city text(80), telephone1 text(50), creditlimit money.2, accountnumber text(20)',
  fields: {
    number: { businessCentral: 'number', sales: 'accountnumber', direction: 'toSales' },
    name: { businessCentral: 'displayName', sales: 'name' },
    city: { businessCentral: 'city', sales: 'address1_city' },
    phone: { businessCentral: 'phoneNumber', sales: 'telephone1' },
    creditLimit: { businessCentral: 'creditLimit', sales: 'creditlimit', direction: 'toSales' },
  },
}
const adatum: BySide<Row> = {
  businessCentral: { number: '10000', displayName: 'Adatum', city: 'Atlanta', phoneNumber: '1', creditLimit: 5 },
  sales: { accountnumber: '10000', name: 'Adatum', address1_city: 'Atlanta', telephone1: '1', creditlimit: 5 },
}
const edited = (rows: BySide<Row>, businessCentral: Row, sales: Row = {}): BySide<Row> => ({
  businessCentral: { ...rows.businessCentral, ...businessCentral },
  sales: { ...rows.sales, ...sales },
})

/** Decides about `edits` of a pair that was in step as `before`. */
async function after(
  deciding: Deciding,
  before: BySide<Row>,
  edits: [bc: Row, sales?: Row],
  facts: Parameters<typeof decide>[2] = {},
) {
  const base = await baseOf(deciding, before)
  return decide(deciding, edited(before, ...edits), { base, ...facts })
}

/** How much of a decision is left to do or to remember. */
const newsIn = ({ writes, agreed, held, waits, failed, asks }: Decided): number =>
  writes.length + agreed.size + held.length + waits.length + failed.length + asks.length

/** What is held, without the fingerprints. */
const heldIn = ({ held }: Decided): readonly unknown[] =>
  held.map(({ field, because, values }) => ({ field, because, values }))

// Plain copies

t.test('P4: a pair in step writes nothing and has nothing new to remember', async (t) => {
  const deciding = decidingOf(customer)
  const base = await baseOf(deciding, adatum)
  t.strictSame([...base.keys()], deciding.compiled.layout.rows)
  const decided = await decide(deciding, adatum, { base })
  t.equal(newsIn(decided), 0)
})

t.test('P2: edits of different fields on both sides are no conflict: each travels to the other side', async (t) => {
  const deciding = decidingOf(customer)
  const decided = await after(deciding, adatum, [{ displayName: 'Adatum NV', creditLimit: 7.126 }, { telephone1: '2' }])
  t.strictSame(written(decided), {
    'sales.name': 'Adatum NV',
    'sales.creditlimit': 7.13,
    'businessCentral.phoneNumber': '2',
  })
  t.strictSame(
    decided.writes.map(({ field, before, canonical, why }) => [field.field.name, before, canonical, why]),
    [
      ['name', 'Adatum', 'Adatum NV', 'edit'],
      ['phone', '1', '2', 'edit'],
      ['creditLimit', '5', '7.13', 'edit'],
    ],
  )
  t.equal(decided.held.length, 0)
})

t.test(
  'P2: the same field edited to different values is held with both values, and to the same value is in step',
  async (t) => {
    const deciding = decidingOf(customer)
    const held = await after(deciding, adatum, [{ displayName: 'Adatum NV' }, { name: 'Adatum AG' }])
    t.strictSame(heldIn(held), [
      { field: 'name', because: 'conflict', values: { businessCentral: 'Adatum NV', sales: 'Adatum AG' } },
    ])
    t.strictSame([held.writes, held.agreed.size], [[], 0], 'its base stays')
    const same = await after(deciding, adatum, [{ displayName: 'Adatum NV' }, { name: 'Adatum NV' }])
    t.strictSame([same.held, same.writes, [...same.agreed.keys()]], [[], [], ['name@h1']])
  },
)

t.test('the later edit wins a conflict where the stamps can tell', async (t) => {
  const deciding = decidingOf({ ...customer, mapping: { conflicts: 'newest' } })
  const base = await baseOf(deciding, adatum)
  const rows = edited(adatum, { displayName: 'from BC' }, { name: 'from Sales' })
  const cases: readonly [bc: string | undefined, sales: string | undefined, expected: Row][] = [
    ['2026-11-21T03:34:02Z', '2026-11-21T03:34:01Z', { 'sales.name': 'from BC' }],
    ['2026-11-21T03:34:01Z', '2026-11-21T03:34:02Z', { 'businessCentral.displayName': 'from Sales' }],
    ['2026-11-21T03:34:01.9Z', '2026-11-21T03:34:01Z', {}],
    [undefined, '2026-11-21T03:34:01Z', {}],
    ['2026-11-21T03:34:01Z', undefined, {}],
  ]
  for (const [bc, sales, expected] of cases) {
    const stamped = { businessCentral: loaded(rows.businessCentral, bc), sales: loaded(rows.sales, sales) }
    const decided = await decide(deciding, rows, { base, rows: stamped })
    t.strictSame(written(decided), expected, `${bc} and ${sales}`)
    t.equal(decided.held.length, Object.keys(expected).length === 0 ? 1 : 0)
  }
  const later = loaded(rows.sales, '2026-11-21T03:34:02Z')
  const stamped = { businessCentral: loaded(rows.businessCentral, '2026-11-21T03:34:01Z'), sales: later }
  const ours = async (versions: Versions): Promise<Row> =>
    written(await decide(deciding, rows, { base, rows: stamped, ours: versions }))
  t.same(await ours({ sales: versionOf(later) }), {}, 'a stamp of our own write says nothing of people')
  t.same(await ours({ sales: 'edited since', businessCentral: versionOf(stamped.businessCentral) }), {
    'businessCentral.displayName': 'from Sales',
  })
})

t.test('F-02: texts compare after cutting to the shorter side, and are written cut to the target', async (t) => {
  const deciding = decidingOf(customer)
  const long = 'A name of more than twenty characters'
  const cutting = await after(deciding, adatum, [{}, { name: long }])
  t.strictSame(written(cutting), { 'businessCentral.displayName': long.slice(0, 20) })
  const both = await decide(deciding, edited(adatum, { displayName: long.slice(0, 20) }, { name: long }))
  t.strictSame([written(both), both.held], [{}, []], 'what was cut agrees with what it was cut from')
  const cutHere = edited(adatum, { displayName: long.slice(0, 20) }, { name: long })
  const whole = await after(deciding, cutHere, [{ displayName: long.slice(0, 19) }])
  t.strictSame(written(whole), { 'sales.name': long.slice(0, 19) })
})

t.test('C-08: the target of a one-way row, edited by somebody, is left alone until its source changes', async (t) => {
  const deciding = decidingOf(customer)
  const drifted = await after(deciding, adatum, [{}, { creditlimit: 9 }])
  t.strictSame([written(drifted), drifted.held, drifted.agreed.size], [{}, [], 0])
  const changed = await after(deciding, adatum, [{ creditLimit: 6 }, { creditlimit: 9 }])
  t.strictSame([written(changed), changed.held], [{ 'sales.creditlimit': 6 }, []])
})

t.test('P9: a cleared field is an edit and travels; numbers of Business Central have no nothing', async (t) => {
  const deciding = decidingOf(customer)
  const cleared = await after(deciding, adatum, [{ displayName: '' }, { telephone1: null }])
  t.strictSame(written(cleared), { 'sales.name': null, 'businessCentral.phoneNumber': null })
  const numbers = decidingOf({
    businessCentral: 'a decimal, b integer, c money, d boolean, e date',
    sales: 'a decimal, b integer, c money, d boolean, e date',
    fields: Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [name, { businessCentral: name, sales: name }])),
  })
  const filled = { a: 1, b: 1, c: 1, d: true, e: '2026-11-21' }
  const nothing = { a: null, b: null, c: null, d: null, e: null }
  const before = { businessCentral: filled, sales: filled }
  const toBc = await after(numbers, before, [{}, nothing])
  t.strictSame(
    toBc.writes.map(({ cell, canonical }) => [cell, canonical]),
    [
      [null, '0'],
      [null, '0'],
      [null, '0'],
      [null, 'false'],
      [null, null],
    ],
  )
  const echo = await decide(numbers, applied(edited(before, {}, nothing), toBc), {
    base: baseAfter(await baseOf(numbers, before), toBc),
  })
  t.strictSame([echo.writes, echo.held], [[], []], 'P4: the zero that Business Central keeps is no edit')
})

/** One field between a column of each type. */
const copied = (from: string, to: string): Sketch => ({
  businessCentral: `v ${from}`,
  sales: `v ${to}`,
  fields: { v: { businessCentral: 'v', sales: 'v', blank: 'clear' } },
  timeZone: 'Europe/Berlin',
})

t.test('values are written in the form of the target column', async (t) => {
  const cases: readonly [from: string, to: string, said: unknown, cell: unknown][] = [
    ['text', 'text(5)', 'a longer text', 'a lon'],
    ['text', 'text(10)', 12, '12'],
    ['code', 'text(5)', ' ab ', 'AB'],
    ['text', 'code(5)', ' ab ', 'AB'],
    ['date', 'dateTime', '2026-11-21', '2026-11-20T23:00:00Z'],
    ['dateTime', 'date', '2026-11-20T23:00:00Z', '2026-11-21'],
    ['dateTime', 'dateTime', '2026-11-21T04:34:00+01:00', '2026-11-21T03:34:00Z'],
    ['date', 'dateTime', 'no date', 'no date'],
    ['integer', 'text', 7, '7'],
    ['text', 'integer', '7', 7],
    ['decimal', 'integer', 7.5, 8],
    ['integer', 'integer', 'seven', 'seven'],
    ['decimal.5', 'money.2', 1.005, 1.01],
    ['boolean', 'text', true, 'true'],
    ['boolean', 'boolean', 1, true],
    ['choice', 'text', 'Bill_x0020_To', 'Bill To'],
    ['choice', 'choice', 'Bill_x0020_To', 'Bill_x0020_To'],
    ['choice', 'choice', 3, 3],
    ['choice', 'choice', true, 'true'],
    ['guid', 'guid', '{7F3A0000-0000-0000-0000-00000000000A}', '7f3a0000-0000-0000-0000-00000000000a'],
  ]
  for (const [from, to, said, cell] of cases) {
    const deciding = decidingOf(copied(from, to))
    const rows = { businessCentral: { v: said }, sales: { v: null } }
    const decided = await decide(deciding, rows)
    t.strictSame(decided.writes[0]?.cell, cell, `${from} ${String(said)} to ${to}`)
    const echo = await decide(deciding, applied(rows, decided), { base: baseAfter(noBase, decided) })
    t.strictSame([echo.writes, echo.held, echo.agreed.size], [[], [], 0], `P4: and does not come back`)
  }
})

// Meeting for the first time

t.test('P9: records that meet for the first time fill blanks, hold differences and remember agreement', async (t) => {
  const rows = edited(adatum, { displayName: 'Adatum NV', city: '' }, { telephone1: null })
  const decided = await decide(decidingOf(customer), rows, { meeting: 'first' })
  t.strictSame(written(decided), { 'businessCentral.city': 'Atlanta', 'sales.telephone1': '1' })
  t.strictSame(
    decided.writes.map(({ why }) => why),
    ['fill', 'fill'],
  )
  t.strictSame(heldIn(decided), [
    { field: 'name', because: 'different', values: { businessCentral: 'Adatum NV', sales: 'Adatum' } },
  ])
  t.strictSame([...decided.agreed.keys()], ['number@h1', 'creditLimit@h1'])
})

t.test(
  'a changed row of a known pair has no base: one-way rows are written from their source, others as at a first match',
  async (t) => {
    const deciding = decidingOf(customer)
    const rows = edited(adatum, { creditLimit: 9, displayName: 'Adatum NV' })
    const base = new Map(
      [...(await baseOf(deciding, adatum))].filter(([id]) => !['name@h1', 'creditLimit@h1'].includes(id)),
    )
    const decided = await decide(deciding, rows, { base })
    t.strictSame(written(decided), { 'sales.creditlimit': 9 })
    t.strictSame(
      decided.held.map(({ field }) => field),
      ['name'],
    )
    const pending = await decide(deciding, rows, { base, pending: new Set(['creditLimit@h1']) })
    t.strictSame(written(pending), {}, 'held at its first match, it still is at its first match')
    t.strictSame(
      pending.held.map(({ field }) => field),
      ['name', 'creditLimit'],
    )
  },
)

t.test('policies of a row go before those of its mapping', async (t) => {
  const wins = { blank: 'fill', different: 'sales' } as const
  const sketch: Sketch = {
    ...customer,
    mapping: { firstMatch: { blank: 'hold', different: 'businessCentral' }, conflicts: 'hold' },
    fields: {
      ...customer.fields,
      name: { ...customer.fields['name'], firstMatch: wins, conflicts: 'businessCentral' },
    },
  }
  const rows = edited(adatum, { displayName: 'A', city: 'B' })
  t.strictSame(written(await decide(decidingOf(sketch), rows, { meeting: 'first' })), {
    'businessCentral.displayName': 'Adatum',
    'sales.address1_city': 'B',
  })
  const both = await after(decidingOf(sketch), adatum, [
    { displayName: 'A', city: 'B' },
    { name: 'X', address1_city: 'Y' },
  ])
  t.strictSame([written(both), both.held.map(({ field }) => field)], [{ 'sales.name': 'A' }, ['city']])
})

// A person's decision, pauses, one-off runs

t.test("P2: a person's decision takes one side for the fields named, and nothing else", async (t) => {
  const deciding = decidingOf(customer)
  const edits: [Row, Row] = [
    { displayName: 'A', city: 'B' },
    { name: 'X', address1_city: 'Y' },
  ]
  const take = (fields: Record<string, Side>) => after(deciding, adatum, edits, { decision: { kind: 'take', fields } })
  const one = await take({ name: 'sales' })
  t.strictSame([written(one), one.held.map(({ field }) => field)], [{ 'businessCentral.displayName': 'X' }, ['city']])
  t.strictSame(
    one.writes.map(({ why }) => why),
    ['resolved'],
  )
  const all = await take({ '*': 'businessCentral' })
  t.strictSame([written(all), all.held], [{ 'sales.name': 'A', 'sales.address1_city': 'B' }, []])
  const mixed = await take({ '*': 'businessCentral', city: 'sales' })
  t.strictSame(written(mixed), { 'sales.name': 'A', 'businessCentral.city': 'Y' })
})

t.test("P2: a person's decision writes over nothing that was edited since it was held", async (t) => {
  const deciding = decidingOf(customer)
  const take = async (right: Side, edits: [bc: Row, sales: Row], field = 'name') => {
    const { held } = await after(deciding, adatum, [{ displayName: 'Adatum NV' }, { name: 'Adatum AG' }])
    const [{ prints = {} as Prints } = {}] = held
    return after(deciding, adatum, edits, {
      decision: { kind: 'take', fields: { [field]: right } },
      seen: { name: prints, city: { businessCentral: 'x', sales: 'x' } },
    })
  }
  const [stood, later] = ['Adatum NV', 'Adatum KG']
  const asHeld = await take('businessCentral', [{ displayName: stood }, { name: 'Adatum AG' }])
  t.strictSame(written(asHeld), { 'sales.name': stood })
  const newer = await take('businessCentral', [{ displayName: later }, { name: 'Adatum AG' }])
  t.strictSame(written(newer), { 'sales.name': later }, 'what the right side says now')
  const outdated = await take('businessCentral', [{ displayName: stood }, { name: later }])
  t.strictSame(written(outdated), {})
  t.match(outdated.held, [{ field: 'name', because: 'conflict', isOutdated: true }])
  const other = await take('sales', [{ displayName: later }, { name: 'Adatum AG' }], '*')
  t.match(other.held, [{ field: 'name', isOutdated: true }], 'a decision about all of them, too')
  const same = await take('businessCentral', [{ displayName: later }, { name: later }])
  t.strictSame([written(same), same.held], [{}, []], 'both say the same since')
})

t.test(
  'a decision reaches a field of which neither side said anything new, and other decisions touch no field',
  async (t) => {
    const deciding = decidingOf(customer)
    const drifted = edited(adatum, {}, { creditlimit: 9 })
    const base = await baseOf(deciding, adatum)
    const taken = await decide(deciding, drifted, {
      base,
      decision: { kind: 'take', fields: { creditLimit: 'businessCentral' } },
    })
    t.strictSame(written(taken), { 'sales.creditlimit': 5 })
    const left = await decide(deciding, drifted, { base, decision: { kind: 'take', fields: { creditLimit: 'sales' } } })
    t.strictSame([written(left), [...left.agreed.keys()]], [{}, ['creditLimit@h1']])
    t.strictSame(written(await decide(deciding, drifted, { base, decision: { kind: 'retry' } })), {})
  },
)

t.test('P9: of a paused pair only rows marked outside travel, and the others keep their base', async (t) => {
  const sketch = { ...customer, fields: { ...customer.fields, city: { ...customer.fields['city'], outside: true } } }
  const deciding = decidingOf(sketch)
  const decided = await after(deciding, adatum, [{ displayName: 'A', city: 'B' }, {}], { paused: true })
  t.strictSame([written(decided), decided.agreed.size], [{ 'sales.address1_city': 'B' }, 0])
  const base = baseAfter(await baseOf(deciding, adatum), decided)
  const back = await decide(deciding, edited(adatum, { displayName: 'A', city: 'B' }, { address1_city: 'B' }), { base })
  t.strictSame(written(back), { 'sales.name': 'A' }, 'it merges when it returns')
})

t.test('a side that may not be written now keeps its base, so that the edit travels later', async (t) => {
  const deciding = decidingOf(customer)
  const rows = edited(adatum, { displayName: 'A' }, { telephone1: '2' })
  const base = await baseOf(deciding, adatum)
  const oneOff = await decide(deciding, rows, { base, writable: { businessCentral: false, sales: true } })
  t.strictSame([written(oneOff), oneOff.agreed.size, oneOff.left], [{ 'sales.name': 'A' }, 0, true])
  const later = await decide(deciding, applied(rows, oneOff), { base: baseAfter(base, oneOff) })
  t.strictSame(written(later), { 'businessCentral.phoneNumber': '2' })
})

// Rows that are made, not copied

const website: Sketch = {
  businessCentral: 'website text(80), code code(20)',
  sales: 'websiteurl text(200), label text(100)',
  fields: {
    website: {
      businessCentral: 'website',
      sales: 'websiteurl',
      compute: { toSales: '$lowercase(website)', toBusinessCentral: '$lowercase(websiteurl)' },
    },
  },
}

t.test('P4: a row computed both ways travels, and what the other expression makes of it is its base', async (t) => {
  const deciding = decidingOf(website)
  const before = { businessCentral: { website: 'a.com' }, sales: { websiteurl: 'a.com' } }
  const decided = await after(deciding, before, [{ website: 'WWW.B.com' }])
  t.strictSame(written(decided), { 'sales.websiteurl': 'www.b.com' })
  const base = baseAfter(await baseOf(deciding, before), decided)
  const rows = applied(edited(before, { website: 'WWW.B.com' }), decided)
  t.equal(newsIn(await decide(deciding, rows, { base })), 0)
  const cleared = await after(deciding, before, [{}, { websiteurl: null }])
  t.strictSame(written(cleared), { 'businessCentral.website': null }, 'an expression of nothing gives nothing')
})

t.test('P4: expressions that are no inverse of each other do not write back and forth', async (t) => {
  const inverses: Sketch = {
    businessCentral: 'name text(40), short text(2), card.note text(9)',
    sales: 'title text(40), page.memo text(9)',
    fields: {
      name: {
        businessCentral: 'name',
        sales: 'title',
        compute: { toSales: '$uppercase(name)', toBusinessCentral: '$substring(title, 0, 3) & page.memo' },
      },
      note: { businessCentral: 'card.note', sales: 'page.memo' },
    },
  }
  const deciding = decidingOf(inverses)
  const before = {
    businessCentral: { name: 'ABCDEF', card: { note: 'x' } },
    sales: { title: 'ABCDEF', page: { memo: 'x' } },
  }
  const base = await baseOf(deciding, before)
  const rows = edited(before, { name: 'uvwxyz', card: { note: 'y' } })
  const decided = await decide(deciding, rows, { base })
  t.strictSame(written(decided), { 'sales.title': 'UVWXYZ', 'sales.page.memo': 'y' })
  const again = await decide(deciding, applied(rows, decided), { base: baseAfter(base, decided) })
  t.strictSame([written(again), again.held], [{}, []], 'the base is what the other side says once all is written')
})

t.test('P4: a row computed one way and copied back does not come back in another form', async (t) => {
  const deciding = decidingOf({
    businessCentral: 'code code(20)',
    sales: 'label text(100)',
    fields: { code: { businessCentral: 'code', sales: 'label', compute: { toSales: '"x-" & code' } } },
  })
  const rows = { businessCentral: { code: 'A' }, sales: { label: null } }
  const decided = await decide(deciding, rows)
  t.strictSame(written(decided), { 'sales.label': 'x-A' })
  const again = await decide(deciding, applied(rows, decided), { base: baseAfter(noBase, decided) })
  t.strictSame(written(again), {})
})

t.test('an expression that needs the interpreter is waited for, and sees $settings', async (t) => {
  const deciding = decidingOf(
    {
      ...website,
      fields: {
        site: {
          sales: 'websiteurl',
          direction: 'toSales',
          compute: { toSales: '$join([$settings.host, website], "/")' },
        },
      },
    },
    {},
    { settings: { host: 'https://x' } },
  )
  t.strictSame(written(await decide(deciding, { businessCentral: { website: 'a' }, sales: { websiteurl: null } })), {
    'sales.websiteurl': 'https://x/a',
  })
  t.strictSame(written(await decideNew(deciding, 'sales', { website: 'a' })), { 'sales.websiteurl': 'https://x/a' })
})

t.test('F-04: a constant is written in its direction, and again when the row is changed only', async (t) => {
  const sketch: Sketch = {
    businessCentral: 'kind text(10)',
    sales: 'customertypecode choice, source text(10)',
    fields: {
      type: { sales: 'customertypecode', value: 3, direction: 'toSales' },
      kind: { businessCentral: 'kind', value: 'Sales', direction: 'toBusinessCentral' },
    },
  }
  const deciding = decidingOf(sketch)
  const rows = { businessCentral: { kind: '' }, sales: { customertypecode: null } }
  const decided = await decide(deciding, rows)
  t.strictSame(written(decided), { 'sales.customertypecode': 3, 'businessCentral.kind': 'Sales' })
  const base = baseAfter(noBase, decided)
  t.strictSame(
    written(await decide(deciding, { businessCentral: { kind: 'x' }, sales: { customertypecode: 4 } }, { base })),
    {},
  )
})

t.test('a row without a column on the side it travels to is remembered, not written', async (t) => {
  const deciding = decidingOf({
    businessCentral: 'name text(10)',
    sales: 'title text(10)',
    fields: { note: { businessCentral: 'name', direction: 'toSales' } },
  })
  const decided = await decide(deciding, { businessCentral: { name: 'x' }, sales: { title: '' } })
  t.strictSame([decided.writes, [...decided.agreed.keys()]], [[], ['note@h1']])
})

t.test('blank policies: a blank source clears, keeps or writes the default', async (t) => {
  const before = { businessCentral: { city: 'Atlanta' }, sales: { address1_city: 'Atlanta' } }
  const policies: Record<Field['blank'], { readonly cells: Row; readonly agreed: number }> = {
    clear: { cells: { 'sales.address1_city': null }, agreed: 0 },
    keep: { cells: {}, agreed: 1 },
    write: { cells: { 'sales.address1_city': null }, agreed: 0 },
    default: { cells: { 'sales.address1_city': 'Nowhere' }, agreed: 0 },
  }
  for (const [blank, expected] of Object.entries(policies)) {
    const city: Partial<Field> = { ...customer.fields['city'], blank: blank as Field['blank'], blankDefault: 'Nowhere' }
    const decided = await after(decidingOf({ ...customer, fields: { city } }), before, [{ city: '' }])
    t.strictSame([written(decided), decided.agreed.size], [expected.cells, expected.agreed], blank)
  }
})

t.test('a default that is blank itself clears', async (t) => {
  const city: Partial<Field> = { ...customer.fields['city'], blank: 'default' }
  const before = { businessCentral: { city: 'Atlanta' }, sales: { address1_city: 'Atlanta' } }
  t.strictSame(written(await after(decidingOf({ ...customer, fields: { city } }), before, [{ city: '' }])), {
    'sales.address1_city': null,
  })
})

// Lookups

const guids = { net14: '11111111-0000-0000-0000-000000000014', net30: '11111111-0000-0000-0000-000000000030' }
const rows30 = { net14: '22222222-0000-0000-0000-000000000014', net30: '22222222-0000-0000-0000-000000000030' }
const links: Links = {
  couplings: {
    terms: [
      { id: guids.net14, code: '14 DAYS', sales: rows30.net14 },
      { id: guids.net30, code: '30 DAYS', sales: rows30.net30 },
    ],
    options: [{ id: 'o1', code: 'CIF', sales: '800000001' }],
    currency: [
      { id: 'c1', code: 'GBP', sales: '33333333-0000-0000-0000-000000000001' },
      { id: 'c2', code: 'EUR', sales: '33333333-0000-0000-0000-000000000002' },
    ],
    unit: [
      { id: 'u1', itemNumber: '1000', code: 'PCS', sales: '44444444-0000-0000-0000-000000000001' },
      { id: 'u2', itemNumber: '1001', code: 'PCS', sales: '44444444-0000-0000-0000-000000000002' },
    ],
    contact: [{ id: 'k1', sales: '55555555-0000-0000-0000-000000000001' }],
  },
}
const coupling = (mapping: string, by: string | Readonly<Record<string, string>> = 'id', blankIs?: string): Lookup => ({
  kind: 'coupling',
  mapping,
  by,
  ...(blankIs === undefined ? {} : { blankIs }),
})
const referring = (
  lookup: Lookup,
  given: Partial<Field> = {},
  types: BySide<string> = { businessCentral: 'guid', sales: 'lookup' },
): Sketch => ({
  businessCentral: `ref ${types.businessCentral}, card.part code(10), kind choice`,
  sales: `ref ${types.sales}`,
  fields: { ref: { businessCentral: 'ref', sales: 'ref', lookup, ...given } },
})

t.test('F-08: a reference is exchanged by id, by natural key and by a composite key', async (t) => {
  const code = { businessCentral: 'code(20)', sales: 'lookup' }
  const cases: readonly [name: string, sketch: Sketch, bc: Row, sales: string, cell: unknown, back: unknown][] = [
    [
      'by id',
      referring(coupling('terms')),
      { ref: guids.net30 },
      rows30.net30,
      { set: 'terms of sales', id: rows30.net30 },
      guids.net30,
    ],
    [
      'by key',
      referring(coupling('terms', 'code'), {}, code),
      { ref: '30 days' },
      rows30.net30,
      { set: 'terms of sales', id: rows30.net30 },
      '30 DAYS',
    ],
    [
      'by two keys',
      referring(coupling('unit', { itemNumber: 'card.part', code: 'ref' }), {}, code),
      { ref: 'PCS', card: { part: ' 1001 ' } },
      '44444444-0000-0000-0000-000000000002',
      { set: 'unit of sales', id: '44444444-0000-0000-0000-000000000002' },
      'PCS',
    ],
    [
      'option of a choice',
      referring(coupling('options', 'code'), {}, { businessCentral: 'code(20)', sales: 'choice' }),
      { ref: 'CIF' },
      '800000001',
      800_000_001,
      'CIF',
    ],
  ]
  for (const [name, sketch, bc, sales, cell, back] of cases) {
    const deciding = decidingOf(sketch, links)
    const blank = { businessCentral: { ...bc, ref: null }, sales: { ref: null } }
    const forth = await decide(deciding, { ...blank, businessCentral: bc })
    t.strictSame(written(forth), { 'sales.ref': cell }, `${name}, to Sales`)
    const home = await decide(deciding, { ...blank, sales: { ref: sales } })
    t.strictSame(written(home), { 'businessCentral.ref': back }, `${name}, to Business Central`)
    const both = await decide(deciding, { businessCentral: bc, sales: { ref: sales } })
    t.strictSame([both.writes, both.held, both.agreed.size], [[], [], 1], `${name}, in step`)
  }
})

const refs = (bc: string, sales: string | null): BySide<Row> => ({
  businessCentral: { ref: bc },
  sales: { ref: sales },
})

t.test('F-10: a blank reference stands for a key, and that key comes back as blank', async (t) => {
  const deciding = decidingOf(
    referring(coupling('currency', 'code', 'GBP'), {}, { businessCentral: 'code(10)', sales: 'lookup' }),
    links,
  )
  const [gbp, eur] = ['33333333-0000-0000-0000-000000000001', '33333333-0000-0000-0000-000000000002']
  const other = await decide(deciding, refs('', eur), { meeting: 'first' })
  t.strictSame([written(other), other.held.length], [{}, 1], 'P9: a blank that stands for a key is no blank')
  t.equal((await decide(deciding, refs('', null))).agreed.size, 1)
  t.strictSame((await decide(deciding, refs('', gbp))).agreed.size, 1, 'agrees')
  const known = refs('EUR', eur)
  t.strictSame(written(await after(deciding, known, [{}, { ref: gbp }])), { 'businessCentral.ref': null })
  t.strictSame(written(await after(deciding, known, [{ ref: '' }])), {
    'sales.ref': { set: 'currency of sales', id: gbp },
  })
  t.strictSame(written(await after(deciding, known, [{}, { ref: null }])), { 'businessCentral.ref': null })
})

t.test('a polymorphic reference goes through the mapping that its case names', async (t) => {
  const lookup: Lookup = {
    kind: 'case',
    column: 'kind',
    cases: { Person: coupling('contact'), Company: coupling('terms') },
  }
  const deciding = decidingOf(referring(lookup, { direction: 'toSales' }), links)
  const to = async (kind: string, ref: string) =>
    decide(deciding, { businessCentral: { kind, ref }, sales: { ref: null } })
  t.strictSame(written(await to('Person', 'k1')), {
    'sales.ref': { set: 'contact of sales', id: '55555555-0000-0000-0000-000000000001' },
  })
  t.strictSame(written(await to('Company', guids.net14)), { 'sales.ref': { set: 'terms of sales', id: rows30.net14 } })
  t.strictSame((await to('Company', 'k1')).waits, [
    { field: 'ref', from: 'businessCentral', mapping: 'terms', key: 'k1', policy: 'hold' },
  ])
  t.strictSame(
    (await to('Bank', 'k1')).waits.map(({ mapping }) => mapping),
    ['kind Bank'],
    'no such case',
  )
  t.strictSame(
    (await to('_x0020_', 'k1')).waits.map(({ mapping }) => mapping),
    ['kind blank'],
    'no case at all',
  )
  t.strictSame(lookupMappings(deciding.compiled.fields[0]?.field ?? ({} as Field)), ['contact', 'terms'])
})

t.test('a reference found by a query asks first, then links, holds or keeps', async (t) => {
  const find: Lookup = { kind: 'query', find: 'prices', where: { level: { constant: 1 }, unit: { field: 'unit' } } }
  const sketch: Sketch = {
    businessCentral: 'unit code(10)',
    sales: 'unit text(10), price lookup',
    fields: {
      unit: { businessCentral: 'unit', sales: 'unit', direction: 'toSales' },
      price: { sales: 'price', direction: 'toSales', lookup: find },
    },
  }
  const rows = { businessCentral: { unit: 'pcs' }, sales: { unit: 'PCS', price: null } }
  const query = { side: 'sales', entity: 'prices', where: { level: 1, unit: 'PCS' } }
  t.strictSame((await decide(decidingOf(sketch), rows)).asks, [query], 'not looked for yet')
  const known = decidingOf(sketch, { records: { prices: [{ id: 'p1', level: 1, unit: 'PCS' }] } })
  t.strictSame(written(await decide(known, rows)), { 'sales.price': { set: 'prices', id: 'p1' } })
  const none = await decide(decidingOf(sketch, { records: { prices: [] } }), rows)
  t.strictSame(none.waits, [
    {
      field: 'price',
      from: 'businessCentral',
      mapping: 'prices',
      key: '1, PCS',
      policy: 'hold',
      asked: 'level = 1, unit',
    },
  ])
  const description = 'a unit without a price'
  const price = { sales: 'price', direction: 'toSales', lookup: find, description } as const
  const described = { ...sketch, fields: { ...sketch.fields, price } }
  const [wait] = (await decide(decidingOf(described, { records: { prices: [] } }), rows)).waits
  t.match(wait, { asked: 'level = 1, unit', about: description }, 'and says what the row is for')
  const blank = await decide(known, { ...rows, businessCentral: { unit: '' } })
  t.strictSame(written(blank), { 'sales.unit': null }, 'nothing to ask with')
  const created = await decideNew(decidingOf(sketch), 'sales', rows.businessCentral)
  t.strictSame([created.asks, Object.keys(written(created))], [[query], ['sales.unit']])
  t.strictSame(lookupMappings(known.compiled.fields[1]?.field ?? ({} as Field)), [])
})

t.test(
  'F-08: a reference that is not coupled is held, cleared, kept, skipped or taken along, as its row says',
  async (t) => {
    const unknown = { ref: '99999999-0000-0000-0000-000000000001' }
    const wait = (from: Side, policy: string, mapping = 'terms') => [
      { field: 'ref', from, mapping, key: unknown.ref, policy, ...(mapping === 'terms' ? {} : { through: 'terms' }) },
    ]
    const policies: Record<
      WhenUncoupled['kind'],
      { readonly policy: WhenUncoupled; readonly cells: Row; readonly waits?: [string, string?] }
    > = {
      hold: { policy: { kind: 'hold' }, cells: {}, waits: ['hold'] },
      clear: { policy: { kind: 'clear' }, cells: { ref: null } },
      keep: { policy: { kind: 'keep' }, cells: {} },
      skip: { policy: { kind: 'skip' }, cells: {}, waits: ['skip'] },
      sync: { policy: { kind: 'sync', mapping: 'payment-terms' }, cells: {}, waits: ['sync', 'payment-terms'] },
    }
    const before = { businessCentral: { ref: guids.net14 }, sales: { ref: rows30.net14 } }
    for (const [kind, { policy, cells, waits }] of Object.entries(policies)) {
      const deciding = decidingOf(referring(coupling('terms'), { whenUncoupled: policy }), links)
      for (const from of ['businessCentral', 'sales'] as const) {
        const to = from === 'sales' ? 'businessCentral' : 'sales'
        const decided = await after(deciding, before, from === 'sales' ? [{}, unknown] : [unknown])
        const expected = Object.fromEntries(Object.entries(cells).map(([column, cell]) => [`${to}.${column}`, cell]))
        t.strictSame(
          [written(decided), decided.waits],
          [expected, waits === undefined ? [] : wait(from, ...waits)],
          `${kind} from ${from}`,
        )
        t.equal(decided.agreed.size, kind === 'keep' ? 1 : 0, 'what waits keeps its base and is looked at again')
      }
      const first = await decide(deciding, { businessCentral: unknown, sales: before.sales }, { meeting: 'first' })
      t.equal(first.held.length, 1, `${kind}: at a first match a person can decide where the other value is known`)
      t.strictSame(first.waits, kind === 'sync' ? wait('businessCentral', 'sync', 'payment-terms') : [])
      const neither = await decide(deciding, { businessCentral: unknown, sales: unknown }, { meeting: 'first' })
      const told = kind === 'clear' || kind === 'keep'
      t.strictSame([neither.held.length, neither.waits.length], told ? [1, 0] : [0, 2], `${kind}: neither can be told`)
    }
  },
)

t.test('F-09 a record is taken along by the mapping of its lookup where the row names none', async (t) => {
  const along = referring(coupling('terms'), { whenUncoupled: { kind: 'sync', mapping: undefined } })
  const { waits } = await decideNew(decidingOf(along, links), 'sales', { ref: '99999999-0000-0000-0000-000000000001' })
  t.match(waits, [{ mapping: 'terms', policy: 'sync', through: undefined }])
})

const boxed = (card: unknown): BySide<Row> => ({ businessCentral: { ref: 'box', card }, sales: { ref: null } })

t.test('a missing reference by natural keys is told with all of them', async (t) => {
  const code = { businessCentral: 'code(20)', sales: 'lookup' }
  const lookup = coupling('unit', { itemNumber: 'card.part', code: 'ref' })
  const deciding = decidingOf(referring(lookup, {}, code), links)
  const missing = await decide(deciding, boxed({ part: ' kt-1 ' }))
  const wait = { field: 'ref', from: 'businessCentral', mapping: 'unit', key: 'BOX', policy: 'hold' }
  t.strictSame(missing.waits, [{ ...wait, keys: { itemNumber: 'KT-1', code: 'BOX' } }])
  t.strictSame((await decide(deciding, boxed({ part: '' }))).waits, [
    { ...wait, keys: { itemNumber: '', code: 'BOX' } },
  ])
  t.strictSame((await decide(deciding, boxed(null))).waits, [{ ...wait, keys: { itemNumber: '', code: 'BOX' } }])
})

t.test('an option travels as a number also into a column of whole numbers', async (t) => {
  const types = { businessCentral: 'code(20)', sales: 'integer' }
  const deciding = decidingOf(referring(coupling('options', 'code'), {}, types), links)
  t.strictSame(written(await decide(deciding, { businessCentral: { ref: 'CIF' }, sales: { ref: null } })), {
    'sales.ref': 800_000_001,
  })
})

t.test('a first match asks and waits for what it needs before anything is called different', async (t) => {
  const find: Lookup = { kind: 'query', find: 'prices', where: { level: { constant: 1 } } }
  const deciding = decidingOf(referring(find, { direction: 'toSales' }))
  const decided = await decide(deciding, { businessCentral: { ref: 'x' }, sales: { ref: 'y' } }, { meeting: 'first' })
  t.strictSame([decided.asks.length, decided.held], [1, []])
})

t.test('a reference that can be told later in the run is no difference yet', async (t) => {
  const deciding = decidingOf(referring(coupling('terms')), { ...links, later: ['terms'] })
  const rows = { businessCentral: { ref: '99999999-0000-0000-0000-000000000001' }, sales: { ref: rows30.net14 } }
  const decided = await decide(deciding, rows, { meeting: 'first', deferLater: true })
  t.strictSame([decided.held, decided.waits.map(({ policy }) => policy)], [[], ['defer']])
})

t.test('references to mappings that run later are left for the second pass, unless it is that pass', async (t) => {
  const deciding = decidingOf(referring(coupling('later'), { whenUncoupled: { kind: 'clear' } }), { later: ['later'] })
  const rows = { businessCentral: { ref: guids.net14 }, sales: { ref: null } }
  const first = await decide(deciding, rows, { deferLater: true })
  t.strictSame([written(first), first.waits.map(({ policy }) => policy)], [{}, ['defer']])
  const second = await decide(deciding, rows, { deferLater: false })
  t.strictSame([written(second), second.waits], [{}, []])
  t.strictSame(
    (await decideNew(deciding, 'sales', rows.businessCentral, { deferLater: true })).waits.map(({ policy }) => policy),
    ['defer'],
  )
  const other = decidingOf(referring(coupling('earlier')), { later: ['later'] })
  t.strictSame(
    (await decide(other, rows, { deferLater: true })).waits.map(({ policy }) => policy),
    ['hold'],
  )
})

// Pages

const paged: Sketch = {
  businessCentral: 'name text(20), card.Fax text(20)',
  sales: 'name text(20), fax text(20), note text(40)',
  fields: {
    name: { businessCentral: 'name', sales: 'name' },
    fax: { businessCentral: 'card.Fax', sales: 'fax' },
    note: { sales: 'note', direction: 'toSales', compute: { toSales: 'name & " " & card.Fax' } },
  },
}

t.test('a page is read and written beside its record', async (t) => {
  const deciding = decidingOf(paged)
  const before = { businessCentral: { name: 'A', card: { Fax: '1' } }, sales: { name: 'A', fax: '1', note: 'A 1' } }
  t.strictSame(written(await after(deciding, before, [{}, { fax: '2' }])), { 'businessCentral.card.Fax': '2' })
  t.strictSame(written(await after(deciding, before, [{ card: { Fax: '3' } }])), {
    'sales.fax': '3',
    'sales.note': 'A 3',
  })
})

t.test('P9: what stands on a page that is not published, or has no row for a record, is left alone', async (t) => {
  const deciding = decidingOf(paged)
  const rows = { businessCentral: { name: 'A' }, sales: { name: 'A', fax: '1', note: '' } }
  const unpublished = await decide(deciding, rows, { missingPages: new Set(['card']) })
  t.strictSame([written(unpublished), [...unpublished.agreed.keys()]], [{}, ['name@h1']])
  const rowless = await decide(deciding, rows)
  t.strictSame(written(rowless), { 'sales.note': 'A ' }, 'an expression sees it as absent')
  t.notOk(rowless.agreed.has('fax@h1'))
  const created = await decideNew(deciding, 'sales', { name: 'A' }, { missingPages: new Set(['card']) })
  t.strictSame(written(created), { 'sales.name': 'A' })
})

// New records

t.test('a new record gets every value that travels to it, and remembers what was blank', async (t) => {
  const sketch: Sketch = {
    ...customer,
    businessCentral: `${customer.businessCentral}, kind text(9)`,
    sales: `${customer.sales}, customertypecode choice`,
    fields: {
      ...customer.fields,
      type: { sales: 'customertypecode', value: 3, on: 'create', direction: 'toSales' },
      kind: { businessCentral: 'kind', value: 'x', on: 'create', direction: 'toBusinessCentral' },
    },
  }
  const deciding = decidingOf(sketch)
  const toSales = await decideNew(deciding, 'sales', { ...adatum.businessCentral, city: '' })
  t.strictSame(written(toSales), {
    'sales.accountnumber': '10000',
    'sales.name': 'Adatum',
    'sales.telephone1': '1',
    'sales.creditlimit': 5,
    'sales.customertypecode': 3,
  })
  t.ok(toSales.writes.every(({ why, before }) => why === 'create' && before === null))
  t.strictSame([...toSales.agreed.keys()], ['city@h1'])
  const toBc = await decideNew(deciding, 'businessCentral', adatum.sales)
  t.strictSame(written(toBc), {
    'businessCentral.displayName': 'Adatum',
    'businessCentral.city': 'Atlanta',
    'businessCentral.phoneNumber': '1',
    'businessCentral.kind': 'x',
  })
  t.notOk(deciding.compiled.layout.rows.includes('type@h1'), 'what is written only then has no base')
  const made = { businessCentral: { ...adatum.businessCentral, city: '' }, sales: {} }
  const known = await decide(deciding, applied(made, toSales), { base: baseAfter(noBase, toSales) })
  t.strictSame([known.writes, known.held], [[], []], 'P4: and the next run writes nothing')
})

t.test('a new record waits for references, leaves pages for later and keeps what its row keeps', async (t) => {
  const waiting = await decideNew(decidingOf(referring(coupling('none'))), 'sales', { ref: guids.net14 })
  t.strictSame([waiting.writes, waiting.waits.map(({ mapping }) => mapping)], [[], ['none']])
  t.strictSame(written(await decideNew(decidingOf(paged), 'businessCentral', { name: 'A', fax: '1' })), {
    'businessCentral.name': 'A',
  })
  const onPage = decidingOf(
    {
      ...referring(coupling('terms', 'code')),
      fields: { ref: { businessCentral: 'card.part', sales: 'ref', lookup: coupling('terms', 'code') } },
    },
    { ...links, later: ['terms'] },
  )
  const known = await decideNew(onPage, 'businessCentral', { ref: rows30.net14 })
  t.strictSame([known.writes, known.waits], [[], []], 'what stands on a page is written behind it')
  const unknown = await decideNew(onPage, 'businessCentral', { ref: guids.net14 })
  t.match(unknown.waits, [{ field: 'ref', mapping: 'terms', policy: 'hold' }], 'and what it waits for is waited for')
  const later = await decideNew(onPage, 'businessCentral', { ref: guids.net14 }, { deferLater: true })
  t.strictSame(later.waits, [], 'but for a mapping that runs later')
  const city: Partial<Field> = { ...customer.fields['city'], blank: 'keep' }
  const kept = await decideNew(decidingOf({ ...customer, fields: { city } }), 'sales', { city: '' })
  t.strictSame([kept.writes, kept.agreed.size], [[], 0])
})

t.test('P4: a new record with a row computed both ways remembers what it will say', async (t) => {
  const deciding = decidingOf(website)
  const source = { website: 'WWW.A.com' }
  const created = await decideNew(deciding, 'sales', source)
  const rows = applied({ businessCentral: source, sales: {} }, created)
  const next = await decide(deciding, rows, { base: baseAfter(noBase, created) })
  t.equal(newsIn(next), 0)
})

// Echoes

t.test(
  'P4: a row is edited when a field that speaks differs from the base, and never because of a field that listens',
  async (t) => {
    const deciding = decidingOf({
      ...customer,
      fields: { ...customer.fields, type: { businessCentral: 'city', sales: 'name', on: 'create' } },
    })
    const base = await baseOf(deciding, adatum)
    const asked = (side: Side, edit: Row) => isEdited(deciding, side, { ...adatum[side], ...edit }, base)
    t.notOk(await asked('businessCentral', {}))
    t.notOk(await asked('sales', {}))
    t.ok(await asked('businessCentral', { creditLimit: 6 }))
    t.notOk(await asked('sales', { creditlimit: 6 }), 'a listener')
    t.notOk(await asked('businessCentral', { creditLimit: 5.001 }), 'less than the other side keeps')
    t.ok(await asked('sales', { name: '' }))
    t.ok(await isEdited(deciding, 'sales', adatum.sales, noBase), 'without a base it must be looked at')
  },
)

t.test('the fingerprint of a side that only listens is that of what stands there', async (t) => {
  const deciding = decidingOf(customer)
  const [limit] = deciding.compiled.fields.filter(({ field }) => field.name === 'creditLimit')
  if (limit === undefined) return t.fail('no such row')
  t.equal(await printOf(deciding, limit, 'sales', { creditlimit: '5.00' }), deciding.fingerprint('5'))
  t.equal(await printOf(deciding, limit, 'businessCentral', { creditLimit: 5.001 }), deciding.fingerprint('5'))
})

// Convergence

const converging: Sketch = {
  businessCentral:
    'a text(9), shout text(9), cut text(9), code code(5), amount decimal.5, site text(30), ref guid, limit decimal, flag boolean, day date',
  sales:
    'a text(6), shout text(9), cut text(9), code text(20), amount money.2, site text(30), ref lookup, limit money, flag boolean, day dateTime',
  fields: {
    ...Object.fromEntries(
      ['a', 'shout', 'cut', 'code', 'amount', 'flag', 'day'].map((name) => [
        name,
        { businessCentral: name, sales: name },
      ]),
    ),
    site: {
      businessCentral: 'site',
      sales: 'site',
      compute: { toSales: '$lowercase(site)', toBusinessCentral: '$lowercase(site)' },
    },
    ref: { businessCentral: 'ref', sales: 'ref', lookup: coupling('terms') },
    limit: { businessCentral: 'limit', sales: 'limit', direction: 'toSales' },
  },
  timeZone: 'Europe/Berlin',
}
/** Sales writes `shout` in capitals and Business Central keeps three letters of `cut`, without telling anybody. */
const stores = (side: Side, column: string, value: unknown): unknown => {
  if (typeof value !== 'string') return value
  if (column === 'shout' && side === 'sales') return value.toUpperCase()
  if (column === 'cut' && side === 'businessCentral') return value.slice(0, 3)
  return value
}

const textArb = fc.constantFrom('', 'one', 'Two', 'three fo', 'five six', 'ONE')
const amountArb = fc.constantFrom(0, 1, 1.005, 2.34567, -7)
const dayArb = fc.constantFrom('2026-03-29', '2026-10-25', '2026-11-21')
const editsOf = (side: Side): fc.Arbitrary<Row> =>
  fc.record(
    {
      a: textArb,
      shout: textArb.map((text) => (side === 'sales' ? text.toUpperCase() : text)),
      cut: textArb.map((text) => (side === 'sales' ? text : text.slice(0, 3))),
      code: textArb.map((text) => text.slice(0, 5)),
      amount: amountArb,
      site: textArb,
      ref: fc.constantFrom(...Object.values(side === 'sales' ? rows30 : guids), null),
      limit: amountArb,
      flag: fc.boolean(),
      day: side === 'sales' ? dayArb.map((day) => `${day}T22:30:00Z`) : dayArb,
    },
    { requiredKeys: [] },
  )

const partners: Readonly<Record<string, string>> = { [guids.net14]: rows30.net14, [guids.net30]: rows30.net30 }
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const cutTo = (most: number) => (value: unknown) => text(value).slice(0, most)
const rounded = (precision: number) => (value: unknown) => canonical(value ?? 0, { type: 'money', precision })
/** What a person would call the same value of a field, whichever service stores it. */
const meanings: Readonly<Record<string, (value: unknown) => unknown>> = {
  a: cutTo(6),
  shout: (value) => text(value).toUpperCase(),
  cut: cutTo(3),
  code: (value) => canonical(value, { type: 'code', maxLength: 5 }),
  amount: rounded(2),
  limit: rounded(4),
  site: (value) => text(value).toLowerCase(),
  ref: (value) => partners[text(value)] ?? canonical(value, { type: 'guid' }),
  flag: (value) => value === true,
  day: (value) => canonical(value, { type: 'date', timeZone: 'Europe/Berlin' }),
}
const meaning = (name: string, value: unknown): unknown => meanings[name]?.(value)

interface Story {
  readonly inStep: BySide<Row>
  readonly edited: BySide<Row>
  readonly settled: BySide<Row>
  /** Fields that wait for a person. */
  readonly held: ReadonlySet<string>
}

/** What is wrong with the end of a field's story; undefined when nothing is. */
function wrongEnd(name: string, story: Story): string | undefined {
  const at = (rows: BySide<Row>) => ({
    here: meaning(name, rows.businessCentral[name]),
    there: meaning(name, rows.sales[name]),
  })
  const [first, given, last] = [at(story.inStep), at(story.edited), at(story.settled)]
  const [editedHere, editedThere] = [first.here !== given.here, first.there !== given.there]
  const untouched = last.here === given.here && last.there === given.there
  const typedAnew = sides.every((side) => story.inStep[side][name] !== story.edited[side][name])
  const isRight = (): boolean => {
    if (story.held.has(name)) return untouched && typedAnew
    if (name === 'limit') return last.here === given.here && last.there === (editedHere ? given.here : given.there)
    if (editedHere && editedThere && given.here !== given.there) return false
    return last.here === last.there && last.here === (editedHere ? given.here : given.there)
  }
  return isRight() ? undefined : `${name}: ${JSON.stringify({ first, given, last })}`
}

const start = {
  a: '',
  shout: '',
  cut: '',
  code: '',
  amount: 0,
  site: '',
  ref: null,
  limit: 0,
  flag: false,
  day: '2026-11-21',
}

t.test(
  'P3, P4: edits on both sides are in step after two rounds, a third writes nothing, and none is lost unless held',
  async (t) => {
    const deciding = decidingOf(converging, links)
    const names = deciding.compiled.fields.map(({ field }) => field.name)
    const [moved, contradicted] = [new Set<string>(), new Set<string>()]
    const inStep = { rows: { businessCentral: start, sales: { ...start, day: '2026-11-20T23:00:00Z' } }, base: noBase }
    const bothEdited = fc.record({ businessCentral: editsOf('businessCentral'), sales: editsOf('sales') })
    await forAllAsync(
      fc.asyncProperty(fc.array(bothEdited, { minLength: 1, maxLength: 3 }), async (episodes) => {
        let world: World = await settled(deciding, inStep, { most: 3, stores })
        for (const edits of episodes) {
          const before = { rows: edited(world.rows, edits.businessCentral, edits.sales), base: world.base }
          const end = await settled(deciding, before, { most: 3, stores })
          const held = new Set(end.decided.held.map(({ field }) => field))
          const still = end.decided.writes.map(({ field }) => `${field.field.name} is still written`)
          const story = { inStep: world.rows, edited: before.rows, settled: end.rows, held }
          const wrong = names.map((name) => wrongEnd(name, story)).filter((each) => each !== undefined)
          const problems = [...still, ...wrong]
          if (problems.length > 0) throw new Error(problems.join('\n'))
          for (const name of held) contradicted.add(name)
          for (const name of names) if (before.rows.sales[name] !== end.rows.sales[name]) moved.add(name)
          world = end
          // What is held is out of step from here on: its story does not start anew.
          if (held.size > 0) return
        }
      }),
      { numRuns: 300 },
    )
    t.strictSame(
      names.filter((name) => !moved.has(name)),
      [],
      'every field travelled',
    )
    t.strictSame(
      names.filter((name) => !contradicted.has(name)),
      ['flag', 'limit'],
      'and was contradicted, where it can be',
    )
  },
)

const merging = {
  base: noBase,
  meeting: 'known',
  paused: false,
  decision: undefined,
  missingPages: new Set<string>(),
  writable: { businessCentral: true, sales: true },
  deferLater: false,
} as const

t.test('P5 a row whose expression fails is told and left alone, the others travel', async (t) => {
  const site = { sales: 'websiteurl', direction: 'toSales', compute: { toSales: '$number(website)' } } as const
  const name = { sales: 'name', direction: 'toSales', compute: { toSales: 'displayName' } } as const
  const rows = { businessCentral: loaded({ website: 'x', displayName: 'Adatum' }), sales: loaded({}) }
  const decided = await decidePair(decidingOf({ ...website, fields: { site, name } }), { ...merging, rows })
  t.match(decided.failed, [{ field: 'site' }])
  t.strictSame(
    decided.writes.map(({ field }) => field.field.name),
    ['name'],
  )
  t.notOk(
    [...decided.agreed.keys()].some((row) => row.startsWith('site')),
    'its base stays',
  )
  const split = { ...site, compute: { toSales: '$uppercase($splitText(website, 1))' } }
  const atOnce = await decidePair(decidingOf({ ...website, fields: { site: split } }), { ...merging, rows })
  t.match(atOnce.failed, [{ field: 'site' }], 'whether it is waited for or not')
  const around = decidingOf({ ...website, fields: { site: { ...site, step: 'after' }, name } })
  await t.rejects(decidePair(around, { ...merging, rows }), { name: 'ExpressionError', row: 'site' }, 'written around')
})

t.test('P5 a value of which its side could not say what it is then is not written', async (t) => {
  const compute = { toSales: 'website', toBusinessCentral: '$number(websiteurl)' }
  const deciding = decidingOf({
    ...website,
    fields: {
      site: { businessCentral: 'website', sales: 'websiteurl', compute },
      code: { businessCentral: 'code', sales: 'label' },
    },
  })
  const before = { businessCentral: { website: '1', code: 'A' }, sales: { websiteurl: '1', label: 'A' } }
  const decided = await after(deciding, before, [{ website: 'x', code: 'B' }])
  t.strictSame(written(decided), { 'sales.label': 'B' })
  t.match(decided.failed, [{ field: 'site' }])
})

t.test('P5 a reference that is found by what a failing row says waits with it', async (t) => {
  const find: Lookup = { kind: 'query', find: 'prices', where: { level: { constant: 1 }, unit: { field: 'unit' } } }
  const deciding = decidingOf({
    businessCentral: 'unitOfMeasure code(10)',
    sales: 'unit text(20), price lookup',
    fields: {
      unit: { sales: 'unit', direction: 'toSales', compute: { toSales: '$number(unitOfMeasure)' } },
      price: { sales: 'price', direction: 'toSales', lookup: find, compute: { toSales: "'x'" } },
    },
  })
  const rows = { businessCentral: loaded({ unitOfMeasure: 'PCS' }), sales: loaded({}) }
  const { failed, asks, agreed } = await decidePair(deciding, { ...merging, rows })
  t.strictSame(
    failed.map(({ field }) => field),
    ['unit', 'price'],
  )
  t.strictSame([asks.length, agreed.size], [0, 0])
})
