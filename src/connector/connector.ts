/**
 * The port to one side. The engine knows nothing else of a service. Every method may throw a ConnectorError when the
 * side as a whole refuses; a single record's refusal comes back as a value.
 */
import type { EntityRef, Side } from '../config/config.ts'
import type { Change, Description, Row, Upsert, Values } from '../core/record.ts'
import type { Watermark } from '../core/watermark.ts'

/** What a mapping wants to see of one collection. */
export interface Query {
  readonly entity: EntityRef
  /** Columns by logical name; key, etag and time of change come in addition. */
  readonly select: readonly string[]
  /** OData filter text, in the service's own words; sent only where a whole read allows it. */
  readonly filter?: string | undefined
  /** Column with the time of change, where the description does not tell it. */
  readonly modified?: string | undefined
  /** Columns by which a whole read comes sorted; not where changes come by token. */
  readonly order?: readonly string[] | undefined
}

/** One page of changes. */
export interface Page {
  readonly changes: readonly Change[]
  /** On the last page only: from where to read on next time. */
  readonly next?: Watermark
  /** True on every page of a whole read: a known record that is on no page is gone or outside the filter. */
  readonly whole: boolean
}

/** The first few of the changes since a watermark. */
export interface Glance {
  readonly changes: readonly Change[]
  /** There are more, or they cannot be told apart from here. */
  readonly more: boolean
}

/** A row that must equal these values, column by column; several columns must all agree. */
export type Condition = Readonly<Record<string, string | number | boolean | null>>

export interface Connector {
  readonly side: Side
  /** Which environment, company and organisation this is: state is bound to it. */
  identify(): Promise<Identity>
  /**
   * Keys, columns and abilities of a collection; asked of the service once where the built-in catalog does not know the
   * collection or one of the `wanted` columns.
   */
  describe(entity: EntityRef, wanted?: readonly string[]): Promise<Description>
  /** Everything that changed since the watermark, page by page; whole when it is undefined or has expired. */
  changes(query: Query, since: Watermark | undefined): AsyncIterable<Page>
  /** A first look at what changed since; undefined where only a whole read could tell. May be answered by a copy that lags. */
  glance(query: Query, since: Watermark): Promise<Glance | undefined>
  /** These records, whatever the filter says; those that are not there come as tombstones. In batches. */
  read(query: Query, ids: readonly string[]): Promise<readonly Change[]>
  /** Every row that equals any of the conditions (and the query's filter). In batches, never one query a condition. */
  find(query: Query, anyOf: readonly Condition[]): Promise<readonly Upsert[]>
  /** The keys of every row of the collection that the filter admits, largest page the service gives. */
  keys(query: Query): AsyncIterable<readonly string[]>
  /**
   * Does the operations in batches as large as the service takes. Results stand in the order of the operations.
   * `onBatch` is called with the results of each finished batch before the next is awaited, so that a caller can commit them.
   */
  write(operations: readonly WriteOperation[], onBatch?: OnBatch): Promise<readonly WriteResult[]>
  /** Requests made so far, by kind. */
  usage(): Usage
  /** Lets connections go. */
  close(): Promise<void>
}

export type OnBatch = (
  results: readonly { readonly operation: WriteOperation; readonly result: WriteResult }[],
) => Promise<void>

export interface Identity {
  readonly side: Side
  /** Address without path, plus environment name for BC. */
  readonly environment: string
  /** BC: company id (SystemId). Sales: organisation id. */
  readonly organisation: string
  readonly name: string
}

export interface Usage {
  readonly requests: number
  /** Requests that could change something, a batch counting once. */
  readonly writes: number
  readonly bytes: number
}

export type { Cell, Values } from '../core/record.ts'

/**
 * All writes to one record, in order. On Sales several steps travel in one atomic change set. On BC they are separate
 * requests, the next only after the former succeeded; a result tells how many steps were done.
 */
export interface WriteOperation {
  /** Unique in the run; results carry it back. */
  readonly id: string
  readonly steps: readonly WriteStep[]
  /** The record that the operation is about, where its first step is about another: a document with lines. */
  readonly about?: { readonly entity: EntityRef; readonly key: string }
  /** Columns of the main entity wanted in the answer. */
  readonly select: readonly string[]
  /** Id of the systemuser as whom Sales is written. @default the connection's own identity */
  readonly caller?: string | undefined
}

export type WriteStep =
  /** Insert only: a record that is there already is never changed by it. `key` is chosen by us where the service keeps it. */
  | {
      readonly kind: 'create'
      readonly entity: EntityRef
      readonly key: string | undefined
      readonly values: Values
      readonly parent?: Parent
    }
  /** `etag` undefined: the table knows no preconditions and the row was read immediately before. `'inherit'`: the state the former step of this operation left. */
  | {
      readonly kind: 'update'
      readonly entity: EntityRef
      readonly key: string
      readonly etag: string | undefined
      readonly values: Values
      /**
       * What the columns held that are written, as they were read: looked at where the version must be read anew. Their
       * names alone: as the create of the same operation left them.
       */
      readonly seen?: Row | readonly string[]
    }
  | { readonly kind: 'delete'; readonly entity: EntityRef; readonly key: string; readonly etag: string | undefined }
  /** Calls a bound action, e.g. `Microsoft.NAV.release`. */
  | {
      readonly kind: 'action'
      readonly entity: EntityRef
      readonly key: string
      readonly etag: string | undefined
      readonly action: string
      /** The action's parameters. */
      readonly values: Values
    }

/** The document that a new line belongs to; an empty id is the record that a step before it created. */
export interface Parent {
  /** Column of the line. */
  readonly column: string
  /** Entity set of the document. */
  readonly set: string
  readonly id: string
}

export type WriteResult =
  /** All steps done. `row` holds the selected columns as the service stored them, when it told. */
  | {
      readonly kind: 'done'
      readonly id: string
      readonly etag: string | undefined
      readonly row: Row | undefined
      readonly modified?: string | undefined
      /** Keys of further records that the steps created (lines), in the order of the steps. */
      readonly made?: readonly string[]
    }
  /** Insert only, and the key is there already. */
  | { readonly kind: 'exists'; readonly id: string }
  /** Changed by somebody since we read it: read again, decide again. */
  | { readonly kind: 'stale' }
  /** The record to update or delete is not there. */
  | { readonly kind: 'missing' }
  /** The service refuses this record. Some steps may have been done. */
  | {
      readonly kind: 'rejected'
      readonly refusal: Refusal
      readonly stepsDone: number
      readonly id: string | undefined
      readonly etag?: string | undefined
      readonly made?: readonly string[]
    }
  /** No answer: done or not done; must be verified by reading. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** Not sent or certainly not done, because the service as a whole was not available: try later. */
  | { readonly kind: 'later'; readonly refusal: Refusal }

/** Why a service refused one record; texts are scrubbed of quoted values (P8). */
export interface Refusal {
  readonly code: string
  readonly message: string
  /** What an administrator does about it. */
  readonly remedy: string
}

/** The connector's methods as an object, so that some can be replaced. */
export const portOf = (connector: Connector): Connector => ({
  side: connector.side,
  identify: () => connector.identify(),
  describe: (entity, wanted) => connector.describe(entity, wanted),
  changes: (query, since) => connector.changes(query, since),
  glance: (query, since) => connector.glance(query, since),
  read: (query, ids) => connector.read(query, ids),
  find: (query, anyOf) => connector.find(query, anyOf),
  keys: (query) => connector.keys(query),
  write: (operations, onBatch) => connector.write(operations, onBatch),
  usage: () => connector.usage(),
  close: () => connector.close(),
})
