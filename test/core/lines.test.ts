/** Lines of documents: who says them, which belong together, what is written, made and deleted, and their numbers. */
import { array, assert, constant, integer, oneof, property, record } from 'fast-check'
import t from 'tap'
import type { BySide, Field, Lookup, Side } from '../../src/config/config.ts'
import { noBase } from '../../src/core/base.ts'
import { type DecidedLines, areLinesEdited } from '../../src/core/decide-lines.ts'
import { lineRows } from '../../src/core/document-lines.ts'
import { numbered } from '../../src/core/line-numbers.ts'
import type { Row } from '../../src/core/record.ts'
import { loaded } from './mapping-fixture.ts'
import {
  type LinesSketch,
  type Scene,
  agreedOn,
  compiledLines,
  decideScene,
  decidingOf,
  documentOf,
  told,
} from './lines-fixture.ts'

const bc = (id: string, item: string, more: Row = {}): Row => ({ id, item, quantity: 1, price: 10, ...more })
const inSales = (id: string, product: string, more: Row = {}): Row => ({ id, product, quantity: 1, price: 10, ...more })
const pairOf = (n: number, more: Row = {}): BySide<Row> => ({
  businessCentral: bc(`b${n}`, `I${n}`, { sequence: n * 10_000, ...more }),
  sales: inSales(`s${n}`, `I${n}`, { sequence: n, ...more }),
})

t.test(
  'lines are said in their order; those outside the filter, and of a side that only listens, are not',
  async (t) => {
    const given = documentOf([bc('b3', 'C'), bc('b2', 'B', { sequence: 20 }), bc('b1', 'A', { sequence: 10 })])
    const said = async (sketch: LinesSketch): Promise<readonly string[]> =>
      (await lineRows(compiledLines(sketch), 'businessCentral', given, {})).map(({ id, spoken }) => `${id} ${spoken}`)
    t.same(await said({}), ['b1 true', 'b2 true', 'b3 true'], 'without a number they stand at the end')
    t.same(await said({ unordered: true }), ['b3 true', 'b2 true', 'b1 true'], 'as the service gives them')
    t.same(await lineRows(compiledLines(), 'sales', loaded({}), {}), [], 'a record that was read without lines')
    t.same(await said({ filter: { businessCentral: "item eq 'B'" } }), ['b1 false', 'b2 true', 'b3 false'])
    t.same(await said({ direction: 'toBusinessCentral' }), ['b1 false', 'b2 false', 'b3 false'])
  },
)

t.test('an expression says keyed lines: those of an id bring its columns, others stand nowhere', async (t) => {
  const compute = { toSales: "$append(lines.{ 'key': id, 'text': item & '!' }, { 'key': 'freight', 'price': 5 })" }
  const lines = compiledLines({ compute })
  const rows = await lineRows(lines, 'businessCentral', documentOf([bc('b1', 'A')], { number: 'S1' }), {})
  t.match(rows, [
    { id: 'b1', spoken: true, stored: true, row: { item: 'A', text: 'A!', document: { number: 'S1' } } },
    { id: 'freight', spoken: true, stored: false, etag: undefined, row: { price: 5 } },
  ])
  const some = compiledLines({ compute: { toSales: "lines[item = 'A'].{ 'key': id }" } })
  const filtered = await lineRows(some, 'businessCentral', documentOf([bc('b1', 'A'), bc('b2', 'B')]), {})
  t.same(
    filtered.map(({ id, spoken, stored }) => [id, spoken, stored]),
    [
      ['b1', true, true],
      ['b2', false, true],
    ],
    'what it does not say still stands there',
  )
  for (const [expression, message] of [
    ["lines.{ 'text': item }", /without a key/],
    ["[{ 'key': 'a' }, { 'key': 'a' }]", /same key/],
    ["'a text'", /without a key/],
  ] as const)
    await t.rejects(
      lineRows(compiledLines({ compute: { toSales: expression } }), 'businessCentral', documentOf([bc('b1', 'A')]), {}),
      { name: 'ExpressionError', message },
      expression,
    )
  const none = compiledLines({ compute: { toSales: 'lines[false]' } })
  t.same((await lineRows(none, 'businessCentral', documentOf([]), {})).length, 0)
})

