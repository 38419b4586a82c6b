/** Values, instants, fingerprints, bases and derived keys: the words that everything else compares. */
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import t from 'tap'
import type { ValueType } from '../../src/config/config.ts'
import { type Base, type Prints, isPending, noBase, packBase, unpackBase, withPrints } from '../../src/core/base.ts'
import { type Origin, derivedKey, derivedOption, isDerived } from '../../src/core/derived-key.ts'
import { fingerprinter, shortHash, versionOf } from '../../src/core/fingerprint.ts'
import { instantOf, localDate, startOfDay, utcText } from '../../src/core/instant.ts'
import { type Norm, canonical, cut, decodeName, roundText } from '../../src/core/values.ts'
import { forAll } from '../property.ts'

const types: Record<ValueType, true> = {
  text: true,
  code: true,
  guid: true,
  lookup: true,
  integer: true,
  decimal: true,
  money: true,
  boolean: true,
  date: true,
  dateTime: true,
  choice: true,
}
const allTypes = Object.keys(types) as ValueType[]

const guid = '7f3a0000-0000-0000-0000-00000000000a'
const blankGuid = '00000000-0000-0000-0000-000000000000'

type Case = readonly [given: unknown, expected: string | null, norm?: Omit<Norm, 'type'>]
const canonicals: Record<ValueType, readonly Case[]> = {
  text: [
    ['Adatum', 'Adatum'],
    ['  a ', '  a '],
    ['Contoso Ltd', 'Contoso L', { maxLength: 9 }],
    ['ab😀', 'ab', { maxLength: 3 }],
    ['ab😀', 'ab😀', { maxLength: 4 }],
    ['abc', null, { maxLength: 0 }],
    ['one\r\ntwo', 'one\ntwo'],
    ['one\r\ntwo', 'one\n', { maxLength: 4 }],
    [12.5, '12.5'],
    [true, 'true'],
    [{ b: 1 }, '{"b":1}'],
    [['a', 'b'], '["a","b"]'],
  ],
  code: [
    ['  c-10010 ', 'C-10010'],
    ['   ', null],
    ['straße', 'STRASSE'],
    ['ab cd', 'AB', { maxLength: 3 }],
    [1000, '1000'],
  ],
  guid: [
    [guid.toUpperCase(), guid],
    [`{${guid}}`, guid],
    [` ${guid} `, guid],
    [blankGuid, null],
    [' ', null],
  ],
  lookup: [
    [guid.toUpperCase(), guid],
    [blankGuid, null],
  ],
  integer: [
    [3, '3'],
    ['3', '3'],
    [2.5, '3'],
    [-2.5, '-3'],
    [0.4, '0'],
    [-0.4, '0'],
    [-0, '0'],
    [1e21, '1000000000000000000000'],
    ['  ', null],
    ['three', 'three'],
  ],
  decimal: [
    [1.005, '1.01', { precision: 2 }],
    [-1.005, '-1.01', { precision: 2 }],
    ['1.10', '1.1'],
    [1.1, '1.1'],
    [0.1 + 0.2, '0.3'],
    [9.999_996, '10'],
    [0.000_004, '0'],
    [0.000_005, '0.00001'],
    [0.000_000_4, '0'],
    [1e-7, '0.0000001', { precision: 7 }],
    [5e-7, '0.000001', { precision: 6 }],
    [-1e-9, '0'],
    [0, '0'],
    [-0, '0'],
    [1e21, '1000000000000000000000'],
    [-1e21, '-1000000000000000000000'],
    [123_456_789.5, '123456789.5'],
    [0.5, '1', { precision: 0 }],
    ['1,5', '1,5'],
    ['', null],
    ['   ', null],
    [Number.POSITIVE_INFINITY, 'Infinity'],
  ],
  money: [
    [1.23456, '1.2346'],
    [1.005, '1.01', { precision: 2 }],
  ],
  boolean: [
    [true, 'true'],
    ['true', 'true'],
    [1, 'true'],
    [false, 'false'],
    ['false', 'false'],
    [0, 'false'],
  ],
  date: [
    ['2026-11-21', '2026-11-21'],
    ['0001-01-01', null],
    ['0001-01-01T00:00:00Z', null],
    ['2026-11-21T23:30:00Z', '2026-11-21'],
    ['2026-11-21T23:30:00Z', '2026-11-22', { timeZone: 'Europe/Berlin' }],
    ['2026-11-22T00:30:00+01:00', '2026-11-21'],
    ['2026-07-01T22:30:00Z', '2026-07-02', { timeZone: 'Europe/Berlin' }],
    ['2026-01-01T22:30:00Z', '2026-01-01', { timeZone: 'Europe/Berlin' }],
    ['2026-01-01T03:00:00Z', '2025-12-31', { timeZone: 'America/New_York' }],
    ['not a Time', 'not a Time'],
  ],
  dateTime: [
    ['2026-11-21T03:34:00Z', '2026-11-21T03:34:00Z'],
    ['2026-11-21T03:34:00.987Z', '2026-11-21T03:34:00Z'],
    ['2026-11-21T03:34:00.1234567Z', '2026-11-21T03:34:00Z'],
    ['2026-11-21T04:34:00+01:00', '2026-11-21T03:34:00Z'],
    ['2026-11-20T22:04:00-0530', '2026-11-21T03:34:00Z'],
    ['2026-11-21T03:34', '2026-11-21T03:34:00Z'],
    ['0001-01-01T00:00:00Z', null],
    ['yesterday', 'yesterday'],
  ],
  choice: [
    ['_x0020_', null],
    [' ', null],
    ['Bill_x002D_to_x0020_Customer', 'Bill-to Customer'],
    [3, '3'],
    ['3', '3'],
    [0, '0'],
  ],
}

