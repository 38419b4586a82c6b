/**
 * The review before a full run (native U-01, U-02): every mapping with what both sides hold and what had best be done,
 * in the order in which a run takes them. Writes nothing.
 */
import { type BySide, type Config, type Mapping, type Side, sides } from '../config/config.ts'
import { type Recommended, recommend } from '../core/recommend.ts'
import { ConnectorError } from '../errors.ts'
import { chosen, contextOf } from './context.ts'
import type { Ports } from './ports.ts'
import { defaultRunOptions } from './ports.ts'
import { type Prepared, type RunContext, prepare } from './prepare.ts'

/** What one side of a mapping holds. */
export interface Counted {
  /** Inside the mapping's filter. */
  readonly records: number
  /** Without a partner, and not brought along by the service itself. */
  readonly unpaired: number
}

/** One line of the review. */
export interface ReviewLine {
  readonly mapping: string
  readonly direction: Mapping['direction']
  /** Mappings of this review that have to run before. */
  readonly after: readonly string[]
  /** Undefined where a side could not be counted. */
  readonly counts: BySide<Counted | undefined>
  readonly recommendation: Recommended['kind'] | 'unknown'
  /** Why, or why nothing can be said. */
  readonly because: string
  /** What an administrator does about what could not be counted; empty otherwise. */
  readonly remedy: string
  /** Sides on which records without a partner may be created. */
  readonly creates: readonly Side[]
  /** Columns by which partners are found, one text a group. */
  readonly criteria: readonly string[]
}

/** Reviews these mappings, or all that are enabled. Throws ConfigError, and ConnectorError when a side is out of reach. */
export async function review(config: Config, ports: Ports, names: readonly string[]): Promise<readonly ReviewLine[]> {
  const options = { ...defaultRunOptions, mappings: names, dry: true }
  const mappings = chosen(config, options)
  const context = await contextOf(config, ports, options, mappings)
  const lines: ReviewLine[] = []
  for (const mapping of mappings) lines.push(await reviewOne(context, mapping))
  return lines
}

async function reviewOne(context: RunContext, mapping: Mapping): Promise<ReviewLine> {
  const common = {
    mapping: mapping.name,
    direction: mapping.direction,
    after: mapping.after.filter((name) => context.order.includes(name)),
    creates: sides.filter((side) => mapping.createOn[side]),
    criteria: mapping.match.map(
      ({ businessCentral, sales }) => `${businessCentral.join(' + ')} = ${sales.join(' + ')}`,
    ),
  }
  try {
    const prepared = await prepare(context, mapping, context.ports.store)
    if (prepared === undefined)
      return {
        ...common,
        counts: nothing,
        recommendation: 'nothing',
        because: 'it rests: the service lacks its entity',
        remedy: '',
      }
    const counts = {
      businessCentral: await countSide(context, prepared, 'businessCentral'),
      sales: await countSide(context, prepared, 'sales'),
    }
    const unpaired = { businessCentral: counts.businessCentral.unpaired, sales: counts.sales.unpaired }
    const { kind, because } = recommend(mapping, {
      unpaired,
      coupled: context.ports.store.mapping(mapping.name).size,
    })
    return { ...common, counts, recommendation: kind, because, remedy: '' }
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.fault === 'unauthorized' || error.fault === 'unreachable')
      throw error
    return { ...common, counts: nothing, recommendation: 'unknown', because: error.message, remedy: error.remedy }
  }
}

const nothing = { businessCentral: undefined, sales: undefined }

/** Counts by keys alone, page by page: nothing is kept but two numbers (P10). */
async function countSide(context: RunContext, { compiled, readers }: Prepared, side: Side): Promise<Counted> {
  const { source, sendFilter } = compiled.sides[side]
  const state = context.ports.store.mapping(compiled.mapping.name)
  const fixed = readers[side].constantIds
  let [records, unpaired] = [fixed.length, fixed.filter((id) => state.bySide(side, id) === undefined).length]
  if (source.entity === undefined) return { records, unpaired }
  const connector = context.ports.connectors[side]
  const query = { entity: source.entity, select: [], modified: source.modified }
  for await (const ids of connector.keys({ ...query, filter: sendFilter })) {
    records += ids.length
    for (const id of ids) if (state.bySide(side, id) === undefined) unpaired += 1
  }
  if (source.builtIn === undefined || unpaired === 0) return { records, unpaired }
  const filter = sendFilter === undefined ? source.builtIn : `(${sendFilter}) and (${source.builtIn})`
  for await (const ids of connector.keys({ ...query, filter }))
    for (const id of ids) if (state.bySide(side, id) === undefined) unpaired -= 1
  return { records, unpaired }
}
