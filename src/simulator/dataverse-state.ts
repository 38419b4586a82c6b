/** State and status of a row: a pair that must fit together. */

import { DataverseError } from './dataverse-error.ts'
import type { TableSchema } from './dataverse-schema.ts'
import type { Row } from './table.ts'

/** New products are drafts; all else begins in its first state. */
function initialState(schema: TableSchema, states: Readonly<Record<string, readonly number[]>>): number {
  return schema.logical === 'product' ? 2 : Number(Object.keys(states)[0])
}

/**
 * Completes the pair in `values`: a new state brings its first status, a status alone must belong to the present state.
 * `before` is the row as it was, empty at create. Throws 400 when the two do not fit.
 */
export function completeState(schema: TableSchema, values: Record<string, unknown>, before: Row): void {
  const { states } = schema
  if (states === undefined) return
  const present = before['statecode'] as number | undefined
  const givenState = (values['statecode'] ?? undefined) as number | undefined
  const givenStatus = (values['statuscode'] ?? undefined) as number | undefined
  if (present !== undefined && givenState === undefined && givenStatus === undefined) return
  const state = givenState ?? present ?? initialState(schema, states)
  const kept = state === present ? (before['statuscode'] as number | undefined) : undefined
  values['statecode'] = state
  values['statuscode'] = checkedStatus(schema, state, givenStatus ?? kept)
}

function checkedStatus(schema: TableSchema, state: number, status: number | undefined): number {
  const allowed = schema.states?.[String(state)] ?? []
  const chosen = status ?? allowed[0]
  if (chosen !== undefined && allowed.includes(chosen)) return chosen
  const message = `${chosen} is not a valid status code for state code ${schema.logical}State.${state} on ${schema.logical}.`
  throw new DataverseError(400, '0x80048408', message)
}
