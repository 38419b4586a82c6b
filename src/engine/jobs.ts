/**
 * Carrying out a job: its mappings run under the lock of the state, and what is known of the job is committed before and
 * after. A job that fails as a whole is a value here (T-06); only a lock that somebody else holds, and the wish to stop,
 * are thrown.
 */
import { type Config, type Job, sideName, sides } from '../config/config.ts'
import { type JobResult, type JobState, ended, newJobState, started } from '../core/schedule.ts'
import { LockedError, StoppedError } from '../errors.ts'
import { failureOf, resultOf } from './job-result.ts'
import { type Ports, type RunReport, defaultRunOptions } from './ports.ts'
import { runLocked } from './run.ts'

/** What came of a job that was started. */
export interface JobRun {
  readonly job: Job
  readonly state: JobState
  readonly result: JobResult
  /** Absent when the run ended with an error. */
  readonly report: RunReport | undefined
  readonly error: unknown
  readonly ms: number
}

/** Why a job does not run at all, whatever its times say; undefined when it does (T-07). */
export function restsBecause(config: Config, job: Job): string | undefined {
  const off = sides.find((side) => !config.connections[side].enabled)
  if (!job.enabled) return job.reason ?? 'switched off in jobs.yaml'
  if (off !== undefined) return `the connection to ${sideName[off]} is switched off`
  return mappingsOf(config, job).length === 0 ? 'none of its mappings is in use' : undefined
}

/** The mappings of a job that are in use. */
export const mappingsOf = (config: Config, job: Job): readonly string[] =>
  config.mappings.filter(({ name, enabled }) => enabled && job.mappings.includes(name)).map(({ name }) => name)

/** The jobs that run, in the order of the first of their mappings: what others refer to comes first. */
export function activeJobs(config: Config): readonly Job[] {
  const place = new Map(config.mappings.map(({ name }, index) => [name, index]))
  const first = (job: Job): number => Math.min(...mappingsOf(config, job).map((name) => place.get(name) ?? 0))
  return config.jobs
    .filter((job) => restsBecause(config, job) === undefined)
    .map((job) => ({ job, first: first(job) }))
    .sort((a, b) => a.first - b.first)
    .map(({ job }) => job)
}

/** What is remembered of a job; of a new one, what its times say. */
export const stateOf = (states: ReadonlyMap<string, JobState>, job: Job, now: number): JobState =>
  states.get(job.name) ?? newJobState(job, now)

/** Runs a job. The lock must be held. Throws LockedError when it was lost, and StoppedError. */
export async function carryOut(config: Config, ports: Ports, job: Job, before: JobState): Promise<JobRun> {
  const { clock, store } = ports
  const startedAt = clock.now().getTime()
  await store.recordJob(started(before, startedAt))
  const { report, error } = await attempt(config, ports, job)
  const result = report === undefined ? failureOf(error) : resultOf(report)
  const now = clock.now().getTime()
  const state = ended(job, started(before, startedAt), result, now)
  await store.recordJob(state)
  return { job, state, result, report, error, ms: now - startedAt }
}

async function attempt(
  config: Config,
  ports: Ports,
  job: Job,
): Promise<{ readonly report?: RunReport; readonly error?: unknown }> {
  try {
    return { report: await runLocked(config, ports, { ...defaultRunOptions, mappings: mappingsOf(config, job) }) }
  } catch (error) {
    if (error instanceof LockedError || error instanceof StoppedError) throw error
    return { error }
  }
}