t.test('F-02, F-07: a value of each type has one comparable form', async (t) => {
  for (const [type, cases] of Object.entries(canonicals)) {
    for (const [given, expected, norm] of cases) {
      t.equal(canonical(given, { type: type as ValueType, ...norm }), expected, `${type} ${String(given)}`)
    }
  }
})

t.test('null, nothing and empty text are the same nothing in every type', async (t) => {
  for (const type of allTypes) {
    for (const nothing of [null, undefined, '']) t.equal(canonical(nothing, { type }), null, type)
  }
})

const amount = fc.double({ min: -1e9, max: 1e9, noNaN: true })
const ofType: Record<ValueType, fc.Arbitrary<unknown>> = {
  text: fc.string({ unit: 'binary' }),
  code: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a b c', ' ab  c', 'ß ß')),
  guid: fc.uuid(),
  lookup: fc.uuid(),
  integer: fc.oneof(fc.integer(), amount),
  decimal: amount,
  money: amount,
  boolean: fc.boolean(),
  date: fc
    .date({ noInvalidDate: true, min: new Date('1800-01-01'), max: new Date('9998-12-31') })
    .map((at) => at.toISOString()),
  dateTime: fc
    .date({ noInvalidDate: true, min: new Date('0002-01-01'), max: new Date('9999-12-31') })
    .map((at) => at.toISOString()),
  choice: fc.oneof(fc.integer(), fc.constantFrom('Bill_x0020_To', '_x0020_', 'Person ')),
}
const sample = fc.constantFrom(...allTypes).chain((type) =>
  fc.record({
    value: ofType[type],
    norm: fc.record({
      type: fc.constant(type),
      maxLength: fc.option(fc.nat(8), { nil: undefined }),
      precision: fc.option(fc.nat(5), { nil: undefined }),
      timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'Pacific/Auckland'),
    }),
  }),
)

t.test('the comparable form of a comparable form is itself', async () => {
  forAll(
    fc.property(sample, ({ value, norm }) => {
      const once = canonical(value, norm)
      return canonical(once, norm) === once
    }),
    { numRuns: 1000 },
  )
})

t.test('comparing never throws, whatever a service says', async () => {
  forAll(
    fc.property(fc.jsonValue(), fc.constantFrom(...allTypes), (value, type) => {
      const form = canonical(value, { type })
      return form === null || typeof form === 'string'
    }),
  )
})

t.test('F-02: a cut text is no longer than allowed, starts the text and tears no pair of surrogates', async () => {
  forAll(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(12), (text, most) => {
      const short = cut(text, most)
      const least = Math.min(text.length, most) - 1
      return short.length <= most && short.length >= least && text.startsWith(short) && !/[\uD800-\uDBFF]$/.test(short)
    }),
  )
})

