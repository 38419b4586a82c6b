/**
 * Expressions that never end, in every way that JSONata and its regular expressions have: each is stopped in bounded
 * time, told by mapping, field row and record, and the run goes on with the others.
 */
import t from 'tap'
import { threadEvaluator } from '../src/apart/thread-evaluator.ts'
import { type Bindings, compileExpression } from '../src/core/expression.ts'
import { cliWorld } from './cli/world.ts'
import { proved } from './proof.ts'

/** A memo of Sales is as long. */
const text = 'a'.repeat(100_000)
const row = { text, name: 'Contoso', lines: Array.from({ length: 10_000 }, (_, n) => ({ n, of: { n } })) }

/** What stops it → expressions. */
const endless: readonly (readonly [by: RegExp, expression: string])[] = [
  [/longer than a second/, '($f := function($n){ $f($n + 1) }; $f(0))'],
  [/longer than a second/, '$sum([1..10000].($sum([1..10000])))'],
  [/calls itself more/, '($f := function($n){ 1 + $f($n + 1) }; $f(0))'],
  [/calls itself more|longer than a second/, '($y := function($f){ 1 + $f($f) }; $y($y))'],
  [/longer than 10,000 items/, '[1..9999999]'],
  [/longer than 10,000 items/, '$append([1..10000], [1..10000])'],
  [/larger than ten million letters/, '$reduce([1..10000], function($all, $one){ $all & $all & "x" }, text)'],
  [/Invalid string length/, '$replace(text, "a", text)'],
  [/not end within/, '$match(text, /(a+)+b/)'],
  [/not end within/, '$match(text, /(a|aa)*b/)'],
  [/not end within/, '$replace(text, /a*a*a*b/, "")'],
  [/not end within/, '$contains(text, /.*.*=.*/)'],
  [/not end within/, '$split(text, /a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a*b/)'],
  [/not end within/, '($t := $join([1..3000].("aaaa")); $match($t, /a+a+a+b/))'],
  [/not end within/, '$count($distinct([1..10000].{"a": {"b": $}}))'],
  [/not end within/, '$count(lines.of ~> $distinct)'],
  [/not end within/, '$toMillis(text & "1", "[Ya][Ma][Da][Ha]")'],
  [/not end within/, 'text & "1" ~> $toMillis("[Ya][Ma][Da][Ha]")'],
  [/not end within/, '($read := $toMillis; $read(text & "1", "[Ya][Ma][Da][Ha]"))'],
  [/not end within/, '$toMillis($join([1..3000].("one hundred ")) & "x", "[Yw] [Mw] [Dw] [Hw]")'],
  [/not end within/, '$toMillis($join([1..9000].("1")) & "x", "[f]1[f]1[f]1[f]")'],
  [/not end within/, '$formatNumber(1, $join([1..10000].("#,")) & "0")'],
  [/not end within/, '$formatDate("2026-11-21", $join([1..10000].("dddd ")))'],
]

t.test('each expression that never ends is stopped, and the next one is evaluated', async (t) => {
  const bindings: Bindings = { settings: {}, apart: threadEvaluator({ usual: 250, short: 100, stops: 4 }) }
  for (const [by, expression] of endless) {
    const before = Date.now()
    const value = async (): Promise<unknown> => compileExpression(expression).evaluate(row, bindings)
    await t.rejects(value(), { name: 'ExpressionError', message: by }, expression)
    t.ok(Date.now() - before < 15_000, `${expression}: in bounded time`)
    t.equal(await compileExpression('$uppercase(name)').evaluate(row, bindings), 'CONTOSO')
  }
  proved('hostile input', { 'expressions without end': endless.length }, t.counts.fail)
})

