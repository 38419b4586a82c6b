/** Taking a snapshot: reads both sides once and writes nothing, to no service and to no state (P6). */
import { randomInt } from 'node:crypto'
import type { BySide, Config } from '../config/config.ts'
import type { Identity } from '../connector/connector.ts'
import { withoutSaid } from '../core/coupling.ts'
import { contextOf } from '../engine/context.ts'
import { type Ports, type RunProblem, defaultRunOptions } from '../engine/ports.ts'
import type { RunContext } from '../engine/prepare.ts'
import { retell, withoutBase } from '../engine/retell.ts'
import { run } from '../engine/run.ts'
import { ConnectorError } from '../errors.ts'
import { type MappingContent, emptyContent } from '../store/mapping-content.ts'
import { overlay } from '../store/memory-store.ts'
import { makeKey } from '../store/state-file.ts'
import { collectionsBeside } from './beside.ts'
import { disguise } from './disguise.ts'
import { valuesNamed } from './named.ts'
import type { Random } from './ordered.ts'
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
  const today = ports.clock.now()
  const sales = await recording(ports.connectors.sales)
  const businessCentral = await recording(ports.connectors.businessCentral)
  const connectors = { businessCentral: businessCentral.shelved, sales: sales.shelved }
  const real = { ...ports, connectors, store: overlay(ports.store) }
  const { problems } = await run(config, real, asking)
  const enabled = config.mappings.filter((mapping) => mapping.enabled)
  for (const { recorder, identity } of [businessCentral, sales])
    await recorder.complete(enabled.flatMap((mapping) => collectionsBeside(mapping, identity.side)))
  const named = valuesNamed(config)
  const read = { businessCentral: businessCentral.recorder.collections, sales: sales.recorder.collections }
  const disguised = disguise(config, read, { named, today, random })
  const bare: Snapshot = {
    taken: today.toISOString(),
    target: config.target,
    identity: { businessCentral: nowhere(businessCentral.identity), sales: nowhere(sales.identity) },
    sides: {
      businessCentral: { collections: disguised.businessCentral, missing: businessCentral.recorder.missing },
      sales: { collections: disguised.sales, missing: sales.recorder.missing },
    },
    key: makeKey(),
    state: Object.fromEntries(ports.store.mappings().map((name) => [name, remembered(content(name))])),
    named: [...named],
  }
  const snapshot = { ...bare, state: await retoldState(config, real, bare) }
  return { snapshot, problems: problems.filter(({ kind }) => kind === 'service') }
}

/** A side that is recorded while it is asked. */
async function recording(connector: Readable): Promise<{
  readonly identity: Identity
  readonly recorder: Recorder
  readonly shelved: ShelvedSide
}> {
  const identity = await connector.identify()
  const recorder = new Recorder(connector)
  return { identity, recorder, shelved: new ShelvedSide(connector.side, async () => identity, recorder) }
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

/** The state with fingerprints of the pseudonyms. */
async function retoldState(config: Config, real: Ports, bare: Snapshot): Promise<Snapshot['state']> {
  const other = await replayed(bare, real)
  const contexts = { real: await contextIn(config, real), retold: await contextIn(config, other) }
  const state: Record<string, MappingContent> = {}
  for (const [name, content] of Object.entries(bare.state))
    state[name] = {
      ...content,
      couplings: await orBare(content, () => retell(contexts, name)),
      held: content.held.map(withoutSaid),
    }
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
