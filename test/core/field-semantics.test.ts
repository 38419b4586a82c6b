/** The native rules of field transfer, F-01 to F-12: one test for each, over small mappings. */
import t from 'tap'
import { encode } from '../../src/connector/encode.ts'
import { type Sketch, baseOf, decide, decideNew, decidingOf, written } from './mapping-fixture.ts'

const guid = '00000000-0000-0000-0000-000000000000'

t.test('F-01 values are written in the order of the rows, whichever of them changed', async (t) => {
  const columns = ['addressLine1', 'postalCode', 'city', 'country', 'state']
  const sketch: Sketch = {
    businessCentral: columns.map((column) => `${column} text(50)`).join(', '),
    sales: columns.map((column) => `s_${column} text(50)`).join(', '),
    fields: Object.fromEntries(columns.map((column) => [column, { businessCentral: column, sales: `s_${column}` }])),
  }
  const deciding = decidingOf(sketch)
  const reversed = Object.fromEntries(columns.toReversed().map((column) => [`s_${column}`, column]))
  const created = await decideNew(deciding, 'businessCentral', reversed)
  const order = columns.map((column) => `businessCentral.${column}`)
  t.same(Object.keys(written(created)), order)
  const before = { businessCentral: {}, sales: {} }
  const base = await baseOf(deciding, before)
  const edited = await decide(deciding, { businessCentral: {}, sales: { s_state: 'x', s_addressLine1: 'y' } }, { base })
  t.same(Object.keys(written(edited)), [order[0], order[4]])
})

t.test(
  'F-02 only what differs is written: codes trimmed and in capitals, texts as far as both sides reach',
  async (t) => {
    const deciding = decidingOf({
      businessCentral: 'code code(10), name text(5), note text(10)',
      sales: 'new_code text(100), name text(160), description text(2000)',
      fields: {
        code: { businessCentral: 'code', sales: 'new_code', type: 'code', direction: 'toSales' },
        name: { businessCentral: 'name', sales: 'name' },
        note: { businessCentral: 'note', sales: 'description' },
      },
    })
    const rows = {
      businessCentral: { code: 'ABC', name: 'Adatu', note: 'same' },
      sales: { new_code: ' abc ', name: 'Adatum Corporation', description: 'same' },
    }
    const met = await decide(deciding, rows, { meeting: 'first' })
    t.same([written(met), met.held], [{}, []], 'nothing differs')
    const base = await baseOf(deciding, rows)
    const longer = { ...rows, sales: { ...rows.sales, description: 'much longer than ten' } }
    t.same(written(await decide(deciding, longer, { base })), { 'businessCentral.note': 'much longe' }, 'cut, no error')
    const behind = { ...rows, sales: { ...rows.sales, name: 'Adatum Group' } }
    t.same(written(await decide(deciding, behind, { base })), {}, 'what differs behind the shorter side is no edit')
  },
)

t.test('F-03 long texts travel as text, whatever their line breaks and characters, none torn at the cut', async (t) => {
  const deciding = decidingOf({
    businessCentral: 'workDescription text, short text(4)',
    sales: 'description text(2000), s_short text(100)',
    fields: {
      long: { businessCentral: 'workDescription', sales: 'description' },
      short: { businessCentral: 'short', sales: 's_short' },
    },
  })
  const text = `Zeile 1\r\n${'ß😀'.repeat(400)}\nend`
  const created = await decideNew(deciding, 'sales', { workDescription: text, short: '' })
  t.equal(written(created)['sales.description'], text)
  const rows = { businessCentral: { workDescription: text }, sales: { description: text.replaceAll('\r\n', '\n') } }
  const met = await decide(deciding, rows, { meeting: 'first' })
  t.same([written(met), met.held], [{}, []], 'line breaks of either kind are the same')
  const torn = await decideNew(deciding, 'businessCentral', { s_short: 'abc😀' })
  t.equal(written(torn)['businessCentral.short'], 'abc')
})

t.test('F-04 a constant is written where its column is, in its direction', async (t) => {
  const deciding = decidingOf({
    businessCentral: 'type text(20)',
    sales: 'ownertype integer',
    fields: {
      person: { businessCentral: 'type', value: 'Person', direction: 'toBusinessCentral' },
      owner: { sales: 'ownertype', value: 1, direction: 'toSales' },
    },
  })
  t.same(written(await decideNew(deciding, 'businessCentral', {})), { 'businessCentral.type': 'Person' })
  t.same(written(await decideNew(deciding, 'sales', {})), { 'sales.ownertype': 1 })
})

