/**
 * The coupling of a pair once a write is done: what the service made of the write is a change of that side, to be
 * carried back; what is not known to be done must be seen again (P4, P7).
 */
import { type BySide, type Side, otherSide } from '../config/config.ts'
import type { WriteResult } from '../connector/connector.ts'
import { withPrints } from '../core/base.ts'
import { type Coupling, type Seen, type SoughtLine, anyVersion } from '../core/coupling.ts'
import type { FieldWrite } from '../core/decide.ts'
import type { LinePair } from '../core/decide-lines.ts'
import { versionOf } from '../core/fingerprint.ts'
import { ExpressionError, orFailure } from '../core/expression.ts'
import type { CompiledField } from '../core/mapping.ts'
import { printOf, standsAt } from '../core/offer.ts'
import type { Row } from '../core/record.ts'
import { type Action, baseAfter, printsOf } from './actions.ts'
import { type Judgement, isPaused } from './judgement.ts'
import { lineWritesTo } from './line-steps.ts'
import { mindsStamps } from './own-writes.ts'
import { type Session, keysOf, linePairsOf, packed, packedLines, soughtLinesOf } from './session.ts'

export type Done = Extract<WriteResult, { kind: 'done' }>

/** The coupling once the write is done. Another write of the same pair may have changed it since it was decided. */
export async function couplingAfter(session: Session, action: Action, result: Done): Promise<Coupling> {
  const { judgement, side } = action
  const from = otherSide(side)
  const current = currentCoupling(session, action)
  // A document that is made again shares no line with the one that was deleted.
  const former = action.kind === 'create' ? undefined : current
  const { moved, derived } = await answered(session, action, result.row)
  const isOpen = moved || derived || action.more || owesMore(action)
  const version = versionOf({ etag: result.etag, modified: result.modified })
  const target: Seen = {
    id: result.id,
    keys: keysAfter(session, action, result.row),
    version: isOpen || hasStampedLines(session) ? undefined : version,
  }
  const pair = { businessCentral: target, sales: target, [from]: sourceSeen(session, action) }
  return {
    businessCentral: pair.businessCentral,
    sales: pair.sales,
    ...packedAfter(session, action, current),
    ...packedLines(session, pairsAfter(session, action, { result, former }), soughtAfter(action, former)),
    ...(isPaused(judgement.action) ? { outside: true } : {}),
    ...freshAfter(session, action, { version, isOpen }),
    ...oursAfter(session, action, { current, version, isOpen }),
    ...unfinishedAfter(action, current),
    ...(moved ? { moved: (current?.moved ?? 0) + 1 } : {}),
  }
}

/** The base once the write is done. A creation that was done whole leaves what its intent foresaw. */
function packedAfter(
  session: Session,
  action: Action,
  current: Coupling | undefined,
): Pick<Coupling, 'layout' | 'base'> {
  const { judgement, kind, intent, writes } = action
  if (kind === 'create' && writes === judgement.decided?.writes) return { layout: intent.layout, base: intent.base }
  const isNew = current === undefined || kind === 'create'
  return packed(session, baseAfter(session, isNew ? judgement : { ...judgement, coupling: current }, writes))
}

/**
 * Where stamps decide between edits of a document, it must be looked at before they are believed again: all of them may be
 * our own.
 */
export const hasStampedLines = ({ mapping }: Pick<Session, 'mapping'>): boolean =>
  mapping.lines !== undefined && [mapping, mapping.lines.mapping].some(mindsStamps)

/**
 * Its stamp is our own: what people wrote into it before, and still waits to be carried or decided, is older. What the
 * decision has seen of the other side of a document is settled, once nothing of the pair is open.
 */
function oursAfter(session: Session, { side, judgement }: Action, left: Left): Pick<Coupling, 'ours'> {
  const isOpen = left.isOpen || judgement.holds.length > 0
  const version = hasStampedLines(session) ? anyVersion : isOpen ? left.version : undefined
  return version === undefined ? {} : { ours: { ...(isOpen ? left.current?.ours : {}), [side]: version } }
}

interface Left {
  readonly current: Coupling | undefined
  readonly version: string | undefined
  readonly isOpen: boolean
}

/** Its further pages have not been looked at yet, or what it says by itself has not been carried. */
function freshAfter(
  { mapping }: Session,
  { kind, side }: Action,
  { version, isOpen }: Pick<Left, 'version' | 'isOpen'>,
): Pick<Coupling, 'fresh'> {
  const isWhole = mapping[side].with.length === 0 && !isOpen
  return kind !== 'create' || isWhole || version === undefined ? {} : { fresh: { side, version } }
}

/** Of a document whose lines were never looked at nothing is known. */
function pairsAfter(
  session: Session,
  action: Action,
  { result, former }: { readonly result: Done; readonly former: Coupling | undefined },
): readonly LinePair[] | undefined {
  const before = linePairsOf(session, former)
  const isUntold = before === undefined && action.judgement.decided?.lines === undefined
  return isUntold ? undefined : linesAfter(action, result, before ?? [])
}

/**
 * The pairs of lines once the write is done. `before` are those of the coupling as it stands: the decision was noted in
 * it, and another write of the same document may have been.
 */
function linesAfter({ side, judgement }: Action, answer: Done, before: readonly LinePair[]): readonly LinePair[] {
  const from = otherSide(side)
  const made = [...(answer.made ?? [])]
  const pairs = new Map(before.map((pair) => [nameOf(pair), pair]))
  for (const { kind, key, source = '', base, writes } of lineWritesTo(judgement, side)) {
    const id = kind === 'create' ? (made.shift() ?? key) : key
    // A service that made fewer lines than were sent tells of the others when it is read again.
    if (id === undefined) continue
    const ids = { [side]: id, [from]: source } as Record<Side, string>
    if (kind === 'delete') pairs.delete(nameOf(ids))
    else {
      const known = pairs.get(nameOf(ids))
      const next = known === undefined ? base : withPrints(known.base, printsOf(writes))
      pairs.set(nameOf(ids), { businessCentral: ids.businessCentral, sales: ids.sales, base: next })
    }
  }
  return [...pairs.values()]
}

