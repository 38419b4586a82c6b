/** Runs the whole standard set on a demo company under given settings: once for all there is, once for nothing. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Playground, startPlayground, writePlaygroundProject } from '../../src/cli/playground.ts'
import { openProject } from '../../src/main.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'

export interface Settings {
  readonly ownership: 'person' | 'team'
  readonly unitGroups: boolean
  readonly pricing: 'extended' | 'legacy' | 'off'
  readonly salesOrders: 'off' | 'legacy' | 'bidirectional'
}

/** Every combination with this kind of owners. */
export const combinationsWith = (ownership: Settings['ownership']): readonly Settings[] =>
  [true, false].flatMap((unitGroups) =>
    (['extended', 'legacy', 'off'] as const).flatMap((pricing) =>
      (['off', 'legacy', 'bidirectional'] as const).map((salesOrders) => ({
        ownership,
        unitGroups,
        pricing,
        salesOrders,
      })),
    ),
  )

export const named = (settings: Settings): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ')

/** Choice mappings of the set: their options are to be made too. */
const choices = ['payment-terms', 'shipment-method', 'shipping-agent']

/** What must wait under these settings, however many records it is. */
export interface Waiting {
  readonly mapping: string
  readonly message: string
}

/** Opportunities of the larger company with persons that have no part in Sales. */
export const ofVendors: readonly Waiting[] = [
  {
    mapping: 'opportunity',
    message: 'contact, account refers to a record that is not coupled yet in contact-contact, customer-account',
  },
]

/** The first run leaves nothing waiting but what must wait, the second writes nothing. */
export async function runTwice(
  t: Test,
  company: 'contoso' | 'cronus',
  settings: Settings & { readonly waiting?: readonly Waiting[] },
): Promise<void> {
  const { waiting = [], ...given } = settings
  const playground = await startPlayground({ company, customers: 0, overlap: 0, seed: 1 })
  try {
    cleanSamples(playground.simulator)
    if (company === 'contoso') keepInvoices(playground.simulator, 10)
    const project = await openProject(await projectFor(t, playground, given), { env: {} })
    try {
      const first = await project.run()
      t.same(kindsOf(first.problems), waiting, 'everything is coupled or created')
      t.same(uncoupledIn(playground.simulator, project.ports.store.mapping('customer-account').size), [])
      playground.simulator.resetRequests()
      const second = await project.run()
      const { businessCentral, sales } = playground.simulator.requests()
      t.equal(businessCentral.writes + sales.writes, 0, 'the second run writes nothing')
      t.same(second.plan.operations, [])
    } finally {
      await project.close()
    }
  } finally {
    await playground.simulator.stop()
  }
}

const kindsOf = (problems: readonly Waiting[]): readonly Waiting[] =>
  [...new Set(problems.map(({ mapping, message }) => JSON.stringify({ mapping, message })))].map(
    (text) => JSON.parse(text) as Waiting,
  )

async function projectFor(t: Test, playground: Playground, settings: Settings): Promise<string> {
  const folder = t.testdir({})
  const { currency, ...rest } = playground
  const words = Object.entries({
    ...settings,
    ...(currency !== undefined && { localCurrency: currency }),
    ...(settings.salesOrders === 'bidirectional' && { orderPage: 'couplet/orders/v1.0' }),
  })
  const yaml = `settings: { ${words.map(([name, value]) => `${name}: ${String(value)}`).join(', ')} }\nlimits: { creates: "5000" }\n`
  await writePlaygroundProject(folder, { ...rest, currency: undefined }, yaml)
  mkdirSync(join(folder, 'mappings'))
  for (const name of choices)
    writeFileSync(join(folder, 'mappings', `${name}.yaml`), `extends: standard/${name}\nallowMetadataChanges: true\n`)
  return folder
}

/**
 * The samples of Sales hold what Business Central must refuse: countries that have no code, users without an address.
 * Their persons, and the opportunities of these, are left out: each has a name of three words, which Business Central
 * splits by itself, so that a middle name comes back to Sales in the second run, and only the third writes nothing. The sample accounts
 * are no customers: what is told of a customer that was made from Sales also follows in the second run.
 */
function cleanSamples({ businessCentral, sales }: Simulator): void {
  for (const { opportunityid } of sales.rows('opportunities')) sales.delete('opportunities', String(opportunityid))
  for (const { contactid } of sales.rows('contacts')) sales.delete('contacts', String(contactid))
  for (const account of sales.rows('accounts'))
    sales.edit('accounts', String(account['accountid']), { address1_country: 'US' })
  for (const user of sales.rows('systemusers').filter((row) => (row['internalemailaddress'] ?? null) === null))
    sales.service.table('systemusers')?.update(String(user['systemuserid']), { isdisabled: true })
  // The smaller company keeps its local currency as a currency too, with a rate against another one.
  for (const rate of businessCentral.rows('currencyExchangeRates').filter((row) => row['currencyCode'] === 'GBP'))
    businessCentral.edit('currencyExchangeRates', `GBP|${String(rate['startingDate'])}`, {
      exchangeRateAmount: 1,
      relationalExchangeRateAmount: 1,
    })
  const rate = businessCentral.rows('currencyExchangeRates').find((row) => row['currencyCode'] === 'USD')
  const dollars = Number(rate?.['exchangeRateAmount']) / Number(rate?.['relationalExchangeRateAmount'])
  sales.edit('transactioncurrencies', 'USD', { exchangerate: Math.round(dollars * 1e10) / 1e10 })
}

/** Two hundred invoices take longer than all the rest; the larger company has its own. */
function keepInvoices({ businessCentral }: Simulator, most: number): void {
  const { service } = businessCentral
  for (const { id } of businessCentral.rows('salesInvoices').slice(most)) {
    for (const line of service.table('salesInvoiceLines')?.find((row) => row['Document Id'] === id) ?? [])
      service.table('salesInvoiceLines')?.delete(line.key)
    service.table('salesInvoices')?.delete(String(id))
  }
}

/** Customers that found no account, as a number: an empty list when all have one. */
function uncoupledIn({ businessCentral }: Simulator, pairs: number): readonly number[] {
  const open = businessCentral.rows('customers').filter((row) => row['blocked'] === '_x0020_').length
  return open <= pairs ? [] : [open - pairs]
}
