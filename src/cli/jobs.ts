/** `couplet jobs`: how jobs stand; put one aside, take it up again, start one that has stopped. */
import type { Command } from 'commander'
import type { Job } from '../config/config.ts'
import { type JobState, heldBack, restarted } from '../core/schedule.ts'
import { stateOf } from '../engine/jobs.ts'
import { underLock } from '../engine/run.ts'
import type { Project } from '../main.ts'
import { jobsText } from '../report/job-text.ts'
import { count } from '../report/words.ts'
import { examples } from './context.ts'
import type { Act, AddCommand, Context } from './context.ts'
import { didYouMean } from './did-you-mean.ts'
import { exits } from './exit.ts'
import { jobsTold } from './job-standing.ts'
import { UsageError } from './usage-error.ts'

interface Chosen {
  readonly all?: boolean
  readonly reason?: string
}

export const addJobs: AddCommand = (command, act) => {
  command
    .addHelpText(
      'after',
      examples(
        'couplet jobs',
        'couplet jobs hold customer-account --reason "moving house"',
        'couplet jobs restart --all',
      ),
    )
    .action(() => act(jobs))
  addDecision(command, act, {
    name: 'hold',
    does: 'put a job aside until it is resumed; it goes on from its watermarks then',
    told: 'on hold',
    decide: (state, _now, { reason }) => heldBack(state, reason),
  })
  addDecision(command, act, {
    name: 'resume',
    does: 'take a job up again that is on hold; it is due at once',
    told: 'resumed',
    decide: (state, now) => (state.status === 'onHold' ? restarted(state, now) : state),
  })
  addDecision(command, act, {
    name: 'restart',
    does: 'make a job due at once, with all its attempts: after an error, or instead of waiting',
    told: 'due now',
    decide: (state, now) => restarted(state, now),
  })
}

interface Decision {
  readonly name: string
  readonly does: string
  readonly told: string
  readonly decide: (state: JobState, now: number, chosen: Chosen) => JobState
}

function addDecision(command: Command, act: Act, decision: Decision): void {
  const made = command
    .command(decision.name)
    .description(decision.does)
    .argument('[job...]')
    .option('--all', 'every job')
    .addHelpText('after', examples(`couplet jobs ${decision.name} customer-account`))
    .action((names: string[], chosen: Chosen) => act((context) => decided(context, names, { decision, chosen })))
  if (decision.name === 'hold') made.option('--reason <text>', 'why, for whoever looks at it later')
}

/** Prints how the jobs stand. Exit 1 when one is stopped. */
export function jobs(context: Context): Promise<number> {
  return context.withState(async ({ config, ports }) => {
    const now = context.terminal.clock.now()
    const told = jobsTold(config, await ports.store.jobs(), now)
    context.print(
      () => jobsText(told, context.paint, now),
      () => told,
    )
    return told.some(({ status }) => status === 'stopped') ? exits.waiting : exits.done
  })
}

function decided(
  context: Context,
  names: readonly string[],
  { decision, chosen }: { readonly decision: Decision; readonly chosen: Chosen },
): Promise<number> {
  return context.withState(async (project) => {
    const wanted = jobsNamed(project, names, chosen.all === true)
    const now = context.terminal.clock.now().getTime()
    const { store } = project.ports
    await underLock(project.ports, `jobs-${decision.name}`, async () => {
      const states = await store.jobs()
      for (const job of wanted) await store.recordJob(decision.decide(stateOf(states, job, now), now, chosen))
    })
    const told = wanted.length === 1 ? (wanted[0]?.name ?? '') : count(wanted.length, 'job')
    context.print(
      () => `${told}: ${decision.told}. A couplet serve that runs sees it within a minute.`,
      () => ({ jobs: wanted.map(({ name }) => name), done: decision.name }),
    )
    return exits.done
  })
}

/** The jobs of these names. Throws UsageError. */
function jobsNamed({ config }: Project, names: readonly string[], all: boolean): readonly Job[] {
  const known = config.jobs.map(({ name }) => name)
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new UsageError(
      `No job is called "${unknown}"${didYouMean(unknown, known)}.`,
      `There are: ${known.join(', ')}`,
    )
  if (all === names.length > 0) throw new UsageError('Say which: the names of jobs, or --all.')
  return all ? config.jobs : config.jobs.filter(({ name }) => names.includes(name))
}
