/** The world of the simulations: one thread, one clock, both services, and every disturbance at the place the story says. */
import type { Test } from 'tap'
import { type BySide, type Side, otherSide, sides } from '../../src/config/config.ts'
import type { Connector } from '../../src/connector/connector.ts'
import type { Http, HttpAnswer, HttpRequest } from '../../src/connector/http.ts'
import { afterDelete, take } from '../../src/engine/decisions.ts'
import type { RunReport } from '../../src/engine/run.ts'
import { overlay } from '../../src/store/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { type Stage, type StageOptions, writesMade } from '../engine/stage.ts'
import { directHttp } from '../../src/rehearsal/direct-http.ts'
import { Died, Life, mortalStore } from '../kill/mortality.ts'
import { openContacts } from './contacts.ts'
import { openCustomers } from './customers.ts'
import type { Memory } from './cell.ts'
import { openTerms } from './terms.ts'
import { Ledger, type Picture } from './ledger.ts'
import { VirtualTime } from './network.ts'
import { openOrders } from './orders.ts'
import type { OpenScene, Scene } from './scene.ts'
import { type Answer, type Deed, type Run, type SceneName, type Story, storyOf } from './story.ts'
import { type Trouble, troubles, unanswering } from './troubles.ts'

const scenes: Readonly<Record<SceneName, OpenScene>> = {
  customers: openCustomers,
  contacts: openContacts,
  orders: openOrders,
  terms: openTerms,
}

/** How it ended. */
export interface End {
  /** The last run wrote nothing. */
  readonly isAtRest: boolean
  /** Requests of the last run: nobody had changed anything since the one before it. */
  readonly requests: number
  /** The most requests that a run made. */
  readonly most: number
}

/** Both services opened once; each story begins where they stood then. */
export class SimulatedWorld {
  readonly scene: Scene
  readonly #restore: () => void
  readonly #begun: { readonly at: number; readonly ids: number }
  readonly #outside: Outside
  readonly #time: VirtualTime
  #ledger = new Ledger('hold', { references: new Set() })
  #run: { readonly run: Run; requests: number } | undefined
  /** Each side as it stood when the history was told last. */
  #seen: Record<Side, Picture> = { businessCentral: [], sales: [] }
  /** Since when each side stood so; no change came before the one that is told before it. */
  readonly #history: { readonly at: number; readonly side: Side; readonly picture: Picture }[] = []
  #most = 0
  /** See `Story.edition`. */
  #edition = 0
  /** When each side last answered: no copy lags behind what a runner has seen. */
  #answeredAt: Record<Side, number> = { businessCentral: 0, sales: 0 }
  /** Everything that was asked and done, in order: the same story gives the same trace. */
  readonly trace: string[] = []

  static async open(t: Test, name: SceneName): Promise<SimulatedWorld> {
    const outside: Outside = { ids: 0, opening: 'first', world: undefined }
    const scene = await scenes[name](t, stageOptions(outside))
    // What a service makes of itself at its first requests and records is no part of any story.
    scene.on.store = await scene.freshStore()
    await scene.run(storyOf(1, name), { dry: true })
    const world = new SimulatedWorld(scene, outside)
    for (let seed = 1; seed <= 3; seed++) await world.play(storyOf(seed, name))
    return world
  }

