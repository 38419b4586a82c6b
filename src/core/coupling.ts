/**
 * A coupling: two records held to be the same thing, with how each looked when they last agreed (the base of the
 * three-way merge). It holds ids, natural keys and fingerprints, never business values (P8).
 */
import type { Prints } from './base.ts'
import type { Said } from './said.ts'
import type { BySide, Side } from '../config/config.ts'

/** One side of a coupling. */
export interface Seen {
  readonly id: string
  /** Natural keys by column: record numbers and codes, which other mappings refer to. */
  readonly keys: Readonly<Record<string, string>>
  /** Fingerprint of the etag we last saw or made; undefined when the next report must be looked at. */
  readonly version: string | undefined
}

export interface Coupling extends BySide<Seen> {
  /** Which field rows the prints belong to: see `layout` in the store. */
  readonly layout: string
  /** Packed fingerprints of the last agreement, see core/base.ts. */
  readonly base: string
  /** Outside the filter: paused, keeps its base (P9). */
  readonly outside?: boolean
  /** How often in a row a service's answer differed from what was sent (carried back once, then held). */
  readonly moved?: number
  /** Some steps of its last write were not done: the next run finishes them, whatever the filter says. */
  readonly unfinished?: Unfinished
  /** The pair is over: on this side its record was posted, or deleted for good. Nothing of it travels or is made again. */
  readonly ended?: Side
  /** One of the two was created by us, and has not been looked at since. */
  readonly fresh?: Fresh
  /**
   * Versions (see versionOf) that our own write left while something of the pair went on waiting to be carried; of a
   * document `anyVersion`, until it is looked at.
   */
  readonly ours?: Versions
  /** The lines of a document: which belong together, under the document's own coupling. */
  readonly lines?: CoupledLines
}

/** `new`: it is not known to be made whole; what is missing of it is made as of any new one. */
export type Unfinished = true | 'new'

/** A record as its create left it. */
export interface Fresh {
  readonly side: Side
  /** See versionOf. */
  readonly version: string
}

/** Which version a write of ours left is not known: an action, or a line, moves that of its document without telling. */
export const anyVersion = '*'

export type Versions = { readonly [side in Side]?: string | undefined }

/** The pairs of lines of a coupled document, with the layout of their bases. */
export interface CoupledLines {
  readonly layout: string
  /** Key of the line in Business Central, key in Sales, packed base. A key may be one that an expression gave. */
  readonly pairs: readonly (readonly [businessCentral: string, sales: string, base: string])[]
  /** Lines for which a write whose answer nobody saw may have made a partner, under a key that the service chose. */
  readonly sought?: readonly SoughtLine[]
}

/** The side that was written to, and the key of the line on the other side. */
export type SoughtLine = readonly [on: Side, source: string]

/** The id of a coupling: both ids, and where the first ends, for an id may hold any sign. */
export const couplingId = ({ businessCentral, sales }: BySide<{ readonly id: string }>): string =>
  `${businessCentral.id.length}|${businessCentral.id}|${sales.id}`

export type HeldKind =
  /** No partner found, and nothing may be created. Not read again until it or its partner changes. */
  | 'no-partner'
  /** Several candidates, or one that is coupled already. */
  | 'ambiguous'
  /** Needs a coupling of another mapping first; or its partner may be a record on which a match expression fails. */
  | 'waiting'
  /** The same field was edited on both sides. */
  | 'conflict'
  /** First match, and filled fields differ. */
  | 'different'
  /** A service refused it; tried again later. */
  | 'failed'
  /** Refused too often: set aside until its source changes or a person retries. */
  | 'quarantine'
  /** Its partner was deleted. */
  | 'deleted'
  /** A service keeps changing what is written. */
  | 'moving'
  /** Some steps of its last write are not done. */
  | 'unfinished'
  /** The outcome of its last write could not be told. */
  | 'unknown'

/** A record that waits, and why. */
export interface Held {
  readonly side: Side
  readonly id: string
  readonly kind: HeldKind
  /** Record number or code, for people. */
  readonly number: string | undefined
  /** Field rows concerned. */
  readonly fields: readonly string[]
  /** What happened and what to do next; no business values. */
  readonly message: string
  readonly remedy: string
  readonly code?: string | undefined
  /** Of a pair whose one record was deleted: the side on which it is gone. */
  readonly gone?: Side | undefined
  /** ISO 8601 */
  readonly since: string
  readonly attempts: number
  /** Not before this moment, ISO 8601. */
  readonly nextTry?: string | undefined
  /** Fingerprint of the source row when it was looked at: another one takes it up again. */
  readonly source?: string | undefined
  /** Hash of the configuration that was looked at with; under another one it may be decided otherwise. */
  readonly under?: string | undefined
  /** The couplings that would free it; absent where something else might, which only a look can tell. */
  readonly waits?: readonly Missing[] | undefined
  /** The records between which nobody could choose; absent where they are not known, which only a look can tell. */
  readonly rivals?: readonly Rival[] | undefined
  /** What each side said in the fields that are held, by field row: a decision is about that. */
  readonly seen?: Readonly<Record<string, Prints>> | undefined
  /** What a record whose partner was deleted said when that was found: an edit is what says otherwise. */
  readonly said?: Said | undefined
  /** A person's decision, to be carried out by the next run. */
  readonly decision?: Decision | undefined
}

/** The same where fingerprints have another key: of what was said then nothing is known. */
export const withoutSaid = (held: Held): Held => ({
  ...held,
  ...(held.said === undefined ? {} : { said: {} }),
  seen: undefined,
})

/** A record that keeps another one from having exactly one partner: as it stood when that was found. */
export interface Rival {
  readonly side: Side
  readonly id: string
  /** See versionOf. */
  readonly version?: string | undefined
  /** It had a partner of its own. */
  readonly coupled?: boolean | undefined
}

/** A coupling that is not there, and that a record waits for. */
export interface Missing {
  readonly mapping: string
  /** The side on which the record is named. */
  readonly from: Side
  readonly key: string
  /** The record by natural keys, where it is not named by id. */
  readonly keys?: Readonly<Record<string, string>>
  /** The mapping that takes that record along. */
  readonly takenBy?: string
}

/** What a person decided about a held record. */
export type Decision =
  /** Field row → side whose value is taken; `*` for every held field. */
  | { readonly kind: 'take'; readonly fields: Readonly<Record<string, Side>> }
  /** What becomes of a pair whose one record was deleted. */
  | { readonly kind: 'deleted'; readonly action: 'restore' | 'delete' | 'uncouple' }
  /** Where the two are filled differently at their first meeting, this side is right; a blank still wipes nothing. */
  | { readonly kind: 'prefer'; readonly side: Side }
  /** Try again now. */
  | { readonly kind: 'retry' }
