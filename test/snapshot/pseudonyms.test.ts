import t from 'tap'
import { pseudonyms } from '../../src/snapshot/pseudonyms.ts'
import type { Pseudonym } from '../../src/snapshot/pseudonyms.ts'

/** The same numbers each time, so that a failure comes again. */
function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
}

const given = (
  values: readonly unknown[],
  kept: readonly (string | number)[] = [],
  lengths: readonly number[] = [],
): Pseudonym =>
  pseudonyms({ values: () => values, kept, lengths: new Set(lengths), timeZone: 'Europe/Berlin', random: chance(7) })

const text = (pseudonym: Pseudonym, value: string): string => String(pseudonym(value))

const rank = (numbers: readonly number[]): readonly number[] => {
  const sorted = numbers.toSorted((a, b) => a - b)
  return numbers.map((number) => sorted.indexOf(number))
}

t.test('P8 texts get other words of the same shape, and the same word the same one', (t) => {
  const of = given([])
  const name = text(of, 'Zebrafinch & Söhne GmbH')
  t.match(name, /^[A-Z][a-z]{9} & [A-Z][a-z]{4} [A-Z][a-z]{2}[A-Z]$/)
  t.notMatch(name, /zebra|finch|hne|gmbh/i)
  t.equal(text(of, 'ZEBRAFINCH & SÖHNE GMBH'), name.toUpperCase())
  t.equal(text(of, '  Söhne, Zebrafinch'), `  ${name.split(' ')[2]}, ${name.split(' ')[0]}`)
  t.match(text(of, '+49 (0)30 1234567'), /^\+[1-9]\d \(0\)[1-9]\d [1-9]\d{6}$/)
  t.match(text(of, '01 23 45 67 89'), /^0\d [1-9]\d [1-9]\d [1-9]\d [1-9]\d$/)
  t.notMatch(text(of, '01 23 45 67 89'), /23 45|45 67|67 89/, 'a number in pairs is one')
  t.match(text(of, 'High Street 12 b'), / 12 [a-z]$/)
  t.match(text(of, 'zebrafinch@example.com'), /^[a-z]{10}@[a-z]{7}\.[a-z]{3}$/)
  t.equal(text(of, 'zebrafinch@example.com').slice(0, 10), name.slice(0, 10).toLowerCase())
  t.end()
})

t.test('different texts stay different, also where words are short and all of a length are taken', (t) => {
  const of = given([], ['AB', '123'])
  const three = Array.from({ length: 900 }, (_, at) => String(at + 100))
  const letters = 'abcdefghijklmnopqrstuvwxyz'.split('')
  const two = letters.flatMap((a) => letters.map((b) => a + b))
  for (const words of [three, two]) {
    const others = words.map((word) => text(of, word))
    t.equal(new Set(others).size, words.length)
  }
  t.equal(text(of, 'ab'), 'ab', 'what is kept stays')
  t.equal(text(of, '123'), '123')
  t.end()
})

t.test('F-02 a text that a service has cut is the cut pseudonym of the whole one', (t) => {
  const whole = 'Long Winding Lane North Umberland'
  const of = given([whole, whole.slice(0, 20)], [], [20, 40])
  t.equal(text(of, whole.slice(0, 20)), text(of, whole).slice(0, 20))
  t.equal(text(of, whole).length, whole.length)
  t.end()
})

t.test('numbers keep sign, digits, decimals and order, and their place beside what is named', (t) => {
  const values = [1234.5, 1234.56, 1500, 1999, 2001, 9000, 15_000, -1500, 7_319_451, 0, 5, 99, 0.25]
  const of = given(values, [2000])
  const others = values.map((value) => Number(of(value)))
  t.notSame(others, values)
  for (const [at, value] of values.entries()) {
    const other = others[at] ?? 0
    t.equal(Math.sign(other), Math.sign(value))
    t.equal(
      String(Math.trunc(Math.abs(other))).length,
      String(Math.trunc(Math.abs(value))).length,
      `${value} → ${other}`,
    )
    t.equal(other > 2000, value > 2000, `${value} → ${other}`)
  }
  t.same(rank(others.slice(0, 7)), [0, 1, 2, 3, 4, 5, 6])
  t.equal(others[7], -(others[2] ?? 0))
  t.same(others.slice(9), [0, 5, 99, 0.25], 'what says nothing stays')
  t.equal(of(2000), 2000)
  t.end()
})

t.test('dates keep year and order; a moment moves with its local day and keeps its time', (t) => {
  const values = ['2026-01-05', '2026-03-01', '2026-03-02', '2026-11-30', '2025-12-31', '0001-01-01', '9999-12-31']
  const of = given([...values, '2026-02-28T23:00:00Z'], ['2026-03-15'])
  const others = values.map((value) => text(of, value))
  t.notSame(others, values)
  t.same(
    others.slice(0, 5).map((date) => date.slice(0, 4)),
    ['2026', '2026', '2026', '2026', '2025'],
  )
  t.ok(
    (others[0] ?? '') < (others[1] ?? '') && (others[1] ?? '') < (others[2] ?? '') && (others[2] ?? '') < '2026-03-15',
  )
  t.ok((others[3] ?? '') > '2026-03-15')
  t.same(others.slice(5), ['0001-01-01', '9999-12-31'], 'never stays never')
  // In Berlin it is midnight of the first of March.
  const moment = text(of, '2026-02-28T23:00:00Z')
  t.equal(new Date(moment).toLocaleString('sv-SE', { timeZone: 'Europe/Berlin' }), `${others[1]} 00:00:00`)
  t.end()
})

t.test('ids, yes and no, and nothing stay', (t) => {
  const of = given([])
  for (const value of ['b68517e6-d512-51c8-8353-85bfabd0934f', true, false, null, '', '0001-01-01T00:00:00Z'])
    t.equal(of(value), value)
  t.end()
})
