/** What the engine needs of the outside world, and what a run may be asked. The engine names no effect: it gets these. */
import type { Clock } from '../clock.ts'
import type { BySide, Side } from '../config/config.ts'
import type { Connector } from '../connector/connector.ts'
import type { HeldKind } from '../core/coupling.ts'
import type { Emit } from '../core/event.ts'
import type { Evaluator } from '../core/expression.ts'
import type { Acceptance } from '../core/guard.ts'
import type { Plan } from '../core/plan.ts'
import { StoppedError } from '../errors.ts'
import type { MappingSummary, Store } from '../store/store.ts'

/** Everything a run needs of the outside world. */
export interface Ports {
  readonly connectors: BySide<Connector>
  readonly store: Store
  /** A view of a store whose commits stay in memory: what a plan works on. */
  readonly overlay: (store: Store) => Store
  readonly clock: Clock
  readonly emit: Emit
  /** Where expressions go that may never end. @default such an expression fails */
  readonly apart?: Evaluator
  /** Aborted when the work in hand is to be finished and no more begun. @default never */
  readonly stop?: AbortSignal | undefined
}

/** Throws StoppedError when somebody asked to stop. Called where nothing is half done. */
export function heedStop(stop: AbortSignal | undefined): void {
  if (stop?.aborted === true) throw new StoppedError()
}

/** A record as a person names it. */
export interface NamedRecord {
  readonly column: string
  readonly value: string
}

export interface RunOptions {
  /** Only these mappings; all enabled ones when empty. */
  readonly mappings: readonly string[]
  /** Decide everything, write nothing, anywhere (P6). */
  readonly dry: boolean
  /** The report holds the operations with their values also of a run that writes; for few records, as they stay in memory. */
  readonly keepPlan: boolean
  /** Ignore watermarks, read whole, sweep, merge three ways. */
  readonly full: boolean
  /** Write every row of coupled records anew to this side. */
  readonly rewrite: Side | undefined
  /** Only these records, each by a column with its value on one side, e.g. number=10000; all when empty. */
  readonly records: readonly NamedRecord[]
  /** Only these records, by id. */
  readonly ids: { readonly side: Side; readonly ids: readonly string[] } | undefined
  /** Only writes in this direction. */
  readonly direction: 'toSales' | 'toBusinessCentral' | undefined
  /** Safety-limit numbers given back. */
  readonly accept: readonly Acceptance[]
  /** Do only operations whose hash is in here (apply of a saved plan). */
  readonly permit: ReadonlySet<string> | undefined
  /** Match only, whatever `create` says: in all mappings, or in these. */
  readonly noCreate: boolean | ReadonlySet<string>
  /** Instead of what `create` says in the mappings: on which sides a record without a partner may be created. */
  readonly creates: BySide<boolean> | undefined
  /** Couple what matches and write to neither side; the next run compares the pairs (native: coupling without synchronising). */
  readonly coupleOnly: boolean
  /** Where two records that this run couples are filled differently, this side is right, or the one that wins conflicts (K-06). */
  readonly prefer: Side | 'conflicts' | undefined
  /** A full plan that is only compared with another one: it goes on behind a mapping that cannot be planned. */
  readonly comparing: boolean
}

export const defaultRunOptions: RunOptions = {
  mappings: [],
  dry: false,
  keepPlan: false,
  full: false,
  rewrite: undefined,
  records: [],
  ids: undefined,
  direction: undefined,
  accept: [],
  permit: undefined,
  noCreate: false,
  creates: undefined,
  coupleOnly: false,
  prefer: undefined,
  comparing: false,
}

/** A record that is held or failed, or a side that refused. */
export interface RunProblem {
  readonly mapping: string
  readonly side: Side
  /** Undefined when a whole side or mapping failed. */
  readonly id: string | undefined
  readonly number: string | undefined
  readonly kind: HeldKind | 'service'
  /** The service's own code of its refusal. */
  readonly code?: string | undefined
  readonly message: string
  readonly remedy: string
  /** It was not held before this run. */
  readonly isNew: boolean
  /** A service refused it in this very run. */
  readonly isRefusedNow: boolean
}

export interface RunReport {
  readonly run: string
  /** Nothing is held or failed. */
  readonly ok: boolean
  readonly mappings: readonly MappingSummary[]
  readonly problems: readonly RunProblem[]
  /** What was planned; with values, in memory only. */
  readonly plan: Plan
  /** A service refused or was not reached: exit 3. */
  readonly refused: boolean
  /** Planned operations that were not done because the record has moved (apply), as operation hashes. */
  readonly refusedOperations: readonly string[]
  readonly requests: number
  readonly bytes: number
  readonly ms: number
}
