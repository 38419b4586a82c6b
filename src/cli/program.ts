/** The program: all commands, the options they share, and how a command line ends. */
import { Command, CommanderError } from 'commander'
import { addApply } from './apply.ts'
import { addAudit } from './audit.ts'
import { contextOf, examples, isColoured } from './context.ts'
import type { Act, AddCommand, Open, SharedOptions } from './context.ts'
import { addCouple } from './couple.ts'
import { addCouplings } from './couplings.ts'
import { addDemo } from './demo.ts'
import { addDiff } from './diff.ts'
import { addDocs } from './docs.ts'
import { addDoctor } from './doctor.ts'
import { end, exits } from './exit.ts'
import { addInit } from './init.ts'
import { addHeld } from './held.ts'
import { addJobs } from './jobs.ts'
import { addMatch } from './match.ts'
import { addPlan } from './plan.ts'
import { addReplace } from './replace.ts'
import { addResolve } from './resolve.ts'
import { addRetry } from './retry.ts'
import { addRuns } from './runs.ts'
import { addSchema } from './schema.ts'
import { addServe } from './serve.ts'
import { addSimulate } from './simulate.ts'
import { addSolution } from './solution.ts'
import { addState } from './state.ts'
import { addStatus } from './status.ts'
import { addSync } from './sync.ts'
import type { Terminal } from './terminal.ts'
import { addTest } from './test.ts'
import { addUncouple } from './uncouple.ts'
import { addValidate } from './validate.ts'
import { paintFor } from '../report/paint.ts'

/** In the order of the help. */
const commands: readonly AddCommand[] = [
  addDemo,
  addInit,
  addValidate,
  addDoctor,
  addTest,
  addDiff,
  addDocs,
  addSchema,
  addPlan,
  addApply,
  addSync,
  addAudit,
  addStatus,
  addCouplings,
  addHeld,
  addRuns,
  addServe,
  addJobs,
  addCouple,
  addUncouple,
  addMatch,
  addRetry,
  addResolve,
  addReplace,
  addSimulate,
  addState,
  addSolution,
]

/** Opens a project, and loads the rooms it needs only then. */
const openLazily: Open = async (folder, options) => (await import('../main.ts')).openProject(folder, options)

export interface ProgramOptions {
  readonly version: string
  /** @default openProject of main.ts */
  readonly open?: Open
}

/** Carries out one command line (without node and script) and gives the exit code. Never throws. */
export async function runProgram(
  args: readonly string[],
  terminal: Terminal,
  options: ProgramOptions,
): Promise<number> {
  let code: number = exits.done
  const program = newProgram(terminal, options.version)
  const act: Act = async (work) => {
    code = await work(contextOf(terminal, program.opts<SharedOptions>(), options.open ?? openLazily))
  }
  for (const add of commands) add(program, act)
  for (const command of program.commands) command.configureHelp({ showGlobalOptions: true })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exits.done : exits.wrong
    const json = program.opts<SharedOptions>().json === true
    return end(error, terminal, { paint: paintFor(isColoured(terminal)), json })
  }
}

function newProgram(terminal: Terminal, version: string): Command {
  return new Command('couplet')
    .description('Keeps Dynamics 365 Business Central and Dynamics 365 Sales in step, from YAML files.')
    .version(version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .option('-p, --project <dir>', 'folder with couplet.yaml', '.')
    .option('-t, --target <name>', 'overlay of targets/, e.g. de-production; it has its own state')
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
