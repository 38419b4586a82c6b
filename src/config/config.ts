/**
 * The resolved configuration: what the rest of the program reads. Everything is plain frozen data; every default is
 * filled in, every name checked. The YAML as people write it is described by `schemas/*.schema.json`.
 */

import type { Connection } from './connection-types.ts'
import type { Job, Serve } from './job.ts'

import type { Replace } from './replace.ts'

/** One of the two services. Code passes the side as a value and never writes a method twice. */
export type Side = 'businessCentral' | 'sales'
export const sides: readonly Side[] = ['businessCentral', 'sales']

/** Name of each side in messages. */
export const sideName: Readonly<Record<Side, string>> = { businessCentral: 'Business Central', sales: 'Sales' }
export const otherSide = (side: Side): Side => (side === 'sales' ? 'businessCentral' : 'sales')
/** One value for each side. */
export type BySide<T> = Readonly<Record<Side, T>>

export type Direction = 'both' | 'toSales' | 'toBusinessCentral'
/** True when values travel to `side` in this direction. */
export const travelsTo = (direction: Direction, side: Side): boolean =>
  direction === 'both' || (direction === 'toSales') === (side === 'sales')

export interface Config {
  /** The project folder, absolute. */
  readonly root: string
  /** The target overlay in use, if any. */
  readonly target: string | undefined
  readonly connections: BySide<Connection>
  readonly settings: Settings
  readonly state: { readonly store: 'json'; /** Folder, absolute. */ readonly path: string; readonly key?: string }
  /** Every mapping of the project in the order of a run: choices first, then by `after`. Disabled ones included. */
  readonly mappings: readonly Mapping[]
  readonly jobs: readonly Job[]
  readonly serve: Serve
  /** Hash over everything that decides what a run would do; a saved plan carries it. */
  readonly hash: string
}

export interface Settings {
  readonly ownership: 'person' | 'team'
  readonly unitGroups: boolean
  readonly pricing: 'extended' | 'legacy' | 'off'
  readonly salesOrders: 'off' | 'legacy' | 'bidirectional'
  /** Whose rows of Sales are taken: this company's and nobody's, everybody's, or no company is looked at. @default own */
  readonly company: 'own' | 'shared' | 'off'
  /** IANA zone in which a date-time becomes a date. @default UTC */
  readonly timeZone: string
  /** ISO code of Business Central's local currency, e.g. GBP. */
  readonly localCurrency: string | undefined
  /** How often a service may refuse a record before it is set aside. @default 8 */
  readonly attempts: number
  /** Further settings of the administrator, seen by expressions as `$settings`. */
  readonly [name: string]: unknown
}

export type { Auth, Connection, EntraAuth } from './connection-types.ts'

export interface Mapping {
  readonly name: string
  /** Native mappings that this one replaces, e.g. CUSTOMER. */
  readonly native: readonly string[]
  readonly enabled: boolean
  readonly reason: string | undefined
  readonly direction: Direction
  readonly after: readonly string[]
  /** As whom Sales is written; undefined: as the integration itself. */
  readonly actAs: ActAs | undefined
  /** The mapping on whose couplings this one rides: it takes part in nothing that is not coupled there. */
  readonly follows: Follows | undefined
  readonly businessCentral: Source
  readonly sales: Source
  /** How `couplet replace` sets records of Sales aside. */
  readonly replace?: Replace | undefined
  /** Several rows of Business Central are one record of Sales. */
  readonly one?: One | undefined
  readonly match: readonly MatchGroup[]
  /** Whether a record without a partner may be created on that side. */
  readonly createOn: BySide<boolean>
  readonly firstMatch: FirstMatch
  readonly conflicts: ConflictPolicy
  readonly deletes: Deletes
  /** What the review before the first full run recommends; auto: from the counts of both sides. @default auto */
  readonly firstRun: 'auto' | 'full' | 'couple'
  readonly limits: Limits
  readonly fields: readonly Field[]
  /** Values for new records of that side, in the order in which they are tried. */
  readonly defaults: BySide<readonly Template[]>
  /** Lines that are one document with their header. */
  readonly lines: Lines | undefined
  /** Metadata of the organisation (choice options) may be written. @default false */
  readonly allowMetadataChanges: boolean
  /** What the native integration does and nothing outside can do, with the reason. */
  readonly notReachable: readonly { readonly field: string; readonly reason: string }[]
  /** Hash over select, filter, match, create, joins and settings: a change discards tokens and reads whole. */
  readonly hash: string
}

