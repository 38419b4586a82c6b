/**
 * P1, P3, P5: labels of options with awkward values. Each becomes the option that it says, is found again by customers
 * that refer to it, and is renamed; what no option can be called waits by itself with what to do about it.
 */
import t, { type Test } from 'tap'
import { texts, unseen } from './awkward.ts'
import { type CliWorld, projectOf } from './cli/world.ts'
import { writesMade } from './engine/stage.ts'
import { proved } from './proof.ts'

const terms = `mapping: terms
direction: toSales
allowMetadataChanges: true
businessCentral: { entity: paymentTerms, keys: [code] }
sales: { choice: { entity: accounts, column: paymenttermscode, mirror: [salesorders.paymenttermscode] } }
match:
  - { businessCentral: [displayName], sales: [label] }
fields:
  label:
    businessCentral: displayName
    sales: label
    compute: { toSales: "code = 'LONG' ? $join([1..40].$$.displayName) : displayName" }
  mirrored: { sales: mirrored, value: true, firstMatch: { different: businessCentral } }
`
const customer = `mapping: customer
direction: both
create: both
after: [terms]
businessCentral: { entity: customers, keys: [number] }
sales: { entity: accounts, filter: customertypecode eq 3 }
match:
  - { businessCentral: [number], sales: [accountnumber] }
fields:
  type: { sales: customertypecode, value: 3, on: create }
  number: { businessCentral: number, sales: accountnumber, direction: toSales }
  name: { businessCentral: displayName, sales: name }
  terms: { businessCentral: paymentTermsId, sales: paymenttermscode, lookup: terms }
`

const all = Object.entries({ ...texts, 'a label of 4,000 signs': 'x'.repeat(99) })
/** Every second one is an option already. */
const known = all.filter((_, n) => n % 2 === 0)
const isLong = (name: string): boolean => name.includes('4,000')
const codeOf = (name: string, n: number): string => (isLong(name) ? 'LONG' : `T${n}`)

/** Options of the choice column as the service shows them to anybody who asks. */
function optionsOf({ simulator }: CliWorld, table: 'account' | 'salesorder'): ReadonlyMap<number, string> {
  const path = `/api/data/v9.2/EntityDefinitions(LogicalName='${table}')/Attributes(LogicalName='paymenttermscode')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata`
  const query = '$select=LogicalName&$expand=OptionSet($select=Name,Options)'
  const request = { method: 'GET', path, query, headers: {}, body: '', origin: 'http://127.0.0.1', caller: 'couplet' }
  const { body = '' } = simulator.sales.service.handle(request, { part: () => undefined })
  const { OptionSet } = JSON.parse(body) as Shown
  return new Map(OptionSet.Options.map(({ Value, Label }) => [Value, Label.UserLocalizedLabel.Label]))
}
interface Shown {
  readonly OptionSet: {
    readonly Options: readonly {
      readonly Value: number
      readonly Label: { readonly UserLocalizedLabel: { readonly Label: string } }
    }[]
  }
}

interface Printed {
  readonly mappings: readonly { readonly mapping: string; readonly created: number; readonly coupled: number }[]
  readonly problems: readonly {
    readonly number: string
    readonly kind: string
    readonly message: string
    readonly remedy: string
  }[]
}

const choicesOf = (labels: readonly string[]) => ({
  choices: [
    {
      table: 'account',
      column: 'paymenttermscode',
      options: labels.map((label, n) => ({ value: 100_000_000 + n, label })),
    },
    { table: 'salesorder', column: 'paymenttermscode', options: [] },
  ],
})

/** A further run writes nothing. */
async function rests(t: Test, w: CliWorld, code: number): Promise<void> {
  w.simulator.resetRequests()
  t.equal((await w.run('sync')).code, code)
  t.equal(writesMade(w.simulator), 0, 'a further run writes nothing')
}

