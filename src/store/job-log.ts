/**
 * `jobs.jsonl`: how each job stands, one line a change, the last one of a job counts. A change costs its line; the file
 * is written anew when it has many more lines than jobs.
 */
import { join } from 'node:path'
import type { JobState } from '../core/schedule.ts'
import { appendSynced, readIfThere, replaceFile } from './durable-file.ts'

/** Lines beside one for each job before the file is written anew. */
const spare = 500

const fileOf = (folder: string): string => join(folder, 'jobs.jsonl')

/** The last state of each job, in the order of their first appearance. */
export async function readJobs(folder: string): Promise<ReadonlyMap<string, JobState>> {
  return latest(linesOf((await readIfThere(fileOf(folder))) ?? ''))
}

/** Adds a state. A line that a crash cut off is left behind: the job is due a little earlier for it. */
export async function appendJob(folder: string, state: JobState): Promise<void> {
  const text = (await readIfThere(fileOf(folder))) ?? ''
  const lines = linesOf(text)
  const jobs = new Map(latest(lines)).set(state.job, state)
  const whole = text === '' || text.endsWith('\n')
  if (whole && lines.length < jobs.size + spare) return appendSynced(fileOf(folder), lineOf(state))
  const last = [...jobs.values()].map((one) => lineOf(one))
  await replaceFile(fileOf(folder), last.join(''))
}

/** Name and standing first, for who reads the file. */
const lineOf = ({ job, status, nextStart, ...rest }: JobState): string =>
  `${JSON.stringify({ job, status, nextStart, ...rest })}\n`

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '')

function latest(lines: readonly string[]): ReadonlyMap<string, JobState> {
  const jobs = new Map<string, JobState>()
  for (const line of lines) {
    const state = parse(line)
    if (state !== undefined) jobs.set(state.job, state)
  }
  return jobs
}

const statuses: readonly JobState['status'][] = ['ready', 'asleep', 'stopped', 'onHold']

const faults: readonly unknown[] = ['outage', 'permission', 'limit', 'other'] satisfies readonly JobState['fault'][]

/** A line of this or an older version, or one that a hand was at; one without a moment or a known status is due now. */
function parse(line: string): JobState | undefined {
  try {
    const { job, status, nextStart, attempts, fault, ...found } = JSON.parse(line) as Partial<Record<string, unknown>>
    if (typeof job !== 'string') return undefined
    const texts = Object.entries({ lastStart: isMoment, lastEnd: isMoment, reason: isText }).filter(([key, fits]) =>
      fits(found[key]),
    )
    return {
      job,
      status: statuses.find((known) => known === status) ?? 'ready',
      nextStart: isMoment(nextStart) ? nextStart : '',
      attempts: Number.isSafeInteger(attempts) ? Math.max(0, Number(attempts)) : 0,
      ...(faults.includes(fault) && { fault: fault as JobState['fault'] }),
      ...Object.fromEntries(texts.map(([key]) => [key, String(found[key])])),
    }
  } catch {
    return undefined
  }
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isMoment = (value: unknown): value is string => isText(value) && Number.isFinite(Date.parse(value))
