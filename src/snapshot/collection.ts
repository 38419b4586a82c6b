/** One collection of a side as it stood on a day: every row, whatever any filter says. */
import type { EntityRef } from '../config/config.ts'
import type { Description, Upsert } from '../core/record.ts'

export interface Collection {
  readonly entity: EntityRef
  readonly description: Description
  /** Columns that a mapping asked for and the service does not have. */
  readonly absent: readonly string[]
  /** Columns that the rows hold, by logical name; undefined where only the description was asked for. */
  readonly columns: readonly string[] | undefined
  readonly rows: readonly Upsert[]
  /** Columns without pseudonyms. @default all */
  readonly clear?: readonly string[]
}

/** A collection that the service does not offer, in the words with which it was refused. */
export interface Missing {
  readonly entity: EntityRef
  readonly message: string
  readonly remedy: string
}

/** What a side holds. */
export interface Shelf {
  /** What is known of a collection. Throws ConnectorError where it, or a wanted column, is not on the shelf. */
  describe(entity: EntityRef, wanted: readonly string[]): Promise<Description>
  /** Its rows with at least these columns. Throws ConnectorError where it does not hold them. */
  rows(asked: Asked): Promise<Collection>
}

export interface Asked {
  readonly entity: EntityRef
  readonly columns: readonly string[]
  /** Column with the time of change, where the description does not tell it. */
  readonly modified?: string | undefined
}

/** Tells two collections apart. */
export const nameOf = (entity: EntityRef): string => JSON.stringify(entity)