t.test('P1 P3 awkward labels become options, are found by who refers to them, and are renamed', async (t) => {
  const w = await projectOf(t, [terms, customer], {
    without: ['paymentTerms'],
    sales: choicesOf(known.map(([, label]) => label)),
  })
  const { businessCentral, sales } = w.simulator
  all.forEach(([name, displayName], n) => {
    const { id } = businessCentral.create('paymentTerms', { code: codeOf(name, n), displayName })
    businessCentral.create('customers', { number: `C${n}`, displayName: `C${n}`, paymentTermsId: id })
  })
  const { out, err, code } = await w.run('sync --json --accept creates=1000')
  t.equal(code, 0, err)
  const printed = JSON.parse(out) as Printed
  t.match(printed.mappings, [
    { mapping: 'terms', coupled: known.length, created: all.length - known.length },
    { mapping: 'customer', created: all.length },
  ])
  const labelled = (n: number): string | undefined =>
    optionsOf(w, 'account').get(
      Number(sales.rows('accounts').find((row) => row['accountnumber'] === `C${n}`)?.['paymenttermscode']),
    )
  const wanted = all.map(([name, label]) => (isLong(name) ? label.repeat(40) : label))
  t.same(
    all.map((_, n) => labelled(n)),
    wanted,
    'each account has the option that bears its label',
  )
  t.same(optionsOf(w, 'salesorder'), optionsOf(w, 'account'), 'the mirror has them too')
  await rests(t, w, 0)

  all.forEach(([name, label], n) =>
    businessCentral.edit('paymentTerms', codeOf(name, n), { displayName: `${n} ${label}`.slice(0, 100) }),
  )
  const plan = await w.run('plan --details --show-values')
  t.notMatch(plan.out + plan.err, unseen)
  t.match(plan.out, /Cafe/)

  t.equal((await w.run('sync --accept updates=1000')).code, 0)
  t.same(
    all.map((_, n) => labelled(n)),
    all.map(([name, label], n) =>
      isLong(name) ? `${n} ${label}`.slice(0, 100).repeat(40) : `${n} ${label}`.slice(0, 100),
    ),
  )
  t.same(optionsOf(w, 'salesorder'), optionsOf(w, 'account'))
  await rests(t, w, 0)
  t.equal((await w.run('state verify')).code, 0)
  proved('hostile input', { 'awkward values': 2 * all.length }, t.counts.fail)
})

t.test('P1 P5 what no option can be called is held by itself, told, and travels once it can', async (t) => {
  const w = await projectOf(t, terms, { without: ['paymentTerms'], sales: choicesOf(['Known', 'Twins', 'twins']) })
  const { businessCentral, faults } = w.simulator
  const term = (code: string, displayName: string): void =>
    void businessCentral.create('paymentTerms', { code, displayName })
  term('KNOWN', 'Known')
  term('TWINS', 'Twins')
  term('TWICE', 'Twice')
  term('TWICE2', ' TWICE ')
  term('BLANK', '')
  term('BLANKS', '   ')
  term('LONG', 'x'.repeat(100))
  const tooLong = JSON.stringify({
    error: { code: '0x80044331', message: "The length of the 'Value' attribute is 4000" },
  })
  faults.add({ match: { path: 'InsertOptionValue', nth: 1 }, do: { status: 400, body: tooLong } })
  const { out, err, code } = await w.run('sync --json')
  t.equal(code, 1, err)
  const held = {
    TWINS: ['ambiguous', /several records could be its partner/, /couplet couple terms --bc TWINS/],
    TWICE: ['ambiguous', /would get the same label in Sales/, /give them names/],
    TWICE2: ['ambiguous', /would get the same label in Sales/, /give them names/],
    BLANK: ['failed', /needs a label, and the record gives it none/, /Fill the field/],
    BLANKS: ['failed', /needs a label, and the record gives it none/, /Fill the field/],
    LONG: ['failed', /length/, /too long for its Sales column: shorten it/],
  } as const
  const { problems } = JSON.parse(out) as Printed
  t.same(problems.map(({ number }) => number).toSorted(inOrder), Object.keys(held).toSorted(inOrder))
  for (const { number, ...problem } of problems) {
    const [kind, message, remedy] = held[number as keyof typeof held]
    t.match(problem, { kind, message, remedy }, number)
  }
  const labels = (): readonly string[] => [...optionsOf(w, 'account').values()].toSorted(inOrder)
  t.same(labels(), ['Known', 'Twins', 'twins'], 'nothing was added for them')
  await rests(t, w, 1)
  faults.clear()
  for (const code of ['TWINS', 'TWICE2', 'BLANK', 'BLANKS'])
    businessCentral.edit('paymentTerms', code, { displayName: `Now ${code}` })
  t.equal((await w.run('retry terms --all --later')).code, 0)
  const last = await w.run('sync --accept creates=1000')
  t.equal(last.code, 0, last.err + last.out)
  t.same(
    labels(),
    [
      'Known',
      'Now BLANK',
      'Now BLANKS',
      'Now TWICE2',
      'Now TWINS',
      'Twice',
      'Twins',
      'twins',
      'x'.repeat(4000),
    ].toSorted(inOrder),
  )
  await rests(t, w, 0)
  businessCentral.edit('paymentTerms', 'TWICE', { displayName: '' })
  const emptied = await w.run('sync --json')
  t.match((JSON.parse(emptied.out) as Printed).problems, [
    { number: 'TWICE', kind: 'failed', remedy: /Fill the field/ },
  ])
  t.ok(labels().includes('Twice'), 'no label is taken away')
  businessCentral.create('paymentTerms', { code: 'LATE', displayName: 'known' })
  const late = await w.run('sync --json')
  t.match(
    (JSON.parse(late.out) as Printed).problems.find(({ number }) => number === 'LATE'),
    { kind: 'ambiguous', remedy: /couplet couple terms --bc LATE/ },
  )
  proved('hostile input', { 'awkward values': 9 }, t.counts.fail)
})

const inOrder = (one: string, other: string): number => (one < other ? -1 : 1)
