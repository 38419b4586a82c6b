/** Several rows of Business Central that are one record of Sales (`one`): dated prices, dated exchange rates. */
import t from 'tap'
import type { Mapping } from '../../src/config/config.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import { type Stage, counted, pairsOf, stage, toSales, writesMade } from './stage.ts'
import { mapping, row, source } from './project.ts'
import { portOf } from '../../src/connector/connector.ts'

const day = 86_400_000
const dated = { per: ['currencyCode'], latest: ['startingDate'], from: 'startingDate', until: undefined } as const

/** Exchange rates by date: each currency is one account, whose description is the rate of the day. */
const rates = (given: Partial<Mapping> = {}): Mapping =>
  mapping({
    name: 'rate',
    direction: 'toSales',
    one: dated,
    businessCentral: source('businessCentral', 'currencyExchangeRates', {
      filter: "startswith(currencyCode,'Q') and currencyCode ne 'QAR'",
    }),
    sales: source('sales', 'accounts'),
    match: [{ businessCentral: ['currencyCode'], sales: ['accountnumber'], lookup: {}, caseSensitive: false }],
    fields: [
      row('number', { businessCentral: 'currencyCode', sales: 'accountnumber', direction: 'toSales' }),
      row('name', { businessCentral: 'currencyCode', sales: 'name', direction: 'toSales' }),
      row('rate', { businessCentral: 'exchangeRateAmount', sales: 'description', direction: 'toSales' }),
    ],
    ...toSales,
    ...given,
  })

/** A stage at noon, with days as the service writes them. */
async function calendar(t: Parameters<typeof stage>[0]): Promise<Stage & { readonly on: (days: number) => string }> {
  const s = await stage(t)
  const start = s.clock.now().getTime()
  return Object.assign(s, { on: (days: number) => new Date(start + days * day).toISOString().slice(0, 10) })
}

function rate(s: Stage, currencyCode: string, startingDate: string, exchangeRateAmount: number): void {
  const { businessCentral } = s.simulator
  if (!businessCentral.rows('currencies').some(({ code }) => code === currencyCode))
    businessCentral.create('currencies', { code: currencyCode })
  businessCentral.create('currencyExchangeRates', { currencyCode, startingDate, exchangeRateAmount })
}

const told = (s: Stage): readonly string[] =>
  s
    .accounts()
    .map((account) => `${String(account['accountnumber'])} ${String(account['description'])}`)
    .sort()

t.test('P1 the rows of a group make one record, and the row that speaks today fills it', async (t) => {
  const s = await calendar(t)
  rate(s, 'QA', s.on(-20), 1)
  rate(s, 'QA', s.on(-10), 2)
  rate(s, 'QA', s.on(10), 3)
  rate(s, 'QB', s.on(-10), 7)
  t.match(counted(await s.run([rates()]), 'rate'), { created: 2 })
  t.same(told(s), ['QA 2', 'QB 7'])
})

t.test(
  'P5 a row of which no expression tells the group waits, is made no record, and takes none with it',
  async (t) => {
    const s = await calendar(t)
    const grouped = rates({
      one: { ...dated, per: ['currencyCode', "exchangeRateAmount = 13 ? $error('no unit') : 'all'"] },
      deletes: { businessCentral: 'delete', sales: 'hold', sweepMs: 1 },
    })
    const waits = {
      kind: 'failed',
      message: /cannot be told to which group it belongs/,
      remedy: /correct the expression/,
    }
    rate(s, 'QA', s.on(-20), 1)
    rate(s, 'QB', s.on(-20), 13)
    const first = await s.run([grouped])
    t.match(first.problems, [waits])
    t.equal(first.problems.length, 1)
    t.same(told(s), ['QA 1'])
    const { businessCentral } = s.simulator
    const change = (code: string, to: number): void => {
      const found = businessCentral.rows('currencyExchangeRates').find((one) => one['currencyCode'] === code)
      businessCentral.edit('currencyExchangeRates', String(found?.['id']), { exchangeRateAmount: to })
    }
    change('QA', 13)
    s.clock.advance(day)
    t.match((await s.run([grouped])).problems, [waits, waits, waits])
    t.same(told(s), ['QA 1'], 'nothing is deleted')
    change('QA', 5)
    change('QB', 6)
    s.clock.advance(day)
    t.same((await s.run([grouped])).problems, [])
    t.same(told(s), ['QA 5', 'QB 6'])
  },
)

t.test('P1 a lost memory couples the group again, although another row speaks for it by now', async (t) => {
  const s = await calendar(t)
  const blind = rates({ match: [] })
  rate(s, 'QA', s.on(-20), 1)
  await s.run([blind])
  rate(s, 'QA', s.on(-10), 2)
  s.store = openMemoryStore('the key of the fingerprints')
  await s.run([blind])
  t.equal(s.accounts().length, 1)
  t.equal(s.couplings('rate').length, 1)
})

t.test('P3 P4 a row that takes over is one update of the same record, and the next run writes nothing', async (t) => {
  const s = await calendar(t)
  rate(s, 'QA', s.on(-20), 1)
  rate(s, 'QB', s.on(-20), 7)
  await s.run([rates()])
  const before = pairsOf(s.couplings('rate'))
  s.clock.advance(60 * 60_000)
  rate(s, 'QA', s.on(-5), 2)
  t.match(counted(await s.run([rates()]), 'rate'), { created: 0, updated: 1, deleted: 0, held: 0 })
  t.same(told(s), ['QA 2', 'QB 7'])
  t.same(pairsOf(s.couplings('rate')), before)
  s.simulator.resetRequests()
  await s.run([rates()])
  t.equal(writesMade(s.simulator), 0)
})

