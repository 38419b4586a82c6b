/** The moments of a write at which business rules have a say. */

import type { Organization } from './dataverse-organization.ts'
import type { TableSchema } from './dataverse-schema.ts'
import type { Row } from './table.ts'

/** A write about to happen. Hooks may change `values`, or throw to refuse. */
export interface Before {
  readonly organization: Organization
  readonly schema: TableSchema
  readonly values: Record<string, unknown>
  /** The row as it was; empty at create. */
  readonly before: Row
}

/** A write that has happened, or a delete. */
export interface After {
  readonly organization: Organization
  readonly schema: TableSchema
  readonly id: string
  readonly row: Row
  readonly before: Row
}

/** The hooks of one table. */
export interface Rules {
  readonly beforeCreate?: (write: Before) => void
  readonly beforeUpdate?: (write: Before) => void
  readonly afterWrite?: (write: After) => void
  readonly beforeDelete?: (removal: After) => void
  readonly afterDelete?: (removal: After) => void
}
