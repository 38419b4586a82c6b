/**
 * A little runner of workflows: the jobs of a file in order, their `run:` steps with bash, composite actions of the
 * checkout, and stand-ins for the five actions that workflows here use. Rights are those that the job asks for: without
 * `id-token: write` there is no token to log in with, without `contents: write` no push.
 */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { parse } from 'yaml'
import { filledIn, holds, shown } from './expression.ts'
import type { Scope } from './expression.ts'
import { git } from './runners.ts'

type Values = Readonly<Record<string, unknown>>

export interface Step {
  readonly id?: string
  readonly name?: string
  readonly if?: string
  readonly uses?: string
  readonly with?: Values
  readonly run?: string
  readonly shell?: string
  readonly env?: Values
  readonly 'continue-on-error'?: boolean
}

export interface Job {
  readonly if?: string
  readonly needs?: string | readonly string[]
  readonly steps: readonly Step[]
  readonly env?: Values
  readonly permissions?: Readonly<Record<string, string>>
  readonly environment?: string
  readonly strategy?: { readonly matrix: Readonly<Record<string, unknown>> }
}

export interface Workflow {
  readonly on: Values
  readonly permissions?: Values
  readonly concurrency?: Values
  readonly jobs: Readonly<Record<string, Job>>
}

/** What a workflow starts with. */
export interface Event {
  readonly name: string
  readonly payload?: Values
  /** The commit or branch that a plain checkout takes. */
  readonly ref: string
}

/** GitHub, as far as steps see it. */
export interface Hub {
  /** The bare repository. */
  readonly remote: string
  /** Folder for what the runners make. */
  readonly room: string
  /** Variables by environment; `''` holds for all. */
  readonly vars: Readonly<Record<string, Values>>
  readonly secrets: Readonly<Record<string, Values>>
  /** Where a job with `id-token: write` asks for its token. */
  readonly tokenUrl: string
  /** Folder with the `npx` and `npm` that steps find. */
  readonly bin: string
  /** What github-script talks to. */
  readonly api: object
  /** Variables that every step finds. */
  readonly env?: Readonly<Record<string, string>>
  /** Steps that are left out, as if their condition did not hold. */
  readonly without?: readonly string[]
  /** Called when the step begins: what it is given cancels the run there with SIGTERM, then SIGKILL. */
  readonly cancel?: { readonly step: string; readonly begun: (cancel: () => void) => void } | undefined
}

export interface StepTold {
  readonly name: string
  readonly outcome: 'success' | 'failure' | 'cancelled' | 'skipped'
  readonly log: string
  readonly ms: number
}

export interface JobTold {
  readonly job: string
  readonly matrix: Values
  readonly result: 'success' | 'failure' | 'cancelled' | 'skipped'
  readonly steps: readonly StepTold[]
}

/** Runs a workflow of the branch that the event names. */
export async function runWorkflow(hub: Hub, file: string, event: Event): Promise<readonly JobTold[]> {
  const text = git(
    hub.remote,
    'show',
    `${event.name === 'pull_request' ? event.ref : 'main'}:.github/workflows/${file}`,
  )
  const workflow = parse(text) as Workflow
  const artifacts = join(hub.room, `artifacts-${randomUUID()}`)
  const told: JobTold[] = []
  for (const [name, job] of Object.entries(workflow.jobs)) {
    const needs = Object.fromEntries(
      [job.needs ?? []].flat().map((each) => [each, { result: told.find((one) => one.job === each)?.result }]),
    )
    const failed = Object.values(needs).some(({ result }) => result !== 'success')
    for (const matrix of matricesOf(hub, job)) {
      const contexts = contextsOf(hub, event, { job, matrix, needs })
      const scope = { contexts, status: { failed, cancelled: false } }
      if (!holds(job.if, scope)) told.push({ job: name, matrix, result: 'skipped', steps: [] })
      else told.push({ job: name, matrix, ...(await new Run(hub, { job, event, contexts, artifacts }).all()) })
    }
  }
  return told
}

function matricesOf(hub: Hub, job: Job): readonly Values[] {
  const [first] = Object.entries(job.strategy?.matrix ?? {})
  if (first === undefined) return [{}]
  const [name, given] = first
  const scope = { contexts: { vars: hub.vars[''] ?? {} }, status: { failed: false, cancelled: false } }
  const values = (typeof given === 'string' ? filledIn(given, scope) : given) as readonly unknown[]
  return values.map((value) => ({ [name]: value }))
}

