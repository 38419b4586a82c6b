/** Runs the whole standard set on a demo company under given settings: once for all there is, once for nothing. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Playground, startPlayground, writePlaygroundProject } from '../../src/cli/playground.ts'
import { systemClock } from '../../src/clock.ts'
import type { Config } from '../../src/config/config.ts'
import { loadProject } from '../../src/config/load.ts'
import { odataConnector } from '../../src/connector/odata.ts'
import { type Ports, type RunReport, defaultRunOptions, run } from '../../src/engine/run.ts'
import { directHttp } from '../../src/rehearsal/direct-http.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import type { Row } from '../../src/simulator/table.ts'
import { openMemoryStore, overlay } from '../../src/store/memory-store.ts'
import { type OrderSetting, enterOrders, orderMappings, orderSettings } from './orders.ts'

export interface Settings {
  readonly ownership: 'person' | 'team'
  readonly unitGroups: boolean
  readonly pricing: 'extended' | 'legacy' | 'off'
  readonly salesOrders: OrderSetting
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
    const project = opened(await loadProject(await projectFor(t, playground, given), { env: {} }), playground)
    const first = await project.run()
    t.same(kindsOf(first.problems), waiting, 'everything is coupled or created')
    t.same(uncoupledIn(playground.simulator, project.store.mapping('customer-account').size), [])
    await writesNothing(t, playground.simulator, project)
    if (company === 'contoso') await takesOrders(t, playground.simulator, project, settings)
  } finally {
    await playground.simulator.stop()
  }
}

/** The project with its state in memory and its services at hand: without sockets and files, which others try. */
interface Opened {
  readonly store: Ports['store']
  run(): Promise<RunReport>
}

function opened(config: Config, { simulator }: Playground): Opened {
  const store = openMemoryStore()
  const reach = { clock: systemClock, random: () => 0.5, env: {}, userAgent: 'couplet/test' }
  const connectors = {
    businessCentral: odataConnector(config.connections.businessCentral, { ...reach, http: directHttp(simulator) }),
    sales: odataConnector(config.connections.sales, { ...reach, http: directHttp(simulator) }),
  }
  const ports = { connectors, store, overlay, clock: systemClock, emit: () => {} }
  return { store, run: () => run(config, ports, defaultRunOptions) }
}

async function writesNothing(t: Test, simulator: Simulator, project: Opened): Promise<void> {
  simulator.resetRequests()
  const { plan } = await project.run()
  const { businessCentral, sales } = simulator.requests()
  t.equal(businessCentral.writes + sales.writes, 0, 'the next run writes nothing')
  t.same(plan.operations, [])
}

/** Orders that are entered now are coupled in one run, where orders travel. */
async function takesOrders(t: Test, simulator: Simulator, project: Opened, settings: Settings): Promise<void> {
  enterOrders(simulator)
  const orders = orderMappings[settings.salesOrders]
  if (orders !== undefined) {
    const { problems } = await project.run()
    t.same(kindsOf(problems), [], 'every order is taken')
    t.equal(project.store.mapping(orders[0]).size, orders[1])
    // The older way marks an order in Sales in the run after the one that takes it over.
    if (settings.salesOrders === 'legacy') t.same((await project.run()).problems, [])
  }
  await writesNothing(t, simulator, project)
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
    ...(settings.salesOrders !== 'off' && playground.company.startsWith('Contoso') && orderSettings),
    ...(settings.salesOrders === 'bidirectional' && { orderPage: 'couplet/orders/v1.0' }),
  })
  const yaml = `settings: { ${words.map(([name, value]) => `${name}: ${String(value)}`).join(', ')} }\nlimits: { creates: "5000" }\n`
  await writePlaygroundProject(folder, { ...rest, currency: undefined }, yaml)
  mkdirSync(join(folder, 'mappings'))
  for (const name of choices)
    writeFileSync(join(folder, 'mappings', `${name}.yaml`), `extends: standard/${name}\nallowMetadataChanges: true\n`)
  return folder
}

/** The samples of Sales hold what Business Central must refuse or cannot keep: countries that have no code, users without an address. */
export function cleanSamples({ businessCentral, sales }: Simulator): void {
  for (const contact of sales.rows('contacts'))
    sales.edit('contacts', String(contact['contactid']), { address1_country: 'US' })
  for (const opportunity of sales.rows('opportunities')) withItsContact(sales, opportunity)
  for (const account of sales.rows('accounts'))
    sales.edit('accounts', String(account['accountid']), { address1_country: 'US', customertypecode: 3 })
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

/** An opportunity belongs to the account of its contact: Business Central knows no other. */
function withItsContact(sales: Simulator['sales'], { opportunityid, _parentcontactid_value: person }: Row): void {
  const account = sales.row('contacts', String(person))?.['_parentcustomerid_value']
  if (typeof account !== 'string') return
  sales.edit('opportunities', String(opportunityid), { 'parentaccountid@odata.bind': `/accounts(${account})` })
}

/** Two hundred invoices take longer than all the rest; the larger company has its own. */
export function keepInvoices({ businessCentral }: Simulator, most: number): void {
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
