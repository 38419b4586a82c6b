/** Compiling mappings, plans and their hashes, the safety limits, and writes without an answer. */
import * as fc from 'fast-check'
import t from 'tap'
import type { Field, Join, Limit, Limits, WithPage } from '../../src/config/config.ts'
import { type Acceptance, allowance, excesses, parseAcceptances } from '../../src/core/guard.ts'
import { splitPath } from '../../src/core/mapping.ts'
import {
  type MappingCounts,
  type Operation,
  type OperationKind,
  type Plan,
  type PlannedField,
  type PlannedLine,
  inOrder,
  operationHash,
} from '../../src/core/plan.ts'
import { planEffect } from '../../src/core/plan-effect.ts'
import { planWithoutClaims } from '../../src/core/claims.ts'
import { settle } from '../../src/core/settle.ts'
import { type Sketch, compiled, described } from './mapping-fixture.ts'
import { forAll } from '../property.ts'

// Compiling

const entity = { kind: 'standard', entity: 'x' } as const
const page: WithPage = { name: 'card', entity, on: { No: 'number' }, optional: true }
const join: Join = {
  name: 'price',
  entity,
  on: { itemId: 'id' },
  where: undefined,
  latest: 'startingDate',
  many: false,
  triggers: false,
  select: ['unitPrice'],
  optional: false,
}
const read: Sketch = {
  businessCentral:
    'number code(20), displayName text(50), kind choice, part code(20), currency code(10), orderNo code(20), card.Fax text(20)',
  sales: 'name text(50), fax text(20), cost money.4, ref lookup, unit lookup',
  mapping: {
    match: [{ businessCentral: ['displayName', '$name'], sales: ['name', '$name'], lookup: {}, caseSensitive: false }],
  },
  sources: {
    businessCentral: {
      keys: ['number'],
      reference: 'orderNo',
      with: [page],
      joins: [join],
      filter: "blocked eq '_x0020_' and price.unitPrice gt 0",
    },
    sales: { filter: 'statecode eq 0' },
  },
  fields: {
    name: { businessCentral: 'displayName', sales: 'name' },
    fax: { businessCentral: 'card.Fax', sales: 'fax' },
    cost: { sales: 'cost', direction: 'toSales', compute: { toSales: 'price.unitPrice * card.Rate.value * factor' } },
    ref: {
      businessCentral: 'currency',
      sales: 'ref',
      lookup: { kind: 'case', column: 'kind', cases: {} },
    },
    unit: {
      sales: 'unit',
      businessCentral: 'part',
      lookup: { kind: 'coupling', mapping: 'unit', by: { itemNumber: 'card.Item', code: 'part' } },
    },
    type: { sales: 'customertypecode', value: 3, on: 'create', direction: 'toSales' },
  },
}

t.test('every column that anything of a mapping speaks of is read, of its record, pages and joins', async (t) => {
  const { sides } = compiled(read)
  t.strictSame(sides.businessCentral.select, [
    'blocked',
    'currency',
    'displayName',
    'factor',
    'id',
    'kind',
    'number',
    'orderNo',
    'part',
  ])
  t.strictSame(sides.businessCentral.selectOf, {
    card: ['Fax', 'Item', 'No', 'Rate'],
    price: ['itemId', 'startingDate', 'unitPrice'],
  })
  t.strictSame(sides.sales.select, ['cost', 'customertypecode', 'fax', 'kind', 'name', 'ref', 'statecode', 'unit'])
  t.strictSame(sides.sales.selectOf, {})
})

t.test('what a filter says of joined rows is not sent', async (t) => {
  const { sides } = compiled(read)
  t.equal(sides.businessCentral.sendFilter, "blocked eq '_x0020_'")
  const whole = compiled({
    ...read,
    sources: { ...read.sources, businessCentral: { ...read.sources?.businessCentral, filter: 'price.unitPrice gt 0' } },
  })
  t.equal(whole.sides.businessCentral.sendFilter, undefined)
  t.equal(sides.businessCentral.filter?.kind, 'and')
  const nested = "(blocked eq '_x0020_' and price.unitPrice gt 0) and (number ne 'X')"
  const parts = compiled({
    ...read,
    sources: { ...read.sources, businessCentral: { ...read.sources?.businessCentral, filter: nested } },
  })
  t.equal(parts.sides.businessCentral.sendFilter, "(blocked eq '_x0020_') and (number ne 'X')")
  t.equal(sides.sales.sendFilter, 'statecode eq 0')
  const plain = compiled({ ...read, sources: {} }).sides.businessCentral
  t.strictSame([plain.filter, plain.sendFilter], [undefined, undefined])
  const speaking = compiled({ ...read, sources: { sales: { filter: 'ref eq {coupled.unit}' } } }).sides.sales
  t.equal(speaking.sendFilter, 'ref eq null', 'without state no coupling has a key')
})

