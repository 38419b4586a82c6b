/** Reports that can be told as Markdown, for a comment of a pull request. */
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { commentSize } from '../report/markdown.ts'

export interface FormatArguments {
  readonly format?: 'text' | 'markdown'
  readonly maxLength: number
}

/** Adds `--format` and `--max-length`. */
export const addFormatOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--format <format>', 'markdown fits a comment of a pull request').choices(['text', 'markdown']),
    )
    .addOption(
      new Option('--max-length <characters>', 'the most that the Markdown may hold')
        .default(commentSize)
        .argParser(lengthOf),
    )

function lengthOf(text: string): number {
  const length = Number(text)
  if (Number.isInteger(length) && length >= 1000) return length
  throw new InvalidArgumentError('Write a whole number of at least 1000.')
}
