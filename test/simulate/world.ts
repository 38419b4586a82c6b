/** The world of the simulations: one thread, one clock, both services, and every disturbance at the place the story says. */
import type { Test } from 'tap'
import { NoAnswer } from '../../src/connector/http.ts'
import type { Http, HttpAnswer, HttpRequest } from '../../src/connector/http.ts'
import type { Mapping } from '../../src/config/config.ts'
import type { RunReport } from '../../src/engine/run.ts'
import { openMemoryStore, overlay } from '../../src/store/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import type { Row } from '../../src/simulator/table.ts'
import { customerAccount } from '../engine/project.ts'
import { type Stage, idOf, stage, theKey, writesMade } from '../engine/stage.ts'
import { directHttp } from '../../src/rehearsal/direct-http.ts'
import { Died, Life, mortalStore } from '../kill/mortality.ts'
import type { Deed, EditedField, Run, SideName, Story, Trouble } from './story.ts'

/** One edit of a person, as history keeps it. */
export interface Edit {
  readonly side: SideName
  /** The record by its name, which nobody edits: a restored record has another id. */
  readonly name: string
  readonly field: EditedField
  readonly text: string
  readonly order: number
}

/** What happened, for the checker. */
export interface History {
  readonly edits: readonly Edit[]
  readonly created: readonly { readonly side: SideName; readonly text: string }[]
  readonly deleted: readonly { readonly side: SideName; readonly name: string }[]
}

export const columns: Readonly<Record<SideName, Readonly<Record<EditedField | 'name', string>>>> = {
  businessCentral: { phone: 'phoneNumber', city: 'city', email: 'email', name: 'displayName' },
  sales: { phone: 'telephone1', city: 'address1_city', email: 'emailaddress1', name: 'name' },
}

