/**
 * Runs jobs for as long as wanted: one at a time, each when its moment has come or a side has changes. What is decided
 * stands in core/schedule.ts; here is only the order of things. The state on disk is the truth: other runners and
 * people's decisions are seen at the next look.
 */
import type { Config, Job, Mapping } from '../config/config.ts'
import { type JobState, isDue, isWakeable, nextStart, restarted, startable, woken } from '../core/schedule.ts'
import { coupledSomething, hasWaitingRecords } from '../engine/due.ts'
import { type JobRun, activeJobs, carryOut, mappingsOf, stateOf } from '../engine/jobs.ts'
import { Lookout } from '../engine/lookout.ts'
import { type Ports, heedStop } from '../engine/ports.ts'
import { underLock } from '../engine/run.ts'
import { ConnectorError, LockedError, StoppedError } from '../errors.ts'
import type { Alarm, Scheduler } from './scheduler.ts'

/** Longest time between two looks at the state, milliseconds: a person may have restarted a job. */
const pollMs = 60_000
/** How long a lock that another runner holds is left alone, milliseconds. */
const lockedMs = 30_000

export interface ServicePorts extends Ports {
  readonly scheduler: Scheduler
  /** Told of each run of a job when it has ended. */
  readonly told: (run: JobRun) => void
  /** Called after each round in which everything went well. */
  readonly beat: () => void
  /** Business Central tells by itself when this collection changes. */
  readonly isTold: (mapping: Mapping) => boolean
}

/** How the service itself is. */
export interface Health {
  readonly states: ReadonlyMap<string, JobState>
  /** The job that runs. */
  readonly running: string | undefined
  /** When it last looked what is to be done, milliseconds. */
  readonly lookedAt: number
  /** A side that cannot be looked at. */
  readonly unseen: string | undefined
}

export class JobService {
  readonly #config: Config
  readonly #ports: ServicePorts
  readonly #jobs: readonly Job[]
  readonly #lookout: Lookout
  /** When each job was last looked after. */
  readonly #looks = new Map<string, number>()
  /** Mappings that Business Central spoke of since they were last looked after. */
  readonly #noticed = new Set<string>()
  #states: ReadonlyMap<string, JobState> = new Map()
  #running: string | undefined
  #lookedAt = 0
  #unseen: string | undefined
  #lockedUntil = 0
  #alarm: Alarm | undefined
  #round: Promise<void> | undefined
  #again = false
  #fail: (error: unknown) => void = () => {}
  /** Rejects when the service cannot go on. */
  readonly failed: Promise<never>

  constructor(config: Config, ports: ServicePorts) {
    this.#config = config
    this.#ports = ports
    this.#jobs = activeJobs(config)
    this.#lookout = new Lookout(config, ports)
    this.failed = new Promise<never>((_resolve, reject) => {
      this.#fail = reject
    })
    this.failed.catch(() => {})
  }

