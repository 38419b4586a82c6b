/** `couplet sync`: plan and apply. */
import { Option } from 'commander'
import { yesOption } from './confirm.ts'
import { examples } from './context.ts'
import { checkFull, createHint, fullRun, showReview } from './full-run.ts'
import type { FullArguments } from './full-run.ts'
import type { AddCommand, Context } from './context.ts'
import { exits } from './exit.ts'
import { mappingsNamed } from './mapping-names.ts'
import { endRun } from './run-ending.ts'
import { mayOverwrite } from './overwriting.ts'
import { addRunOptions, runOptions } from './run-options.ts'
import type { RunArguments } from './run-options.ts'
import { syncDue } from './sync-due.ts'
import { UsageError } from './usage-error.ts'

export interface SyncArguments extends RunArguments, FullArguments {
  readonly yes?: boolean
  readonly full?: boolean
  readonly due?: boolean
  readonly failOn?: 'new'
}

export const addSync: AddCommand = (command, act) => {
  addRunOptions(command)
    .argument('[mapping...]', 'only these mappings')
    .option('--review', 'with --full: count both sides, recommend what to do for each mapping, write nothing')
    .option('--recommended', 'with --full: do what the review recommends')
    .option('--restart', 'with --full: only what the last full run could not finish')
    .option('--due', 'run the jobs of jobs.yaml that are due or have changes, once: for cron and GitHub Actions')
    .addOption(yesOption())
    .addOption(
      new Option('--fail-on <what>', 'new: records that waited before this run are no failure').choices(['new']),
    )
    .addHelpText(
      'after',
      examples(
        'couplet sync',
        'couplet sync customer-account --record number=10000 --direction toSales',
        'couplet sync customer-account --record number=10000 --rewrite sales',
        'couplet sync --accept customer-account.sales.deletes=41',
        'couplet sync --full --review               before the first run',
        'couplet sync --full --restart',
        'couplet sync --json --fail-on new',
        'couplet sync --due                         what cron calls every few minutes',
      ),
    )
    .action((names: string[], given: SyncArguments) => act((context) => sync(context, names, given)))
}

/** Runs, prints the report, gives the exit code. */
export function sync(context: Context, names: readonly string[], given: SyncArguments): Promise<number> {
  if (given.due === true) refuseWithDue(names, given)
  else checkFull(names, given)
  return context.withProject(async (project) => {
    if (given.due === true) return syncDue(context, project, given.failOn ?? 'any')
    if (names.length > 0) mappingsNamed(project.config, names)
    if (given.review === true) return showReview(context, project, names)
    const full = await fullRun(project, names, given)
    if (full === undefined) return nothingToDo(context)
    if (!(await mayOverwrite(context, project, names, given))) return exits.done
    const report = await project.run({ ...runOptions(names, given), ...full })
    const code = await endRun(context, report, given.failOn ?? 'any')
    const hint = given.full === true && !context.json ? createHint(project) : ''
    if (hint !== '') context.terminal.out(`\n${hint}`)
    return code
  })
}

function nothingToDo(context: Context): number {
  context.print(
    () => 'Nothing is left to do.',
    () => ({ ok: true, mappings: [], problems: [] }),
  )
  return exits.done
}

/** Jobs decide themselves what they run. Throws UsageError. */
function refuseWithDue(names: readonly string[], { due: _due, failOn: _failOn, ...others }: SyncArguments): void {
  if (names.length === 0 && Object.keys(others).length === 0) return
  throw new UsageError(
    '--due runs jobs as they stand in jobs.yaml.',
    'Leave the mappings and the other options out, or leave --due out.',
  )
}
