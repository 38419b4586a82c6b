/** The effect of a change where a mapping cannot be planned: what leans on it is compared as far as that can be told. */
import t from 'tap'
import type { Mapping } from '../../src/config/config.ts'
import { effectOf } from '../../src/engine/effect.ts'
import { leaningOn } from '../../src/engine/references.ts'
import { configOf, customerAccount, mapping, row, source } from './project.ts'
import { type Stage, stage, toSales, writesMade } from './stage.ts'

const byNumber = { sales: ['accountnumber'], lookup: {}, caseSensitive: false }

/** Customers to accounts, which another set of mappings comes after. `fax` is the column that a change fills. */
const customers = (fax: string): Mapping => {
  const { fields, ...base } = customerAccount({ ...toSales, direction: 'toSales' })
  return {
    ...base,
    fields: [...fields, row('fax', { businessCentral: fax, sales: 'fax', direction: 'toSales', hash: fax })],
  }
}
/** Vendors to accounts of their own, after the customers. */
const vendors = (fax: string): Mapping =>
  mapping({
    name: 'vendors',
    direction: 'toSales',
    after: ['terms'],
    createOn: { businessCentral: false, sales: true },
    businessCentral: source('businessCentral', 'vendors', { keys: ['number'] }),
    sales: source('sales', 'accounts', { filter: 'customertypecode eq 11' }),
    match: [{ ...byNumber, businessCentral: ['number'] }],
    fields: [
      row('number', { businessCentral: 'number', sales: 'accountnumber', direction: 'toSales' }),
      row('name', { businessCentral: 'displayName', sales: 'name', direction: 'toSales' }),
      row('accountType', { sales: 'customertypecode', value: 11, on: 'create', direction: 'toSales' }),
      row('fax', { businessCentral: fax, sales: 'fax', direction: 'toSales', hash: fax }),
    ],
  })
/** What the vendors come after. */
const terms = (entity: string): Mapping =>
  mapping({
    name: 'terms',
    direction: 'toSales',
    businessCentral: source('businessCentral', 'paymentTerms', { keys: ['code'] }),
    sales: source('sales', entity),
    match: [{ businessCentral: ['code'], sales: ['name'], lookup: {}, caseSensitive: false }],
    fields: [row('code', { businessCentral: 'code', sales: 'name', direction: 'toSales' })],
  })

/** Versions of the three: which column is the fax, and whether there is what `terms` couples. */
const version = (fax: string, entity = 'pricelevels') => configOf([customers(fax), terms(entity), vendors(fax)])

async function inStep(t: Parameters<typeof stage>[0]): Promise<Stage> {
  const s = await stage(t)
  s.customer({ number: 'C1', city: 'Ulm', country: 'DE' })
  s.simulator.businessCentral.create('vendors', { number: 'V1', displayName: 'V', city: 'Bonn', country: 'DE' })
  await s.run(version('city'))
  s.simulator.resetRequests()
  return s
}

t.test('what comes after a mapping that fails with both versions is compared by itself', async (t) => {
  const s = await inStep(t)
  const effect = await effectOf(version('city', 'nowhere'), version('country', 'nowhere'), s.ports)
  t.match(effect.refused, [{ mapping: 'terms', message: /no table nowhere/ }])
  t.equal(effect.refused.length, 1)
  t.same(
    effect.counts.map(({ mapping: name, update }) => [name, update]),
    [
      ['customer-account', 1],
      ['vendors', 1],
    ],
  )
  t.equal(writesMade(s.simulator), 0, 'P6')
})

t.test(
  'where it fails with one version alone, what leans on it is named, with the reason and what to do',
  async (t) => {
    const s = await inStep(t)
    const remedy = 'See to terms first, then compare again.'
    for (const [before, after, when] of [
      ['pricelevels', 'nowhere', 'after'],
      ['nowhere', 'pricelevels', 'before'],
    ] as const) {
      const effect = await effectOf(version('city', before), version('country', after), s.ports)
      t.match(effect.refused, [
        { mapping: 'terms', message: /no table nowhere/ },
        {
          mapping: 'vendors',
          message: new RegExp(`^it leans on terms, .* with the version ${when} the change`),
          remedy,
        },
      ])
      t.same(
        effect.counts.map(({ mapping: name }) => name),
        ['customer-account'],
        'what has nothing to do with it is compared',
      )
    }
  },
)

t.test('a full run, and the plan of one, still leave what comes after it for later (U-03)', async (t) => {
  const s = await inStep(t)
  const { problems } = await s.run(version('country', 'nowhere'), { full: true, dry: true })
  t.match(problems, [{ mapping: 'terms' }, { mapping: 'vendors', message: /not run, because it comes after terms/ }])
})

const plain = (name: string, given: Partial<Mapping> = {}): Mapping => ({ ...terms('accounts'), name, ...given })

t.test('a mapping leans on what it comes after, refers to or may ask for, also through others', (t) => {
  const refers = row('ref', { sales: 'name', lookup: { kind: 'coupling', mapping: 'b', by: 'id' } })
  const asks = row('asks', { sales: 'name', compute: { toSales: "$coupled('a', code)" } })
  const all = [
    plain('d', { fields: [refers] }),
    plain('a'),
    plain('b', { after: ['a'] }),
    plain('c'),
    plain('e', { fields: [asks] }),
  ]
  t.same([...leaningOn(all, new Set(['a']))].sort(), ['b', 'd', 'e'])
  t.same([...leaningOn(all, new Set(['c']))], ['e'])
  t.same([...leaningOn(all, new Set())], [])
  t.end()
})
