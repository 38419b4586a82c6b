/** What touches many records, or cannot be taken back, is asked first at a terminal and needs `--yes` elsewhere. */
import { Option } from 'commander'
import type { Context } from './context.ts'
import { UsageError } from './usage-error.ts'

/** `--yes`: the answer given beforehand. */
export const yesOption = (): Option => new Option('-y, --yes', 'do it without asking')

/** True when it may go on. Throws UsageError where nobody can be asked and `--yes` was not given. */
export async function mayGoOn({ terminal }: Context, question: string, yes: boolean | undefined): Promise<boolean> {
  if (yes === true) return true
  const { confirm } = terminal
  if (confirm === undefined) throw new UsageError(`${question} Nobody can be asked here.`, 'To go on: add --yes')
  if (await confirm(question)) return true
  terminal.err('Nothing was changed.')
  return false
}

/**
 * True when what was shown may be written: a person's yes, at the terminal or beforehand. Where nobody can be asked it
 * stays with the showing, and the way on is told.
 */
export async function mayWrite(context: Context, question: string, yes: boolean | undefined): Promise<boolean> {
  if (yes === true || context.terminal.confirm !== undefined) return mayGoOn(context, question, yes)
  context.terminal.err('Nothing was written. To do it: add --yes')
  return false
}
