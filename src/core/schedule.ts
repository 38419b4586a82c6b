/**
 * When jobs run: pure decisions over a job, what is remembered of it, and the present moment. Keeps the native rules
 * T-02 to T-08. Every next start is one moment in UTC, so that no change of clocks repeats or loses a run.
 */
import type { Job } from '../config/config.ts'
import { instantOf, utcText } from './instant.ts'

/**
 * ready: starts at `nextStart`. asleep: its last run found nothing, so it sleeps longer; changes wake it.
 * stopped: failed too often, or lacks a permission; tried once a day until a person restarts it or the cause is gone.
 * onHold: a person put it aside; nothing starts it.
 */
export type JobStatus = 'ready' | 'asleep' | 'stopped' | 'onHold'

/**
 * Why a job failed as a whole. outage: a service was not reached or did not take the login. permission: the
 * integration's user may not do it. limit: a safety limit waits for a person. other: it will hardly pass by itself.
 */
export type JobFault = 'outage' | 'permission' | 'limit' | 'other'

/** What is remembered of a job. Moments are ISO 8601 in UTC. */
export interface JobState {
  readonly job: string
  readonly status: JobStatus
  /** Not before this moment; one that has passed means at once. */
  readonly nextStart: string
  readonly lastStart?: string | undefined
  /** End of the last run, however it ended; before `lastStart` when its runner died. */
  readonly lastEnd?: string | undefined
  /** Runs in a row that failed as a whole. */
  readonly attempts: number
  readonly fault?: JobFault | undefined
  /** What went wrong and what to do, or why it is on hold. */
  readonly reason?: string | undefined
}

/** How a run of a job ended. */
export type JobResult =
  /** `moved`: records created, updated or deleted. `failed`: records that were refused and will be tried again. */
  | { readonly kind: 'done'; readonly moved: number; readonly failed: number }
  | { readonly kind: 'failed'; readonly fault: JobFault; readonly reason: string }

/** Times of a job that a decision needs. */
type Times = Pick<Job, 'everyMs' | 'inactivityMs' | 'delayMs' | 'attempts' | 'startsAsleep'>

const minute = 60_000
const day = 86_400_000
const shortestDelayMs = 5000

/** What is known of a job that has never run: it is due, unless it starts asleep (T-08). `now` in milliseconds. */
export const newJobState = (job: Pick<Job, 'name'> & Times, now: number): JobState => ({
  job: job.name,
  status: job.startsAsleep ? 'asleep' : 'ready',
  nextStart: utcText(job.startsAsleep ? now + (job.inactivityMs ?? job.everyMs) : now),
  attempts: 0,
})

/** A run begins. Its end is not known yet, and if the runner dies the job is still due. */
export const started = (state: JobState, now: number): JobState => ({ ...state, lastStart: utcText(now) })

/** A run has ended: when is the next one? */
export function ended(job: Times, state: JobState, result: JobResult, now: number): JobState {
  const { job: name, lastStart } = state
  const base = { job: name, lastStart, lastEnd: utcText(now) }
  if (result.kind === 'done') return { ...base, attempts: 0, ...rest(job, result, now) }
  const { fault, reason } = result
  const attempts = state.attempts + 1
  const failed = { ...base, attempts, fault, reason }
  if (fault === 'limit') return { ...failed, status: 'ready', nextStart: utcText(now + job.everyMs) }
  if (fault === 'permission' || attempts >= job.attempts)
    return { ...failed, status: 'stopped', nextStart: utcText(now + day) }
  return { ...failed, status: 'ready', nextStart: utcText(now + retryDelayMs(attempts)) }
}

/** T-02: nothing moved and nothing failed, so the job sleeps where it may; else it is ready again after its interval. */
function rest(
  { everyMs, inactivityMs }: Times,
  { moved, failed }: Extract<JobResult, { kind: 'done' }>,
  now: number,
): Pick<JobState, 'status' | 'nextStart'> {
  if (moved + failed > 0 || inactivityMs === undefined) return { status: 'ready', nextStart: utcText(now + everyMs) }
  return { status: 'asleep', nextStart: utcText(now + inactivityMs) }
}

