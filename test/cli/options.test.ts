/** What the columns of documents lack of a choice is told before the first run: by `validate --live` at its place, and by `doctor`. */
import t from 'tap'
import type { CheckStep } from '../../src/report/check-text.ts'
import { type CliWorld, cliWorld } from './world.ts'

const choice = (table: string, labels: Readonly<Record<string, string>>) => ({
  table,
  column: 'paymenttermscode',
  options: Object.entries(labels).map(([value, label]) => ({ value: Number(value), label })),
})
const options = { 1: 'Net 30', 2: 'Net 60', 779_800_000: '14 DAYS', 779_800_001: 'CM' }

/** Terms of accounts with these mirrors, and what documents have of them. */
const termsOf = (mirror: string, more = '') => ({
  sales: {
    choices: [
      choice('account', options),
      choice('salesorder', options),
      choice('quote', { ...options, 2: 'Two months' }),
      choice('invoice', { 1: 'Net 30', 2: 'Sixty' }),
    ],
  },
  files: {
    'terms.yaml': `mapping: terms
direction: toSales
${more}businessCentral: { entity: paymentTerms, keys: [code] }
sales:
  choice:
    entity: accounts
    column: paymenttermscode
    mirror: [${mirror}]
match: [{ businessCentral: [code], sales: [label] }]
fields:
  code: { businessCentral: code, sales: label, type: code }
  mirrored: { sales: mirrored, value: true, firstMatch: { different: businessCentral } }
`,
  },
})
const documents = 'salesorders.paymenttermscode, quotes.paymenttermscode, invoices.paymenttermscode'

const optionSteps = async (world: CliWorld) => {
  const { out, code } = await world.run('doctor --json')
  const { steps } = JSON.parse(out) as { readonly steps: readonly CheckStep[] }
  return { code, steps: steps.filter(({ step }) => step === 'options') }
}

const remedy = /^Sales refuses a record that needs a missing one\. .*allowMetadataChanges: true in terms\.$/
const quotes = 'quotes.paymenttermscode calls 1 option of accounts.paymenttermscode otherwise: Net 60'
const invoices =
  'invoices.paymenttermscode lacks 2 options of accounts.paymenttermscode: 14 DAYS, CM; it calls 1 option of accounts.paymenttermscode otherwise: Net 60'

t.test('options that a column lacks or calls otherwise are counted and named, column by column', async (t) => {
  const world = await cliWorld(t, 'mappings: [terms]\n', termsOf(documents))
  const { code, out } = await world.run('validate --live')
  t.equal(code, 0, 'a warning: who needs none of them is not stopped')
  const lines = out.split('\n').filter((line) => line.includes('sales.choice.mirror'))
  t.equal(lines.length, 2, 'the column that has them all is not named')
  const at = (name: string): number => `    mirror: [${documents}]`.indexOf(name) + 1
  t.ok(lines[0]?.startsWith(`mappings/terms.yaml:8:${at('quotes')} `))
  t.ok(lines[0]?.includes(`${quotes}. Put them right in Sales`))
  t.ok(lines[1]?.startsWith(`mappings/terms.yaml:8:${at('invoices')} `))
  t.ok(lines[1]?.includes(`${invoices}. Sales refuses`))
  const told = await optionSteps(world)
  t.equal(told.code, 0)
  t.match(told.steps, [
    { side: 'Sales', outcome: 'warning', message: quotes, remedy: /^Put them right in Sales/ },
    { side: 'Sales', outcome: 'warning', message: invoices, remedy },
  ])
})

t.test('with leave to write them the next run brings them in line, and nothing is told after it', async (t) => {
  const world = await cliWorld(t, 'mappings: [terms]\n', termsOf(documents, 'allowMetadataChanges: true\n'))
  for (const code of ['NET 30', 'NET 60', '14 DAYS', 'CM'])
    if (!world.simulator.businessCentral.rows('paymentTerms').some((row) => row['code'] === code))
      world.simulator.businessCentral.create('paymentTerms', { code, displayName: code })
  t.match((await world.run('validate --live')).out, /The next run brings those of coupled options in line\./)
  await world.run('sync')
  t.notMatch((await world.run('validate --live')).out, /sales\.choice\.mirror/)
  t.same((await optionSteps(world)).steps, [])
})

t.test('a mirror that is no choice is the failure of its mapping, and doctor goes on', async (t) => {
  const world = await cliWorld(t, 'mappings: [terms]\n', termsOf('invoices.name'))
  const { code, steps } = await optionSteps(world)
  t.equal(code, 3)
  t.match(steps, [{ outcome: 'failed', message: /^terms: .*invoice/ }])
})
