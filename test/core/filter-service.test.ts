/** A filter evaluated here says of every row what the service says of it: the simulators have an evaluation of their own. */
import { deepStrictEqual } from 'node:assert/strict'
import * as fc from 'fast-check'
import t from 'tap'
import type { Side, ValueType } from '../../src/config/config.ts'
import { withBlanks } from '../../src/core/filter-binding.ts'
import { evaluateFilter } from '../../src/core/filter-evaluation.ts'
import {
  type Comparison,
  type Literal,
  type Operand,
  type ParsedFilter,
  type TextTest,
  parseFilter,
  printFilter,
} from '../../src/core/filter.ts'
import { isLike } from '../../src/core/like.ts'
import type { Column } from '../../src/core/record.ts'
import { type Scope, compileFilter } from '../../src/simulator/query-filter.ts'
import { parseFilter as readAsService } from '../../src/simulator/query-syntax.ts'
import { forAll } from '../property.ts'

const edm: Readonly<Record<string, string>> = {
  text: 'Edm.String',
  code: 'Edm.String',
  decimal: 'Edm.Decimal',
  boolean: 'Edm.Boolean',
  date: 'Edm.Date',
  dateTime: 'Edm.DateTimeOffset',
  guid: 'Edm.Guid',
}
const columns: Readonly<Record<string, Column>> = {
  name: { type: 'text' },
  city: { type: 'text' },
  number: { type: 'code' },
  amount: { type: 'decimal' },
  credit: { type: 'decimal' },
  open: { type: 'boolean' },
  day: { type: 'date' },
  at: { type: 'dateTime' },
  owner: { type: 'guid' },
}
const names = Object.keys(columns)
const typeOf = (name: string): ValueType => columns[name]?.type ?? 'text'

/** What the simulators tell their common evaluation of a table's columns. */
const scopes: Readonly<Record<Side, Scope>> = {
  businessCentral: {
    read:
      ([name = '']) =>
      (row) =>
        row[name],
    type: ([name = '']) => edm[typeOf(name)],
    ignoreCase: ([name = '']) => typeOf(name) === 'code',
    wildcards: false,
  },
  sales: {
    read:
      ([name = '']) =>
      (row) =>
        row[name],
    type: ([name = '']) => edm[typeOf(name)],
    ignoreCase: () => true,
    wildcards: true,
  },
}

const guids = ['3e0f8a4a-1111-4222-8333-00000000000a', '7f3a0000-0000-4000-8000-00000000000b']
const days = ['2026-03-01', '2026-03-02', '1999-12-31']
const moments = [
  '2026-03-01T00:00:00Z',
  '2026-03-01T01:00:00+01:00',
  '2026-03-01T10:00:00.5Z',
  '2026-03-01T09:59:59Z',
  '2026-03-02T00:00:00Z',
]
const values: Readonly<Record<string, readonly (string | number | boolean)[]>> = {
  // A text without a small letter cannot be told from a code.
  text: ['Adatum', 'adatum', 'Adatum NV', "O'Hara", 'Ångström', '100 % Wolle', 'a_b', 'x[y]z', 'datum'],
  code: ['ADATUM', 'C-100', '2026-03-01', 'B'],
  decimal: [0, 1, -7.5, 1000],
  boolean: [true, false],
  date: days,
  dateTime: moments,
  guid: guids,
}
const blank: Readonly<Record<Side, Readonly<Record<string, unknown>>>> = {
  businessCentral: {
    text: '',
    code: '',
    decimal: 0,
    boolean: false,
    date: '0001-01-01',
    dateTime: '0001-01-01T00:00:00Z',
    guid: '00000000-0000-0000-0000-000000000000',
  },
  sales: { text: null, code: null, decimal: null, boolean: null, date: null, dateTime: null, guid: null },
}
const rowOf = (side: Side): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(
    Object.fromEntries(
      names.map((name) => [name, fc.constantFrom<unknown>(blank[side][typeOf(name)], ...(values[typeOf(name)] ?? []))]),
    ),
  )

