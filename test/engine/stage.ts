/** A stage for the engine's tests: both simulated services, the real connectors, a store, and a clock that can be moved. */
import type { Test } from 'tap'
import type { Clock } from '../../src/clock.ts'
import type { BySide, Config, Mapping } from '../../src/config/config.ts'
import type { Connector, WriteOperation } from '../../src/connector/connector.ts'
import type { Coupling, Held } from '../../src/core/coupling.ts'
import type { Event } from '../../src/core/event.ts'
import { type Ports, type RunOptions, type RunReport, defaultRunOptions, run } from '../../src/engine/run.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import type { Row } from '../../src/simulator/table.ts'
import { openMemoryStore, overlay } from '../../src/store/memory-store.ts'
import type { Entry, Store } from '../../src/store/store.ts'
import { type World, type WorldOptions, world } from '../connector/world.ts'
import { directHttp } from '../../src/rehearsal/direct-http.ts'
import { configOf } from './project.ts'
import { portOf } from '../../src/connector/connector.ts'

export const theKey = 'the key of the fingerprints'

export interface Stage {
  readonly world: World
  readonly simulator: Simulator
  readonly clock: Clock & { advance(ms: number): void; set(ms: number): void }
  readonly events: Event[]
  /** Called with each event as it happens. */
  onEvent: (event: Event) => void
  /** Replaced to lose the memory. */
  store: Store
  /** Replaced to come between engine and service. */
  connectors: BySide<Connector>
  readonly ports: Ports
  run(mappings: readonly Mapping[] | Config, options?: Partial<RunOptions>): Promise<RunReport>
  customer(values: Row): Row
  account(values: Row): Row
  /** Accounts that a test made; the organisation has sample accounts of its own. */
  accounts(): readonly Row[]
  customers(): readonly Row[]
  couplings(mapping?: string): readonly Coupling[]
  held(mapping?: string): readonly Held[]
}

export interface StageOptions extends WorldOptions {
  /** Time begins here, in milliseconds, and passes by one each time somebody looks. @default real time */
  readonly counted?: number
}

/** Opens the services with the company's setup and no business records; closed with the test. */
export async function stage(t: Pick<Test, 'teardown'>, options: StageOptions = {}): Promise<Stage> {
  const { counted } = options
  let ahead = counted ?? 0
  const now = (): Date => new Date(counted === undefined ? Date.now() + ahead : ++ahead)
  const opened = await world({
    company: 'empty',
    http: directHttp,
    ...(counted !== undefined && { clock: { now, waits: [], sleep: async (ms) => void (ahead += ms) } }),
    ...options,
    simulator: { ...options.simulator, world: { now, ...options.simulator?.world } },
  })
  t.teardown(() => opened.stop())
  const { simulator } = opened
  const before = new Set(simulator.sales.rows('accounts').map((row) => row['accountid']))
  const events: Event[] = []
  const clock = {
    now,
    sleep: async (): Promise<void> => {},
    advance: (ms: number): void => {
      ahead += ms
    },
    set: (ms: number): void => {
      ahead = counted === undefined ? ms - Date.now() : ms
    },
  }
  const made: Stage = {
    world: opened,
    simulator,
    clock,
    events,
    onEvent: () => {},
    store: openMemoryStore(theKey),
    connectors: { businessCentral: opened.businessCentral, sales: opened.sales },
    get ports() {
      return {
        connectors: this.connectors,
        store: this.store,
        overlay,
        clock,
        emit: (event: Event) => {
          events.push(event)
          this.onEvent(event)
        },
      }
    },
    run(mappings, asked = {}) {
      const config = 'mappings' in mappings ? mappings : configOf(mappings)
      return run(config, this.ports, { ...defaultRunOptions, ...asked })
    },
    customer: (values) =>
      simulator.businessCentral.create('customers', { displayName: `Customer ${String(values['number'])}`, ...values }),
    account: (values) => simulator.sales.create('accounts', { customertypecode: 3, ...values }),
    accounts: () => simulator.sales.rows('accounts').filter((row) => !before.has(row['accountid'])),
    customers: () => simulator.businessCentral.rows('customers'),
    couplings(mapping = 'customer-account') {
      return [...this.store.mapping(mapping).couplings()]
    },
    held(mapping = 'customer-account') {
      return [...this.store.mapping(mapping).allHeld()]
    },
  }
  return made
}

