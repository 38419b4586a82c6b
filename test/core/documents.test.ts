/** Rows that documents need: left as they are, written blank, written around the others, references by case or of the found record. */
import t from 'tap'
import { type AroundFacts, claimedValue, decideAround } from '../../src/core/decide-create.ts'
import { decideEnd } from '../../src/core/decide-end.ts'
import type { FirstMatch, Lookup } from '../../src/config/config.ts'
import { type Sketch, decide, decideNew, decidingOf, loaded, written } from './mapping-fixture.ts'

const columns = {
  businessCentral: 'number code(20), city text(30), street text(100), status text(20), object code(20)',
  sales: 'name text(100), city text(80), street text(80), statecode integer, productid lookup, uomid lookup',
}
const sketch = (fields: Sketch['fields']): Sketch => ({ ...columns, fields })

t.test('$keep() leaves the target as it is; blank: write sends a blank to a new record', async (t) => {
  const address = sketch({
    street: {
      businessCentral: 'street',
      compute: { toBusinessCentral: 'street' },
      blank: 'write',
      direction: 'toBusinessCentral',
    },
    city: {
      businessCentral: 'city',
      compute: { toBusinessCentral: 'street ? city : $keep()' },
      blank: 'write',
      direction: 'toBusinessCentral',
    },
  })
  const deciding = decidingOf(address)
  const made = async (row: Readonly<Record<string, unknown>>) =>
    written(await decideNew(deciding, 'businessCentral', row))
  t.strictSame(await made({ street: 'Road 1', city: null }), {
    'businessCentral.street': 'Road 1',
    'businessCentral.city': null,
  })
  t.strictSame(await made({ street: null, city: 'Oslo' }), { 'businessCentral.street': null })
  const stands = { street: 'Old', city: 'Old' }
  const kept = await decide(deciding, { businessCentral: stands, sales: { street: null, city: 'Oslo' } })
  t.notOk(kept.writes.some(({ field }) => field.field.name === 'city'))
  const clears = decidingOf(sketch({ city: { businessCentral: 'city', sales: 'city' } }))
  t.strictSame(written(await decideNew(clears, 'businessCentral', { city: '' })), {}, 'without it a blank is not sent')
})

t.test('rows on: write are written around other writes with what they say then, and never compared', async (t) => {
  const locked = sketch({
    open: { sales: 'statecode', value: 0, step: 'before', on: 'write', direction: 'toSales' },
    city: { businessCentral: 'city', sales: 'city' },
    close: {
      sales: 'statecode',
      compute: { toSales: "status = 'Shipped' ? 3 : 1" },
      step: 'after',
      on: 'write',
      direction: 'toSales',
    },
  })
  const deciding = decidingOf(locked)
  const rows = { businessCentral: { city: 'Oslo', status: 'Shipped' }, sales: { city: 'Oslo', statecode: 1 } }
  t.strictSame(written(await decide(deciding, rows)), {}, 'nothing is written for their sake')
  const facts = {
    rows: { businessCentral: loaded(rows.businessCentral), sales: loaded(rows.sales) },
    missingPages: new Set<string>(),
    deferLater: false,
    finishing: false,
    decision: undefined,
  }
  const around = await decideAround(deciding, 'sales', facts)
  t.same(
    around.writes.map(({ field, cell, before, why }) => [field.field.name, cell, before, why]),
    [
      ['open', 0, '1', 'around'],
      ['close', 3, '1', 'around'],
    ],
  )
  t.same((await decideAround(deciding, 'businessCentral', facts)).writes, [], 'only towards the side that they name')
  const made = await decideNew(deciding, 'sales', rows.businessCentral)
  t.same(
    made.writes.map(({ field }) => field.field.name),
    ['city', 'close'],
    'a new record is not locked yet, and is closed behind the others',
  )
})

/** What is written or held of a discount that Sales gives as Oslo, where this stands in Business Central. */
const finish = async (
  stands: unknown,
  given: Partial<AroundFacts> = {},
  different: FirstMatch['different'] = 'hold',
) => {
  const left = sketch({
    discount: {
      businessCentral: 'city',
      compute: { toBusinessCentral: 'city' },
      step: 'after',
      on: 'create',
      direction: 'toBusinessCentral',
      firstMatch: { blank: 'fill', different },
    },
  })
  const { writes, held } = await decideAround(decidingOf(left), 'businessCentral', {
    rows: { businessCentral: loaded({ city: stands }), sales: loaded({ city: 'Oslo' }) },
    missingPages: new Set<string>(),
    deferLater: false,
    finishing: true,
    decision: undefined,
    ...given,
  })
  return [...writes.map(({ cell }) => cell), ...held.map(({ because, values }) => ({ because, ...values }))]
}

