/** `couplet diff BASE [HEAD]`: what a change of the configuration means. Writes nothing. */
import { resolve } from 'node:path'
import { diffJson, diffMarkdown, diffText } from '../report/diff-report.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { exits } from './exit.ts'
import { addFormatOptions } from './format-option.ts'
import type { FormatArguments } from './format-option.ts'
import { withRevision } from './revision.ts'
import type { Revision } from './revision.ts'
import { UsageError } from './usage-error.ts'
import { compareVersions, readVersion, standardSetOf } from './versions.ts'
import type { ReadVersion } from './versions.ts'

export interface DiffArguments extends FormatArguments {
  readonly standard?: string
  readonly exitCode?: boolean
}

export const addDiff: AddCommand = (command, act) => {
  addFormatOptions(command)
    .argument('[base]', 'the version before: a branch, tag or commit, or a folder')
    .argument('[head]', 'the version after', 'the files as they stand')
    .option('--standard <folder>', 'read the version before with the standard set of this couplet package')
    .option('--exit-code', 'end with 10 when something changes')
    .addHelpText(
      'after',
      examples(
        'couplet diff main',
        'couplet diff v1.4 v1.5 --format markdown',
        'couplet diff ../sandbox',
        'couplet diff --standard ../couplet-1.0/package',
      ),
    )
    .action((base: string | undefined, head: string, given: DiffArguments) =>
      act((context) => diff(context, { base, head: head === asTheyStand ? undefined : head }, given)),
    )
}

/** What the help says of a version that is not named. */
const asTheyStand = 'the files as they stand'

/** Compares, prints, gives the exit code. Throws ConfigError where one of the versions is wrong. */
export async function diff(
  context: Context,
  named: { readonly base: string | undefined; readonly head: string | undefined },
  given: DiffArguments,
): Promise<number> {
  if (named.base === undefined && given.standard === undefined)
    throw new UsageError('Compared with what?', 'Name a version: couplet diff main')
  const standard =
    given.standard === undefined
      ? undefined
      : await standardSetOf(resolve(context.terminal.cwd, given.standard), given.standard)
  return withVersion(context, named.base, (base) =>
    withVersion(context, named.head, async (head) => {
      const { target } = context
      const before = await readVersion(base, { target, standard, lenient: true })
      const after = await readVersion(head, { target })
      return tell(context, before, after, given)
    }),
  )
}

const withVersion = <T>(
  context: Context,
  name: string | undefined,
  work: (revision: Revision) => Promise<T>,
): Promise<T> =>
  name === undefined
    ? work({ folder: context.folder, label: asTheyStand, isCommit: false })
    : withRevision(context.folder, { name, cwd: context.terminal.cwd, env: context.terminal.env }, work)

function tell(context: Context, before: ReadVersion, after: ReadVersion, given: DiffArguments): number {
  const report = compareVersions(before, after)
  context.print(
    () =>
      given.format === 'markdown' ? diffMarkdown(report, given.maxLength).trimEnd() : diffText(report, context.paint),
    () => diffJson(report),
  )
  return given.exitCode === true && report.changes.length > 0 ? exits.toDo : exits.done
}
