/**
 * The state on a branch of its own, for runners whose disk does not last. `pull` brings the branch into the state folder,
 * `push` takes the folder to the branch. Keeps P1 and P7: the branch moves only by compare-and-swap from the commit that
 * was read; when another runner was first, both histories are joined and it is tried again, so that no coupling is lost.
 * `refs/couplet/base/BRANCH` of the checkout remembers the commit that the folder began from.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { LockedError, RemoteError } from '../errors.ts'
import { cutHistory } from './branch-history.ts'
import type { Remote } from './git.ts'
import { push, remoteTip } from './git.ts'
import { openJsonStore } from './json-store.ts'
import { mergeFolders } from './merge-folders.ts'
import { changesMessage, stateChanges } from './state-changes.ts'
import type { StateChanges } from './state-changes.ts'
import { readStateFile } from './state-file.ts'
import { changedFiles, emptyTree, readTree, writeTree } from './state-tree.ts'

export interface StateBranch extends Remote {
  readonly branch: string
  /** State folder. */
  readonly folder: string
  /** Fingerprint key; it never travels with the branch. */
  readonly key: string
  readonly clock: Clock
}

export interface Pulled {
  /** empty: there is no such branch yet. merged: the folder held a state, and the branch had gone on. */
  readonly kind: 'empty' | 'taken' | 'same' | 'merged'
  /** Pairs that contradict each other and are held now. */
  readonly contradictions: number
}

/** Brings the branch into the state folder. Throws RemoteError, StateError, LockedError. */
export async function pullState(at: StateBranch): Promise<Pulled> {
  const tip = await remoteTip(at, refOf(at))
  if (tip === undefined) {
    await at.git(['update-ref', '-d', baseRef(at)])
    return { kind: 'empty', contradictions: 0 }
  }
  if ((await readStateFile(at.folder)) === undefined) {
    await readTree(at.git, `${tip}^{tree}`, at.folder)
    await at.git(['update-ref', baseRef(at), tip])
    return { kind: 'taken', contradictions: 0 }
  }
  const base = await baseOf(at)
  if (base === tip) return { kind: 'same', contradictions: 0 }
  return { kind: 'merged', contradictions: await joined(at, tip, base) }
}

export interface PushOptions {
  /** A change that is quiet is kept at most once in this time, milliseconds. */
  readonly quietEveryMs: number
  /** Commits on the branch before the older half is cut off. @default never */
  readonly history?: number | undefined
  /** Lines at the end of the commit's message, such as where the run is logged. */
  readonly trailers: readonly string[]
  /** For the pauses between tries, 0 to 1. */
  readonly random: () => number
}

export interface Pushed {
  /** nothing: there is no state. quiet: left for a later run. */
  readonly kind: 'nothing' | 'same' | 'quiet' | 'pushed'
  readonly changes: StateChanges
  /** What the commit says: `12 coupled, 3 held`. */
  readonly subject: string
  readonly commit: string | undefined
  /** How often another runner was first. */
  readonly raced: number
  readonly contradictions: number
}

const tries = 10

/** Takes the state folder to the branch. Throws RemoteError, StateError, LockedError. */
export async function pushState(at: StateBranch, options: PushOptions): Promise<Pushed> {
  if ((await readStateFile(at.folder)) === undefined) return { ...unchanged, kind: 'nothing' }
  await fold(at)
  for (let raced = 0, contradictions = 0; raced < tries; raced++) {
    if (raced > 0) await at.clock.sleep(pauseMs(raced, options.random()))
    const tip = await remoteTip(at, refOf(at))
    const base = await baseOf(at)
    if (tip !== undefined && tip !== base) contradictions += await joined(at, tip, base)
    const pushed = await pushUpon(at, tip, options)
    if (pushed !== 'raced') return { ...pushed, raced, contradictions }
  }
  throw new RemoteError(
    `The branch ${at.branch} moved ${tries} times while the state was taken there.`,
    'Nothing is lost: the state is in its folder. Run couplet state push again, and let one runner work at a time.',
  )
}

const unchanged: Omit<Pushed, 'kind'> = {
  changes: { mappings: {}, quiet: true },
  subject: '',
  commit: undefined,
  raced: 0,
  contradictions: 0,
}

