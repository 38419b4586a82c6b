/** `couplet serve`: runs the jobs of the project on their schedule until it is stopped. */
import { travelsTo } from '../config/config.ts'
import { activeJobs, mappingsOf } from '../engine/jobs.ts'
import type { JobRun } from '../engine/jobs.ts'
import type { Project } from '../main.ts'
import { jobLine } from '../report/job-text.ts'
import { count } from '../report/words.ts'
import { JobService } from '../serve/job-service.ts'
import { type Answer, type Listener, listen } from '../serve/listener.ts'
import { type Scheduler, nodeScheduler } from '../serve/scheduler.ts'
import { Webhooks, webhookPath } from '../serve/webhooks.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { endingOf, exits } from './exit.ts'
import { beatOnce } from './heartbeat.ts'
import { jobsTold } from './job-standing.ts'
import { portNumber } from './numbers.ts'
import { runTold } from './sync-due.ts'
import { UsageError } from './usage-error.ts'

export interface ServeArguments {
  readonly port?: number
}

/** Heartbeats are not sent more often, milliseconds. */
const beatEveryMs = 60_000
/** How often it is looked whether subscriptions end, milliseconds. */
const keepEveryMs = 3_600_000
/** The service looks at least once a minute what is to be done, unless a job runs. */
const silentMs = 15 * 60_000

export const addServe: AddCommand = (command, act) => {
  command
    .option('--port <number>', 'serve GET /health and /ready on 127.0.0.1, and take webhooks there', portNumber)
    .addHelpText(
      'after',
      examples(
        'couplet serve',
        'couplet serve --port 8474 --json           one JSON object for each run of a job',
        'curl http://127.0.0.1:8474/health          in another terminal',
      ),
    )
    .action((given: ServeArguments) => act((context) => serve(context, given)))
}

/** Serves until stopped; what is in hand then is finished. A second signal ends it at once, which loses nothing either. */
export function serve(context: Context, given: ServeArguments, scheduler: Scheduler = nodeScheduler): Promise<number> {
  return context.withProject(async (project) => {
    refuseUnservable(project, given)
    const serving = new Serving(context, project, scheduler)
    try {
      await serving.start(given.port)
      await Promise.race([context.terminal.stopped(), serving.service.failed])
    } finally {
      await serving.stop()
    }
    return exits.done
  })
}

function refuseUnservable({ config }: Project, { port }: ServeArguments): void {
  if (config.jobs.length === 0)
    throw new UsageError('There are no jobs.', 'Write them into jobs.yaml, or use the standard ones: use: standard@1')
  if (activeJobs(config).length === 0) throw new UsageError('No job is in use.', 'See why: couplet jobs')
  if (config.serve.publicUrl !== undefined && port === undefined)
    throw new UsageError(
      'serve.publicUrl is set, but nothing would listen for it.',
      'Say where it leads to on this machine: couplet serve --port 8474',
    )
}

class Serving {
  readonly service: JobService
  readonly #context: Context
  readonly #project: Project
  readonly #scheduler: Scheduler
  readonly #stop = new AbortController()
  readonly #webhooks: Webhooks | undefined
  #listener: Listener | undefined
  #lastBeat = 0

  constructor(context: Context, project: Project, scheduler: Scheduler) {
    this.#context = context
    this.#project = project
    this.#scheduler = scheduler
    this.#webhooks = this.#webhooksOf()
    this.service = new JobService(project.config, {
      ...project.ports,
      scheduler,
      stop: this.#stop.signal,
      told: (run) => this.#tell(run),
      beat: () => this.#beat(),
      isTold: (mapping) => this.#webhooks?.isTold(mapping) === true,
    })
  }

  async start(port: number | undefined): Promise<void> {
    if (port !== undefined) this.#listener = await this.#listen(port)
    this.#say(this.#hello(), { serving: activeJobs(this.#project.config).map(({ name }) => name), port: this.#port })
    if (this.#webhooks !== undefined) await this.#keepWebhooks(this.#webhooks)
    this.service.kick()
  }

  /** Finishes what is in hand. */
  async stop(): Promise<void> {
    this.#stop.abort()
    if (this.service.health.running !== undefined)
      this.#say(`Stopping; ${this.service.health.running} finishes what is in hand …`, { stopping: true })
    await this.service.idle()
    await this.#webhooks?.end()
    await this.#listener?.close()
  }

  get #port(): number | undefined {
    return this.#listener?.port
  }

