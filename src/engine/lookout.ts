/**
 * Looking whether a mapping has something to do, without running it: one or two small requests where nothing changed.
 * What wakes sleeping jobs (T-03, T-04). Our own writes coming back wake nobody (P4), nor do records that wait as they
 * are. Nothing is written, to the state neither.
 */
import { type Config, type Mapping, sides } from '../config/config.ts'
import type { Side } from '../config/config.ts'
import { versionOf } from '../core/fingerprint.ts'
import type { Change } from '../core/record.ts'
import type { Watermark } from '../core/watermark.ts'
import { contextIn } from './context.ts'
import { type Ports, defaultRunOptions } from './ports.ts'
import { type Prepared, type RunContext, prepare, sessionOf } from './prepare.ts'
import { type Session, heldOf, isAdmitted, isAsRefused, isRead } from './session.ts'

/** How far a first look reaches back beyond the last start where nothing was ever read, milliseconds. */
const overlapMs = 15 * 60_000

/** What a look shows. `changedAt`: when the first of the changes was made, milliseconds, where it is told. */
export type Sight = { readonly kind: 'quiet' } | { readonly kind: 'changed'; readonly changedAt: number | undefined }

const quiet: Sight = { kind: 'quiet' }

/** Looks after the mappings of a project; describes each only once. */
export class Lookout {
  readonly #config: Config
  readonly #ports: Ports
  #context: RunContext | undefined
  readonly #prepared = new Map<string, Prepared>()

  constructor(config: Config, ports: Ports) {
    this.#config = config
    this.#ports = ports
  }

  /**
   * Whether a side of the mapping has changes that no run has seen. `since`: the last run's start, for collections that
   * were empty then. `passOver`: sides that tell of their changes by themselves. Throws ConnectorError.
   */
  async look(mapping: Mapping, since: string | undefined, passOver: readonly Side[] = []): Promise<Sight> {
    const context = await this.#known()
    const prepared = await this.#prepare(context, mapping)
    if (prepared === undefined) return quiet
    const session = sessionOf(context, prepared, context.ports.store, 'plan')
    if (session.state.hash !== undefined && session.state.hash !== mapping.hash)
      return { kind: 'changed', changedAt: undefined }
    for (const side of sides) {
      const sight = isRead(session, side) && !passOver.includes(side) ? await lookAt(session, side, since) : quiet
      if (sight.kind === 'changed') return sight
    }
    return quiet
  }

  /** Rows can say which company they belong to, so it has to be known. */
  async #known(): Promise<RunContext> {
    if (this.#context !== undefined) return this.#context
    const { organisation: id, name } = await this.#ports.connectors.businessCentral.identify()
    const mappings = this.#config.mappings.filter(({ enabled }) => enabled)
    this.#context = contextIn({ id, name }, this.#config, this.#ports, { options: defaultRunOptions, mappings })
    return this.#context
  }

  /** Undefined where the mapping rests. */
  async #prepare(context: RunContext, mapping: Mapping): Promise<Prepared | undefined> {
    const made = this.#prepared.get(mapping.name) ?? (await prepare(context, mapping, context.ports.store))
    // What a filter still waits for is asked for again.
    if (made?.unknown.length === 0) this.#prepared.set(mapping.name, made)
    return made
  }
}

async function lookAt(session: Session, side: Side, lastStart: string | undefined): Promise<Sight> {
  const since = session.state.watermark(side) ?? backFrom(lastStart)
  const seen = since === undefined ? undefined : await session.readers[side].glance(since)
  if (seen?.more === true) return { kind: 'changed', changedAt: undefined }
  const fresh = (seen?.changes ?? []).filter((change) => isNews(session, side, change))
  if (fresh.length > 0) return { kind: 'changed', changedAt: firstOf(fresh) }
  const joined = await session.readers[side].joinedChanged((join) => session.state.watermark(`${side}/${join}`))
  return joined ? { kind: 'changed', changedAt: undefined } : quiet
}

/** Neither an echo, nor a record that is nobody's, nor one that was refused and waits as it is. */
function isNews(session: Session, side: Side, change: Change): boolean {
  const coupling = session.state.bySide(side, change.id)
  const pair = { businessCentral: coupling?.businessCentral.id, sales: coupling?.sales.id }
  const held = heldOf(session, coupling === undefined ? { [side]: change.id } : pair)
  if (change.kind === 'tombstone') return coupling !== undefined || held !== undefined
  if (held !== undefined && isAsRefused(held, side, change)) return false
  if (coupling === undefined) return isAdmitted(session, side, change)
  const version = versionOf(change)
  return version === undefined || version !== coupling[side].version
}

function firstOf(changes: readonly Change[]): number | undefined {
  const stamps = changes.flatMap((change) =>
    change.kind === 'upsert' && change.modified !== undefined ? [Date.parse(change.modified)] : [],
  )
  return stamps.length === 0 ? undefined : Math.min(...stamps)
}

/** A collection that was empty has no watermark: what came since the last run is new. */
const backFrom = (lastStart: string | undefined): Watermark | undefined =>
  lastStart === undefined ? undefined : { kind: 'stamp', at: new Date(Date.parse(lastStart) - overlapMs).toISOString() }
