/**
 * A record that goes on where another one with the same natural keys has left off: a new revision of a quote, while the
 * former one is closed. The coupling moves to it, so that what it changed is carried to the same partner.
 */
import type { Side } from '../config/config.ts'
import type { Coupling } from '../core/coupling.ts'
import type { Loaded } from '../core/record.ts'
import type { Session } from './session.ts'
import { isAdmitted, isHere, keysOf } from './session.ts'

/** The coupling that a record without one takes over; undefined where it begins on its own. */
export async function continuedBy(session: Session, side: Side, row: Loaded): Promise<Coupling | undefined> {
  const { continues, keys } = session.mapping[side]
  if (!continues || keys.length === 0) return undefined
  const coupling = session.state.byKeys(side, keysOf(session, side, row.row))
  if (coupling === undefined || coupling[side].id === row.id) return undefined
  return (await goesOn(session, side, coupling[side].id)) ? undefined : coupling
}

/** Whether the coupled record itself still takes part. */
async function goesOn(session: Session, side: Side, id: string): Promise<boolean> {
  const found = (await session.readers[side].read([id])).filter(isHere)
  const [row] = await session.readers[side].attach(found)
  return row !== undefined && isAdmitted(session, side, row)
}

/** The coupling as it stands once the record has taken it over. */
export const movedTo = (coupling: Coupling, side: Side, id: string): Coupling => ({
  ...coupling,
  [side]: { ...coupling[side], id, version: undefined },
})
