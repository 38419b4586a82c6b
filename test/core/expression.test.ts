import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import jsonata from 'jsonata'
import t from 'tap'
import { checkExpression } from '../../src/core/expression-check.ts'
import { closureOf } from '../../src/core/expression-closure.ts'
import { splitText } from '../../src/core/text-functions.ts'
import { expressionMeaning } from '../../src/core/expression-meaning.ts'
import type { Node } from '../../src/core/expression-syntax.ts'
import { workOf } from '../../src/core/expression-work.ts'
import { compileExpression, ExpressionError, orFailure, type Bindings } from '../../src/core/expression.ts'
import { endless } from '../../src/core/expression-failure.ts'
import { seenBy } from '../../src/core/seen-row.ts'
import { remembered } from '../../src/core/remembered.ts'
import { forAll, forAllAsync } from '../property.ts'

const value = (text: string, row: Record<string, unknown>, bindings?: Bindings): unknown =>
  compileExpression(text).evaluate(row, bindings)

t.test('an expression reads the row, its joins, settings and the functions that are handed in', async (t) => {
  const row = {
    displayName: 'Adatum',
    blank: '',
    inventory: -3,
    rate: { exchangeRateAmount: 100, relationalExchangeRateAmount: 80 },
    lines: [
      { id: 'a', text: 'x'.repeat(5), amount: 1 },
      { id: 'b', text: 'y', amount: 2 },
    ],
  }
  const bindings: Bindings = {
    settings: { writeInItem: 'W1', on: true },
    coupled: (mapping, key) => (key === 'known' ? `${mapping}!` : undefined),
    option: (_mapping, key) => (key === '30 DAYS' ? 100_000 : undefined),
  }
  const cases: [text: string, expected: unknown][] = [
    ['displayName', 'Adatum'],
    ['absent', null],
    ['absent.further', null],
    ["displayName & ', ' & absent", 'Adatum, '],
    ['$max([0, inventory])', 0],
    ['$round(rate.exchangeRateAmount / rate.relationalExchangeRateAmount, 10)', 1.25],
    ['lines.id', ['a', 'b']],
    ['lines[amount > 1].id', 'b'],
    ['lines[amount > 1].id[]', ['b']],
    [
      "lines.{ 'key': id, 'sum': amount * 2 }",
      [
        { key: 'a', sum: 2 },
        { key: 'b', sum: 4 },
      ],
    ],
    ['$sum(lines.amount)', 3],
    ['$settings.writeInItem', 'W1'],
    ['$settings.on ? 1 : 0', 1],
    ["$coupled('item-product', 'known')", 'item-product!'],
    ["$coupled('item-product', 'other') ? 1 : 2", 2],
    ["$option('payment-terms', '30 DAYS')", 100_000],
    ['$truncate(displayName, 3)', 'Ada'],
    ['$truncate(absent, 3)', null],
    ["lines[0].$splitText(text, 2).{ 'text': $ }", [{ text: 'xx' }, { text: 'xx' }, { text: 'x' }]],
    ['($name := displayName; $uppercase($name))', 'ADATUM'],
    ["'constant'", 'constant'],
    ['lines@$line.(displayName & $line.id)', ['Adatuma', 'Adatumb']],
    ['lines#$place.(id & $place)', ['a0', 'b1']],
    ['(function($x) { $x & "!" })(displayName)', 'Adatum!'],
    ['rate.exchangeRateAmount in lines.amount', false],
    ['inventory in [rate.exchangeRateAmount, -3]', true],
    ['constructor', null],
    ['displayName.length', null],
  ]
  for (const [text, expected] of cases) {
    const result = await value(text, row, bindings)
    assert.deepStrictEqual(result, expected, text)
    t.pass(text)
  }
})

t.test('the common kind of expression is evaluated at once, without a promise', async (t) => {
  for (const text of [
    'name',
    'a.b',
    "name & ' ' & city",
    "blocked = 'All' ? 1 : 0",
    '$lowercase(website)',
    '-amount',
    "type in ['a','b']",
  ])
    t.notOk(value(text, { name: 'x', city: 'y', amount: 1 }) instanceof Promise, text)
  t.ok(value('lines.id', { lines: [{ id: 1 }] }) instanceof Promise, 'a list is left to the interpreter')
  t.same(compileExpression('names.firstName').path, ['names', 'firstName'])
  t.equal(compileExpression('names.firstName & x').path, undefined)
  t.equal(compileExpression('names[0]').path, undefined)
})