t.test('P3 P4 pairs of lines are merged field by field under their own bases', async (t) => {
  const pairs = await agreedOn(undefined, [pairOf(1), pairOf(2)])
  const still = { businessCentral: [pairOf(1).businessCentral, pairOf(2).businessCentral], pairs }
  const decide = (rows: Partial<Scene>) => decideScene({ ...still, sales: [pairOf(1).sales, pairOf(2).sales], ...rows })
  t.same(told(await decide({})), [])
  const edited = inSales('s1', 'I1', { quantity: 5 })
  const there = await decide({ sales: [edited, pairOf(2).sales] })
  t.same(told(there), ['update businessCentral b1 quantity=5'])
  t.equal(there.writes[0]?.etag, 'etag b1', 'P2: with its own version')
  const both = await decide({
    businessCentral: [bc('b1', 'I1', { price: 11 }), pairOf(2).businessCentral],
    sales: [edited, pairOf(2).sales],
  })
  t.same(told(both), ['update businessCentral b1 quantity=5', 'update sales s1 price=11'])
  const conflict = await decide({
    businessCentral: [bc('b1', 'I1', { quantity: 6 }), pairOf(2).businessCentral],
    sales: [edited, pairOf(2).sales],
  })
  t.match(conflict.held, [{ field: 'lines.quantity', because: 'conflict' }])
  t.same(told(conflict), [])
  const taken = await decide({
    businessCentral: [bc('b1', 'I1', { quantity: 6 }), pairOf(2).businessCentral],
    sales: [edited, pairOf(2).sales],
    decision: { kind: 'take', fields: { 'lines.quantity': 'businessCentral' } },
  })
  t.same(told(taken), ['update sales s1 quantity=6'])
  const elsewhere = await decide({
    businessCentral: [bc('b1', 'I1', { quantity: 6 }), pairOf(2).businessCentral],
    sales: [edited, pairOf(2).sales],
    decision: { kind: 'take', fields: { quantity: 'businessCentral' } },
  })
  t.match(elsewhere.held, [{ field: 'lines.quantity' }], 'a decision about the header decides nothing about lines')
  const shut = await decide({ sales: [edited, pairOf(2).sales], writable: { businessCentral: false } })
  t.same([told(shut), shut.left], [[], true])
  const listening = await agreedOn({ on: 'create' }, [pairOf(1)])
  const once = await decideScene({
    sketch: { on: 'create' },
    businessCentral: [pairOf(1).businessCentral],
    sales: [edited],
    pairs: listening,
  })
  t.same(told(once), [], 'on: create never updates a line of a known document')
})

t.test('a line that is gone takes its partner along, unless it was edited or must not be written', async (t) => {
  const edited = { quantity: 9 }
  const table: readonly (readonly [string, LinesSketch, 'businessCentral' | 'sales', boolean, readonly string[]])[] = [
    ['gone in Sales', {}, 'sales', false, ['delete businessCentral b1']],
    ['gone in Business Central', {}, 'businessCentral', false, ['delete sales s1']],
    ['an edit beats it', {}, 'sales', true, ['create sales from b1 item="I1" quantity=9 price=10']],
    ['an edit beats it', {}, 'businessCentral', true, ['create businessCentral from s1 item="I1" quantity=9']],
    ['its source is gone', { direction: 'toSales' }, 'businessCentral', false, ['delete sales s1']],
    [
      'its source is gone, an edit of the target is none',
      { direction: 'toSales' },
      'businessCentral',
      true,
      ['delete sales s1'],
    ],
    ['the target alone is gone', { direction: 'toSales' }, 'sales', false, []],
    [
      'the target is gone, its source was edited',
      { direction: 'toSales' },
      'sales',
      true,
      ['create sales from b1 item="I1" quantity=9 price=10'],
    ],
    ['on: create', { on: 'create' }, 'sales', false, []],
    ['on: create, edited', { on: 'create' }, 'sales', true, []],
  ]
  for (const [name, sketch, gone, isEdited, wanted] of table) {
    const pairs = await agreedOn(sketch, [pairOf(1)])
    const { businessCentral, sales } = pairOf(1, isEdited ? edited : {})
    const scene = { sketch, pairs, ...(gone === 'sales' ? { businessCentral: [businessCentral] } : { sales: [sales] }) }
    const decided = await decideScene(scene)
    t.same(told(decided), wanted, `${name}, ${gone}`)
    const shut = await decideScene({ ...scene, writable: { businessCentral: false, sales: false } })
    t.same([told(shut), shut.left], [[], wanted.length > 0], `${name}: nothing where nothing may be written`)
  }
  const pairs = await agreedOn(undefined, [pairOf(1)])
  t.match(await decideScene({ pairs }), { writes: [], pairs: [] }, 'both gone: the pair ends')
})

