/** Command lines run in this process against both simulated services. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { startPlayground, writePlaygroundProject } from '../../src/cli/playground.ts'
import type { Playground, PlaygroundOptions } from '../../src/cli/playground.ts'
import { runProgram } from '../../src/cli/program.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { systemClock } from '../../src/clock.ts'

/** What a command line said. */
export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command line; words are split at spaces. */
export async function couplet(
  cwd: string,
  args: string | readonly string[],
  more: Partial<Terminal> = {},
): Promise<Said> {
  const out: string[] = []
  const err: string[] = []
  const terminal: Terminal = {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    progress: () => {},
    isTerminal: false,
    showsProgress: false,
    env: {},
    cwd,
    clock: systemClock,
    stopped: () => Promise.resolve(),
    ...more,
  }
  const words = typeof args === 'string' ? args.split(' ') : args
  const code = await runProgram(words, terminal, { version: '9.9.9' })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

export interface CliWorld extends Playground {
  readonly folder: string
  /** `couplet …` in the project's folder. */
  run(args: string | readonly string[], more?: Partial<Terminal>): Promise<Said>
}

/** Both services and a project that points at them; `more` is YAML beside the connections. */
export async function cliWorld(
  t: Test,
  more = '',
  { files = {}, ...options }: Partial<PlaygroundOptions> & { readonly files?: Record<string, string> } = {},
): Promise<CliWorld> {
  const playground = await startPlayground({ company: 'contoso', customers: 0, overlap: 0.5, seed: 1, ...options })
  t.teardown(() => playground.simulator.stop())
  const folder = t.testdir({ mappings: files })
  await writePlaygroundProject(folder, playground, more)
  return { ...playground, folder, run: (args, terminal) => couplet(folder, args, terminal) }
}

/** A project of these mappings and nothing else, on an empty company. */
export async function projectOf(
  t: Test,
  mappings: string | readonly string[],
  more: Partial<PlaygroundOptions> = {},
): Promise<CliWorld> {
  const files = Object.fromEntries([mappings].flat().map((yaml) => [/mapping: (\S+)/.exec(yaml)?.[1] ?? '', yaml]))
  const names = Object.keys(files)
  const given = await cliWorld(t, `mappings: [${names.join(', ')}]\n`, {
    company: 'empty',
    files: Object.fromEntries(names.map((name) => [`${name}.yaml`, files[name] ?? ''])),
    ...more,
  })
  await withoutStandardSet(given.folder)
  return given
}

/** For a project whose mappings are its own: each command that reads the standard set, too, takes twice as long. */
export async function withoutStandardSet(folder: string): Promise<void> {
  const file = join(folder, 'couplet.yaml')
  await writeFile(file, (await readFile(file, 'utf8')).replace('use: standard@1\n', ''))
}
