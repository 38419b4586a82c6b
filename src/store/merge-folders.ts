/** Two state folders made one: the part of `couplet state merge` that reads and writes. See `merge-content.ts`. */
import type { Clock } from '../clock.ts'
import type { JobState } from '../core/schedule.ts'
import { StateError } from '../errors.ts'
import type { JsonStore } from './json-store.ts'
import { openJsonStore } from './json-store.ts'
import { byText, contentOr, mergeContent, mergeRows } from './merge-content.ts'
import { replaceRuns } from './run-log.ts'
import { keyCheck, readStateFile, refuseOtherServices } from './state-file.ts'
import type { RunSummary } from './store.ts'

export interface MergeFolders {
  /** Takes what the others know. */
  readonly ours: string
  readonly theirs: string
  /** The state both began from. @default unknown: nothing counts as removed */
  readonly base?: string | undefined
  readonly clock: Clock
  /** Fingerprint key of all of them. @default the one kept in each folder */
  readonly key?: string | undefined
}

export interface MergedFolders {
  readonly couplings: number
  /** Mapping → pairs that contradict each other and are held now. */
  readonly contradictions: Readonly<Record<string, number>>
}

/**
 * Brings into `ours` what `theirs` knows. Throws StateError when a folder holds no state, belongs to other services or was
 * made with another fingerprint key, and LockedError when a runner is at work in `ours`; then nothing was changed.
 */
export async function mergeFolders(asked: MergeFolders): Promise<MergedFolders> {
  const { ours, theirs, base, clock } = asked
  const store = await opened(ours, asked)
  const other = await opened(theirs, asked)
  const before = base === undefined ? undefined : await opened(base, asked)
  for (const one of [other, before]) if (one !== undefined) refuseOther(store, one)
  await store.lock('merge')
  try {
    if (store.identity === undefined && other.identity !== undefined) await store.bind(other.identity)
    const contradictions = await mergeMappings({ store, other, before }, clock.now().toISOString())
    await replaceRuns(ours, mergeRuns(await store.runs(all), await other.runs(all)))
    for (const job of await mergedJobs({ store, other, before })) await store.recordJob(job)
    const couplings = store.mappings().reduce((sum, name) => sum + store.mapping(name).size, 0)
    return { couplings, contradictions }
  } finally {
    await store.close()
  }
}

const all = Number.MAX_SAFE_INTEGER

interface Stores {
  readonly store: JsonStore
  readonly other: JsonStore
  readonly before: JsonStore | undefined
}

async function opened(folder: string, { clock, key }: MergeFolders): Promise<JsonStore> {
  if ((await readStateFile(folder)) === undefined)
    throw new StateError(`${folder} holds no state.`, 'Name the folder that holds state.json.')
  return openJsonStore({ folder, clock, ...(key !== undefined && { key }) })
}

/** Throws StateError unless both are histories of the same state. */
function refuseOther(ours: JsonStore, theirs: JsonStore): void {
  if (ours.identity !== undefined && theirs.identity !== undefined)
    refuseOtherServices(ours.folder, ours.identity, theirs.identity)
  if (keyCheck(ours.key) === keyCheck(theirs.key)) return
  throw new StateError(
    `${theirs.folder} was made with another fingerprint key than ${ours.folder}.`,
    'Only histories of the same state can be joined; give all runners the same state.key.',
  )
}

const has = (of: JsonStore | undefined, name: string): boolean => of?.mappings().includes(name) === true

async function mergeMappings({ store, other, before }: Stores, now: string): Promise<Readonly<Record<string, number>>> {
  const contradictions: Record<string, number> = {}
  for (const name of new Set([...store.mappings(), ...other.mappings()])) {
    const of = (one: JsonStore | undefined) => (has(one, name) ? one?.content(name) : undefined)
    // A mapping that only one of them has ever run is news, whatever they began from.
    const isNews = !has(store, name) || !has(other, name)
    const base = before === undefined && !isNews ? undefined : contentOr(of(before))
    const ours = contentOr(of(store))
    const merged = mergeContent({ base, ours, theirs: contentOr(of(other)) }, now)
    if (merged.contradictions.length > 0) contradictions[name] = merged.contradictions.length
    if (merged.content !== ours) await store.replace(name, merged.content)
  }
  return contradictions
}

const text = ({ endedAt, run }: RunSummary): string => `${endedAt} ${run}`

/** Every run once, newest last. */
function mergeRuns(ours: readonly RunSummary[], theirs: readonly RunSummary[]): readonly RunSummary[] {
  const runs = mergeRows({ base: undefined, ours, theirs }, ({ run }) => run, byText)
  return runs.toSorted((a, b) => (text(a) < text(b) ? -1 : 1))
}

const rows = (jobs: ReadonlyMap<string, JobState> | undefined) => [...(jobs?.values() ?? [])]

/** The jobs that the merge changes. Of two histories of a job the one that started it last counts, a hold before all. */
async function mergedJobs({ store, other, before }: Stores): Promise<readonly JobState[]> {
  const ours = await store.jobs()
  const base = before === undefined ? undefined : rows(await before.jobs())
  const merged = mergeRows({ base, ours: rows(ours), theirs: rows(await other.jobs()) }, ({ job }) => job, laterJob)
  return merged.filter((job) => JSON.stringify(ours.get(job.job)) !== JSON.stringify(job))
}

const rank = ({ status, lastStart = '' }: JobState): string => `${status === 'onHold' ? 1 : 0} ${lastStart}`

function laterJob(a: JobState, b: JobState): JobState {
  if (rank(a) === rank(b)) return byText(a, b)
  return rank(a) > rank(b) ? a : b
}