t.test(
  'new lines are made on the other side, numbered between their neighbours; deletes and updates come first',
  async (t) => {
    const sketch = { number: 10_000 }
    const pairs = await agreedOn(sketch, [pairOf(1), pairOf(2), pairOf(3)])
    const decided = await decideScene({
      sketch,
      pairs,
      businessCentral: [1, 2, 3].map((n) => pairOf(n).businessCentral),
      sales: [
        pairOf(1).sales,
        inSales('s9', 'I9', { sequence: 1.5 }),
        inSales('s2', 'I2', { sequence: 2, quantity: 4 }),
        inSales('s8', 'I8', { sequence: 7 }),
      ],
    })
    t.same(told(decided), [
      'delete businessCentral b3',
      'update businessCentral b2 quantity=4',
      'create businessCentral from s9 #15000 item="I9" quantity=1',
      'create businessCentral from s8 #40000 item="I8" quantity=1',
    ])
  },
)

t.test('lines are made whatever on says when the document is new or meets', async (t) => {
  for (const meeting of ['new', 'first', 'known'] as const)
    for (const on of ['create', 'always'] as const) {
      const decided = await decideScene({ sketch: { on }, sales: [inSales('s1', 'I1')], meeting })
      t.equal(decided.writes.length, meeting === 'known' && on === 'create' ? 0 : 1, `${meeting}, ${on}`)
    }
  const listening = { direction: 'toSales' } as const
  t.same(told(await decideScene({ sketch: listening, sales: [inSales('s1', 'I1')], meeting: 'new' })), [])
})

t.test('P1 a line that says what another says is its partner, and none is made', async (t) => {
  for (const meeting of ['new', 'first', 'known'] as const) {
    const found = await decideScene({ businessCentral: [bc('b1', 'I1')], sales: [inSales('s1', 'I1')], meeting })
    t.match(found, { writes: [], held: [], pairs: [{ businessCentral: 'b1', sales: 's1' }] }, meeting)
    const two = await decideScene({
      businessCentral: [bc('b1', 'I1'), bc('b2', 'I1')],
      sales: [inSales('s1', 'I1'), inSales('s2', 'I1')],
      meeting,
    })
    t.equal(two.pairs?.length, 2, 'two equal lines are two')
    t.same(told(two), [])
    const priced = await decideScene({
      sketch: { firstMatch: { blank: 'fill', different: 'businessCentral' } },
      businessCentral: [bc('b1', 'I1', { price: 12 })],
      sales: [inSales('s1', 'I1', { price: 0 })],
      meeting,
    })
    t.match(priced.pairs, [{ businessCentral: 'b1', sales: 's1' }], 'what one says by itself tells them not apart')
  }
})

