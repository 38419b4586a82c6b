/** A lookup as a row keeps it. */

import { targetProperty } from './dataverse-schema.ts'
import type { Row } from './table.ts'

/** The lookup columns of a row that point at `id` in `table`. */
export function reference(column: string, table: string, id: string): Row {
  return { [`_${column}_value`]: id, [targetProperty(column)]: table }
}