/** Both services opened once; each story begins where they stood then. */
export class SimulatedWorld {
  readonly on: Stage
  readonly #restore: () => void
  readonly #begun: { readonly at: number; readonly ids: number }
  readonly #counter: Counter
  #history: { edits: Edit[]; created: History['created'][number][]; deleted: History['deleted'][number][] } = {
    edits: [],
    created: [],
    deleted: [],
  }
  #order = 0
  #run: { readonly run: Run; readonly life: Life; requests: number } | undefined
  /** Everything that was asked and done, in order: the same story gives the same trace. */
  readonly trace: string[] = []

  static async open(t: Pick<Test, 'teardown'>): Promise<SimulatedWorld> {
    const counter: Counter = { ids: 0, world: undefined }
    const on = await stage(t, {
      counted: Date.UTC(2024, 0, 15),
      http: (simulator) => disturbed(directHttp(simulator), counter),
      simulator: {
        world: { newId: () => `00000000-0000-4000-8009-${String(++counter.ids).padStart(12, '0')}` },
        limits: { sales: {}, businessCentral: {} },
        now: () => Date.UTC(2024, 0, 15),
      },
    })
    // What a service makes of itself when first spoken to is no part of any story.
    await on.run([mappingOf('hold', 'hold')], { dry: true })
    on.simulator.sales.delete('accounts', idOf(on.account({ name: 'the first that a person makes' })))
    return new SimulatedWorld(on, counter)
  }

  private constructor(on: Stage, counter: Counter) {
    this.on = on
    this.#counter = counter
    counter.world = this
    this.#restore = on.simulator.savepoint()
    this.#begun = { at: on.clock.now().getTime(), ids: counter.ids }
  }

  get history(): History {
    return this.#history
  }

  /** Carries the story out, then runs until nothing is written. Gives what the last runs did. */
  async play(
    story: Story,
  ): Promise<{ readonly last: RunReport; readonly isAtRest: boolean; readonly requests: number }> {
    this.#restore()
    this.on.clock.set(this.#begun.at)
    this.#counter.ids = this.#begun.ids
    this.#history = { edits: [], created: [], deleted: [] }
    this.#order = 0
    this.trace.length = 0
    // A process of its own: nothing is remembered of limits, tokens and metadata of another story.
    const { world } = this.on
    this.on.connectors = { businessCentral: world.connector('businessCentral'), sales: world.connector('sales') }
    const mapping = mappingOf(story.conflicts, story.deletes)
    for (let n = 0; n < story.records; n++)
      this.on.customer({ id: recordId(n), number: `C${n}`, phoneNumber: 'p0', city: 'c0', email: 'e0' })
    let pushed: Store = openMemoryStore(theKey)
    this.on.store = pushed
    await this.on.run([mapping])
    await this.on.run([mapping])
    for (const step of story.steps) {
      this.on.clock.advance(1000)
      if (step.kind === 'run') pushed = await this.#runOnce(step, mapping, pushed)
      else this.do(step)
    }
    this.on.store = overlay(pushed)
    return this.#toRest(mapping)
  }

  async #runOnce(run: Run, mapping: Mapping, pushed: Store): Promise<Store> {
    const life = new Life(run.death)
    const disk = overlay(pushed)
    this.#run = { run, life, requests: 0 }
    this.on.store = mortalStore(disk, life)
    const first = this.on.run([mapping]).catch(died)
    if (run.second) {
      this.on.store = overlay(pushed)
      const second = this.on.run([mapping]).catch(died)
      await second
    }
    await first
    this.#run = undefined
    return run.death?.disk === 'lost' && life.isDead ? pushed : disk
  }

  async #toRest(mapping: Mapping): Promise<{ last: RunReport; isAtRest: boolean; requests: number }> {
    for (let made = 1; ; made++) {
      this.on.clock.advance(90_000_000)
      this.on.simulator.resetRequests()
      const last = await this.on.run([mapping])
      const writes = writesMade(this.on.simulator)
      const { businessCentral, sales } = this.on.simulator.requests()
      if (writes === 0 || made === mostRuns)
        return { last, isAtRest: writes === 0, requests: businessCentral.requests + sales.requests }
    }
  }

  /** A person does something, where there is something to do it to. */
  do(deed: Deed): void {
    const { simulator } = this.on
    const order = ++this.#order
    if (deed.kind === 'create') {
      if (deed.side === 'businessCentral') this.on.customer({ displayName: deed.text, phoneNumber: deed.text })
      else this.on.account({ name: deed.text, telephone1: deed.text })
      this.#history.created.push({ side: deed.side, text: deed.text })
      return
    }
    const rows = this.rows(deed.side)
    const row = rows[deed.which % Math.max(1, rows.length)]
    // An emptied side stops every run on purpose, until a person says that it is right.
    if (row === undefined || (deed.kind === 'delete' && rows.length < 3)) return
    const id = idOf(row)
    const name = String(row[columns[deed.side].name])
    const set = deed.side === 'businessCentral' ? 'customers' : 'accounts'
    this.on.clock.advance(10)
    if (deed.kind === 'delete') {
      simulator[deed.side].delete(set, id)
      this.#history.deleted.push({ side: deed.side, name })
    } else {
      const now = this.on.clock.now().getTime()
      if (deed.late) this.on.clock.set(now - longTransaction)
      simulator[deed.side].edit(set, id, { [columns[deed.side][deed.field]]: deed.text })
      if (deed.late) this.on.clock.set(now)
      this.#history.edits.push({ side: deed.side, name, field: deed.field, text: deed.text, order })
    }
  }

  /** The records of a side that take part. */
  rows(side: SideName): readonly Row[] {
    return side === 'businessCentral' ? this.on.customers() : this.on.accounts()
  }

  /** Called around each request of a run. */
  async disturb(request: HttpRequest, send: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    const now = this.#run
    if (now === undefined || new URL(request.url).pathname.endsWith('/token')) return send()
    const at = ++now.requests
    for (const { deed } of now.run.deeds.filter((one) => one.at === at)) this.do(deed)
    this.trace.push(`${at} ${request.method} ${request.url.replace(/^http:\/\/[^/]+/, '')} ${request.body ?? ''}`)
    const trouble = now.run.troubles.find((one) => one.at === at)?.what
    const sent = (): Promise<HttpAnswer> => now.life.through('request', send)
    return trouble === undefined ? sent() : this.#troubled(trouble, request, sent)
  }

  async #troubled(trouble: Trouble, request: HttpRequest, send: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    switch (trouble) {
      case 'lost before':
        throw new NoAnswer('was not reached (ECONNRESET)', true)
      case 'lost after':
        await send()
        throw new NoAnswer('was not reached (ECONNRESET)', true)
      case 'cut off': {
        // As a proxy would that loses its own connection half-way and ends the answer well.
        const whole = await send()
        return { ...whole, text: whole.text.slice(0, whole.text.length / 2) }
      }
      case '429':
        return answer(429, '{"error":{"code":"","message":"too many"}}', '2')
      case '429 without a word':
        return answer(429, '')
      case '503':
        return answer(503, '<html>')
      case '500':
        return answer(500, '<html>')
      case 'slow':
        this.on.clock.advance(60_000)
        return send()
      case 'token expired':
        return answer(401, '')
      case 'change token expired':
        return request.url.includes('deltatoken')
          ? answer(400, '{"error":{"code":"0x80044352","message":"Version stamp expired."}}')
          : send()
    }
  }
}

interface Counter {
  ids: number
  world: SimulatedWorld | undefined
}

/** Runs until both sides must be in step, after the troubles have ended; the last may write nothing. */
const mostRuns = 3

/** Milliseconds; less than the overlap with which Business Central is read again. */
const longTransaction = 600_000

const recordId = (n: number): string => `00000000-0000-4000-8001-${String(n).padStart(12, '0')}`

const mappingOf = (conflicts: Story['conflicts'], policy: Story['deletes']): Mapping =>
  customerAccount({
    createOn: { businessCentral: true, sales: true },
    conflicts,
    deletes: { businessCentral: policy, sales: policy, sweepMs: 1 },
  })

const answer = (status: number, text: string, retryAfter?: string): HttpAnswer => ({
  status,
  text,
  header: (name) => (name.toLowerCase() === 'retry-after' ? retryAfter : undefined),
})

function died(error: unknown): undefined {
  if (error instanceof Died) return undefined
  // Outages and safety limits end a run; the next one goes on.
  if (error instanceof Error && /ConnectorError|UnsafePlanError/.test(error.name)) return undefined
  throw error
}

const disturbed = (http: Http, counter: Counter): Http => ({
  send: (request) => counter.world?.disturb(request, () => http.send(request)) ?? http.send(request),
  usage: () => http.usage(),
  close: () => http.close(),
})