const literalOf = (type: ValueType): fc.Arbitrary<Literal> => {
  const nothing = fc.constantFrom<Literal>(
    { kind: 'null' },
    ...(type === 'text' || type === 'code' ? [{ kind: 'text', value: '' } as const] : []),
  )
  const some = fc.constantFrom(...(values[type] ?? [])).chain((value): fc.Arbitrary<Literal> => {
    if (type === 'guid')
      return fc
        .constantFrom(String(value), String(value).toUpperCase())
        .map((text) => ({ kind: 'guid', value: text.toLowerCase() }))
    if (type === 'date' || type === 'dateTime') return fc.constant({ kind: type, value: String(value) })
    if (typeof value === 'number') return fc.constant({ kind: 'number', value, text: String(value) })
    if (typeof value === 'boolean') return fc.constant({ kind: 'boolean', value })
    return fc
      .constantFrom(value, value.toLowerCase(), value.toUpperCase())
      .map((text) => ({ kind: 'text', value: text }))
  })
  return fc.oneof({ arbitrary: some, weight: 5 }, { arbitrary: nothing, weight: 1 })
}
const column = (name: string): Operand => ({ kind: 'column', name, offset: 0 })
const constant = (literal: Literal): Operand => ({ kind: 'literal', literal })
const parts = fc
  .array(fc.constantFrom('a', 'D', 'tum', '%', '_', '[', '[ab]', '[^a]', '[a-d]', ']', "'", ' ', '100'), {
    maxLength: 4,
  })
  .map((pieces) => pieces.join(''))

const orders = ['gt', 'ge', 'lt', 'le'] as const
const compared = (side: Side): fc.Arbitrary<ParsedFilter> =>
  fc.constantFrom(...names).chain((name) => {
    const type = typeOf(name)
    // Business Central sorts texts by the collation of its database, which nobody outside knows; booleans have no order.
    const isOrdered = type !== 'boolean' && type !== 'guid' && (side === 'sales' || type !== 'text')
    const operator = fc.constantFrom<Comparison>('eq', 'ne', ...(isOrdered ? orders : []))
    const others = names.filter((other) => typeOf(other) === type)
    const right = fc.oneof(
      { arbitrary: literalOf(type).map(constant), weight: 4 },
      { arbitrary: fc.constantFrom(...others).map(column), weight: 1 },
    )
    return fc.tuple(operator, right, fc.boolean()).map(([operator, other, turned]): ParsedFilter => {
      const [left, right] = turned ? [other, column(name)] : [column(name), other]
      return { kind: 'compare', operator, left, right }
    })
  })
const tested = fc
  .tuple(fc.constantFrom<TextTest>('contains', 'startswith', 'endswith'), fc.constantFrom('name', 'number'), parts)
  .map(([test, name, part]): ParsedFilter => ({
    kind: 'textTest',
    test,
    text: column(name),
    part: constant({ kind: 'text', value: part }),
  }))
const called = fc
  .tuple(
    fc.constantFrom('tolower' as const, 'toupper' as const, 'trim' as const),
    fc.constantFrom('eq', 'ne'),
    literalOf('text'),
  )
  .filter(([, , literal]) => literal.kind === 'text')
  .map(([name, operator, literal]): ParsedFilter => ({
    kind: 'compare',
    operator: operator as Comparison,
    left: { kind: 'call', name, of: column('name') },
    right: constant(literal),
  }))
const measured = fc
  .tuple(fc.constantFrom<Comparison>('eq', 'ne', ...orders), fc.nat(12))
  .map(([operator, value]): ParsedFilter => ({
    kind: 'compare',
    operator,
    left: { kind: 'call', name: 'length', of: column('name') },
    right: constant({ kind: 'number', value, text: String(value) }),
  }))
