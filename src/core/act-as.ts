/** As whom a record is written to Sales: pure, from the row of Business Central and the couplings of people. */
import type { ActAs } from '../config/config.ts'
import { type Lookups, partnerIn, valueAt } from './carry.ts'
import { splitPath } from './mapping.ts'
import type { Row } from './record.ts'
import { canonical } from './values.ts'

export type Caller =
  /** The integration itself. */
  | { readonly kind: 'self' }
  /** This systemuser. */
  | { readonly kind: 'user'; readonly id: string }
  /** The person has no user, and the mapping wants the record to wait for one. */
  | { readonly kind: 'missing'; readonly mapping: string; readonly column: string }

const self: Caller = { kind: 'self' }

/** Whom a record is written as. A record without a row in Business Central, or without a person, is the integration's own. */
export function callerOf(
  actAs: ActAs | undefined,
  row: Row | undefined,
  lookups: Pick<Lookups, 'partner' | 'partnerByKeys'>,
): Caller {
  if (actAs === undefined) return self
  if (actAs.kind === 'user') return { kind: 'user', id: actAs.user }
  if (row === undefined) return self
  const { column, lookup, whenUncoupled } = actAs
  const type = lookup.by === 'id' ? 'guid' : 'code'
  const key = canonical(valueAt(row, splitPath(column)), { type }) ?? lookup.blankIs ?? null
  if (key === null) return self
  const { id } = partnerIn(lookup, row, { key, lookups })
  if (id !== undefined) return { kind: 'user', id }
  return whenUncoupled === 'hold' ? { kind: 'missing', mapping: lookup.mapping, column } : self
}
