/** Several rows that are one record: which rows belong together, and which of them speaks on a day. */
import * as fc from 'fast-check'
import t from 'tap'
import { type CompiledOne, blockOf, compileOne, conditionOfGroup, groupOf, speakerOf } from '../../src/core/one.ts'
import type { Loaded, Row } from '../../src/core/record.ts'

const prices = (given: Partial<Parameters<typeof compileOne>[0]> = {}): CompiledOne =>
  compileOne({ per: ['item', 'unit'], latest: ['begins', 'line'], from: 'begins', until: 'ends', ...given }, 'UTC')

const price = (id: string, row: Row): Loaded => ({ kind: 'upsert', id, etag: `v${id}`, modified: undefined, row })
const all = (): boolean => true
const on = (today: string, admits: (row: Row) => boolean = all): Parameters<typeof speakerOf>[3] => ({ today, admits })

const old = price('1', { begins: '2026-01-01', ends: '0001-01-01', line: 1, amount: 10 })
const summer = price('2', { begins: '2026-06-01', ends: '2026-08-31', line: 2, amount: 8 })
const always = price('0', { begins: '0001-01-01', ends: '', line: 0, amount: 12 })
const tie = (line: unknown, id: string): Loaded => price(id, { begins: '2026-01-01', line, ends: '' })

t.test('the latest row whose time it is speaks, from its first day to its last', (t) => {
  const table: readonly (readonly [string, readonly Loaded[], string | undefined])[] = [
    ['2025-12-31', [old, summer, always], '0'],
    ['2026-01-01', [old, summer, always], '1'],
    ['2026-05-31', [old, summer, always], '1'],
    ['2026-06-01', [old, summer, always], '2'],
    ['2026-08-31', [old, summer, always], '2'],
    ['2026-09-01', [old, summer, always], '1'],
    ['2026-05-31', [summer], undefined],
    ['2026-09-01', [summer], undefined],
  ]
  for (const [today, rows, speaks] of table) {
    const speaker = speakerOf(prices(), 'G', rows, on(today))
    t.equal(speaker?.silent === true ? undefined : speaker?.etag, speaks && `${speaks} v${speaks}`, `on ${today}`)
    t.equal(speaker?.id, 'G', 'under the id of the group')
  }
  t.end()
})

t.test('a group in which no row speaks is silent, whatever its columns say', (t) => {
  t.match(speakerOf(prices(), 'G', [summer], on('2026-09-01')), { silent: true, row: { amount: 8 } })
  t.match(
    speakerOf(
      prices(),
      'G',
      [old],
      on('2026-09-01', () => false),
    ),
    { silent: true },
  )
  t.equal(speakerOf(prices(), 'G', [], on('2026-09-01')), undefined)
  t.end()
})

t.test('rows outside the filter do not compete', (t) => {
  const speaker = speakerOf(
    prices(),
    'G',
    [old, summer],
    on('2026-07-01', ({ amount }) => amount !== 8),
  )
  t.equal(speaker?.row['amount'], 10)
  t.end()
})

t.test('of two rows that begin together the further columns decide, numbers as numbers, then the key', (t) => {
  t.equal(speakerOf(prices(), 'G', [tie(10, 'a'), tie(9, 'b')], on('2026-02-01'))?.etag, 'a va')
  t.equal(speakerOf(prices(), 'G', [tie(9, 'a'), tie(9, 'b')], on('2026-02-01'))?.etag, 'b vb')
  t.end()
})

t.test('who speaks does not hang on the order in which rows come', (t) => {
  const day = fc.integer({ min: 1, max: 6 }).map((month) => `2026-0${month}-01`)
  const rows = fc.uniqueArray(fc.record({ id: fc.nat(99).map(String), begins: day, ends: day, line: fc.nat(3) }), {
    selector: ({ id }) => id,
    minLength: 1,
    maxLength: 6,
  })
  const property = fc.property(rows, day, (given, today) => {
    const loaded = given.map(({ id, ...row }) => price(id, row))
    const [one, other] = [loaded, loaded.toReversed()].map((each) => speakerOf(prices(), 'G', each, on(today)))
    const speaks = one?.silent === true ? undefined : one?.row
    const inTime = speaks === undefined || (String(speaks['begins']) <= today && String(speaks['ends']) >= today)
    return JSON.stringify(one) === JSON.stringify(other) && inTime
  })
  t.equal(fc.check(property).failed, false)
  t.end()
})

t.test('P1 the id of a group is made of what its rows have in common, and gives it back', async (t) => {
  const one = prices({ per: ['item', "unit ? unit : 'PCS'", 'list'] })
  const row = { item: "A/1 %'x", unit: '', list: 'LARGE ACC' }
  const { id } = await groupOf(one, price('9', row), {})
  t.equal(id, "A%2F1%20%25'x/PCS/LARGE%20ACC")
  t.same(await groupOf(one, price('7', { ...row, unit: 'PCS', amount: 3 }), {}), { id })
  t.same(conditionOfGroup(one, id), { item: "A/1 %'x", list: 'LARGE ACC' })
})

t.test('P5 a row for which the expression fails is a group of its own', async (t) => {
  const one = prices({ per: ['item', "$error('no unit')"] })
  const [a, b] = await Promise.all(['1', '2'].map((id) => groupOf(one, price(id, { item: 'A' }), {})))
  t.not(a?.id, b?.id)
  t.match(a?.failed, /no unit/)
})

t.test('where no column says from when or until when, every row is in its time', (t) => {
  const undated = compileOne({ per: ['item'], latest: ['line'], from: undefined, until: undefined }, 'UTC')
  t.match(speakerOf(undated, 'G', [old, summer], on('1900-01-01')), { etag: '2 v2' })
  t.end()
})

t.test('rows that a service sorts together stand in one block', (t) => {
  t.equal(blockOf(prices(), { item: 'a', unit: null }), blockOf(prices(), { item: 'A', unit: '' }))
  t.not(blockOf(prices(), { item: 'a', unit: 'x' }), blockOf(prices(), { item: 'a', unit: 'y' }))
  t.end()
})
