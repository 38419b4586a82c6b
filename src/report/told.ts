/** What is told about a run: the part of a run's report that texts are made of. No business values beyond codes (P8). */
import type { Side } from '../config/config.ts'
import type { HeldKind } from '../core/coupling.ts'

/** Counts of one mapping in one direction. */
export interface CountsTold {
  readonly mapping: string
  readonly direction: 'toSales' | 'toBusinessCentral'
  readonly created: number
  readonly updated: number
  readonly deleted: number
  readonly coupled: number
  readonly uncoupled: number
  readonly unchanged: number
  readonly held: number
  readonly failed: number
  readonly requests: number
  readonly ms: number
}

/** A record that is held or failed, or (without an id) a side that refused. */
export interface ProblemTold {
  readonly mapping: string
  readonly side: Side
  readonly id: string | undefined
  readonly number: string | undefined
  readonly kind: HeldKind | 'service'
  readonly message: string
  readonly remedy: string
  /** It was not held before this run. */
  readonly isNew: boolean
}

/** A finished run. */
export interface RunTold {
  readonly run: string
  readonly ok: boolean
  readonly mappings: readonly CountsTold[]
  readonly problems: readonly ProblemTold[]
  readonly requests: number
  readonly ms: number
}
