/** What every command works with: the terminal, the options all commands share, and the project when it asks for it. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Config, Mapping } from '../config/config.ts'
import { ConfigError } from '../errors.ts'
import type { Project, ProjectOptions } from '../main.ts'
import { paintFor } from '../report/paint.ts'
import type { Paint } from '../report/paint.ts'
import { problemLine } from '../report/problems.ts'
import { progress } from './progress.ts'
import type { Terminal } from './terminal.ts'

/** Options that every command takes. */
export interface SharedOptions {
  readonly project: string
  readonly target?: string
  readonly connections?: string
  readonly json?: boolean
  readonly events?: boolean
}

/** Opens a project folder; the real one is `openProject` of main.ts. */
export type Open = (folder: string, options: ProjectOptions) => Promise<Project>

export interface Context {
  readonly terminal: Terminal
  readonly paint: Paint
  /** One JSON document on standard output is wanted, and nothing else there. */
  readonly json: boolean
  /** Project folder, absolute. */
  readonly folder: string
  readonly target: string | undefined
  /** Reads the files and opens nothing. Throws ConfigError. */
  readConfig(): Promise<Config>
  /** The same where no connection is used: their secrets need not be set. */
  readSettings(): Promise<Config>
  /** With `--connections`, the mappings of that folder: they were reviewed, those of the project were not. */
  readReviewed(): Promise<readonly Mapping[] | undefined>
  /** Opens the project, works, and closes it whatever happens. */
  withProject<T>(work: (project: Project) => Promise<T>): Promise<T>
  /** The same for commands that only look at what is remembered: no secret is needed and no request is made. */
  withState<T>(work: (project: Project) => Promise<T>): Promise<T>
  /** Prints what the command is for: the text, or with `--json` the document. */
  print(text: () => string, document: () => unknown): void
}

/** A command's work; gives the exit code. */
export type Work = (context: Context) => Promise<number>
/** Runs a command's work within the program. */
export type Act = (work: Work) => Promise<void>
/** Gives a command, which has its name and description, its arguments, options and work. */
export type AddCommand = (command: Command, act: Act) => void

/** The context of one command line. */
export function contextOf(terminal: Terminal, shared: SharedOptions, open: Open): Context {
  const folder = resolve(terminal.cwd, shared.project)
  const reachedAs = shared.connections === undefined ? undefined : resolve(terminal.cwd, shared.connections)
  const json = shared.json === true
  const paint = paintFor(isColoured(terminal))
  const opened = async <T>(offline: boolean, work: (project: Project) => Promise<T>): Promise<T> => {
    const emit = progress(terminal, shared.events === true)
    const { env, clock } = terminal
    const project = await open(folder, { target: shared.target, reachedAs, env, clock, emit, offline })
    if (!offline) for (const warning of project.warnings) terminal.err(problemLine(warning, paint))
    try {
      return await work(project)
    } finally {
      await project.close()
    }
  }
  const read = async (offline: boolean): Promise<Config> =>
    (await import('../main.ts')).readConfig(folder, { target: shared.target, reachedAs, env: terminal.env, offline })
  return {
    terminal,
    paint,
    json,
    folder,
    target: shared.target,
    readConfig: () => read(false),
    readSettings: () => read(true),
    readReviewed: async () => (reachedAs === undefined ? undefined : reviewedIn(reachedAs, shared.target)),
    withProject: (work) => opened(false, work),
    withState: (work) => opened(true, work),
    print: (text, document) => terminal.out(json ? JSON.stringify(document(), null, 2) : text()),
  }
}

/** None of a project that is broken itself: then nothing counts as reviewed. */
async function reviewedIn(folder: string, target: string | undefined): Promise<readonly Mapping[]> {
  const { readConfig } = await import('../main.ts')
  try {
    return (await readConfig(folder, { target, env: {}, offline: true })).mappings
  } catch (error) {
    if (error instanceof ConfigError) return []
    throw error
  }
}

/** Colours at a terminal only, and never with NO_COLOR (https://no-color.org). */
export const isColoured = ({ isTerminal, env }: Terminal): boolean => isTerminal && (env['NO_COLOR'] ?? '') === ''

/** Examples below a command's help. */
export const examples = (...lines: readonly string[]): string =>
  `\nExample${lines.length === 1 ? '' : 's'}:\n${lines.map((line) => `  ${line}`).join('\n')}`
