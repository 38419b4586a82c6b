#!/usr/bin/env node
/** The program's outermost line: the only file with process and console. */
import { createRequire } from 'node:module'
import { isatty } from 'node:tty'
import { setFlagsFromString } from 'node:v8'
import { systemClock } from './clock.ts'
import { terminalAsker } from './cli/asker.ts'
import { exits } from './cli/exit.ts'
import { runProgram } from './cli/program.ts'
import type { Terminal } from './cli/terminal.ts'

// On a large machine the heap would grow to several times what is alive before it is looked at; runners are small.
setFlagsFromString('--heap-growing-percent=50')
// Most runs are over before the optimising compiler has earned what it costs: only what is really busy is given to it.
setFlagsFromString('--interrupt-budget=400000')

const { version } = createRequire(import.meta.url)('../package.json') as { version: string }

const terminal: Terminal = {
  out: (text) => console.log(text),
  err: (text) => console.error(text),
  progress: (text) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`)
  },
  isTerminal: isatty(1),
  showsProgress: isatty(2),
  env: process.env,
  cwd: process.cwd(),
  clock: systemClock,
  ...(isatty(0) && isatty(1) && { asker: terminalAsker }),
  confirm:
    isatty(0) && isatty(1)
      ? async (message) => (await import('@inquirer/prompts')).confirm({ message, default: false })
      : undefined,
  stopped: () =>
    new Promise((resolve) => {
      // Only the first signal is heeded: a second one, of either kind, ends the process at once.
      const signals = ['SIGINT', 'SIGTERM'] as const
      const heed = (): void => {
        for (const signal of signals) process.removeListener(signal, heed)
        resolve()
      }
      for (const signal of signals) process.on(signal, heed)
    }),
}

let outputFailed = false
// A reader that closes the pipe early (`couplet couplings | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0)
  if (!outputFailed) console.error(`The output cannot be written (${error.code}). → Give it a place with room.`)
  outputFailed = true
  process.exitCode = exits.wrong
})
// What a run does goes on without anybody who reads its progress.
process.stderr.on('error', () => {})

const code = await runProgram(process.argv.slice(2), terminal, { version })
process.exitCode = outputFailed ? exits.wrong : code