/** One try, upon the commit that the branch stood at. */
async function pushUpon(
  at: StateBranch,
  tip: string | undefined,
  options: PushOptions,
): Promise<Pick<Pushed, 'kind' | 'changes' | 'subject' | 'commit'> | 'raced'> {
  const tree = await writeTree(at.git, at.folder)
  const files = await changedFiles(at.git, tip === undefined ? await emptyTree(at.git) : `${tip}^{tree}`, tree)
  const changes = stateChanges(files)
  const [subject = ''] = changesMessage(changes).split('\n')
  const told = { changes, subject, commit: undefined }
  if (tip !== undefined && files.length === 0) return { ...told, kind: 'same' }
  if (tip !== undefined && changes.quiet && (await isYoung(at, tip, options.quietEveryMs)))
    return { ...told, kind: 'quiet' }
  const commit = await commitOn(at, { tip, tree, changes }, options)
  if ((await push(at, { ref: refOf(at), to: commit, from: tip })) === 'raced') return 'raced'
  await at.git(['update-ref', baseRef(at), commit])
  return { ...told, kind: 'pushed', commit }
}

const refOf = ({ branch }: StateBranch): string => `refs/heads/${branch}`
const baseRef = ({ branch }: StateBranch): string => `refs/couplet/base/${branch}`

async function baseOf(at: StateBranch): Promise<string | undefined> {
  const { code, text } = await at.git(['rev-parse', '--verify', '--quiet', baseRef(at)], { codes: [0, 1] })
  return code === 0 ? text : undefined
}

/** How long a cancelled run may take to die, milliseconds. */
const patienceMs = 30_000

/**
 * Puts right what a killed run left, and its journal into the snapshot: so it does whenever the lock is taken and given.
 * Right after a cancellation the process may still be dying, and its lock with it.
 */
async function fold({ folder, key, clock }: StateBranch): Promise<void> {
  const store = await openJsonStore({ folder, key, clock })
  for (let waitedMs = 0; ; waitedMs += 500) {
    try {
      await store.lock('push')
      return await store.close()
    } catch (error) {
      if (!(error instanceof LockedError) || waitedMs >= patienceMs) throw error
      await clock.sleep(500)
    }
  }
}

/** Joins what the branch knows into the folder; returns how many pairs contradict each other. */
async function joined(at: StateBranch, tip: string, base: string | undefined): Promise<number> {
  const { git, folder, key, clock } = at
  const room = await mkdtemp(join(tmpdir(), 'couplet-state-'))
  try {
    const [theirs, before] = [join(room, 'theirs'), join(room, 'base')]
    await readTree(git, `${tip}^{tree}`, theirs)
    if (base !== undefined) await readTree(git, `${base}^{tree}`, before)
    const merged = await mergeFolders({ ours: folder, theirs, ...(base !== undefined && { base: before }), clock, key })
    await git(['update-ref', baseRef(at), tip])
    return Object.values(merged.contradictions).reduce((sum, pairs) => sum + pairs, 0)
  } finally {
    await rm(room, { recursive: true, force: true })
  }
}

async function isYoung({ git, clock }: StateBranch, commit: string, ms: number): Promise<boolean> {
  const { text } = await git(['show', '--no-patch', '--format=%ct', commit])
  return clock.now().getTime() - Number(text) * 1000 < ms
}

interface Next {
  readonly tip: string | undefined
  readonly tree: string
  readonly changes: StateChanges
}

/** A commit upon the tip, or upon what is left of it when the history is cut. */
async function commitOn(at: StateBranch, { tip, tree, changes }: Next, options: PushOptions): Promise<string> {
  const { parent, length } = await cutHistory(at, { ref: refOf(at), tip, most: options.history })
  const trailers = [...options.trailers, `History: ${length + 1}`]
  const message = `${changesMessage(changes)}\n\n${trailers.join('\n')}\n`
  const args = ['commit-tree', tree, ...(parent === undefined ? [] : ['-p', parent])]
  const date = at.clock.now().toISOString()
  const { text } = await at.git(args, {
    input: message,
    env: { ...author, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
  })
  return text
}

/** Who commits the state. */
export const author = {
  GIT_AUTHOR_NAME: 'Couplet',
  GIT_AUTHOR_EMAIL: 'couplet@localhost',
  GIT_COMMITTER_NAME: 'Couplet',
  GIT_COMMITTER_EMAIL: 'couplet@localhost',
}

/** Longer from try to try, and never the same for two runners, milliseconds. */
const pauseMs = (raced: number, random: number): number => Math.min(5000, 100 * 2 ** raced) * (0.5 + random)
