import t from 'tap'
import type { HeldKind } from '../../src/core/coupling.ts'
import { excesses } from '../../src/core/guard.ts'
import type { Operation, Plan, PlannedHold } from '../../src/core/plan.ts'
import { auditText } from '../../src/report/audit-text.ts'
import { problemAnnotations, runAnnotations, runMarkdown } from '../../src/report/github.ts'
import { heldText } from '../../src/report/held-text.ts'
import { plain } from '../../src/report/paint.ts'
import { planJson, planText } from '../../src/report/plan-text.ts'
import { problemsText } from '../../src/report/problems.ts'
import { reasonOf } from '../../src/report/reasons.ts'
import { runJson } from '../../src/report/run-json.ts'
import { countsText, runText } from '../../src/report/run-text.ts'
import { statusText } from '../../src/report/status-text.ts'
import { table } from '../../src/report/table.ts'
import type { CountsTold, ProblemTold, RunTold } from '../../src/report/told.ts'
import { count, duration, firstOf, thousands, wrap } from '../../src/report/words.ts'
import { field, operation } from './planned.ts'

const hold = (more: Partial<PlannedHold> = {}): PlannedHold => ({
  mapping: 'customer-account',
  side: 'businessCentral',
  id: 'c2',
  number: '20000',
  kind: 'conflict',
  message: 'phone edited on both sides',
  remedy: '',
  fields: [{ name: 'phone', column: 'telephone1', values: { businessCentral: 'OURS', sales: 'THEIRS' } }],
  known: false,
  ...more,
})

const counts = {
  mapping: 'customer-account',
  side: 'sales' as const,
  creates: 0,
  updates: 1,
  deletes: 0,
  couples: 0,
  uncouples: 0,
  coupled: 120,
}
const planOf = (operations: readonly Operation[], holds: readonly PlannedHold[] = []): Plan => ({
  operations,
  holds,
  counts: [
    {
      ...counts,
      updates: operations.filter(({ kind }) => kind === 'update').length,
      creates: operations.filter(({ kind }) => kind === 'create').length,
    },
  ],
})
const masked = { paint: plain, showValues: false, excesses: [] }
const shown = { ...masked, showValues: true }

t.test('a table aligns, cuts what is too long, and leaves no blanks at the ends', (t) => {
  const text = table(
    [
      { title: 'name', most: 6 },
      { title: 'n', align: 'right' },
    ],
    [
      ['a', '1'],
      ['abcdefghi', '1,000'],
    ],
  )
  t.equal(text, ['name        n', 'a           1', 'abcde…  1,000'].join('\n'))
  t.end()
})

const red = (value: string): string => `<${value}>`

t.test('colours do not disturb the alignment', (t) => {
  const text = table(
    [{ title: 'a' }, { title: 'b' }],
    [
      [{ text: 'x', paint: red }, 'y'],
      ['longer', 'z'],
    ],
  )
  t.equal(text, ['a       b', '<x     >  y', 'longer  z'].join('\n'))
  t.end()
})

t.test('numbers and times are said as people say them', (t) => {
  t.same([0, 999, 1000, 1234567].map(thousands), ['0', '999', '1,000', '1,234,567'])
  t.same(
    [count(1, 'record'), count(2, 'record'), count(2, 'entity', 'entities')],
    ['1 record', '2 records', '2 entities'],
  )
  t.same([800, 12_400, 200_000, 1_800_000, 7_500_000, 260_000_000].map(duration), [
    '0.8 s',
    '12 s',
    '3 min 20 s',
    '30 min',
    '2 h 5 min',
    '3 days',
  ])
  t.equal(firstOf(['a', 'b', 'c'], 2), 'a, b … (1 more)')
  t.equal(wrap('one two three', 9, '  '), '  one two\n  three')
  t.end()
})

