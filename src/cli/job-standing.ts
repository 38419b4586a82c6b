/** How jobs stand, for the commands that tell it. */
import type { Config, Job } from '../config/config.ts'
import { type JobState, newJobState } from '../core/schedule.ts'
import { activeJobs, mappingsOf, restsBecause } from '../engine/jobs.ts'
import type { JobStatusTold } from '../report/job-text.ts'

/** Every job of the project: those that run first, in the order in which they do. */
export function jobsTold(config: Config, states: ReadonlyMap<string, JobState>, now: Date): readonly JobStatusTold[] {
  const active = activeJobs(config)
  const resting = config.jobs.filter((job) => !active.includes(job))
  return [...active, ...resting].map((job) => jobTold(config, job, states.get(job.name), now))
}

function jobTold(config: Config, job: Job, known: JobState | undefined, now: Date): JobStatusTold {
  const state = known ?? newJobState(job, now.getTime())
  const { lastStart, lastEnd, attempts } = state
  const off = restsBecause(config, job)
  const begun = lastStart !== undefined && (lastEnd === undefined || lastEnd < lastStart) ? lastStart : undefined
  return {
    job: job.name,
    status: off === undefined ? standingOf(state) : 'off',
    mappings: off === undefined ? mappingsOf(config, job) : job.mappings,
    nextStart: off === undefined && state.status !== 'onHold' ? state.nextStart : undefined,
    lastEnd,
    attempts,
    begun,
    reason: off ?? state.reason ?? (state.status === 'onHold' ? '' : undefined),
  }
}

/** `failing`: it is ready, but its last runs failed. */
export const standingOf = ({ status, attempts }: JobState): JobStatusTold['status'] =>
  status === 'ready' && attempts > 0 ? 'failing' : status