t.test('a failure tells what is wrong and where', async (t) => {
  const failing: [text: string, position: number | undefined, message: RegExp][] = [
    ["name & ' '  +", 13, /end/],
    ["name & 'open", 11, /terminated/],
    ['a and not b', 10, /"b"/],
  ]
  for (const [text, position, message] of failing)
    try {
      compileExpression(text)
      t.fail(`${text} was read`)
    } catch (error) {
      t.ok(error instanceof ExpressionError)
      t.match((error as Error).message, message)
      t.equal((error as ExpressionError).position, position, text)
    }
  await t.rejects(async () => value('$uppercase(amount)', { amount: 5 }), ExpressionError)
  await t.rejects(async () => value('a + b', { a: 1, b: 'x' }), { name: 'ExpressionError', position: 2 })
  await t.rejects(async () => value('$uppercase', {}), /function/)
  await t.rejects(async () => value('$uppercase(a, a)', { a: 'x' }), ExpressionError)
  await t.rejects(async () => value("$coupled('customer', a)", { a: 'x' }), /\$coupled is no function here/)
  const wordless = Object.assign(new Error('x'), { message: undefined })
  const coupled = (): never => {
    throw wordless
  }
  await t.rejects(async () => value("[1].$coupled('customer', $)", {}, { coupled }), /cannot be evaluated/)
  t.match(checkExpression('('.repeat(50_000)), [{ message: /call stack/, position: 0 }], 'deeper than can be read')
})

t.test('an expression means the same however it is spaced; one that cannot be read stands for itself', (t) => {
  t.equal(expressionMeaning('a & $match(b, /x/)'), expressionMeaning(' a&$match( b,/x/ ) /* why */ '))
  t.not(expressionMeaning('$match(b, /x/)'), expressionMeaning('$match(b, /y/)'))
  t.equal(expressionMeaning('a &'), 'a &')
  t.end()
})

t.test('an expression sees no nothing, also in the rows that are joined', (t) => {
  const row = { tags: ['a', { b: null, c: 1 }], one: { x: null }, name: null }
  t.same(seenBy(compileExpression('[tags, one.x, name]'), row), { tags: ['a', { c: 1 }], one: {} })
  t.end()
})

t.test('answers are remembered, but not without end', (t) => {
  let asked = 0
  const read = remembered((text) => ({ text, asked: (asked += 1) }))
  t.equal(read('0'), read('0'))
  for (let each = 1; each <= 2000; each++) read(String(each))
  t.same(read('0'), { text: '0', asked: 2002 })
  t.end()
})

t.test('an expression that does not end is ended', async (t) => {
  await t.rejects(async () => value('($f := function($n){ $f($n + 1) }; $f(0))', {}), /longer than a second/)
  await t.rejects(async () => value('($f := function($n){ 1 + $f($n + 1) }; $f(0))', {}), ExpressionError)
  await t.rejects(async () => value('[1..9999999]', {}), ExpressionError)
})

t.test('the columns that an expression reads are known', async (t) => {
  const cases: [text: string, columns: string[]][] = [
    ['a & b.c', ['a', 'b.c']],
    ['rate.x / rate.y', ['rate.x', 'rate.y']],
    ['$uppercase(a)', ['a']],
    ['$settings.a', []],
    ["lines[amount > 1].{ 'key': id, 'n': detail.no }", ['lines.amount', 'lines.detail.no', 'lines.id']],
    ['lines.$sum(amount)', ['lines.amount']],
    ['lines^(>position).id', ['lines.id', 'lines.position']],
    ['lines.(a & b)', ['lines.a', 'lines.b']],
    ['$map(lines, function($line) { $line.id })', ['lines']],
    ['($x := a; $x & b)', ['a', 'b']],
    ['lines{ key: amount }', ['lines', 'lines.amount', 'lines.key']],
    ['a ? b : $not(c)', ['a', 'b', 'c']],
    ['a ~> $trim', ['a']],
    ['[a, b]', ['a', 'b']],
    ['-a', ['a']],
    ['`@odata.etag`', ['@odata.etag']],
    ['$$.a', ['a']],
    ['$.a', ['a']],
    ['$keys($)', ['*']],
    ['*', ['*']],
    ['lines.{ "of": %.number }', ['lines', 'number']],
    ['$$', ['*']],
    ['$lookup($$, "x")', ['*']],
    ['lines@$line.text', ['lines', 'text']],
    ['lines@$line.(text & $line.id)', ['lines', 'text']],
    ['lines#$place.text', ['lines.text']],
    ['(lines){ id: amount }', ['amount', 'id', 'lines']],
    ['(function($x) { $x & a })(b)', ['a', 'b']],
  ]
  for (const [text, columns] of cases) t.same(compileExpression(text).columns, columns, text)
  t.same(compileExpression('$uppercase(a) & $lowercase(b) & $uppercase(c)').functions, ['uppercase', 'lowercase'])
  const compared = compileExpression(`a = 'x' or 5 < b or c in ['y', 'z'] or lines[kind != 'w'] ? 'said' : d & 'added'`)
  t.same([compared.compared, compared.reckons], [['x', 5, 'y', 'z', 'w'], false])
  for (const text of ['a + 1', 'a[b * 2 > 3]', '$sum(c / d)']) t.ok(compileExpression(text).reckons, text)
})

