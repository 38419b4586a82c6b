/**
 * One pair, coupled or not: what becomes of it as a whole. Pure and total over (what each side did × coupling); the
 * whole truth table is its test. Keeps P9: a record that left the filter is paused, not deleted; and the rule that an
 * edit beats a delete.
 */
import type { BySide, Deletes, Direction, Ending, Side } from '../config/config.ts'
import { otherSide, travelsTo } from '../config/config.ts'

/** How a coupled record stands on one side: edited since the base, unchanged, outside the filter, or deleted. */
export type Standing = 'same' | 'edited' | 'outside' | 'gone'

export type PairVerdict =
  | { readonly kind: 'in-step' }
  /** Look at the fields. */
  | { readonly kind: 'merge' }
  /** Outside the filter: only rows marked `outside` travel. */
  | { readonly kind: 'pause' }
  /** The coupling ends; no record is touched. */
  | { readonly kind: 'uncouple'; readonly survivor?: Side }
  | { readonly kind: 'delete'; readonly on: Side }
  /** Create the deleted record again. */
  | { readonly kind: 'restore'; readonly on: Side }
  | { readonly kind: 'hold'; readonly gone: Side }
  /** The pair is over, and stays remembered. */
  | { readonly kind: 'end'; readonly because: Ending; readonly survivor: Side }
  /** It has ended before. */
  | { readonly kind: 'over' }

const pairs: Readonly<
  Record<Standing, Readonly<Record<Standing, 'in-step' | 'merge' | 'pause' | 'gone' | 'uncouple'>>>
> = {
  same: { same: 'in-step', edited: 'merge', outside: 'pause', gone: 'gone' },
  edited: { same: 'merge', edited: 'merge', outside: 'pause', gone: 'gone' },
  outside: { same: 'pause', edited: 'pause', outside: 'pause', gone: 'gone' },
  gone: { same: 'gone', edited: 'gone', outside: 'gone', gone: 'uncouple' },
}

/** What a mapping says that decides about a pair. */
export interface PairPolicy {
  readonly direction: Direction
  readonly deletes: Deletes
  /** A person's decision about a deleted record. */
  readonly decision?: 'restore' | 'delete' | 'uncouple' | undefined
  /** The record that is gone was posted: it is not deleted. */
  readonly posted?: boolean
  /** The pair has ended before. */
  readonly ended?: boolean
}

/** What becomes of a coupled pair. */
export function reconcile(standing: BySide<Standing>, policy: PairPolicy): PairVerdict {
  const kind = pairs[standing.businessCentral][standing.sales]
  if (kind !== 'gone') return { kind }
  const gone = standing.sales === 'gone' ? 'sales' : 'businessCentral'
  if (policy.ended === true) return { kind: 'over' }
  if (policy.posted === true) return { kind: 'end', because: 'posted', survivor: otherSide(gone) }
  return afterDelete(standing, gone, policy)
}

/** One record was deleted. A one-way mapping never deletes or creates on the side it reads from. */
function afterDelete(standing: BySide<Standing>, gone: Side, policy: PairPolicy): PairVerdict {
  const survivor = otherSide(gone)
  const action = policy.decision ?? policy.deletes[gone]
  if (action === 'hold') return { kind: 'hold', gone }
  if (action === 'uncouple') return { kind: 'uncouple', survivor }
  if (action === 'end') return { kind: 'end', because: 'deleted', survivor }
  return deleteOrRestore(action, standing, { gone, policy })
}

function deleteOrRestore(
  action: 'delete' | 'restore',
  standing: BySide<Standing>,
  { gone, policy }: { readonly gone: Side; readonly policy: PairPolicy },
): PairVerdict {
  const survivor = otherSide(gone)
  if (standing[survivor] === 'outside' && policy.decision === undefined) return { kind: 'hold', gone }
  const editBeatsDelete = action === 'delete' && standing[survivor] === 'edited' && policy.decision === undefined
  if (action === 'restore' || editBeatsDelete) {
    return travelsTo(policy.direction, gone) ? { kind: 'restore', on: gone } : { kind: 'hold', gone }
  }
  return travelsTo(policy.direction, survivor) ? { kind: 'delete', on: survivor } : { kind: 'hold', gone }
}

/** What becomes of a record without a coupling, after its partner was looked for. */
export type LoneVerdict =
  | { readonly kind: 'ignore' }
  | { readonly kind: 'couple'; readonly with: string }
  | { readonly kind: 'create'; readonly on: Side }
  | { readonly kind: 'hold'; readonly because: 'ambiguous' | 'no-partner' }

/** Ids of records between which nobody can choose. */
export type Rivals = BySide<readonly string[]>

/** What was found for a record without a coupling. */
export type Found =
  | { readonly kind: 'outside' }
  | { readonly kind: 'one'; readonly id: string }
  /** `rivals`: records of both sides without which it might have been one. */
  | { readonly kind: 'several'; readonly rivals: Rivals }
  | { readonly kind: 'none' }

/** What becomes of a record of `side` that has no coupling. Several candidates are held, never created. */
export function reconcileLone(side: Side, found: Found, mayCreate: boolean): LoneVerdict {
  switch (found.kind) {
    case 'outside':
      return { kind: 'ignore' }
    case 'one':
      return { kind: 'couple', with: found.id }
    case 'several':
      return { kind: 'hold', because: 'ambiguous' }
    case 'none':
      return mayCreate ? { kind: 'create', on: otherSide(side) } : { kind: 'hold', because: 'no-partner' }
  }
}
