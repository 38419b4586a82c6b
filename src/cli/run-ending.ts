/** How a finished run is told, and with which exit code it ends. */
import type { RunReport } from '../engine/ports.ts'
import { errorAnnotation, runAnnotations, runMarkdown } from '../report/github.ts'
import { runJson } from '../report/run-json.ts'
import { runText } from '../report/run-text.ts'
import type { RunTold } from '../report/told.ts'
import type { Context } from './context.ts'
import { exits } from './exit.ts'
import { addSummary, isGitHub } from './github.ts'

/** Prints the report, tells GitHub Actions about it, and gives the exit code. `failOn` `new`: known problems are no failure. */
export async function endRun(context: Context, report: RunReport, failOn: 'any' | 'new' = 'any'): Promise<number> {
  context.print(
    () => runText(report, context.paint),
    () => runJson(report),
  )
  await tellGitHub(context, report)
  return exitOf(report, failOn)
}

/** 3 when a service refused, 1 when records wait (or with `new`: when some did not wait before), else 0. */
export function exitOf(report: Pick<RunReport, 'refused' | 'problems'>, failOn: 'any' | 'new'): number {
  if (report.refused) return exits.refused
  const counted = failOn === 'new' ? report.problems.filter(({ isNew }) => isNew) : report.problems
  return counted.length > 0 ? exits.waiting : exits.done
}

/** `failures`: jobs that failed as a whole. Annotations go to standard error, where GitHub reads them too, so that `--json` stays one document. */
export async function tellGitHub(
  { terminal }: Context,
  report: RunTold,
  failures: readonly string[] = [],
): Promise<void> {
  if (!isGitHub(terminal)) return
  for (const line of [...runAnnotations(report.problems), ...failures.map(errorAnnotation)]) terminal.err(line)
  await addSummary(terminal, () => runMarkdown(report, failures))
}
