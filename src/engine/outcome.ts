/**
 * What is remembered after a decision and after a write: couplings with their new base, holds, releases. Turns values
 * into journal entries; commits nothing itself.
 */
import { type Side, otherSide, sides } from '../config/config.ts'
import type { Refusal } from '../connector/connector.ts'
import { type Coupling, type Held, type HeldKind } from '../core/coupling.ts'
import type { LinePair } from '../core/decide-lines.ts'
import { versionOf } from '../core/fingerprint.ts'
import { isFresh } from '../core/fresh.ts'
import type { Entry } from '../store/store.ts'
import { type Action, baseAfter } from './actions.ts'
import { type Done, couplingAfter, rowSent } from './coupling-after.ts'
import { freedBy } from './held-due.ts'
import { aloneHold } from './holds.ts'
import { begunSide, writesTo } from './judge-lines.ts'
import { type Hold, type Judgement, isClaiming, isPaused } from './judgement.ts'
import {
  type Session,
  heldOf,
  isSource,
  keysOf,
  linePairsOf,
  numberOf,
  packed,
  packedLines,
  refusedAs,
  soughtLinesOf,
} from './session.ts'

/** Entries that follow from the decision itself, before any write. */
export function entriesOf(session: Session, judgement: Judgement, writesFollow: boolean): readonly Entry[] {
  const { action } = judgement
  switch (action.kind) {
    case 'leave':
      return []
    case 'ignore':
      return release(session, judgement)
    case 'end':
    case 'uncouple':
      return endEntries(session, judgement, writesFollow)
    case 'couple':
    case 'in-step':
    case 'merge':
      if (isToBeClaimed(judgement, writesFollow)) return holdEntries(session, judgement, writesFollow)
      return [...pairEntries(session, judgement, writesFollow), ...holdEntries(session, judgement, writesFollow)]
    case 'hold':
    case 'create':
    case 'delete':
      return holdEntries(session, judgement, writesFollow)
  }
}

/** The pair is one when the record of Sales is known to be ours: its claim is among the writes that follow. */
const isToBeClaimed = (judgement: Judgement, writesFollow: boolean): boolean =>
  judgement.action.kind === 'couple' && writesFollow && isClaiming(judgement)

/** The coupling as far as it is known without the writes. */
function pairEntries(session: Session, judgement: Judgement, writesFollow: boolean): readonly Entry[] {
  const { rows, coupling, action } = judgement
  if (rows.businessCentral === undefined || rows.sales === undefined) return []
  const seen = (side: Side): Coupling['sales'] => {
    const row = rows[side]
    // What was left for another run must be seen by it: the old version stays.
    const isOpen = row === undefined || writesFollow || judgement.decided?.left === true
    const version = isOpen ? coupling?.[side].version : versionOf(row)
    return { id: row?.id ?? '', keys: row === undefined ? {} : keysOf(session, side, row.row), version }
  }
  const next: Coupling = {
    businessCentral: seen('businessCentral'),
    sales: seen('sales'),
    ...packed(session, baseAfter(session, judgement, [])),
    ...(isPaused(action) ? { outside: true } : {}),
    ...goesOn(session, judgement, writesFollow),
    ...packedLines(session, linesKnown(session, judgement), soughtLinesOf(coupling)),
  }
  return coupling !== undefined && sameCoupling(coupling, next) ? [] : [{ kind: 'couple', coupling: next }]
}

const linesKnown = (session: Session, { decided, coupling }: Judgement): readonly LinePair[] | undefined =>
  decided?.lines === undefined ? linePairsOf(session, coupling) : decided.lines.pairs

/**
 * What a coupling keeps of the former one: how often values moved, and what is not done to its end. A record that is as we
 * made it stays so until what it says by itself has been carried.
 */
function goesOn(
  session: Session,
  judgement: Judgement,
  writesFollow: boolean,
): Pick<Coupling, 'moved' | 'unfinished' | 'ours' | 'fresh'> {
  const { coupling, holds, rows } = judgement
  const { moved, ours, fresh } = coupling ?? {}
  const unfinished = coupling === undefined ? begunOf(session, judgement) : coupling.unfinished
  const isOpen = writesFollow || holds.length > 0
  return {
    ...(moved === undefined ? {} : { moved }),
    ...(unfinished !== undefined && isOpen ? { unfinished } : {}),
    ...(ours !== undefined && isOpen ? { ours } : {}),
    ...(fresh !== undefined && isOpen && isFresh(fresh, rows) ? { fresh } : {}),
  }
}

/**
 * Of a document that another run began, until what follows is written: else it would be one that merely stands outside
 * the filter.
 */
function begunOf(session: Session, { decided, rows }: Judgement): Coupling['unfinished'] {
  const side = begunSide(session, rows)
  return side !== undefined && decided !== undefined && writesTo(decided, side) ? 'new' : undefined
}

