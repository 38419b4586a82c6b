/**
 * A run: every mapping is taken in and decided first, on an overlay of the state; the safety limits look at the whole
 * plan; only then is anything written, mapping by mapping in the same order. The order is: plan whole, guard, apply,
 * commit (P6). One mapping's failure never stops the others, unless a whole side is out of reach (P5).
 */
import { type Config, type Mapping, type Side, sideName, sides } from '../config/config.ts'
import { ceilingOf, excesses } from '../core/guard.ts'
import type { MappingCounts } from '../core/plan.ts'
import { ConnectorError, UnsafePlanError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { Ceiling } from './ceiling.ts'
import { type Intake, type Scope, takeIn } from './intake.ts'
import type { TakeAlong } from './judge-window.ts'
import { applyMapping } from './apply-mapping.ts'
import { takeUpJobs } from './job-recovery.ts'
import { chosen, contextOf } from './context.ts'
import { type Keeping, type ToWrite, planMapping } from './plan-mapping.ts'
import { referredMappings } from './references.ts'
import { Standing } from './own-writes.ts'
import { Permit } from './permit.ts'
import { PlanBook } from './plan-book.ts'
import { heedStop } from './ports.ts'
import type { Ports, RunOptions, RunReport } from './ports.ts'
import { type Prepared, type RunContext, foresee, knowing, prepare, sessionOf } from './prepare.ts'
import { type Failure, type Measured, reportOf, unfinishedOf } from './report.ts'
import { idsOf, refuseNobody, scopeOf } from './scope.ts'
import { problemsToKeep } from './run-problems.ts'
import { deferNothing, noteFresh, secondPass } from './second-pass.ts'
import { type Session, pairsToCount } from './session.ts'
import { settleIntents } from './settling.ts'

export type { Ports, RunOptions, RunReport } from './ports.ts'
export { defaultRunOptions } from './ports.ts'

/**
 * Runs mappings in order, and takes up again the jobs that had failed on them. Throws UnsafePlanError when a safety limit stops it (nothing was written), LockedError,
 * StateError, ConfigError for a mapping that does not exist or is switched off, ConnectorError when not even the
 * identity of a side could be read, StoppedError when it was asked to stop.
 */
export async function run(config: Config, ports: Ports, options: RunOptions): Promise<RunReport> {
  chosen(config, options)
  if (options.dry) return runLocked(config, ports, options)
  const id = runId(ports)
  return underLock(ports, id, async () => {
    const report = await runLocked(config, ports, options, id)
    await takeUpJobs(config, ports, options, report)
    return report
  })
}

/** Works under the lock of the state. Throws LockedError. */
export async function underLock<T>({ store }: Pick<Ports, 'store'>, owner: string, work: () => Promise<T>): Promise<T> {
  await store.lock(owner)
  try {
    return await work()
  } finally {
    await store.unlock()
  }
}

/** As `run`, for who holds the lock already. */
export async function runLocked(
  config: Config,
  ports: Ports,
  options: RunOptions,
  id: string = runId(ports),
): Promise<RunReport> {
  const mappings = chosen(config, options)
  const startedAt = ports.clock.now()
  const context = await contextOf(config, ports, options, mappings)
  ports.emit({ kind: 'run.started', run: id, mappings: context.order, dry: options.dry })
  const whole = new WholeRun(context)
  await whole.plan()
  whole.guard()
  if (!options.dry) await whole.apply()
  const report = reportOf({ id, startedAt, context, ...whole.result() })
  if (!options.dry)
    await ports.store.recordRun({
      run: id,
      startedAt: startedAt.toISOString(),
      endedAt: ports.clock.now().toISOString(),
      ok: report.ok,
      ...(context.options.full && { full: { unfinished: unfinishedOf(report) } }),
      mappings: report.mappings,
      problems: problemsToKeep(ports.store, report.problems),
      bytes: report.bytes,
    })
  ports.emit({ kind: 'run.ended', run: id, ok: report.ok, ms: report.ms })
  return report
}

/** The name of a run that begins now. */
const runId = ({ clock }: Ports): string => `run-${clock.now().toISOString().replaceAll(/[-:.]/g, '')}`

/** A mapping that was planned and may be applied. */
interface Ready {
  readonly prepared: Prepared
  readonly session: Session
  readonly planned: ToWrite
}

class WholeRun {
  readonly #context: RunContext
  readonly #overlay: Store
  readonly #planned = new Map<string, Ready>()
  readonly #prepared = new Map<string, Prepared>()
  readonly #sessions = new Map<string, Session>()
  readonly #asked = new Map<string, { readonly session: Session; readonly scope: Scope }>()
  readonly #book: PlanBook
  readonly #failures: Failure[] = []
  readonly #cost = new Map<string, Measured>()
  readonly #coupledBefore = new Map<string, number>()
  /** What is left to delete, of the mapping that was written last first. */
  readonly #deletes: { readonly session: Session; readonly finish: () => Promise<void> }[] = []
  readonly #permit: Permit | undefined
  readonly #referred: ReadonlySet<string>
  /** The side that is out of reach: nothing more is asked of it. */
  #unreachable: Side | undefined

  constructor(context: RunContext) {
    this.#context = context
    this.#overlay = context.ports.overlay(context.ports.store)
    this.#referred = referredMappings(context)
    const { dry, keepPlan, permit } = context.options
    this.#book = new PlanBook(dry || keepPlan || permit !== undefined)
    this.#permit = permit === undefined ? undefined : new Permit(permit)
  }

  /**
   * Takes in and decides every mapping, then what had to wait for later ones. Throws ConfigError when the record that a
   * person asked for is nobody's.
   */
  async plan(): Promise<void> {
    const { order, options } = this.#context
    await foresee(this.#context)
    for (const name of order) await this.#inTurn(name, 'plan', () => this.#planOne(name))
    if (this.#failures.length === 0) refuseNobody(options.records, [...this.#asked.values()])
    for (const [name, { session }] of this.#planned) {
      if (session.deferred.size > 0) await this.#guarded(name, 'plan', () => this.#planAgain(session))
    }
  }

  /** Stops the run before anything is written when the plan is larger than the limits allow. */
  guard(): void {
    if (!this.#context.options.dry) this.#refuseEmptied()
    const over = excesses(this.counts(), (mapping) => this.#limits(mapping), this.#context.options.accept)
    if (over.length === 0 || this.#context.options.dry) return
    const lines = over.map(
      ({ mapping, side, kind, count, allowed, coupled }) =>
        `${mapping} → ${sideName[side]}: ${count} ${kind}, allowed ${allowed} (of ${coupled} coupled)`,
    )
    throw new UnsafePlanError(
      `${lines.join('\n')}\nNothing was written. Look at couplet plan; to go on with exactly this: ${over.map(({ accept }) => `--accept ${accept}`).join(' ')}`,
      over.map(({ accept }) => accept),
    )
  }

  #refuseEmptied(): void {
    const emptied = [...this.#planned].filter(([, { planned }]) => planned.intake.emptied.length > 0)
    if (emptied.length === 0) return
    const lines = emptied.flatMap(([name, { session, planned }]) =>
      planned.intake.emptied.map(
        (side) => `${name}: ${sideName[side]} had ${session.state.counted(side)} records and now lists none`,
      ),
    )
    const commands = emptied.map(([name]) => `couplet uncouple ${name} --all`).join('; ')
    throw new UnsafePlanError(
      `${lines.join('\n')}\nNothing was written. Look at the permissions, the filter and the company of the connection; if the records are really gone: ${commands}`,
      [],
    )
  }

  /**
   * Writes what was planned, mapping by mapping, then the second pass. Deletes come last, in the other order: what refers to
   * a record goes before it, as long as the service lets it go and it is what it was when that was decided.
   */
  async apply(): Promise<void> {
    this.#permit?.compare(this.#book.wholes)
    for (const [name, { prepared, planned }] of this.#planned) {
      await this.#inTurn(name, 'apply', async () => {
        const session = this.#open(name, prepared)
        await this.#write(session, planned, this.#takeAlong('apply', name))
        prepared.cache.clear()
      })
    }
    for (const [name, session] of this.#sessions) {
      // What is followed may have got its pairs in this very pass.
      noteFresh(session)
      if (session.deferred.size > 0) await this.#guarded(name, 'apply', () => this.#applyAgain(session))
    }
    for (const { session, finish } of this.#deletes) {
      deferNothing(session)
      await this.#guarded(session.mapping.name, 'apply', finish)
    }
  }

  async #write(session: Session, toWrite: ToWrite, takeAlong: TakeAlong): Promise<void> {
    const finish = await applyMapping(session, toWrite, takeAlong)
    if (finish !== undefined) this.#deletes.unshift({ session, finish })
  }

  /** What the plan does to each side of each mapping. */
  counts(): readonly MappingCounts[] {
    return this.#context.order.flatMap((mapping) =>
      (['sales', 'businessCentral'] as const).map((side) =>
        this.#book.counts(mapping, side, this.#coupledBefore.get(mapping) ?? 0),
      ),
    )
  }

  result(): Omit<Parameters<typeof reportOf>[0], 'id' | 'startedAt' | 'context'> {
    return {
      operations: this.#book.operations,
      holds: this.#book.holds,
      counts: this.counts(),
      failures: this.#failures,
      cost: this.#cost,
      scopes: new Map([...this.#asked].map(([name, { scope }]) => [name, scope])),
      tallies: new Map([...this.#prepared].map(([name, { tally }]) => [name, tally])),
      store: this.#context.options.dry ? this.#overlay : this.#context.ports.store,
      refusedOperations: this.#permit?.left ?? [],
    }
  }

  async #planOne(name: string): Promise<void> {
    const prepared = await this.#prepare(name)
    if (prepared === undefined) return
    const { ports, options } = this.#context
    if (!options.dry) await settleIntents(sessionOf(this.#context, prepared, ports.store, 'apply'))
    const session = sessionOf(this.#context, prepared, this.#overlay, 'plan')
    if (options.dry) await settleIntents(session)
    this.#coupledBefore.set(name, pairsToCount(session))
    const scope = await scopeOf(session)
    this.#asked.set(name, { session, scope })
    const { operations, holds, ...planned } = await planMapping(
      session,
      scope,
      this.#takeAlong('plan', name),
      this.#keeping(name),
    )
    this.#book.add({ operations, holds })
    this.#context.ownWrites.watch(session.mapping, planned.standing)
    this.#planned.set(name, { prepared, session, planned })
  }

  /** A plan for people keeps values and tells what would wait; else results are kept only where something refers to them. */
  #keeping(name: string): Keeping {
    const { dry, keepPlan } = this.#context.options
    const told = dry || keepPlan
    const whole = told || this.#permit !== undefined
    return { values: whole, holds: told, results: dry || this.#permit !== undefined || this.#referred.has(name) }
  }

  /** References to mappings that ran later are written in a second pass, over the records concerned. */
  async #planAgain(session: Session): Promise<void> {
    const ids = secondPass(session)
    this.#book.add(
      await planMapping(
        session,
        { kind: 'ids', ids },
        this.#takeAlong('plan', session.mapping.name),
        this.#keeping(session.mapping.name),
      ),
    )
  }

  async #applyAgain(session: Session): Promise<void> {
    const ids = secondPass(session)
    session.cache.clear()
    const intake = await takeInAgain(session, ids)
    await this.#write(
      session,
      { intake: { ...intake, marks: [] }, standing: new Standing() },
      this.#takeAlong('apply', session.mapping.name),
    )
  }

  /**
   * Takes records of other mappings along first, each by its own mapping's rules. One that could not be run to its end
   * has not looked at all of its records for partners: what it would take along waits, and is made no second time (P1).
   */
  #takeAlong(phase: Session['phase'], from: string): TakeAlong {
    return async (wanted) => {
      for (const [name, waits] of wanted) {
        const mapping = this.#context.byName.get(name)
        if (mapping === undefined || !mapping.enabled || name === from || this.#hasFailed(name)) continue
        const prepared = await this.#prepare(name)
        if (prepared === undefined) continue
        const session =
          phase === 'plan' ? sessionOf(this.#context, prepared, this.#overlay, 'plan') : this.#applying(prepared)
        const ids = await idsOf(session, [...waits.values()])
        if (phase === 'plan')
          this.#book.add(await planMapping(session, { kind: 'ids', ids }, takeNothing, this.#keeping(name)))
        else
          await this.#write(
            session,
            { intake: { ...(await takeInAgain(session, ids)), marks: [] }, standing: new Standing() },
            takeNothing,
          )
      }
    }
  }

  #hasFailed(name: string): boolean {
    return this.#failures.some(({ mapping }) => mapping === name)
  }

  /** Undefined where the mapping rests. */
  async #prepare(name: string): Promise<Prepared | undefined> {
    const known = this.#prepared.get(name)
    if (known !== undefined) return known
    const mapping = this.#context.byName.get(name)
    if (mapping === undefined) throw new Error(`no mapping is called ${name}`)
    const made = knowing(await prepare(this.#context, mapping, this.#overlay))
    if (made !== undefined) this.#prepared.set(name, made)
    return made
  }

  #open(name: string, prepared: Prepared): Session {
    const session = {
      ...this.#applying(prepared),
      ceiling: this.#ceiling(name),
    }
    this.#sessions.set(name, session)
    return session
  }

  #applying(prepared: Prepared): Session {
    return { ...sessionOf(this.#context, prepared, this.#context.ports.store, 'apply'), permit: this.#permit }
  }

  #ceiling(name: string): Ceiling {
    const limits = this.#limits(name)
    const counts = (side: Side): MappingCounts => this.#book.counts(name, side, this.#coupledBefore.get(name) ?? 0)
    return new Ceiling(name, (side, kind) => ceilingOf(counts(side), kind, limits[kind], this.#context.options.accept))
  }

  #limits(name: string): Mapping['limits'] {
    const mapping = this.#context.byName.get(name)
    if (mapping === undefined) throw new Error(`no mapping is called ${name}`)
    return mapping.limits
  }

  /**
   * A full run leaves what comes after a mapping that could not be run for later (native U-03): its records would be
   * made without what they refer to. Other runs go on: a record that lacks its partner waits by itself (P5); so does what
   * is only compared.
   */
  async #inTurn(name: string, phase: 'plan' | 'apply', work: () => Promise<void>): Promise<void> {
    const { byName, options } = this.#context
    const failed = new Set(this.#failures.map(({ mapping }) => mapping))
    const waits = options.full && !options.comparing
    const before = waits ? byName.get(name)?.after.find((other) => failed.has(other)) : undefined
    if (before === undefined || this.#unreachable !== undefined) return this.#guarded(name, phase, work)
    const side = this.#failures.find(({ mapping }) => mapping === before)?.error.side ?? 'sales'
    this.#planned.delete(name)
    const message = `not run, because it comes after ${before}, which could not be run`
    const remedy = `See to ${before} first, then: couplet sync --full --restart`
    this.#failures.push({ mapping: name, error: new ConnectorError(side, 'gone', { message, remedy }) })
  }

  /** Runs one step of one mapping; a service's refusal is this mapping's own, an outage ends the run. */
  async #guarded(name: string, phase: 'plan' | 'apply', work: () => Promise<void>): Promise<void> {
    heedStop(this.#context.ports.stop)
    if (this.#unreachable !== undefined) return this.#passOver(name, this.#unreachable)
    const { clock, emit, connectors } = this.#context.ports
    const requests = (): number => sides.reduce((sum, side) => sum + connectors[side].usage().requests, 0)
    const before = { at: clock.now().getTime(), requests: requests() }
    emit({ kind: 'mapping.started', mapping: name, phase })
    try {
      await work()
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error
      this.#failures.push({ mapping: name, error })
      this.#planned.delete(name)
      if (error.fault === 'unauthorized' || error.fault === 'unreachable') this.#unreachable ??= error.side
    }
    const cost = this.#cost.get(name) ?? { requests: 0, ms: 0 }
    const ms = clock.now().getTime() - before.at
    this.#cost.set(name, { requests: cost.requests + requests() - before.requests, ms: cost.ms + ms })
    emit({ kind: 'mapping.ended', mapping: name, phase, ms })
  }

  /** A mapping that was not run, or not to its end, is not in step. */
  #passOver(mapping: string, side: Side): void {
    if (this.#hasFailed(mapping)) return
    const message = `not run to its end, because ${sideName[side]} was out of reach`
    this.#failures.push({ mapping, error: new ConnectorError(side, 'unreachable', { message, remedy: '' }) })
  }
}

/** What is taken along takes nothing along itself. */
const takeNothing = async (): Promise<void> => {}

const takeInAgain = (session: Session, ids: Readonly<Record<Side, readonly string[]>>): Promise<Intake> =>
  takeIn(session, { kind: 'ids', ids })
