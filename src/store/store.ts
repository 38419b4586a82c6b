/**
 * The port to what we remember (DESIGN: state). Reads are from memory; `commit` is durable when it returns and is seen
 * whole or not at all. Keeps P7: state is never torn. The interface names no file, so that a database can stand behind it.
 */
import type { BySide, Side } from '../config/config.ts'
import type { Coupling, Held, HeldKind } from '../core/coupling.ts'
import type { JobState } from '../core/schedule.ts'
import type { Watermark } from '../core/watermark.ts'

export interface Store {
  /** Takes the lock, or throws LockedError. A dead runner's lock is taken over; every commit carries the fencing number. */
  lock(owner: string): Promise<void>
  /** Gives the lock back; harmless when not held. */
  unlock(): Promise<void>
  /** Binds the state to these services, or throws StateError when it was made with others. */
  bind(identity: BySide<string>): Promise<void>
  /** The key of the fingerprints: given, or made and kept with the state. */
  readonly key: string
  /** Names of mappings that have state. */
  mappings(): readonly string[]
  /** What is known of one mapping; empty for a new name. Live: commits show at once. */
  mapping(name: string): MappingState
  /** Writes entries of one mapping. Durable and visible on return. Throws LockedError when the lock was lost. */
  commit(mapping: string, entries: readonly Entry[]): Promise<void>
  /** Remembers a finished run. */
  recordRun(run: RunSummary): Promise<void>
  /** The last runs, newest first. */
  runs(most: number): Promise<readonly RunSummary[]>
  /** Remembers how a job stands. Durable on return. Throws LockedError when the lock is not held. */
  recordJob(state: JobState): Promise<void>
  /** Every job that is remembered, by name; as others left it, even where the lock is not held. */
  jobs(): Promise<ReadonlyMap<string, JobState>>
  close(): Promise<void>
}

export interface MappingState {
  readonly name: string
  /** Hash of the mapping that the tokens belong to. */
  readonly hash: string | undefined
  readonly size: number
  couplings(): IterableIterator<Coupling>
  bySide(side: Side, id: string): Coupling | undefined
  /** By natural keys: column → value, all columns of the declared keys. */
  byKeys(side: Side, keys: Readonly<Record<string, string>>): Coupling | undefined
  /** Field rows (`name@hash`) of a layout id, in order. */
  layout(id: string): readonly string[] | undefined
  /**
   * By name: `businessCentral`, `sales`, `businessCentral/rate` for a join, and stamps: `businessCentral/sweep`,
   * `businessCentral/day` (up to which grouped rows were looked at), `contested`.
   */
  watermark(name: string): Watermark | undefined
  held(side: Side, id: string): Held | undefined
  allHeld(): IterableIterator<Held>
  /** Writes whose outcome was never committed: a crash lies between. */
  intents(): readonly Intent[]
  /** How often a person uncoupled this source record; part of the derived key (P1). */
  generation(side: Side, id: string): number
  /** Number of records of that side at the last whole read; for the empty-read guard. */
  counted(side: Side): number
  /**
   * Ids of records to be looked at beyond what changes tell, by name: `businessCentral/recheck` (inside the filter for
   * rows that change without a stamp), `followed` (looked at, and no pair of this mapping),
   * `businessCentral/seen/rate` (the latest rows of a triggering join, with their versions), `businessCentral/contested`
   * (where the last portion of candidates' versions ended).
   */
  watched(name: string): ReadonlySet<string>
}

/** One fact, as it is journalled. */
export type Entry =
  | { readonly kind: 'couple'; readonly coupling: Coupling }
  /** `generation` true: a person did it, so a new record must not reuse the key. */
  | {
      readonly kind: 'uncouple'
      readonly businessCentral: string
      readonly sales: string
      readonly generation?: boolean
    }
  | { readonly kind: 'layout'; readonly id: string; readonly rows: readonly string[] }
  | { readonly kind: 'hold'; readonly held: Held }
  | { readonly kind: 'release'; readonly side: Side; readonly id: string }
  | { readonly kind: 'watermark'; readonly name: string; readonly watermark: Watermark | null }
  | { readonly kind: 'hash'; readonly hash: string }
  | { readonly kind: 'counted'; readonly side: Side; readonly count: number }
  | { readonly kind: 'watch'; readonly name: string; readonly add: readonly string[]; readonly drop: readonly string[] }
  | { readonly kind: 'intent'; readonly intent: Intent }
  /** The outcome of that intent is known and committed. */
  | { readonly kind: 'settled'; readonly id: string }

/** A write that is about to be made (journalled before it is sent). */
export interface Intent {
  readonly id: string
  readonly kind: 'create' | 'update' | 'delete'
  /** The side written to. */
  readonly side: Side
  /** Key of the record written; the derived key for a create. */
  readonly target: string
  /** Key of the record on the other side. */
  readonly source: string
  /** Fingerprint of the etag before the write. */
  readonly before: string | undefined
  /** The base the coupling gets when the write was done: layout id and packed fingerprints of what was sent. */
  readonly layout: string
  readonly base: string
  /** In the same layout: what the record said before the write, in rows where that was not what both last agreed on. */
  readonly stood?: string
  readonly lines?: MeantLines
}

/** The lines that a write of a document edits or makes, as they are then. */
export interface MeantLines {
  readonly layout: string
  /** Keys as in a coupling; one that the service chooses is empty. */
  readonly pairs: readonly MeantLine[]
}

/**
 * With the number of a new line, or the fingerprint of the version that a line had before and what it said then (see
 * `stood`).
 */
export type MeantLine = readonly [
  businessCentral: string,
  sales: string,
  base: string,
  before: string | number | null,
  stood?: string,
]

export interface RunSummary {
  readonly run: string
  readonly startedAt: string
  readonly endedAt: string
  readonly ok: boolean
  /** Only of a full run: the mappings that it has to be restarted for. */
  readonly full?: { readonly unfinished: readonly string[] }
  readonly mappings: readonly MappingSummary[]
  /** What came to wait in it, as far as a line should hold; absent in runs of earlier versions. No business values (P8). */
  readonly problems?: readonly RunProblemSummary[]
  readonly bytes: number
}

/** A record that came to wait, or a mapping that a service kept from running. */
export interface RunProblemSummary {
  readonly mapping: string
  /** Where its source is. */
  readonly side: Side
  readonly id?: string | undefined
  readonly number?: string | undefined
  /** Id of its record on the other side, where it has one. */
  readonly partner?: string | undefined
  readonly kind: HeldKind | 'service'
  readonly message: string
  readonly remedy: string
}

/** Counts of one mapping in one direction. */
export interface MappingSummary {
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
