/** Grouped rows whose first or last day has come since the last run: no stamp tells of it. */
import type { Side } from '../config/config.ts'
import { localDate } from '../core/instant.ts'
import type { Change } from '../core/record.ts'
import type { Entry } from '../store/store.ts'
import type { Session } from './session.ts'

/** Name of the mark that tells on which day grouped rows were last looked at. */
const dayName = (side: Side): string => `${side}/day`

/** The rows whose day has come, page by page. */
export async function* turnedRows(
  { state, compiled, readers }: Session,
  side: Side,
): AsyncGenerator<readonly Change[]> {
  const last = state.watermark(dayName(side))
  if (last?.kind !== 'stamp') return
  yield* readers[side].turned(localDate(Date.parse(last.at), compiled.timeZone))
}

/** The day up to which grouped rows have been looked at; told once a day. */
export function dayMarks({ readers, state, clock, compiled }: Session, side: Side): readonly Entry[] {
  if (!readers[side].isGrouped) return []
  const last = state.watermark(dayName(side))
  const now = clock.now()
  const dayOf = (instant: number): string => localDate(instant, compiled.timeZone)
  if (last?.kind === 'stamp' && dayOf(Date.parse(last.at)) === dayOf(now.getTime())) return []
  return [{ kind: 'watermark', name: dayName(side), watermark: { kind: 'stamp', at: now.toISOString() } }]
}
