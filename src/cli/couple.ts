/** `couplet couple`: two records are the same thing, because a person says so. */
import type { BySide, Mapping, Side } from '../config/config.ts'
import { otherSide, sides } from '../config/config.ts'
import { couple as decide } from '../engine/decisions.ts'
import type { CoupleRequest } from '../engine/decisions.ts'
import { misfit, preferenceOf } from '../engine/sync-after.ts'
import type { SyncAfter } from '../engine/sync-after.ts'
import type { Project } from '../main.ts'
import { comparisonJson, comparisonText } from '../report/compare-text.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { carryOut } from './decide.ts'
import { exits } from './exit.ts'
import { findRecord } from './find-record.ts'
import type { FoundRecord } from './find-record.ts'
import { mappingNamed } from './mapping-names.ts'
import { match } from './match.ts'
import { addValueOptions, showsValues } from './show-values.ts'
import type { ValueArguments } from './show-values.ts'
import { syncAfterOption } from './sync-after-option.ts'
import { UsageError } from './usage-error.ts'

export interface CoupleArguments extends ValueArguments {
  readonly bc?: string
  readonly sales?: string
  readonly all?: boolean
  readonly show?: boolean
  readonly sync: SyncAfter
  readonly later?: boolean
}

export const addCouple: AddCommand = (command, act) => {
  command
    .argument('<mapping>')
    .option('--bc <record>', 'record in Business Central: its id, its number, or (the beginning of) its name')
    .option('--sales <record>', 'record in Sales: its id, its number, or (the beginning of) its name')
    .option('--all', 'every record that finds its partner by the match rules: couplet match')
    .option('--show', 'only show both records side by side and what would be written; couples nothing')
    .addOption(syncAfterOption())
    .option('--later', 'only remember it; the next run carries it out')
  addValueOptions(command)
    .addHelpText(
      'after',
      examples(
        'couplet couple customer-account --bc 10000 --sales 9b2d8f0a-51f3-4a3c-9c1e-0d6f5a2b7c11 --show',
        'couplet couple customer-account --bc 10000 --sales "Adatum" --sync toSales',
        'couplet couple customer-account --all',
        'couplet couplings import pairs.csv --mapping customer-account      many, from a file',
      ),
    )
    .action((name: string, given: CoupleArguments) => act((context) => couple(context, name, given)))
}

export function couple(context: Context, name: string, given: CoupleArguments): Promise<number> {
  const { bc, sales, all, sync } = given
  if (all === true) return match(context, [name], { sync })
  if (bc === undefined || sales === undefined)
    throw new UsageError('Say which two: --bc RECORD --sales RECORD; or --all, for those that match.')
  return context.withProject(async (project) => {
    const mapping = mappingNamed(project.config, name)
    if (mapping.follows !== undefined) {
      const followed = mapping.follows.mapping
      throw new UsageError(`${name} couples nothing itself: it follows ${followed}.`, `Couple them in ${followed}.`)
    }
    const wrong = misfit(sync, mapping)
    if (wrong !== undefined) throw new UsageError(wrong, `Choose --sync merge, none or ${mapping.direction}.`)
    const pair = {
      businessCentral: await findRecord(project, mapping, 'businessCentral', bc),
      sales: await findRecord(project, mapping, 'sales', sales),
    }
    const preference = preferenceOf(sync, mapping)
    const request: CoupleRequest = {
      prefer: preference === 'none' ? 'hold' : preference,
      gone: await gonePartners(project, mapping, pair),
      at: context.terminal.clock.now().toISOString(),
    }
    if (given.show === true) return show(context, project, { mapping, pair, request, given })
    return carryOut(context, project, {
      mapping: name,
      decide: (state) => decide(state, pair, request),
      told: `${name}: ${bc} and ${sales} are coupled.`,
      later: given.later === true || preference === 'none',
    })
  })
}

interface Shown {
  readonly mapping: Mapping
  readonly pair: BySide<FoundRecord>
  readonly request: CoupleRequest
  readonly given: ValueArguments
}

/** Both records side by side; of a pair that is coupled already, as it stands. */
async function show(context: Context, project: Project, { mapping, pair, request, given }: Shown): Promise<number> {
  const state = project.ports.store.mapping(mapping.name)
  const isCoupled = state.bySide('businessCentral', pair.businessCentral.id)?.sales.id === pair.sales.id
  const decided = isCoupled ? undefined : decide(state, pair, request)
  if (decided?.kind === 'problem') throw new UsageError(decided.message, decided.remedy)
  const comparison = await project.compare({
    mapping: mapping.name,
    pair: { businessCentral: pair.businessCentral.id, sales: pair.sales.id },
    entries: decided?.entries ?? [],
  })
  const showValues = showsValues(context, given)
  context.print(
    () => comparisonText(comparison, context.paint, showValues),
    () => comparisonJson(comparison, showValues),
  )
  return exits.done
}

/** Partners of the two, in other couplings, that are not there any more: such a coupling blocks nobody (C-07). */
async function gonePartners(
  { ports }: Project,
  mapping: Mapping,
  pair: BySide<FoundRecord>,
): Promise<ReadonlySet<string>> {
  const state = ports.store.mapping(mapping.name)
  const gone = new Set<string>()
  for (const side of sides) {
    const other: Side = otherSide(side)
    const partner = state.bySide(side, pair[side].id)?.[other].id
    const { entity } = mapping[other]
    if (partner === undefined || partner === pair[other].id || entity === undefined) continue
    const [change] = await ports.connectors[other].read({ entity, select: [] }, [partner])
    if (change?.kind === 'tombstone') gone.add(partner)
  }
  return gone
}
