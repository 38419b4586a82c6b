/** A mapping with what people wrote about it: what its page tells beside what runs. */
import type { Mapping, Side } from '../config/config.ts'

export interface DocumentedMapping {
  /** As it runs, but with every field row, those that rest in this project among them. */
  readonly mapping: Mapping
  readonly title: string | undefined
  /** What it is for, paragraph by paragraph: its `description`, then the remarks at the head of its files. */
  readonly about: readonly string[]
  /** Its own file as it is shown, e.g. `mappings/customer-account.yaml` or `standard/currency.yaml`. */
  readonly file: string
  /** The standard mapping that its file changes, e.g. `standard/customer-account`. */
  readonly extends: string | undefined
  /** Condition over the settings under which it takes part. */
  readonly when: string | undefined
  readonly include: readonly string[]
  /** Where records without a partner may be created, as the mapping itself says; undefined: as the project does. */
  readonly create: Mapping['direction'] | 'never' | undefined
  /** By the row's name. */
  readonly rows: ReadonlyMap<string, RowNote>
  /** The same of the rows of its lines. */
  readonly lineRows: ReadonlyMap<string, RowNote>
  /** Pages of Business Central and collections that it needs beside its entities, with what is to be published. */
  readonly pages: readonly PageNote[]
  /** Its tests. */
  readonly examples: readonly Example[]
}

/** What people wrote at a field row, and whether it takes part here. */
export interface RowNote {
  readonly description: string | undefined
  readonly when: string | undefined
  /** inUse; resting: its condition does not hold here; off: switched off in the file. */
  readonly stands: 'inUse' | 'resting' | 'off'
}

export interface PageNote {
  readonly side: Side
  /** The name of the page or join in the mapping. */
  readonly name: string
  readonly description: string
}

/** Rows of one entity, or edits of them, as a test writes them. */
export interface ExampleRows {
  readonly side: Side
  readonly entity: string
  readonly rows: unknown
}

/** A test of a mapping: what was there, what people did, what a run made of it. */
export interface Example {
  readonly name: string
  /** The file that holds it, as it is shown. */
  readonly file: string
  readonly description: string | undefined
  /** Settings that are other than the project's. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly create: string | undefined
  /** Rows that every test of the file starts with. */
  readonly shared: readonly ExampleRows[]
  readonly given: readonly ExampleRows[]
  /** A list a round; after each there is a run. */
  readonly edited: readonly (readonly ExampleRows[])[]
  /** Undefined where they are not looked at. */
  readonly operations:
    | readonly {
        readonly kind: string
        readonly side: Side | undefined
        readonly record: unknown
        readonly fields: unknown
      }[]
    | undefined
  /** Rows as they are after the run. */
  readonly after: readonly ExampleRows[]
  readonly held: readonly {
    readonly kind: string | undefined
    readonly record: unknown
    readonly says: string | undefined
    readonly fields: readonly string[] | undefined
  }[]
  readonly coupled: unknown
}