t.test('rounding is half away from zero on the digits that people see', async () => {
  forAll(
    fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.nat(4), (units, precision) => {
      const shown = `${Math.trunc(units / 10)}.${Math.abs(units % 10)}`
      const number = Number(`${units < 0 && !shown.startsWith('-') ? '-' : ''}${shown}e-${precision}`)
      const away = Math.sign(units) * Math.floor((Math.abs(units) + 5) / 10)
      return Number(roundText(number, precision)) === Number(`${away}e-${precision}`) || away === 0
    }),
  )
})

t.test('names of Business Central are decoded as XML names are', async (t) => {
  t.equal(decodeName('_x0020_'), ' ')
  t.equal(decodeName('A_x002f_B_X0020_'), 'A/B_X0020_', 'only as the service writes it, with a small x')
  t.equal(decodeName('a_x20_b'), 'a_x20_b')
})

t.test('an instant is read and written as the calendar of the platform does', async (t) => {
  const at = fc.date({
    noInvalidDate: true,
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59Z'),
  })
  forAll(
    fc.property(at, (date) => {
      const seconds = `${date.toISOString().slice(0, 19)}Z`
      const instant = instantOf(date.toISOString())
      return (
        instant === date.getTime() && utcText(instant) === seconds && localDate(instant, 'UTC') === seconds.slice(0, 10)
      )
    }),
    { numRuns: 1000 },
  )
  for (const text of ['', '2026-11-21', '2026-11-21T3:34:00Z', '2026-11-21 03:34:00Z', '2026-11-21T03:34:00ZZ']) {
    t.equal(instantOf(text), undefined, text)
  }
  t.equal(instantOf('2026-11-21t03:34:00z'), Date.parse('2026-11-21T03:34:00Z'), 'small letters')
  t.equal(instantOf('2026-11-21T03:34:00.5Z'), Date.parse('2026-11-21T03:34:00.500Z'))
  t.equal(instantOf('2026-11-21T03:34:00-03:30'), Date.parse('2026-11-21T03:34:00-03:30'))
})

t.test('dates follow the time zone over a change of clocks', async (t) => {
  const cases: readonly [instant: string, zone: string, date: string][] = [
    ['2026-03-28T22:59:59Z', 'Europe/Berlin', '2026-03-28'],
    ['2026-03-28T23:00:00Z', 'Europe/Berlin', '2026-03-29'],
    ['2026-03-29T21:59:59Z', 'Europe/Berlin', '2026-03-29'],
    ['2026-03-29T22:00:00Z', 'Europe/Berlin', '2026-03-30'],
    ['2026-10-25T22:59:59Z', 'Europe/Berlin', '2026-10-25'],
    ['2026-10-25T23:00:00Z', 'Europe/Berlin', '2026-10-26'],
    ['2026-11-21T10:59:59Z', 'Pacific/Auckland', '2026-11-21'],
    ['2026-11-21T11:00:00Z', 'Pacific/Auckland', '2026-11-22'],
  ]
  for (const [instant, zone, date] of cases)
    t.equal(localDate(instantOf(instant) ?? 0, zone), date, `${instant} ${zone}`)
})

t.test('fingerprints are keyed hashes of at least 64 bits, and nothing is no text', async (t) => {
  const print = fingerprinter('key')
  // When this fails, every coupled record looks edited after an upgrade.
  t.equal(print('Adatum'), createHash('sha256').update('key\nAdatum').digest('base64url').slice(0, 11))
  t.match(print('Adatum'), /^[\w-]{11}$/, '11 characters of 6 bits')
  t.equal(print('Adatum'), print('Adatum'), 'the same each time')
  t.not(print('Adatum'), fingerprinter('other')('Adatum'), 'another key, another fingerprint')
  t.equal(print(null), '-')
  for (const text of ['-', 'null', ' ', '0', 'false']) t.not(print(text), print(null), `nothing is not ${text}`)
})

t.test('texts have one fingerprint where they are one text, also with halves of pairs of surrogates', async (t) => {
  const print = fingerprinter('key')
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }))
  const halves = fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code))
  forAll(
    fc.property(fc.oneof(text, halves), fc.oneof(text, halves), (one, other) => {
      const again = fingerprinter('key')
      return (
        (print(one) === again(other)) === (one === other) && (shortHash(one) === shortHash(other)) === (one === other)
      )
    }),
    { numRuns: 1000 },
  )
  t.not(print('\uD83D'), print('\uDE00'))
})

