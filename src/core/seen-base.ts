/**
 * Keeps P2 and P7: the base of a pair after a write whose answer was never seen, told by what the target says now. Pure.
 */
import { type ConflictPolicy, type Side, otherSide, travelsTo } from '../config/config.ts'
import { type Base, type Prints, doubtful, withPrints } from './base.ts'
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
  readonly kind: 'create' | 'update'
  /** That the write was not made is known. */
  readonly isKnown: boolean
  /** The write has several steps, and what is not looked at here moves the version too: a document with lines. */
  readonly hasSteps: boolean
  /** Of the mapping, or of its lines. */
  readonly conflicts: ConflictPolicy
}

/** One row of the target: what it said before, what was sent, what it says now; undefined where it had no base. */
interface Said {
  readonly field: CompiledField
  readonly meant: Prints | undefined
  readonly stood: string | undefined
  readonly now: string | ExpressionError
}

/**
 * What the write left, as far as the target shows it. A row that says what was sent is agreed. Where another row does, the
 * write was made, and what differs is an edit after it. Else a row keeps the base it had (`before`) and is merged, unless
 * it may be an edit after the write: a value that the source would win over, one as it stood before though nothing else
 * tells why the version moved, or another value in a record that was made by the write. A person decides then. What a new record
 * says by itself in rows that travel from it alone (the number it was given) is its own edit, as in the answer to its
 * create. `meant` is the base that the write was to leave.
 */
export async function baseSeen(seeing: Seeing, before: Base, meant: Base): Promise<Base> {
  const { deciding, side, row } = seeing
  const all: Said[] = []
  for (const field of deciding.compiled.fields) {
    const sent = meant.get(field.rowId)
    const stood = before.get(field.rowId)?.[side]
    if (sent === undefined && stood === undefined) continue
    all.push({ field, meant: sent, stood, now: await orFailure(printOf(deciding, field, side, row)) })
  }
  const changed = all.filter((said) => said.meant !== undefined && said.meant[side] !== said.stood)
  const whole: Whole = {
    wasMade: isOneUpdate(seeing) && changed.some((said) => said.now === said.meant?.[side]),
    isMoved: seeing.hasSteps || all.some(isOther),
  }
  const seen = new Map<string, Prints>()
  for (const said of all) {
    const prints = printsNow(seeing, said, whole)
    if (prints !== undefined) seen.set(said.field.rowId, prints)
  }
  return withPrints(before, seen)
}

/** All of it was made, or nothing; another runner may have written the same where this one was refused. */
const isOneUpdate = ({ kind, hasSteps, isKnown }: Seeing): boolean => kind === 'update' && !hasSteps && !isKnown

/** What the rows tell together. */
interface Whole {
  /** A row says what was sent. */
  readonly wasMade: boolean
  /** An edit by somebody explains why the version moved. */
  readonly isMoved: boolean
}

/** The row's new base; undefined where it keeps the one it had. */
function printsNow(seeing: Seeing, said: Said, whole: Whole): Prints | undefined {
  const { field, meant, now } = said
  if (meant === undefined || isItsOwn(field, seeing) || now === meant[seeing.side]) return meant
  return isUndone(said, seeing) ? doubtful : printsOfOther(seeing, said, { meant, whole })
}

/** The row says something else than what was sent. */
function printsOfOther(
  seeing: Seeing,
  said: Said,
  { meant, whole }: { readonly meant: Prints; readonly whole: Whole },
): Prints | undefined {
  const { side, isKnown } = seeing
  const { field, stood, now } = said
  if (stood === undefined || stood === meant[side] || now instanceof ExpressionError) return undefined
  if (whole.wasMade) return meant
  if (isKnown || field.field.direction !== 'both') return undefined
  return (isOther(said) ? sourceWins(field, seeing) : !whole.isMoved) ? doubtful : undefined
}

/**
 * Whether something that the write was to change stands there as it was before (`before`): then nothing that comes after
 * it was written either, since the steps of a write are made in their order. False where that cannot be told.
 */
export async function isStillBefore({ deciding, side, row }: Seeing, before: Base, meant: Base): Promise<boolean> {
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
function isUndone({ field: { field }, now }: Said, { deciding, kind, side, isKnown }: Seeing): boolean {
  if (kind !== 'create' || isKnown || field.direction !== 'both' || now instanceof ExpressionError) return false
  const { different } = field.firstMatch ?? deciding.compiled.mapping.firstMatch
  return now === deciding.fingerprint(null) || different !== side
}

/** A conflict could be decided for the side that was to be carried; stamps do not tell what an edit was made upon. */
function sourceWins({ field }: CompiledField, { side, conflicts }: Seeing): boolean {
  const policy = field.conflicts ?? conflicts
  return policy === otherSide(side) || policy === 'newest'
}

/** The new record alone says what the row holds. */
const isItsOwn = ({ field, place }: CompiledField, { kind, side }: Seeing): boolean =>
  kind === 'create' && !travelsTo(field.direction, side) && (field.claim || place[side] !== undefined)
