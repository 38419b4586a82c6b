import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import t from 'tap'
import { type Side, sides } from '../../src/config/config.ts'
import { boundFilter, coupledIn, withBlanks } from '../../src/core/filter-binding.ts'
import type { Column } from '../../src/core/record.ts'
import { evaluateFilter } from '../../src/core/filter-evaluation.ts'
import {
  bothFilters,
  filterColumns,
  FilterSyntaxError,
  parseFilter,
  printFilter,
  type Comparison,
  type Literal,
  type Operand,
  type ParsedFilter,
  type TextTest,
} from '../../src/core/filter.ts'
import { forAll } from '../property.ts'

const holds = (filter: string, row: Record<string, unknown>, side: Side): boolean =>
  evaluateFilter(parseFilter(filter), row, side)

t.test('a filter is true of the rows that the service would return', async (t) => {
  /** `unless` names a side on which it is the other way round. */
  const cases: [filter: string, row: Record<string, unknown>, expected: boolean, unless?: Side][] = [
    ['statecode eq 0 and customertypecode eq 3', { statecode: 0, customertypecode: 3 }, true],
    ['statecode eq 0 and customertypecode eq 3', { statecode: 1, customertypecode: 3 }, false],
    ['a eq 1 or b eq 1 and c eq 1', { a: 1, b: 0, c: 0 }, true],
    ['(a eq 1 or b eq 1) and c eq 1', { a: 1, b: 0, c: 0 }, false],
    ['not (a eq 1) and b eq 1', { a: 2, b: 1 }, true],
    ['not a eq 1', { a: 1 }, false],
    ["name eq 'adatum'", { name: 'ADATUM' }, true],
    ["name eq 'O''Hara'", { name: "O'Hara" }, true],
    ["name eq 'adatum'", { name: 'Adatum' }, true, 'businessCentral'],
    ["contains(name,'DAT')", { name: 'Adatum' }, true, 'businessCentral'],
    ["contains(name,'dat')", { name: 'ADATUM' }, true],
    ["contains(name,'a%m')", { name: 'Adatum' }, true, 'businessCentral'],
    ["contains(name,'')", { name: null }, false],
    ["contains(name,'2026')", { name: '2026-11-21' }, true],
    ["name eq '2026-11-21T00:00Z'", { name: '2026-11-21' }, false],
    ["tolower(name) eq 'adatum'", { name: 'Adatum' }, true],
    ["toupper(name) eq 'Adatum'", { name: 'Adatum' }, true, 'businessCentral'],
    ["trim(name) eq 'x'", { name: ' x ' }, true],
    ['length(name) eq 0', { name: '' }, true],
    ['length(name) eq 0', { name: null }, false],
    ['length(name) eq 2', { name: 12 }, true],
    ["startswith(name,'dat')", { name: 'Adatum' }, false],
    ["endswith(tolower(name),'tum')", { name: 'ADATUM' }, true],
    ["type eq 'Person' and companyNumber ne ''", { type: 'Person', companyNumber: '' }, false],
    ["type eq 'Person' and companyNumber ne ''", { type: 'Person', companyNumber: 'KT100191' }, true],
    ["blocked eq '_x0020_'", { blocked: '_x0020_' }, true],
    ["blocked eq '_x0020_'", { blocked: 'All' }, false],
    ["blocked eq ''", { blocked: '_x0020_' }, true],
    ['a eq null', { a: '' }, true],
    ['a eq null', { a: '00000000-0000-0000-0000-000000000000' }, true],
    ['a eq null', { a: '0001-01-01' }, true],
    ['a eq null', { a: '0001-01-01T00:00:00Z' }, true],
    ['a eq null', { a: 0 }, false],
    ['a gt 5', { a: null }, false],
    ['a le 5', { a: null }, false],
    ['a ne 5', { a: null }, true],
    ['a ge 5', { a: 5 }, true],
    ['a ge 5', { a: '' }, false],
    ['a ge null', { a: null }, false],
    ["name gt ''", { name: 'x' }, true],
    ["name gt ''", { name: null }, false],
    ['dueDate lt 2026-11-21', { dueDate: '0001-01-01' }, true],
    ['a gt false', { a: true }, true],
    ["a eq 'x'", { a: 5 }, false],
    ["'x' eq 'X'", {}, true, 'businessCentral'],
    ['balance ne 0', { balance: 0 }, false],
    ['_owner_value eq 7f3a0000-0000-0000-0000-00000000000A', { owner: '7F3A0000-0000-0000-0000-00000000000a' }, true],
    ['modifiedon gt 2026-11-21T03:34:00Z', { modifiedon: '2026-11-21T05:34:00+01:00' }, true],
    ['modifiedon gt 2026-11-21T03:34:00Z', { modifiedon: '2026-11-21T04:34:00+01:00' }, false],
    ['dueDate le 2026-11-21', { dueDate: '2026-11-20' }, true],
    ['a in (1,2,3)', { a: 2 }, true],
    ["a in ('x','y')", { a: 'z' }, false],
    ["list.Status eq 'Active' and Minimum_Quantity eq 0", { list: { Status: 'Active' }, Minimum_Quantity: 0 }, true],
    ["list/Status eq 'Active'", { list: { Status: 'Draft' } }, false],
    ["Microsoft.Dynamics.CRM.In(PropertyName='statecode',PropertyValues=['0','2'])", { statecode: 2 }, true],
    ["Microsoft.Dynamics.CRM.NotIn(PropertyName='statecode',PropertyValues=['0','2'])", { statecode: 2 }, false],
    ["Microsoft.Dynamics.CRM.NotIn(PropertyName='statecode',PropertyValues=['0','2'])", { statecode: null }, false],
    [
      'Microsoft.Dynamics.CRM.In(PropertyName=\'name\',PropertyValues=["O\'Hara","\\u00e4\\"b"])',
      { name: 'ä"b' },
      true,
    ],
    ['active eq true', { active: true }, true],
    ['active eq true', { active: false }, false],
    ['constructor eq null', {}, true],
  ]
  for (const [filter, row, expected, unless] of cases)
    for (const side of sides)
      t.equal(holds(filter, row, side), expected !== (side === unless), `${filter} of ${JSON.stringify(row)}, ${side}`)
})

