/** Rows as a side reports them, and their changes. */
import type { ValueType } from '../config/config.ts'

/** A row in the service's own words: column → value. Lookups stand under their logical name and hold the bare id. Joins and `with` pages stand under their names. */
export type Row = Readonly<Record<string, unknown>>

/** What is known of one column. */
export interface Column {
  readonly type: ValueType
  /** What people call it, in their language, where the service says. */
  readonly title?: string
  /** Characters, for text and code. */
  readonly maxLength?: number
  /** Decimals that the service keeps. */
  readonly precision?: number
  /** Never written by us. */
  readonly readOnly?: boolean
  /** Written only at creation. */
  readonly createOnly?: boolean
  /** For lookups: target table (logical name) → entity set, with the navigation property to bind. */
  readonly targets?: readonly { readonly table: string; readonly set: string; readonly navigation: string }[]
}

/** What is known of one collection. */
export interface Description {
  /** Key columns in order. One column of type guid where the service lets us choose the key. */
  readonly key: readonly string[]
  /** True where a created record keeps the key we send (P1). */
  readonly clientKeys: boolean
  /** Column with the time of the last change, if any. */
  readonly modified: string | undefined
  /** The side reports changes and deletes by token. */
  readonly tracked: boolean
  /** Updates honour If-Match. Without it the row is read immediately before it is written. */
  readonly preconditions: boolean
  readonly columns: Readonly<Record<string, Column>>
}

/** A changed row. */
export interface Upsert {
  readonly kind: 'upsert'
  /** The record's key as the connector writes it into addresses: a guid, or `Item_No='1000',Code='PCS'`. */
  readonly id: string
  /** The service's own version mark, opaque. */
  readonly etag: string | undefined
  /** Time of the last change by the server's clock, ISO 8601, if the entity has one. */
  readonly modified: string | undefined
  readonly row: Row
  /** No row of its group speaks (`one`): outside the filter, whatever the columns say. */
  readonly silent?: boolean
  /** Why it is not known to which group it belongs (`one`): its expression failed. */
  readonly ungrouped?: string
}

/** The record is not there any more. */
export interface Tombstone {
  readonly kind: 'tombstone'
  readonly id: string
}

/** What a side reports. */
export type Change = Upsert | Tombstone

/** A row with its further pages, each with its own key and etag, because each is written by itself. */
export interface Loaded extends Upsert {
  readonly pages?: Readonly<Record<string, Upsert>>
  /** A document's lines in their order, each with its own key and version. */
  readonly lines?: readonly Upsert[]
}

/** A value to be written. A lookup names its target set; null clears. */
export type Cell = string | number | boolean | null | { readonly set: string; readonly id: string }
export type Values = Readonly<Record<string, Cell>>
