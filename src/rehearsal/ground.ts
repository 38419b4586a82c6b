/**
 * What mapping tests stand on: both simulated services in this process, without a network, reached through the real
 * connectors. They are made once and set back before each test.
 */
import type { Clock } from '../clock.ts'
import { sides } from '../config/config.ts'
import type { BySide, Config, Connection, Side } from '../config/config.ts'
import type { Connector } from '../connector/connector.ts'
import { odataConnector } from '../connector/odata.ts'
import { businessCentral } from '../simulator/business-central.ts'
import type { OwnPage } from '../simulator/business-central-pages.ts'
import { dataverse } from '../simulator/dataverse.ts'
import type { TableDefinition } from '../simulator/dataverse-schema.ts'
import { startSimulator } from '../simulator/simulator.ts'
import type { Simulator } from '../simulator/simulator.ts'
import type { Row } from '../simulator/table.ts'
import { directHttp } from './direct-http.ts'
import { customRoutes } from './own-tables.ts'
import { idOf } from './records.ts'
import type { Services } from './records.ts'

/** What two tests must have in common to share a ground. */
export interface GroundOptions {
  readonly company: string
  /** ISO code of the local currency of Business Central and the base currency of Sales. */
  readonly currency: string
  /** Options of choice columns: `account.paymenttermscode` → value → label. */
  readonly options: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Tables of Sales and pages of Business Central that are the project's own. */
  readonly tables: Readonly<Record<string, TableDefinition>>
  readonly pages: readonly OwnPage[]
}

export interface Ground extends Services {
  /** Whether a row is there before anybody does anything. */
  isFurniture(side: Side, set: string, row: Row): boolean
  readonly connectors: BySide<Connector>
  /** Passes by a millisecond each time somebody looks, and never waits. */
  readonly clock: Clock
  /** Takes everything back that was done, and begins at this moment. */
  restart(at: Date): void
  /** Time passes, milliseconds. */
  wait(ms: number): void
  close(): Promise<void>
}

/** Starts both services with an empty company and an empty organisation. */
export async function openGround(options: GroundOptions): Promise<Ground> {
  let at = 0
  let ids = 0
  const now = (): Date => new Date(++at)
  const clock: Clock = { now, sleep: async (ms) => void (at += ms) }
  const simulator = await startSimulator({
    listens: false,
    limits: { businessCentral: {}, sales: {} },
    now: () => at,
    world: { now, newId: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}` },
    businessCentral: businessCentral({ company: options.company, ownPages: options.pages, routes: customRoutes }),
    sales: dataverse({ baseCurrency: options.currency, choices: choicesOf(options.options), tables: options.tables }),
  })
  furnish(simulator, options)
  const ports = { clock, random: () => 0.5, env: {}, userAgent: 'couplet/test', http: directHttp(simulator) }
  const connectors = {
    businessCentral: odataConnector(connectionTo(simulator, 'businessCentral', options), ports),
    sales: odataConnector(connectionTo(simulator, 'sales', options), ports),
  }
  // Who asks becomes a user of Sales: that belongs to the ground.
  await Promise.all([connectors.businessCentral.identify(), connectors.sales.identify()])
  const furnished = ids
  const on = { simulator, pageKeys: new Map(options.pages.map(({ set, key }) => [set, key])) }
  const furniture = furnitureOf(on)
  const restore = simulator.savepoint()
  return {
    ...on,
    isFurniture: (side, set, row) => furniture.has(`${side} ${idOf(on, { side, set }, row)}`),
    connectors,
    clock,
    restart: (moment) => {
      restore()
      ids = furnished
      at = moment.getTime()
    },
    wait: (ms) => void (at += ms),
    close: async () => {
      await Promise.all([connectors.businessCentral.close(), connectors.sales.close(), simulator.stop()])
    },
  }
}

function furnitureOf(on: Services): ReadonlySet<string> {
  const ids = sides.flatMap((side) =>
    on.simulator[side].service
      .sets()
      .flatMap((set) => on.simulator[side].rows(set).map((row) => `${side} ${idOf(on, { side, set }, row)}`)),
  )
  return new Set(ids)
}

/** What a new company and a new organisation hold. */
function furnish(simulator: Simulator, { company, currency }: GroundOptions): void {
  const { businessCentral: bc, sales } = simulator
  bc.service.load('generalLedgerSetup', [{ localCurrencyCode: currency }])
  bc.service.load('companyInformation', [{ displayName: company, currencyCode: currency }])
  sales.service.load('transactioncurrencies', [
    {
      isocurrencycode: currency,
      currencyname: currency,
      currencysymbol: currency,
      exchangerate: 1,
      currencyprecision: 2,
      statecode: 0,
      statuscode: 1,
    },
  ])
}

const choicesOf = (options: GroundOptions['options']) =>
  Object.entries(options).map(([path, labels]) => {
    const [table = '', column = ''] = path.split('.')
    return { table, column, options: Object.entries(labels).map(([value, label]) => ({ value: Number(value), label })) }
  })

/** The login of the simulators takes any client with this secret; it protects nothing. */
const secret = 'secret'

function connectionTo(simulator: Simulator, side: Side, { company }: GroundOptions): Config['connections'][Side] {
  const { url } = simulator[side]
  const isSales = side === 'sales'
  const auth: Connection['auth'] = {
    method: 'client-secret',
    tenant: 'contoso.onmicrosoft.com',
    clientId: 'couplet',
    clientSecret: secret,
    authority: simulator.authority,
    scope: isSales ? `${url}/.default` : 'https://api.businesscentral.dynamics.com/.default',
  }
  return {
    side,
    kind: isSales ? 'dataverse' : 'business-central',
    enabled: true,
    reason: undefined,
    url,
    company: isSales ? undefined : company,
    environment: isSales ? undefined : 'Production',
    auth,
    allowedHosts: [new URL(url).host],
    timeoutMs: 10_000,
    maxParallel: isSales ? 16 : 5,
    pageSize: 5000,
  }
}
