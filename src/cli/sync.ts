/** `couplet sync`: plan and apply. */
import { Option } from 'commander'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { mappingsNamed } from './mapping-names.ts'
import { endRun } from './run-ending.ts'
import { addRunOptions, runOptions } from './run-options.ts'
import type { RunArguments } from './run-options.ts'

export interface SyncArguments extends RunArguments {
  readonly failOn?: 'new'
}

export const addSync: AddCommand = (program, act) => {
  addRunOptions(program.command('sync'))
    .description('bring both sides in step: plan, check the safety limits, write')
    .argument('[mapping...]', 'only these mappings')
    .addOption(
      new Option('--fail-on <what>', 'new: records that waited before this run are no failure').choices(['new']),
    )
    .addHelpText(
      'after',
      examples(
        'couplet sync',
        'couplet sync customer-account --record number=10000 --direction toSales',
        'couplet sync --accept customer-account.sales.deletes=41',
        'couplet sync --json --fail-on new',
      ),
    )
    .action((names: string[], given: SyncArguments) => act((context) => sync(context, names, given)))
}

/** Runs, prints the report, gives the exit code. */
export function sync(context: Context, names: readonly string[], given: SyncArguments): Promise<number> {
  return context.withProject(async (project) => {
    if (names.length > 0) mappingsNamed(project.config, names)
    const report = await project.run(runOptions(names, given))
    return endRun(context, report, given.failOn ?? 'any')
  })
}
