/**
 * Writes whose outcome was never seen, because an answer was lost or a runner died: told by reading the record (P2,
 * P7). Nothing is written to a service here.
 */
import { type Side, otherSide } from '../config/config.ts'
import { type Base, noBase, unpackBase, withPrints } from '../core/base.ts'
import { saidOrFailure } from '../core/carry.ts'
import { type Coupling, anyVersion } from '../core/coupling.ts'
import { versionOf } from '../core/fingerprint.ts'
import type { Loaded } from '../core/record.ts'
import { type Seeing, baseSeen, isStillBefore } from '../core/seen-base.ts'
import { settle } from '../core/settle.ts'
import type { Entry, Intent } from '../store/store.ts'
import { type Session, baseOf, commit, keysOf, packed } from './session.ts'
import { hasStampedLines } from './coupling-after.ts'
import { linesSeen } from './settling-lines.ts'

/** Settles every open intent of the mapping, in batches. */
export async function settleIntents(session: Session): Promise<void> {
  const intents = session.state.intents()
  if (intents.length === 0) return
  const rows = {
    businessCentral: await readAll(session, 'businessCentral', intents),
    sales: await readAll(session, 'sales', intents),
  }
  const entries: Entry[] = []
  for (const intent of intents) {
    const source = rows[otherSide(intent.side)].get(intent.source)
    const target = rows[intent.side].get(intent.target) ?? (await documentOf(session, intent, source))
    entries.push(...(await entriesFor(session, intent, { target, source, isKnown: false })))
  }
  await commit(session, entries)
}

/** Settles one write whose answer was lost, or (`refused`) one that is known not to have been made. */
export async function settleOne(session: Session, intent: Intent, refused = false): Promise<readonly Entry[]> {
  const [target, source] = await Promise.all([
    readOne(session, intent.side, intent.target),
    readOne(session, otherSide(intent.side), intent.source),
  ])
  return entriesFor(session, intent, {
    target: target ?? (await documentOf(session, intent, source)),
    source,
    isKnown: refused,
  })
}

/**
 * The document that a create without a key of ours may have made: it bears the reference of its source. What was begun
 * is finished by the next decision (P1, P7).
 */
async function documentOf(session: Session, intent: Intent, source: Loaded | undefined): Promise<Loaded | undefined> {
  const { reference } = session.mapping[intent.side]
  if (intent.kind !== 'create' || intent.target !== '' || reference === undefined || source === undefined)
    return undefined
  const field = session.compiled.fields.find(({ place }) => place[intent.side]?.column === reference)
  if (field === undefined) return undefined
  const value = await saidOrFailure(field, otherSide(intent.side), source.row, session.deciding.bindings)
  if (typeof value !== 'string' || value === '') return undefined
  const reader = session.readers[intent.side]
  const [found] = await reader.attach(await reader.findAnywhere([{ [reference]: value }]))
  return found === undefined || session.state.bySide(intent.side, found.id) !== undefined ? undefined : found
}

/** What reading shows of a write. */
interface Found {
  readonly target: Loaded | undefined
  readonly source: Loaded | undefined
  /** That it was not made is known. */
  readonly isKnown: boolean
}

async function entriesFor(session: Session, intent: Intent, found: Found): Promise<readonly Entry[]> {
  const settled: Entry = { kind: 'settled', id: intent.id }
  const { target, source } = found
  const outcome = settle(intent, target === undefined ? undefined : { version: versionOf(target) })
  // What a line says may move no column of its document, nor its version.
  const isUnmoved = outcome === 'not-written'
  if (target === undefined || (isUnmoved && intent.lines === undefined))
    return [...(isUnmoved ? [] : uncoupledBy(session, intent)), settled]
  if (source === undefined)
    return [...(await leftEntries(session, intent, { target, isKnown: found.isKnown })), settled]
  return [...(await pairEntries(session, intent, { ...found, target, source, isUnmoved })), settled]
}

/** The record is gone, and that was the write. */
function uncoupledBy({ state }: Session, { side, target }: Intent): readonly Entry[] {
  const coupling = state.bySide(side, target)
  if (coupling === undefined) return []
  return [{ kind: 'uncouple', businessCentral: coupling.businessCentral.id, sales: coupling.sales.id }]
}

/** The source is gone since: what the write left in the target is no edit of the target's side, which would beat the delete. */
async function leftEntries(
  session: Session,
  intent: Intent,
  found: { readonly target: Loaded; readonly isKnown: boolean },
): Promise<readonly Entry[]> {
  const coupling = session.state.bySide(intent.side, intent.target)
  if (coupling?.[otherSide(intent.side)].id !== intent.source) return []
  const { base } = await headerSeen(session, intent, found)
  return [{ kind: 'couple', coupling: { ...coupling, ...packed(session, base) } }]
}