/** T-06: half a minute and 10ⁿ ms after the n-th failure (the 7th: 2.8 h), six hours after each later one. */
export const retryDelayMs = (attempt: number): number => 30_000 + (attempt <= 7 ? 10 ** attempt : 6 * 60 * minute)

/** True when a job may be woken: it waits, and would not start within a minute anyway (T-03). */
export const isWakeable = ({ status, nextStart }: JobState, now: number): boolean =>
  (status === 'ready' || status === 'asleep') && startOf(nextStart, now) > now + minute

/**
 * T-03, T-04: a side has changes, so the job starts soon after the first of them, and further edits fall into the same
 * run. `changedAt`: when the first change was made, if that is known, else now. Never later than planned before.
 */
export function woken(
  job: Times,
  state: JobState,
  at: { readonly now: number; readonly changedAt?: number },
): JobState {
  const { now, changedAt = now } = at
  if (!isWakeable(state, now)) return state
  const delayMs = Math.max(job.delayMs, shortestDelayMs)
  const start = Math.min(Math.max(now, changedAt + delayMs), now + delayMs, startOf(state.nextStart, now))
  return { ...state, status: 'ready', nextStart: utcText(start) }
}

/** A person puts a job aside (T-07). What is known of its last run stays. */
export function heldBack(state: JobState, reason: string | undefined): JobState {
  const { fault: _fault, reason: _reason, ...known } = state
  return { ...known, status: 'onHold', reason }
}

/** A person takes it up again, or the cause of its failures is gone: it is due, with all its attempts. */
export function restarted(state: JobState, now: number): JobState {
  const { fault: _fault, reason: _reason, ...known } = state
  return { ...known, status: 'ready', nextStart: utcText(now), attempts: 0 }
}

/**
 * True when a job should start. `earlyMs`: how much before its moment, for runners that come at fixed times. A last
 * end that lies ahead tells that the clock was set back: one run too many is better than hours without any.
 */
export function isDue(state: JobState, now: number, earlyMs = 0): boolean {
  if (state.status === 'onHold') return false
  const end = state.lastEnd === undefined ? now : startOf(state.lastEnd, now)
  return startOf(state.nextStart, now) <= now + earlyMs || end > now + minute
}

/** What a runner that comes at fixed times may take for due: a late end must not cost the job every second run. */
export const earlyFor = ({ everyMs }: Pick<Job, 'everyMs'>): number => Math.min(everyMs / 4, 5 * minute)

/**
 * The jobs that may start now, the one that waits longest first, in the given order among equals. T-05: none that
 * runs, none whose category runs, and of each category one.
 */
export function startable<J extends Pick<Job, 'name' | 'category'>>(
  jobs: readonly J[],
  stateOf: (job: J) => JobState,
  at: { readonly now: number; readonly running: readonly Pick<Job, 'name' | 'category'>[] },
): readonly J[] {
  const { now, running } = at
  const names = new Set(running.map(({ name }) => name))
  const categories = new Set(running.flatMap(({ category }) => category ?? []))
  const due = jobs
    .filter((job) => !names.has(job.name) && isDue(stateOf(job), now))
    .sort((a, b) => startOf(stateOf(a).nextStart, now) - startOf(stateOf(b).nextStart, now))
  return due.filter(({ category }) => {
    if (category === undefined) return true
    if (categories.has(category)) return false
    categories.add(category)
    return true
  })
}

/** When the next of the jobs starts, milliseconds; undefined when all are on hold. */
export function nextStart(states: readonly JobState[], now: number): number | undefined {
  const starts = states.filter(({ status }) => status !== 'onHold').map((state) => startOf(state.nextStart, now))
  return starts.length === 0 ? undefined : Math.min(...starts)
}

/** A moment that cannot be read (somebody edited the state) is now. */
const startOf = (iso: string, now: number): number => instantOf(iso) ?? now
