/** How long the program takes to say what it can do: the help, beside Node doing nothing. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median } from './processes.ts'

export interface StartFigures {
  readonly command: string
  /** Processor time of the whole process, milliseconds. */
  readonly cpuMs: number
  /** Beside `node -e 0` in the same run. */
  readonly ratio: number
}

const cli = fileURLToPath(new URL('../cli.js', import.meta.url))
/** Tells on its last line what the process cost. */
const meter =
  'data:text/javascript,process.on("exit",()=>{const{user,system}=process.cpuUsage();process.stderr.write("\\n"+(user+system)/1000)})'

const cost = (args: readonly string[]): number => {
  const { stderr } = spawnSync(process.execPath, ['--import', meter, ...args], { encoding: 'utf8' })
  return Number(stderr.trim().split('\n').at(-1))
}

/** In turns, so many times. */
export function starts(repeats: number): readonly StartFigures[] {
  const commands: Readonly<Record<string, readonly string[]>> = {
    'couplet --help': [cli, '--help'],
    'couplet sync --help': [cli, 'sync', '--help'],
  }
  const runs = Array.from({ length: repeats }, () => ({
    bare: cost(['-e', '0']),
    ours: Object.values(commands).map((args) => cost(args)),
  }))
  return Object.keys(commands).map((command, index) => ({
    command,
    cpuMs: median(runs.map(({ ours }) => ours[index] ?? NaN)),
    ratio: median(runs.map(({ ours, bare }) => (ours[index] ?? NaN) / bare)),
  }))
}