t.test('a plan masks values unless they are asked for, and shows codes that are marked', (t) => {
  const plan = planOf(
    [
      operation({
        fields: [
          field(),
          field({ column: 'code', after: 'GBP', before: 'EUR', reveal: true }),
          field({ column: 'fax', after: null }),
        ],
      }),
    ],
    [hold()],
  )
  const text = planText(plan, masked)
  t.match(text, 'telephone1: ••• → •••')
  t.match(text, 'code: EUR → GBP', 'marked codes show')
  t.match(text, 'fax: ••• → (blank)', 'clearing shows as such')
  t.notMatch(text, /0123|0456|OURS|THEIRS/)
  t.notMatch(JSON.stringify(planJson(plan, masked)), /0123|0456|OURS|THEIRS/)
  const open = planText(plan, shown)
  t.match(open, 'telephone1: 0123 → 0456')
  t.match(open, 'phone: OURS in Business Central, THEIRS in Sales')
  t.match(JSON.stringify(planJson(plan, shown)), /0123.*OURS/)
  t.end()
})

t.test('a plan says what is to be done, of how many, and how held records go on', (t) => {
  const text = planText(planOf([operation()], [hold()]), masked)
  t.match(text, '1 operation planned; nothing was written. 1 record would wait')
  t.match(text, /customer-account → Sales +· +1 +· +· +120/)
  t.match(text, 'couplet resolve customer-account --record NUMBER --take businessCentral')
  t.match(planText(planOf([]), masked), 'Nothing to do.')
  t.match(
    planText(planOf([]), { ...masked, incomplete: true }),
    /^Nothing is planned\./,
    'who knows what is to be done',
  )
  t.end()
})

t.test('at most twenty operations of a mapping are told one by one', (t) => {
  const many = Array.from({ length: 312 }, (_, index) => operation({ number: String(index), fields: [] }))
  const text = planText(planOf(many), { ...masked, details: true })
  t.match(text, '… and 292 more; --json lists all')
  t.equal(text.split('\n').filter((line) => line.startsWith('  ~')).length, 20)
  t.end()
})

t.test('a large plan fits one screen and still says which columns change and what is deleted', (t) => {
  const mappings = Array.from({ length: 12 }, (_, index) => `mapping-${index}`)
  const operations = mappings.flatMap((mapping) => [
    ...Array.from({ length: 300 }, (_, index) => operation({ mapping, kind: 'create', number: `N${index}` })),
    ...Array.from({ length: 5 }, () => operation({ mapping })),
  ])
  const holds = mappings.flatMap((mapping) => Array.from({ length: 40 }, () => hold({ mapping, kind: 'different' })))
  const plan = {
    operations: [...operations, operation({ mapping: 'mapping-0', kind: 'delete', number: 'D7' })],
    holds,
    counts: mappings.map((mapping) => ({ ...counts, mapping, creates: 300 })),
  }
  const lines = planText(plan, shown).split('\n')
  t.ok(lines.length < 60, `${lines.length} lines`)
  t.ok(lines.every((line) => line.length <= 120))
  t.match(lines.join('\n'), 'mapping-3: 5 × update in Sales: telephone1 5')
  t.match(lines.join('\n'), 'mapping-0: 1 × delete in Sales: D7')
  t.notMatch(lines.join('\n'), /OURS|0123/, 'values of a first run are left to couplet held')
  t.end()
})

t.test('what a first match overwrites, or would if it were accepted, is counted by column', (t) => {
  const first = Array.from({ length: 3 }, () =>
    operation({ fields: [field({ why: 'first' }), field({ column: 'fax', why: 'first', before: null })] }),
  )
  const text = planText(planOf(first, [hold({ kind: 'different' }), hold({ kind: 'different' })]), masked)
  t.match(text, 'customer-account: would be overwritten: telephone1: 3\n', 'filling a blank overwrites nothing')
  t.match(text, 'customer-account: would be overwritten if accepted: telephone1: 2')
  t.end()
})

t.test('a passed safety limit comes with the exact words that let it go on', (t) => {
  const limits = {
    deletes: { count: 10, share: 0.01 },
    updates: { count: undefined, share: undefined },
    creates: { count: undefined, share: undefined },
  }
  const plan = {
    operations: [operation({ kind: 'delete' })],
    holds: [],
    counts: [{ ...counts, updates: 0, deletes: 41 }],
  }
  const text = planText(plan, { ...masked, excesses: excesses(plan.counts, () => limits, []) })
  t.match(text, 'customer-account → Sales: 41 deletes (34 % of 120 coupled); 2 are allowed')
  t.match(text, '--accept customer-account.sales.deletes=41')
  t.end()
})

