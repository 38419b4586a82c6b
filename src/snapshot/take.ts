/** Taking a snapshot: reads both sides once and writes nothing, to no service and to no state (P6). */
import { randomInt } from 'node:crypto'
import { type BySide, type Config, type Side, sides } from '../config/config.ts'
import type { Identity } from '../connector/connector.ts'
import { contextOf } from '../engine/context.ts'
import { type Ports, type RunProblem, defaultRunOptions } from '../engine/ports.ts'
import type { RunContext } from '../engine/prepare.ts'
import { retell, withoutBase } from '../engine/retell.ts'
import { run } from '../engine/run.ts'
import { localDate } from '../core/instant.ts'
import type { Row, Upsert } from '../core/record.ts'
import { ConnectorError } from '../errors.ts'
import { type MappingContent, emptyContent } from '../store/mapping-content.ts'
import { overlay } from '../store/memory-store.ts'
import { makeKey } from '../store/state-file.ts'
import { collectionsBeside } from './beside.ts'
import type { Collection } from './collection.ts'
import { type ClearColumns, clearColumns, clearValues, valuesNamed } from './named.ts'
import type { Random } from './ordered.ts'
import { type Pseudonym, pseudonyms } from './pseudonyms.ts'
import { type Readable, Recorder } from './recorder.ts'
import { replayed } from './replay.ts'
import { ShelvedSide } from './side.ts'
import type { Snapshot } from './snapshot.ts'

/** What a project gives to take a snapshot of it. */
export interface Taking {
  readonly config: Config
  readonly ports: Ports & { readonly connectors: BySide<Readable> }
  /** The facts of a mapping in the state. */
  readonly content: (mapping: string) => MappingContent
  /** @default from the operating system */
  readonly random?: Random
}

export interface Taken {
  readonly snapshot: Snapshot
  /** Mappings that could not be run, and whose rows may be missing. */
  readonly problems: readonly RunProblem[]
}

/** Takes a snapshot. Throws ConnectorError where a side is out of reach, StateError where the state is of other services. */
export async function takeSnapshot({ config, ports, content, random = randomInt }: Taking): Promise<Taken> {
  const taken = ports.clock.now().toISOString()
  const recorders = {
    businessCentral: new Recorder(ports.connectors.businessCentral),
    sales: new Recorder(ports.connectors.sales),
  }
  const identity = {
    businessCentral: await ports.connectors.businessCentral.identify(),
    sales: await ports.connectors.sales.identify(),
  }
  const connectors = {
    businessCentral: new ShelvedSide(
      'businessCentral',
      async () => identity.businessCentral,
      recorders.businessCentral,
    ),
    sales: new ShelvedSide('sales', async () => identity.sales, recorders.sales),
  }
  const real = { ...ports, connectors, store: overlay(ports.store) }
  const { problems } = await run(config, real, asking)
  const enabled = config.mappings.filter((mapping) => mapping.enabled)
  for (const side of sides)
    await recorders[side].complete(enabled.flatMap((mapping) => collectionsBeside(mapping, side)))
  const collections = {
    businessCentral: recorders.businessCentral.collections,
    sales: recorders.sales.collections,
  }
  const named = valuesNamed(config)
  const disguised = disguise(config, collections, { named, today: new Date(taken), random })
  const recorded = (side: Side): Snapshot['sides'][Side] => ({
    collections: disguised[side],
    missing: recorders[side].missing,
  })
  const bare: Snapshot = {
    taken,
    target: config.target,
    identity: { businessCentral: nowhere(identity.businessCentral), sales: nowhere(identity.sales) },
    sides: { businessCentral: recorded('businessCentral'), sales: recorded('sales') },
    key: makeKey(),
    state: Object.fromEntries(ports.store.mappings().map((name) => [name, remembered(content(name))])),
    named: [...named],
  }
  const snapshot = { ...bare, state: await retoldState(config, real, bare) }
  return { snapshot, problems: problems.filter(({ kind }) => kind === 'service') }
}

const asking = { ...defaultRunOptions, dry: true, full: true }

/** Who a side is, without where it is. */
const nowhere = (identity: Identity): Identity => ({ ...identity, environment: '' })

/** What a plan needs of the state. No mark of how far was read: it may carry a token, and all is read anyway. */
const remembered = (content: MappingContent): MappingContent => ({
  ...content,
  watermarks: emptyContent.watermarks,
  intents: emptyContent.intents,
})

function disguise(
  config: Config,
  collections: BySide<readonly Collection[]>,
  {
    named,
    today,
    random,
  }: { readonly named: Iterable<string | number>; readonly today: Date; readonly random: Random },
): BySide<readonly Collection[]> {
  const { timeZone } = config.settings
  const clear = clearColumns(config.mappings)
  const pseudonym = pseudonyms({
    values: () => hiddenValues(collections, clear),
    kept: [...named, localDate(today.getTime(), timeZone), ...clearValues(collections, clear)],
    lengths: lengthsOf(collections),
    timeZone,
    random,
  })
  const disguised = (side: Side): readonly Collection[] =>
    collections[side].map((collection) => {
      const plain = clear(side, collection)
      const rows = collection.rows.map((row) => disguisedRow(row, plain, pseudonym))
      return { ...collection, rows, clear: [...plain] }
    })
  return { businessCentral: disguised('businessCentral'), sales: disguised('sales') }
}

function* hiddenValues(collections: BySide<readonly Collection[]>, clear: ClearColumns): Generator {
  for (const side of sides)
    for (const collection of collections[side]) {
      const plain = clear(side, collection)
      for (const { row } of collection.rows)
        for (const [name, value] of Object.entries(row)) if (!plain.has(name)) yield value
    }
}

function disguisedRow(upsert: Upsert, plain: ReadonlySet<string>, pseudonym: Pseudonym): Upsert {
  const row: Row = Object.fromEntries(
    Object.entries(upsert.row).map(([name, value]) => [name, plain.has(name) ? value : pseudonym(value)]),
  )
  return { ...upsert, row }
}

/** Lengths at which texts are cut, here or there. */
const lengthsOf = (collections: BySide<readonly Collection[]>): ReadonlySet<number> =>
  new Set(
    sides.flatMap((side) =>
      collections[side].flatMap(({ description }) =>
        Object.values(description.columns).flatMap(({ maxLength }) => maxLength ?? []),
      ),
    ),
  )

/** The state with couplings whose fingerprints are those of the pseudonyms. */
async function retoldState(config: Config, real: Ports, bare: Snapshot): Promise<Snapshot['state']> {
  const other = await replayed(bare, real)
  const contexts = { real: await contextIn(config, real), retold: await contextIn(config, other) }
  const state: Record<string, MappingContent> = {}
  for (const [name, content] of Object.entries(bare.state))
    state[name] = { ...content, couplings: await orBare(content, () => retell(contexts, name)) }
  return state
}

const contextIn = (config: Config, ports: Ports): Promise<RunContext> =>
  contextOf(
    config,
    ports,
    asking,
    config.mappings.filter(({ enabled }) => enabled),
  )

/** A mapping that cannot be run is told already. */
async function orBare(content: MappingContent, work: () => Promise<MappingContent['couplings']>) {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ConnectorError) return content.couplings.map(withoutBase)
    throw error
  }
}
