/**
 * What one side of a record says in the fields of its mapping, kept where there is no pair to agree on anything: tells an
 * edit from whatever else moves a record.
 */
import type { Side } from '../config/config.ts'
import { ExpressionError, orFailure } from './expression.ts'
import type { CompiledField } from './mapping.ts'
import { type Deciding, printOf } from './offer.ts'
import type { Row } from './record.ts'

/** Row id (`name@hash`) → fingerprint; without the rows whose expression fails. */
export type Said = Readonly<Record<string, string>>

/** What the side says now. */
export async function saidBy(deciding: Deciding, side: Side, row: Row): Promise<Said> {
  const said: Record<string, string> = {}
  for (const field of deciding.compiled.fields) {
    if (field.field.on !== 'always' || !field.speaks[side]) continue
    const print = await printIn(deciding, field, side, row)
    if (print !== undefined) said[field.rowId] = print
  }
  return said
}

/** Whether the side says anything else in one of the rows that both know: rows of another configuration are no edit. */
export const saysOtherwise = (now: Said, before: Said): boolean =>
  Object.entries(now).some(([row, print]) => before[row] !== undefined && before[row] !== print)

async function printIn(deciding: Deciding, field: CompiledField, side: Side, row: Row): Promise<string | undefined> {
  const print = await orFailure(printOf(deciding, field, side, row))
  return print instanceof ExpressionError ? undefined : print
}
