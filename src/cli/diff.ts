/** `couplet diff BASE [HEAD]`: what a change of the configuration means. Writes nothing. */
import { resolve } from 'node:path'
import { Option } from 'commander'
import { diffJson, diffMarkdown, diffText } from '../report/diff-report.ts'
import type { DiffReport } from '../report/diff-report.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { effectFrom } from './effect.ts'
import type { EffectSource } from './effect.ts'
import { exits } from './exit.ts'
import { addFormatOptions } from './format-option.ts'
import type { FormatArguments } from './format-option.ts'
import { withRevision } from './revision.ts'
import type { Revision } from './revision.ts'
import { addValueOptions } from './show-values.ts'
import type { ValueArguments } from './show-values.ts'
import { UsageError } from './usage-error.ts'
import { compareVersions, readVersion, standardSetOf } from './versions.ts'

export interface DiffArguments extends FormatArguments, ValueArguments {
  readonly live?: boolean
  readonly demo?: boolean
  readonly snapshot?: string
  readonly standard?: string
  readonly exitCode?: boolean
}

export const addDiff: AddCommand = (command, act) => {
  addValueOptions(addFormatOptions(command))
    .argument('[base]', 'the version before: a branch, tag or commit, or a folder')
    .argument('[head]', 'the version after', 'the files as they stand')
    .option('--standard <folder>', 'read the version before with the standard set of this couplet package')
    .addOption(
      new Option('--live', 'tell the effect on the records of the services; connections are those of BASE').conflicts([
        'demo',
        'snapshot',
      ]),
    )
    .addOption(
      new Option(
        '--snapshot <folder>',
        'tell the effect on the records of a snapshot; no service is asked and no secret needed',
      ).conflicts('demo'),
    )
    .option('--demo', 'tell the effect on the records of a simulated demo company')
    .option('--exit-code', 'end with 10 when something changes')
    .addHelpText(
      'after',
      examples(
        'couplet diff main',
        'couplet diff v1.4 v1.5 --format markdown',
        'couplet diff main --demo',
        'couplet diff main --live --format markdown',
        'couplet diff main --snapshot snapshot',
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
  if (named.base === undefined && given.live === true)
    throw new UsageError(
      '--live takes the connections of BASE, and none is named.',
      'Name the version that is trusted: couplet diff main --live',
    )
  const standard =
    given.standard === undefined
      ? undefined
      : await standardSetOf(resolve(context.terminal.cwd, given.standard), given.standard)
  return withVersion(context, named.base, (base) =>
    withVersion(context, named.head, async (head) => {
      const { target } = context
      const before = await readVersion(base, { target, standard, lenient: true })
      const after = await readVersion(head, { target })
      const source = sourceOf(given)
      const effect = source === undefined ? undefined : await effectFrom(context, source, { before, after }, given)
      return tell(context, { ...compareVersions(before, after), ...(effect && { effect }) }, given)
    }),
  )
}

function sourceOf({ live, demo, snapshot }: DiffArguments): EffectSource | undefined {
  if (snapshot !== undefined) return { snapshot }
  return live === true ? 'live' : demo === true ? 'demo' : undefined
}

const withVersion = <T>(
  context: Context,
  name: string | undefined,
  work: (revision: Revision) => Promise<T>,
): Promise<T> =>
  name === undefined
    ? work({ folder: context.folder, label: asTheyStand, isCommit: false })
    : withRevision(context.folder, { name, cwd: context.terminal.cwd, env: context.terminal.env }, work)

function tell(context: Context, report: DiffReport, given: DiffArguments): number {
  context.print(
    () =>
      given.format === 'markdown' ? diffMarkdown(report, given.maxLength).trimEnd() : diffText(report, context.paint),
    () => diffJson(report),
  )
  return given.exitCode === true && report.changes.length > 0 ? exits.toDo : exits.done
}