function sameCoupling(a: Coupling, b: Coupling): boolean {
  return (
    a.layout === b.layout &&
    a.base === b.base &&
    a.outside === b.outside &&
    a.moved === b.moved &&
    a.unfinished === b.unfinished &&
    a.ended === b.ended &&
    a.fresh?.version === b.fresh?.version &&
    JSON.stringify(a.lines) === JSON.stringify(b.lines) &&
    sides.every((side) => a.ours?.[side] === b.ours?.[side] && sameSeen(a, b, side))
  )
}

function sameSeen(a: Coupling, b: Coupling, side: Side): boolean {
  const [left, right] = [a[side], b[side]]
  const names = Object.keys(left.keys)
  return (
    left.id === right.id &&
    left.version === right.version &&
    names.length === Object.keys(right.keys).length &&
    names.every((name) => left.keys[name] === right.keys[name])
  )
}

/** A pair of which one record is gone, once nothing more is to be written to the other. */
function endEntries(session: Session, judgement: Judgement, writesFollow: boolean): readonly Entry[] {
  if (writesFollow) return []
  return judgement.action.kind === 'end'
    ? [...endedEntries(judgement), ...release(session, judgement)]
    : [...uncoupled(judgement), ...release(session, judgement), ...aloneEntries(session, judgement)]
}

/** The pair is over, and stays remembered as it is. */
function endedEntries({ coupling, rows }: Judgement): readonly Entry[] {
  const gone = sides.find((side) => rows[side] === undefined)
  return coupling === undefined || gone === undefined
    ? []
    : [{ kind: 'couple', coupling: { ...coupling, ended: gone } }]
}

/** The end of the pair's coupling. */
function uncoupled(judgement: Judgement): readonly Entry[] {
  const { coupling } = judgement
  return coupling === undefined
    ? []
    : [{ kind: 'uncouple', businessCentral: coupling.businessCentral.id, sales: coupling.sales.id }]
}

/**
 * A record whose partner was deleted and not missed is not created again by itself: it waits, until it is edited or a
 * person says otherwise.
 */
function aloneEntries(session: Session, judgement: Judgement): readonly Entry[] {
  const { rows, number, action } = judgement
  const said = action.kind === 'uncouple' ? action.said : undefined
  const side = sides.find((candidate) => rows[candidate] !== undefined && rows[otherSide(candidate)] === undefined)
  const id = side === undefined ? undefined : judgement.ref[side]
  if (side === undefined || id === undefined) return []
  if (!isSource(session.mapping, side) || !session.mapping.createOn[otherSide(side)]) return []
  const since = session.clock.now().toISOString()
  const source = refusedAs(rows)
  return [{ kind: 'hold', held: { ...aloneHold(side), side, id, number, since, attempts: 0, source, said } }]
}

/** Whatever either record of a pair was held for. */
function release(session: Session, { ref }: Judgement): readonly Entry[] {
  return sides.flatMap((side) => releaseOne(session, side, ref[side]))
}

const releaseOne = (session: Session, side: Side, id: string | undefined): readonly Entry[] =>
  id === undefined || session.state.held(side, id) === undefined ? [] : [{ kind: 'release', side, id }]

/** What waits is held; what no longer waits is released, unless a write still has to show it. */
function holdEntries(session: Session, judgement: Judgement, writesFollow: boolean): readonly Entry[] {
  if (judgement.holds.length > 0) return replaceHeld(session, judgement, heldFrom(session, judgement, judgement.holds))
  return writesFollow ? [] : release(session, judgement)
}

function replaceHeld(session: Session, judgement: Judgement, next: Held): readonly Entry[] {
  const { held } = judgement
  if (held !== undefined && sameHeld(held, next)) return []
  const others = release(session, judgement).filter(
    (entry) => entry.kind === 'release' && (entry.side !== next.side || entry.id !== next.id),
  )
  return [...others, { kind: 'hold', held: next }]
}

const sameHeld = (a: Held, b: Held): boolean =>
  a.side === b.side &&
  a.id === b.id &&
  a.kind === b.kind &&
  a.message === b.message &&
  a.number === b.number &&
  a.decision === undefined &&
  a.nextTry === b.nextTry &&
  a.source === b.source &&
  a.under === b.under &&
  JSON.stringify(a.waits) === JSON.stringify(b.waits) &&
  [a.rivals, a.seen, a.said].every((one, at) => JSON.stringify(one) === JSON.stringify([b.rivals, b.seen, b.said][at]))

/** The record under which a pair waits: its BC record; a lone record waits under itself. */
function heldUnder(judgement: Judgement): { readonly side: Side; readonly id: string } {
  const { businessCentral, sales } = judgement.ref
  return businessCentral === undefined
    ? { side: 'sales', id: sales ?? '' }
    : { side: 'businessCentral', id: businessCentral }
}

