/** Where `couplet diff` takes records from to tell the effect of a change; whatever it is, nothing is written to it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { isAbsolute, join, relative, resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import { loadProject } from '../config/load.ts'
import { effectWithoutClaims } from '../core/claims.ts'
import { effectOf } from '../engine/effect.ts'
import type { Effect } from '../engine/effect.ts'
import { defaultRunOptions } from '../engine/ports.ts'
import type { Ports } from '../engine/ports.ts'
import { run } from '../engine/run.ts'
import type { ToldEffect } from '../report/effect-report.ts'
import type { Context } from './context.ts'
import { progress } from './progress.ts'
import { UsageError } from './usage-error.ts'
import { showsValues } from './show-values.ts'
import type { ValueArguments } from './show-values.ts'
import { readAccess } from './versions.ts'
import type { ReadVersion } from './versions.ts'

export type EffectSource = 'live' | 'demo' | { /** Folder. */ readonly snapshot: string }

/** Both versions of a configuration. */
interface Versions {
  readonly before: ReadVersion
  readonly after: ReadVersion
}

/** What the change does to the records of a source. Throws ConfigError, ConnectorError, StateError. */
export async function effectFrom(
  context: Context,
  source: EffectSource,
  versions: Versions,
  given: ValueArguments,
): Promise<ToldEffect> {
  const { effect, from, inexact = [] } = await found(context, source, versions)
  const showValues = showsValues(context, given)
  const [before, after] = [versions.before.config.mappings, versions.after.config.mappings]
  const known = new Map([...before, ...after].map((mapping) => [mapping.name, mapping]))
  return {
    ...effect,
    ...(showValues ? {} : effectWithoutClaims(effect, before, after)),
    source: from,
    inexact,
    showValues,
    entityOf: (name, side) => known.get(name)?.[side].entity?.entity ?? 'records',
  }
}

interface Found {
  readonly effect: Effect
  readonly from: string
  readonly inexact?: ToldEffect['inexact']
}

function found(context: Context, source: EffectSource, versions: Versions): Promise<Found> {
  if (typeof source === 'object') return recorded(context, source.snapshot, versions)
  return source === 'live' ? live(context, versions) : demo(context, versions)
}

/**
 * The services themselves. Addresses and credentials are those of the version before, and the state is the project's: a
 * branch can neither send a credential elsewhere nor read another state.
 */
async function live(context: Context, { before, after }: Versions): Promise<Found> {
  const { env, clock } = context.terminal
  const { folder } = before.revision
  const read = await readAccess(before.revision, {
    env,
    ...(context.target !== undefined && { target: context.target }),
  })
  const state = { ...read.state, path: movedTo(context.folder, folder, read.state.path) }
  const { connections } = read
  const { openConfig } = await import('../main.ts')
  const old = { ...before.config, connections, state }
  const project = await openConfig(old, { env, clock, emit: progress(context.terminal, false) })
  try {
    const effect = await effectOf(old, { ...after.config, connections, state }, project.ports)
    return { effect, from: `the live services${withoutState(project.ports)}` }
  } finally {
    await project.close()
  }
}

const withoutState = ({ store }: Ports): string =>
  store.mappings().length === 0 ? ' (there is no state yet: all would meet for the first time)' : ''

/** The state lies in the project, not in a commit's temporary folder. */
function movedTo(project: string, revision: string, path: string): string {
  const inside = relative(revision, path)
  return inside.startsWith('..') || isAbsolute(inside) ? path : resolve(project, inside)
}

/** The records of a snapshot, as they stood on its day. */
async function recorded(context: Context, named: string, { before, after }: Versions): Promise<Found> {
  const [{ readSnapshot }, { replayed, dayOf }, { untold }, { threadEvaluator }] = await Promise.all([
    import('../snapshot/folder.ts'),
    import('../snapshot/replay.ts'),
    import('../snapshot/untold.ts'),
    import('../apart/thread-evaluator.ts'),
  ])
  const snapshot = await readSnapshot(resolve(context.terminal.cwd, named))
  if (snapshot.target !== context.target)
    throw new UsageError(
      `The snapshot in ${named} was taken ${withTarget(snapshot.target)}, and this is compared ${withTarget(context.target)}.`,
      'Give the target that it was taken with, or take one with this target: couplet snapshot --target NAME',
    )
  const ports = await replayed(snapshot, { emit: progress(context.terminal, false), apart: threadEvaluator() })
  const { refused, inexact } = untold(snapshot, before.config.mappings, after.config.mappings)
  const effect = await effectOf(before.config, after.config, ports, refused)
  const from = `the snapshot of ${dayOf(snapshot)} in ${named}, with pseudonyms for values${withoutState(ports)}`
  return { effect, inexact, from }
}

const withTarget = (target: string | undefined): string =>
  target === undefined ? 'without a target' : `with the target ${target}`

/** The simulator with a demo company, brought in step by the version before; all of it is gone afterwards. */
async function demo(context: Context, { before, after }: Versions): Promise<Found> {
  const { clock } = context.terminal
  const [{ startPlayground, writePlaygroundProject }, { openScratch }] = await Promise.all([
    import('./playground.ts'),
    import('../main.ts'),
  ])
  const playground = await startPlayground({ company: 'contoso', customers: 20, overlap: 0.5, seed: 1 })
  const room = await mkdtemp(join(tmpdir(), 'couplet-demo-'))
  try {
    await writePlaygroundProject(room, playground)
    const { connections, settings } = await loadProject(room, { env: {} })
    const on = (config: Config): Config => ({
      ...config,
      connections,
      settings: {
        ...config.settings,
        ...(settings.localCurrency !== undefined && { localCurrency: settings.localCurrency }),
      },
    })
    const ports = openScratch(connections, { env: {}, clock })
    try {
      await bringInStep(on(before.config), ports)
      const effect = await effectOf(on(before.config), on(after.config), ports)
      // The limits are meant for the size of the real company.
      return { effect: { ...effect, excesses: [] }, from: 'the demo company' }
    } finally {
      await Promise.all([ports.connectors.businessCentral.close(), ports.connectors.sales.close()])
    }
  } finally {
    await rm(room, { recursive: true, force: true })
    await playground.simulator.stop()
  }
}

/** Two runs that create on both sides and heed no limit: references among new records take the second. */
async function bringInStep(config: Config, ports: Ports): Promise<void> {
  const none = { deletes: unlimited, updates: unlimited, creates: unlimited }
  const open = { ...config, mappings: config.mappings.map((mapping) => ({ ...mapping, limits: none })) }
  const options = { ...defaultRunOptions, creates: { businessCentral: true, sales: true } }
  for (let round = 0; round < 2; round++) await run(open, ports, options)
}
const unlimited = { count: undefined, share: undefined }
