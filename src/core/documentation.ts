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
