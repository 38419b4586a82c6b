/**
 * Keeps P2 and P7: the base of a pair after a write whose answer was never seen, told by what the target says now. Pure.
 */
import { type ConflictPolicy, type Side, otherSide, travelsTo } from '../config/config.ts'
import { type Base, type Prints, doubtful, withPrints } from './base.ts'
import { firstMatchOf } from './decide.ts'
import { ExpressionError, orFailure } from './expression.ts'
import type { CompiledField } from './mapping.ts'
import { type Deciding, printOf } from './offer.ts'
import type { Row } from './record.ts'

/** The target of a write, as it is now. */
export interface Seeing {
  readonly deciding: Deciding
  /** The side written to. */
  readonly side: Side
  readonly row: Row
  /** What it said before the write. */
  readonly stood: Base
  readonly kind: 'create' | 'update'
  /** That the write was not made is known. */
  readonly isKnown: boolean
  /** The write has several steps, and what is not looked at here moves the version too: a document with lines. */
  readonly hasSteps: boolean
  /** Of the mapping, or of its lines. */
  readonly conflicts: ConflictPolicy
}

/** One row of the target: what it said before, what was sent, what it says now; undefined where that is not known. */
interface Said {
  readonly field: CompiledField
  /** It has no base: both meet in it for the first time. */
  readonly isNew: boolean
  readonly meant: Prints | undefined
  readonly stood: string | undefined
  readonly now: string | ExpressionError
}

/**
 * What the write left, as far as the target shows it. A row that says what was sent is agreed, whoever wrote it. Else a
 * row keeps the base it had (`before`) and is merged, unless it may be an edit after the write: a value that the source
 * would win over, one as it stood before though nothing else tells why the version moved, or another value in a record
 * that was made by the write. A person decides then. That another row says what was sent tells nothing: a runner that had
 * not read as much may have written that one alone. What a new record says by itself in rows that travel from it alone
 * (the number it was given) is its own edit, as in the answer to its create. `meant` is the base that the write was to
 * leave.
 */
export async function baseSeen(seeing: Seeing, before: Base, meant: Base): Promise<Base> {
  const { deciding, side, row } = seeing
  const all: Said[] = []
  for (const field of deciding.compiled.fields) {
    const sent = meant.get(field.rowId)
    const stood = seeing.stood.get(field.rowId)?.[side]
    if (sent === undefined && stood === undefined) continue
    const isNew = !before.has(field.rowId)
    all.push({ field, isNew, meant: sent, stood, now: await orFailure(printOf(deciding, field, side, row)) })
  }
  const mayBeMade = all.some((said) => said.now !== said.stood && said.now === said.meant?.[side])
  const isMoved = seeing.hasSteps || (!mayBeMade && all.some(isOther))
  const seen = new Map<string, Prints>()
  for (const said of all) {
    const prints = printsNow(seeing, said, isMoved)
    if (prints !== undefined) seen.set(said.field.rowId, prints)
  }
  return withPrints(before, seen)
}

/** The row's new base; undefined where it keeps the one it had. `isMoved`: somebody else's edit tells why the version moved. */
function printsNow(seeing: Seeing, said: Said, isMoved: boolean): Prints | undefined {
  const { field, meant, stood, now } = said
  if (meant === undefined || isItsOwn(field, seeing) || now === meant[seeing.side]) return meant
  // Made without a value there, it holds what somebody has said since.
  if (isUndone(said, seeing)) return meant[seeing.side] === seeing.deciding.fingerprint(null) ? meant : doubtful
  const isChange = stood !== meant[seeing.side]
  return isChange && mayBeLater(said, seeing, isMoved) ? doubtful : undefined
}

/** The row says something else than what was sent, and that may have been said upon it. */
function mayBeLater(said: Said, seeing: Seeing, isMoved: boolean): boolean {
  const { field, stood, now } = said
  if (stood === undefined || now instanceof ExpressionError) return false
  if (seeing.isKnown || field.field.direction !== 'both') return false
  return isOther(said) ? sourceWins(said, seeing) : !isMoved
}

/**
 * Whether something that the write was to change stands there as it was before: then nothing that comes after
 * it was written either, since the steps of a write are made in their order. False where that cannot be told.
 */
export async function isStillBefore({ deciding, side, row, stood: before }: Seeing, meant: Base): Promise<boolean> {
  for (const field of deciding.compiled.fields) {
    const [stood, sent] = [before.get(field.rowId)?.[side], meant.get(field.rowId)?.[side]]
    if (stood === undefined || sent === undefined || stood === sent || field.field.step === 'after') continue
    if (!travelsTo(field.field.direction, side)) continue
    if ((await orFailure(printOf(deciding, field, side, row))) === stood) return true
  }
  return false
}

/** Whether the target says all that was sent to it. */
export async function isAsSent({ deciding, side, row }: Seeing, meant: Base): Promise<boolean> {
  for (const field of deciding.compiled.fields) {
    const sent = meant.get(field.rowId)?.[side]
    if (sent === undefined || !travelsTo(field.field.direction, side)) continue
    if ((await orFailure(printOf(deciding, field, side, row))) !== sent) return false
  }
  return true
}

/** What a failing expression would say is not known. */
const isOther = ({ now, stood }: Said): boolean =>
  stood !== undefined && !(now instanceof ExpressionError) && now !== stood

/**
 * A new record holds another value than the one it was made with: somebody may have said that since. At a first meeting
 * what was carried would be written again over a blank, now or when it is emptied later; only where the new record is
 * right is that said at once.
 */
function isUndone({ field, now }: Said, { deciding, kind, side, isKnown }: Seeing): boolean {
  if (kind !== 'create' || isKnown || field.field.direction !== 'both' || now instanceof ExpressionError) return false
  return now === deciding.fingerprint(null) || firstMatchOf(field, deciding.compiled.mapping).different !== side
}

/** What differs could be decided for the side that was to be carried; stamps do not tell what an edit was made upon. */
function sourceWins({ field, isNew }: Said, { deciding, side, conflicts }: Seeing): boolean {
  const { mapping } = deciding.compiled
  const policy = isNew ? firstMatchOf(field, mapping).different : (field.field.conflicts ?? conflicts)
  return policy === otherSide(side) || policy === 'newest'
}

/** The new record alone says what the row holds. */
const isItsOwn = ({ field, place }: CompiledField, { kind, side }: Seeing): boolean =>
  kind === 'create' && !travelsTo(field.direction, side) && (field.claim || place[side] !== undefined)
