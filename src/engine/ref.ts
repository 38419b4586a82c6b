/**
 * What is to be decided, by its ids. Spelled out: with names that are computed, or spread, each would take four times the
 * room, and there may be many (P10).
 */
import type { Side } from '../config/config.ts'
import type { Found } from '../core/reconcile.ts'
import type { Unclear } from './unclear.ts'

/** A record to decide: a coupled pair, a pair found by matching, or a lone record with what was found for it. */
export interface Ref {
  readonly businessCentral: string | undefined
  readonly sales: string | undefined
  readonly coupled: boolean
  /** For lone records. */
  readonly found?: Found | undefined
  /** For lone records: those of the other side that may be their partners. */
  readonly unclear?: Unclear | undefined
  /** The side whose record takes over the coupling of another one. */
  readonly continues?: Side
}

/** A pair that matching has found. */
export const matched = (businessCentral: string, sales: string): Ref => ({ businessCentral, sales, coupled: false })
/** A record that stays alone, with what was found for it. */
export const unmatched = (side: Side, id: string, found: Found, unclear: Unclear | undefined): Ref =>
  side === 'sales'
    ? { businessCentral: undefined, sales: id, coupled: false, found, unclear }
    : { businessCentral: id, sales: undefined, coupled: false, found, unclear }

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
/** Pairs and records of Business Central first, in the order of their ids; then those of Sales. */
export const byIds = (a: Ref, b: Ref): number =>
  byText(a.businessCentral ?? '~', b.businessCentral ?? '~') || byText(a.sales ?? '', b.sales ?? '')
