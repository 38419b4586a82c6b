/** Connectors to a simulated pair of services, for the tests of this folder. */
import type { Test } from 'tap'
import type { Clock } from '../../src/clock.ts'
import type { Auth, Connection, EntityRef, Side } from '../../src/config/config.ts'
import { ConnectorError } from '../../src/errors.ts'
import { odataConnector } from '../../src/connector/odata.ts'
import type { Http } from '../../src/connector/http.ts'
import type { ODataConnector } from '../../src/connector/odata.ts'
import type { Page, Query, WriteOperation } from '../../src/connector/connector.ts'
import { businessCentral } from '../../src/simulator/business-central.ts'
import type { BusinessCentralOptions } from '../../src/simulator/business-central.ts'
import { dataverse } from '../../src/simulator/dataverse.ts'
import type { DataverseOptions } from '../../src/simulator/dataverse.ts'
import { seed } from '../../src/simulator/seed.ts'
import { startSimulator } from '../../src/simulator/simulator.ts'
import type { Simulator, SimulatorOptions } from '../../src/simulator/simulator.ts'

/** Waits are counted, not waited for, beyond a few milliseconds. */
export interface TestClock extends Clock {
  readonly waits: number[]
}

export const quickClock = (): TestClock => {
  const waits: number[] = []
  return {
    waits,
    now: () => new Date(),
    sleep: async (ms) => {
      waits.push(ms)
      await new Promise((resolve) => setTimeout(resolve, Math.min(ms, 5)))
    },
  }
}

export const id = (number: number): string => `00000000-0000-5000-8000-${String(number).padStart(12, '0')}`

export const standard = (entity: string): EntityRef => ({ kind: 'standard', entity })

export const query = (entity: EntityRef | string, select: readonly string[], filter?: string): Query => ({
  entity: typeof entity === 'string' ? standard(entity) : entity,
  select,
  filter,
})

export async function collect(pages: AsyncIterable<Page>): Promise<readonly Page[]> {
  const all: Page[] = []
  for await (const page of pages) all.push(page)
  return all
}

export const create = (
  entity: string,
  key: string | undefined,
  values: Extract<WriteOperation['steps'][number], { kind: 'create' }>['values'],
  select: readonly string[] = [],
): WriteOperation => ({
  id: `create ${entity} ${key}`,
  select,
  steps: [{ kind: 'create', entity: standard(entity), key, values }],
})

export const update = (
  entity: string,
  key: string,
  etag: string | undefined,
  values: Extract<WriteOperation['steps'][number], { kind: 'update' }>['values'],
): WriteOperation => ({
  id: `update ${entity} ${key}`,
  select: [],
  steps: [{ kind: 'update', entity: standard(entity), key, etag, values }],
})

export interface WorldOptions {
  readonly company?: 'cronus' | 'contoso' | 'empty'
  readonly businessCentral?: BusinessCentralOptions
  readonly sales?: DataverseOptions
  readonly simulator?: Omit<SimulatorOptions, 'sales' | 'businessCentral'>
  readonly connection?: Partial<Connection>
  /** The connectors' time. @default real, with waits cut short */
  readonly clock?: TestClock
  /** What carries the requests, made for the started simulator. @default HTTP over the loopback */
  readonly http?: (simulator: Simulator) => Http
}

export interface World {
  readonly simulator: Simulator
  readonly clock: TestClock
  readonly businessCentral: ODataConnector
  readonly sales: ODataConnector
  /** A further connector with other settings; whoever makes thousands closes them. */
  connector(side: Side, changes?: Partial<Connection>): ODataConnector
  stop(): Promise<void>
}

export async function world(options: WorldOptions = {}): Promise<World> {
  const seeded = seed({ company: options.company ?? 'empty' })
  const simulator = await startSimulator({
    ...options.simulator,
    sales: dataverse({ baseCurrency: seeded.baseCurrency, choices: seeded.choices, ...options.sales }),
    businessCentral: businessCentral({
      company: seeded.company,
      rows: seeded.businessCentral,
      ...options.businessCentral,
    }),
  })
  for (const [set, rows] of seeded.sales) simulator.sales.service.load(set, rows)
  const clock = options.clock ?? quickClock()
  const opened = new Set<ODataConnector>()
  const connector = (side: Side, changes: Partial<Connection> = {}): ODataConnector => {
    const connection = { ...connectionTo(simulator, side, seeded.company), ...options.connection, ...changes }
    const http = options.http?.(simulator)
    const ports = { clock, random: () => 0.5, env: {}, userAgent: 'couplet/test', ...(http !== undefined && { http }) }
    const made = odataConnector(connection, ports)
    const close = async (): Promise<void> => {
      opened.delete(closing)
      await made.close()
    }
    const closing = { ...made, close }
    opened.add(closing)
    return closing
  }
  return {
    simulator,
    clock,
    businessCentral: connector('businessCentral'),
    sales: connector('sales'),
    connector,
    stop: async () => {
      await Promise.all([...opened].map((one) => one.close()))
      await simulator.stop()
    },
  }
}

/** A connection as the configuration would resolve it. */
export function connectionTo(
  simulator: { readonly authority: string } & { readonly [side in Side]?: { readonly url: string } },
  side: Side,
  company: string,
): Connection {
  const url = simulator[side]?.url ?? ''
  const scope = side === 'sales' ? `${url}/.default` : 'https://api.businesscentral.dynamics.com/.default'
  return {
    side,
    kind: side === 'sales' ? 'dataverse' : 'business-central',
    enabled: true,
    reason: undefined,
    url,
    company: side === 'sales' ? undefined : company,
    environment: side === 'sales' ? undefined : 'Production',
    auth: secret(simulator.authority, scope),
    allowedHosts: [new URL(url).host],
    timeoutMs: 10_000,
    maxParallel: side === 'sales' ? 16 : 5,
    pageSize: 20_000,
  }
}

export const secret = (authority: string, scope: string, clientSecret = 'secret'): Auth => ({
  method: 'client-secret',
  tenant: 'contoso.onmicrosoft.com',
  clientId: 'couplet',
  clientSecret,
  authority,
  scope,
})

/** The promise fails with an error like this. */
export async function fails(
  t: Test,
  promise: Promise<unknown>,
  like: Readonly<Record<string, unknown>>,
): Promise<void> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  t.ok(error instanceof ConnectorError, 'fails with a ConnectorError')
  t.match(error, like)
}
