/** `couplet runs`: what the last runs did, and one of them with its errors; drops old ones. */
import type { Project } from '../main.ts'
import { runDetailText } from '../report/run-detail-text.ts'
import { runsText } from '../report/status-text.ts'
import { count } from '../report/words.ts'
import { yesOption, mayGoOn } from './confirm.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { exits } from './exit.ts'
import { span, wholeNumber } from './numbers.ts'
import { UsageError } from './usage-error.ts'

export interface RunsArguments {
  readonly most: number
  /** Milliseconds. */
  readonly deleteOlder?: number
  readonly yes?: boolean
}

/** Runs that are looked through for one by name. */
const lookedThrough = 1000

export const addRuns: AddCommand = (command, act) => {
  command
    .argument(
      '[run]',
      'the name of a run (or its end), or "last": counts by mapping and direction, and what came to wait',
    )
    .option('--most <number>', 'runs shown', wholeNumber, 20)
    .option('--delete-older <span>', 'forget runs that ended longer ago, e.g. 7d; what waits keeps its reason', span)
    .addOption(yesOption())
    .addHelpText(
      'after',
      examples(
        'couplet runs',
        'couplet runs last',
        'couplet runs --most 100 --json',
        'couplet runs --delete-older 7d --yes',
      ),
    )
    .action((name: string | undefined, given: RunsArguments) => act((context) => runs(context, name, given)))
}

export function runs(context: Context, name: string | undefined, given: RunsArguments): Promise<number> {
  return context.withState(async (project) => {
    if (given.deleteOlder !== undefined) return dropOlder(context, project, given.deleteOlder, given.yes)
    if (name !== undefined) return tellRun(context, project, name)
    const list = await project.ports.store.runs(given.most)
    context.print(
      () => runsText(list, context.paint),
      () => list,
    )
    return exits.done
  })
}

async function tellRun(context: Context, { ports }: Project, name: string): Promise<number> {
  const list = await ports.store.runs(name === 'last' ? 1 : lookedThrough)
  const found = name === 'last' ? list : list.filter(({ run }) => run === name || run.endsWith(name))
  const [run, ...others] = found
  if (run === undefined) throw new UsageError(`No run is called "${name}".`, 'See which there are: couplet runs')
  if (others.length > 0)
    throw new UsageError(`${count(found.length, 'run')} end with "${name}".`, 'Give the whole name.')
  context.print(
    () => runDetailText(run, context.paint),
    () => run,
  )
  return exits.done
}

/** E-20: the log is tidied up by a person, or by a schedule with `--yes`. */
async function dropOlder(
  context: Context,
  { ports: { store } }: Project,
  ms: number,
  yes: boolean | undefined,
): Promise<number> {
  const before = new Date(context.terminal.clock.now().getTime() - ms).toISOString()
  const old = (await store.runs(lookedThrough)).filter(({ endedAt }) => endedAt < before).length
  const question = `${count(old, 'run')} that ended before ${before.slice(0, 16).replace('T', ' ')} (UTC) would be forgotten. Go on?`
  if (old > 0 && !(await mayGoOn(context, question, yes))) return exits.done
  await store.lock('runs')
  let dropped = 0
  try {
    dropped = await store.dropRuns(before)
  } finally {
    await store.unlock()
  }
  const told = `${count(dropped, 'run')} forgotten.`
  context.print(
    () => told,
    () => ({ ok: true, dropped }),
  )
  return exits.done
}
