/** The program: all commands, the options they share, and how a command line ends. */
import { resolve } from 'node:path'
import { Command, CommanderError } from 'commander'
import { contextOf, examples, isColoured } from './context.ts'
import type { Act, AddCommand, Open, SharedOptions } from './context.ts'
import { end, exits } from './exit.ts'
import type { Terminal } from './terminal.ts'
import { paintFor } from '../report/paint.ts'
import { visibleInColour } from '../report/visible.ts'

/** A command as the help lists it; its options and its work are in a file that is read when the command is called. */
interface Listed {
  readonly name: string
  readonly does: string
  readonly load: () => Promise<AddCommand>
}

/** In the order of the help. */
const commands: readonly Listed[] = [
  {
    name: 'demo',
    does: 'see it work on two simulated services; needs no configuration and no network',
    load: async () => (await import('./demo.ts')).addDemo,
  },
  {
    name: 'init',
    does: 'set a project up: ask, test both connections, recommend, write couplet.yaml',
    load: async () => (await import('./init.ts')).addInit,
  },
  {
    name: 'validate',
    does: 'check all files; makes no request and needs no secret',
    load: async () => (await import('./validate.ts')).addValidate,
  },
  {
    name: 'doctor',
    does: 'test both connections: address, token, company, identity, privileges, pages, fields',
    load: async () => (await import('./doctor.ts')).addDoctor,
  },
  {
    name: 'test',
    does: 'play tests/*.yaml against the mappings, in memory; makes no request and needs no secret',
    load: async () => (await import('./test.ts')).addTest,
  },
  {
    name: 'diff',
    does: 'show what a change of the configuration means; writes nothing',
    load: async () => (await import('./diff.ts')).addDiff,
  },
  {
    name: 'snapshot',
    does: 'record the rows of both sides with pseudonyms, for couplet diff --snapshot; reads only',
    load: async () => (await import('./snapshot.ts')).addSnapshot,
  },
  {
    name: 'docs',
    does: 'write the mappings as Markdown: a page each, an overview and the timetable',
    load: async () => (await import('./docs.ts')).addDocs,
  },
  {
    name: 'schema',
    does: 'write the schemas for editors: with the names of the project, and what both services have',
    load: async () => (await import('./schema.ts')).addSchema,
  },
  {
    name: 'plan',
    does: 'show what a run would do; writes nothing',
    load: async () => (await import('./plan.ts')).addPlan,
  },
  { name: 'apply', does: 'do exactly what a saved plan says', load: async () => (await import('./apply.ts')).addApply },
  {
    name: 'sync',
    does: 'bring both sides in step: plan, check the safety limits, write',
    load: async () => (await import('./sync.ts')).addSync,
  },
  {
    name: 'audit',
    does: 'read both sides whole and report what is not in step; writes nothing',
    load: async () => (await import('./audit.ts')).addAudit,
  },
  {
    name: 'status',
    does: 'show what is in step, how fresh it is, and what waits',
    load: async () => (await import('./status.ts')).addStatus,
  },
  {
    name: 'couplings',
    does: 'list the pairs, or the records without a partner; export, import, verify, rebuild',
    load: async () => (await import('./couplings.ts')).addCouplings,
  },
  {
    name: 'held',
    does: 'list the records that wait: why, since when, and how to go on',
    load: async () => (await import('./held.ts')).addHeld,
  },
  {
    name: 'runs',
    does: 'list the last runs with their counts, or tell one of them whole',
    load: async () => (await import('./runs.ts')).addRuns,
  },
  {
    name: 'serve',
    does: 'run the jobs of jobs.yaml on their schedule, and when a side has changes, until stopped',
    load: async () => (await import('./serve.ts')).addServe,
  },
  {
    name: 'jobs',
    does: 'show how the jobs of couplet serve and sync --due stand; hold, resume or restart one',
    load: async () => (await import('./jobs.ts')).addJobs,
  },
  {
    name: 'couple',
    does: 'couple two records by hand; unless you say otherwise, nothing is overwritten',
    load: async () => (await import('./couple.ts')).addCouple,
  },
  {
    name: 'uncouple',
    does: 'take a pair apart; both records stay, and are not matched with each other again by themselves',
    load: async () => (await import('./uncouple.ts')).addUncouple,
  },
  {
    name: 'match',
    does: 'couple records that belong together by the match rules; creates none unless told to',
    load: async () => (await import('./match.ts')).addMatch,
  },
  { name: 'retry', does: 'try records that wait again', load: async () => (await import('./retry.ts')).addRetry },
  {
    name: 'resolve',
    does: 'decide about records that wait for you',
    load: async () => (await import('./resolve.ts')).addResolve,
  },
  {
    name: 'replace',
    does: 'set records of Sales aside that cannot be changed, so that new ones take their place (unit groups)',
    load: async () => (await import('./replace.ts')).addReplace,
  },
  {
    name: 'simulate',
    does: 'serve a simulated Business Central and Sales on this machine, for as long as wanted',
    load: async () => (await import('./simulate.ts')).addSimulate,
  },
  {
    name: 'state',
    does: 'look after what is remembered: verify, export, import, rekey, forget, rewind, merge; keep it on a branch',
    load: async () => (await import('./state.ts')).addState,
  },
  {
    name: 'solution',
    does: 'solutions in Sales: what is installed, and importing one as an administrator',
    load: async () => (await import('./solution.ts')).addSolution,
  },
]