/** Which rows of Business Central are one record, and which of them speaks for it. */
export interface One {
  /** Columns, or JSONata over the row and its joins, that the rows of a group have in common. */
  readonly per: readonly string[]
  /** The row with the largest values in these columns speaks, the first column deciding first. */
  readonly latest: readonly string[]
  /** Columns with the first and the last day on which a row may speak. */
  readonly from: string | undefined
  readonly until: string | undefined
}

/** The lines of a document: decided, planned and written together with their header. */
export interface Lines {
  /** The lines as a mapping of their own: two collections, field rows, direction, matching. */
  readonly mapping: Mapping
  readonly sides: BySide<LineSide>
  /** JSONata over the document that gives the keyed lines for the other side. */
  readonly compute: { readonly toSales?: string; readonly toBusinessCentral?: string }
  /** create: written only with a document that is created. */
  readonly on: 'always' | 'create'
}

/** How the lines of one side hang on their document. */
export interface LineSide {
  /** Column that names the document. */
  readonly parent: string
  /** Column by which lines are sorted. */
  readonly order: string | undefined
  /** Lines made by us are numbered in `order`, in steps of this size. */
  readonly number: number | undefined
  /** Columns to read beside those that rows and expressions use. */
  readonly select: readonly string[]
}

/** As whom a mapping writes to Sales. */
export type ActAs =
  /** Always this systemuser. */
  | { readonly kind: 'user'; readonly user: string }
  /** The user coupled to the person whom a column of Business Central names; a blank names nobody. */
  | {
      readonly kind: 'coupled'
      readonly column: string
      readonly lookup: CouplingLookup
      /** The person has no user: write as the integration itself, or hold the record. @default self */
      readonly whenUncoupled: 'self' | 'hold'
    }

/** How a mapping rides on another's couplings. The record read has the same id as the one that is coupled there. */
export interface Follows {
  readonly mapping: string
  /**
   * The mapping through whose couplings the record written to is found: the followed one, or the nearest that it
   * follows itself, over the same entity. Undefined: there is none, and each pair gets a record of its own.
   */
  readonly partner: string | undefined
}

