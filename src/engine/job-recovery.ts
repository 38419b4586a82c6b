/**
 * A good run that a person asked for takes up again the jobs that had failed on its mappings: what was in their way, a
 * safety limit above all, is not there any more.
 */
import type { Config } from '../config/config.ts'
import { restarted } from '../core/schedule.ts'
import { resultOf } from './job-result.ts'
import type { Ports, RunOptions, RunReport } from './ports.ts'

/** Makes failed jobs due whose mappings were run, and none of them badly. The lock must be held. */
export async function takeUpJobs(
  { jobs }: Config,
  { store, clock }: Pick<Ports, 'store' | 'clock'>,
  options: RunOptions,
  report: RunReport,
): Promise<void> {
  if (!isWhole(options)) return
  const states = await store.jobs()
  for (const job of jobs) {
    const state = states.get(job.name)
    if (state === undefined || state.status === 'onHold' || state.attempts === 0) continue
    if (ranWell(job.mappings, report)) await store.recordJob(restarted(state, clock.now().getTime()))
  }
}

/** A run of a few records, or of one direction, says nothing about the rest. */
const isWhole = ({ records, ids, direction, coupleOnly }: RunOptions): boolean =>
  records.length === 0 && ids === undefined && direction === undefined && !coupleOnly

function ranWell(names: readonly string[], report: RunReport): boolean {
  const mappings = report.mappings.filter(({ mapping }) => names.includes(mapping))
  const problems = report.problems.filter(({ mapping }) => names.includes(mapping))
  return mappings.length > 0 && resultOf({ mappings, problems }).kind === 'done'
}
