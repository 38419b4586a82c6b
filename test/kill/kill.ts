/**
 * P1, P7: a run is killed before and after every request and every journal line, with its disk and without, and run
 * again to the end. What is left must be what the undisturbed run leaves, and a further run must write nothing.
 */
import type { Store } from '../../src/store/store.ts'
import type { RunOptions } from '../../src/engine/run.ts'
import { overlay } from '../../src/store/memory-store.ts'
import { type Stage, type StageOptions, writesMade } from '../engine/stage.ts'
import { type Death, Died, Life, mortalHttp, mortalStore } from './mortality.ts'
import { spread } from './spread.ts'
import { directHttp } from '../../src/rehearsal/direct-http.ts'

/** What is killed: a stage that stands ready, and the run that begins on it. */
export interface Ready {
  readonly on: Stage
  /** One run, as a new process would make it. */
  readonly run: (options?: Partial<RunOptions>) => Promise<unknown>
  /** All that anybody can see afterwards. */
  readonly picture: () => unknown
}

export interface Scenario {
  readonly name: string
  /**
   * Why the end differs when the disk is lost: a lost base is a first match, and what is filled differently is held. The
   * scenario is then killed with its disk kept.
   */
  readonly neverForgets?: string
}

/** The runner that is killed: its stage is made with `options`, so that every request and every new id is its own. */
export class Runner {
  life = new Life()
  ids = 0

  readonly options: StageOptions = {
    counted: Date.UTC(2024, 0, 15),
    http: (simulator) => mortalHttp(directHttp(simulator), () => this.life),
    // The same ids in every life, so that ends can be compared.
    simulator: { world: { newId: () => newId(++this.ids) }, limits: { sales: {}, businessCentral: {} } },
  }
}

/** Whether the state survives the runner, or is put back to what was pushed before the run. */
export type Disk = 'kept' | 'lost'

export interface KillPoint extends Death {
  readonly disk: Disk
  /** What the runner was about to do, or had done. */
  readonly what: string
}

export interface Killed {
  readonly points: number
  readonly all: number
  readonly failures: readonly { readonly point: KillPoint; readonly why: string }[]
}

/** A run that finishes what was left may be followed by some that read it; one that writes nothing is the end. */
const mostRuns = 5

/**
 * Kills the run of a stage that stands ready at `most` points, spread evenly over all there are, and leaves the stage as
 * it was. Throws when the undisturbed run does nothing, or is not at rest after it.
 */
export async function kill(scenario: Scenario, { ready, runner, most }: Work): Promise<Killed> {
  const { on } = ready
  const pushed = on.store
  // What a service makes of itself when first spoken to (users, roles) is not the run's doing.
  await ready.run({ dry: true })
  const restore = on.simulator.savepoint()
  const begun = { at: on.clock.now().getTime(), ids: runner.ids }
  const set = (disk: Store): void => {
    restore()
    on.clock.set(begun.at)
    runner.ids = begun.ids
    on.store = disk
  }
  /** The run, killed or not, on a disk of its own; then the runs that follow it. */
  const lived = async (
    point: KillPoint | undefined,
  ): Promise<{ readonly steps: readonly string[]; readonly end: unknown }> => {
    const disk = overlay(pushed)
    set(disk)
    const life = new Life(point)
    runner.life = life
    on.store = mortalStore(disk, life)
    await ready.run().catch((error: unknown) => {
      if (!(error instanceof Died) && !life.isDead) throw error
    })
    const { steps } = life
    runner.life = new Life()
    on.store = point?.disk === 'lost' ? overlay(pushed) : disk
    const isAtRest = await toRest(ready)
    const end = { ...(ready.picture() as object), isAtRest }
    return { steps, end }
  }
  const calm = await lived(undefined)
  const wanted = comparable(calm.end)
  if (!wanted.endsWith('"isAtRest":true}')) throw new Error(`${scenario.name}: the undisturbed run is not at rest`)
  if (calm.steps.length < 4) throw new Error(`${scenario.name}: the undisturbed run does nothing`)
  const disks: readonly Disk[] = scenario.neverForgets === undefined ? ['kept', 'lost'] : ['kept']
  const all = pointsOf(calm.steps, disks)
  const points = spread(all, most)
  const failures: { point: KillPoint; why: string }[] = []
  for (const point of points) {
    const why = await lived(point).then(
      ({ end }) => (comparable(end) === wanted ? undefined : differing(wanted, comparable(end))),
      (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error)),
    )
    if (why !== undefined) failures.push({ point, why })
  }
  set(pushed)
  return { points: points.length, all: all.length, failures }
}

export interface Work {
  readonly ready: Ready
  readonly runner: Runner
  /** Points at most. */
  readonly most: number
}

/** Runs again and again; true when a run wrote nothing. */
async function toRest({ on, run }: Ready): Promise<boolean> {
  for (let made = 0; made < mostRuns; made++) {
    on.clock.advance(3_600_000)
    on.simulator.resetRequests()
    await run()
    if (writesMade(on.simulator) === 0) return true
  }
  return false
}

const pointsOf = (steps: readonly string[], disks: readonly Disk[]): readonly KillPoint[] =>
  steps.flatMap((what, index) =>
    (['before', 'after'] as const).flatMap((moment) => disks.map((disk) => ({ step: index + 1, moment, disk, what }))),
  )

/** An end as text. Ids and numbers that a service gave out count on with every life, so each is named by its first appearance. */
export function comparable(end: unknown): string {
  const seen = new Map<string, string>()
  return JSON.stringify(end).replaceAll(madeId, (id) => {
    const name = seen.get(id) ?? `#${seen.size + 1}`
    seen.set(id, name)
    return name
  })
}

/** Where two pictures begin to differ. */
function differing(wanted: string, got: string): string {
  let at = 0
  while (wanted[at] === got[at]) at += 1
  const from = Math.max(0, at - 120)
  return `wanted …${wanted.slice(from, at + 160)}…\n   got …${got.slice(from, at + 160)}…`
}

const madeId = /00000000-0000-4000-8009-\d{12}|ORD-\d{5}-\d{6}/g
const newId = (n: number): string => `00000000-0000-4000-8009-${String(n).padStart(12, '0')}`
