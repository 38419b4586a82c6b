/** One mapping test: rows are laid, people edit, the real engine runs; what came of it is told as data. */
import { threadEvaluator } from '../apart/thread-evaluator.ts'
import type { Config, Mapping, Side } from '../config/config.ts'
import { sides } from '../config/config.ts'
import type { Path } from '../config/path.ts'
import { roundsOf } from '../config/test-files.ts'
import type { EditsByEntity, Given, Pair, Test } from '../config/schema-types.ts'
import type { Coupling, Held } from '../core/coupling.ts'
import type { Operation } from '../core/plan.ts'
import { importCouplings } from '../engine/import-couplings.ts'
import { defaultRunOptions } from '../engine/ports.ts'
import type { Ports, RunProblem } from '../engine/ports.ts'
import { run } from '../engine/run.ts'
import { openMemoryStore, overlay } from '../store/memory-store.ts'
import type { Ground } from './ground.ts'
import { edit, idOf, put, recordOf, Refused } from './records.ts'

/** A test as it is played. */
export interface Script {
  /** The mappings that are looked at; others run along. */
  readonly tested: readonly string[]
  /** Rows of the file, then of the test; each with its place in the file. */
  readonly given: readonly { readonly path: Path; readonly given: Given }[]
  readonly test: Test
  readonly path: Path
}

/** What a test came to. */
export interface Outcome {
  /** Of the tested mappings, in the run under test. */
  readonly operations: readonly Operation[]
  readonly held: readonly (Held & { readonly mapping: string })[]
  readonly coupled: readonly (Coupling & { readonly mapping: string })[]
  /** Runs on, and tells what there is still to do after a few runs more: nothing, where a mapping settles (P3, P4). */
  restless(): Promise<readonly Operation[]>
  /** Mappings that could not run at all. */
  readonly refused: readonly RunProblem[]
}

/** A place in the file where the story cannot be played as it is written. */
export interface Stumble {
  readonly path: Path
  readonly message: string
}

/** When a test begins, unless it says another day. */
const usualDay = '2026-01-05'
/** Runs that a mapping may take to settle: an order goes over, is marked, and comes back. */
const mostRuns = 3

const hour = 3_600_000
const day = 24 * hour

/** One for all tests of a process. */
const apart = threadEvaluator()

/** The key of the fingerprints; nothing of a test is kept. */
const stateKey = 'mapping tests'

/** Plays a test. Throws nothing that the file's author can cause: those are stumbles. */
export async function play(ground: Ground, config: Config, script: Script): Promise<Outcome | readonly Stumble[]> {
  const { test, tested } = script
  const rounds = roundsOf(test)
  ground.restart(new Date(Date.parse(`${test.today ?? usualDay}T08:00:00Z`) - rounds.length * day))
  const stumbles = lay(ground, script)
  if (stumbles.length > 0) return stumbles
  const { connectors, clock } = ground
  const ports: Ports = { connectors, clock, overlay, store: openMemoryStore(stateKey), emit: () => {}, apart }
  const { pairs, wrong } = named(ground, config, script)
  const refused = wrong.length > 0 ? wrong : await couple(config, ports, pairs, script)
  if (refused.length > 0) return refused
  for (const { edited, path } of rounds) {
    await run(config, ports, defaultRunOptions)
    ground.wait(day - hour)
    const slips = sidesOf(edited).flatMap((side) => {
      ground.wait(60_000)
      return editSide(ground, side, { edits: edited[side] ?? {}, path: [...script.path, ...path, side] })
    })
    if (slips.length > 0) return slips
    ground.wait(hour)
  }
  const report = await run(config, ports, { ...defaultRunOptions, keepPlan: true })
  const outcome = {
    operations: report.plan.operations.filter(({ mapping }) => tested.includes(mapping)),
    held: tested.flatMap((mapping) =>
      [...ports.store.mapping(mapping).allHeld()].map((held) => ({ ...held, mapping })),
    ),
    coupled: tested.flatMap((mapping) =>
      [...ports.store.mapping(mapping).couplings()].map((coupling) => ({ ...coupling, mapping })),
    ),
    refused: report.problems.filter(({ kind, mapping }) => kind === 'service' && tested.includes(mapping)),
  }
  const restless = async (): Promise<readonly Operation[]> => {
    for (let runs = 0; ; runs += 1) {
      ground.wait(hour)
      const { plan } = await run(config, ports, { ...defaultRunOptions, dry: true, mappings: tested })
      const left = plan.operations.filter(({ mapping }) => tested.includes(mapping))
      if (left.length === 0 || runs === mostRuns) return left
      await run(config, ports, defaultRunOptions)
    }
  }
  return { ...outcome, restless }
}