/** Where the rows of one side of a mapping come from. */
export interface Source {
  readonly side: Side
  /** Undefined when the side is made of constant rows only. */
  readonly entity: EntityRef | undefined
  /** Natural keys that other mappings refer to. */
  readonly keys: readonly string[]
  /** OData filter text; a record outside it is neither matched, created nor updated. */
  readonly filter: string | undefined
  /** Further filters, each left out where the service lacks a column that it names. */
  readonly conditions: readonly string[]
  /** The mapping rests where the service lacks the entity. */
  readonly optional: boolean
  /** Further pages of the same record, by the name under which expressions see them. */
  readonly with: readonly WithPage[]
  /** Further rows attached before expressions run, by name. */
  readonly joins: readonly Join[]
  /** Fixed rows, beside the entity or instead of it. JSONata over `$settings` giving rows, or the rows. */
  readonly constant: string | readonly Readonly<Record<string, unknown>>[] | undefined
  /** For polymorphic lookup columns: the table (logical name) that is meant, e.g. `{ parentcustomerid: 'account' }`. */
  readonly lookupTypes: Readonly<Record<string, string>>
  /** A column that is unique and stands in the document for good, where the service ignores our keys; asked before each create. */
  readonly reference: string | undefined
  /** Further collections where the document may stand under that reference, once it was posted. */
  readonly postedAs: readonly Posted[]
  /** Column holding the time of the last change, when the service's description does not tell it. */
  readonly modified: string | undefined
  /** A filter for rows that change without moving their stamp; read in each run. */
  readonly recheck: string | undefined
  /** A filter for rows that the service itself brings along: they count as no data before the first run. */
  readonly builtIn: string | undefined
  /** Only a record inside this filter may get a partner that is created. */
  readonly creates: string | undefined
  /** A new record with the natural keys of a coupled one that has left the filter goes on in its place. */
  readonly continues: boolean
  /** Columns that are written by calling a bound action: column → value → action. */
  readonly actions: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Where a document stands once it was posted. */
export interface Posted {
  readonly entity: string
  /** Its column that holds the first of the document's keys: there a document that is gone is looked for. */
  readonly by: string | undefined
}

/** One collection of a side. */
export type EntityRef =
  | { readonly kind: 'standard'; readonly entity: string }
  /** A custom API page: `route` is `publisher/group/version`. */
  | { readonly kind: 'custom'; readonly route: string; readonly entity: string }
  /** A published page as an OData web service; `key` are its key columns in order. */
  | { readonly kind: 'service'; readonly entity: string; readonly key: readonly string[] }
  /** The options of a choice column, as rows { value, label }. */
  | { readonly kind: 'choice'; readonly entity: string; readonly column: string; readonly mirror: readonly string[] }
  /** A collection that can only be read below a parent, e.g. salesOrderLines of salesOrders. */
  | { readonly kind: 'child'; readonly entity: string; readonly parent: string; readonly parentKey: string | undefined }

/** A further page of the same record: `{ names: { entity: customerContacts, same: id } }`. */
export interface WithPage {
  readonly name: string
  readonly entity: EntityRef
  /** Column of the page → column of the main row that holds the same value. */
  readonly on: Readonly<Record<string, string>>
  /** Skipped, with a warning, where the page is not published. */
  readonly optional: boolean
}

/** Rows of another collection attached to each row of a page. */
export interface Join {
  readonly name: string
  readonly entity: EntityRef
  /**
   * Column of the joined row → column (or `page.column`, or `join.column` of an earlier join) of the main row, `$id` for
   * its key. Empty: the same row for all.
   */
  readonly on: Readonly<Record<string, string>>
  /** OData filter over the joined rows. */
  readonly where: string | undefined
  /** Keep only the row with the largest value in this column. */
  readonly latest: string | undefined
  /** Attach every matching row as a list instead of one row. */
  readonly many: boolean
  /** A change in a joined row counts as a change of the main row. */
  readonly triggers: boolean
  /** Columns to read; those that expressions use. */
  readonly select: readonly string[]
  readonly optional: boolean
  /** These rows are the lines of the document: read below it alone, and kept with their keys and versions. */
  readonly areLines?: boolean
}

/** Columns that must all agree. Groups are tried in order. `$row` is the value which that field row gives for the other side. */
export interface MatchGroup {
  readonly businessCentral: readonly string[]
  readonly sales: readonly string[]
  /** Exchanges a value through couplings before it is compared, by BC column. */
  readonly lookup: Readonly<Record<string, Lookup>>
  /** Texts compare case-sensitively. @default false (native K-03) */
  readonly caseSensitive: boolean
}

export interface FirstMatch {
  /** One side is blank, the other filled. @default fill */
  readonly blank: 'fill' | 'hold'
  /** Both filled, differently: hold, or the side that wins. @default hold */
  readonly different: 'hold' | Side
}

/** The same field edited on both sides: hold, the side that wins, or the later edit. */
export type ConflictPolicy = 'hold' | Side | 'newest'

export type DeletePolicy = 'hold' | 'uncouple' | 'end' | 'restore' | 'delete'
export interface Deletes {
  /** What happens when a coupled record was deleted on that side. @default hold */
  readonly businessCentral: DeletePolicy
  readonly sales: DeletePolicy
  /** How often keys are compared where a side reports no deletes, in milliseconds. @default 24 h */
  readonly sweepMs: number
}

/** The most that one run may do to one side of one mapping without a person giving the number back. */
export interface Limits {
  readonly deletes: Limit
  readonly updates: Limit
  readonly creates: Limit
}
/** The smaller of the two counts. `share` is of the coupled records, 0 to 1, rounded up. */
export interface Limit {
  readonly count: number | undefined
  readonly share: number | undefined
}

/** How a pair comes to its end: its document was posted, or deleted. */
export type Ending = 'posted' | 'deleted'

export interface Field {
  /** The row's name: unique in the mapping. */
  readonly name: string
  readonly direction: Direction
  /** Column of each side, `column` or `page.column` for a `with` page; undefined where a compute or value stands instead. */
  readonly businessCentral: string | undefined
  readonly sales: string | undefined
  /** JSONata that gives the value for that side, from the other side's row. */
  readonly compute: { readonly toSales?: string; readonly toBusinessCentral?: string }
  /** A constant, written in the row's direction. */
  readonly value: unknown
  /** Pattern of the number that a new record gets where the source says none. */
  readonly number?: string | undefined
  readonly lookup: Lookup | undefined
  readonly whenUncoupled: WhenUncoupled
  /** What a blank source does to the target. `write` clears a new record too, `default` writes `blankDefault`. @default clear */
  readonly blank: 'clear' | 'keep' | 'write' | 'default'
  readonly blankDefault: unknown
  /**
   * create: written only when the record is created; write: whenever anything else of it is written, and never
   * compared; posted, deleted: once, when its partner is gone for that reason. @default always
   */
  readonly on: 'always' | 'create' | 'write' | Ending
  /** before/after: written in a step of its own around the others. @default main */
  readonly step: 'before' | 'main' | 'after'
  /** Skipped where the organisation lacks the column. */
  readonly optional: boolean
  /** Travels also for a coupled record outside the filter. */
  readonly outside: boolean
  /** A column that somebody emptied is filled again; its blank is no edit. */
  readonly refill: boolean
  /** Uncoupling the record that the row refers to uncouples this one too. */
  readonly cascade: boolean
  /** Says whose the record is: written before the record is taken, cleared when it is let go. */
  readonly claim: boolean
  /** Kind of value where metadata cannot tell. */
  readonly type: ValueType | undefined
  /** A code that plans may show. */
  readonly reveal: boolean
  readonly conflicts: ConflictPolicy | undefined
  readonly firstMatch: FirstMatch | undefined
  /** What the row is for. */
  readonly description?: string | undefined
  /** Hash of this row; a changed row has no base. */
  readonly hash: string
}

/** Values for new records of a side: the native configuration template. */
export interface Template {
  readonly name: string
  /** OData filter over the source record, evaluated here; undefined: every record. */
  readonly filter: string | undefined
  /** Its values replace those that field rows carry over. @default false */
  readonly wins: boolean
  /** One row for each column, written at creation only. */
  readonly fields: readonly Field[]
}

export type WhenUncoupled =
  | { readonly kind: 'hold' | 'clear' | 'keep' | 'skip' }
  /** Take the referenced record along first, then look again; undefined: by the mapping that the lookup names. */
  | { readonly kind: 'sync'; readonly mapping: string | undefined }

/** Through the couplings of `mapping`: by id, by a natural key, or by several (natural key → column of this row). */
export interface CouplingLookup {
  readonly kind: 'coupling'
  readonly mapping: string
  /** `id`, a natural key, or natural key → column of this row (`$`: what the row says). */
  readonly by: string | Readonly<Record<string, string>>
  /** The key that a blank source stands for; coming back, that key is written as blank. */
  readonly blankIs?: string
}

export type Lookup =
  | CouplingLookup
  /** The one record of the target side that fits: column → constant, or `{ field }` = this record's translated value of that row. */
  | {
      readonly kind: 'query'
      readonly find: string
      readonly where: Readonly<Record<string, QueryValue>>
      /** The record that a lookup column of the found one names, instead of the found one itself. */
      readonly take?: { readonly column: string; readonly of: string }
    }
  /** Which lookup depends on a column of the source row; null: the value as it is. */
  | { readonly kind: 'case'; readonly column: string; readonly cases: Readonly<Record<string, Lookup | null>> }
export type QueryValue = { readonly constant: string | number | boolean | null } | { readonly field: string }

/** How values compare and what nothing looks like. */
export type ValueType =
  | 'text'
  | 'code'
  | 'guid'
  | 'lookup'
  | 'integer'
  | 'decimal'
  | 'money'
  | 'boolean'
  | 'date'
  | 'dateTime'
  | 'choice'

export type { Job, Serve } from './job.ts'
