/** Finding deletes where a side does not report them: all its keys against the couplings. */
import type { Side } from '../config/config.ts'
import { isConstant } from './side-reader.ts'
import type { Session } from './session.ts'

/** Name of the mark that tells when the keys of a side were last compared. */
export const sweepName = (side: Side): string => `${side}/sweep`

/** True when the keys of that side are to be compared now. */
export function sweepIsDue(session: Session, side: Side, whole: boolean): boolean {
  const { readers, state, mapping, clock } = session
  if (!readers[side].hasEntity || readers[side].isTracked) return false
  const last = state.watermark(sweepName(side))
  return whole || last?.kind !== 'stamp' || clock.now().getTime() - Date.parse(last.at) >= mapping.deletes.sweepMs
}

/** Coupled ids of that side that the service does not list any more; `any` tells whether it lists anything. */
export async function missingKeys(
  session: Session,
  side: Side,
): Promise<{ readonly missing: readonly string[]; readonly any: boolean }> {
  const listed = new Set<string>()
  for await (const keys of session.readers[side].keys()) for (const key of keys) listed.add(key)
  const missing: string[] = []
  for (const coupling of session.state.couplings()) {
    const { id } = coupling[side]
    if (!listed.has(id) && !isConstant(id)) missing.push(id)
  }
  return { missing, any: listed.size > 0 }
}
