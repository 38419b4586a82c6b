/** Arguments that plan, sync and apply share, read into the options of a run. */
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { travelsTo } from '../config/config.ts'
import type { BySide, Direction, Side } from '../config/config.ts'
import { parseAcceptances } from '../core/guard.ts'
import type { NamedRecord, RunOptions } from '../engine/ports.ts'
import { UsageError } from './usage-error.ts'

export interface RunArguments {
  readonly full?: boolean
  readonly record?: readonly NamedRecord[]
  readonly create?: Direction | 'never'
  readonly direction?: 'toSales' | 'toBusinessCentral'
  readonly accept?: readonly string[]
  readonly rewrite?: Side
}

/** Adds the options that narrow or widen a run. */
export function addRunOptions(command: Command): Command {
  return command
    .option('--full', 'read everything, whatever was read before; merges, overwrites nothing')
    .option('--record <column=value>', 'only this record, e.g. number=10000; repeatable', columnValue)
    .addOption(directionOption())
    .addOption(
      new Option('--create <where>', 'in this run only, instead of what the mappings say').choices([
        'never',
        'toSales',
        'toBusinessCentral',
        'both',
      ]),
    )
    .addOption(acceptOption())
    .addOption(
      new Option(
        '--rewrite <side>',
        'make coupled records of this side equal to the other side, whatever was edited on it',
      ).choices(['sales', 'businessCentral']),
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

/** Reads `column=value` and adds it to those given before. */
export function columnValue(text: string, before: readonly NamedRecord[] = []): readonly NamedRecord[] {
  const parts = /^(\w+)=(.+)$/s.exec(text)
  if (parts?.[1] === undefined || parts[2] === undefined)
    throw new InvalidArgumentError('Write column=value, e.g. number=10000.')
  return [...before, { column: parts[1], value: parts[2] }]
}

/** What `--create` allows instead of what the mappings say. */
export function createdOn(create: Direction | 'never' | undefined): BySide<boolean> | undefined {
  if (create === undefined) return undefined
  const on = (side: Side): boolean => create !== 'never' && travelsTo(create, side)
  return { businessCentral: on('businessCentral'), sales: on('sales') }
}

/** The options of a run. Throws UsageError for `--accept` words that make no sense. */
export function runOptions(mappings: readonly string[], given: RunArguments): Partial<RunOptions> {
  return {
    mappings,
    full: given.full === true,
    records: given.record ?? [],
    creates: createdOn(given.create),
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