/** What this write did not make of the lines of its side was not to be made. */
const soughtAfter = ({ side }: Action, current: Coupling | undefined): readonly SoughtLine[] =>
  soughtLinesOf(current).filter(([on]) => on !== side)

const nameOf = ({ businessCentral, sales }: BySide<string>): string => `${businessCentral}|${sales}`

/**
 * As long as a write to the other side of the pair is not known to be done, or something was left for another run, what
 * led to it must be seen again.
 */
function owesMore({ kind, side, judgement }: Action): boolean {
  const { decided } = judgement
  if (decided === undefined) return false
  return decided.left || (kind === 'update' && isWrittenTo(judgement, otherSide(side)))
}

const isWrittenTo = ({ decided }: Pick<Judgement, 'decided'>, side: Side): boolean =>
  decided?.writes.some(({ to }) => to === side) === true || lineWritesTo({ decided }, side).length > 0

/**
 * Sales is written first, and says nothing of what is still to be done in Business Central, or has to wait for a person. A
 * write to Business Central that was done whole has finished it.
 */
function unfinishedAfter({ side, judgement }: Action, current: Coupling | undefined): Pick<Coupling, 'unfinished'> {
  const isLeft = side === 'sales' && (judgement.holds.length > 0 || isWrittenTo(judgement, 'businessCentral'))
  return current?.unfinished === undefined || !isLeft ? {} : { unfinished: current.unfinished }
}

/** The record that was written from, as far as this write knows it. */
function sourceSeen(session: Session, action: Action): Seen {
  const { judgement } = action
  const from = otherSide(action.side)
  const source = judgement.rows[from]
  if (source === undefined) return { id: '', keys: {}, version: undefined }
  const current = currentCoupling(session, action)
  // What is still to be written to further pages must be seen again by a run that finds this one dead (P7).
  if (action.more) return { id: source.id, keys: keysOf(session, from, source.row), version: undefined }
  const isNewer = current !== undefined && current[from].version !== judgement.coupling?.[from].version
  const version = isNewer ? current[from].version : versionOf(source)
  return { id: source.id, keys: keysOf(session, from, source.row), version }
}

function keysAfter(session: Session, action: Action, row: Row | undefined): Readonly<Record<string, string>> {
  if (row !== undefined) return keysOf(session, action.side, row)
  return currentCoupling(session, action)?.[action.side].keys ?? keysOf(session, action.side, rowSent(action))
}

/** A write to a further page answers with the page's key and etag: they say nothing of the record's own. */
export function ofRecord(action: Action, result: Done): Done {
  const isPage = action.writes.some(({ field }) => field.place[action.side]?.page !== undefined)
  return isPage ? { kind: 'done', id: action.intent.target, etag: undefined, row: undefined } : result
}

/** The pair's coupling as it stands in the state. */
export function currentCoupling(session: Session, action: Action): Coupling | undefined {
  const { businessCentral, sales } = action.judgement.ref
  const current = businessCentral === undefined ? undefined : session.state.bySide('businessCentral', businessCentral)
  return current !== undefined && (sales === undefined || current.sales.id === sales) ? current : undefined
}

/** The values of a write, as a row. */
export const rowSent = (action: Action): Row =>
  Object.fromEntries(action.write.steps.flatMap((step) => (step.kind === 'delete' ? [] : Object.entries(step.values))))

/** What the service's own answer says beyond what was sent, in fields that travel back. */
interface Answered {
  /** A written field holds another value than the one sent. */
  readonly moved: boolean
  /** A field that was not written changed with the others. */
  readonly derived: boolean
}

async function answered(session: Session, action: Action, row: Row | undefined): Promise<Answered> {
  let [moved, derived] = [false, false]
  if (row === undefined) return { moved, derived }
  for (const field of session.compiled.fields) {
    if (!isTold(field, action.side)) continue
    const write = action.writes.find((candidate) => candidate.field === field)
    if (write !== undefined && isAsSent(action, write, row)) continue
    const print = await printIn(session, field, action.side, row)
    if (write !== undefined && print !== undefined) moved ||= print !== write.prints[action.side]
    else derived ||= print !== (await printBefore(session, action, field))
  }
  return { moved, derived }
}

/** The answer to a write tells the main entity's own columns alone. */
const isTold = (field: CompiledField, side: Side): boolean =>
  field.speaks[side] &&
  field.field.on === 'always' &&
  field.place[side]?.page === undefined &&
  field.needs[side].length === 0

/** A template's value in a row that carries another one is that side's own edit, and is carried back once. */
const isAsSent = (action: Action, { field, canonical, why }: FieldWrite, row: Row): boolean =>
  why !== 'default' && field.compute[action.side] === undefined && standsAt(field, action.side, row) === canonical

/** What the side said in a field that the write left alone; of a new record, what was meant to be there. */
async function printBefore(session: Session, action: Action, field: CompiledField): Promise<string | undefined> {
  const before = action.judgement.rows[action.side]
  if (before === undefined || action.kind === 'create')
    return action.judgement.decided?.agreed.get(field.rowId)?.[action.side]
  return printIn(session, field, action.side, before.row)
}

/** Undefined where the field row's expression fails on that row. */
async function printIn(session: Session, field: CompiledField, side: Side, row: Row): Promise<string | undefined> {
  const print = await orFailure(printOf(session.deciding, field, side, row))
  return print instanceof ExpressionError ? undefined : print
}
