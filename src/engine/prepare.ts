/** Making a mapping ready to run: descriptions from both services, compiled rows, readers, and one session a phase. */
import {
  type BySide,
  type Config,
  type Mapping,
  type Side,
  type Source,
  type WithPage,
  sides,
  travelsTo,
} from '../config/config.ts'
import type { Connector } from '../connector/connector.ts'
import type { Fingerprint } from '../core/fingerprint.ts'
import { localDate } from '../core/instant.ts'
import { type CompiledMapping, type SideDescriptions, compileMapping, splitPath } from '../core/mapping.ts'
import { conditionColumns, coupledMappings } from '../core/side-filter.ts'
import type { Company } from '../core/expression.ts'
import type { Description } from '../core/record.ts'
import { ConnectorError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { Following } from './following.ts'
import { StoreLookups } from './lookups.ts'
import type { OwnWrites } from './own-writes.ts'
import type { Ports, RunOptions } from './ports.ts'
import { type RowBudget, RowCache } from './row-cache.ts'
import type { Session } from './session.ts'
import type { SharedScans } from './shared-scans.ts'
import { SideReader } from './side-reader.ts'
import { Tally } from './tally.ts'

/** What all mappings of a run share. */
export interface RunContext {
  readonly config: Config
  readonly ports: Ports
  readonly options: RunOptions
  readonly company: Company
  readonly fingerprint: Fingerprint
  readonly budget: RowBudget
  readonly scans: SharedScans
  readonly ownWrites: OwnWrites
  /** Pairs of which a record is deleted at the end of the run: see `Views`. */
  readonly leaving: Set<string>
  readonly byName: ReadonlyMap<string, Mapping>
  /** Records that the plan would create. */
  readonly imagined: Set<string>
  /** Names of the mappings that run, in order. */
  readonly order: readonly string[]
}

/** A mapping ready to run. */
export interface Prepared {
  readonly compiled: CompiledMapping
  readonly readers: BySide<SideReader>
  readonly cache: RowCache
  readonly tally: Tally
  /** See Session. */
  readonly imagined: Set<string>
  /** Mappings whose one record the filters speak of, and which have coupled none. */
  readonly unknown: readonly string[]
}

/**
 * Describes, compiles and opens both sides of a mapping; undefined where it rests, because the service lacks an entity
 * marked `optional`. `store` tells what the mappings have coupled that filters speak of. Throws ConnectorError.
 */
export async function prepare(context: RunContext, mapping: Mapping, store: Store): Promise<Prepared | undefined> {
  const { connectors, emit } = context.ports
  const businessCentral = await describeSide(connectors.businessCentral, mapping, 'businessCentral')
  const sales = await describeSide(connectors.sales, mapping, 'sales')
  if (businessCentral === undefined || sales === undefined) return undefined
  const coupledKey = (name: string): string | undefined => firstCoupled(store, name)
  const descriptions = { businessCentral, sales }
  const compiled = compileMapping(mapping, descriptions, context.config.settings.timeZone, coupledKey)
  const { apart } = context.ports
  const bindings = { settings: context.config.settings, company: context.company, apart }
  const today = localDate(context.ports.clock.now().getTime(), compiled.timeZone)
  const warn = (message: string): void => emit({ kind: 'warning', mapping: mapping.name, message })
  const cache = new RowCache(context.budget)
  context.ownWrites.watch(mapping, cache)
  const open = (side: Side): Promise<SideReader> =>
    SideReader.open(compiled.sides[side], connectors[side], { bindings, warn, today, scans: context.scans })
  return {
    compiled,
    readers: { businessCentral: await open('businessCentral'), sales: await open('sales') },
    cache,
    tally: new Tally(),
    imagined: context.imagined,
    unknown: coupledMappings(mapping.sales, sales.main).filter((name) => coupledKey(name) === undefined),
  }
}

/**
 * Asks at once for what the product does not know of the collections of all mappings: one batch instead of one request a
 * table (P10). What cannot be told is told by each mapping itself when its turn comes (P5).
 */
export async function foresee({ order, byName, ports: { connectors } }: RunContext): Promise<void> {
  const mappings = order.flatMap((name) => byName.get(name) ?? [])
  await Promise.allSettled(
    mappings.flatMap((mapping) => sides.map((side) => describeSide(connectors[side], mapping, side))),
  )
}

/** As `prepare`, for what a person asks of one mapping. Throws ConnectorError also where the mapping rests. */
export async function prepareOne(context: RunContext, mapping: Mapping, store: Store): Promise<Prepared> {
  const prepared = await prepare(context, mapping, store)
  if (prepared !== undefined) return prepared
  throw new ConnectorError('sales', 'gone', {
    message: `${mapping.name} rests: the service lacks its entity`,
    remedy: 'Install the solution that brings it.',
  })
}

/** The key in Sales of the one record that a mapping has coupled. */
function firstCoupled(store: Store, mapping: string): string | undefined {
  for (const { sales } of store.mapping(mapping).couplings()) return sales.id
  return undefined
}

/**
 * The mapping, as long as all is coupled that its filters speak of: without it they cannot tell whose rows are whose.
 * Throws ConnectorError.
 */
export function knowing(prepared: Prepared | undefined): Prepared | undefined {
  const [needed] = prepared?.unknown ?? []
  if (prepared === undefined || needed === undefined) return prepared
  throw new ConnectorError('sales', 'rejected', {
    message: `${prepared.compiled.mapping.name} needs the record that ${needed} couples, to tell which rows of Sales it may take`,
    remedy: `See why it is not coupled: couplet plan ${needed}; couplet held ${needed}`,
  })
}

/** A session of a prepared mapping over a store: the overlay while planning, the real one while applying. */
export function sessionOf(context: RunContext, prepared: Prepared, store: Store, phase: Session['phase']): Session {
  const { config, options, ports } = context
  const { mapping } = prepared.compiled
  const turn = Math.max(0, context.order.indexOf(mapping.name))
  const order = { earlier: new Set(context.order.slice(0, turn)), later: new Set(context.order.slice(turn)) }
  const lookups = new StoreLookups({ store, real: ports.store, leaving: context.leaving }, context.byName, order)
  const { compiled, readers, cache, tally, imagined } = prepared
  return {
    compiled,
    readers,
    cache,
    tally,
    imagined,
    mapping,
    lookups,
    deciding: {
      compiled: prepared.compiled,
      fingerprint: context.fingerprint,
      lookups,
      bindings: { ...lookups.bindings(config.settings, context.company), apart: ports.apart },
    },
    connectors: ports.connectors,
    ownWrites: context.ownWrites,
    store,
    state: store.mapping(mapping.name),
    following: mapping.follows === undefined ? undefined : new Following(mapping, mapping.follows, store),
    clock: ports.clock,
    emit: ports.emit,
    stop: ports.stop,
    options,
    configuration: config.hash,
    company: context.company.id,
    phase,
    writable: writableSides(options),
    ceiling: undefined,
    permit: undefined,
    attemptsMost: config.settings.attempts,
    deferLater: true,
    deferred: new Set(),
  }
}

function writableSides(options: RunOptions): BySide<boolean> {
  const open = (side: Side): boolean => options.direction === undefined || travelsTo(options.direction, side)
  const rewritten = (side: Side): boolean => options.rewrite === undefined || options.rewrite === side
  return Object.fromEntries(sides.map((side) => [side, open(side) && rewritten(side)])) as Record<Side, boolean>
}

async function describeSide(connector: Connector, mapping: Mapping, side: Side): Promise<SideDescriptions | undefined> {
  const source = mapping[side]
  const pages: Record<string, Description> = {}
  for (const page of source.with) {
    const description = await describeIfThere(connector, page, optionalColumns(mapping, side, page.name))
    if (description !== undefined) pages[page.name] = description
  }
  const { entity } = source
  if (entity === undefined) return { main: constantDescription(source), pages }
  const wanted = [...optionalColumns(mapping, side, undefined), ...conditionColumns(source)]
  const main = await describeIfThere(connector, { entity, optional: source.optional }, wanted)
  if (main === undefined) return undefined
  const lines = await describeLines(connector, mapping, side)
  return { main, pages, ...(lines === undefined ? {} : { lines }) }
}

/** The lines of a document. What is written there and read there by name must be known. */
async function describeLines(connector: Connector, { lines }: Mapping, side: Side): Promise<Description | undefined> {
  const entity = lines?.mapping[side].entity
  if (lines === undefined || entity === undefined) return undefined
  const { parent, order, select } = lines.sides[side]
  const placed = lines.mapping.fields.flatMap((field) => {
    const column = field[side]
    return column !== undefined && travelsTo(field.direction, side) ? [column] : []
  })
  return connector.describe(entity, [...placed, ...select, parent, ...(order === undefined ? [] : [order])])
}

/** Columns that a row may do without: only the service itself can tell whether the organisation has them. */
function optionalColumns(mapping: Mapping, side: Side, page: string | undefined): readonly string[] {
  const paths = mapping.fields.flatMap((field) =>
    field.optional && field[side] !== undefined ? [splitPath(field[side])] : [],
  )
  return paths.filter((path) => path.page === page).map(({ column }) => column)
}

async function describeIfThere(
  connector: Connector,
  page: Pick<WithPage, 'entity' | 'optional'>,
  wanted: readonly string[],
): Promise<Description | undefined> {
  try {
    return await connector.describe(page.entity, wanted)
  } catch (error) {
    if (error instanceof ConnectorError && error.fault === 'gone' && page.optional) return undefined
    throw error
  }
}

const constantDescription = (source: Source): Description => ({
  key: source.keys,
  clientKeys: false,
  modified: undefined,
  tracked: false,
  preconditions: false,
  columns: {},
})
