/** Serves simulated Business Central, Dataverse and Entra on loopback, and lets tests and the demo work in them. */

import { CONTROL, control } from './control.ts'
import { Faults } from './faults.ts'
import { listen } from './http.ts'
import type { Delivery, Listener } from './http.ts'
import { Login } from './login.ts'
import type { LoginOptions } from './login.ts'
import { RequestLog } from './request-log.ts'
import type { RequestReport } from './request-log.ts'
import { guarded, serving } from './server.ts'
import type { Shared } from './server.ts'
import type { Hand, Incoming, Limits, Service, ServiceFactory, ServiceName } from './service.ts'
import { createWorld } from './world.ts'
import type { WorldOptions } from './world.ts'

/** What to simulate. */
export interface SimulatorOptions {
  /** `dataverse(…)`; absent = Sales is not served. */
  readonly sales?: ServiceFactory
  /** `businessCentral(…)`; absent = Business Central is not served. */
  readonly businessCentral?: ServiceFactory
  /** Ports to listen on. @default free ones */
  readonly ports?: Partial<Record<ServiceName, number>>
  readonly login?: LoginOptions
  /** Limits instead of a service's own; `{}` = none. */
  readonly limits?: Partial<Record<ServiceName, Limits>>
  /** Time each request takes at least, milliseconds. @default 0 */
  readonly latencyMs?: number
  /** false: nothing listens; requests come through `ask` alone, at addresses that stand for none. @default true */
  readonly listens?: boolean
  /** Clock and ids. @default the real ones */
  readonly world?: WorldOptions
  /** The time in which tokens and limits live, milliseconds. @default the real one, even where the world's is stopped */
  readonly now?: () => number
}

/** A service in this process: its address, and a person's hands in it. */
export interface Simulated extends Hand {
  /** The address a connection's `url` takes. */
  readonly url: string
  readonly service: Service
}

/** A running simulator. */
export interface Simulator {
  /** Throws when Sales is not served. */
  readonly sales: Simulated
  /** Throws when Business Central is not served. */
  readonly businessCentral: Simulated
  /** Address to put before `/{tenant}/oauth2/v2.0/token`; also serves `/msi/token` and `/github/token`. */
  readonly authority: string
  readonly login: Login
  readonly faults: Faults
  /** What was asked since the start or `resetRequests`. */
  requests(): RequestReport
  resetRequests(): void
  /** Answers a request without the network; `origin` of the request is the address of the service asked. */
  ask(name: ServiceName, request: Incoming): Promise<Delivery>
  /** Remembers what both services hold; calling what it gives back brings it back, as often as it is called. */
  savepoint(): () => void
  /** Stops listening and drops all connections. */
  stop(): Promise<void>
}

/** Starts the listeners, all on 127.0.0.1. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const world = createWorld(options.world)
  const now = options.now ?? (() => Date.now())
  const shared: Shared = {
    faults: new Faults(),
    log: new RequestLog(),
    login: new Login(options.login ?? {}, now),
    now,
    lagging: (ms, look) => world.lagging(ms, look),
  }
  const services: { [name in Service['name']]?: Service } = {}
  if (options.sales) services.sales = options.sales(world)
  if (options.businessCentral) services.businessCentral = options.businessCentral(world)

  const listeners: Listener[] = []
  const handlers = new Map<ServiceName, (request: Incoming) => Promise<Delivery>>()
  const open = async (name: ServiceName, handle: (request: Incoming) => Promise<Delivery>) => {
    const listener =
      options.listens === false
        ? silent(name)
        : await listen(options.ports?.[name] ?? 0, async (request) =>
            request.path.startsWith(CONTROL) ? control({ services, ...shared }, request) : handle(request),
          )
    listeners.push(listener)
    handlers.set(name, handle)
    return listener
  }
  const authority = await open(
    'login',
    guarded('login', shared, (request) => shared.login.handle(request)),
  )
  const simulated: { [name in Service['name']]?: Simulated } = {}
  for (const service of Object.values(services)) {
    const limits = options.limits?.[service.name] ?? service.limits
    const listener = await open(service.name, serving(service, shared, { limits, latencyMs: options.latencyMs ?? 0 }))
    simulated[service.name] = { url: listener.origin + service.root, service, ...service.hand }
  }
  return {
    get sales() {
      return served(simulated, 'sales')
    },
    get businessCentral() {
      return served(simulated, 'businessCentral')
    },
    authority: authority.origin,
    login: shared.login,
    faults: shared.faults,
    requests: () => shared.log.report(),
    resetRequests: () => shared.log.reset(),
    ask: async (name, request) => {
      const handle = handlers.get(name)
      if (handle === undefined) throw new Error(`the simulator was started without ${name}`)
      return handle(request)
    },
    savepoint: () => world.savepoint(),
    stop: async () => {
      await Promise.all(listeners.map((listener) => listener.close()))
    },
  }
}

/** An address on loopback that nobody listens at: the ports below 10 are never given out. */
const silent = (name: ServiceName): Listener => ({
  origin: `http://127.0.0.1:${{ businessCentral: 1, sales: 2, login: 3 }[name]}`,
  close: async () => {},
})

function served(simulated: { [name in Service['name']]?: Simulated }, name: Service['name']): Simulated {
  const found = simulated[name]
  if (found === undefined) throw new Error(`the simulator was started without ${name}`)
  return found
}