t.test('an expression over the whole row selects no column of that name', async (t) => {
  const whole: Sketch = {
    ...read,
    sources: {},
    fields: { cost: { sales: 'cost', direction: 'toSales', compute: { toSales: '$count($keys($))' } } },
  }
  t.notOk(compiled(whole).sides.businessCentral.select.includes('*'))
})

t.test('a row knows the pages and joins that it needs, and which sides speak', async (t) => {
  const { fields } = compiled(read)
  const of = (name: string) => fields.find(({ field }) => field.name === name)
  t.strictSame(of('fax')?.needs, { businessCentral: ['card'], sales: [] })
  t.strictSame([...(of('cost')?.needs.businessCentral ?? [])].sort(), ['card', 'price'])
  t.strictSame(of('name')?.speaks, { businessCentral: true, sales: true })
  t.strictSame(of('cost')?.speaks, { businessCentral: true, sales: false })
  t.strictSame(splitPath('a.b.c'), { page: 'a', column: 'b.c' })
})

/** The rows that are left of these. */
const keptRows = (fields: Record<string, Partial<Field>>, sources: Sketch['sources'] = {}): string[] =>
  compiled({ ...read, sources, fields }).fields.map(({ field }) => field.name)

t.test('optional rows are left out where a described column is missing, and only then', async (t) => {
  const company = { businessCentral: 'number', sales: 'bcbi_companyid' }
  t.strictSame(keptRows({ company: { ...company, optional: true } }), [])
  t.strictSame(keptRows({ company }), ['company'])
  t.strictSame(keptRows({ name: { businessCentral: 'displayName', sales: 'name', optional: true } }), ['name'])
  t.strictSame(
    keptRows({ note: { businessCentral: 'nowhere.x', sales: 'name', optional: true } }),
    [],
    'a page that is not described',
  )
  t.strictSame(
    keptRows({ made: { sales: 'name', value: 'x', optional: true } }),
    ['made'],
    'a constant has no column there',
  )
  const constant = { sales: { entity: undefined, constant: [{ name: 'x' }] } }
  t.strictSame(
    keptRows({ company: { ...company, optional: true } }, constant),
    ['company'],
    'fixed rows are not described',
  )
})

t.test('what is written only at creation has no base, and a changed row has another', async (t) => {
  const before = compiled(read).layout
  t.strictSame(before.rows, ['name@h1', 'fax@h1', 'cost@h1', 'ref@h1', 'unit@h1'])
  t.equal(before.id, compiled(read).layout.id)
  const after = compiled({ ...read, fields: { ...read.fields, name: { ...read.fields['name'], hash: 'h2' } } }).layout
  t.equal(after.rows[0], 'name@h2')
  t.not(after.id, before.id)
})

t.test('F-02: a plain copy compares in the coarser form of its columns, whichever side has it', async (t) => {
  const cases: readonly [a: string, b: string, expected: object][] = [
    ['text(100)', 'text(160)', { type: 'text', maxLength: 100 }],
    ['text(100)', 'text', { type: 'text', maxLength: 100 }],
    ['code(20)', 'text(10)', { type: 'code', maxLength: 10 }],
    ['decimal.5', 'money.2', { type: 'money', precision: 2 }],
    ['decimal.5', 'integer', { type: 'integer', precision: 5 }],
    ['date', 'dateTime', { type: 'date' }],
    ['boolean', 'text', { type: 'boolean' }],
    ['choice', 'text', { type: 'choice' }],
    ['guid', 'text', { type: 'guid' }],
  ]
  for (const [a, b, expected] of cases) {
    for (const [businessCentral, sales] of [
      [a, b],
      [b, a],
    ] as const) {
      const fields = { v: { businessCentral: 'v', sales: 'v' } }
      const [field] = compiled({
        businessCentral: `v ${businessCentral}`,
        sales: `v ${sales}`,
        fields,
        timeZone: 'Europe/Berlin',
      }).fields
      const norm = { maxLength: undefined, precision: undefined, timeZone: 'Europe/Berlin', ...expected }
      t.strictSame(field?.norm, { businessCentral: norm, sales: norm }, `${businessCentral} and ${sales}`)
      t.strictSame(field?.saidNorm, field?.norm)
    }
  }
})

