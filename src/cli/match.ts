/** `couplet match`: couples records that belong together, and creates none. */
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { mappingsNamed } from './mapping-names.ts'
import { endRun } from './run-ending.ts'
import { acceptances, acceptOption } from './run-options.ts'

export const addMatch: AddCommand = (program, act) => {
  program
    .command('match')
    .description('couple records that belong together by the match rules; creates none')
    .argument('[mapping]', 'only this mapping')
    .addOption(acceptOption())
    .addHelpText('after', examples('couplet match', 'couplet match customer-account'))
    .action((name: string | undefined, given: { accept?: readonly string[] }) =>
      act((context) => match(context, name === undefined ? [] : [name], given.accept ?? [])),
    )
}

/** A whole run that may not create. */
export function match(context: Context, names: readonly string[], accept: readonly string[]): Promise<number> {
  return context.withProject(async (project) => {
    if (names.length > 0) mappingsNamed(project.config, names)
    const report = await project.run({ mappings: names, full: true, noCreate: true, accept: acceptances(accept) })
    return endRun(context, report)
  })
}
