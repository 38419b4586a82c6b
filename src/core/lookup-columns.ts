/** Which columns of the source row a lookup reads. */
import type { Lookup, Side } from '../config/config.ts'

/** In a composite key of a lookup: what the row itself says, instead of a column. */
export const ownValue = '$'

/**
 * The columns of the source row that a lookup reads beside what the row itself says. Composite keys are natural keys of
 * Business Central: coming from Sales, only the column that chooses the case is read.
 */
export function columnsOfLookup(lookup: Lookup, from: Side): readonly string[] {
  if (lookup.kind === 'case') {
    const cases = Object.values(lookup.cases).flatMap((each) => (each === null ? [] : columnsOfLookup(each, from)))
    return [lookup.column, ...cases]
  }
  if (from === 'sales' || lookup.kind === 'query' || typeof lookup.by === 'string') return []
  return Object.values(lookup.by).filter((column) => column !== ownValue)
}
