import t from 'tap'

import { businessCentral } from '../../src/simulator/business-central.ts'
import { seed } from '../../src/simulator/seed.ts'
import type { Row } from '../../src/simulator/table.ts'
import { createWorld } from '../../src/simulator/world.ts'

const now = new Date('2026-11-20T12:00:00.000Z')
const rowsOf = (rows: ReadonlyMap<string, readonly Row[]>, set: string) => rows.get(set) ?? []

const asText = (start: number) => {
  const { sales, businessCentral } = seed({ now, seed: start })
  return JSON.stringify([...sales, ...businessCentral])
}

t.test('the same seed gives the same rows, another seed others', async (t) => {
  const once = asText(7)
  t.ok(asText(7) === once)
  t.ok(asText(8) !== once)
})

t.test('every id is unique, every lookup of Sales leads to a row', async (t) => {
  for (const company of ['cronus', 'contoso', 'empty'] as const) {
    const { sales, businessCentral } = seed({ now, company })
    const known = new Set([...sales].flatMap(([, rows]) => rows.map((row) => Object.values(row)[0])))
    t.equal(
      known.size,
      [...sales.values()].reduce((sum, rows) => sum + rows.length, 0),
    )
    const lookups = [...sales].flatMap(([set, rows]) =>
      rows.flatMap((row) =>
        Object.entries(row)
          .filter(([name]) => /^_\w+_value$/u.test(name))
          .map(([name, id]) => ({ set, name, id })),
      ),
    )
    t.same(
      lookups.filter(({ id }) => !known.has(id)),
      [],
      company,
    )
    const ids = [...businessCentral].flatMap(([, rows]) => rows.map((row) => row['SystemId']))
    t.equal(new Set(ids).size, ids.length)
  }
})

t.test('stamps lie in the year before, none within the last hour', async (t) => {
  const { sales, businessCentral } = seed({ now })
  const stamps = [
    ...[...businessCentral.values()].flat().map((row) => row['SystemModifiedAt'] as string),
    ...[...sales.values()].flat().map((row) => row['modifiedon'] as string),
  ].map((stamp) => Date.parse(stamp))
  const hour = 3_600_000
  t.ok(stamps.every((stamp) => stamp <= now.getTime() - hour && stamp >= now.getTime() - 366 * 24 * hour))
  const quarters = new Set(stamps.map((stamp) => Math.floor((now.getTime() - stamp) / (92 * 24 * hour))))
  t.equal(quarters.size, 4, 'spread over all quarters')
})

t.test('the two sides overlap as if people had typed the same records twice', async (t) => {
  const { sales, businessCentral } = seed({ now })
  const customers = rowsOf(businessCentral, 'customers')
  const accounts = rowsOf(sales, 'accounts').filter((row) => row['customertypecode'] === 3)
  const byNumber = new Map(customers.map((row) => [row['number'], row]))
  const paired = accounts.map((account) => ({ account, customer: byNumber.get(account['accountnumber']) }))
  const numbered = paired.filter(({ customer }) => customer !== undefined)
  t.ok(numbered.length >= 15, 'equal account numbers')
  t.ok(
    numbered.some(({ account, customer }) => account['telephone1'] !== (customer?.['phoneNumber'] || null)),
    'other phones',
  )
  t.ok(
    numbered.some(({ account, customer }) => account['address1_city'] !== customer?.['city']),
    'other cities',
  )
  t.ok(
    numbered.some(({ account, customer }) => account['emailaddress1'] === undefined && customer?.['email']),
    'blanks',
  )

  const places = new Map<string, number>()
  for (const { account, customer } of paired) {
    const place = `${account['name'] as string}|${account['address1_postalcode'] as string}`
    if (customer === undefined) places.set(place, (places.get(place) ?? 0) + 1)
  }
  const named = customers.map((row) => places.get(`${row['displayName'] as string}|${row['postalCode'] as string}`))
  t.ok(named.filter((count) => count === 1).length >= 5, 'only equal by name and post code')
  t.equal(named.filter((count) => count === 2).length, 1, 'one of them twice')
  t.ok(customers.length > accounts.length, 'and some are not there')
  t.ok(rowsOf(sales, 'contacts').length > 30)
  t.ok(rowsOf(sales, 'products').length > 50)
})