/** How a row compares: its sides' own types, then the types of what they say. */
const typesOf = (given: Partial<Field>) => {
  const [field] = compiled({
    businessCentral: 'v text(10)',
    sales: 'v lookup',
    fields: { v: { businessCentral: 'v', sales: 'v', ...given } },
  }).fields
  const { norm, saidNorm } = field ?? {}
  return [norm?.businessCentral.type, norm?.sales.type, saidNorm?.businessCentral.type, saidNorm?.sales.type]
}

t.test('what is exchanged or computed compares on each side in its own form', async (t) => {
  t.strictSame(typesOf({ lookup: { kind: 'coupling', mapping: 'm', by: 'code' } }), [
    'code',
    'lookup',
    'code',
    'lookup',
  ])
  t.strictSame(typesOf({ compute: { toSales: 'v' } }), ['text', 'lookup', 'lookup', 'text'])
  t.strictSame(typesOf({ compute: { toBusinessCentral: 'v' } }), ['text', 'lookup', 'lookup', 'text'])
  t.strictSame(typesOf({ type: 'code' }), ['code', 'code', 'code', 'code'], 'a row may say the type')
  const unknown = compiled({
    businessCentral: 'v text',
    sales: 'v text',
    fields: { v: { businessCentral: 'u', sales: 'u' } },
  }).fields[0]
  t.equal(unknown?.norm.sales.type, 'text', 'a column that is not described')
  const reference = {
    businessCentral: 'u',
    sales: 'u',
    lookup: { kind: 'coupling', mapping: 'm', by: 'code' },
  } as const
  t.equal(
    compiled({ businessCentral: 'v text', sales: 'v text', fields: { v: reference } }).fields[0]?.norm.sales.type,
    'code',
  )
  t.throws(() => described('no column here'), /not a column/, 'sketches are read strictly')
})

// Plans

const planned = (name: string, print: string): PlannedField => ({
  name,
  column: name,
  before: null,
  after: 'x',
  why: 'edit',
  reveal: false,
  print,
})
const operation: Operation = {
  mapping: 'customer-account',
  kind: 'update',
  side: 'sales',
  key: 'a1',
  partner: 'c1',
  number: '10000',
  version: 'v1',
  fields: [planned('name', 'p1'), planned('city', 'p2')],
}

const line = (other: Partial<PlannedLine>): PlannedLine => ({
  kind: 'create',
  key: 'l1',
  partner: 'm1',
  fields: [planned('quantity', 'p4')],
  ...other,
})

t.test('P6: a saved operation is the same only on the same version with the same values', async (t) => {
  const hash = operationHash(operation)
  const others: Record<string, Partial<Operation>> = {
    mapping: { mapping: 'vendor-account' },
    kind: { kind: 'create' },
    side: { side: 'businessCentral' },
    key: { key: undefined },
    partner: { partner: undefined },
    version: { version: undefined },
    'another version': { version: 'v2' },
    'a value less': { fields: [planned('name', 'p1')] },
    'another value': { fields: [planned('name', 'p1'), planned('city', 'p3')] },
    'a line': { lines: [line({})] },
    'values crossed': { fields: [planned('name', 'p2'), planned('city', 'p1')] },
  }
  for (const [what, other] of Object.entries(others)) t.not(operationHash({ ...operation, ...other }), hash, what)
  const lines = [line({}), line({ kind: 'update' }), line({ key: undefined }), line({ partner: undefined })]
  t.equal(new Set(lines.map((each) => operationHash({ ...operation, lines: [each] }))).size, 4, 'each line another')
  t.equal(
    operationHash({ ...operation, fields: [...operation.fields].reverse() }),
    hash,
    'the order of fields means nothing',
  )
  const shown = operation.fields.map((field) => ({ ...field, before: 'y', after: null, reveal: true }))
  t.equal(
    operationHash({ ...operation, number: undefined, fields: shown }),
    hash,
    'nor do values and numbers for people',
  )
})

const planOf = (...operations: readonly Operation[]): Plan => ({ operations, holds: [], counts: [] })

t.test('the effect of a change is what the new version does beyond the old one, lines and new records too', (t) => {
  const made: Operation = { ...operation, kind: 'create', key: 'new-1', partner: 'c2' }
  const order: Operation = { ...operation, key: 'o1', lines: [line({})] }
  const shorter: Operation = { ...order, lines: [line({ fields: [planned('quantity', 'p5')] })] }
  const none = planEffect(planOf(operation, made, order), planOf(operation, { ...made, key: 'new-2' }, order))
  t.strictSame([none.caused, none.dropped], [[], []], 'a new record is known by what it is made from')
  const { caused, dropped, counts } = planEffect(planOf(made, order), planOf(operation, shorter))
  t.strictSame(caused, [operation, { ...shorter, fields: [] }])
  t.strictSame(dropped, [made, { ...order, fields: [] }])
  t.match(counts, [{ mapping: 'customer-account', side: 'sales', update: 2, create: 0 }])
  t.end()
})

