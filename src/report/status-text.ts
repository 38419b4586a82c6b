/** What is in step, how fresh it is, and what waits: one line a mapping. */
import { counters, type Counter } from '../core/counters.ts'
import type { HeldKind } from '../core/coupling.ts'
import { type JobStatusTold, jobsTable } from './job-text.ts'
import type { Paint } from './paint.ts'
import { reasonOf } from './reasons.ts'
import { table } from './table.ts'
import { ago, duration, thousands } from './words.ts'

/** How one mapping stands. */
export interface MappingStatus {
  readonly mapping: string
  readonly enabled: boolean
  /** Why it is switched off. */
  readonly reason: string | undefined
  readonly coupled: number
  /** Pairs that would travel, were the mapping not switched off. */
  readonly resting: number
  readonly held: Readonly<Partial<Record<HeldKind, number>>>
  /** End of the last run in which it took part, ISO 8601. */
  readonly lastRun: string | undefined
  /** It has not run for longer than it should. */
  readonly stale: boolean
}

export interface Status {
  readonly lastRun: { readonly run: string; readonly endedAt: string; readonly ok: boolean } | undefined
  readonly mappings: readonly MappingStatus[]
  /** How the jobs stand; none where nothing runs them. */
  readonly jobs: readonly JobStatusTold[]
  /** What is too old to be trusted; empty when everything is fresh. */
  readonly warnings: readonly string[]
}

export function statusText(status: Status, paint: Paint, now: Date): string {
  const { lastRun, warnings } = status
  const head =
    lastRun === undefined
      ? paint.yellow('Nothing has run yet. See what a run would do: couplet plan')
      : `Last run ${lastRun.run} ended ${ago(lastRun.endedAt, now)}, ${lastRun.ok ? paint.green('in step') : paint.yellow('with records that wait')}.`
  const columns = [
    { title: 'mapping' },
    { title: 'coupled', align: 'right' as const },
    { title: 'last run', align: 'right' as const },
    { title: 'waiting', most: 60 },
  ]
  const rows = status.mappings.map((one) => [
    one.mapping,
    thousands(one.coupled),
    one.lastRun === undefined ? 'never' : { text: ago(one.lastRun, now), paint: one.stale ? paint.yellow : paint.dim },
    one.enabled ? waiting(one) : { text: off(one), paint: paint.dim },
  ])
  const jobs = status.jobs.length === 0 ? [] : [jobsTable(status.jobs, paint, now)]
  return [head, table(columns, rows, paint.bold), ...jobs, ...warnings.map((text) => paint.yellow(text))].join('\n\n')
}

/** How many it leaves behind comes first: a long reason is cut. */
const off = ({ reason, resting }: MappingStatus): string =>
  `off${resting === 0 ? '' : `, ${thousands(resting)} in step no longer travel`}${reason === undefined ? '' : `: ${reason}`}`

const waiting = ({ held }: MappingStatus): string =>
  Object.entries(held)
    .map(([kind, number]) => `${thousands(number)} ${reasonOf(kind as HeldKind).short}`)
    .join(', ')

/** A run as it is listed. */
export interface ListedRun {
  readonly run: string
  readonly startedAt: string
  readonly endedAt: string
  readonly ok: boolean
  readonly mappings: readonly Readonly<Record<Counter | 'requests', number>>[]
}

/** The last runs, newest first. */
export function runsText(runs: readonly ListedRun[], paint: Paint): string {
  if (runs.length === 0) return 'Nothing has run yet.'
  const counted = [...counters, 'requests'] as const
  const columns = [
    { title: 'ended (UTC)' },
    { title: 'run' },
    ...[...counted, 'time'].map((title) => ({ title, align: 'right' as const })),
    { title: '' },
  ]
  const rows = runs.map((run) => [
    run.endedAt.slice(0, 16).replace('T', ' '),
    run.run,
    ...counted.map((counter) => thousands(run.mappings.reduce((sum, one) => sum + one[counter], 0))),
    duration(Date.parse(run.endedAt) - Date.parse(run.startedAt)),
    run.ok ? { text: 'in step', paint: paint.green } : { text: 'records wait', paint: paint.yellow },
  ])
  return table(columns, rows, paint.bold)
}
