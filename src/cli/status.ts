/** `couplet status`: what is in step, how fresh, and what waits. A job that failed, and with
 * `--max-age` a stale mapping, end with 1. */
import type { Config, Mapping } from '../config/config.ts'
import type { HeldKind } from '../core/coupling.ts'
import type { JobState } from '../core/schedule.ts'
import { type JobStatusTold, jobNote } from '../report/job-text.ts'
import { statusText } from '../report/status-text.ts'
import type { MappingStatus, Status } from '../report/status-text.ts'
import { count, duration } from '../report/words.ts'
import type { RunSummary, Store } from '../store/store.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { exits } from './exit.ts'
import { jobsTold } from './job-standing.ts'
import { span } from './numbers.ts'

/** Runs looked through for the last one of each mapping. */
const lookedBack = 500

export const addStatus: AddCommand = (command, act) => {
  command
    .option('--max-age <span>', 'end with 1 when a mapping has not run for longer, e.g. 2h', span)
    .addHelpText('after', examples('couplet status', 'couplet status --max-age 2h'))
    .action((given: { maxAge?: number }) => act((context) => status(context, given.maxAge)))
}

export function status(context: Context, maxAgeMs: number | undefined): Promise<number> {
  return context.withState(async ({ config, ports }) => {
    const now = context.terminal.clock.now()
    const { store } = ports
    const runs = await store.runs(lookedBack)
    const told = statusOf({ config, store, runs, states: await store.jobs(), now, maxAgeMs })
    context.print(
      () => statusText(told, context.paint, now),
      () => told,
    )
    return told.warnings.length > 0 ? exits.waiting : exits.done
  })
}

/** What a status is made of. */
interface Facts {
  readonly config: Config
  readonly store: Store
  readonly runs: readonly RunSummary[]
  /** What is remembered of jobs: empty where neither serve nor sync --due was ever used. */
  readonly states: ReadonlyMap<string, JobState>
  readonly now: Date
  readonly maxAgeMs: number | undefined
}

/** How every mapping and every job stands. */
export function statusOf(facts: Facts): Status {
  const { config, store, runs, states, now, maxAgeMs } = facts
  const lastRuns = new Map<string, string>()
  for (const { mappings, endedAt } of runs)
    for (const { mapping } of mappings) if (!lastRuns.has(mapping)) lastRuns.set(mapping, endedAt)
  const jobs = states.size === 0 ? [] : jobsTold(config, states, now)
  const oldest = maxAgeMs === undefined ? undefined : new Date(now.getTime() - maxAgeMs).toISOString()
  const asleep = new Set(jobs.filter((job) => sleepsOn(job, oldest)).flatMap((job) => job.mappings))
  const mappings = config.mappings.map((mapping) =>
    statusOfMapping(mapping, store, {
      lastRun: lastRuns.get(mapping.name),
      oldest: asleep.has(mapping.name) ? undefined : oldest,
    }),
  )
  const [last] = runs
  return {
    lastRun: last === undefined ? undefined : { run: last.run, endedAt: last.endedAt, ok: last.ok },
    mappings,
    jobs,
    warnings: [
      ...staleWarnings(mappings, maxAgeMs),
      ...restingWarnings(config.mappings, mappings),
      ...jobs.filter(isTroubled).map(jobNote),
    ],
  }
}

/** A job that found nothing sleeps longer than a mapping may be old; it counts as fresh until its next start is late. */
const sleepsOn = ({ status, nextStart }: JobStatusTold, oldest: string | undefined): boolean =>
  status === 'asleep' && nextStart !== undefined && oldest !== undefined && nextStart > oldest

const isTroubled = ({ status }: JobStatusTold): boolean => status === 'stopped' || status === 'failing'

function staleWarnings(mappings: readonly MappingStatus[], maxAgeMs: number | undefined): readonly string[] {
  const stale = mappings.filter((one) => one.stale).map(({ mapping }) => mapping)
  if (stale.length === 0) return []
  return [
    `Not run for more than ${duration(maxAgeMs ?? 0)}: ${stale.join(', ')}. Run them: couplet sync ${stale.join(' ')}`,
  ]
}

/** Documents under way whose mapping was switched off: natively this is refused (L-15). */
function restingWarnings(all: readonly Mapping[], told: readonly MappingStatus[]): readonly string[] {
  const documents = new Set(all.filter(({ lines }) => lines !== undefined).map(({ name }) => name))
  return told
    .filter(({ mapping, resting }) => resting > 0 && documents.has(mapping))
    .map(
      ({ mapping, resting }) =>
        `${mapping} is switched off while ${count(resting, 'document')} it took over ${resting === 1 ? 'is' : 'are'} under way: what becomes of them no longer travels. Switch it on until they are over, or end them: couplet uncouple ${mapping} --all`,
    )
}

function statusOfMapping(
  mapping: Mapping,
  store: Store,
  age: { readonly lastRun: string | undefined; readonly oldest: string | undefined },
): MappingStatus {
  const state = store.mapping(mapping.name)
  const held: Partial<Record<HeldKind, number>> = {}
  for (const { kind } of state.allHeld()) held[kind] = (held[kind] ?? 0) + 1
  const { lastRun, oldest } = age
  const resting = mapping.enabled ? [] : [...state.couplings()].filter(({ ended }) => ended === undefined)
  return {
    mapping: mapping.name,
    enabled: mapping.enabled,
    reason: mapping.reason,
    coupled: state.size,
    resting: resting.length,
    held,
    lastRun,
    stale: mapping.enabled && oldest !== undefined && (lastRun === undefined || lastRun < oldest),
  }
}