t.test('P8 no value is shown because a version that nobody reviewed calls it a code, not in a line either', (t) => {
  const revealed: Operation = {
    ...operation,
    fields: [{ ...planned('name', 'p1'), reveal: true }],
    lines: [line({ fields: [{ ...planned('text', 'p2'), reveal: true }] })],
  }
  const reviewed = compiled(read).mapping
  const { operations } = planWithoutClaims(planOf(revealed, operation), [reviewed], [reviewed])
  t.notMatch(JSON.stringify(operations), '"reveal":true')
  t.equal(operations[0]?.lines?.length, 1)
  t.end()
})

const kinds: readonly OperationKind[] = ['couple', 'create', 'update', 'uncouple', 'delete']
const operationArb: fc.Arbitrary<Operation> = fc.record({
  mapping: fc.constantFrom('first', 'second', 'unknown'),
  kind: fc.constantFrom(...kinds),
  side: fc.constantFrom('businessCentral', 'sales'),
  key: fc.option(fc.constantFrom('k1', 'k2'), { nil: undefined }),
  partner: fc.option(fc.constantFrom('p1', 'p2'), { nil: undefined }),
  number: fc.option(fc.constantFrom('10000', '20000'), { nil: undefined }),
  version: fc.constant(undefined),
  fields: fc.constant([]),
})

t.test('operations stand in one order, however they were found', async (t) => {
  const shuffled = fc
    .uniqueArray(operationArb, { selector: (each) => JSON.stringify(each), maxLength: 12 })
    .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })))
  const names = ['first', 'second']
  forAll(
    fc.property(
      shuffled,
      ([list, other]) => JSON.stringify(inOrder(list, names)) === JSON.stringify(inOrder(other, names)),
    ),
  )
  const at = (given: Partial<Operation>): Operation => ({ ...operation, ...given })
  const sorted = [
    at({ mapping: 'second', kind: 'delete' }),
    at({ mapping: 'first', kind: 'couple' }),
    at({ mapping: 'first', kind: 'create' }),
    at({ mapping: 'first', kind: 'update', number: undefined }),
    at({ mapping: 'first', kind: 'update', number: '1' }),
    at({ mapping: 'first', kind: 'update', number: '2', key: 'a' }),
    at({ mapping: 'first', kind: 'update', number: '2', key: 'b' }),
    at({ mapping: 'first', kind: 'uncouple' }),
    at({ mapping: 'first', kind: 'delete' }),
    at({ mapping: 'first', kind: 'couple', side: 'businessCentral' }),
    at({ mapping: 'unknown' }),
  ]
  t.strictSame(inOrder([...sorted].reverse(), ['second', 'first']), sorted)
  const twice = inOrder([operation, { ...operation }], [])
  t.strictSame(twice, [operation, operation], 'the same operation twice')
})

// The guard

const limit = (count?: number, share?: number): Limit => ({ count, share })

t.test('the allowance is the smaller of a number and a share rounded up', async (t) => {
  const cases: readonly [given: Limit, coupled: number, allowed: number][] = [
    [limit(10, 0.01), 120, 2],
    [limit(10, 0.01), 100, 1],
    [limit(10, 0.01), 5000, 10],
    [limit(10, 0.01), 0, 10],
    [limit(undefined, 0.5), 3, 2],
    [limit(undefined, 0.5), 0, Infinity],
    [limit(undefined, 0.07), 100, 7],
    [limit(undefined, 0.29), 100, 29],
    [limit(undefined, 0), 100, 0],
    [limit(0), 100, 0],
    [limit(200), 1, 200],
    [limit(), 1, Infinity],
  ]
  for (const [given, coupled, allowed] of cases)
    t.equal(allowance(given, coupled), allowed, JSON.stringify([given, coupled]))
  forAll(
    fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 1, max: 100_000 }), (percent, coupled) => {
      return allowance(limit(undefined, percent / 100), coupled) === Math.floor((percent * coupled + 99) / 100)
    }),
  )
})

const counts = (given: Partial<MappingCounts>): MappingCounts => ({
  mapping: 'customer-account',
  side: 'sales',
  creates: 0,
  updates: 0,
  deletes: 0,
  couples: 0,
  uncouples: 0,
  coupled: 120,
  ...given,
})
const limits: Limits = { deletes: limit(10, 0.3), updates: limit(undefined, 0.5), creates: limit(200, 0.2) }
const stopped = (given: Partial<MappingCounts>, words: readonly string[] = []): readonly string[] =>
  excesses([counts(given)], () => limits, parseAcceptances(words).accepted).map(({ accept }) => accept)