t.test('nothing is asked for in the word of the side that is asked', async (t) => {
  const columns: Readonly<Record<string, Column>> = {
    name: { type: 'text' },
    code: { type: 'code' },
    owner: { type: 'lookup' },
    id: { type: 'guid' },
    day: { type: 'date' },
    at: { type: 'dateTime' },
    status: { type: 'choice' },
  }
  const cases: [given: string, inBusinessCentral: string, inSales: string][] = [
    ['name eq null', "name eq ''", 'name eq null'],
    ["code ne ''", "code ne ''", 'code ne null'],
    ['null eq _owner_value', '00000000-0000-0000-0000-000000000000 eq _owner_value', 'null eq _owner_value'],
    ['id eq 00000000-0000-0000-0000-000000000000', 'id eq 00000000-0000-0000-0000-000000000000', 'id eq null'],
    ['day eq null or at ne null', 'day eq 0001-01-01 or at ne 0001-01-01T00:00:00Z', 'day eq null or at ne null'],
    ['not (day eq 0001-01-01)', 'not (day eq 0001-01-01)', 'not (day eq null)'],
    ["name in ('x',null,'')", "name in ('x','','')", "name in ('x',null,null)"],
    ['status eq null and unknown eq null', 'status eq null and unknown eq null', 'status eq null and unknown eq null'],
    [
      "name gt '' and length(name) eq null",
      "name gt '' and length(name) eq null",
      "name gt '' and length(name) eq null",
    ],
    ["contains(name,'')", "contains(name,'')", "contains(name,'')"],
    ['day ge null', 'day ge null', 'day ge null'],
  ]
  for (const [given, inBusinessCentral, inSales] of cases) {
    t.equal(printFilter(withBlanks(parseFilter(given), 'businessCentral', columns)), inBusinessCentral)
    t.equal(printFilter(withBlanks(parseFilter(given), 'sales', columns)), inSales)
  }
})

t.test('a mistake is told with its place', async (t) => {
  const cases: [text: string, offset: number, message: RegExp][] = [
    ['name eq', 7, /expected a column or a value but found the end/],
    ['name = 5', 5, /expected eq, ne, gt, ge, lt, le or in but found "="/],
    ["name eq 'x", 8, /not closed/],
    ['name eq "x', 8, /not closed/],
    ['name eq "x"', 8, /expected a column or a value but found ""x""/],
    ['a eq 1 and', 10, /found the end/],
    ['(a eq 1', 7, /expected "\)"/],
    ['a eq 1 b eq 2', 7, /expected "and", "or" or the end but found "b"/],
    ['substring(a,1) eq 2', 0, /unknown function "substring"/],
    ['a eq #', 5, /cannot read "#"/],
    ['a in (b)', 6, /expected a value but found "b"/],
    ["Microsoft.Dynamics.CRM.In(Name='a')", 26, /expected "PropertyName" but found "Name"/],
    ['Microsoft.Dynamics.CRM.In(PropertyName=5)', 39, /expected a text in single quotes but found "5"/],
    [`${'('.repeat(200)}a eq 1${')'.repeat(200)}`, 100, /nested too deeply/],
    [`${'not '.repeat(5000)}a eq 1`, 400, /nested too deeply/],
  ]
  for (const [text, offset, message] of cases)
    try {
      parseFilter(text)
      t.fail(`${text} was read`)
    } catch (error) {
      t.ok(error instanceof FilterSyntaxError, text)
      t.match((error as Error).message, message)
      t.equal((error as FilterSyntaxError).offset, offset, `place in ${text.slice(0, 20)}`)
    }
})

