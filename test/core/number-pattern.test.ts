/** Numbers of new records by a pattern. */
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import t from 'tap'
import { comparableNumber, firstFree, parseNumberPattern } from '../../src/core/number-pattern.ts'
import { type Sketch, decideNew, decidingOf, written } from './mapping-fixture.ts'
import { forAll } from '../property.ts'

t.test('a pattern has one counter, whose digits are its first number', async (t) => {
  t.same(parseNumberPattern('SP NO. {00001}'), { prefix: 'SP NO. ', suffix: '', first: 1, width: 5 })
  t.same(parseNumberPattern('{10000}-DE'), { prefix: '', suffix: '-DE', first: 10_000, width: 5 })
  for (const wrong of ['SP-00001', 'SP-{}', 'SP-{#}', 'a{1}b{2}', '{1', '{1234567890123456}'])
    t.equal(parseNumberPattern(wrong), undefined, wrong)
})

const pattern = parseNumberPattern('SP NO. {00001}') ?? assert.fail('no pattern')

t.test('SALESPEOPLE the first free number of a running pattern, gaps filled', async (t) => {
  const free = (taken: readonly string[], isCode = true) =>
    firstFree({ pattern, isCode }, (number) => taken.includes(number))
  t.same(free([]), { text: 'SP NO. 00001', count: 1 })
  t.same(free(['SP NO. 00001', 'SP NO. 00003']), { text: 'SP NO. 00002', count: 2 })
  const two = { ...pattern, prefix: 'sp', width: 1 }
  t.same(
    firstFree({ pattern: two, isCode: true }, () => false),
    { text: 'SP1', count: 1 },
    'codes have no small letters',
  )
  t.equal(
    firstFree({ pattern: two, isCode: false }, () => true),
    'none',
    'used up after nine',
  )
})

t.test('whatever is taken, what is given is free and fits the pattern', async (t) => {
  forAll(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 60 })), fc.integer({ min: 0, max: 30 }), (numbers, first) => {
      const short = { prefix: 'A', suffix: 'z', first, width: 2 }
      const taken = new Set(numbers.map((number) => `A${String(number).padStart(2, '0')}Z`))
      const free = firstFree({ pattern: short, isCode: false }, (number) => taken.has(number))
      assert.ok(free !== 'none' && free.count >= first && !taken.has(comparableNumber(free.text)))
      for (let number = first; number < free.count; number++) assert.ok(numbers.includes(number), 'the first one')
    }),
  )
  t.pass()
})

const sketch = (given: Sketch['fields'][string] = {}): Sketch => ({
  businessCentral: 'number code(20), displayName text(100)',
  sales: 'accountnumber text(20), name text(160)',
  fields: {
    newNumber: {
      businessCentral: 'number',
      direction: 'toBusinessCentral',
      on: 'create',
      number: 'k{00001}',
      ...given,
    },
    name: { businessCentral: 'displayName', sales: 'name' },
  },
})

t.test('a number is asked for, given where the source says none, and never given to a coupled record', async (t) => {
  const account = { accountnumber: '', name: 'Adatum' }
  const asked = await decideNew(decidingOf(sketch()), 'businessCentral', account)
  t.match(asked.asks, [{ side: 'businessCentral', column: 'number', isCode: true, source: 'id' }])
  const given = await decideNew(decidingOf(sketch(), { taken: ['K00001'] }), 'businessCentral', account)
  t.equal(written(given)['businessCentral.number'], 'K00002')
  const own = decidingOf(sketch({ sales: 'accountnumber' }), { taken: [] })
  const kept = await decideNew(own, 'businessCentral', { ...account, accountnumber: 'x7' })
  t.equal(written(kept)['businessCentral.number'], 'X7', 'limitation 11: a number that Sales has is taken over')
  t.equal(written(await decideNew(own, 'businessCentral', account))['businessCentral.number'], 'K00001')
})

t.test('P1 where the service keeps no key of ours no number is given; a pattern that is used up is told', async (t) => {
  const deciding = decidingOf(sketch({ number: 'k{1}' }), { taken: [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `K${n}`) })
  await t.rejects(
    decideNew(deciding, 'businessCentral', { name: 'x' }),
    /every number of the pattern "k\{1\}" is taken/,
  )
  const { compiled } = deciding
  const side = compiled.sides.businessCentral
  const keyless = { ...side, description: { ...side.description, clientKeys: false } }
  const without = { ...deciding, compiled: { ...compiled, sides: { ...compiled.sides, businessCentral: keyless } } }
  await t.rejects(decideNew(without, 'businessCentral', { name: 'x' }), /keeps no key of ours/)
})