  get health(): Health {
    return { states: this.#states, running: this.#running, lookedAt: this.#lookedAt, unseen: this.#unseen }
  }

  /** Looks what is to be done, now or as soon as what is being done has ended. */
  kick(): void {
    this.#again = true
    if (this.#round !== undefined || this.#isStopping()) return
    this.#round = this.#rounds()
      .catch((error: unknown) => {
        if (!(error instanceof StoppedError)) this.#fail(error)
      })
      .finally(() => {
        this.#round = undefined
      })
  }

  /** Business Central says that a collection has changed: its jobs are looked after at once. The word is not trusted further. */
  notice(mappings: readonly string[]): void {
    for (const name of mappings) this.#noticed.add(name)
    this.kick()
  }

  /** Resolves when nothing is being done. Abort `ports.stop` before, and nothing more is begun. */
  async idle(): Promise<void> {
    if (this.#isStopping()) this.#alarm?.cancel()
    await this.#round
  }

  async #rounds(): Promise<void> {
    while (this.#again) {
      this.#again = false
      this.#alarm?.cancel()
      const good = await this.#oneRound()
      heedStop(this.#ports.stop)
      if (good) this.#ports.beat()
    }
    this.#arm()
  }

  /** Everything that is due, then a look for changes. True when all went well. */
  async #oneRound(): Promise<boolean> {
    let good = true
    for (let run = await this.#runNext(); run !== undefined; run = await this.#runNext())
      good = run.result.kind === 'done' && good
    await this.#lookAfterAll()
    const troubled = this.#jobs.some((job) => this.#stateOf(job).attempts > 0)
    return good && !troubled && this.#unseen === undefined
  }

  async #runNext(): Promise<JobRun | undefined> {
    heedStop(this.#ports.stop)
    this.#states = await this.#ports.store.jobs()
    this.#lookedAt = this.#now()
    if (this.#lookedAt < this.#lockedUntil) return undefined
    const [job] = startable(this.#jobs, (one) => this.#stateOf(one), { now: this.#lookedAt, running: [] })
    if (job === undefined) return undefined
    const run = await this.#locked(`job-${job.name}`, () => this.#runLocked(job))
    if (run === 'not due') return this.#runNext()
    if (run !== undefined) this.#tell(run)
    return run
  }

  #tell(run: JobRun): void {
    const { job, result, ms, state } = run
    const ok = result.kind === 'done'
    this.#ports.emit({ kind: 'job.ended', job: job.name, ok, ms, nextStart: state.nextStart })
    this.#ports.told(run)
  }

  /** Under the lock the state is read again: another runner may have done the job meanwhile (T-05). */
  async #runLocked(job: Job): Promise<JobRun | 'not due'> {
    const states = await this.#ports.store.jobs()
    const state = stateOf(states, job, this.#now())
    if (!isDue(state, this.#now())) return 'not due'
    this.#running = job.name
    this.#ports.emit({ kind: 'job.started', job: job.name })
    try {
      const run = await carryOut(this.#config, this.#ports, job, state)
      this.#looks.set(job.name, this.#now())
      if (coupledSomething(run)) await this.#wakeWaiting(job, states)
      return run
    } finally {
      this.#running = undefined
    }
  }

  /** Records of other jobs may have waited for what was just coupled. */
  async #wakeWaiting(done: Job, states: ReadonlyMap<string, JobState>): Promise<void> {
    for (const job of this.#jobs) {
      if (job === done || !hasWaitingRecords(this.#config, this.#ports.store, job)) continue
      await this.#wake(job, stateOf(states, job, this.#now()), undefined)
    }
  }

  async #wake(job: Job, state: JobState, changedAt: number | undefined): Promise<void> {
    const next = woken(job, state, { now: this.#now(), ...(changedAt !== undefined && { changedAt }) })
    if (next === state) return
    await this.#ports.store.recordJob(next)
    this.#ports.emit({ kind: 'job.woken', job: job.name, start: next.nextStart })
  }

  /** Looks for changes of jobs that wait (T-03, T-04), and whether what stopped others has passed (T-06). */
  async #lookAfterAll(): Promise<void> {
    this.#states = await this.#ports.store.jobs()
    await this.#rememberNew()
    const due = this.#jobs.filter((job) => this.#isLookDue(job))
    let unseen: string | undefined
    for (const job of due) {
      heedStop(this.#ports.stop)
      this.#looks.set(job.name, this.#now())
      // A side that is out of reach is not asked again for each job.
      unseen ??= await this.#seen(() => this.#lookAfter(job))
    }
    if (due.length > 0) this.#notice(unseen)
    this.#states = await this.#ports.store.jobs()
  }

  /** What cannot be seen is told once. */
  #notice(unseen: string | undefined): void {
    if (unseen !== undefined && unseen !== this.#unseen)
      this.#ports.emit({ kind: 'warning', mapping: undefined, message: `Changes cannot be seen: ${unseen}` })
    this.#unseen = unseen
  }

  /** New jobs that start asleep begin their sleep now. */
  async #rememberNew(): Promise<void> {
    const fresh = this.#jobs.filter(({ name, startsAsleep }) => startsAsleep && !this.#states.has(name))
    if (fresh.length === 0) return
    await this.#locked('jobs', async () => {
      for (const job of fresh) await this.#ports.store.recordJob(stateOf(new Map(), job, this.#now()))
    })
    this.#states = await this.#ports.store.jobs()
  }

  #isLookDue(job: Job): boolean {
    const every = this.#lookEveryMs(job)
    if (every === undefined) return false
    const noticed = mappingsOf(this.#config, job).some((name) => this.#noticed.has(name))
    return noticed || (this.#looks.get(job.name) ?? 0) + every <= this.#now()
  }

  /** How often a job wants to be looked after as it stands now. */
  #lookEveryMs(job: Job): number | undefined {
    const state = this.#stateOf(job)
    if (state.status === 'stopped') return state.fault === 'outage' ? job.everyMs : undefined
    return state.attempts === 0 && isWakeable(state, this.#now()) ? job.wakeMs : undefined
  }

  async #lookAfter(job: Job): Promise<void> {
    const { connectors } = this.#ports
    const state = this.#stateOf(job)
    if (state.status === 'stopped') {
      await Promise.all([connectors.businessCentral.identify(), connectors.sales.identify()])
      await this.#locked('wake', () => this.#ports.store.recordJob(restarted(state, this.#now())))
      this.#again = true
      return
    }
    for (const mapping of this.#mappingsOf(job)) {
      const quietSides = this.#ports.isTold(mapping) && !this.#noticed.has(mapping.name) ? ['businessCentral'] : []
      const sight = await this.#lookout.look(mapping, state.lastStart, quietSides as readonly 'businessCentral'[])
      this.#noticed.delete(mapping.name)
      if (sight.kind === 'quiet') continue
      await this.#locked('wake', async () =>
        this.#wake(job, stateOf(await this.#ports.store.jobs(), job, this.#now()), sight.changedAt),
      )
      return
    }
  }

  /** What a side refuses to show, in words; undefined when it showed everything. */
  async #seen(look: () => Promise<void>): Promise<string | undefined> {
    try {
      await look()
      return undefined
    } catch (error) {
      if (error instanceof ConnectorError) return `${error.message}. ${error.remedy}`.trim()
      throw error
    }
  }

  /** Works under the lock; when another runner has it, nothing is done for a while. */
  async #locked<T>(owner: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await underLock(this.#ports, owner, work)
    } catch (error) {
      if (!(error instanceof LockedError)) throw error
      if (this.#lockedUntil <= this.#now())
        this.#ports.emit({ kind: 'warning', mapping: undefined, message: error.message })
      this.#lockedUntil = this.#now() + lockedMs
      return undefined
    }
  }

  /** The one next alarm. */
  #arm(): void {
    if (this.#isStopping()) return
    const now = this.#now()
    const states = this.#jobs.map((job) => this.#stateOf(job))
    const looks = this.#jobs.flatMap((job) => {
      const every = this.#lookEveryMs(job)
      return every === undefined ? [] : [(this.#looks.get(job.name) ?? 0) + every]
    })
    const next = Math.min(now + pollMs, nextStart(states, now) ?? Infinity, ...looks)
    this.#alarm = this.#ports.scheduler.at(new Date(Math.max(next, this.#lockedUntil, now)), () => this.kick())
  }

  #mappingsOf(job: Job): readonly Mapping[] {
    const names = mappingsOf(this.#config, job)
    return this.#config.mappings.filter(({ name }) => names.includes(name))
  }

  #stateOf(job: Job): JobState {
    return stateOf(this.#states, job, this.#now())
  }

  #isStopping(): boolean {
    return this.#ports.stop?.aborted === true
  }

  #now(): number {
    return this.#ports.clock.now().getTime()
  }
}
