/** `couplet retry`: tries held records again, now and whatever their number of attempts. */
import { retry as decide } from '../engine/decisions.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { carryOut } from './decide.ts'
import { mappingNamed } from './mapping-names.ts'
import { chosen } from './uncouple.ts'

export interface RetryArguments {
  readonly record?: string
  readonly all?: boolean
  readonly later?: boolean
}

export const addRetry: AddCommand = (program, act) => {
  program
    .command('retry')
    .description('try records that wait again')
    .argument('<mapping>')
    .option('--record <name>', 'number, code or id')
    .option('--all', 'everything that waits in the mapping')
    .option('--later', 'only remember it; the next run carries it out')
    .addHelpText('after', examples('couplet retry customer-account --record 10000', 'couplet retry item-product --all'))
    .action((name: string, given: RetryArguments) => act((context) => retry(context, name, given)))
}

export function retry(context: Context, name: string, given: RetryArguments): Promise<number> {
  return context.withProject(async (project) => {
    mappingNamed(project.config, name)
    return carryOut(context, project, {
      mapping: name,
      decide: (state) => decide(state, chosen(state, given)),
      told: `${name}: ${given.record ?? 'everything that waits'} is tried again.`,
      later: given.later === true,
    })
  })
}