  private constructor(scene: Scene, outside: Outside) {
    this.scene = scene
    this.#outside = outside
    this.#time = new VirtualTime(scene.on.clock)
    outside.world = this
    sides.forEach((side) => this.#watch(side))
    this.#restore = scene.on.simulator.savepoint()
    this.#begun = { at: scene.on.clock.now().getTime(), ids: outside.ids }
  }

  get on(): Stage {
    return this.scene.on
  }

  get ledger(): Ledger {
    return this.#ledger
  }

  sleep(ms: number): Promise<void> {
    return this.#time.sleep(ms)
  }

  /** Carries the story out, then runs until nothing is written. */
  async play(story: Story): Promise<End> {
    this.on.events.length = 0
    this.#restore()
    this.on.clock.set(this.#begun.at)
    this.#outside.ids = this.#begun.ids
    this.#ledger = new Ledger(story.conflicts, this.scene)
    this.#most = 0
    this.#edition = 0
    this.trace.length = 0
    this.#time.begin(story.pace)
    for (const side of sides) await this.on.connectors[side].close()
    this.on.connectors = await this.#connectors('first')
    this.#seen = { businessCentral: [], sales: [] }
    this.#history.length = 0
    this.scene.begin(story)
    for (const side of sides) this.#noteDeed(side)
    let pushed = await this.scene.freshStore()
    this.on.store = pushed
    for (let made = 1; made <= 2; made++) await this.#calmly(story)
    for (const step of story.steps) {
      this.on.clock.advance(1000)
      if (step.kind === 'run') {
        if (step.rewritten === true) this.#edition++
        pushed = await this.#runOnce(step, story, pushed)
      } else if (step.kind === 'answer') await this.#answer(step, pushed)
      else this.#do(step)
    }
    this.on.store = overlay(pushed)
    this.scene.settle?.()
    for (const side of sides) this.#noteDeed(side)
    return this.#toRest(story)
  }

  /**
   * A process of its own: nothing is remembered of limits, tokens and metadata of another story. It has logged in: the
   * library that does so is loaded in the machine's own time.
   */
  async #connectors(runner: Outside['opening']): Promise<BySide<Connector>> {
    this.#outside.opening = runner
    const { world } = this.on
    const made = { businessCentral: world.connector('businessCentral'), sales: world.connector('sales') }
    for (const side of sides) await made[side].identify()
    return made
  }

  async #calmly(story: Story): Promise<void> {
    this.#ledger.begins({ isMortal: false, isDouble: false, isCalm: true }, this.#seen)
    await this.#runScene(story)
    this.#ledger.ends('kept')
  }

