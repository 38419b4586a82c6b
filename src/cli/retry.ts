/** `couplet retry`: tries held records again, now and whatever their number of attempts. */
import { everyRecord, retry as decide } from '../engine/decisions.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { carryOut, commitDecision } from './decide.ts'
import { exits } from './exit.ts'
import { mappingNamed } from './mapping-names.ts'
import { endRun } from './run-ending.ts'
import { chosen } from './uncouple.ts'
import { UsageError } from './usage-error.ts'

export interface RetryArguments {
  readonly record?: string
  readonly all?: boolean
  readonly later?: boolean
}

export const addRetry: AddCommand = (command, act) => {
  command
    .argument('[mapping]', 'with --all every mapping when absent')
    .option('--record <name>', 'number, code or id')
    .option('--all', 'everything that waits')
    .option('--later', 'only remember it; the next run carries it out')
    .addHelpText(
      'after',
      examples(
        'couplet retry customer-account --record 10000',
        'couplet retry item-product --all',
        'couplet retry --all',
      ),
    )
    .action((name: string | undefined, given: RetryArguments) =>
      act((context) => (name === undefined ? retryAll(context, given) : retry(context, name, given))),
    )
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

/** Everything that waits, in every mapping that is switched on; then one run over all of them. */
function retryAll(context: Context, { record, all, later }: RetryArguments): Promise<number> {
  if (all !== true || record !== undefined) throw new UsageError('Say which: a mapping with --record NUMBER, or --all.')
  return context.withProject(async (project) => {
    const { config, ports } = project
    const waiting = config.mappings.filter(
      ({ name, enabled }) => enabled && !ports.store.mapping(name).allHeld().next().done,
    )
    const names = waiting.map(({ name }) => name)
    for (const name of names) await commitDecision(project, name, (state) => decide(state, everyRecord(state)))
    const told = names.length === 0 ? 'Nothing waits.' : `Everything that waits is tried again: ${names.join(', ')}.`
    if (names.length === 0 || later === true) {
      context.print(
        () => told,
        () => ({ ok: true, message: told }),
      )
      return exits.done
    }
    if (!context.json) context.terminal.err(told)
    return endRun(context, await project.run({ mappings: names }))
  })
}