const told = (more: Partial<CountsTold> = {}): CountsTold => ({
  mapping: 'customer-account',
  direction: 'toSales',
  created: 0,
  updated: 0,
  deleted: 0,
  coupled: 0,
  uncoupled: 0,
  unchanged: 120,
  held: 0,
  failed: 0,
  requests: 3,
  ms: 1200,
  ...more,
})
const problem = (more: Partial<ProblemTold> = {}): ProblemTold => ({
  mapping: 'customer-account',
  side: 'businessCentral',
  id: 'c1',
  number: '10000',
  kind: 'conflict',
  message: 'phone edited on both sides',
  remedy: 'take one side',
  isNew: true,
  ...more,
})
const runOf = (mappings: readonly CountsTold[], problems: readonly ProblemTold[] = []): RunTold => ({
  run: 'run-1',
  ok: problems.length === 0,
  mappings,
  problems,
  requests: 7,
  ms: 2000,
})

t.test('a run shows the directions in which something happened and only counts the others', (t) => {
  const text = countsText(
    [told({ created: 3 }), told({ mapping: 'currency' }), told({ mapping: 'item-product' })],
    plain,
  )
  t.match(text, /customer-account +→ Sales +3 /)
  t.notMatch(text, 'currency')
  t.match(text, '2 mappings in step, with nothing to do')
  const refused = [problem({ kind: 'service', id: undefined, number: undefined, mapping: 'currency' })]
  const partly = runText(runOf([told({ mapping: 'currency' })], refused), plain)
  t.notMatch(partly, 'in step', 'what could not be run is not in step')
  t.end()
})

t.test('a run says what waits once for each reason, with the command that goes on', (t) => {
  const problems = [
    ...Array.from({ length: 9 }, (_, index) => problem({ number: String(10000 + index), isNew: index === 0 })),
    problem({ kind: 'failed', number: '30000', message: 'Country is missing', remedy: 'Set up the country.' }),
  ]
  const text = runText(runOf([told({ held: 9, failed: 1 })], problems), plain)
  t.match(text, '9 records changed on both sides, in the same field (1 of them new)')
  t.match(text, '10000, 10001, 10002, 10003, 10004, 10005 … (3 more):')
  t.equal(text.split('phone edited on both sides').length, 2, 'one message is told once')
  t.match(text, '→ Set up the country.', 'where causes differ each has its own remedy')
  t.match(text, 'Done, but 10 records wait: couplet held.')
  t.end()
})

t.test('the JSON of a run has exactly the keys of the contract', (t) => {
  const json = JSON.parse(
    JSON.stringify(runJson(runOf([told()], [problem({ id: undefined, number: undefined })]))),
  ) as Record<string, Record<string, unknown>[]>
  t.same(Object.keys(json), ['run', 'ok', 'mappings', 'problems'])
  const keys = 'mapping direction created updated deleted coupled uncoupled unchanged held failed requests ms'
  t.same(Object.keys(json['mappings']?.[0] ?? {}), keys.split(' '))
  t.same(json['problems']?.[0], {
    mapping: 'customer-account',
    side: 'businessCentral',
    id: null,
    kind: 'conflict',
    message: 'phone edited on both sides',
    remedy: 'take one side',
    number: null,
    new: true,
  })
  t.end()
})

t.test('every reason to wait says what to do next', (t) => {
  const kinds: Record<HeldKind | 'service', true> = {
    'no-partner': true,
    ambiguous: true,
    waiting: true,
    conflict: true,
    different: true,
    failed: true,
    quarantine: true,
    deleted: true,
    moving: true,
    unfinished: true,
    unknown: true,
    service: true,
  }
  for (const kind of Object.keys(kinds) as HeldKind[]) {
    const text = heldText(
      [
        {
          mapping: 'm',
          held: [
            {
              side: 'sales',
              id: 'x',
              kind,
              number: '7',
              fields: ['phone'],
              message: 'Why.',
              remedy: 'Own remedy.',
              since: '2026-11-20T09:00:00.000Z',
              attempts: 3,
            },
          ],
        },
      ],
      { paint: plain, now: new Date('2026-11-21T09:00:00.000Z'), most: 10 },
    )
    t.match(text, `m: 1 record ${reasonOf(kind).title}`)
    t.match(text, '7  phone  24 h ago, tried 3 times')
    t.match(text, '→ ')
  }
  t.equal(heldText([], { paint: plain, now: new Date(0), most: 1 }), 'Nothing waits.')
  t.end()
})

