/** One mapping in one phase of a run: everything its steps share. */
import type { Clock } from '../clock.ts'
import { type BySide, type Mapping, type Side, otherSide, sides, travelsTo } from '../config/config.ts'
import type { Connector } from '../connector/connector.ts'
import { type Base, noBase, packBase, unpackBase } from '../core/base.ts'
import type { CoupledLines, Coupling, Held, SoughtLine } from '../core/coupling.ts'
import type { LinePair } from '../core/decide-lines.ts'
import type { Emit } from '../core/event.ts'
import { evaluateFilter } from '../core/filter-evaluation.ts'
import { versionOf } from '../core/fingerprint.ts'
import type { CompiledMapping } from '../core/mapping.ts'
import { isColumn } from '../core/one.ts'
import type { Deciding } from '../core/offer.ts'
import type { Change, Loaded, Row, Upsert } from '../core/record.ts'
import { canonical } from '../core/values.ts'
import type { Entry, MappingState, Store } from '../store/store.ts'
import type { Ceiling } from './ceiling.ts'
import type { Following } from './following.ts'
import type { StoreLookups } from './lookups.ts'
import type { OwnWrites } from './own-writes.ts'
import type { Permit } from './permit.ts'
import type { RunOptions } from './ports.ts'
import type { RowCache } from './row-cache.ts'
import type { SideReader } from './side-reader.ts'
import type { Tally } from './tally.ts'

/** What the steps of one mapping share. */
export interface Session {
  readonly mapping: Mapping
  readonly compiled: CompiledMapping
  readonly deciding: Deciding
  readonly lookups: StoreLookups
  readonly connectors: BySide<Connector>
  readonly readers: BySide<SideReader>
  readonly cache: RowCache
  readonly ownWrites: OwnWrites
  /** The state as this phase sees it: an overlay while planning. */
  readonly store: Store
  readonly state: MappingState
  /** The couplings that the mapping rides on, where it follows another. */
  readonly following: Following | undefined
  readonly tally: Tally
  readonly clock: Clock
  readonly emit: Emit
  /** See Ports. */
  readonly stop: AbortSignal | undefined
  readonly options: RunOptions
  /** Hash of the configuration. */
  readonly configuration: string
  /** Business Central's company id: part of every derived key (P1). */
  readonly company: string
  readonly phase: 'plan' | 'apply'
  readonly writable: BySide<boolean>
  /** How often a record may be refused before it is set aside. */
  readonly attemptsMost: number
  /** The guard while writing; absent while planning. */
  readonly ceiling: Ceiling | undefined
  /** The saved plan that is applied; absent while planning and in other runs. */
  readonly permit: Permit | undefined
  /** False in the second pass. */
  deferLater: boolean
  /** Records that the plan would create, as `side/id`: they stand in couplings of the overlay and cannot be read. */
  readonly imagined: Set<string>
  /** Pairs whose references to later mappings are to be written in the second pass, by BC id. */
  readonly deferred: Set<string>
}

/** Commits entries of the session's mapping; nothing to commit costs nothing. */
export async function commit(session: Session, entries: readonly Entry[]): Promise<void> {
  if (entries.length > 0) await session.store.commit(session.mapping.name, entries)
}

/** True where the mapping reads changes of that side. */
export const isSource = (mapping: Mapping, side: Side): boolean => travelsTo(mapping.direction, otherSide(side))

/** True where this run reads changes of that side: a run in one direction leaves the other side's for the next. */
export const isRead = ({ mapping, writable }: Session, side: Side): boolean =>
  isSource(mapping, side) && writable[otherSide(side)]

/** Whether records may be written there at all: options of a choice column are metadata. */
export const mayWriteMetadata = ({ mapping }: Session, side: Side): boolean =>
  mapping[side].entity?.kind !== 'choice' || mapping.allowMetadataChanges

/** Key that stands for one which the service chooses when it makes the record. */
export const foreseenKey = (mapping: string, source: string): string => `new:${mapping}:${source}`
/** What hangs on a record that the plan would create, and is made by the service with it. */
export const madeWithIt = 'new:with it'
/** Whether a value stands for a key that only writing will tell. */
export const isForeseenKey = (value: string): boolean => value.startsWith('new:')

/** Name of a record that the plan would create. */
export const imaginedAs = (side: Side, id: string): string => `${side}/${id}`
export const isImagined = ({ imagined, phase }: Session, side: Side, id: string | undefined): boolean =>
  phase === 'plan' && id !== undefined && imagined.has(imaginedAs(side, id))

/** Further pages that the services do not publish, as far as they were needed. */
export function missingPages({ readers }: Session): ReadonlySet<string> {
  const [ours, theirs] = [readers.businessCentral.missingPages, readers.sales.missingPages]
  if (theirs.size === 0) return ours
  return new Set([...ours, ...theirs])
}

/** Whether the mapping's filter admits a row. */
export function isAdmitted(session: Session, side: Side, { row, silent }: Upsert): boolean {
  const { filter } = session.compiled.sides[side]
  return silent !== true && (filter === undefined || evaluateFilter(filter, row, side))
}

/** The base of a coupling. */
export function baseOf(session: Session, coupling: Coupling): Base {
  const rows = session.state.layout(coupling.layout)
  return rows === undefined ? noBase : unpackBase(coupling.base, rows)
}

/** The lines of a coupled document that belong together; undefined as long as nobody has told which do. */
export function linePairsOf({ state }: Session, coupling: Coupling | undefined): readonly LinePair[] | undefined {
  if (coupling?.lines === undefined) return undefined
  const rows = state.layout(coupling.lines.layout)
  return coupling.lines.pairs.map(([businessCentral, sales, base]) => ({
    businessCentral,
    sales,
    base: rows === undefined ? noBase : unpackBase(base, rows),
  }))
}

