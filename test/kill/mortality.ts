/** A runner that dies: before or after the nth thing that it does outside itself, and does nothing any more. */
import type { Http } from '../../src/connector/http.ts'
import type { Entry, Store } from '../../src/store/store.ts'

export type Moment = 'before' | 'after'

/** Where a runner dies. */
export interface Death {
  /** Counts requests and journal lines of a run together, from 1. */
  readonly step: number
  readonly moment: Moment
}

export class Died extends Error {
  constructor() {
    super('the runner dies')
    this.name = 'Died'
  }
}

/** One life: what the runner does outside goes through here. */
export class Life {
  readonly #death: Death | undefined
  readonly steps: string[] = []
  #isDead = false

  /** Lives on without a death. */
  constructor(death?: Death) {
    this.#death = death
  }

  get isDead(): boolean {
    return this.#isDead
  }

  async through<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.#isDead) throw new Died()
    const here = this.steps.push(what)
    this.#dies(here, 'before')
    const result = await work()
    this.#dies(here, 'after')
    if (this.#isDead) throw new Died()
    return result
  }

  #dies(here: number, moment: Moment): void {
    if (here !== this.#death?.step || moment !== this.#death.moment) return
    this.#isDead = true
    throw new Died()
  }
}

/** Requests of a runner, logins aside: who dies at a login has done nothing. */
export const mortalHttp = (http: Http, life: () => Life): Http => ({
  send: (request) => {
    const path = new URL(request.url).pathname
    if (path.endsWith('/token')) return http.send(request)
    return life().through(`${request.method} ${path.split('/').at(-1) ?? ''}`, () => http.send(request))
  },
  usage: () => http.usage(),
  close: () => http.close(),
})

/** Journal lines of a runner. */
export const mortalStore = (store: Store, life: Life): Store => ({
  key: store.key,
  lock: (owner) => store.lock(owner),
  // The dead give nothing back; the next runner takes the lock over.
  unlock: () => store.unlock(),
  bind: (identity) => store.bind(identity),
  mappings: () => store.mappings(),
  mapping: (name) => store.mapping(name),
  commit: (mapping, entries) =>
    entries.length === 0
      ? Promise.resolve()
      : life.through(lineOf(mapping, entries), () => store.commit(mapping, entries)),
  recordRun: (summary) => life.through('run ended', () => store.recordRun(summary)),
  runs: (most) => store.runs(most),
  recordJob: (state) => store.recordJob(state),
  jobs: () => store.jobs(),
  close: () => store.close(),
})

const lineOf = (mapping: string, entries: readonly Entry[]): string =>
  `line of ${mapping}: ${[...new Set(entries.map(({ kind }) => kind))].join(', ')}`
