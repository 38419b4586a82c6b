/** Jobs as text: how each stands, and one line for each run of one. */
import type { Paint } from './paint.ts'
import { table } from './table.ts'
import type { CountsTold } from './told.ts'
import { ago, count, duration } from './words.ts'

/** How a job stands. Moments are ISO 8601 in UTC. */
export interface JobStatusTold {
  readonly job: string
  /** ready, asleep, failing (tried again later), stopped (with an error), onHold (by a person) or off (in the files). */
  readonly status: 'ready' | 'asleep' | 'failing' | 'stopped' | 'onHold' | 'off'
  readonly mappings: readonly string[]
  /** Undefined where nothing starts it. */
  readonly nextStart: string | undefined
  readonly lastEnd: string | undefined
  /** Runs in a row that failed as a whole. */
  readonly attempts: number
  /** It was started and its runner died, or it runs at this moment. */
  readonly begun: string | undefined
  readonly reason: string | undefined
}

/** One line a job; below them why some do not run as they should. */
export function jobsText(jobs: readonly JobStatusTold[], paint: Paint, now: Date): string {
  if (jobs.length === 0)
    return 'There are no jobs. Write them into jobs.yaml, or use the standard ones: use: standard@1'
  const troubled = jobs.filter(({ status }) => status === 'failing' || status === 'stopped' || status === 'onHold')
  return [jobsTable(jobs, paint, now), ...troubled.map((job) => paint.yellow(jobNote(job)))].join('\n\n')
}

/** One line a job. */
export function jobsTable(jobs: readonly JobStatusTold[], paint: Paint, now: Date): string {
  const columns = [
    { title: 'job' },
    { title: 'stands' },
    { title: 'last run', align: 'right' as const },
    { title: 'next start', align: 'right' as const },
    { title: 'mappings', most: 60 },
  ]
  const rows = jobs.map((one) => [
    one.job,
    { text: standing(one), paint: paintOf(one, paint) },
    one.lastEnd === undefined ? 'never' : ago(one.lastEnd, now),
    one.nextStart === undefined ? '' : until(one.nextStart, now),
    one.status === 'off' ? { text: one.reason ?? '', paint: paint.dim } : one.mappings.join(', '),
  ])
  return table(columns, rows, paint.bold)
}

/** Why a job does not run as it should, and what to do. */
export function jobNote({ job, status, reason = '', attempts, nextStart }: JobStatusTold): string {
  if (status === 'onHold')
    return `${job} is on hold${reason === '' ? '' : `: ${reason}`}. Go on: couplet jobs resume ${job}`
  const failures = `failed ${count(attempts, 'time')} in a row`
  if (status === 'stopped')
    return `${job} ${failures} and is stopped: ${reason} When that is put right: couplet jobs restart ${job}`
  return `${job} ${failures} and is tried again at ${nextStart ?? ''}: ${reason}`
}

const standing = ({ status, begun, attempts }: JobStatusTold): string => {
  if (begun !== undefined) return 'running or cut off'
  if (status === 'failing') return `failing (${attempts})`
  return status === 'onHold' ? 'on hold' : status
}

function paintOf({ status }: JobStatusTold, paint: Paint): (text: string) => string {
  if (status === 'stopped') return paint.red
  if (status === 'failing' || status === 'onHold') return paint.yellow
  return status === 'ready' ? paint.green : paint.dim
}

/** How far away a moment is. */
function until(iso: string, now: Date): string {
  const ms = Date.parse(iso) - now.getTime()
  return ms <= 0 ? 'now' : `in ${duration(ms)}`
}

/** A run of a job as it is told in one line. */
export interface JobRunTold {
  readonly job: string
  readonly mappings: readonly CountsTold[]
  /** Why the job failed as a whole. */
  readonly failure: string | undefined
  readonly ms: number
  readonly status: JobStatusTold['status']
  readonly nextStart: string
}

/** `10:30:02Z customer-account: 3 created, 1 held. 2.1 s; next 11:00:04Z`, with dates. */
export function jobLine(run: JobRunTold, at: Date): string {
  const head = `${at.toISOString().slice(0, 19)}Z ${run.job}`
  const next = run.status === 'asleep' ? `sleeps until ${run.nextStart}` : `next ${run.nextStart}`
  if (run.failure !== undefined)
    return `${head}: failed${run.status === 'stopped' ? ' and stopped' : ''}. ${run.failure} ${duration(run.ms)}; ${next}`
  return `${head}: ${countsLine(run.mappings)}. ${duration(run.ms)}; ${next}`
}

const counters = ['created', 'updated', 'deleted', 'coupled', 'uncoupled', 'held', 'failed'] as const

function countsLine(mappings: readonly CountsTold[]): string {
  const told = counters.flatMap((counter) => {
    const sum = mappings.reduce((total, one) => total + one[counter], 0)
    return sum === 0 ? [] : [`${sum} ${counter}`]
  })
  return told.length === 0 ? 'nothing to do' : told.join(', ')
}
