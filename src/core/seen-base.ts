/**
 * Keeps P2 and P7: the base of a pair after a write whose answer was never seen, told by what the target says now. Pure.
 */
import { type ConflictPolicy, type Side, otherSide, travelsTo } from '../config/config.ts'
import { type Base, type Prints, withPrints } from './base.ts'
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
  /** Of the mapping, or of its lines. */
  readonly conflicts: ConflictPolicy
}

/**
 * What the write left, as far as the target shows it: a row that holds something else keeps the base it had (`before`),
 * so that an edit by somebody else, or a value that never arrived, is merged and not taken for agreed. Where the merge
 * would let the source win, and it cannot be told whether that edit came before the write or after it, the base is lost:
 * a person decides. What a new record says by itself in rows that travel from it alone (the number it was given) is its
 * own edit, as in the answer to its create. `meant` is the base that the write was to leave.
 */
export async function baseSeen(seeing: Seeing, before: Base, meant: Base): Promise<Base> {
  const { deciding, side, row, isKnown } = seeing
  const seen = new Map<string, Prints>()
  const lost = new Set<string>()
  for (const field of deciding.compiled.fields) {
    const prints = meant.get(field.rowId)
    if (prints === undefined) continue
    const now = await orFailure(printOf(deciding, field, side, row))
    const stood = before.get(field.rowId)?.[side]
    const isDoubtful = !isKnown && isOther(now, stood) && prints[side] !== stood
    if (isItsOwn(field, seeing) || now === prints[side]) seen.set(field.rowId, prints)
    else if (isDoubtful && sourceWins(field, seeing)) lost.add(field.rowId)
  }
  return new Map([...withPrints(before, seen)].filter(([rowId]) => !lost.has(rowId)))
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

/** What a failing expression would say is not known: its row keeps the base it had. */
const isOther = (now: string | ExpressionError, before: string | undefined): boolean =>
  !(now instanceof ExpressionError) && now !== before

/** A conflict could be decided for the side that was to be carried; stamps do not tell what an edit was made upon. */
function sourceWins({ field }: CompiledField, { side, conflicts }: Seeing): boolean {
  const policy = field.conflicts ?? conflicts
  return field.direction === 'both' && (policy === otherSide(side) || policy === 'newest')
}

/** The new record alone says what the row holds. */
const isItsOwn = ({ field, place }: CompiledField, { kind, side }: Seeing): boolean =>
  kind === 'create' && !travelsTo(field.direction, side) && (field.claim || place[side] !== undefined)
