/** `couplet couple`: two records are the same thing, because a person says so. */
import { couple as decide } from '../engine/decisions.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { carryOut } from './decide.ts'
import { findRecord } from './find-record.ts'
import { mappingNamed } from './mapping-names.ts'

export interface CoupleArguments {
  readonly bc: string
  readonly sales: string
  readonly later?: boolean
}

export const addCouple: AddCommand = (program, act) => {
  program
    .command('couple')
    .description('couple two records by hand; where they differ, nothing is overwritten')
    .argument('<mapping>')
    .requiredOption('--bc <record>', 'id or number of the record in Business Central')
    .requiredOption('--sales <record>', 'id or number of the record in Sales')
    .option('--later', 'only remember it; the next run carries it out')
    .addHelpText(
      'after',
      examples('couplet couple customer-account --bc 10000 --sales 9b2d8f0a-51f3-4a3c-9c1e-0d6f5a2b7c11'),
    )
    .action((name: string, given: CoupleArguments) => act((context) => couple(context, name, given)))
}

export function couple(context: Context, name: string, given: CoupleArguments): Promise<number> {
  return context.withProject(async (project) => {
    const mapping = mappingNamed(project.config, name)
    const pair = {
      businessCentral: await findRecord(project, mapping, 'businessCentral', given.bc),
      sales: await findRecord(project, mapping, 'sales', given.sales),
    }
    return carryOut(context, project, {
      mapping: name,
      decide: (state) => decide(state, pair),
      told: `${name}: ${given.bc} and ${given.sales} are coupled.`,
      later: given.later === true,
    })
  })
}