t.test('an older row that is added, or a later one whose day has not come, changes nothing', async (t) => {
  const s = await calendar(t)
  rate(s, 'QA', s.on(-20), 1)
  await s.run([rates()])
  s.clock.advance(60 * 60_000)
  rate(s, 'QA', s.on(-30), 9)
  rate(s, 'QA', s.on(30), 8)
  t.match(counted(await s.run([rates()]), 'rate'), { updated: 0, created: 0 })
  t.same(told(s), ['QA 1'])
})

t.test('P3 a row takes over on its day although nobody edits anything', async (t) => {
  const s = await calendar(t)
  rate(s, 'QA', s.on(-20), 1)
  rate(s, 'QA', s.on(2), 2)
  rate(s, 'QB', s.on(2), 7)
  const often = rates({ deletes: { businessCentral: 'hold', sales: 'hold', sweepMs: 90 * day } })
  await s.run([often])
  t.same(told(s), ['QA 1'], 'a currency whose first rate is still to come is nobody yet')
  s.clock.advance(day)
  t.match(counted(await s.run([often]), 'rate'), { created: 0, updated: 0 })
  s.clock.advance(day)
  await s.run([often])
  t.same(told(s), ['QA 2', 'QB 7'])
  s.simulator.resetRequests()
  await s.run([often])
  t.equal(writesMade(s.simulator), 0)
})

t.test('P9 a group in which no row speaks any more is paused and keeps its record', async (t) => {
  const s = await calendar(t)
  rate(s, 'QA', s.on(-20), 1)
  rate(s, 'QB', s.on(-20), 7)
  await s.run([rates()])
  const later = rates({
    businessCentral: source('businessCentral', 'currencyExchangeRates', {
      filter: "exchangeRateAmount gt 1 and currencyCode ne 'QAR' and startswith(currencyCode,'Q')",
    }),
  })
  t.match(counted(await s.run([{ ...later, hash: 'm2' }]), 'rate'), { deleted: 0, uncoupled: 0 })
  t.match(
    s
      .couplings('rate')
      .map(({ businessCentral, outside }) => `${businessCentral.id} ${outside === true}`)
      .sort(),
    ['QA true', 'QB false'],
  )
  s.clock.advance(60 * 60_000)
  rate(s, 'QA', s.on(-1), 5)
  await s.run([{ ...later, hash: 'm2' }])
  t.same(told(s), ['QA 5', 'QB 7'])
})

t.test(
  'the row before it speaks again when the speaking row is deleted; a group without rows is deleted',
  async (t) => {
    const s = await calendar(t)
    rate(s, 'QA', s.on(-20), 1)
    rate(s, 'QA', s.on(-10), 2)
    rate(s, 'QB', s.on(-10), 7)
    const swept = rates({ deletes: { businessCentral: 'delete', sales: 'hold', sweepMs: 1 } })
    await s.run([swept])
    s.clock.advance(1000)
    const keyOf = (amount: number): string =>
      String(
        s.simulator.businessCentral
          .rows('currencyExchangeRates')
          .find((each) => each['exchangeRateAmount'] === amount)?.['id'],
      )
    s.simulator.businessCentral.delete('CurrencyExchangeRates', keyOf(2))
    s.simulator.businessCentral.delete('CurrencyExchangeRates', keyOf(7))
    const report = await s.run([swept])
    t.same(report.problems, [])
    t.match(counted(report, 'rate'), { updated: 1, deleted: 1 })
    t.same(told(s), ['QA 1'])
  },
)

t.test('P10 a whole read keeps one group at a time: sorted by the service, over every page', async (t) => {
  const s = await stage(t, { simulator: { world: {} } })
  const on = (days: number): string => new Date(s.clock.now().getTime() + days * day).toISOString().slice(0, 10)
  const numbers = [...Array(30).keys()].map((index) => `QC${String(index).padStart(2, '0')}`)
  // Written in turns, so that the rows of a group are far from each other.
  for (const age of [3, 1, 2]) for (const number of numbers) rate(s, number, on(-age), age)
  const asked: (readonly string[] | undefined)[] = []
  const { businessCentral } = s.connectors
  s.connectors = {
    ...s.connectors,
    businessCentral: {
      ...portOf(businessCentral),
      changes: async function* (query, since) {
        asked.push(query.order)
        // Pages of seven rows cut through the groups.
        for await (const page of businessCentral.changes(query, since))
          for (let at = 0; at < page.changes.length; at += 7) {
            const { next, ...rest } = page
            const changes = page.changes.slice(at, at + 7)
            yield at + 7 < page.changes.length || next === undefined ? { ...rest, changes } : { ...rest, changes, next }
          }
      },
    },
  }
  t.match(counted(await s.run([rates()]), 'rate'), { created: 30 })
  t.same(asked[0], ['currencyCode'])
  t.same(
    told(s),
    numbers.map((number) => `${number} 1`),
  )
})
