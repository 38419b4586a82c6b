/** The third door: a draft without problems becomes the Config that the rest of the program reads. */
import { isAbsolute, join } from 'node:path'
import type { BySide, Config, Connection, Follows, Job, Mapping } from './config.ts'
import type { Draft } from './draft.ts'
import { deepFreeze, hashOf } from './hash.ts'
import { linesOf } from './lines.ts'
import { entriesOf } from './merge.ts'
import { orderMappings } from './order.ts'
import { durationMs } from './quantities.ts'
import { followsOf } from './follows.ts'
import { resolveMapping } from './resolve-mapping.ts'
import type { Job as JobEntry, JobsFile, ProjectFile } from './schema-types.ts'
import { expand, type Secrets } from './secrets.ts'
import { conditionsInUse, neededMappings, rowsInUse, settingsOf, switchedOff } from './setting-values.ts'

export interface ResolveContext {
  /** The project folder, absolute. */
  readonly root: string
  /** What the path of the state is relative to, absolute. */
  readonly stateRoot: string
  readonly target: string | undefined
  /** The target's file names a folder for state of its own. */
  readonly ownState: boolean
  readonly connections: BySide<Connection>
  readonly secrets: Secrets
}

/** Resolves a project in which nothing is wrong. */
export async function resolveProject(draft: Draft, context: ResolveContext): Promise<Config> {
  const project = draft.project.value
  const settings = settingsOf(project)
  const needed = neededMappings(draft.mappings, project)
  const ordered = orderMappings(draft.mappings)
  const off = new Map<string, string>()
  const mappings: Mapping[] = []
  for (const mapping of ordered) {
    const rows = await rowsInUse(mapping, settings)
    const lineRows = await rowsInUse({ ...mapping, value: linesOf(mapping.value) ?? {} }, settings)
    const follows = followsOf(mapping, ordered)
    const why = (await switchedOff(mapping, { value: project, needed }, settings)) ?? restsWith(follows, off)
    if (why !== undefined) off.set(mapping.name, why)
    const conditions = {
      businessCentral: await conditionsInUse(mapping.value.businessCentral, settings),
      sales: await conditionsInUse(mapping.value.sales, settings),
    }
    mappings.push(resolveMapping(mapping, { project, settings, rows, lineRows, conditions, off: why, follows }))
  }
  const { root, target, connections } = context
  return deepFreeze({
    root,
    target,
    connections,
    settings,
    state: stateOf(draft, context),
    mappings,
    jobs: resolveJobs(draft.jobs.value),
    serve: serveOf(project),
    hash: hashOf({ mappings, settings }, 16),
  })
}

/** What follows a mapping that is switched off rests with it. */
const restsWith = (follows: Follows | undefined, off: ReadonlyMap<string, string>): string | undefined =>
  follows !== undefined && off.has(follows.mapping)
    ? `${follows.mapping}, which it follows, is switched off`
    : undefined

/** Each target has a state of its own. */
function stateOf({ project }: Draft, { stateRoot, target, ownState, secrets }: ResolveContext): Config['state'] {
  const { path = '.couplet', key } = project.value.state ?? {}
  const folder = isAbsolute(path) ? path : join(stateRoot, path)
  return {
    store: 'json',
    path: target === undefined || ownState ? folder : join(folder, target),
    ...(key !== undefined && { key: expand(key, secrets) }),
  }
}

function resolveJobs({ jobs }: JobsFile): readonly Job[] {
  return entriesOf(jobs).map(([name, job]) => resolveJob(name, job))
}

function resolveJob(name: string, job: JobEntry): Job {
  const { mappings = [], enabled = true, reason, category, attempts = 10, startsAsleep = false } = job
  const { every = '30 min', inactivity = 'never', wake = '1 min', delay = '30 s' } = job
  return {
    name,
    mappings,
    enabled,
    reason,
    category,
    attempts,
    startsAsleep,
    everyMs: durationMs(every) as number,
    inactivityMs: durationMs(inactivity),
    wakeMs: durationMs(wake),
    delayMs: durationMs(delay) as number,
  }
}

function serveOf({ serve = {} }: ProjectFile): Config['serve'] {
  const { publicUrl, heartbeat } = serve
  return { publicUrl: publicUrl?.replace(/\/+$/, ''), heartbeat }
}
