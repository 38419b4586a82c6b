/** `couplet match`: couples records that belong together; creates none unless told to (native match-based coupling). */
import { Option } from 'commander'
import type { Direction, Mapping } from '../config/config.ts'
import { misfit, runsAfter } from '../engine/sync-after.ts'
import type { SyncAfter } from '../engine/sync-after.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { mappingsNamed } from './mapping-names.ts'
import { endRun } from './run-ending.ts'
import { acceptances, acceptOption, createdOn } from './run-options.ts'
import { syncAfterOption } from './sync-after-option.ts'
import { UsageError } from './usage-error.ts'

export interface MatchArguments {
  readonly sync?: SyncAfter
  /** True: to Sales, as natively (K-04). */
  readonly create?: Direction | true
  readonly accept?: readonly string[]
}

export const addMatch: AddCommand = (command, act) => {
  command
    .argument('[mapping]', 'only this mapping')
    .addOption(
      new Option(
        '--create [where]',
        'create a partner for records that match none: toSales unless said otherwise',
      ).choices(['toSales', 'toBusinessCentral', 'both']),
    )
    .addOption(syncAfterOption())
    .addOption(acceptOption())
    .addHelpText(
      'after',
      examples('couplet match', 'couplet match customer-account --sync none', 'couplet match currency --create'),
    )
    .action((name: string | undefined, given: MatchArguments) =>
      act((context) => match(context, name === undefined ? [] : [name], given)),
    )
}

/** A whole run that creates nothing but what `--create` allows. Throws UsageError where there is nothing to match by. */
export function match(context: Context, names: readonly string[], given: MatchArguments): Promise<number> {
  const { sync = 'merge', create, accept = [] } = given
  return context.withProject(async (project) => {
    const mappings = matchable(mappingsNamed(project.config, names))
    const wrong = names.length === 0 ? undefined : mappings.map((mapping) => misfit(sync, mapping)).find(Boolean)
    if (wrong !== undefined) throw new UsageError(wrong)
    const report = await project.run({
      mappings: mappings.map(({ name }) => name),
      full: true,
      noCreate: create === undefined,
      creates: createdOn(create === true ? 'toSales' : create),
      ...runsAfter(sync),
      accept: acceptances(accept),
    })
    return endRun(context, report)
  })
}

/** K-07: without criteria nothing is matched. */
function matchable(mappings: readonly Mapping[]): readonly Mapping[] {
  const found = mappings.filter(({ match: groups }) => groups.length > 0)
  if (found.length > 0) return found
  const names = mappings.map(({ name }) => name).join(', ')
  throw new UsageError(
    `${names} has no match rules.`,
    'Add `match:` to the mapping, e.g. match: [{ businessCentral: [number], sales: [accountnumber] }]; or couple by hand: couplet couple',
  )
}
