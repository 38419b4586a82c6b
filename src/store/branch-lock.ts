/**
 * One runner at a time on a state branch: `refs/couplet/lock/BRANCH` of the remote. It is taken by compare-and-swap from
 * nothing, so of two that try exactly one has it; a stale one is taken over from exactly the value that was read. The
 * same ref of the checkout remembers our own lock. Losing it loses nothing: `push` joins what two runners did (P7).
 */
import type { Clock } from '../clock.ts'
import { LockedError } from '../errors.ts'
import type { Remote } from './git.ts'
import { push, remoteTip } from './git.ts'
import { author } from './state-branch.ts'
import { emptyTree } from './state-tree.ts'

export interface BranchLock extends Remote {
  readonly branch: string
  readonly clock: Clock
}

export interface LockOptions {
  /** Who takes it, for people: machine, or the address of the run. */
  readonly owner: string
  /** A lock that is older is a dead runner's, milliseconds. */
  readonly staleMs: number
  /** Makes two locks of one moment differ. */
  readonly token: string
}

/** Takes the lock. Throws LockedError saying who has it, RemoteError. */
export async function lockBranch(
  at: BranchLock,
  { owner, staleMs, token }: LockOptions,
): Promise<'taken' | 'taken over'> {
  const former = await remoteTip(at, lockRef(at))
  if (former !== undefined) {
    const holder = await holderOf(at, former)
    const endsAt = holder.since + staleMs
    if (at.clock.now().getTime() < endsAt) throw takenBy(at, holder, endsAt)
  }
  const lock = await lockCommit(at, owner, token)
  // Noted before it is taken: a runner that is killed between the two can still give it back.
  await at.git(['update-ref', lockRef(at), lock])
  if ((await push(at, { ref: lockRef(at), to: lock, from: former })) === 'raced') {
    await at.git(['update-ref', '-d', lockRef(at)])
    throw new LockedError(`Another runner has just taken the lock of ${at.branch}. Wait until it ends, then run again.`)
  }
  return former === undefined ? 'taken' : 'taken over'
}

/** Gives our own lock back. `none`: this checkout took none. `lost`: another runner took it over. Throws RemoteError. */
export async function unlockBranch(at: BranchLock): Promise<'given back' | 'none' | 'lost'> {
  const { code, text: own } = await at.git(['rev-parse', '--verify', '--quiet', lockRef(at)], { codes: [0, 1] })
  if (code !== 0) return 'none'
  const given = await push(at, { ref: lockRef(at), to: undefined, from: own })
  await at.git(['update-ref', '-d', lockRef(at)])
  return given === 'raced' ? 'lost' : 'given back'
}

const lockRef = ({ branch }: BranchLock): string => `refs/couplet/lock/${branch}`

async function lockCommit({ git, clock }: BranchLock, owner: string, token: string): Promise<string> {
  const date = clock.now().toISOString()
  const env = { ...author, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }
  const input = `${owner.replaceAll(/\s+/g, ' ')}\n\n${token}\n`
  return (await git(['commit-tree', await emptyTree(git)], { input, env })).text
}

interface Holder {
  readonly owner: string
  /** Milliseconds since 1970. */
  readonly since: number
}

async function holderOf({ git }: BranchLock, lock: string): Promise<Holder> {
  const [since = '0', owner = ''] = (await git(['show', '--no-patch', '--format=%ct%n%s', lock])).text.split('\n')
  return { owner, since: Number(since) * 1000 }
}

const takenBy = ({ branch }: BranchLock, { owner, since }: Holder, endsAt: number): LockedError =>
  new LockedError(
    `The state branch ${branch} is locked by ${owner} since ${new Date(since).toISOString()}. Wait until it ends; if it ` +
      `is dead, its lock counts no more at ${new Date(endsAt).toISOString()} (sooner: couplet state lock --stale 0min).`,
  )
