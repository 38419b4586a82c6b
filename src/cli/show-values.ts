/** Whether business values may be shown: by default at a person's terminal, never in CI (P8). */
import type { Command } from 'commander'
import type { Context } from './context.ts'

export interface ValueArguments {
  readonly showValues?: boolean
}

/** Adds `--show-values` and `--no-show-values`. */
export const addValueOptions = (command: Command): Command =>
  command
    .option('--show-values', 'show business values; the default at a terminal, never in CI')
    .option('--no-show-values', 'mask business values')

/** What was asked for, or what the place allows. */
export const showsValues = ({ terminal }: Context, { showValues }: ValueArguments): boolean =>
  showValues ?? (terminal.isTerminal && !isCi(terminal.env))

const isCi = (env: Readonly<Record<string, string | undefined>>): boolean =>
  (env['CI'] ?? '') !== '' && env['CI'] !== 'false'