t.test('P1 a line with the key that we would give is ours, also when it was edited since', async (t) => {
  const decided = await decideScene({
    keys: true,
    businessCentral: [bc('businessCentral of s1', 'I1', { quantity: 8 })],
    sales: [inSales('s1', 'I1')],
  })
  t.match(decided.pairs, [{ businessCentral: 'businessCentral of s1', sales: 's1' }])
  t.equal(decided.writes.filter(({ kind }) => kind === 'create').length, 0)
  const made = await decideScene({ keys: true, sales: [inSales('s1', 'I1')] })
  t.match(made.writes, [{ kind: 'create', key: 'businessCentral of s1' }])
})

t.test('columns of match find a partner where exactly one fits', async (t) => {
  const match = [{ businessCentral: ['item'], sales: ['product'], lookup: {}, caseSensitive: false }]
  const one = await decideScene({
    sketch: { match },
    businessCentral: [bc('b1', ' i1 ', { quantity: 8 })],
    sales: [inSales('s1', 'I1')],
  })
  t.match(one, { held: [{ field: 'lines.quantity', because: 'different' }], writes: [] })
  const several = await decideScene({
    sketch: { match },
    businessCentral: [bc('b1', 'I1', { quantity: 8 }), bc('b2', 'I1', { quantity: 9 })],
    sales: [inSales('s1', 'I1')],
  })
  t.equal(several.writes.filter(({ kind }) => kind === 'create').length, 3, 'two that fit tell nothing')
  const blank = await decideScene({
    sketch: { match },
    businessCentral: [bc('b1', '')],
    sales: [inSales('s1', '', { quantity: 5 })],
  })
  t.equal(blank.pairs?.length, 0, 'blanks match nothing')
})

t.test('P1 a line with the number that we would give is ours after a death; two people add two lines', async (t) => {
  const fields: NonNullable<LinesSketch['fields']> = {
    item: { businessCentral: 'item', sales: 'product', lookup: { kind: 'coupling', mapping: 'items', by: 'number' } },
    quantity: { businessCentral: 'quantity', sales: 'quantity' },
  }
  const links = { couplings: { items: ['1', '2'].map((number) => ({ id: number, number, sales: `P${number}` })) } }
  const scene: Scene = {
    sketch: { number: 10_000, fields },
    links,
    businessCentral: [bc('b1', '1', { sequence: 10_000 })],
    sales: [inSales('s1', 'P2', { quantity: 5 })],
  }
  const dead = await decideScene({ ...scene, sought: ['s1'] })
  t.match(dead, {
    pairs: [{ businessCentral: 'b1', sales: 's1' }],
    held: [{ field: 'lines.item' }, { field: 'lines.quantity' }],
  })
  const alive = await decideScene(scene)
  t.same([alive.pairs, alive.held], [[], []])
  t.same(told(alive), [
    'create businessCentral from s1 #20000 item="2" quantity=5',
    'create sales from b1 item="P1" quantity=1',
  ])
  const same = await decideScene({ ...scene, sales: [inSales('s1', 'P1', { quantity: 5 })] })
  t.match(
    same,
    { writes: [], held: [{ field: 'lines.quantity', because: 'different' }] },
    'the same item: a person tells',
  )
})

t.test('an unsaid line, or one without a number, neither takes a number nor hinders one', async (t) => {
  const scene: Scene = {
    sketch: { number: 10_000, filter: { sales: 'quantity gt 0' } },
    businessCentral: [bc('b1', 'A', { sequence: null })],
    sales: [inSales('s1', 'X', { quantity: 0, sequence: 1 }), inSales('s2', 'Y', { sequence: 2 })],
  }
  t.same(told(await decideScene(scene)), [
    'create businessCentral from s2 #10000 item="Y" quantity=1',
    'create sales from b1 item="A" quantity=1 price=10',
  ])
})