t.test('what must not run is refused beforehand, with its place', async (t) => {
  const refused: [text: string, position: number, message: RegExp][] = [
    ['a & $now()', 4, /\$now is not allowed/],
    ['$millis() + 1', 0, /\$millis/],
    ['$random()', 0, /\$random/],
    ['$eval(a)', 0, /\$eval/],
    ['$shuffle(a)', 0, /\$shuffle/],
    ['a ~> $eval', 5, /\$eval/],
    ['$upercase(a)', 0, /nothing is called \$upercase/],
    ['$setings.a', 0, /nothing is called \$setings/],
    ['$pad(a, 500000000)', 0, /\$pad/],
    ['$pad(a, b)', 0, /\$pad/],
    ['a ~> $pad(b)', 5, /\$pad/],
    ['$match(a, /(a+)+$/)', 17, /never end/],
    ['$match(a, /(a|aa)*b/)', 19, /never end/],
    ['$match(a, /((ab)*)*/)', 19, /never end/],
    ['$match(a, /(a+){2,}/)', 19, /never end/],
    ['$match(a, /.*a.*b.*c.*d/)', 23, /never end/],
    ['$match(a, /(a)\\1/)', 16, /back/],
    ['$match(a, /(?=a)/)', 16, /looks ahead/],
    ['$keys($)', 0, /row whole/],
    ['a & ', 4, /not a JSONata expression/],
  ]
  for (const [text, position, message] of refused) {
    const [problem, ...more] = checkExpression(text)
    t.match(problem?.message, message, text)
    t.equal(problem?.position, position, `place in ${text}`)
    t.same(more, [])
  }
  const fine = [
    '$pad(a, -10)',
    'a ~> $pad(10)',
    '$match(a, /^[A-Z]{2}\\d+$/)',
    '$replace(a, /\\s+/, " ")',
    '$contains(a, /x(ab)?y/)',
    '$split(a, /[(+*)]+/)',
    '$match(a, /(ab){2}/)',
  ]
  for (const text of fine) t.same(checkExpression(text), [], text)
})

t.test('a long text is split without tearing a character', async (t) => {
  t.same(splitText('ab😀cd', 3), ['ab', '😀c', 'd'])
  t.same(splitText(null, 3), undefined)
  t.throws(() => splitText('abc', 1), RangeError)
})

t.test('L-08 a long text keeps its words whole, and its line breaks', async (t) => {
  const cases: [text: string, most: number, pieces: string[]][] = [
    ['one two three', 7, ['one two', 'three']],
    ['one two three', 8, ['one two', 'three']],
    ['one  two', 5, ['one', 'two']],
    ['incomprehensible word', 6, ['incomp', 'rehens', 'ible', 'word']],
    ['a\nb\r\n\r\nc ', 10, ['a', 'b', 'c']],
    ['', 10, []],
    ['   ', 2, []],
  ]
  for (const [text, most, pieces] of cases) t.same(splitText(text, most), pieces, JSON.stringify(text))
  forAll(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 20 }), (text, most) => {
      const pieces = splitText(text, most) ?? []
      assert.ok(pieces.every((piece) => piece.length <= most && piece !== ''))
      assert.equal(pieces.join('').replaceAll(/\s/g, ''), text.replaceAll(/\s/g, ''))
    }),
  )
})

t.test('N-01 what a person reads of an HTML note: no tags, no addresses, lines kept', async (t) => {
  const cases: [html: unknown, text: unknown][] = [
    ['<div>Call <b>Ann</b>&nbsp;&amp; Bob</div><div>at 9</div>', 'Call Ann & Bob\nat 9'],
    ['<p>One</p><p>Two<br>Three</p>', 'One\n\nTwo\nThree'],
    ['<ul><li>a</li><li>b</li></ul>', '- a\n- b'],
    ['see <a href="https://contoso.example">the page</a><img src="x.png" alt="logo">', 'see the page'],
    ['<h1>Title</h1>text', 'Title\n\ntext'],
    ['<script>steal()</script>kept', 'kept'],
    ['no tags:\n5 < 6 & more', 'no tags:\n5 < 6 & more'],
    ['', ''],
    [undefined, null],
  ]
  for (const [html, text] of cases) t.equal(await value('$plainText(html)', { html }), text, String(html))
  t.equal(value('$plainText(html)', { html: `${'<div>'.repeat(50_000)}deep` }), '...', 'depth is bounded')
})