t.test('what a creation had still to write behind the lines meets what stands there by then', async (t) => {
  t.strictSame(await finish(null), ['Oslo'])
  t.strictSame(await finish('0'), ['Oslo'], 'no amount')
  t.strictSame(await finish('Oslo'), [], 'it is there')
  t.strictSame(await finish('Rome'), [{ because: 'different', businessCentral: 'Rome', sales: 'Oslo' }])
  t.strictSame(await finish('Rome', {}, 'sales'), ['Oslo'])
  t.strictSame(await finish('Rome', {}, 'businessCentral'), [])
  t.strictSame(await finish('Rome', { decision: { kind: 'take', fields: { discount: 'sales' } } }), ['Oslo'])
  t.strictSame(await finish('Rome', { decision: { kind: 'take', fields: { '*': 'businessCentral' } } }), [])
  t.strictSame(await finish('Rome', { decision: { kind: 'prefer', side: 'sales' } }), ['Oslo'])
  t.strictSame(await finish('Rome', { finishing: false }), [])
  const rows = { businessCentral: loaded({ city: 'Rome' }), sales: loaded({ city: null }) }
  t.strictSame(await finish('Rome', { rows }), [], 'Sales has none')
})

t.test('of two rows with a value for the same column of a new record, the later one is meant', async (t) => {
  const rows = sketch({
    usual: { sales: 'name', compute: { toSales: "'of ' & city" }, direction: 'toSales' },
    special: { sales: 'name', compute: { toSales: 'street' }, blank: 'keep', direction: 'toSales' },
  })
  const made = async (row: Readonly<Record<string, unknown>>) =>
    written(await decideNew(decidingOf(rows), 'sales', row))
  t.strictSame(await made({ city: 'Oslo', street: 'Road 1' }), { 'sales.name': 'Road 1' })
  t.strictSame(await made({ city: 'Oslo', street: null }), { 'sales.name': 'of Oslo' })
})

const claiming = (lookup: Lookup): Sketch =>
  sketch({ mine: { sales: 'productid', compute: { toSales: "'I1'" }, lookup, claim: true, direction: 'toSales' } })

t.test('a claim waits for its reference or asks for it, and is known to nobody until then', async (t) => {
  const coupled = claiming({ kind: 'coupling', mapping: 'items', by: 'number' })
  const asked = claiming({ kind: 'query', find: 'products', where: { name: { constant: 'x' } } })
  for (const [given, told] of [
    [coupled, { waits: [{ field: 'mine', mapping: 'items' }], asks: [], claims: [] }],
    [asked, { waits: [], asks: [{ entity: 'products' }], claims: [] }],
  ] as const) {
    const deciding = decidingOf(given)
    t.match(await decideNew(deciding, 'businessCentral', { productid: null }), told)
    const [field] = deciding.compiled.fields
    t.equal(field && (await claimedValue(deciding, field)), undefined)
  }
})

t.test('at the end of a pair nothing is written to a page that is not there', async (t) => {
  const ending = {
    ...columns,
    sales: `${columns.sales}, card.note text(80)`,
    fields: {
      state: { sales: 'statecode', value: 3, on: 'posted', direction: 'toSales' },
      note: { sales: 'card.note', value: 'posted', on: 'posted', direction: 'toSales' },
    },
  } satisfies Sketch
  const end = { because: 'posted', to: 'sales', target: loaded({ statecode: 1 }), source: {} } as const
  const told = async (missing: readonly string[]) =>
    written(await decideEnd(decidingOf(ending), { ...end, missingPages: new Set(missing) }))
  t.strictSame(await told([]), { 'sales.statecode': 3, 'sales.card.note': 'posted' })
  t.strictSame(await told(['card']), { 'sales.statecode': 3 })
})

t.test('a lookup by case exchanges, and a case of null takes the value as it is', async (t) => {
  const line = sketch({
    object: {
      businessCentral: 'object',
      direction: 'toBusinessCentral',
      compute: { toBusinessCentral: 'object' },
      lookup: {
        kind: 'case',
        column: 'kind',
        cases: { Item: { kind: 'coupling', mapping: 'items', by: 'number' }, WriteIn: null },
      },
    },
  })
  const deciding = decidingOf(line, { couplings: { items: [{ id: 'b', number: 'I1', sales: 'P1' }] } })
  const made = async (row: Readonly<Record<string, unknown>>) => decideNew(deciding, 'businessCentral', row)
  t.strictSame(written(await made({ kind: 'Item', object: 'P1' })), { 'businessCentral.object': 'I1' })
  t.strictSame(written(await made({ kind: 'WriteIn', object: 'W1' })), { 'businessCentral.object': 'W1' })
  t.match((await made({ kind: 'Item', object: 'P2' })).waits, [{ field: 'object' }])
})

t.test('a query may take what the found record names, and may ask by what the row itself says', async (t) => {
  const unit = sketch({
    unit: {
      businessCentral: 'object',
      sales: 'uomid',
      direction: 'toSales',
      lookup: {
        kind: 'query',
        find: 'products',
        where: { productid: { field: 'unit' } },
        take: { column: 'defaultuomid', of: 'uoms' },
      },
    },
  })
  const asked = await decideNew(decidingOf(unit), 'sales', { object: 'I1' })
  t.match(asked.asks, [{ side: 'sales', entity: 'products', where: { productid: 'I1' }, take: 'defaultuomid' }])
  const found = decidingOf(unit, { records: { products: [{ id: 'p1', productid: 'I1' }] } })
  const decided = await decideNew(found, 'sales', { object: 'I1' })
  // Which column of the found record is taken goes with the question; the reference is to what it names.
  t.same(decided.writes[0]?.cell, { set: 'uoms', id: 'p1' })
  const without = decidingOf(unit, { records: { products: [] } })
  t.match((await decideNew(without, 'sales', { object: 'I1' })).waits, [{ field: 'unit' }])
})