const listed = fc
  .constantFrom('name', 'number', 'amount', 'owner')
  .chain((name) =>
    fc
      .array(literalOf(typeOf(name)), { minLength: 1, maxLength: 3 })
      .map((all): ParsedFilter => ({ kind: 'in', operand: column(name), values: all })),
  )
const crmListed = fc
  .constantFrom('name', 'number', 'amount', 'owner')
  .chain((name) =>
    fc
      .tuple(
        fc.boolean(),
        fc.array(fc.constantFrom(...(values[typeOf(name)] ?? [])).map(String), { minLength: 1, maxLength: 3 }),
      )
      .map(([negated, all]): ParsedFilter => ({ kind: 'crmIn', negated, column: name, offset: 0, values: all })),
  )
/** What each service offers. */
const leaves: Readonly<Record<Side, fc.Arbitrary<ParsedFilter>>> = {
  businessCentral: fc.oneof({ arbitrary: compared('businessCentral'), weight: 3 }, tested, called, measured, listed),
  sales: fc.oneof({ arbitrary: compared('sales'), weight: 3 }, { arbitrary: tested, weight: 2 }, crmListed),
}
const filterOf = (side: Side): fc.Arbitrary<ParsedFilter> =>
  fc.letrec<{ filter: ParsedFilter }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaves[side],
      fc
        .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('filter'), { minLength: 2, maxLength: 3 }))
        .map(([kind, terms]): ParsedFilter => ({ kind, terms, offset: 0 })),
      tie('filter').map((term): ParsedFilter => ({ kind: 'not', term })),
    ),
  })).filter

const grammar = { inOperator: true, noLambda: '' }

for (const side of ['businessCentral', 'sales'] as const)
  t.test(`P9 a filter means here what it means in the service: ${side}`, async (t) => {
    const seen = { true: 0, false: 0 }
    forAll(
      fc.property(filterOf(side), fc.array(rowOf(side), { minLength: 8, maxLength: 8 }), (written, rows) => {
        const filter = withBlanks(written, side, columns)
        const asked = compileFilter(readAsService(printFilter(filter), grammar), scopes[side])
        for (const row of rows) {
          const [here, there] = [evaluateFilter(filter, row, side), asked(row)]
          seen[`${there}`] += 1
          if (here !== there)
            throw new Error(`${printFilter(filter)} is ${here} here and ${there} there of ${JSON.stringify(row)}`)
          // A nothing is a nothing, whichever word for it was written.
          if (evaluateFilter(written, row, side) !== here)
            throw new Error(`${printFilter(written)} is not ${printFilter(filter)}`)
        }
        const again = parseFilter(printFilter(filter))
        deepStrictEqual(
          rows.map((row) => evaluateFilter(again, row, side)),
          rows.map((row) => evaluateFilter(filter, row, side)),
        )
      }),
      { numRuns: 2500 },
    )
    t.ok(Math.min(seen.true, seen.false) > 2000, `neither answer is rare: ${JSON.stringify(seen)}`)
  })

t.test('a text is like a pattern as in SQL, in a time that cannot run away', async (t) => {
  const cases: readonly [text: string, pattern: string, expected: boolean][] = [
    ['Adatum', 'adatum', true],
    ['Adatum', 'a%m', true],
    ['Adatum', 'a%x', false],
    ['Adatum', '%%%', true],
    ['', '%', true],
    ['', '_', false],
    ['Adatum', '______', true],
    ['Adatum', '_____', false],
    ['cat', '[a-c]at', true],
    ['cat', '[^a-c]at', false],
    ['c-t', 'c[a-]t', true],
    ['a[b', 'a[b', true],
    ['x[]', 'x[]', true],
    ['ÅNG', 'å_g', true],
    ['a😀b', 'a_b', true],
  ]
  for (const [text, pattern, expected] of cases) t.equal(isLike(text, pattern), expected, `${text} like ${pattern}`)
  t.equal(isLike('a'.repeat(4000), `${'%a'.repeat(100)}b`), false)
})