t.test("a person's decision about a field of the document is none about its lines", async (t) => {
  const scene: Scene = { meeting: 'first', businessCentral: [bc('b1', 'A')], sales: [inSales('s1', 'C')] }
  const decided = await decideScene({ ...scene, decision: { kind: 'take', fields: { name: 'sales' } } })
  t.equal(decided.held.length, 2)
  const taken = { kind: 'take', fields: { 'lines.item': 'sales' } } as const
  t.same((await decideScene({ ...scene, decision: taken })).held.length, 2, 'nor is one about a field of the lines')
  const [base] = await agreedOn(undefined, [pairOf(1)])
  const edited = {
    businessCentral: [bc('b1', 'I1', { quantity: 6 })],
    sales: [inSales('s1', 'I1', { quantity: 5 })],
    pairs: base === undefined ? [] : [base],
  }
  const whole = await decideScene({ ...edited, decision: { kind: 'take', fields: { '*': 'sales' } } })
  t.same(told(whole), ['update businessCentral b1 quantity=5'], 'one about the whole record is')
})

t.test('lines that go one way look for their partners from their own side alone', async (t) => {
  const scene: Scene = {
    sketch: { direction: 'toSales' },
    businessCentral: [bc('b1', 'A')],
    sales: [inSales('s1', 'C')],
  }
  t.same(told(await decideScene(scene)), ['create sales from b1 item="A" quantity=1 price=10'])
})

t.test('two documents that meet with lines that do not tell which is which are held', async (t) => {
  const scene: Scene = {
    meeting: 'first',
    businessCentral: [bc('b1', 'A'), bc('b2', 'B')],
    sales: [inSales('s1', 'C')],
  }
  const held = await decideScene(scene)
  t.match(held.held, [
    { field: 'lines', values: { businessCentral: '2 lines without a partner', sales: '1 line without a partner' } },
    { field: 'lines' },
  ])
  t.same(told(held), [])
  t.equal(held.pairs, undefined, 'nobody has told yet')
})

t.test('P1 lines that name the same record and have no partner may be one: a person is asked', async (t) => {
  const links = {
    couplings: {
      items: [
        { id: 'i1', number: 'A', sales: 'A' },
        { id: 'i2', number: 'B', sales: 'B' },
      ],
    },
  }
  const known = async (more: Partial<Scene>): Promise<DecidedLines> =>
    decideScene({ links, sketch: { fields: { ...itemThatMay('hold'), ...quantityOnly } }, ...more })
  const edited = { businessCentral: [bc('b1', 'A', { quantity: 8 })], sales: [inSales('s1', 'A')] }
  t.match(await known(edited), { writes: [], held: [{ field: 'lines' }, { field: 'lines' }], pairs: [] })
  const two = await known({ businessCentral: [bc('b1', 'A')], sales: [inSales('s1', 'B')] })
  t.equal(two.writes.filter(({ kind }) => kind === 'create').length, 2, 'another record')
  const blank = await known({ businessCentral: [bc('b1', '', { quantity: 8 })], sales: [inSales('s1', '')] })
  t.equal(blank.writes.filter(({ kind }) => kind === 'create').length, 2, 'none')
  const once = { fields: { ...itemThatMay('hold'), ...quantityOnly }, on: 'create' } as const
  t.match(await known({ ...edited, sketch: once }), { writes: [], held: [] }, 'lines of new documents alone')
  t.match(await known({ ...edited, meeting: 'new' }), { held: [] }, 'a document that is being made')
})

t.test('P1 whether two lines say the same is asked for where a query tells, before any is made or held', async (t) => {
  const find: Lookup = { kind: 'query', find: 'groups', where: { number: { constant: 'A' } } }
  const group: Partial<Field> = { businessCentral: 'text', sales: 'text', direction: 'toSales', lookup: find }
  const sketch = { fields: { ...itemThatMay('hold'), ...quantityOnly, group } }
  const links = { couplings: { items: [{ id: 'i1', number: 'A', sales: 'A' }] } }
  for (const meeting of ['first', 'known'] as const) {
    const scene: Scene = {
      sketch,
      meeting,
      businessCentral: [bc('b1', 'A', { text: 'x' })],
      sales: [inSales('s1', 'A')],
    }
    t.match(await decideScene({ ...scene, links }), { asks: [{}], pairs: meeting === 'first' ? undefined : [] })
    const records = { groups: [{ id: 'g1', number: 'A' }] }
    const told = await decideScene({ ...scene, links: { ...links, records } })
    t.match(told, { asks: [], held: [], pairs: [{ businessCentral: 'b1', sales: 's1' }] }, meeting)
  }
})