  #runScene(story: Story): Promise<RunReport> {
    return this.scene.run({ ...story, edition: this.#edition })
  }

  async #runOnce(run: Run, story: Story, pushed: Store): Promise<Store> {
    const another = run.second ? await this.#connectors('second') : undefined
    const life = new Life(run.death)
    const disk = overlay(pushed)
    this.#run = { run, requests: 0 }
    this.#ledger.begins({ isMortal: run.death !== undefined, isDouble: run.second, isCalm: isCalm(run) }, this.#seen)
    this.#outside.life = life
    this.on.store = mortalStore(disk, life)
    const runs = [this.#runScene(story).catch(died)]
    if (another !== undefined) {
      const mine = this.on.connectors
      this.on.connectors = another
      this.on.store = overlay(pushed)
      runs.push(this.#runScene(story).catch(died))
      this.on.connectors = mine
    }
    const reports = await Promise.all(runs)
    // What a dead one still waited for sends nothing any more.
    await this.#time.rest()
    if (another !== undefined) for (const side of sides) await another[side].close()
    if (!run.second) this.#most = Math.max(this.#most, this.#run.requests)
    this.#run = undefined
    this.#outside.life = undefined
    const memory: Memory = (life.isDead ? run.death?.disk : undefined) ?? 'kept'
    this.#ledger.ends(memory, reports.every(isWhole))
    switch (memory) {
      case 'kept':
        return disk
      case 'lost':
        return pushed
      case 'gone':
        return this.scene.freshStore()
    }
  }

  /** The first run that writes nothing still looks at what was written since the one before: the next one asks least. */
  async #toRest(story: Story): Promise<End> {
    const { calm } = this.scene.most
    let wasQuiet = false
    for (let made = 1; ; made++) {
      this.on.clock.advance(90_000_000)
      this.on.simulator.resetRequests()
      await this.#calmly(story)
      const isQuiet = writesMade(this.on.simulator) === 0
      const { businessCentral, sales } = this.on.simulator.requests()
      const requests = businessCentral.requests + sales.requests
      const isLast = isQuiet ? requests <= calm : made === mostRuns
      if (isLast || wasQuiet) return { isAtRest: isQuiet, requests, most: this.#most }
      wasQuiet = isQuiet
    }
  }

  /** What a person says is remembered where the last run left its state. */
  async #answer({ which, side }: Answer, store: Store): Promise<void> {
    const open = this.scene.kinds.flatMap(({ mapping }) => {
      const state = store.mapping(mapping)
      return [...state.allHeld()].map((held) => ({ state, held })).toSorted((a, b) => (a.held.id < b.held.id ? -1 : 1))
    })
    const about = open[which % Math.max(1, open.length)]
    const thing = sides.flatMap((on) => this.#seen[on]).find(({ id }) => id === about?.held.id)
    if (about === undefined || thing === undefined) return
    const { state, held } = about
    const records = [{ coupling: undefined, held: [held] }]
    const action = side === 'sales' ? 'restore' : 'delete'
    const said =
      held.kind === 'deleted'
        ? afterDelete(state, records, { action, direction: 'both' })
        : take(state, records, { side, fields: [] })
    if (said.kind !== 'decided') return
    await store.lock('a person')
    await store.commit(state.name, said.entries)
    await store.unlock()
    const fields = held.fields.map((name) => this.scene.fieldsOf?.[name] ?? name)
    this.#ledger.answered(thing.name, held.kind === 'deleted' ? undefined : { right: side, fields })
  }

  #do(deed: Deed): void {
    this.on.clock.advance(10)
    const now = this.on.clock.now().getTime()
    const isLate = deed.kind === 'edit' && deed.late
    if (isLate) this.on.clock.set(now - longTransaction)
    this.scene.act(deed)
    this.#noteDeed(deed.side)
    if (isLate) this.on.clock.set(now)
  }

  /** Tells the history what people have done to a side. */
  #noteDeed(side: Side): void {
    this.#ledger.people(side, this.#look(side))
  }

  #look(side: Side): { readonly before: Picture; readonly after: Picture; readonly other: Picture } {
    const before = this.#seen[side]
    const after = this.scene.picture(side)
    this.#seen[side] = after
    const at = Math.max(this.#history.at(-1)?.at ?? 0, this.on.clock.now().getTime())
    this.#history.push({ at, side, picture: after })
    return { before, after, other: this.#seen[otherSide(side)] }
  }

  /** Called around each request of a runner. */
  async disturb(
    runner: Outside['opening'],
    request: HttpRequest,
    send: () => Promise<HttpAnswer>,
  ): Promise<HttpAnswer> {
    if (new URL(request.url).pathname.endsWith('/token')) return send()
    if (this.#sideOf(request.url) === 'businessCentral' && request.headers['Data-Access-Intent'] !== 'ReadWrite')
      this.#ledger.wrongs.push(`P2: a copy that lags may answer ${request.method} ${new URL(request.url).pathname}`)
    const now = this.#run
    const served = (): Promise<HttpAnswer> => this.#served(request.url, send)
    if (now === undefined) return served()
    const at = ++now.requests
    for (const { deed } of now.run.deeds.filter((one) => one.at === at)) this.#do(deed)
    this.trace.push(
      `${at} ${runner} ${request.method} ${request.url.replace(/^http:\/\/[^/]+/, '')} ${request.body ?? ''}`,
    )
    const trouble = now.run.troubles.find((one) => one.at === at)?.what
    const sent = trouble === undefined ? served : () => this.#troubled(trouble, request, { served, send })
    const { life } = this.#outside
    return runner === 'first' && life !== undefined ? life.through('request', sent) : sent()
  }

  #troubled(
    trouble: Trouble,
    { method, url }: HttpRequest,
    { served, send }: { readonly served: () => Promise<HttpAnswer>; readonly send: () => Promise<HttpAnswer> },
  ): Promise<HttpAnswer> {
    if (method !== 'GET' && unanswering.has(trouble)) this.#ledger.unanswered(this.#sideOf(url))
    return troubles[trouble]({
      url,
      served,
      lagging: (ms) => this.#served(url, () => this.#lagging(ms, url, send)),
      sleep: (ms) => this.#time.sleep(ms),
    })
  }

  /** There, what the service does, and back. */
  async #served(url: string, send: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    await this.#time.onTheWay()
    const answered = await send()
    this.#answeredAt[this.#sideOf(url)] = this.on.clock.now().getTime()
    await this.#time.onTheWay()
    return answered
  }

