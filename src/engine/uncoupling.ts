/**
 * Taking pairs apart, with what hangs on them: pairs of other mappings whose record refers to one of them (K-10), and
 * the marks by which Sales says whose a record is (K-09, K-11). First looked at, then done, window by window: a mark is
 * cleared before its pair is forgotten, so that whoever is killed half-way does the rest the next time (P7).
 */
import { type Config, type Field, type Mapping, sides } from '../config/config.ts'
import type { WriteOperation, WriteStep } from '../connector/connector.ts'
import type { Coupling } from '../core/coupling.ts'
import { lookupMappings } from '../core/carry.ts'
import { claimedValue } from '../core/decide-create.ts'
import type { CompiledField } from '../core/mapping.ts'
import { standsAt } from '../core/offer.ts'
import type { Change, Upsert, Values } from '../core/record.ts'
import { chosen, contextOf } from './context.ts'
import { uncouple as entriesFor } from './decisions.ts'
import { aroundMark } from './judge-lines.ts'
import { type Ports, defaultRunOptions } from './ports.ts'
import { type RunContext, prepare, sessionOf } from './prepare.ts'
import { type Session, isAdmitted } from './session.ts'

/** A pair that is to be taken apart. */
export interface PairToEnd {
  readonly mapping: string
  readonly coupling: Coupling
  /** Its record refers to one of the pairs that were asked for. */
  readonly follows: boolean
}

/** A record of Sales without a pair that still carries this company's mark. */
export interface MarkLeft {
  readonly mapping: string
  readonly id: string
}

/** What taking pairs apart comes to; nothing of it is done yet. */
export interface Uncoupling {
  readonly pairs: readonly PairToEnd[]
  readonly marks: readonly MarkLeft[]
}

/** What became of it. */
export interface Uncoupled {
  readonly ended: number
  readonly cleared: number
  /** Records of Sales whose mark could not be cleared; their pairs stay. */
  readonly kept: readonly { readonly mapping: string; readonly id: string; readonly message: string }[]
}

export interface UncoupleRequest {
  readonly mapping: string
  readonly couplings: readonly Coupling[]
  /** Marks that were left on records without a pair are cleared too. */
  readonly all: boolean
}

/** Records looked at and written at once. */
const windowSize = 200

/** The sessions of the mappings concerned, by name: the one that is asked for, and those that hang on it. */
type Sessions = ReadonlyMap<string, Session>

/** What it would do. Reads Sales; writes nothing (P6). Throws ConfigError, ConnectorError, StateError. */
export async function planUncoupling(config: Config, ports: Ports, request: UncoupleRequest): Promise<Uncoupling> {
  return looked(await open(config, ports, request.mapping), request)
}

/** Does it, under the lock. Throws LockedError, ConfigError, ConnectorError, StateError. */
export async function carryOutUncoupling(config: Config, ports: Ports, request: UncoupleRequest): Promise<Uncoupled> {
  await ports.store.lock('decision')
  try {
    const sessions = await open(config, ports, request.mapping)
    const { pairs, marks } = await looked(sessions, request)
    const kept: Uncoupled['kept'][number][] = []
    let ended = 0
    let cleared = 0
    for (const [mapping, session] of sessions) {
      const own = pairs.filter((pair) => pair.mapping === mapping)
      for (const some of windows(own)) {
        const stuck = await release(
          session,
          some.map(({ coupling }) => coupling.sales.id),
        )
        const free = some.filter(({ coupling }) => !stuck.has(coupling.sales.id))
        const decided = entriesFor(
          session.state,
          free.map(({ coupling }) => ({ coupling, held: heldOf(session, coupling) })),
        )
        if (decided.kind === 'decided') await ports.store.commit(mapping, decided.entries)
        ended += free.length
        for (const [id, message] of stuck) kept.push({ mapping, id, message })
      }
      for (const some of windows(marks.filter((mark) => mark.mapping === mapping))) {
        const stuck = await release(
          session,
          some.map(({ id }) => id),
        )
        cleared += some.length - stuck.size
        for (const [id, message] of stuck) kept.push({ mapping, id, message })
      }
    }
    return { ended, cleared, kept }
  } finally {
    await ports.store.unlock()
  }
}

const heldOf = ({ state }: Session, coupling: Coupling) =>
  sides.flatMap((side) => state.held(side, coupling[side].id) ?? [])

function* windows<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += windowSize) yield items.slice(start, start + windowSize)
}

async function open(config: Config, ports: Ports, name: string): Promise<Sessions> {
  const asked = chosen(config, { ...defaultRunOptions, mappings: [name] })
  const hanging = config.mappings.filter((mapping) => mapping.enabled && hangsOn(mapping, name).length > 0)
  const mappings = [...asked.filter((mapping) => mapping.name === name), ...hanging]
  const context: RunContext = await contextOf(config, ports, { ...defaultRunOptions, dry: true }, mappings)
  const sessions = new Map<string, Session>()
  // What hangs on a pair goes first: it could not be found any more once the pair is forgotten.
  for (const mapping of [...mappings].reverse()) {
    const prepared = await prepare(context, mapping, ports.store)
    if (prepared !== undefined) sessions.set(mapping.name, sessionOf(context, prepared, ports.store, 'apply'))
  }
  return sessions
}

/** Columns of Sales by which a mapping's records hang on those of another. */
const hangsOn = (mapping: Mapping, name: string): readonly string[] =>
  mapping.name === name
    ? []
    : mapping.fields.flatMap((field) =>
        field.cascade && field.sales !== undefined && lookupMappings(field).includes(name) ? [field.sales] : [],
      )