/** Opens a project, and loads the rooms it needs only then. */
const openLazily: Open = async (folder, options) => (await import('../main.ts')).openProject(folder, options)

export interface ProgramOptions {
  readonly version: string
  /** @default openProject of main.ts */
  readonly open?: Open
}

/** Carries out one command line (without node and script) and gives the exit code. Never throws. */
export async function runProgram(args: readonly string[], given: Terminal, options: ProgramOptions): Promise<number> {
  const terminal = readable(given)
  let code: number = exits.done
  const program = newProgram(terminal, options.version)
  const act: Act = async (work) => {
    code = await work(contextOf(terminal, program.opts<SharedOptions>(), options.open ?? openLazily))
  }
  list(program, act)
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exits.done : exits.wrong
    const { json = false, project } = program.opts<SharedOptions>()
    return end(error, terminal, { paint: paintFor(isColoured(terminal)), json, folder: resolve(terminal.cwd, project) })
  }
}

/** What records and services say commands no terminal, whichever command shows it. */
const readable = (terminal: Terminal): Terminal => ({
  ...terminal,
  out: (text) => terminal.out(visibleInColour(text)),
  err: (text) => terminal.err(visibleInColour(text)),
})

/** Lists all commands, and has the one that is called read just before its part of the line is. */
function list(program: Command, act: Act): void {
  const loads = new Map<Command, Listed['load']>()
  for (const { name, does, load } of commands) loads.set(program.command(name).description(does), load)
  program.hook('preSubcommand', async (_program, command) => {
    const add = await loads.get(command)?.()
    loads.delete(command)
    add?.(command, act)
  })
  program
    .command('help')
    .description('show help for a command')
    .argument('[command...]')
    .action(async (names: string[]) => {
      const isKnown = program.commands.some((command) => command.name() === names[0])
      await program.parseAsync(isKnown || names.length === 0 ? [...names, '--help'] : names, { from: 'user' })
    })
  // What a command takes is not known yet.
  program.configureHelp({ subcommandTerm: (command) => command.name() })
}

function newProgram(terminal: Terminal, version: string): Command {
  return new Command('couplet')
    .description('Keeps Dynamics 365 Business Central and Dynamics 365 Sales in step, from YAML files.')
    .version(version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .configureHelp({ showGlobalOptions: true })
    .option('-p, --project <dir>', 'folder with couplet.yaml', '.')
    .option('-t, --target <name>', 'overlay of targets/, e.g. de-production; it has its own state')
    .option(
      '--connections <dir>',
      'take connections and state from the project in this folder, for unreviewed versions',
    )
    .option('--json', 'print one JSON document on standard output and nothing else there')
    .option('--events', 'tell what happens as NDJSON, one event a line, on standard error')
    .showSuggestionAfterError(true)
    .showHelpAfterError('Help: couplet --help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
    .addHelpText(
      'after',
      `${examples(
        'couplet demo                              see it work, without any configuration',
        'couplet plan                              what a run would do; writes nothing',
        'couplet sync --accept creates=120         do it',
        'couplet held                              what waits, and how to go on',
      )}

Exit codes: 0 done; 1 done, but records wait; 2 files or arguments are wrong; 3 a service refused or
was not reached; 4 stopped by a safety limit; 5 another runner holds the lock; 10 (plan --exit-code)
something is to be done.`,
    )
}
