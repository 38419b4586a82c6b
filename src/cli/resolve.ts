/** `couplet resolve`: a person says which side is right, or what becomes of records whose partner was deleted. */
import { Option } from 'commander'
import type { Side } from '../config/config.ts'
import { afterDelete, take } from '../engine/decisions.ts'
import type { Known } from '../engine/decisions.ts'
import { count, sideName } from '../report/words.ts'
import type { MappingState } from '../store/store.ts'
import { mayGoOn, yesOption } from './confirm.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { carryOut } from './decide.ts'
import { exits } from './exit.ts'
import { mappingNamed } from './mapping-names.ts'
import { chosen } from './uncouple.ts'
import { UsageError } from './usage-error.ts'

export interface ResolveArguments {
  readonly record?: string
  readonly all?: boolean
  readonly take?: Side
  readonly field?: readonly string[]
  readonly action?: 'restore' | 'delete' | 'uncouple'
  readonly later?: boolean
  readonly yes?: boolean
}

export const addResolve: AddCommand = (command, act) => {
  command
    .argument('<mapping>')
    .option('--record <name>', 'number, code or id')
    .option('--all', 'everything in the mapping that waits for this decision')
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
    .addOption(yesOption())
    .addHelpText(
      'after',
      examples(
        'couplet resolve customer-account --record 10000 --take sales',
        'couplet resolve customer-account --record 10000 --take businessCentral --field phone',
        'couplet resolve customer-account --record 20000 --action restore',
        'couplet resolve item-product --all --take businessCentral --field unit',
      ),
    )
    .action((name: string, given: ResolveArguments) => act((context) => resolve(context, name, given)))
}

export function resolve(context: Context, name: string, given: ResolveArguments): Promise<number> {
  const { action, take: side, field: fields = [] } = given
  if ((action === undefined) === (side === undefined))
    throw new UsageError('Say what is to be done: --take sales|businessCentral, or --action restore|delete|uncouple.')
  const decision = action ?? `take ${side === undefined ? '' : sideName[side]}`
  return context.withProject(async (project) => {
    const { direction } = mappingNamed(project.config, name)
    if (given.all === true && given.record === undefined) {
      const question = `${decision} for everything in ${name} that waits for it: ${waitingFor(project.ports.store.mapping(name), action)}. Go on?`
      if (!(await mayGoOn(context, question, given.yes))) return exits.done
    }
    return carryOut(context, project, {
      mapping: name,
      decide: (state) => {
        const records = chosen(state, given)
        if (action !== undefined) return afterDelete(state, records, { action, direction })
        return take(state, given.all === true ? holding(records, fields) : records, { side: side ?? 'sales', fields })
      },
      told: `${name} ${given.record ?? 'everything that waits for it'}: ${decision}${fields.length === 0 ? '' : ` for ${fields.join(', ')}`}.`,
      later: given.later === true,
    })
  })
}

/** How many records a decision over all of them is about. */
function waitingFor(state: MappingState, action: ResolveArguments['action']): string {
  const wanted = [...state.allHeld()].filter(({ kind }) => (kind === 'deleted') === (action !== undefined))
  return count(wanted.length, 'record')
}

/** Those in which one of the fields waits; all of them when none does, so that the refusal can say what is held. */
function holding(records: readonly Known[], fields: readonly string[]): readonly Known[] {
  const found = records.filter(({ held }) => held.some((one) => one.fields.some((field) => fields.includes(field))))
  return found.length === 0 ? records : found
}
