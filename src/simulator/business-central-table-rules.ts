/** The places where a table's own rules take part in a write. */

import type { Company } from './business-central-company.ts'
import type { Fields } from './business-central-input.ts'
import type { Entry, Row } from './table.ts'

/** The rules of one table. All of them run inside the request's transaction. */
export interface TableRules {
  /** Completes a new row, or throws. */
  readonly inserting?: (company: Company, fields: Fields) => Fields
  readonly inserted?: (company: Company, entry: Entry) => void
  /** Completes the changes of a row, or throws. */
  readonly modifying?: (company: Company, before: Row, changes: Fields) => Fields
  readonly modified?: (company: Company, entry: Entry, before: Row) => void
  readonly deleting?: (company: Company, entry: Entry) => void
}