t.test('F-05 a row that is not to be blank (`blank: keep`) skips a blank reference, in every form of it', async (t) => {
  const deciding = decidingOf(
    {
      businessCentral: 'salespersonCode code(20), contactId guid',
      sales: 'ownerid lookup, primarycontactid lookup',
      fields: {
        owner: {
          businessCentral: 'salespersonCode',
          sales: 'ownerid',
          direction: 'toSales',
          lookup: { kind: 'coupling', mapping: 'users', by: 'code' },
          blank: 'keep',
        },
        contact: {
          businessCentral: 'contactId',
          sales: 'primarycontactid',
          direction: 'toSales',
          lookup: { kind: 'coupling', mapping: 'contacts', by: 'id' },
          blank: 'keep',
        },
      },
    },
    { couplings: { users: [{ id: 'b1', code: 'JO', sales: 's1' }] } },
  )
  const base = await baseOf(deciding, { businessCentral: { salespersonCode: 'JO' }, sales: { ownerid: 's1' } })
  for (const blank of [null, undefined, '', guid, `{${guid}}`]) {
    const rows = { businessCentral: { salespersonCode: '', contactId: blank }, sales: { ownerid: 's1' } }
    t.same(written(await decide(deciding, rows, { base })), {}, JSON.stringify(blank))
  }
})

t.test('F-06 a transformation works in its own direction; the other way the value is copied as it is', async (t) => {
  const deciding = decidingOf({
    businessCentral: 'name text(50)',
    sales: 's_name text(50)',
    fields: { name: { businessCentral: 'name', sales: 's_name', compute: { toSales: '$uppercase(name)' } } },
  })
  t.same(written(await decideNew(deciding, 'sales', { name: 'Adatum' })), { 'sales.s_name': 'ADATUM' })
  t.same(written(await decideNew(deciding, 'businessCentral', { s_name: 'Adatum' })), {
    'businessCentral.name': 'Adatum',
  })
})

t.test(
  'F-07 an empty date is the null date of the other system, and dates follow the project’s time zone',
  async (t) => {
    const deciding = decidingOf({
      businessCentral: 'dueDate date, modified dateTime',
      sales: 'duedate dateTime, closed date',
      fields: {
        due: { businessCentral: 'dueDate', sales: 'duedate' },
        closed: { businessCentral: 'modified', sales: 'closed' },
      },
      timeZone: 'Europe/Copenhagen',
    })
    const filled = { businessCentral: { dueDate: '2026-07-01' }, sales: { duedate: '2026-06-30T22:00:00Z' } }
    const met = await decide(deciding, filled, { meeting: 'first' })
    t.same([written(met), met.held], [{}, []], 'the same day in Copenhagen')
    const base = await baseOf(deciding, filled)
    const cleared = await decide(deciding, { ...filled, sales: { duedate: null } }, { base })
    t.strictSame(written(cleared), { 'businessCentral.dueDate': null })
    const description = { ...deciding.compiled.sides.businessCentral.description }
    const body = (side: 'businessCentral' | 'sales') => encode(side, { dueDate: null, modified: null }, description)
    t.same(body('businessCentral'), {
      kind: 'body',
      body: { dueDate: '0001-01-01', modified: '0001-01-01T00:00:00Z' },
    })
    t.same(body('sales'), { kind: 'body', body: { dueDate: null, modified: null } })
    const blank = await decide(deciding, { ...filled, businessCentral: { dueDate: '0001-01-01' } }, { base })
    t.strictSame(written(blank), { 'sales.duedate': null })
  },
)

const referring: Sketch = {
  businessCentral: 'currencyCode code(10), termsId guid',
  sales: 'transactioncurrencyid lookup, paymenttermscode choice',
  fields: {
    currency: {
      businessCentral: 'currencyCode',
      sales: 'transactioncurrencyid',
      lookup: { kind: 'coupling', mapping: 'currency', by: 'code', blankIs: 'GBP' },
    },
    terms: {
      businessCentral: 'termsId',
      sales: 'paymenttermscode',
      lookup: { kind: 'coupling', mapping: 'terms', by: 'id' },
    },
  },
}
const couplings = {
  currency: [
    { id: 'b1', code: 'GBP', sales: 'c-gbp' },
    { id: 'b2', code: 'EUR', sales: 'c-eur' },
  ],
  terms: [{ id: 't1', sales: '779800000' }],
}