t.test('where a person says whose lines are right the others go', async (t) => {
  const scene: Scene = {
    meeting: 'first',
    businessCentral: [bc('b1', 'A'), bc('b2', 'B')],
    sales: [inSales('s1', 'C'), inSales('s2', 'B')],
  }
  const taking = async (side: Side, more: Partial<Scene> = {}, name = 'lines'): Promise<readonly string[]> => {
    const decided = await decideScene({ ...scene, ...more, decision: { kind: 'take', fields: { [name]: side } } })
    t.same(decided.held, [])
    t.match(decided.pairs, [{ businessCentral: 'b2', sales: 's2' }])
    return told(decided)
  }
  const asInSales = ['delete businessCentral b1', 'create businessCentral from s1 item="C" quantity=1']
  const asInBusinessCentral = ['delete sales s1', 'create sales from b1 item="A" quantity=1 price=10']
  t.same(await taking('sales'), asInSales)
  t.same(await taking('businessCentral'), asInBusinessCentral)
  t.same(await taking('sales', {}, '*'), asInSales, 'also with the whole document')
  t.same(await taking('sales', { meeting: 'known' }), asInSales, 'also when the runner died over it')
  t.same(await taking('businessCentral', { sketch: { direction: 'toSales' } }), asInBusinessCentral.slice(1))
  t.same(await taking('sales', { sketch: { direction: 'toSales' } }), [], 'what is never written stays')
  const closed = { ...scene, writable: { businessCentral: false } }
  const left = await decideScene({ ...closed, decision: { kind: 'take', fields: { lines: 'sales' } } })
  t.match(left, { writes: [], left: true }, 'not in a run that does not write there')
  const split = { toSales: "$append(lines.{ 'key': id, 'item': item }, { 'key': 'freight', 'item': 'F' })" }
  t.same(await taking('sales', { sketch: { compute: split } }), asInSales, 'nor what stands in no line of its own')
})

const quantityOnly = { quantity: { businessCentral: 'quantity', sales: 'quantity' } } as const

const itemThatMay = (whenUncoupled: 'hold' | 'skip'): NonNullable<LinesSketch['fields']> => ({
  item: {
    businessCentral: 'item',
    sales: 'product',
    lookup: { kind: 'coupling', mapping: 'items', by: 'number' },
    whenUncoupled: { kind: whenUncoupled },
  },
})

t.test('a line that waits for a reference is not made, one that may be skipped is left out', async (t) => {
  const scene = { businessCentral: [bc('b1', 'A')], links: { couplings: { items: [] } } }
  const waits = await decideScene({ ...scene, sketch: { fields: itemThatMay('hold') } })
  t.match(waits, { writes: [], waits: [{ field: 'lines.item', policy: 'hold' }] })
  const skipped = await decideScene({ ...scene, sketch: { fields: itemThatMay('skip') } })
  t.match(skipped, { writes: [], waits: [] })
})