/** The sides in the order in which they are written: what stands first happened first. */
const sidesOf = (edited: object): readonly Side[] =>
  Object.keys(edited).filter((key): key is Side => sides.some((side) => side === key))

/** Types the given rows in; every row that does not fit is told. */
function lay(ground: Ground, { given }: Script): readonly Stumble[] {
  return given.flatMap(({ path, given: rows }) =>
    sides.flatMap((side) =>
      Object.entries(rows[side] ?? {}).flatMap(([set, list]) =>
        list.flatMap((values, index) =>
          stumbling([...path, side, set, index], () => put(ground, { side, set }, { values, now: ground.clock.now() })),
        ),
      ),
    ),
  )
}

function editSide(
  ground: Ground,
  side: Side,
  { edits, path }: { readonly edits: EditsByEntity; readonly path: Path },
): readonly Stumble[] {
  return Object.entries(edits).flatMap(([set, list]) => {
    if (Array.isArray(list))
      return list.flatMap((values, index) =>
        stumbling([...path, set, index], () => put(ground, { side, set }, { values, now: ground.clock.now() })),
      )
    return Object.entries(list).flatMap(([record, doing]) =>
      stumbling([...path, set, record], () => edit(ground, { side, set }, { record, doing })),
    )
  })
}

function stumbling(path: Path, work: () => void): readonly Stumble[] {
  try {
    work()
    return []
  } catch (error) {
    if (error instanceof Refused) return [{ path, message: error.message }]
    throw error
  }
}

interface NamedPair {
  readonly mapping: string
  readonly businessCentral: string
  readonly sales: string
}

/** The ids of the pairs that are coupled by hand. */
function named(
  ground: Ground,
  config: Config,
  { test, tested, path }: Script,
): { readonly pairs: readonly NamedPair[]; readonly wrong: readonly Stumble[] } {
  const pairs: NamedPair[] = []
  const wrong = (test.coupled ?? []).flatMap((pair, index) => {
    const name = pair.mapping ?? tested[0] ?? ''
    const mapping = config.mappings.find((each) => each.name === name)
    const at = [...path, 'coupled', index]
    if (mapping === undefined) return [{ path: at, message: `no mapping is called "${name}"` }]
    return stumbling(at, () => {
      const ids = {
        businessCentral: idIn(ground, mapping, 'businessCentral', pair),
        sales: idIn(ground, mapping, 'sales', pair),
      }
      pairs.push({ mapping: name, ...ids })
    })
  })
  return { pairs, wrong }
}

/** The id by which a mapping knows a record that a test names. Throws Refused. */
export function idIn(ground: Ground, mapping: Mapping, side: Side, named: Partial<Pick<Pair, Side>>): string {
  const { entity } = mapping[side]
  const name = named[side] ?? ''
  if (entity === undefined || entity.kind === 'choice' || entity.kind === 'child')
    return typeof name === 'object' ? '' : String(name)
  const place = { side, set: entity.entity }
  const row = recordOf(ground, place, name)
  if (entity.kind !== 'service') return idOf(ground, place, row)
  const parts = entity.key.map((column) => `${column}='${String(row[column])}'`)
  return entity.key.length === 1 ? (parts[0] ?? '').replace(/^\w+=/, '') : parts.join(',')
}

async function couple(
  config: Config,
  ports: Ports,
  pairs: readonly NamedPair[],
  { path }: Script,
): Promise<readonly Stumble[]> {
  if (pairs.length === 0) return []
  const rows = pairs.map((pair, index) => ({ at: String(index), ...pair }))
  const { refused } = await importCouplings(config, ports, rows, true)
  return refused.map(({ at, message, remedy }) => ({
    path: [...path, 'coupled', Number(at)],
    message: `${message}. ${remedy}`,
  }))
}