/** The pair as far as the target tells. */
async function pairEntries(
  session: Session,
  intent: Intent,
  found: Required<Found> & { readonly target: Loaded; readonly source: Loaded; readonly isUnmoved: boolean },
): Promise<readonly Entry[]> {
  const { target, source, isKnown, isUnmoved } = found
  const coupling = session.state.bySide(intent.side, intent.target)
  const { base, isBefore } = await headerSeen(session, intent, { target, isKnown })
  const next = coupled(session, intent, { target, source, base })
  const lines = await linesSeen(session, intent, coupling, { target, isKnown, isBefore, isUnmoved })
  if (isUnmoved && JSON.stringify(lines.lines) === JSON.stringify(coupling?.lines)) return []
  // Without an answer, the version may be the one that our write left.
  const left = hasStampedLines(session) ? anyVersion : versionOf(target)
  const ours = isKnown ? coupling?.ours : { ...coupling?.ours, [intent.side]: left }
  const open = { ...lines, ...openEnd(session, intent), ...(ours === undefined ? {} : { ours }) }
  return [{ kind: 'couple', coupling: { ...next, ...open } }]
}

/** A document may stand open, or lack a line: the next decision finishes it. */
const openEnd = ({ compiled }: Session, { kind }: Intent): Pick<Coupling, 'unfinished'> =>
  compiled.lines === undefined ? {} : { unfinished: kind === 'create' ? 'new' : true }

/** The header of the pair as the target shows it. */
async function headerSeen(
  session: Session,
  intent: Intent,
  { target, isKnown }: { readonly target: Loaded; readonly isKnown: boolean },
): Promise<{ readonly base: Base; readonly isBefore: boolean }> {
  const { compiled, deciding, mapping, state } = session
  const rows = state.layout(intent.layout)
  const meant = rows === undefined ? noBase : unpackBase(intent.base, rows)
  const before = baseBefore(session, intent)
  const kind = intent.kind === 'create' ? 'create' : 'update'
  const hasSteps = compiled.lines !== undefined
  const { conflicts } = mapping
  const stood = withPrints(before, rows === undefined ? noBase : unpackBase(intent.stood ?? '', rows))
  const seeing: Seeing = { deciding, side: intent.side, row: target.row, stood, kind, isKnown, hasSteps, conflicts }
  return { base: await baseSeen(seeing, before, meant), isBefore: await isStillBefore(seeing, meant) }
}

/** The base of the pair that the write was for. */
function baseBefore(session: Session, { side, source, target }: Intent): Base {
  const coupling = session.state.bySide(side, target)
  return coupling?.[otherSide(side)].id === source ? baseOf(session, coupling) : noBase
}

/** The pair as the write left it. Versions stay open, so that the next report of either side is looked at. */
function coupled(
  session: Session,
  intent: Intent,
  found: { readonly target: Loaded; readonly source: Loaded; readonly base: Base },
): Coupling {
  const from = otherSide(intent.side)
  const seen = (side: Side, row: Loaded): Coupling['sales'] => ({
    id: row.id,
    keys: keysOf(session, side, row.row),
    version: undefined,
  })
  const pair = { [intent.side]: seen(intent.side, found.target), [from]: seen(from, found.source) } as Record<
    Side,
    Coupling['sales']
  >
  return { businessCentral: pair.businessCentral, sales: pair.sales, ...packed(session, found.base) }
}

async function readAll(session: Session, side: Side, intents: readonly Intent[]): Promise<ReadonlyMap<string, Loaded>> {
  const ids = new Set(
    intents.map((intent) => (intent.side === side ? intent.target : intent.source)).filter((id) => id !== ''),
  )
  return new Map((await rowsOf(session, side, [...ids])).map((row) => [row.id, row]))
}

async function readOne(session: Session, side: Side, id: string): Promise<Loaded | undefined> {
  return id === '' ? undefined : (await rowsOf(session, side, [id]))[0]
}

/** Those of the records that are there, with their pages. */
async function rowsOf(session: Session, side: Side, ids: readonly string[]): Promise<readonly Loaded[]> {
  if (ids.length === 0) return []
  const changes = await session.readers[side].read(ids)
  return session.readers[side].attach(changes.filter((change) => change.kind === 'upsert'))
}
