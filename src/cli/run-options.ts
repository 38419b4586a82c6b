/** Arguments that plan, sync and apply share, read into the options of a run. */
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import type { Side } from '../config/config.ts'
import { parseAcceptances } from '../core/guard.ts'
import type { RunOptions } from '../engine/ports.ts'
import { UsageError } from './usage-error.ts'

export interface RunArguments {
  readonly full?: boolean
  readonly record?: { readonly column: string; readonly value: string }
  readonly direction?: 'toSales' | 'toBusinessCentral'
  readonly accept?: readonly string[]
  readonly rewrite?: Side
}

/** Adds the options that narrow or widen a run. */
export function addRunOptions(command: Command): Command {
  return command
    .option('--full', 'read everything, whatever was read before; merges, overwrites nothing')
    .option('--record <column=value>', 'only this record, e.g. number=10000', columnValue)
    .addOption(directionOption())
    .addOption(acceptOption())
    .addOption(
      new Option('--rewrite <side>', 'write all mapped values of coupled records anew to this side').choices([
        'sales',
        'businessCentral',
      ]),
    )
}

/** `--accept`, repeatable. */
export const acceptOption = (): Option =>
  new Option(
    '--accept <words>',
    'let a safety limit pass, e.g. customer-account.sales.deletes=41; repeatable',
  ).argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value])

const directionOption = (): Option =>
  new Option('--direction <direction>', 'write to one side only').choices(['toSales', 'toBusinessCentral'])

/** Reads `column=value`. */
export function columnValue(text: string): { readonly column: string; readonly value: string } {
  const parts = /^(\w+)=(.+)$/s.exec(text)
  if (parts?.[1] === undefined || parts[2] === undefined)
    throw new InvalidArgumentError('Write column=value, e.g. number=10000.')
  return { column: parts[1], value: parts[2] }
}

/** The options of a run. Throws UsageError for `--accept` words that make no sense. */
export function runOptions(mappings: readonly string[], given: RunArguments): Partial<RunOptions> {
  return {
    mappings,
    full: given.full === true,
    record: given.record,
    direction: given.direction,
    rewrite: given.rewrite,
    accept: acceptances(given.accept ?? []),
  }
}

/** Reads `--accept` words. Throws UsageError naming the wrong ones. */
export function acceptances(words: readonly string[]): RunOptions['accept'] {
  const { accepted, wrong } = parseAcceptances(words)
  if (wrong.length === 0) return accepted
  throw new UsageError(
    `--accept ${wrong.join(', ')} makes no sense.`,
    'Give back what the safety limit printed, e.g. --accept customer-account.sales.deletes=41',
  )
}