t.test('fingerprints stay the same when their memory is full', async (t) => {
  const print = fingerprinter('key')
  const first = print('0')
  for (let value = 1; value <= 20_001; value++) print(String(value))
  t.equal(print('0'), first)
  t.equal(print('20001'), fingerprinter('key')('20001'))
})

t.test('the version of a row is its etag with its time of change', async (t) => {
  const seen = { etag: 'W/"1"', modified: '2026-11-21T03:34:00Z' }
  t.equal(versionOf(seen), versionOf({ ...seen }))
  t.not(versionOf(seen), versionOf({ ...seen, etag: 'W/"2"' }))
  t.not(versionOf(seen), versionOf({ ...seen, modified: '2026-11-21T03:34:01Z' }))
  t.not(versionOf(seen), versionOf({ ...seen, modified: undefined }))
  t.equal(versionOf({ etag: undefined, modified: seen.modified }), undefined, 'no etag, no version')
  t.equal(versionOf({ etag: 'a', modified: undefined }), shortHash('a|'))
})

const printArb = fc.oneof(fc.constant('-'), fc.stringMatching(/^[\w-]{11}$/))
const printsArb: fc.Arbitrary<Prints> = fc
  .tuple(fc.option(printArb, { nil: undefined }), fc.option(printArb, { nil: undefined }), fc.boolean())
  .map(([businessCentral, sales, same]) => ({ businessCentral, sales: same ? businessCentral : sales }))
const rowIds = fc.uniqueArray(fc.stringMatching(/^[a-zA-Z]{1,6}@[a-z0-9]{4}$/), { minLength: 1, maxLength: 6 })

t.test('a base survives being packed, in its own layout', async () => {
  forAll(
    fc.property(
      rowIds.chain((rows) => fc.tuple(fc.constant(rows), fc.dictionary(fc.constantFrom(...rows), printsArb))),
      ([rows, given]) => {
        const spoken = Object.entries(given).filter(
          ([, { businessCentral, sales }]) => businessCentral !== sales || sales !== undefined,
        )
        const base: Base = new Map(Object.entries(given))
        const read = unpackBase(packBase(base, rows), rows)
        return isDeepStrictEqual(read, new Map(spoken))
      },
    ),
  )
})

t.test('a packed base is short: one print where both sides said the same', async (t) => {
  const base: Base = new Map([
    ['a@1', { businessCentral: 'x', sales: 'x' }],
    ['b@1', { businessCentral: 'x', sales: '-' }],
    ['c@1', { businessCentral: undefined, sales: 'y' }],
    ['d@1', { businessCentral: 'z', sales: undefined }],
    ['silent@1', { businessCentral: undefined, sales: undefined }],
    ['gone@0', { businessCentral: 'z', sales: 'z' }],
  ])
  const layout = ['a@1', 'b@1', 'new@1', 'c@1', 'd@1', 'silent@1']
  const packed = 'x,x:-,,:y,z:,'
  t.equal(packBase(base, layout), packed)
  t.strictSame([...unpackBase(packed, layout)], [...base].slice(0, 4), 'who never spoke has no base')
  t.strictSame(unpackBase('', ['a@1']), noBase)
  for (const [packed, rows, pending] of [
    ['', ['a@1'], true],
    ['x,', ['a@1', 'b@1'], true],
    ['x,y', ['a@1', 'b@1'], false],
    ['', [], false],
  ] as const)
    t.equal(isPending(packed, rows), pending, `${packed} of ${rows.length} rows`)
  t.strictSame([...unpackBase('x', ['a@1', 'b@1']).keys()], ['a@1'], 'rows beyond what was packed have no base')
})

t.test('new prints replace old ones and leave the base that they were made from', async (t) => {
  const base: Base = new Map([['a@1', { businessCentral: 'x', sales: 'x' }]])
  const more = withPrints(base, new Map([['b@1', { businessCentral: 'y', sales: 'y' }]]))
  t.strictSame([...more.keys()], ['a@1', 'b@1'])
  t.equal(base.size, 1)
  t.equal(withPrints(base, noBase), base)
  t.strictSame(withPrints(base, new Map([['a@1', { businessCentral: '-', sales: '-' }]])).get('a@1'), {
    businessCentral: '-',
    sales: '-',
  })
})

