/** `couplet uncouple`: takes a pair apart and leaves both records as they are. */
import type { Coupling } from '../core/coupling.ts'
import { everyRecord } from '../engine/decisions.ts'
import type { Known } from '../engine/decisions.ts'
import type { MappingState } from '../store/store.ts'
import { type Uncoupled, type Uncoupling, carryOutUncoupling, planUncoupling } from '../engine/uncoupling.ts'
import { count } from '../report/words.ts'
import { mayGoOn, yesOption } from './confirm.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { recordNamed } from './decide.ts'
import { exits } from './exit.ts'
import { mappingNamed } from './mapping-names.ts'
import { UsageError } from './usage-error.ts'

export interface UncoupleArguments {
  readonly record?: string
  readonly all?: boolean
  readonly yes?: boolean
  readonly plan?: boolean
}

export const addUncouple: AddCommand = (command, act) => {
  command
    .argument('<mapping>')
    .option('--record <name>', 'number, code or id of one of the two')
    .option('--all', 'every pair of the mapping')
    .option('--plan', 'show which pairs and marks, and write nothing')
    .addOption(yesOption())
    .addHelpText('after', examples('couplet uncouple customer-account --record 10000'))
    .action((name: string, given: UncoupleArguments) => act((context) => uncouple(context, name, given)))
}

/** No run follows: the person may want to couple the records otherwise before anything is created for them. */
export function uncouple(context: Context, name: string, given: UncoupleArguments): Promise<number> {
  return context.withProject(async ({ config, ports }) => {
    mappingNamed(config, name)
    const request = {
      mapping: name,
      couplings: chosenCouplings(ports.store.mapping(name), given),
      all: given.all === true,
    }
    const planned = await planUncoupling(config, ports, request)
    if (given.plan === true) return show(context, planned)
    const question = `${count(planned.pairs.length, 'pair')} of ${name} would be taken apart. Go on?`
    const touchesOthers = planned.pairs.some(({ follows }) => follows)
    if (touchesOthers && !context.json) context.terminal.err(uncouplingText(planned))
    if (request.all && !(await mayGoOn(context, question, given.yes))) return exits.done
    return told(context, name, given, await carryOutUncoupling(config, ports, request))
  })
}

function show(context: Context, planned: Uncoupling): number {
  context.print(
    () => uncouplingText(planned),
    () => ({
      pairs: planned.pairs.map(({ mapping, coupling: { businessCentral, sales }, follows }) => ({
        mapping,
        businessCentral: businessCentral.id,
        sales: sales.id,
        follows,
      })),
      marks: planned.marks,
    }),
  )
  return exits.done
}

function told(context: Context, name: string, { record }: UncoupleArguments, done: Uncoupled): number {
  const others = done.cleared === 0 ? '' : ` ${count(done.cleared, 'mark')} left on records without a partner cleared.`
  const what =
    record !== undefined && done.ended === 1 ? `${record} is uncoupled.` : `${done.ended} pairs are taken apart.`
  const stays = done.kept.map(
    ({ mapping, id, message }) =>
      `${mapping} ${id} keeps its mark and its partner: ${message} → put that right, and uncouple again`,
  )
  const message = [`${name}: ${what}${others}`, ...stays].join('\n')
  context.print(
    () => message,
    () => ({ ok: done.kept.length === 0, message, ...done }),
  )
  return done.kept.length === 0 ? exits.done : exits.waiting
}

function chosenCouplings(state: MappingState, given: UncoupleArguments): readonly Coupling[] {
  const couplings = chosen(state, given).flatMap(({ coupling }) => coupling ?? [])
  // Marks may be left over although no pair is.
  if (couplings.length > 0 || given.all === true) return couplings
  throw new UsageError('There is no coupling to take apart.', `See which pairs exist: couplet couplings ${state.name}`)
}

/** The records that `--record` or `--all` name. Throws UsageError when neither or both are given. */
export function chosen(state: MappingState, { record, all }: UncoupleArguments): readonly Known[] {
  if ((record === undefined) === (all !== true)) throw new UsageError('Say which: --record NUMBER, or --all.')
  if (record !== undefined) return [recordNamed(state, record)]
  return everyRecord(state)
}

/** One line a pair and mark, a screenful at most. */
function uncouplingText({ pairs, marks }: Uncoupling): string {
  const lines = [
    ...pairs.map(({ mapping, coupling: { businessCentral, sales }, follows }) => {
      const name = Object.values(businessCentral.keys)[0] ?? businessCentral.id
      return `≠ ${mapping}  ${name}  ${sales.id}${follows ? '  (goes with it)' : ''}`
    }),
    ...marks.map(({ mapping, id }) => `! ${mapping}  ${id}  (clear the mark that was left)`),
  ]
  if (lines.length === 0) return 'Nothing is to be taken apart.'
  const rest = lines.length - shown
  return [...lines.slice(0, shown), ...(rest > 0 ? [`… and ${rest} more; --json lists all`] : [])].join('\n')
}

const shown = 40