t.test('what goes apart gives what it gives here, and asks for couplings', async (t) => {
  const apart = threadEvaluator()
  const bindings: Bindings = {
    settings: { word: 'b' },
    coupled: (mapping, value) => `${mapping} ${String(value)}`,
    apart,
  }
  const same: readonly (readonly [expression: string, value: unknown])[] = [
    ['$match(text, /(a+)+$/).index', 0],
    ['$replace($substring(text, 0, 20), /(a|b)+/, "") & $coupled("item", name) & $settings.word', 'item Contosob'],
    ['[1..3] ~> $distinct()', [1, 2, 3]],
    ['$distinct([1..3]).nothing', null],
  ]
  for (const [expression, value] of same)
    t.same(await compileExpression(expression).evaluate(row, bindings), value, expression)
  const failing = compileExpression('$match(text, /(a+)+$/).index + name').evaluate(row, bindings)
  await t.rejects(failing as Promise<unknown>, { name: 'ExpressionError', position: 29 })
  await t.rejects(
    compileExpression('$match(text, /(a+)+$/)').evaluate(row, {}) as Promise<unknown>,
    /nothing could stop it/,
    'without a thread it is refused',
  )
  t.equal(await compileExpression('$apart').evaluate(row, bindings), null, 'no expression sees the thread')
})

t.test('ordinary expressions stay in this thread', async (t) => {
  const apart = { evaluate: () => Promise.reject(new Error('went apart')) }
  const short = { text: 'Miller, Ann', lines: [{ n: 1 }, { n: 1 }] }
  for (const expression of [
    '$replace(text, /(\\w+), (\\w+)/, "$2 $1")',
    '$replace(text, /[^0-9]+/, "")',
    '$contains(text, /^M/)',
    '$count($distinct(lines.n))',
    'text ~> /l+/ ? 1 : 2',
    'text ~> $replace("l", "r") ~> $match(/r+/)',
    '$toMillis("21.11.2026 9:30", "[D].[M].[Y] [H]:[m]") & $toMillis("20261121", "[Y0001][M01][D01]")',
    '$formatNumber(1234.5, "#,##0.00") & $fromMillis(0, "[FNn], [D1o] [MNn] [Y]") & $fromMillis(1)',
    '$formatDate("2026-11-21", "dd.MM.yyyy", "da-DK") & $formatInteger(7, "w")',
    '$join($match(text, /(.)l+/).groups)',
  ])
    await t.resolves(async () => compileExpression(expression).evaluate(short, { apart }), expression)
  const long = { text: 'a'.repeat(1000) }
  t.equal(await compileExpression('$match(text, /b+c/).match').evaluate(long, { apart }), null)
  const tenfold = '$match($replace(text, "a", "aaaaaaaaaa"), /b+c/).match'
  await t.rejects(async () => compileExpression(tenfold).evaluate(long, { apart }), /went apart/, 'made longer first')
})

const mapping = `mapping: hostile
direction: toSales
create: toSales
businessCentral: { entity: customers, keys: [number] }
sales: { entity: accounts }
match: [{ businessCentral: [number], sales: [accountnumber] }]
fields:
  number: { businessCentral: number, sales: accountnumber }
  name: { businessCentral: displayName, sales: name }
  city:
    sales: address1_city
    compute: { toSales: "city = 'regex' ? ($t := $join([1..300].('aaaaaaaaaaaaaaaaaaaa')); $match($t, /a*a*a*b/).match) : city" }
  phone:
    sales: telephone1
    compute: { toSales: "city = 'loop' ? ($f := function($n) { $f($n + 1) }; $f(0)) : phoneNumber" }
`

t.test('P5 a run goes on with the other records, and tells mapping, field row and record', async (t) => {
  const w = await cliWorld(t, 'mappings: [hostile]\n', { company: 'empty', files: { 'hostile.yaml': mapping } })
  const { businessCentral, sales } = w.simulator
  for (const [number, city] of [
    ['H1', 'regex'],
    ['H2', 'loop'],
    ['H3', 'Berlin'],
  ] as const)
    businessCentral.create('customers', { number, displayName: `Customer ${number}`, city, phoneNumber: '030 1' })
  const { code, out, err } = await w.run('sync')
  t.equal(code, 1, out + err)
  const made = sales.rows('accounts').map((account) => account['accountnumber'])
  t.ok(made.includes('H3'), 'the one between is written')
  t.notOk(made.includes('H1') || made.includes('H2'))
  const { out: held } = await w.run('held')
  t.match(held, /H1[^]*field row "city"[^]*did not end within/)
  t.match(held, /H2[^]*field row "phone"[^]*longer than a second/)
  t.match(held, 'hostile')
  proved('hostile input', { 'expressions without end': 2 }, t.counts.fail)
})
