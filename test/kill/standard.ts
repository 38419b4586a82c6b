/**
 * Each standard mapping at least once, in their order: killed in its first run, then run, then the next. Bases are not
 * compared: a runner that ends another's work reads new records once more, and then knows of columns that a service filled
 * by itself. Records, pairs and what waits are.
 */
import type { Test } from 'tap'
import type { Config } from '../../src/config/config.ts'
import { standardSet } from '../engine/standard-set.ts'
import { type Stage, stage } from '../engine/stage.ts'
import { cleanSamples, keepInvoices } from '../settings/every-combination.ts'
import { enterOrders, orderSettings } from '../settings/orders.ts'
import { type Ready, Runner, type Scenario } from './kill.ts'
import { type Sets, picture } from './scenarios.ts'

export interface Turn {
  readonly scenario: Scenario
  readonly ready: Ready
  readonly runner: Runner
}

interface StandardStage {
  readonly name: string
  /** Sets up a company and gives each mapping its turn, in order; the mapping has run when the next one is asked for. */
  readonly mappings: (t: Test) => AsyncGenerator<Turn>
}

const orders = Object.entries(orderSettings)
  .map(([name, value]) => `, ${name}: ${value}`)
  .join('')

const standardStage = (name: string, settings: string, only?: readonly string[]): StandardStage => ({
  name,
  mappings: async function* (t) {
    const runner = new Runner()
    const config = withOptions(await standardSet(t, `${settings}${orders}`, ''))
    const on = await company(t, runner)
    let hasOrders = false
    for (const { name: mapping, enabled } of config.mappings) {
      if (!enabled) continue
      if (isOrder(mapping) && !hasOrders) enterOrders(on.simulator)
      hasOrders ||= isOrder(mapping)
      const run: Ready['run'] = (options) => on.run(config, { mappings: [mapping], ...options })
      if (only?.includes(mapping) ?? true)
        yield {
          scenario: scenarioOf(mapping),
          runner,
          ready: { on, run, picture: () => picture(on, [mapping], setsOf(config, mapping), 'left out') },
        }
      await run()
      await run()
    }
  },
})

const isOrder = (mapping: string): boolean => /^(sales-order|sales-quote|order-)/.test(mapping)

const scenarioOf = (mapping: string): Scenario => ({
  name: mapping,
  ...(mapping.startsWith('sales-order') && { neverForgets: 'totals and owner of an order differ, which is held' }),
})

/** Options of choice columns may be made, because orders need those of their terms; no limit stops the small company. */
const withOptions = (config: Config): Config => ({
  ...config,
  mappings: config.mappings.map((mapping) => ({ ...mapping, allowMetadataChanges: true, limits: unlimited })),
})

const none = { count: undefined, share: undefined }
const unlimited = { deletes: none, updates: none, creates: none }

/** The demo company, cleared of what Business Central would refuse and of what would only take long. */
async function company(t: Test, runner: Runner): Promise<Stage> {
  const on = await stage(t, {
    ...runner.options,
    company: 'contoso',
    businessCentral: { routes: { 'couplet/orders/v1.0': { salesOrders: 'OrderPage', orderNotes: 'OrderNotePage' } } },
  })
  cleanSamples(on.simulator)
  keepInvoices(on.simulator, 2)
  for (const { id, code } of on.simulator.businessCentral.rows('currencies'))
    if (!kept.has(String(code))) on.simulator.businessCentral.delete('currencies', String(id))
  return on
}

/** Of a hundred and sixty currencies. */
const kept = new Set(['GBP', 'USD', 'EUR', 'DKK'])

/** The collections that a mapping writes or reads, as far as people see them. */
function setsOf(config: Config, name: string): Sets {
  const mapping = config.mappings.find((one) => one.name === name)
  const sets = (side: 'businessCentral' | 'sales'): readonly string[] => {
    const entities = [mapping?.[side].entity, mapping?.lines?.mapping[side].entity]
    return entities.flatMap((entity) => (entity?.kind === 'standard' ? [entity.entity] : []))
  }
  return { businessCentral: sets('businessCentral'), sales: sets('sales') }
}

export const standardStages: readonly StandardStage[] = [
  standardStage(
    'the standard set, with unit groups, price lists and orders in both directions',
    'unitGroups: true, pricing: extended, salesOrders: bidirectional, orderPage: couplet/orders/v1.0',
  ),
  standardStage(
    'the standard set, with the older units, prices and orders',
    'unitGroups: false, pricing: legacy, salesOrders: legacy',
    // The others are the same as above.
    ['unit-of-measure', 'customer-price-group', 'sales-price', 'item-base-price', 'resource-base-price', 'sales-order'],
  ),
]