t.test(
  'F-08 references go through couplings: blank is blank, and one without a partner holds the record',
  async (t) => {
    const deciding = decidingOf(referring, { couplings })
    const created = await decideNew(deciding, 'sales', { currencyCode: 'EUR', termsId: guid })
    t.same(written(created), { 'sales.transactioncurrencyid': { set: 'currency of sales', id: 'c-eur' } })
    const unknown = await decideNew(deciding, 'sales', { currencyCode: 'EUR', termsId: 't9' })
    t.match(unknown.waits, [{ field: 'terms', mapping: 'terms', policy: 'hold' }])
    t.equal(written(unknown)['sales.paymenttermscode'], undefined)
  },
)

t.test('F-09 a row may take the record that it refers to along first', async (t) => {
  const { terms, ...fields } = referring.fields
  const along: Sketch = {
    ...referring,
    fields: { ...fields, terms: { ...terms, whenUncoupled: { kind: 'sync', mapping: 'terms' } } },
  }
  const { waits } = await decideNew(decidingOf(along, { couplings }), 'sales', { currencyCode: 'EUR', termsId: 't9' })
  t.match(waits, [{ field: 'terms', mapping: 'terms', key: 't9', policy: 'sync' }])
})

t.test('F-10 the blank code is the local currency, and the local currency comes back as blank', async (t) => {
  const deciding = decidingOf(referring, { couplings })
  const toSales = await decideNew(deciding, 'sales', { currencyCode: '' })
  t.same(written(toSales), { 'sales.transactioncurrencyid': { set: 'currency of sales', id: 'c-gbp' } })
  const rows = { businessCentral: { currencyCode: 'EUR' }, sales: { transactioncurrencyid: 'c-eur' } }
  const base = await baseOf(deciding, rows)
  const back = await decide(deciding, { ...rows, sales: { transactioncurrencyid: 'c-gbp' } }, { base })
  t.strictSame(written(back), { 'businessCentral.currencyCode': null })
})

t.test('F-11 a code is the option that it is coupled with, both ways; no option is no code', async (t) => {
  const deciding = decidingOf(referring, { couplings })
  const created = await decideNew(deciding, 'sales', { termsId: 't1', currencyCode: 'EUR' })
  t.equal(written(created)['sales.paymenttermscode'], 779_800_000)
  const back = await decideNew(deciding, 'businessCentral', { paymenttermscode: 779_800_000 })
  t.equal(written(back)['businessCentral.termsId'], 't1')
  const blank = await decideNew(deciding, 'businessCentral', { paymenttermscode: null })
  t.same(written(blank), {})
  const unknown = await decideNew(deciding, 'businessCentral', { paymenttermscode: 5 })
  t.match(unknown.waits, [{ field: 'terms', policy: 'hold' }])
})

t.test(
  'F-12 what can only be written at creation is; what can only be updated comes in a step behind it',
  async (t) => {
    const deciding = decidingOf({
      businessCentral: 'kind text(20), total decimal.2, name text(50)',
      sales: 's_kind text(20), totalamount money.2, s_name text(50)',
      fields: {
        kind: { businessCentral: 'kind', sales: 's_kind', direction: 'toSales', on: 'create' },
        name: { businessCentral: 'name', sales: 's_name', direction: 'toSales' },
        total: { businessCentral: 'total', sales: 'totalamount', direction: 'toSales', step: 'after' },
      },
    })
    const created = await decideNew(deciding, 'sales', { kind: 'A', total: 7.5, name: 'x' })
    t.same(
      created.writes.map(({ field }) => [field.field.name, field.field.step]),
      [
        ['kind', 'main'],
        ['name', 'main'],
        ['total', 'after'],
      ],
    )
    const rows = {
      businessCentral: { kind: 'A', total: 7.5, name: 'x' },
      sales: { s_kind: 'A', totalamount: 7.5, s_name: 'x' },
    }
    const base = await baseOf(deciding, rows)
    const edited = { ...rows, businessCentral: { kind: 'B', total: 8, name: 'x' } }
    t.same(written(await decide(deciding, edited, { base })), { 'sales.totalamount': 8 })
  },
)