/** Lines of a coupled document whose partners may have been made, under keys that nobody knows. */
export const soughtLinesOf = (coupling: Coupling | undefined): readonly SoughtLine[] => coupling?.lines?.sought ?? []

/**
 * Pairs of lines as the document's coupling keeps them, in the order of their keys in Business Central, and the lines
 * whose partners are sought still; nothing for a mapping without lines, or as long as nobody has told which belong together.
 */
export function packedLines(
  { compiled }: Pick<Session, 'compiled'>,
  pairs: readonly LinePair[] | undefined,
  sought: readonly SoughtLine[],
): { readonly lines?: CoupledLines } {
  const layout = compiled.lines?.compiled.layout
  if (layout === undefined) return {}
  if (pairs === undefined && sought.length === 0) return {}
  const known = pairs ?? []
  const left = sought.filter(([on, source]) => !known.some((pair) => pair[otherSide(on)] === source))
  const packedPairs = known
    .toSorted((one, other) => (one.businessCentral < other.businessCentral ? -1 : 1))
    .map(({ businessCentral, sales, base }) => [businessCentral, sales, packBase(base, layout.rows)] as const)
  return { lines: { layout: layout.id, pairs: packedPairs, ...(left.length === 0 ? {} : { sought: left }) } }
}

/** Field rows that the coupling knows but that have no base: their first meeting is still open. */
export function pendingRows(session: Session, coupling: Coupling, base: Base): ReadonlySet<string> {
  return new Set((session.state.layout(coupling.layout) ?? []).filter((row) => !base.has(row)))
}

/** A base in the present layout. */
export const packed = (session: Session, base: Base): { readonly layout: string; readonly base: string } => ({
  layout: session.compiled.layout.id,
  base: packBase(base, session.compiled.layout.rows),
})

/** The order of the present field rows, as far as the state does not know it. */
export function layoutEntries({ compiled, state }: Session): readonly Entry[] {
  const layouts = [compiled.layout, ...(compiled.lines === undefined ? [] : [compiled.lines.compiled.layout])]
  return layouts.flatMap(({ id, rows }) => (state.layout(id) === undefined ? [{ kind: 'layout', id, rows }] : []))
}

const asCode = { type: 'code' } as const

/** Natural keys of a record: what other mappings refer to. */
export function keysOf(session: Session, side: Side, row: Row): Readonly<Record<string, string>> {
  const keys: Record<string, string> = {}
  for (const column of session.mapping[side].keys) {
    const value = canonical(row[column], asCode)
    if (value !== null) keys[column] = value
  }
  return keys
}

/**
 * How people call the record: by its natural keys, or by what is matched with them. Never by a name or an address: the
 * number is kept in state (P8).
 */
export function numberOf(session: Session, side: Side, row: Row | undefined): string | undefined {
  if (row === undefined) return undefined
  // A blank among what a group has in common says something too: local currency, no variant.
  const isGroup = side === 'businessCentral' && session.mapping.one !== undefined
  const told: string[] = []
  for (const column of numberColumns(session.mapping, side)) {
    const value = canonical(row[column], asCode)
    if (value !== null) told.push(value)
    else if (!isGroup) return undefined
  }
  return told.length === 0 ? undefined : told.join(' ')
}

/** The columns of a side by which people call a record. */
export function numberColumns(mapping: Mapping, side: Side): readonly string[] {
  // A group is called by what its rows have in common, whichever of them speaks.
  if (side === 'businessCentral' && mapping.one !== undefined) return mapping.one.per.filter(isColumn)
  const own = mapping[side].keys
  if (own.length > 0) return own
  const theirs = mapping[otherSide(side)].keys
  const group = mapping.match.find((candidate) => candidate[otherSide(side)].every((column) => theirs.includes(column)))
  return group === undefined ? [] : group[side]
}

/**
 * The rows that a record was refused with, by version. Another row on either side takes
 * the record up again (P5).
 */
export const refusedAs = (rows: BySide<Loaded | undefined>): string =>
  sides.map((side) => (rows[side] === undefined ? '' : (versionOf(rows[side]) ?? ''))).join('|')

/** The version of the row of that side that the record was refused with. */
export function refusedVersion({ source }: Held, side: Side): string | undefined {
  const version = source?.split('|')[sides.indexOf(side)]
  return version === '' ? undefined : version
}

/** True when the row of that side is the one that the record was refused with. */
export function isAsRefused(held: Held, side: Side, row: Upsert): boolean {
  const version = versionOf(row)
  return version !== undefined && refusedVersion(held, side) === version
}

export const isHere = (change: Change | undefined): change is Loaded => change?.kind === 'upsert'

/** What is held for a pair (under its BC id) or a lone record. */
export function heldOf(
  session: Session,
  ref: { readonly businessCentral?: string | undefined; readonly sales?: string | undefined },
): Held | undefined {
  return (
    (ref.businessCentral === undefined ? undefined : session.state.held('businessCentral', ref.businessCentral)) ??
    (ref.sales === undefined ? undefined : session.state.held('sales', ref.sales))
  )
}

/**
 * The pairs that a share of the limits is taken of. A mapping that follows gets the pairs that are new there in the same
 * run: writing to them is no surprise.
 */
export const pairsToCount = ({ state, following }: Session): number =>
  state.size === 0 ? 0 : Math.max(state.size, following?.size ?? 0)
