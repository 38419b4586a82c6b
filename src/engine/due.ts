/**
 * Running once what is due: the form for cron and GitHub Actions. A runner that comes at fixed times cannot be woken, so
 * it looks for changes itself, and may take a job a little early.
 */
import type { Config, Job } from '../config/config.ts'
import { type JobState, earlyFor, isDue, restarted } from '../core/schedule.ts'
import { ConnectorError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { type JobRun, activeJobs, carryOut, mappingsOf, stateOf } from './jobs.ts'
import { Lookout } from './lookout.ts'
import { type Ports, heedStop } from './ports.ts'
import { underLock } from './run.ts'

/** What running the due jobs came to. */
export interface DueReport {
  readonly runs: readonly JobRun[]
  /** Jobs that had nothing to do, with when they do. */
  readonly waiting: readonly JobState[]
  /** A side that could not be looked at for changes. */
  readonly unseen: ConnectorError | undefined
}

/**
 * Runs every job that is due, or has changes, in the order of their mappings, under one lock: two runners never run
 * the same. Without remembered times everything is due. Throws LockedError, StateError and StoppedError.
 */
export function runDue(config: Config, ports: Ports): Promise<DueReport> {
  return underLock(ports, 'sync-due', () => new DueRound(config, ports).run())
}

class DueRound {
  readonly #config: Config
  readonly #ports: Ports
  readonly #lookout: Lookout
  readonly #runs: JobRun[] = []
  readonly #waiting: JobState[] = []
  #unseen: ConnectorError | undefined

  constructor(config: Config, ports: Ports) {
    this.#config = config
    this.#ports = ports
    this.#lookout = new Lookout(config, ports)
  }

  async run(): Promise<DueReport> {
    const states = await this.#ports.store.jobs()
    for (const job of activeJobs(this.#config)) {
      heedStop(this.#ports.stop)
      await this.#take(job, states)
    }
    return { runs: this.#runs, waiting: this.#waiting, unseen: this.#unseen }
  }

  async #take(job: Job, states: ReadonlyMap<string, JobState>): Promise<void> {
    const state = await this.#revived(job, stateOf(states, job, this.#now()))
    if (isDue(state, this.#now(), earlyFor(job)) || (await this.#hasWork(job, state)))
      this.#runs.push(await carryOut(this.#config, this.#ports, job, state))
    else {
      // A new job that starts asleep: its sleep begins now, not at every call.
      if (!states.has(job.name)) await this.#ports.store.recordJob(state)
      this.#waiting.push(state)
    }
  }

  /** A job that an outage stopped goes on when both services answer again (T-06). */
  async #revived(job: Job, state: JobState): Promise<JobState> {
    if (state.status !== 'stopped' || state.fault !== 'outage' || this.#unseen !== undefined) return state
    const { businessCentral, sales } = this.#ports.connectors
    const answered = await this.#seen(async () => {
      await Promise.all([businessCentral.identify(), sales.identify()])
      return true
    })
    return answered === true ? restarted(state, this.#now()) : state
  }

  async #hasWork(job: Job, state: JobState): Promise<boolean> {
    if (state.status === 'onHold' || state.status === 'stopped') return false
    if (this.#runs.some(coupledSomething) && hasWaitingRecords(this.#config, this.#ports.store, job)) return true
    if (job.wakeMs === undefined || state.attempts > 0) return false
    for (const mapping of this.#config.mappings.filter(({ name }) => mappingsOf(this.#config, job).includes(name))) {
      if (this.#unseen !== undefined) return false
      const sight = await this.#seen(() => this.#lookout.look(mapping, state.lastStart))
      if (sight?.kind === 'changed') return true
    }
    return false
  }

  async #seen<T>(look: () => Promise<T>): Promise<T | undefined> {
    try {
      return await look()
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error
      this.#unseen = error
      return undefined
    }
  }

  #now(): number {
    return this.#ports.clock.now().getTime()
  }
}

/** A run after which records of other mappings may find what they wait for. */
export const coupledSomething = ({ report }: JobRun): boolean =>
  report?.mappings.some(({ created, coupled }) => created + coupled > 0) === true

/** Records of the job wait for couplings of other mappings. */
export const hasWaitingRecords = (config: Config, store: Store, job: Job): boolean =>
  mappingsOf(config, job).some((name) => [...store.mapping(name).allHeld()].some(({ kind }) => kind === 'waiting'))
