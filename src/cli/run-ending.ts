/** How a finished run is told, and with which exit code it ends. */
import { appendFile } from 'node:fs/promises'
import type { RunReport } from '../engine/ports.ts'
import { runAnnotations, runMarkdown } from '../report/github.ts'
import { runJson } from '../report/run-json.ts'
import { runText } from '../report/run-text.ts'
import type { RunTold } from '../report/told.ts'
import type { Context } from './context.ts'
import { exits, isGitHub } from './exit.ts'

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

/** Annotations go to standard error, where GitHub reads them too, so that `--json` stays one document. */
export async function tellGitHub({ terminal }: Context, report: RunTold): Promise<void> {
  if (!isGitHub(terminal)) return
  for (const line of runAnnotations(report.problems)) terminal.err(line)
  const summary = terminal.env['GITHUB_STEP_SUMMARY']
  if (summary !== undefined && summary !== '') await appendFile(summary, runMarkdown(report))
}