t.test('lines that only an expression says are made once, and never written where they stand nowhere', async (t) => {
  const sketch: LinesSketch = {
    direction: 'both',
    compute: {
      toBusinessCentral: "$append(lines.{ 'key': id }, { 'key': 'freight', 'product': 'FREIGHT', 'quantity': 1 })",
    },
  }
  const first = await decideScene({ sketch, sales: [inSales('s1', 'I1')] })
  t.same(told(first), [
    'create businessCentral from s1 item="I1" quantity=1',
    'create businessCentral from freight item="FREIGHT" quantity=1',
  ])
  const [line, freight] = first.writes
  const pairs = [
    { businessCentral: 'b1', sales: 's1', base: line?.base ?? noBase },
    { businessCentral: 'b2', sales: 'freight', base: freight?.base ?? noBase },
  ]
  const rest = { sketch, pairs, sales: [inSales('s1', 'I1')] }
  const edited = await decideScene({ ...rest, businessCentral: [bc('b1', 'I1'), bc('b2', 'FREIGHT', { quantity: 3 })] })
  t.same(
    [
      told({ ...edited, writes: edited.writes.filter(({ kind, key }) => kind !== 'update' || key !== 's1') }),
      edited.left,
    ],
    [[], false],
  )
  const gone = await decideScene({ ...rest, businessCentral: [bc('b1', 'I1')] })
  t.same(
    told(gone).filter((text) => text.startsWith('delete')),
    [],
    'what stands nowhere is not deleted',
  )
})

t.test('P4 lines are edited when one is new, gone, or says something else', async (t) => {
  const pairs = await agreedOn(undefined, [pairOf(1), pairOf(2)])
  const lines = compiledLines()
  const isEdited = async (rows: readonly Row[]): Promise<boolean> =>
    areLinesEdited(decidingOf(lines), 'sales', await lineRows(lines, 'sales', documentOf(rows), {}), pairs)
  const [one, two] = [pairOf(1).sales, pairOf(2).sales]
  t.equal(await isEdited([one, two]), false)
  t.equal(await isEdited([one, { ...two, text: 'not mapped' }]), false)
  t.equal(await isEdited([one]), true)
  t.equal(await isEdited([one, two, inSales('s3', 'I3')]), true)
  t.equal(await isEdited([one, { ...two, quantity: 2 }]), true)
})

const numberOrNone = oneof(integer({ min: 1, max: 200_000 }), constant(undefined))

t.test('numbers of new lines are unique, none is taken, and no number once given changes', (t) => {
  const documents = record({
    lines: array(numberOrNone, { maxLength: 12 }),
    step: integer({ min: 1, max: 10_000 }),
    taken: array(integer({ min: 1, max: 200_000 }), { maxLength: 6 }),
  })
  assert(
    property(documents, ({ lines: rough, step, taken }) => {
      const known = new Set<number>()
      const lines = rough.map((number) => {
        if (number === undefined || known.has(number)) return undefined
        known.add(number)
        return number
      })
      const given = numbered(lines, step, new Set(taken))
      const fresh = given.filter((_, index) => lines[index] === undefined)
      return (
        given.length === lines.length &&
        lines.every((number, index) => number === undefined || given[index] === number) &&
        new Set(given).size === given.length &&
        fresh.every((number) => Number.isInteger(number) && number > 0 && !taken.includes(number)) &&
        JSON.stringify(numbered(given, step, new Set(taken))) === JSON.stringify(given)
      )
    }),
    { numRuns: 500 },
  )
  t.end()
})

t.test('numbers rise where the lines that have one do, and there is room between them', (t) => {
  const documents = record({
    steps: array(integer({ min: 2_000, max: 20_000 }), { maxLength: 6 }),
    holes: array(integer({ min: 0, max: 6 }), { maxLength: 6 }),
  })
  assert(
    property(documents, ({ steps, holes }) => {
      let last = 0
      const lines: (number | undefined)[] = steps.map((step) => (last += step))
      for (const hole of holes) lines.splice(Math.min(hole, lines.length), 0, undefined)
      const given = numbered(lines, 10_000, new Set())
      return given.every((number, index) => index === 0 || number > (given[index - 1] ?? 0))
    }),
    { numRuns: 500 },
  )
  t.same(numbered([undefined, undefined], 10_000, new Set()), [10_000, 20_000])
  t.same(numbered([10_000, undefined, 20_000], 10_000, new Set()), [10_000, 15_000, 20_000])
  t.same(numbered([1, undefined, 2], 10, new Set()), [1, 10, 2], 'without room it stands at the end')
  t.same(numbered([10_000, undefined], 10_000, new Set([20_000])), [10_000, 30_000])
  t.end()
})
