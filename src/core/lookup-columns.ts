/** Which columns of the source row a lookup reads. */
import type { Lookup } from '../config/config.ts'

/** In a composite key of a lookup: what the row itself says, instead of a column. */
export const ownValue = '$'

/** The columns of the source row that a lookup reads beside what the row itself says. */
export function columnsOfLookup(lookup: Lookup): readonly string[] {
  if (lookup.kind === 'case') return [lookup.column, ...Object.values(lookup.cases).flatMap(columnsOfLookup)]
  if (lookup.kind === 'query' || typeof lookup.by === 'string') return []
  return Object.values(lookup.by).filter((column) => column !== ownValue)
}