export const bothWays = { createOn: { businessCentral: true, sales: true } } as const
export const toSales = { createOn: { businessCentral: false, sales: true } } as const

/** The id of a stored row. */
export const idOf = (row: Row): string =>
  String(row['accountid'] ?? row['contactid'] ?? row['salesorderid'] ?? row['id'])

/** Writes that reached the services since the last reset: every method but GET, the token aside. */
export function writesMade(simulator: Simulator): number {
  const { businessCentral, sales } = simulator.requests()
  return businessCentral.writes + sales.writes
}

/** What a report counts, over all directions. */
export function counted(report: RunReport, name: string): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (const summary of report.mappings.filter(({ mapping }) => mapping === name))
    for (const [key, value] of Object.entries(summary))
      if (typeof value === 'number') sums[key] = (sums[key] ?? 0) + value
  return sums
}

/** A connector that calls `before` with each batch that the engine wants written. */
export const writingVia = (
  connector: Connector,
  before: (operations: readonly WriteOperation[]) => void | Promise<void>,
): Connector => ({
  ...portOf(connector),
  write: async (operations, onBatch) => {
    await before(operations)
    return connector.write(operations, onBatch)
  },
})

/** A service to which something happens right behind the first write, before its answer is looked at. */
export function followedBy(connector: Connector, what: () => void): Connector {
  let isDone = false
  return {
    ...portOf(connector),
    write: (operations, onBatch) =>
      connector.write(operations, async (results) => {
        if (!isDone) what()
        isDone = true
        await onBatch?.(results)
      }),
  }
}

/** A service that refuses one record, as a plug-in of the organisation would. */
export function refusing(
  connector: Connector,
  isBad: (values: Readonly<Record<string, unknown>>) => boolean,
): Connector {
  const port = portOf(connector)
  const refusal = { code: 'TooLong', message: 'the phone number is too long', remedy: 'shorten it' }
  return {
    ...port,
    write: async (operations, onBatch) => {
      const bad = operations.filter(({ steps }) => steps.some((step) => step.kind !== 'delete' && isBad(step.values)))
      const results = bad.map((operation) => ({
        operation,
        result: { kind: 'rejected' as const, refusal, stepsDone: 0, id: undefined },
      }))
      await onBatch?.(results)
      await port.write(
        operations.filter((operation) => !bad.includes(operation)),
        onBatch,
      )
      return []
    },
  }
}

/** A store that calls `before` with each commit; what it throws is a runner's death at that moment. */
export function committingVia(store: Store, before: (mapping: string, entries: readonly Entry[]) => void): Store {
  return {
    key: store.key,
    lock: (owner) => store.lock(owner),
    unlock: () => store.unlock(),
    bind: (identity) => store.bind(identity),
    mappings: () => store.mappings(),
    mapping: (name) => store.mapping(name),
    commit: async (mapping, entries) => {
      before(mapping, entries)
      await store.commit(mapping, entries)
    },
    recordRun: (summary) => store.recordRun(summary),
    runs: (most) => store.runs(most),
    recordJob: (state) => store.recordJob(state),
    jobs: () => store.jobs(),
    close: () => store.close(),
  }
}

/** Pairs by record number, to compare the couplings of two runs. */
export const pairsOf = (couplings: readonly Coupling[]): readonly string[] =>
  couplings.map(({ businessCentral, sales }) => `${businessCentral.id} ${sales.id}`).sort()