const origin: Origin = {
  company: '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0',
  sourceEntity: 'customers',
  sourceKey: '5D115C9C-44E3-EA11-BB43-000D3A2FECA1',
  targetEntity: 'accounts',
  generation: 0,
}

t.test('P1: the key of a new record is the same in every run, on every machine, in every version', async (t) => {
  // Typed once from the first run. When this fails, records created by earlier versions would be created again.
  t.equal(derivedKey(origin), '82ad207b-c2d9-5007-80fb-54f2f809717d')
  t.equal(derivedOption(origin), '836612267')
  t.match(derivedKey(origin), /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'version 5')
  t.equal(derivedKey({ ...origin, sourceKey: origin.sourceKey.toLowerCase() }), derivedKey(origin))
})

t.test('P1: every part of the origin gives another key and another option', async (t) => {
  const others: Origin[] = [
    origin,
    { ...origin, company: 'b' },
    { ...origin, sourceEntity: 'vendors' },
    { ...origin, sourceKey: '5d115c9c-44e3-ea11-bb43-000d3a2feca2' },
    { ...origin, targetEntity: 'contacts' },
    { ...origin, generation: 1 },
    { ...origin, sourceEntity: 'accounts', targetEntity: 'customers' },
  ]
  t.equal(new Set(others.map(derivedKey)).size, others.length)
  t.equal(new Set(others.map(derivedOption)).size, others.length)
})

t.test('P1: a derived key is known by its look, and what services number is not taken for one', async (t) => {
  forAll(
    fc.property(fc.string(), (sourceKey) => {
      const made = { ...origin, sourceKey }
      return isDerived(derivedKey(made)) && isDerived(derivedKey(made).toUpperCase()) && isDerived(derivedOption(made))
    }),
  )
  for (const key of [
    '5d115c9c-44e3-ea11-bb43-000d3a2feca1',
    '82ad207b-c2d9-4007-80fb-54f2f809717d',
    '10000',
    '1800000000',
    'C10000',
    '',
  ])
    t.notOk(isDerived(key), key)
})

t.test('a derived option lies in the range that people do not fill by hand', async () => {
  forAll(
    fc.property(fc.string(), (sourceKey) => {
      const option = Number(derivedOption({ ...origin, sourceKey }))
      return Number.isInteger(option) && option >= 800_000_000 && option < 900_000_000
    }),
  )
})

t.test('a day starts at local midnight, also where the clocks change at midnight', async (t) => {
  const cases: readonly [date: string, zone: string, start: string][] = [
    ['2026-11-21', 'UTC', '2026-11-21T00:00:00Z'],
    ['2026-11-21', 'Europe/Berlin', '2026-11-20T23:00:00Z'],
    ['2026-07-01', 'Europe/Berlin', '2026-06-30T22:00:00Z'],
    ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00Z'],
    ['2026-03-30', 'Europe/Berlin', '2026-03-29T22:00:00Z'],
    ['2026-11-21', 'America/New_York', '2026-11-21T05:00:00Z'],
    ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00Z'],
    ['2024-03-31', 'Asia/Beirut', '2024-03-30T22:00:00Z'],
    ['2026-09-27', 'Pacific/Auckland', '2026-09-26T12:00:00Z'],
    ['2026-04-05', 'Pacific/Auckland', '2026-04-04T11:00:00Z'],
  ]
  for (const [date, zone, start] of cases) t.equal(utcText(startOfDay(date, zone) ?? 0), start, `${date} ${zone}`)
  t.equal(startOfDay('some day', 'Europe/Berlin'), undefined)
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Pacific/Auckland', 'Asia/Beirut')
  const days = fc.date({ noInvalidDate: true, min: new Date('1970-01-01'), max: new Date('2100-01-01') })
  forAll(
    fc.property(days, zones, (day, zone) => {
      const date = day.toISOString().slice(0, 10)
      const start = startOfDay(date, zone) ?? 0
      return localDate(start, zone) === date && localDate(start - 1, zone) < date
    }),
  )
})
