/** `couplet resolve`: a person says which side is right, or what becomes of a record whose partner was deleted. */
import { Option } from 'commander'
import type { Side } from '../config/config.ts'
import { afterDelete, take } from '../engine/decisions.ts'
import { sideName } from '../report/words.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { carryOut, recordNamed } from './decide.ts'
import { mappingNamed } from './mapping-names.ts'
import { UsageError } from './usage-error.ts'

export interface ResolveArguments {
  readonly record: string
  readonly take?: Side
  readonly field?: readonly string[]
  readonly action?: 'restore' | 'delete' | 'uncouple'
  readonly later?: boolean
}

export const addResolve: AddCommand = (program, act) => {
  program
    .command('resolve')
    .description('decide about a record that waits for you')
    .argument('<mapping>')
    .requiredOption('--record <name>', 'number, code or id')
    .addOption(new Option('--take <side>', 'this side is right').choices(['sales', 'businessCentral']))
    .option('--field <name>', 'only for this field row; repeatable', (value: string, before: string[] | undefined) => [
      ...(before ?? []),
      value,
    ])
    .addOption(
      new Option('--action <action>', 'what becomes of a record whose partner was deleted').choices([
        'restore',
        'delete',
        'uncouple',
      ]),
    )
    .option('--later', 'only remember it; the next run carries it out')
    .addHelpText(
      'after',
      examples(
        'couplet resolve customer-account --record 10000 --take sales',
        'couplet resolve customer-account --record 10000 --take businessCentral --field phone',
        'couplet resolve customer-account --record 20000 --action restore',
      ),
    )
    .action((name: string, given: ResolveArguments) => act((context) => resolve(context, name, given)))
}

export function resolve(context: Context, name: string, given: ResolveArguments): Promise<number> {
  const { action, take: side, field: fields = [], record } = given
  if ((action === undefined) === (side === undefined))
    throw new UsageError('Say what is to be done: --take sales|businessCentral, or --action restore|delete|uncouple.')
  const decision = action ?? `take ${side === undefined ? '' : sideName[side]}`
  return context.withProject(async (project) => {
    mappingNamed(project.config, name)
    return carryOut(context, project, {
      mapping: name,
      decide: (state) => {
        const records = [recordNamed(state, record)]
        if (action !== undefined) return afterDelete(state, records, action)
        return take(state, records, { side: side ?? 'sales', fields })
      },
      told: `${name} ${record}: ${decision}${fields.length === 0 ? '' : ` for ${fields.join(', ')}`}.`,
      later: given.later === true,
    })
  })
}