t.test('problems of files have their place, and their number comes last', (t) => {
  const at = { file: 'mappings/customers.yaml', line: 14, column: 9 }
  const text = problemsText(
    [
      { at, path: 'fields.phone', message: 'no such column' },
      { path: '', message: 'odd', severity: 'warning' },
    ],
    plain,
  )
  t.equal(text, 'mappings/customers.yaml:14:9  fields.phone: no such column\nwarning odd\n1 problem; nothing was run')
  t.end()
})

t.test('annotations stand at their place and cannot be broken out of', (t) => {
  const at = { file: 'a,b:c.yaml', line: 3, column: 5 }
  t.same(problemAnnotations([{ at, path: 'x', message: 'first\n::error::second 100%' }]), [
    '::error file=a%2Cb%3Ac.yaml,line=3,col=5::x: first%0A::error::second 100%25',
  ])
  const known = problem({ isNew: false })
  const lines = runAnnotations([
    known,
    ...Array.from({ length: 12 }, () => problem()),
    problem({ kind: 'service', id: undefined, number: undefined }),
  ])
  t.equal(lines.length, 11, 'as many as GitHub shows, and how many more')
  t.match(lines.at(-1), '3 more records wait')
  t.match(lines[0], /::.+ → .+/, 'the message, then what to do')
  t.notOk(runAnnotations([known]).length, 'what is known is not told again')
  t.end()
})

t.test('the step summary is Markdown that messages cannot break', (t) => {
  const text = runMarkdown(
    runOf([told({ created: 2 })], [problem({ kind: 'service', id: undefined, message: 'no | table\n<b>' })]),
  )
  t.match(text, '| customer-account | → Sales | 2 | 0 | 0 | 0 | 0 | 0 |')
  t.match(text, 'no \\| table \\<b\\>')
  t.match(runMarkdown(runOf([told()])), 'Nothing to do.')
  t.end()
})

t.test('status tells what is stale and why something is off; an audit groups what it finds', (t) => {
  const text = statusText(
    {
      lastRun: { run: 'run-1', endedAt: '2026-11-21T08:00:00.000Z', ok: true },
      mappings: [
        {
          mapping: 'a',
          enabled: true,
          reason: undefined,
          coupled: 1200,
          resting: 0,
          held: { conflict: 2 },
          lastRun: '2026-11-21T08:00:00.000Z',
          stale: true,
        },
        {
          mapping: 'b',
          enabled: false,
          reason: 'not yet',
          coupled: 0,
          resting: 0,
          held: {},
          lastRun: undefined,
          stale: false,
        },
      ],
      jobs: [],
      warnings: ['Not run for more than 30 min: a'],
    },
    plain,
    new Date('2026-11-21T09:00:00.000Z'),
  )
  t.match(text, 'Last run run-1 ended 1 h ago, in step.')
  t.match(text, /a +1,200 +1 h ago +2 conflict/)
  t.match(text, 'off: not yet')
  t.match(text, 'Not run for more than 30 min: a')
  const finding = {
    mapping: 'a',
    kind: 'never-sent' as const,
    side: 'sales' as const,
    id: 'x',
    number: '7',
    partner: undefined,
    fields: [],
    message: 'Why.',
    remedy: 'Do this.',
  }
  const found = auditText([finding, { ...finding, number: '8' }], plain, 1)
  t.match(found, 'a: 2 records of Sales never sent to the other side')
  t.match(found, '… and 1 more')
  t.match(found, '→ Do this.')
  t.equal(auditText([], plain), 'Everything is in step.')
  t.end()
})
