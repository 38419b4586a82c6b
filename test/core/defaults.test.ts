/** Templates for new records: which is taken, and what its values stand against. */
import t from 'tap'
import type { Field, Template } from '../../src/config/config.ts'
import { row } from '../engine/project.ts'
import { type Sketch, decideNew, decidingOf, written } from './mapping-fixture.ts'

const template = (
  given: Partial<Omit<Template, 'fields'>> & { values: Readonly<Record<string, Partial<Field>>> },
): Template => {
  const { values, ...rest } = given
  const name = given.name ?? 'template'
  return {
    name,
    filter: undefined,
    wins: false,
    ...rest,
    fields: Object.entries(values).map(([column, field]) =>
      row(`${name}.${column}`, {
        businessCentral: column,
        direction: 'toBusinessCentral',
        on: 'create',
        blank: 'keep',
        ...field,
      }),
    ),
  }
}

const customer = (templates: readonly Template[], more: Sketch['fields'] = {}): Sketch => ({
  businessCentral: 'displayName text(20), city text(10), paymentTermsId guid, currencyCode code(10), taxLiable boolean',
  sales: 'name text(160), address1_city text(80), address1_country text(80), transactioncurrencyid lookup',
  fields: {
    name: { businessCentral: 'displayName', sales: 'name' },
    city: { businessCentral: 'city', sales: 'address1_city' },
    ...more,
  },
  mapping: { defaults: { businessCentral: templates, sales: [] } },
})

const account = { name: 'Adatum', address1_city: '', address1_country: 'DE' }
const whys = (decided: { writes: readonly { field: { field: { name: string } }; why: string }[] }): object =>
  Object.fromEntries(decided.writes.map(({ field, why }) => [field.field.name, why]))

t.test('behaviour 49: of two templates whose filters both fit, the first is taken, and no other', async (t) => {
  const templates = [
    template({ name: 'french', filter: "address1_country eq 'FR'", values: { city: { value: 'Paris' } } }),
    template({ name: 'german', filter: "address1_country eq 'de'", values: { city: { value: 'Bonn' } } }),
    template({ name: 'other', values: { city: { value: 'Oslo' }, taxLiable: { value: true } } }),
  ]
  const deciding = decidingOf(customer(templates))
  t.match(written(await decideNew(deciding, 'businessCentral', account)), { 'businessCentral.city': 'Bonn' })
  t.strictSame(written(await decideNew(deciding, 'businessCentral', { ...account, address1_country: 'SE' })), {
    'businessCentral.displayName': 'Adatum',
    'businessCentral.city': 'Oslo',
    'businessCentral.taxLiable': true,
  })
})

t.test('a template fills what field rows leave blank, and only what wins replaces what they carry', async (t) => {
  const values = { city: { value: 'Bonn' }, displayName: { value: 'A name' } }
  const kind = await decideNew(decidingOf(customer([template({ values })])), 'businessCentral', account)
  t.strictSame(written(kind), { 'businessCentral.displayName': 'Adatum', 'businessCentral.city': 'Bonn' })
  t.strictSame(whys(kind), { name: 'create', 'template.city': 'default' })
  const wins = decidingOf(customer([template({ wins: true, values })]))
  const won = await decideNew(wins, 'businessCentral', account)
  t.strictSame(written(won), { 'businessCentral.displayName': 'A name', 'businessCentral.city': 'Bonn' })
  t.strictSame(whys(won), { name: 'default', 'template.city': 'default' })
  const [name] = won.writes
  t.equal(name?.prints.businessCentral, wins.fingerprint('Adatum'), 'P3: its base is what was to be carried')
  t.notOk(won.writes.some(({ field }) => field.field.name === 'city'))
})

t.test('a template can read the source record and the settings, and leaves blank what they do not say', async (t) => {
  const values = {
    city: { compute: { toBusinessCentral: "address1_country = 'DE' ? 'Bonn' : null" } },
    currencyCode: { compute: { toBusinessCentral: '$settings.usualCurrency' } },
    taxLiable: { value: undefined },
  }
  const bindings = { settings: { usualCurrency: 'eur' } }
  const decided = await decideNew(
    decidingOf(customer([template({ values })]), {}, bindings),
    'businessCentral',
    account,
  )
  t.strictSame(written(decided), {
    'businessCentral.displayName': 'Adatum',
    'businessCentral.city': 'Bonn',
    'businessCentral.currencyCode': 'EUR',
  })
})

t.test('a template refers to a record of the new side by its natural key, and waits where there is none', async (t) => {
  const find = { kind: 'query', find: 'paymentTerms', where: { code: { constant: '14 DAYS' } } } as const
  const sketch = customer([template({ values: { paymentTermsId: { lookup: find } } })])
  const asked = await decideNew(decidingOf(sketch), 'businessCentral', account)
  t.strictSame(asked.asks, [{ side: 'businessCentral', entity: 'paymentTerms', where: { code: '14 DAYS' } }])
  const records = { paymentTerms: [{ id: 'b1', code: '14 DAYS' }] }
  const found = await decideNew(decidingOf(sketch, { records }), 'businessCentral', account)
  t.match(written(found), { 'businessCentral.paymentTermsId': 'b1' })
  const none = await decideNew(decidingOf(sketch, { records: { paymentTerms: [] } }), 'businessCentral', account)
  t.match(none.waits, [{ field: 'template.paymentTermsId', mapping: 'paymentTerms', policy: 'hold' }])
})

t.test('what wins waits for nothing that was to be carried; what does not lets it come', async (t) => {
  const currency = {
    currency: {
      businessCentral: 'currencyCode',
      sales: 'transactioncurrencyid',
      lookup: { kind: 'coupling', mapping: 'currency', by: 'code' },
    },
  } as const
  const values = { currencyCode: { value: 'EUR' } }
  const given = { ...account, transactioncurrencyid: 'unknown' }
  const won = await decideNew(
    decidingOf(customer([template({ wins: true, values })], currency)),
    'businessCentral',
    given,
  )
  t.strictSame([won.waits, written(won)['businessCentral.currencyCode']], [[], 'EUR'])
  const kind = await decideNew(decidingOf(customer([template({ values })], currency)), 'businessCentral', given)
  t.match(kind.waits, [{ field: 'currency', mapping: 'currency' }])
  t.equal(written(kind)['businessCentral.currencyCode'], undefined)
})

t.test('the columns that templates read are read, and the names in their filters', async (t) => {
  const { compiled } = decidingOf(
    customer([
      template({
        filter: "address1_country eq 'DE'",
        values: { city: { compute: { toBusinessCentral: 'address1_city' } } },
      }),
    ]),
  )
  t.ok(compiled.sides.sales.select.includes('address1_country'))
  t.ok(compiled.sides.sales.select.includes('address1_city'))
})