function contextsOf(
  hub: Hub,
  event: Event,
  { job, matrix, needs }: { job: Job; matrix: Values; needs: Values },
): Values {
  const scope = { contexts: { matrix }, status: { failed: false, cancelled: false } }
  const environment = job.environment === undefined ? '' : String(filledIn(job.environment, scope))
  return {
    matrix,
    needs,
    vars: { ...hub.vars[''], ...hub.vars[environment] },
    secrets: event.name === 'pull_request' ? {} : { ...hub.secrets[''], ...hub.secrets[environment] },
    inputs: event.payload?.['inputs'] ?? {},
    github: { event_name: event.name, event: event.payload ?? {}, repository: 'contoso/sync' },
  }
}

interface Asked {
  readonly job: Job
  readonly event: Event
  readonly contexts: Values
  readonly artifacts: string
}

/** One job on one fresh machine. */
class Run {
  readonly #hub: Hub
  readonly #asked: Asked
  readonly #folder: string
  readonly #home: string
  readonly #steps: StepTold[] = []
  readonly #status = { failed: false, cancelled: false }

  constructor(hub: Hub, asked: Asked) {
    this.#hub = hub
    this.#asked = asked
    this.#home = join(hub.room, `runner-${randomUUID()}`)
    this.#folder = join(this.#home, 'work')
    mkdirSync(this.#folder, { recursive: true })
  }

  async all(): Promise<Pick<JobTold, 'result' | 'steps'>> {
    const { job, contexts } = this.#asked
    const env = this.#filled(job.env ?? {}, contexts)
    await this.#inOrder(job.steps, { contexts, env })
    const { failed, cancelled } = this.#status
    return { result: cancelled ? 'cancelled' : failed ? 'failure' : 'success', steps: this.#steps }
  }

  /** Steps of a job, or of a composite action with contexts of its own. */
  async #inOrder(steps: readonly Step[], { contexts, env }: { contexts: Values; env: Values }): Promise<boolean> {
    const ended: Record<string, { outcome: string; outputs: Values }> = {}
    let good = true
    for (const step of steps) {
      const scope: Scope = { contexts: { ...contexts, steps: ended }, status: { ...this.#status, failed: !good } }
      const name = step.name ?? step.uses ?? 'run'
      const began = Date.now()
      const skipped = !holds(step.if, scope) || this.#hub.without?.includes(name) === true
      const output = join(this.#home, `output-${randomUUID()}`)
      writeFileSync(output, '')
      const own = { ...env, ...this.#filled(step.env ?? {}, scope.contexts) }
      const { outcome, log } = skipped ? leftOut : await this.#one(step, { scope, env: own, output, name })
      this.#steps.push({ name, outcome, log, ms: Date.now() - began })
      if (step.id !== undefined) ended[step.id] = { outcome, outputs: outputsIn(output) }
      if (!['success', 'skipped'].includes(outcome) && step['continue-on-error'] !== true) good = false
    }
    if (contexts === this.#asked.contexts) this.#status.failed = !good
    return good
  }

  #filled(values: Values, contexts: Values): Values {
    const scope = { contexts, status: this.#status }
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? filledIn(value, scope) : value]),
    )
  }

  async #one(step: Step, { scope, env, output, name }: Doing): Promise<Pick<StepTold, 'outcome' | 'log'>> {
    if (step.run !== undefined) return this.#bash(String(filledIn(step.run, scope)), { env, output, name })
    const given = this.#filled(step.with ?? {}, scope.contexts)
    const uses = step.uses ?? ''
    if (uses.startsWith('./')) {
      const action = parse(readFileSync(join(this.#folder, uses, 'action.yml'), 'utf8')) as Action
      const defaults = Object.fromEntries(Object.entries(action.inputs).map(([key, one]) => [key, one.default]))
      const contexts = { ...scope.contexts, inputs: { ...defaults, ...given } }
      const good = await this.#inOrder(action.runs.steps, { contexts, env })
      return { outcome: this.#status.cancelled ? 'cancelled' : good ? 'success' : 'failure', log: '' }
    }
    return this.#known(uses.split('@')[0] ?? '', given, env)
  }

  async #known(action: string, given: Values, env: Values): Promise<Pick<StepTold, 'outcome' | 'log'>> {
    const done = { outcome: 'success', log: '' } as const
    const { artifacts, event, job } = this.#asked
    const named = join(artifacts, String(given['name']))
    switch (action) {
      case 'actions/checkout': {
        const ref = shown(given['ref'] ?? event.ref)
        git(this.#folder, 'init', '--quiet')
        git(this.#folder, 'remote', 'add', 'origin', this.#hub.remote)
        if (job.permissions?.['contents'] !== 'write')
          git(this.#folder, 'remote', 'set-url', '--push', 'origin', '/no/right/to/write')
        git(this.#folder, 'fetch', '--quiet', '--depth=1', `file://${this.#hub.remote}`, ref)
        git(this.#folder, 'checkout', '--quiet', '--detach', 'FETCH_HEAD')
        return done
      }
      case 'actions/setup-node':
        return done
      case 'actions/upload-artifact': {
        const path = join(this.#folder, String(given['path']))
        if (existsSync(path)) cpSync(path, join(named, String(given['path'])), { recursive: true })
        return done
      }
      case 'actions/download-artifact':
        if (!existsSync(named)) return { outcome: 'failure', log: 'no such artifact' }
        cpSync(named, this.#folder, { recursive: true })
        return done
      case 'actions/github-script':
        await this.#script(String(given['script']), env)
        return done
      default:
        throw new Error(`what is ${action}?`)
    }
  }

  /** The script sees the working folder as its own, as it does on a runner. */
  async #script(text: string, env: Values): Promise<void> {
    const require = createRequire(import.meta.url)
    const fs = require('node:fs') as typeof import('node:fs')
    const here = {
      existsSync: (path: string) => fs.existsSync(join(this.#folder, path)),
      readFileSync: (path: string, how: 'utf8') => fs.readFileSync(join(this.#folder, path), how),
    }
    const context = {
      repo: { owner: 'contoso', repo: 'sync' },
      serverUrl: 'https://github.com',
      runId: 77,
      payload: this.#asked.event.payload,
    }
    const make = Object.getPrototypeOf(async () => {}).constructor as FunctionConstructor
    const script = make('require', 'github', 'context', 'process', text) as (...all: unknown[]) => Promise<void>
    await script(() => here, this.#hub.api, context, { env })
  }

  async #bash(script: string, { env, output, name }: Pick<Doing, 'env' | 'output' | 'name'>) {
    const { job } = this.#asked
    const summary = join(this.#home, 'summary.md')
    const mayLogIn = job.permissions?.['id-token'] === 'write'
    const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
      cwd: this.#folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: `${this.#hub.bin}:${process.env['PATH']}`,
        HOME: this.#home,
        ...this.#hub.env,
        GITHUB_ACTIONS: 'true',
        GITHUB_SERVER_URL: 'https://github.com',
        GITHUB_REPOSITORY: 'contoso/sync',
        GITHUB_RUN_ID: '77',
        GITHUB_OUTPUT: output,
        GITHUB_STEP_SUMMARY: summary,
        ...(mayLogIn && { ACTIONS_ID_TOKEN_REQUEST_URL: this.#hub.tokenUrl, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'runner' }),
        ...Object.fromEntries(Object.entries(env).map(([key, value]) => [key, shown(value)])),
      },
    })
    let log = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk.toString()))
    const ended = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 137)))
    const { cancel } = this.#hub
    let isCancelled = false
    if (cancel?.step === name)
      cancel.begun(() => {
        isCancelled = true
        this.#status.cancelled = true
        for (const signal of ['SIGTERM', 'SIGKILL'] as const) process.kill(-(child.pid ?? 0), signal)
      })
    const code = await ended
    appendFileSync(join(this.#home, 'log.txt'), `── ${name}\n${log}`)
    return { outcome: isCancelled ? 'cancelled' : code === 0 ? 'success' : 'failure', log } as const
  }
}

const leftOut = { outcome: 'skipped', log: '' } as const

interface Doing {
  readonly scope: Scope
  readonly env: Values
  readonly output: string
  readonly name: string
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>
  readonly runs: { readonly steps: readonly Step[] }
}

const outputsIn = (file: string): Values =>
  Object.fromEntries(
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line) => (line.includes('=') ? [line.split(/=(.*)/s).slice(0, 2)] : [])) as [string, string][],
  )