  async #listen(port: number): Promise<Listener> {
    const notified = this.#webhooks === undefined ? undefined : (words: readonly string[]) => this.#notified(words)
    try {
      return await listen({ port, health: () => this.#health(), ready: () => this.#ready(), notified })
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? String(error)
      throw new UsageError(`Port ${port} of 127.0.0.1 cannot be used (${reason}).`, 'Give another one with --port.')
    }
  }

  #notified(words: readonly string[]): boolean {
    const mappings = this.#webhooks?.mappingsOf(words) ?? []
    if (mappings.length > 0) this.service.notice(mappings)
    return mappings.length > 0
  }

  /** It does its work: it looked lately what is to be done, or a job runs. */
  #health(): Answer {
    const { config } = this.#project
    const now = this.#context.terminal.clock.now()
    const { states, running, lookedAt, unseen } = this.service.health
    const ok = running !== undefined || now.getTime() - lookedAt < silentMs
    const jobs = jobsTold(config, states, now).filter(({ status }) => status !== 'off')
    return { ok, running: running ?? null, unseen: unseen ?? null, jobs }
  }

  /** All is well: it looked at the state, is not stopping, no job fails, and both sides can be seen. */
  #ready(): Answer {
    const { states, lookedAt, unseen } = this.service.health
    const failing = [...states.values()].filter(({ attempts }) => attempts > 0).map(({ job }) => job)
    const ok = lookedAt > 0 && !this.#stop.signal.aborted && failing.length === 0 && unseen === undefined
    return { ok, failing, unseen: unseen ?? null }
  }

  #webhooksOf(): Webhooks | undefined {
    const { config, ports } = this.#project
    const { publicUrl } = config.serve
    const { subscriptions } = ports.connectors.businessCentral
    if (publicUrl === undefined || subscriptions === undefined) return undefined
    const names = new Set(activeJobs(config).flatMap((job) => mappingsOf(config, job)))
    const mappings = config.mappings.filter(({ name, direction }) => names.has(name) && travelsTo(direction, 'sales'))
    const now = (): number => ports.clock.now().getTime()
    return new Webhooks({ publicUrl, key: ports.store.key, mappings, subscriptions, emit: ports.emit, now })
  }

  async #keepWebhooks(webhooks: Webhooks): Promise<void> {
    await webhooks.keep()
    if (this.#stop.signal.aborted) return
    const next = new Date(this.#context.terminal.clock.now().getTime() + keepEveryMs)
    const alarm = this.#scheduler.at(next, () => void this.#keepWebhooks(webhooks))
    this.#stop.signal.addEventListener('abort', () => alarm.cancel(), { once: true })
  }

  #tell(run: JobRun): void {
    const { paint, terminal } = this.#context
    const told = runTold(run)
    this.#say(jobLine(told, terminal.clock.now()), {
      ...told,
      failure: told.failure ?? null,
      run: run.report?.run ?? null,
    })
    const ending = run.error === undefined ? undefined : endingOf(run.error, paint)
    if (ending?.code === exits.bug) terminal.err(ending.text)
  }

  #beat(): void {
    const now = this.#context.terminal.clock.now().getTime()
    if (now - this.#lastBeat < beatEveryMs) return
    this.#lastBeat = now
    void beatOnce(this.#context, this.#project.config.serve.heartbeat)
  }

  #hello(): string {
    const { config } = this.#project
    const jobs = count(activeJobs(config).length, 'job')
    const health = this.#port === undefined ? '' : ` Health: http://127.0.0.1:${this.#port}/health`
    const { publicUrl } = config.serve
    const webhooks = publicUrl === undefined ? '' : ` Webhooks: ${publicUrl}${webhookPath}`
    return `${jobs}, until stopped with Ctrl+C.${health}${webhooks}`
  }

  #say(text: string, document: object): void {
    this.#context.terminal.out(this.#context.json ? JSON.stringify(document) : text)
  }
}
