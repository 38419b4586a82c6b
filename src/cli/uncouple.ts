/** `couplet uncouple`: takes a pair apart and leaves both records as they are. */
import { everyRecord, uncouple as decide } from '../engine/decisions.ts'
import type { Known } from '../engine/decisions.ts'
import type { MappingState } from '../store/store.ts'
import { count } from '../report/words.ts'
import { mayGoOn, yesOption } from './confirm.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { carryOut, recordNamed } from './decide.ts'
import { exits } from './exit.ts'
import { mappingNamed } from './mapping-names.ts'
import { UsageError } from './usage-error.ts'

export interface UncoupleArguments {
  readonly record?: string
  readonly all?: boolean
  readonly yes?: boolean
}

export const addUncouple: AddCommand = (program, act) => {
  program
    .command('uncouple')
    .description('take a pair apart; both records stay, and are not matched with each other again by themselves')
    .argument('<mapping>')
    .option('--record <name>', 'number, code or id of one of the two')
    .option('--all', 'every pair of the mapping')
    .addOption(yesOption())
    .addHelpText('after', examples('couplet uncouple customer-account --record 10000'))
    .action((name: string, given: UncoupleArguments) => act((context) => uncouple(context, name, given)))
}

/** No run follows: the person may want to couple the records otherwise before anything is created for them. */
export function uncouple(context: Context, name: string, given: UncoupleArguments): Promise<number> {
  return context.withProject(async (project) => {
    mappingNamed(project.config, name)
    const size = project.ports.store.mapping(name).size
    const question = `${count(size, 'pair')} of ${name} would be taken apart. Go on?`
    if (given.all === true && given.record === undefined && !(await mayGoOn(context, question, given.yes)))
      return exits.done
    return carryOut(context, project, {
      mapping: name,
      decide: (state) => decide(state, chosen(state, given)),
      told: given.all === true ? `${name}: ${size} pairs are taken apart.` : `${name}: ${given.record} is uncoupled.`,
      later: false,
    })
  })
}

/** The records that `--record` or `--all` name. Throws UsageError when neither or both are given. */
export function chosen(state: MappingState, { record, all }: UncoupleArguments): readonly Known[] {
  if ((record === undefined) === (all !== true)) throw new UsageError('Say which: --record NUMBER, or --all.')
  if (record !== undefined) return [recordNamed(state, record)]
  return everyRecord(state)
}
