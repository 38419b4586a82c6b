/** `couplet sync --due`: runs once what is due and ends; for cron and GitHub Actions. */
import type { JobState } from '../core/schedule.ts'
import type { DueReport } from '../engine/due.ts'
import type { JobRun } from '../engine/jobs.ts'
import type { Project } from '../main.ts'
import { type JobRunTold, jobLine, jobNote } from '../report/job-text.ts'
import { runJson } from '../report/run-json.ts'
import { runText } from '../report/run-text.ts'
import type { RunTold } from '../report/told.ts'
import type { Context } from './context.ts'
import { endingOf, exits } from './exit.ts'
import { beatOnce } from './heartbeat.ts'
import { jobsTold, standingOf } from './job-standing.ts'
import { exitOf, tellGitHub } from './run-ending.ts'
import { UsageError } from './usage-error.ts'

/** Runs what is due, prints it, and gives the exit code: the worst of its jobs. */
export async function syncDue(context: Context, project: Project, failOn: 'any' | 'new'): Promise<number> {
  if (project.config.jobs.length === 0)
    throw new UsageError('There are no jobs.', 'Write them into jobs.yaml, or use the standard ones: use: standard@1')
  const due = await project.due()
  const run = together(due)
  context.print(
    () => dueText(context, project, due),
    () => ({ ...runJson(run), ok: run.ok && due.unseen === undefined, jobs: jobsJson(due) }),
  )
  if (due.runs.length > 0) await tellGitHub(context, run, failuresOf(due))
  for (const { error } of due.runs) tellBug(context, error)
  const code = exitOfDue(due, failOn, context)
  if (code === exits.done || code === exits.waiting) await beatOnce(context, project.config.serve.heartbeat)
  return code
}

/** All runs as one. */
function together({ runs }: DueReport): RunTold {
  const reports = runs.flatMap(({ report }) => report ?? [])
  return {
    run: reports.at(-1)?.run ?? '',
    ok: runs.every(({ report }) => report?.ok === true),
    mappings: reports.flatMap(({ mappings }) => mappings),
    problems: reports.flatMap(({ problems }) => problems),
    requests: Math.max(0, ...reports.map(({ requests }) => requests)),
    ms: runs.reduce((sum, { ms }) => sum + ms, 0),
  }
}

function dueText(context: Context, { config }: Project, due: DueReport): string {
  const { paint, terminal } = context
  const now = terminal.clock.now()
  const lines = due.runs.map((run) => jobLine(runTold(run), now))
  const report = due.runs.some(({ report }) => report !== undefined) ? runText(together(due), paint) : ''
  const troubled = jobsTold(config, new Map(due.waiting.map((state) => [state.job, state])), now).filter(
    ({ status, job }) => ['failing', 'stopped', 'onHold'].includes(status) && isWaiting(due, job),
  )
  const notes = [...troubled.map(jobNote), ...(due.unseen === undefined ? [] : [unseenText(due.unseen)])]
  const none = due.runs.length === 0 ? nothingDue(due.waiting) : ''
  return [lines.join('\n'), report, none, ...notes.map(paint.yellow)].filter((part) => part !== '').join('\n\n')
}

const isWaiting = ({ waiting }: DueReport, name: string): boolean => waiting.some(({ job }) => job === name)

const unseenText = ({ message, remedy }: NonNullable<DueReport['unseen']>): string =>
  `Whether the other jobs have changes could not be seen: ${message}. ${remedy}`

function nothingDue(waiting: readonly JobState[]): string {
  const [first] = waiting.filter(({ status }) => status !== 'onHold').toSorted(byStart)
  return first === undefined ? 'No job is in use.' : `Nothing is due. Next: ${first.job} at ${first.nextStart}`
}

const byStart = (a: JobState, b: JobState): number => (a.nextStart < b.nextStart ? -1 : 1)

/** A job's run as one line tells it. */
export function runTold({ job, report, result, state, ms }: JobRun): JobRunTold {
  return {
    job: job.name,
    mappings: report?.mappings ?? [],
    failure: result.kind === 'failed' ? result.reason : undefined,
    ms,
    status: standingOf(state),
    nextStart: state.nextStart,
  }
}

function jobsJson({ runs, waiting }: DueReport): readonly object[] {
  return [
    ...runs.map(({ state, result, report }) => jobJson(state, result.kind, report?.run)),
    ...waiting.map((state) => jobJson(state, 'waiting', undefined)),
  ]
}

const jobJson = (state: JobState, outcome: 'done' | 'failed' | 'waiting', run: string | undefined): object => ({
  job: state.job,
  outcome,
  run: run ?? null,
  status: standingOf(state),
  nextStart: state.status === 'onHold' ? null : state.nextStart,
  attempts: state.attempts,
  reason: state.reason ?? null,
})

const failuresOf = ({ runs }: DueReport): readonly string[] =>
  runs.flatMap(({ job, result }) => (result.kind === 'failed' ? [`${job.name}: ${result.reason}`] : []))

/** What is no refusal and no wrong file is told with its stack. */
function tellBug({ terminal, paint }: Context, error: unknown): void {
  const ending = error === undefined ? undefined : endingOf(error, paint)
  if (ending?.code === exits.bug) terminal.err(ending.text)
}

/** From the worst to the best. */
const severity: readonly number[] = [exits.bug, exits.wrong, exits.unsafe, exits.refused, exits.waiting, exits.done]

function exitOfDue(due: DueReport, failOn: 'any' | 'new', { paint }: Context): number {
  const codes = [
    ...due.runs.map((run) => exitOfRun(run, failOn, paint)),
    ...(due.unseen === undefined ? [] : [exits.refused]),
    ...(failOn === 'any' && due.waiting.some(({ status }) => status === 'stopped') ? [exits.refused] : []),
  ]
  return severity.find((code) => codes.includes(code)) ?? exits.done
}

function exitOfRun({ report, error, result }: JobRun, failOn: 'any' | 'new', paint: Context['paint']): number {
  if (report === undefined) return endingOf(error, paint).code
  return result.kind === 'failed' ? exits.refused : exitOf(report, failOn)
}