const expressions = `a; a.b; a & b; a & ' - ' & b & c; a = b; a != b; a = 'x'; a = null; a + b; a - b * c; a / b; a % b
  a < b; a <= b; a > 1; a >= b; a and b; a or b; $not(a); $exists(a); $boolean(a); a ? b : c; a ? b
  $uppercase(a); $lowercase(a); $trim(a); $length(a); $string(a); $floor(a); $ceil(a); $abs(a); -a; (a)
  a in ['x', 1]; $settings.s; $settings.s = a; a.b = 'x' and $not(c) ? a.b & b : $string(c); $uppercase($string(a))`.split(
  /[;\n]\s*/,
)
const leaf = fc.oneof(
  fc.constantFrom<unknown>(null, '', ' x ', 'x', '0', 0, -0, 1, 0.1, 0.30000000000000004, 1e21, -2.5, true, false),
  fc.string(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
const cell = fc.oneof(
  leaf,
  fc.array(leaf, { maxLength: 2 }),
  fc.record({ b: leaf }, { requiredKeys: [] }),
  fc.array(fc.record({ b: leaf }), { maxLength: 2 }),
)
const rows = fc.record({ a: cell, b: cell, c: cell }, { requiredKeys: [] })
const settings = { s: 'x' }

/** What JSONata says: its value as plain JSON, or that it refuses. */
async function reference(text: string, row: unknown): Promise<string> {
  try {
    const found: unknown = (await jsonata(text).evaluate(row, { settings })) ?? null
    return typeof found === 'number' && !Number.isFinite(found) ? 'refused' : JSON.stringify(found)
  } catch {
    return 'refused'
  }
}

async function ours(text: string, row: Record<string, unknown>): Promise<string> {
  try {
    return JSON.stringify(await value(text, row, { settings }))
  } catch (error) {
    assert.ok(error instanceof ExpressionError)
    return 'refused'
  }
}

t.test('what is left to JSONata, and what has no value, is as JSONata has it', async (t) => {
  const cases: [text: string, row: Record<string, unknown>][] = [
    ['a & b', { a: [1, 2], b: 'x' }],
    ['a & b', { a: { b: 1 }, b: 'x' }],
    ['a & b', { a: 1.5, b: 0.1 + 0.2 }],
    ['a & b', { a: 1, b: -2 }],
    ['a & b', { a: true, b: false }],
    ['a ? b : c', { a: { b: 1 }, b: 'b', c: 'c' }],
    ['a and b', { a: {}, b: true }],
    ['a / b', { a: 1, b: 0 }],
    ['a + b', { a: 1 }],
    ['a + b', { a: 'x', b: 1 }],
    ['a < b', { a: 'x', b: 'y' }],
    ['a < b', { b: 1 }],
    ['a < b', { a: 'x', b: 1 }],
    ['a = b', { a: { b: 1 }, b: { b: 1 } }],
    ['a != b', { a: { b: 1 }, b: 'x' }],
    ['-a', {}],
    ['$abs(a)', {}],
    ['$not(a)', {}],
    ['$not(a)', { a: 0 }],
  ]
  for (const [text, row] of cases)
    t.equal(await ours(text, row), await reference(text, row), `${text} of ${JSON.stringify(row)}`)
})

t.test('whatever the row, the value is the one that JSONata gives', async (t) => {
  for (const text of expressions) {
    assert.ok(closureOf(jsonata(text).ast() as unknown as Node), `${text} has a closure`)
    await forAllAsync(
      fc.asyncProperty(rows, async (row) => assert.equal(await ours(text, row), await reference(text, row), text)),
      { numRuns: 150 },
    )
    t.pass(text)
  }
})

const a = (value: unknown): Record<string, unknown> => ({ a: value })
/** Expression, row, what an administrator reads. */
const told: readonly (readonly [text: string, row: Record<string, unknown>, message: string])[] = [
  ['a + b', a('x'), '"+" needs a number on its left, and a is a text; $number(a) makes a number of it'],
  [
    '1 - a',
    a(null),
    '"-" needs a number on its right, and a is blank (null); where it may be blank, write (a ? a : 0)',
  ],
  ['a / 2', a(' '), '"/" needs a number on its left, and a is a blank text; where it may be blank, write (a ? a : 0)'],
  ['a.b * 2', a({ b: true }), '"*" needs a number on its left, and a.b is a yes or no'],
  ['(a & "x") * 2', a(1), '"*" needs a number on its left, and what stands there is a text'],
  [
    'a * 2',
    a('12345678901234567.89'),
    '"*" needs a number on its left, and a is a number with more digits than can be computed with; round it with $roundTo(a, 0.01) or more',
  ],
  ['1 + [a, a]', a(1), '"+" needs a number on its right, and what stands there is a list'],
  ['{} + 1', {}, '"+" needs a number on its left, and what stands there is an object'],
  ['1 + $sum', {}, '"+" needs a number on its right, and $sum is a function'],
  ['1 + function($x){$x}', {}, '"+" needs a number on its right, and what stands there is a function'],
  ['($x := a; $x + 1)', a('x'), '"+" needs a number on its left, and $x is a text; $number($x) makes a number of it'],
  [
    '$settings.rate * 2',
    {},
    '"*" needs a number on its left, and $settings.rate is a text; $number($settings.rate) makes a number of it',
  ],
  ['$settings[0] * 2', {}, '"*" needs a number on its left, and what stands there is an object'],
  ['-a', a('x'), '"-" needs a number behind it, and a is a text; $number(a) makes a number of it'],
  ['[a..3]', a(1.5), '".." needs a whole number on its left, and a is a number with decimals'],
  ['[1..a]', a('x'), '".." needs a whole number on its right, and a is a text; $number(a) makes a number of it'],
  [
    'a < b',
    { a: 1, b: 'x' },
    '"<" compares two numbers or two texts, and a is a number, b a text: $number(…) or $string(…) makes them alike',
  ],
  [
    '(a & "x") < 3',
    a(1),
    '"<" compares two numbers or two texts, and its left side is a text, its right side a number: $number(…) or $string(…) makes them alike',
  ],
  ['a > 5', a(null), '">" compares numbers or texts, and a is blank (null); where it may be blank, write (a ? a : 0)'],
  ['"x" > a', a(true), '">" compares numbers or texts, and a is a yes or no'],
  ['a > b', { a: null, b: 1 }, '">" compares numbers or texts, and one of its sides is blank (null)'],
  [
    'a^(b)',
    a([{ b: 1 }, { b: 'x' }]),
    'it sorts by values of which one is a number, another a text: $number(…) or $string(…) makes them alike',
  ],
  ['a^(b)', a([{ b: 1 }, { b: true }]), 'it sorts by numbers or texts, and one of the values is a yes or no'],
  ['a ~> b', { a: 1, b: 2 }, '"~>" needs a function on its right, and what stands there is a number'],
  ['{a: 1}', a(5), 'a name in an object is a text, and here it is a number: $string(…) makes a text of it'],
  [
    '$uppercase(a)',
    a(5),
    '$uppercase does not take a as its first argument: it is a number; $string(a) makes a text of it',
  ],
  [
    '$uppercase(a)',
    a(true),
    '$uppercase does not take a as its first argument: it is a yes or no; $string(a) makes a text of it',
  ],
  ['$uppercase(1 + 1)', {}, '$uppercase does not take what it was given as its first argument: it is a number'],
  [
    '$uppercase(a)',
    a(null),
    '$uppercase does not take a as its first argument: it is blank (null); where it may be blank, write (a ? $uppercase(a) : null)',
  ],
  ['$power(2, a)', a(null), '$power does not take a as its second argument: it is blank (null)'],
  ['$round(a)', a('x'), '$round does not take a as its first argument: it is a text; $number(a) makes a number of it'],
  ['$uppercase(a)', a([1]), '$uppercase does not take a as its first argument: it is a list'],
  [
    '$substring("x", 1, 2, a)',
    a(5),
    '$substring does not take a as its 4th argument: it is a number; $string(a) makes a text of it',
  ],
  ['$substring()', {}, '$substring lacks its first argument'],
  ['a ~> $uppercase', a(5), '$uppercase does not take what it was given as its first argument: it is a number'],
  ['a.$uppercase()', a(5), '$uppercase does not take what stands before the dot: it is a number'],
  ['$sum(a)', a(['x']), '$sum takes a list of numbers as its first argument, and a holds something else'],
  ['$join([1])', {}, '$join takes a list of strings as its first argument, and what it was given holds something else'],
  ['uppercase(a)', a('x'), 'uppercase is no function; names of functions begin with "$": $uppercase'],
  ['uppercase(?, 1)', {}, 'uppercase is no function; names of functions begin with "$": $uppercase'],
  ['$foo(?, 1)', {}, '$foo is no function here'],
  ['(1)(2)', {}, 'what is called there is no function here'],
  ['[a](2)', a(1), 'what is called there is no function here'],
  ['a ~> $foo', a(1), '"~>" needs a function on its right, and what stands there is nothing'],
  ['1 / a', a(0), endless],
  ['[1 / a]', a(0), endless],
  ['$string(1 / a)', a(0), endless],
  ['(a * a) + 1', a(1e200), endless],
  [
    '$number(a)',
    a('x'),
    '$number finds no number in a, which is a text: $parseDecimal reads numbers as people write them',
  ],
  ['$sqrt(a)', a(-1), '$sqrt was given a number below 0'],
  ['$power(a, 2)', a(1e300), '$power comes to something that is no number, or too large'],
  [
    '$toMillis(a)',
    a('x'),
    '$toMillis needs a moment as 2026-03-31T09:30:00Z, and a is a text of another form: $parseDateTime reads others',
  ],
  ['($f := function($n){ 1 + $f($n + 1) }; $f(0))', {}, 'a function calls itself more than 200 times'],
  ['($f := function($n){ $f($n + 1) }; $f(0))', {}, 'it takes longer than a second'],
  ['[1..99999]', {}, 'a list grows longer than 10,000 items'],
  ['[1..99999999]', {}, 'a list grows longer than 10,000 items'],
  ['$split("x", "y", a)', a(-1), 'Third argument of split function must evaluate to a positive number'],
  ['$error("own words")', {}, 'own words'],
  ['$error()', {}, '…'],
  ['$error(a)', a('Secret Ltd'), '…'],
  ['$error("")', {}, '…'],
  ['$error("No rate (" & a & ") for " & $uppercase(b))', { a: 'EUR', b: 'Secret' }, 'No rate (…) for …'],
  ['$assert(false, a & " is wrong")', a('Secret Ltd'), '… is wrong'],
  ['a ~> $error', a('Secret Ltd'), '…'],
  ['$replace(a, "", a)', a('x'), 'Second argument of replace function cannot be an empty string'],
]

t.test('P5 P8 a failing expression tells the operand, of what kind it is, and what helps', async (t) => {
  for (const [text, row, message] of told) {
    const failed = await orFailure((async () => compileExpression(text).evaluate(row, { settings: { rate: 'x' } }))())
    t.equal(failed instanceof ExpressionError && failed.message, message, text)
  }
})

const doubled = (of: string): string =>
  `($f := function($x, $n){ $n = 0 ? $x : $f(${of}, $n - 1) }; $g := $f(a, 40); TAIL)`
/** Each of the last parts would take hours, or end the process. */
const growing: readonly [text: string, message: RegExp][] = [
  ...['$length($g)', '$count($split($g, ""))', '$replace($g, "x", $g)', '$g'].map((tail): [string, RegExp] => [
    doubled('$x & $x').replace('TAIL', () => tail),
    /larger than ten million letters/,
  ]),
  ...['$string($g)', '$g = $g', '$g = $f(a, 40)', '$clone($g)', '$g', '[1] ~> $map(function(){ $g })'].map(
    (tail): [string, RegExp] => [
      doubled('{ "a": $x, "b": $x, "c": $f }').replace('TAIL', () => tail),
      /larger than ten million letters/,
    ],
  ),
  ['$string(a.{ "b": $, "c": $ }' + '.{ "b": $, "c": $ }'.repeat(40) + ')', /larger than ten million letters/],
  ['$sort($split($join([1..9999].("xxxxxxxxxxxxx")), ""))', /longer than 10,000 items/],
]

t.test('P5 what grows without end is stopped between two steps, before a step that nothing could stop', async (t) => {
  for (const [text, message] of growing) {
    t.same(checkExpression(text), [], `${text} is taken`)
    const failed = await orFailure((async () => compileExpression(text).evaluate(a('x'.repeat(100))))())
    t.match(failed instanceof ExpressionError && failed.message, message, text.slice(-60))
  }
  t.equal(
    await value('($a := a & a; $length($join([1..5000].($a))))', a('x'.repeat(500))),
    5_000_000,
    'what fits is given',
  )
})

const said = async (text: string): Promise<unknown> =>
  orFailure(compileExpression(text).interpret({ a: '2026-11-21' }, {})).catch((error: unknown) => error)

t.test('P5 what JavaScript says of a blank or endless format is told in words that help', async (t) => {
  const needs = {
    name: 'ExpressionError',
    message: /got nothing, or something of another kind, where it needs a value/,
  }
  t.match(await said('$formatNumber(1, b)'), needs)
  t.match(await said('$formatDate(a, b)'), needs)
  const endless = "$toMillis('x', $join([1..9000].('[Y]-')))"
  t.match(await said(endless), { message: /^JavaScript takes no regular expression like the one made of its format$/ })
})

const isApart = (text: string): boolean => workOf(text, compileExpression(text)) !== undefined

t.test('P5 only a format that is long, loose or computed needs a thread of its own', (t) => {
  for (const plain of [
    '$toMillis(a)',
    "$toMillis(a, '[Y0001]-[M01]-[D01]T[H01]:[m01]')",
    "$toMillis(a, '[Y0001][M01][D01]')",
    "$toMillis(a, '[D1o] [MNn] [Y]')",
    "a ~> $toMillis('[Y]')",
    "$fromMillis(n, '[Yw]')",
    "$formatNumber(n, '#,##0.00')",
    "$formatInteger(n, 'w') & $formatInteger(n, 0)",
    "$formatDate(a, 'dddd', 'da-DK')",
  ])
    t.notOk(isApart(plain), plain)
  for (const unusual of [
    "$toMillis(a, '[Yw]')",
    "a ~> $toMillis('[Ya][Ma]')",
    "$toMillis(a, '[f][Y]')",
    "$toMillis(a, '[Y]1[M]')",
    "$toMillis(a, '[[[Y]')",
    "$toMillis(a, '[MNn]x[D]')",
    '$toMillis(a, b)',
    'a ~> $toMillis(b)',
    "$formatNumber(n, $pad('', 200, '#'))",
    `$formatNumber(n, '${'#'.repeat(101)}')`,
    '$formatDate(a, true)',
    "($write := $formatNumber; $write(n, '0'))",
  ])
    t.ok(isApart(unusual), unusual)
  t.end()
})

t.test('P8 a failing expression does not quote the value that it stumbled over', async (t) => {
  const failing = ['$number(a)', 'a > 5', '5 < a', '$toMillis(a)', '$parseInteger(a, a)', 'a + 1', '$round(a)']
  for (const text of failing) {
    const error = await Promise.resolve()
      .then(() => compileExpression(text).evaluate({ a: 'Secret Ltd' }))
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
    t.ok(error instanceof ExpressionError, text)
    t.notMatch(String(error), /Secret/, text)
  }
})

t.test('F-06 every example of the documentation gives what it says', async (t) => {
  const text = readFileSync('docs/expressions.md', 'utf8')
  const examples = [...text.matchAll(/^(.*\S) +→ (.*)$/gm)].map(([, expression = '', result = '']) => [
    expression,
    result,
  ])
  t.ok(examples.length >= 30)
  for (const [expression = '', result = ''] of examples) {
    t.same(checkExpression(expression), [], expression)
    t.strictSame(await value(expression, {}), JSON.parse(result), expression)
  }
})

t.test('F-06 the native rules meet texts that do not fit as natively, or hold the record', async (t) => {
  const cases: [expression: string, expected: unknown][] = [
    ['$titleCase("o\'neill ABC x 3rd ÉCOLE été")', "O'neill ABC X 3Rd ÉCOLE Été"],
    ['$titleCase("istanbul", "tr-TR")', 'İstanbul'],
    ['$titleCase(absent)', null],
    ['$titleCase("")', ''],
    ['$part("abc", 0)', ''],
    ['$part("abc", -1, 2)', ''],
    ['$part("abc", 4)', ''],
    ['$part("abc", 2, 100)', 'bc'],
    ['$part("abc", "", "c")', 'ab'],
    ['$part("abc", "a", "x")', ''],
    ['$part("a-b-c", "-", "-")', 'b'],
    ['$part(absent, 2)', null],
    ['$parseDate("29.02.2028", "dd.MM.yyyy")', '2028-02-29'],
    ['$parseDate("29.02.2027", "dd.MM.yyyy")', '29.02.2027'],
    ['$parseDate("1.2.2026", "dd.MM.yyyy")', '1.2.2026'],
    ['$parseDate("1.2.2026", "d.M.yyyy")', '2026-02-01'],
    ['$parseDate("1.2.50", "d.M.yy")', '1950-02-01'],
    ['$parseDate("05/04/2026", "", "en-GB")', '2026-04-05'],
    ['$parseDate("05/04/2026", "", "en-US")', '2026-05-04'],
    ['$parseDate("2026-04-05", "", "en-US")', '2026-04-05'],
    ['$parseDate("2026. 04. 05.", "", "hu-HU")', '2026-04-05'],
    ['$parseDate("yesterday", "", "en-US")', 'yesterday'],
    ['$parseDate(absent, "yyyy")', null],
    ['$parseDateTime("12/31/2026 12:05 AM", "", "en-US")', '2026-12-31T00:05:00Z'],
    ['$parseDateTime("2026-07-01T12:00:00+02:00", "", "en-US", "Asia/Tokyo")', '2026-07-01T10:00:00Z'],
    // The hour that does not exist, and the one that comes twice.
    ['$parseDateTime("2026-03-29 02:30", "yyyy-MM-dd HH:mm", "", "Europe/Berlin")', '2026-03-29T01:30:00Z'],
    ['$parseDateTime("2026-10-25 02:30", "yyyy-MM-dd HH:mm", "", "Europe/Berlin")', '2026-10-25T00:30:00Z'],
    ['$parseDecimal("-1,234.50", "en-US")', -1234.5],
    ['$parseDecimal("1234.5-", "en-US")', -1234.5],
    ["$parseDecimal('1’234.50', 'de-CH')", 1234.5],
    ['$parseDecimal("12,34,567.8", "en-IN")', 1234567.8],
    ['$parseDecimal("", "en-US")', null],
    ['$roundTo(2.5, 1)', 3],
    ['$roundTo(-2.5, 1)', -3],
    ['$roundTo(1.005, 0.01)', 1.01],
    ["$roundTo(10.01, 0.05, '>')", 10.05],
    ["$roundTo(-10.01, 0.05, '>')", -10.05],
    ['$roundTo(-0.001, 0.01)', 0],
    ['$roundTo(-0.5, 1)', -1],
    ["$roundTo(0.1 + 0.2, 0.1, '>')", 0.3],
    ["$roundTo(4.35 * 100, 1, '<')", 435],
    ['$roundTo(12345678901234.56, 0.01)', 12345678901234.56],
    ['$roundTo(12345678901234.567, 0.01)', 12345678901234.57],
    ['$roundTo(12345678901.12345, 0.00001)', 12345678901.12345],
    ['$roundTo("12345678901234567.89", 0.01)', '12345678901234567.89'],
    ['$roundTo("-12345678901234567.89", 0.1)', '-12345678901234567.9'],
    ['$roundTo("123456789012345.678901234", 0.1)', 123456789012345.7],
    ['$roundTo("12345678901234567890", 1000000)', 12345678901235000000],
    ['$roundTo("1e3", "7")', 1001],
    ['$roundTo(1e21, 0.5)', 1e21],
    ['$roundTo(1e-7, 1e-7)', 1e-7],
    ['$datePart("2026-12-31T23:30:00Z", "year", "Europe/Berlin")', 2027],
    ['$fromUnix("not a number")', ''],
    ['$fromUnix(absent)', null],
    ['$alphanumeric("Ünïcode №5_名")', 'Ünïcode5名'],
    ['$trimEnds("   ")', ''],
    ['$part("abc", 1, 0)', ''],
    ['$parseDate("1 Foo 2026", "d MMM yyyy")', '1 Foo 2026'],
    ['$parseDate("2026", "yyyy")', '2026'],
    ['$parseDate("2026-13-01")', '2026-13-01'],
    ['$parseDate("2026-04-05 later")', '2026-04-05 later'],
    ['$parseDate("5/4/26", "", "en-US")', '2026-05-04'],
    ['$parseDateTime("5/4/2026 13:00 PM", "", "en-US")', '5/4/2026 13:00 PM'],
    ['$parseDateTime("9999-12-31 23:00", "", "", "Asia/Tokyo")', '9999-12-31T14:00:00Z'],
    ['$parseDateTime(absent)', null],
    ['$formatDate(absent, "yyyy")', null],
    ['$formatDate("2026-02-01", "dddd")', 'Sunday'],
    ['$formatDate("2026-11-21T12:00:00Z", "h tt fff")', '12 PM 000'],
    ['$formatDate("2026-11-21T08:05:00Z", "hh:mm tt")', '08:05 AM'],
    ['$datePart(absent, "day")', null],
    ['$parseDecimal(5)', 5],
    ['$formatDecimal("x", "en-US")', null],
    ['$formatDecimal(1234.5, "de-DE")', '1.234,5'],
    ['$roundTo(absent, 1)', null],
  ]
  for (const [expression, expected] of cases) t.strictSame(await value(expression, {}), expected, expression)
  const failing = [
    '$parseDecimal("1.5", "da-DK")',
    '$parseDecimal("abc")',
    '$roundTo("x", 1)',
    '$roundTo(1, "1e-30")',
    '$roundTo(1, -1)',
    '$roundTo(1, "x")',
    '$datePart("x", "day")',
    '$formatDate("x", "yyyy")',
    '$formatDate(5, "yyyy")',
  ]
  for (const expression of failing) await t.rejects(async () => value(expression, {}), ExpressionError, expression)
})

t.test('F-06 formats, locales and lengths are tried before any record is there', async (t) => {
  const wrong: [expression: string, message: RegExp][] = [
    ["$parseDate(a, '', 'klingon')", /no locale is called klingon/],
    ["$parseDecimal(a, 'english_US')", /locale/],
    ["$parseDateTime(a, 'yyyy', '', 'Europe/Nowhere')", /time zone/],
    ["$formatDate(a, ' ')", /format is blank/],
    ['$roundTo(a, 0)', /precision above 0/],
    ["$roundTo(a, 1, 'up')", /direction/],
    ['$splitText(a, 1)', /length of 2/],
    ['$splitText(a)', /length of 2/],
    ["$datePart(a, 'week')", /day, month or year/],
  ]
  for (const [expression, message] of wrong) t.match(checkExpression(expression)[0]?.message, message, expression)
  t.same(checkExpression('$roundTo(a, b)'), [], 'what the row says is not known yet')
})

t.test('F-06 the added functions take time in proportion to the text', async (t) => {
  const long = 'a '.repeat(200_000)
  const expressions = [
    '$titleCase(a)',
    '$trimEnds(a)',
    '$alphanumeric(a)',
    '$part(a, "a ", "x")',
    '$splitText(a, 80)',
    '$plainText(a)',
    '$plainText("<p>" & a)',
    '$parseDate(a, "d.M.yyyy")',
    '$parseDate(a, "", "en-US")',
    '$parseDateTime(a, "", "en-US")',
  ]
  const blanks = ' '.repeat(400_000)
  for (const text of [long, blanks, `${blanks}x`, '1'.repeat(400_000), '<a'.repeat(100_000)])
    for (const expression of expressions) {
      const started = performance.now()
      await Promise.resolve(value(expression, { a: text }))
      const took = performance.now() - started
      assert.ok(took < 2000, `${expression} took ${Math.round(took)} ms`)
    }
  t.pass()
})

t.test('what fails in another way than by an expression is no failure of a row', async (t) => {
  await t.rejects(orFailure(Promise.reject(new TypeError('a mistake of ours'))), TypeError)
})