/** Which reason is told first when a record waits for several. */
const order: readonly HeldKind[] = [
  'conflict',
  'different',
  'deleted',
  'moving',
  'ambiguous',
  // Freed by a coupling, which a refused record that waits for its moment is not.
  'waiting',
  'failed',
  'quarantine',
  'unknown',
  'unfinished',
  'no-partner',
]

function heldFrom(session: Session, judgement: Judgement, holds: readonly Hold[]): Held {
  const sorted = [...holds].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
  const [first] = sorted
  const told = {
    ...heldUnder(judgement),
    number: judgement.number,
    fields: [...new Set(sorted.flatMap(({ names }) => names))],
    message: sorted.map(({ message }) => message).join('; '),
    remedy: first?.remedy ?? '',
  }
  if (first === undefined || first.kind === 'failed') return refused(session, judgement, told)
  const same = judgement.held?.kind === first.kind ? judgement.held : undefined
  return {
    ...told,
    kind: first.kind,
    since: same?.since ?? session.clock.now().toISOString(),
    attempts: same?.attempts ?? 0,
    ...freedBy(session, judgement, first),
    ...asFound(first),
    ...seenIn(holds),
  }
}

const asFound = ({ gone, said }: Hold): Pick<Held, 'gone' | 'said'> => ({
  ...(gone !== undefined && { gone }),
  ...(said !== undefined && { said }),
})

/** What a decision about the fields will be about. */
function seenIn(holds: readonly Hold[]): Pick<Held, 'seen'> {
  const fields = holds.flatMap((hold) => hold.fields)
  const seen = fields.flatMap(({ field, prints }) => (prints === undefined ? [] : [[field, prints] as const]))
  return seen.length === 0 ? {} : { seen: Object.fromEntries(seen) }
}

/** Entries after a write that was done. */
export async function doneEntries(session: Session, action: Action, result: Done): Promise<readonly Entry[]> {
  const { judgement, side } = action
  const settled: Entry = { kind: 'settled', id: action.intent.id }
  const { kind } = judgement.action
  if (action.kind === 'delete' || kind === 'uncouple')
    return [settled, ...uncoupled(judgement), ...release(session, judgement)]
  if (kind === 'end') return [settled, ...endedEntries(judgement), ...release(session, judgement)]
  const coupling = await couplingAfter(session, action, result)
  const before = judgement.coupling?.[side].id
  // A record that was made again waited under the id of the deleted one, which nothing will speak of any more.
  const isReplaced = before !== undefined && before !== coupling[side].id
  const replaced = isReplaced ? [...uncoupled(judgement), ...releaseOne(session, side, before)] : []
  const waits = action.more || judgement.holds.length > 0 || isNewlyHeld(session, judgement)
  return [...replaced, { kind: 'couple', coupling }, settled, ...(waits ? [] : release(session, judgement))]
}

/** Its write to the other side was refused in this very run: that must not be forgotten over this one's success (P5). */
function isNewlyHeld(session: Session, { ref, held }: Judgement): boolean {
  const now = heldOf(session, ref)
  return now !== undefined && JSON.stringify(now) !== JSON.stringify(held)
}

/** Minutes until the next try after n refusals: 1, 4, 16 … at most a day. */
const delayMinutes = (attempts: number): number => Math.min(24 * 60, 4 ** (attempts - 1))

/** True when a record was refused at or after that moment; one that is set aside is not asked for. */
export const wasRefusedSince = ({ nextTry, attempts }: Held, since: Date): boolean =>
  nextTry !== undefined && Date.parse(nextTry) - delayMinutes(attempts) * 60_000 >= since.getTime()

/** Tried again with growing delay, then set aside (P5). */
function refused(
  session: Session,
  { held, rows }: Judgement,
  told: Pick<Held, 'side' | 'id' | 'number' | 'fields' | 'message' | 'remedy' | 'code'>,
): Held {
  const before = held?.kind === 'failed' ? held : undefined
  const attempts = (before?.attempts ?? 0) + 1
  const now = session.clock.now()
  const nextTry = new Date(now.getTime() + delayMinutes(attempts) * 60_000).toISOString()
  const isSetAside = attempts >= session.attemptsMost
  return {
    ...told,
    kind: isSetAside ? 'quarantine' : 'failed',
    since: before?.since ?? now.toISOString(),
    attempts,
    source: refusedAs(rows),
    ...(isSetAside ? {} : { nextTry }),
  }
}

/** Entries after a refusal by a service. */
export function refusedEntries(session: Session, action: Action, refusal: Refusal): readonly Entry[] {
  const { judgement } = action
  const held = refused(session, judgement, {
    ...heldUnder(judgement),
    number: judgement.number ?? numberOf(session, action.side, rowSent(action)),
    fields: action.writes.map(({ field }) => field.field.name),
    message: refusal.message,
    remedy: refusal.remedy,
    code: refusal.code,
  })
  return [{ kind: 'settled', id: action.intent.id }, ...replaceHeld(session, judgement, held)]
}