t.test('the columns of a filter are named as rows name them', async (t) => {
  const filter = parseFilter(
    "_ownerid_value eq null and (list/Status eq 'x' or contains(tolower(name),'y')) and 1 eq a and not (b in (1)) " +
      "and Microsoft.Dynamics.CRM.In(PropertyName='statecode',PropertyValues=['0'])",
  )
  t.same(
    filterColumns(filter).map(({ name }) => name),
    ['ownerid', 'list.Status', 'name', 'a', 'b', 'statecode'],
  )
  t.equal(bothFilters('a eq 1', undefined), 'a eq 1')
  t.equal(bothFilters('a eq 1', 'b eq 2 or c eq 3'), '(a eq 1) and (b eq 2 or c eq 3)')
  t.equal(bothFilters(undefined, undefined), undefined)
})

t.test('a filter that speaks of a coupling is told the key that it has, and says which couplings it speaks of', (t) => {
  const filter = parseFilter(
    "not (a eq {coupled.one} or tolower(b) eq {coupled.two} or c in ({coupled.one},5)) and contains(d,'{coupled.x}')" +
      ' and Microsoft.Dynamics.CRM.In(PropertyName=\'e\',PropertyValues=["5"])',
  )
  const others = 'Microsoft.Dynamics.CRM.NotIn(PropertyName=\'e\',PropertyValues=["5"])'
  t.equal(printFilter(parseFilter(others)), others)
  t.same(coupledIn(filter), ['one', 'two'])
  t.same(bare(parseFilter(printFilter(filter))), bare(filter))
  const key = '11111111-2222-3333-4444-555555555555'
  t.equal(
    printFilter(boundFilter(filter, (name) => (name === 'one' ? key : undefined))),
    `not (a eq ${key} or tolower(b) eq null or c in (${key},5)) and contains(d,'{coupled.x}')` +
      ' and Microsoft.Dynamics.CRM.In(PropertyName=\'e\',PropertyValues=["5"])',
  )
  t.end()
})

const column: fc.Arbitrary<Operand> = fc
  .constantFrom('name', '_owner_value', 'list.Status', 'parent/name', 'nullable', 'trueness', 'inside')
  .map((name) => ({ kind: 'column', name, offset: 0 }))
const literal: fc.Arbitrary<Literal> = fc.oneof(
  fc.string().map((value): Literal => ({ kind: 'text', value })),
  fc
    .oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
    .map((value): Literal => ({ kind: 'number', value: Number(String(value)), text: String(value) })),
  fc.boolean().map((value): Literal => ({ kind: 'boolean', value })),
  fc.constant<Literal>({ kind: 'null' }),
  fc.uuid().map((value): Literal => ({ kind: 'guid', value })),
  fc.constantFrom<Literal>(
    { kind: 'date', value: '2026-11-21' },
    { kind: 'dateTime', value: '2026-11-21T03:34:00.5Z' },
  ),
)
const operand: fc.Arbitrary<Operand> = fc.oneof(
  column,
  literal.map((each): Operand => ({ kind: 'literal', literal: each })),
  fc
    .tuple(fc.constantFrom('tolower' as const, 'toupper' as const, 'trim' as const, 'length' as const), column)
    .map(([name, of]): Operand => ({ kind: 'call', name, of })),
)
const { tree } = fc.letrec<{ tree: ParsedFilter; leaf: ParsedFilter }>((tie) => ({
  leaf: fc.oneof(
    fc
      .tuple(fc.constantFrom<Comparison>('eq', 'ne', 'gt', 'ge', 'lt', 'le'), operand, operand)
      .map(([operator, left, right]): ParsedFilter => ({ kind: 'compare', operator, left, right })),
    fc
      .tuple(operand, fc.array(literal, { minLength: 1, maxLength: 3 }))
      .map(([of, values]): ParsedFilter => ({ kind: 'in', operand: of, values })),
    fc
      .tuple(fc.constantFrom<TextTest>('contains', 'startswith', 'endswith'), operand, operand)
      .map(([test, text, part]): ParsedFilter => ({ kind: 'textTest', test, text, part })),
    fc
      .tuple(fc.boolean(), fc.array(fc.string(), { minLength: 1, maxLength: 3 }))
      .map(([negated, values]): ParsedFilter => ({ kind: 'crmIn', negated, column: 'statecode', offset: 0, values })),
  ),
  tree: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc
      .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('tree'), { minLength: 2, maxLength: 3 }))
      .map(([kind, terms]): ParsedFilter => ({ kind, terms, offset: 0 })),
    tie('tree').map((term): ParsedFilter => ({ kind: 'not', term })),
  ),
}))
const bare = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, each: unknown) => (key === 'offset' ? undefined : each)))

t.test('a filter written back reads as the same filter', async () => {
  forAll(
    fc.property(tree, (filter) => {
      const once = parseFilter(printFilter(filter))
      assert.deepStrictEqual(bare(parseFilter(printFilter(once))), bare(once))
      const row = { name: 'a', owner: null, statecode: 1 }
      if (evaluateFilter(once, row, 'sales') !== evaluateFilter(filter, row, 'sales'))
        throw new Error(printFilter(filter))
    }),
    { numRuns: 300 },
  )
})