async function looked(sessions: Sessions, { mapping, couplings, all }: UncoupleRequest): Promise<Uncoupling> {
  const pairs: PairToEnd[] = couplings.map((coupling) => ({ mapping, coupling, follows: false }))
  const ids = couplings.map(({ sales }) => sales.id)
  for (const [name, session] of sessions)
    if (name !== mapping) pairs.push(...(await hanging(session, { name: mapping, ids })))
  const own = sessions.get(mapping)
  return { pairs, marks: all && own !== undefined ? await marksLeft(own, new Set(ids)) : [] }
}

/** Pairs whose record of Sales refers to one of these. */
async function hanging(
  session: Session,
  on: { readonly name: string; readonly ids: readonly string[] },
): Promise<PairToEnd[]> {
  const { mapping, state, connectors } = session
  const { entity } = mapping.sales
  const found = new Map<string, PairToEnd>()
  if (entity === undefined) return []
  for (const column of hangsOn(mapping, on.name))
    for (const ids of windows(on.ids))
      for (const { id } of await connectors.sales.find(
        { entity, select: [column] },
        ids.map((each) => ({ [column]: each })),
      )) {
        const coupling = state.bySide('sales', id)
        if (coupling !== undefined) found.set(id, { mapping: mapping.name, coupling, follows: true })
      }
  return [...found.values()]
}

/** Records of the mapping's table that carry our mark and that no mapping has coupled, nor is about to let go here. */
async function marksLeft(session: Session, ending: ReadonlySet<string>): Promise<readonly MarkLeft[]> {
  const { mapping, store, connectors } = session
  const { entity } = mapping.sales
  const marks = await ours(session)
  if (entity === undefined || marks.length === 0) return []
  const condition = Object.fromEntries(marks.map(({ column, value }) => [column, value]))
  const found = await connectors.sales.find({ entity, select: Object.keys(condition) }, [condition])
  const states = store.mappings().map((name) => store.mapping(name))
  return found
    .filter(({ id }) => !ending.has(id) && states.every((state) => state.bySide('sales', id) === undefined))
    .map(({ id }) => ({ mapping: mapping.name, id }))
}

interface Mark {
  readonly field: CompiledField
  readonly column: string
  readonly value: string
}

/** The columns by which Sales says whose a record of the mapping is, with what they hold for this company. */
async function ours({ deciding }: Session): Promise<readonly Mark[]> {
  const marks: Mark[] = []
  for (const field of deciding.compiled.fields) {
    const value = field.field.claim ? await claimedValue(deciding, field) : undefined
    if (typeof value === 'string') marks.push({ field, column: field.place.sales?.column ?? '', value })
  }
  return marks
}

/** Clears our marks on these records of Sales; what another says there is left. Gives those that kept it, and why. */
async function release(session: Session, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const marks = await ours(session)
  let open: readonly string[] = marks.length === 0 ? [] : ids
  const stuck = new Map<string, string>()
  for (let round = 0; open.length > 0 && round < 3; round++)
    open = await releaseOnce(session, { ids: open, marks, stuck })
  for (const id of open) stuck.set(id, 'it is being changed by somebody else again and again')
  return stuck
}

/** One round; gives the records that somebody changed meanwhile. */
async function releaseOnce(
  session: Session,
  {
    ids,
    marks,
    stuck,
  }: { readonly ids: readonly string[]; readonly marks: readonly Mark[]; readonly stuck: Map<string, string> },
): Promise<readonly string[]> {
  const { entity } = session.mapping.sales
  if (entity === undefined) return []
  const rows = await session.connectors.sales.read({ entity, select: session.compiled.sides.sales.select }, ids)
  const operations: WriteOperation[] = []
  for (const row of rows.filter(isHere)) {
    const held = marks.filter(({ field, value }) => standsAt(field, 'sales', row.row) === value)
    if (held.length === 0) continue
    const cleared = Object.fromEntries(held.map(({ column }) => [column, null]))
    const etag = session.compiled.sides.sales.description.preconditions ? row.etag : undefined
    const steps = (await stepsFor(session, row, cleared)).map((values, step): WriteStep => ({
      kind: 'update',
      entity,
      key: row.id,
      etag: step === 0 ? etag : 'inherit',
      values,
    }))
    operations.push({ id: row.id, select: [], steps })
  }
  const results = operations.length === 0 ? [] : await session.connectors.sales.write(operations)
  return results.flatMap((result, index) => {
    const id = operations[index]?.id ?? ''
    if (result.kind === 'stale' || result.kind === 'unknown') return [id]
    if (result.kind === 'rejected' || result.kind === 'later') stuck.set(id, result.refusal.message)
    return []
  })
}

const isHere = (change: Change): change is Upsert => change.kind === 'upsert'

/** These values as they are written: a locked document that takes part is opened for it, and closed again (K-10). */
async function stepsFor(session: Session, row: Upsert, values: Values): Promise<readonly Values[]> {
  const around = isAdmitted(session, 'sales', row) ? await aroundMark(session, row) : []
  const at = (step: Field['step']): Values =>
    Object.fromEntries(
      around
        .filter(({ field }) => field.field.step === step)
        .map(({ field, cell }) => [field.place.sales?.column ?? '', cell]),
    )
  return [at('before'), values, at('after')].filter((each) => Object.keys(each).length > 0)
}
