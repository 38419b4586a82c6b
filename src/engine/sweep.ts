/** Finding deletes where a side does not report them: all its keys against the couplings. */
import type { Side } from '../config/config.ts'
import { isConstant } from './side-reader.ts'
import type { Session } from './session.ts'

/** Name of the mark that tells when the keys of a side were last compared. */
export const sweepName = (side: Side): string => `${side}/sweep`

/** True when the keys of that side are to be compared now. */
export function sweepIsDue(session: Session, side: Side, whole: boolean): boolean {
  const { readers, state, mapping, clock } = session
  // A followed pair ends with its own mapping, which looks for its deletes.
  if (!readers[side].hasEntity || readers[side].isTracked || mapping.follows !== undefined) return false
  const last = state.watermark(sweepName(side))
  return whole || last?.kind !== 'stamp' || clock.now().getTime() - Date.parse(last.at) >= mapping.deletes.sweepMs
}

/** The keys of every record of that side. */
export async function listedKeys(session: Session, side: Side): Promise<ReadonlySet<string>> {
  const listed = new Set<string>()
  for await (const keys of session.readers[side].keys()) for (const key of keys) listed.add(key)
  return listed
}

/** Ids of that side which are remembered, coupled or held, and which the service did not list. */
export function absentIds(session: Session, side: Side, listed: ReadonlySet<string>): readonly string[] {
  const absent = new Set<string>()
  for (const coupling of session.state.couplings())
    if (coupling.ended === undefined && !listed.has(coupling[side].id)) absent.add(coupling[side].id)
  for (const held of session.state.allHeld())
    for (const one of [held, ...(held.rivals ?? [])]) if (one.side === side && !listed.has(one.id)) absent.add(one.id)
  return [...absent].filter((id) => !isConstant(id))
}