  /** Each write of a runner is looked at in the moment it is made: a request is one step in time. */
  #watch(side: Side): void {
    const { service } = this.on.simulator[side]
    const handle = service.handle.bind(service)
    let isInside = false
    service.handle = (request, gate) => {
      // A service asks itself for the parts of a batch.
      if (request.method === 'GET' || isInside) return handle(request, gate)
      isInside = true
      const answered = handle(request, gate)
      isInside = false
      this.#ledger.runner(side, this.#look(side))
      return answered
    }
  }

  /** Only this one request is answered by the copy: what is done to it is settled when it is sent. */
  #lagging(lagMs: number, url: string, send: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    const { faults } = this.on.simulator
    const side = this.#sideOf(url)
    const now = this.on.clock.now().getTime()
    const lag = Math.min(lagMs, now - this.#answeredAt[side])
    const stood = this.#history.findLast((one) => one.side === side && one.at <= now - lag)?.picture ?? []
    this.#ledger.readsOld(side, stood, this.#seen)
    faults.add({ do: { lagMs: lag } })
    const answering = send()
    faults.clear()
    return answering
  }

  #sideOf(url: string): Side {
    return url.startsWith(this.on.simulator.sales.url) ? 'sales' : 'businessCentral'
  }
}

/** What the world and the services under it share. */
interface Outside {
  ids: number
  /** Whose connectors are being opened. */
  opening: 'first' | 'second'
  /** Of the first runner. */
  life?: Life | undefined
  world: SimulatedWorld | undefined
}

function stageOptions(outside: Outside): StageOptions {
  const began = Date.UTC(2024, 0, 15)
  return {
    counted: began,
    clock: {
      now: () => outside.world?.on.clock.now() ?? new Date(began),
      waits: [],
      sleep: async (ms) => outside.world?.sleep(ms),
    },
    http: (simulator) => disturbed(directHttp(simulator), outside),
    simulator: {
      world: { newId: () => `00000000-0000-4000-8009-${String(++outside.ids).padStart(12, '0')}` },
      limits: { sales: {}, businessCentral: {} },
      now: () => began,
    },
  }
}

const isCalm = ({ troubles, deeds, death, second }: Run): boolean =>
  troubles.length + deeds.length === 0 && death === undefined && !second

const isWhole = (report: RunReport | undefined): boolean =>
  report?.problems.every(({ kind }) => kind !== 'service') ?? false

/** Runs until both sides must be in step, after the troubles have ended; the last may write nothing. */
const mostRuns = 3

/** Milliseconds: a little less than the overlap with which Business Central is read again. */
const longTransaction = 14 * 60_000

function died(error: unknown): undefined {
  if (error instanceof Died) return undefined
  // Outages and safety limits end a run; the next one goes on.
  if (error instanceof Error && /ConnectorError|UnsafePlanError/.test(error.name)) return undefined
  throw error
}

function disturbed(http: Http, outside: Outside): Http {
  const runner = outside.opening
  return {
    send: (request) => outside.world?.disturb(runner, request, () => http.send(request)) ?? http.send(request),
    usage: () => http.usage(),
    close: () => http.close(),
  }
}
