/**
 * One field of one pair: what becomes of it. A pure, total function over what each side did since the base (three-way
 * merge). A change of one field here and of another field there is no conflict; only the same field changed to
 * different values is (P2). A field that someone cleared is an edit like any other; at a first match a blank never
 * wipes a filled value (P9).
 */
import type { BySide, ConflictPolicy, Direction, FirstMatch, Side } from '../config/config.ts'
import { otherSide, sides, travelsTo } from '../config/config.ts'

/** What one side did to a field since the last agreement; `new` = there is no base. */
export type Did = 'same' | 'changed' | 'new'

/** All that decides what becomes of one field. */
export interface FieldFacts {
  readonly direction: Direction
  readonly did: BySide<Did>
  /** What travels would not change anything: both sides hold the same already. */
  readonly agree: boolean
  /** Whether the side holds nothing. */
  readonly blank: BySide<boolean>
  /** first: the records meet for the first time. row: only this field row is new or was changed in the configuration. */
  readonly meeting: 'first' | 'row'
  readonly firstMatch: FirstMatch
  readonly conflicts: ConflictPolicy
  /** The side whose record was edited last, for `newest`; undefined when the clocks cannot tell. */
  readonly newest: Side | undefined
  /** A side that was emptied is filled again, instead of its blank travelling. @default false */
  readonly refill?: boolean
  /** A person's decision about this field. */
  readonly decision?: Side | undefined
}

export type FieldVerdict =
  | { readonly kind: 'in-step' }
  /** Nothing to do, and the base stays as it is. */
  | { readonly kind: 'leave' }
  | { readonly kind: 'write'; readonly to: Side; readonly why: 'edit' | 'fill' | 'first' | 'resolved' }
  | { readonly kind: 'hold'; readonly because: 'conflict' | 'different' }

const inStep: FieldVerdict = { kind: 'in-step' }
const write = (to: Side, why: 'edit' | 'fill' | 'first' | 'resolved'): FieldVerdict => ({ kind: 'write', to, why })

/** What becomes of the field. */
export function mergeField(facts: FieldFacts): FieldVerdict {
  if (facts.agree) return inStep
  if (facts.decision !== undefined) return resolved(facts, facts.decision)
  const emptied = facts.refill === true ? emptiedSide(facts) : undefined
  if (emptied !== undefined) return write(emptied, 'fill')
  if (facts.direction !== 'both') return oneWay(facts, facts.direction === 'toSales' ? 'sales' : 'businessCentral')
  const { businessCentral, sales } = facts.did
  if (businessCentral === 'new' || sales === 'new') return firstMeeting(facts)
  if (businessCentral === 'same') return sales === 'same' ? { kind: 'leave' } : write('businessCentral', 'edit')
  return sales === 'same' ? write('sales', 'edit') : conflict(facts)
}

/** The side that once held what the other still holds, and holds nothing now. */
function emptiedSide({ did, blank, direction }: FieldFacts): Side | undefined {
  if (did.businessCentral === 'new' || did.sales === 'new') return undefined
  return sides.find((side) => travelsTo(direction, side) && blank[side] && !blank[otherSide(side)])
}

/** The source always wins on a one-way field; its target, edited by somebody, is left alone until the source changes (C-08). */
function oneWay(facts: FieldFacts, target: Side): FieldVerdict {
  switch (facts.did[otherSide(target)]) {
    case 'same':
      return { kind: 'leave' }
    case 'changed':
      return write(target, 'edit')
    case 'new':
      return facts.meeting === 'row' ? write(target, 'first') : firstMeeting(facts)
  }
}

function firstMeeting(facts: FieldFacts): FieldVerdict {
  const { blank, firstMatch, direction } = facts
  if (blank.businessCentral && blank.sales) return inStep
  if (blank.businessCentral !== blank.sales) {
    const target = blank.sales ? 'sales' : 'businessCentral'
    if (!travelsTo(direction, target)) return inStep
    return firstMatch.blank === 'fill' ? write(target, 'fill') : { kind: 'hold', because: 'different' }
  }
  if (firstMatch.different === 'hold') return { kind: 'hold', because: 'different' }
  const target = otherSide(firstMatch.different)
  return travelsTo(direction, target) ? write(target, 'first') : inStep
}

function conflict(facts: FieldFacts): FieldVerdict {
  const winner = facts.conflicts === 'newest' ? facts.newest : facts.conflicts
  if (winner === undefined || winner === 'hold') return { kind: 'hold', because: 'conflict' }
  return write(otherSide(winner), 'edit')
}

/** A person took one side's value. Taking the target's value of a one-way field means: leave it as it is. */
function resolved(facts: FieldFacts, winner: Side): FieldVerdict {
  const target = otherSide(winner)
  return travelsTo(facts.direction, target) ? write(target, 'resolved') : inStep
}
