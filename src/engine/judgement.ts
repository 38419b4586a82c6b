/** What was decided about one record or pair, as data: what is to be written, remembered and held. */
import type { BySide, Ending, Side } from '../config/config.ts'
import type { Coupling, Held, HeldKind, Rival } from '../core/coupling.ts'
import type { Decided, HeldField } from '../core/decide.ts'
import type { Wait } from '../core/offer.ts'
import type { Loaded, Row } from '../core/record.ts'
import type { Said } from '../core/said.ts'
import type { Ref } from './ref.ts'

/** What was decided about one record or pair. */
export interface Judgement {
  readonly ref: Ref
  readonly rows: BySide<Loaded | undefined>
  readonly coupling: Coupling | undefined
  readonly action: JudgedAction
  readonly decided: Decided | undefined
  /** Why (part of) it waits. */
  readonly holds: readonly Hold[]
  readonly held: Held | undefined
  /** As what its record stands now that is gone, because it was posted. */
  readonly posted?: Row | undefined
  readonly number: string | undefined
  /** It hangs on nothing that the plan only foresees: the decision stands when the time to write comes. */
  readonly stands: boolean
}

export type JudgedAction =
  /** Nothing to write; the versions may be remembered. */
  | { readonly kind: 'in-step' }
  /** It waits for nothing and nothing is written. */
  | { readonly kind: 'ignore' }
  /** Not in this run: stays as it is, and is looked at again. */
  | { readonly kind: 'leave' }
  /** Write the decided fields of a coupled pair. */
  | { readonly kind: 'merge'; readonly paused: boolean }
  /** Couple a pair that matched, and write its decided fields. */
  | { readonly kind: 'couple'; readonly paused: boolean }
  | { readonly kind: 'create'; readonly on: Side; readonly restores: boolean }
  | { readonly kind: 'delete'; readonly on: Side }
  /** `said`: by the record that stays. */
  | { readonly kind: 'uncouple'; readonly said?: Said }
  /** The last fields are written, and the pair is over: it stays remembered. */
  | { readonly kind: 'end'; readonly because: Ending }
  | { readonly kind: 'hold' }

/** The pair is outside the filter. */
export const isPaused = (action: JudgedAction): boolean =>
  (action.kind === 'merge' || action.kind === 'couple') && action.paused

/** One reason to wait. */
export interface Hold {
  readonly kind: HeldKind
  readonly fields: readonly HeldField[]
  readonly names: readonly string[]
  readonly message: string
  readonly remedy: string
  /** Of a pair whose one record was deleted: the side on which it is gone. */
  readonly gone?: Side
  /** What the other record of that pair says. */
  readonly said?: Said
  /** The couplings that it waits for, where nothing else can free it. */
  readonly waits?: readonly Wait[]
  /** Whose change could free it, where that is known without a search; none: only its own. */
  readonly rivals?: readonly Rival[]
  /** Written by the second pass of this run, if it can be. */
  readonly secondPass?: boolean
}

/** What is known before anything is decided. */
export type Common = Pick<Judgement, 'ref' | 'rows' | 'held' | 'coupling' | 'number' | 'posted'>
/** What was decided. */
export type Judged = Pick<Judgement, 'action' | 'decided' | 'holds'>
/** A decision about the pair as a whole. */
export const plainly = (action: JudgedAction): Judged => ({ action, decided: undefined, holds: [] })

/** Whether its writes to Sales say whose the record is: without them nothing of it goes to Business Central. */
export const isClaiming = ({ decided }: Pick<Judgement, 'decided'>): boolean =>
  decided !== undefined &&
  (decided.claims.length > 0 || decided.writes.some(({ field, to }) => field.field.claim && to === 'sales'))