t.test('the overlap can be nothing or everything', async (t) => {
  const sizes = [0, 0.5, 1].map((overlap) => rowsOf(seed({ now, overlap }).sales, 'accounts').length)
  t.same(sizes, [12, 78, 12 + 66 + 63 + 2])
})

t.test('salespeople meet users by e-mail, and some users nobody should be coupled with', async (t) => {
  const { sales, businessCentral } = seed({ now })
  const users = rowsOf(sales, 'systemusers')
  const mails = new Set(rowsOf(businessCentral, 'salespeoplePurchasers').map((row) => row['email']))
  t.equal(users.filter((user) => mails.has(user['internalemailaddress'])).length, 7)
  t.ok(users.some((user) => user['isdisabled'] === true))
  t.ok(users.some((user) => user['islicensed'] === false && user['isintegrationuser'] !== true))
  t.ok(users.some((user) => user['isintegrationuser'] === true))
})

t.test("choices carry the native labels and some of the company's codes", async (t) => {
  const { choices, businessCentral } = seed({ now })
  const labels = choices.find((choice) => choice.column === 'paymenttermscode')?.options.map(({ label }) => label) ?? []
  const codes = rowsOf(businessCentral, 'paymentTerms').map((row) => row['code'])
  t.ok(labels.includes('Net 30'))
  t.equal(labels.filter((label) => codes.includes(label)).length, 3)
})

t.test('every reference of the company leads to a row', async (t) => {
  const { businessCentral: rows } = seed({ now })
  const service = businessCentral({ rows })(createWorld({ now: () => now }))
  const blank = '00000000-0000-0000-0000-000000000000'
  const customers = service.hand.rows('customers')
  for (const row of rowsOf(rows, 'customers')) {
    const shown = customers.find((each) => each['number'] === row['number'])
    t.not(shown?.['paymentTermsId'], blank)
    t.equal(shown?.['currencyId'] === blank, row['currencyCode'] === 'GBP')
  }
  const documents = new Set(service.hand.rows('salesOrders').map((row) => row['id']))
  t.ok(service.hand.rows('salesOrderLines').every((row) => documents.has(row['documentId'])))
  t.ok(service.hand.rows('salesOrders').every((row) => row['customerId'] !== blank))
  const people = service.hand.rows('customerContacts')
  t.ok(people.some((row) => row['customerName'] === 'The Cannon Group PLC' && row['firstName'] === 'Andy'))
})

t.test('companies of any size are made and loaded quickly', async (t) => {
  const began = performance.now()
  const { businessCentral: rows } = seed({ now, company: 'empty', overlap: 0, sizes: { customers: 100_000 } })
  t.ok(performance.now() - began < 6000, 'generated in a moment')
  const customers = rowsOf(rows, 'customers')
  t.equal(customers.length, 100_000)
  t.equal(customers.at(0)?.['number'], 'C00001')
  t.equal(new Set(customers.map((row) => row['SystemId'])).size, 100_000)
  const service = businessCentral({ rows })(createWorld())
  t.equal(service.table('customers')?.size, 100_000)

  const small = seed({ now, company: 'empty', overlap: 1, sizes: { customers: 10, items: 5, contactsPerCustomer: 2 } })
  t.equal(rowsOf(small.businessCentral, 'contacts').length, 30)
  t.equal(rowsOf(small.businessCentral, 'ItemUnitsOfMeasure').length, 5)
  t.equal(rowsOf(small.sales, 'accounts').length, 12 + 10 + 1)
})
