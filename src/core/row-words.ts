/** What a field row says, as an administrator writes it: for whoever tells a row or what changed in it. */
import { otherSide } from '../config/config.ts'
import type { Field, Lookup, Side } from '../config/config.ts'
import { written } from './change.ts'

/** The column of a side that a row reads or writes there. */
export const columnOn = (field: Field, side: Side): string => field[side] ?? field.name

/** What the column of a side receives, as it is written: an expression, a constant, or a column of the other side. */
export function sayingOf(field: Field, side: Side): string {
  const compute = side === 'sales' ? field.compute.toSales : field.compute.toBusinessCentral
  if (compute !== undefined) return compute.trim().replaceAll(/\s+/g, ' ')
  return field[otherSide(side)] ?? (field.number !== undefined ? `number ${field.number}` : written(field.value))
}

/** A lookup in words: through whose couplings, or by which query. */
export function lookupText(lookup: Lookup): string {
  if (lookup.kind === 'coupling') {
    const by = lookup.by === 'id' ? '' : ` by ${written(lookup.by)}`
    return `the couplings of ${lookup.mapping}${by}${lookup.blankIs === undefined ? '' : ` (blank is ${lookup.blankIs})`}`
  }
  if (lookup.kind === 'query') {
    const { find, where, take } = lookup
    const values = Object.entries(where).map(([column, value]) => [
      column,
      'field' in value ? `$${value.field}` : value.constant,
    ])
    return `a query of ${find} where ${written(Object.fromEntries(values))}${take === undefined ? '' : `, taking ${take.column}`}`
  }
  const cases = Object.entries(lookup.cases).map(
    ([key, each]) => `${key}: ${each === null ? 'as it is' : lookupText(each)}`,
  )
  return `${cases.join('; ')} (by ${lookup.column})`
}
