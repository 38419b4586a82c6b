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

/** The first run leaves nothing waiting, the second writes nothing. */
export async function runTwice(t: Test, company: 'contoso' | 'cronus', settings: Settings): Promise<void> {
  const playground = await startPlayground({ company, customers: 0, overlap: 0, seed: 1 })
  try {
    cleanSamples(playground.simulator)
    const project = await openProject(await projectFor(t, playground, settings), { env: {} })
    try {
      const first = await project.run()
      t.same(
        first.problems.map(({ mapping, number, id, kind, message }) => ({
          mapping,
          record: number ?? id,
          kind,
          message,
        })),
        [],
        'everything is coupled or created',
      )
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

async function projectFor(t: Test, playground: Playground, settings: Settings): Promise<string> {
  const folder = t.testdir({})
  const { currency, ...rest } = playground
  const words = Object.entries({ ...settings, ...(currency !== undefined && { localCurrency: currency }) })
  const yaml = `settings: { ${words.map(([name, value]) => `${name}: ${String(value)}`).join(', ')} }\n`
  await writePlaygroundProject(folder, { ...rest, currency: undefined }, yaml)
  mkdirSync(join(folder, 'mappings'))
  for (const name of choices)
    writeFileSync(join(folder, 'mappings', `${name}.yaml`), `extends: standard/${name}\nallowMetadataChanges: true\n`)
  return folder
}

/** The samples of Sales hold what Business Central must refuse: countries that have no code, users without an address. */
function cleanSamples({ businessCentral, sales }: Simulator): void {
  for (const contact of sales.rows('contacts'))
    sales.edit('contacts', String(contact['contactid']), { address1_country: 'US' })
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

/** Customers that found no account, as a number: an empty list when all have one. */
function uncoupledIn({ businessCentral }: Simulator, pairs: number): readonly number[] {
  const open = businessCentral.rows('customers').filter((row) => row['blocked'] === '_x0020_').length
  return open <= pairs ? [] : [open - pairs]
}