t.test('P6: a plan over a limit is stopped and asks for its very number', async (t) => {
  t.strictSame(stopped({ deletes: 10, updates: 60, creates: 24 }), [], 'at the limit')
  t.strictSame(
    excesses([counts({ deletes: 41 })], () => limits, []),
    [
      {
        mapping: 'customer-account',
        side: 'sales',
        kind: 'deletes',
        count: 41,
        allowed: 10,
        coupled: 120,
        accept: 'customer-account.sales.deletes=41',
      },
    ],
  )
  t.strictSame(stopped({ deletes: 11, updates: 61, creates: 25 }), [
    'customer-account.sales.deletes=11',
    'customer-account.sales.updates=61',
    'customer-account.sales.creates=25',
  ])
  t.strictSame(stopped({ couples: 1000, uncouples: 1000 }), [], 'what writes no record has no limit')
  const many = excesses(
    [counts({ deletes: 41 }), counts({ mapping: 'other', deletes: 41 })],
    (name) => (name === 'other' ? { ...limits, deletes: limit(100) } : limits),
    [],
  )
  t.strictSame(
    many.map(({ mapping }) => mapping),
    ['customer-account'],
    'each mapping by its own limits',
  )
})

t.test('a word accepts what it names and no more', async (t) => {
  const plan = { deletes: 41 }
  const cases: readonly [word: string, accepted: boolean][] = [
    ['deletes=41', true],
    ['deletes=42', true],
    ['deletes=40', false],
    ['updates=41', false],
    ['customer-account.deletes=41', true],
    ['vendor-account.deletes=41', false],
    ['sales.deletes=41', true],
    ['businessCentral.deletes=41', false],
    ['customer-account.sales.deletes=41', true],
    ['customer-account.businessCentral.deletes=41', false],
    ['updates=1, deletes=41', true],
  ]
  for (const [word, accepted] of cases) t.strictSame(stopped(plan, [word]).length, accepted ? 0 : 1, word)
  t.strictSame(stopped(plan, ['updates=1', 'deletes=41']), [], 'several words')
  t.strictSame(stopped({ deletes: 41, updates: 100 }, ['deletes=41']), ['customer-account.sales.updates=100'])
})

t.test('words that make no sense are told', async (t) => {
  const accepted: readonly Acceptance[] = [
    { mapping: undefined, side: undefined, kind: 'deletes', count: 41 },
    { mapping: 'a-1', side: 'sales', kind: 'creates', count: 0 },
  ]
  t.strictSame(parseAcceptances([' deletes=41 , ', 'a-1.sales.creates=0']), { accepted, wrong: [] })
  t.strictSame(parseAcceptances(['sales.sales.deletes=1']).accepted[0]?.mapping, 'sales', 'a mapping may be called so')
  const wrong = [
    'deletes',
    'deletes=',
    'deletes=-1',
    'deletes=1.5',
    'force=1',
    'A.deletes=1',
    'a.b.deletes=1',
    'x=deletes=1',
  ]
  t.strictSame(parseAcceptances(wrong), { accepted: [], wrong })
  t.strictSame(parseAcceptances([]), { accepted: [], wrong: [] })
})

t.test('the word that a stop prints is the word that lets it go on', async () => {
  forAll(
    fc.property(fc.nat(500), fc.nat(500), fc.nat(500), (deletes, updates, creates) => {
      const given = { deletes, updates, creates }
      const words = stopped(given)
      return (
        stopped(given, words).length === 0 &&
        words.every(
          (word) =>
            stopped(
              given,
              words.filter((each) => each !== word),
            ).length === 1,
        )
      )
    }),
  )
})

// Writes without an answer

t.test('P2, P7: a write without an answer is told from what stands there now', async (t) => {
  const here = { version: 'v1' }
  t.equal(settle({ kind: 'create', before: undefined }, undefined), 'not-written')
  t.equal(settle({ kind: 'create', before: undefined }, here), 'look')
  t.equal(settle({ kind: 'delete', before: 'v1' }, undefined), 'written')
  t.equal(settle({ kind: 'delete', before: 'v1' }, here), 'not-written')
  t.equal(settle({ kind: 'update', before: 'v1' }, undefined), 'not-written')
  t.equal(settle({ kind: 'update', before: 'v1' }, here), 'not-written', 'an unmoved version')
  t.equal(settle({ kind: 'update', before: 'v0' }, here), 'look')
  t.equal(settle({ kind: 'update', before: undefined }, { version: undefined }), 'look', 'no version tells nothing')
})
