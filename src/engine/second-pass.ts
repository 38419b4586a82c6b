/** What had to wait for mappings that run later: looked at again when all of them have run. */
import type { Side } from '../config/config.ts'
import type { Session } from './session.ts'

/** Nothing runs later any more: whatever is decided now waits for no other mapping of the run. */
export function deferNothing(session: Session): void {
  session.deferLater = false
  session.lookups.allHaveRun()
}

/** The records of the second pass. */
export function secondPass(session: Session): Readonly<Record<Side, readonly string[]>> {
  deferNothing(session)
  const ids = { businessCentral: [...session.deferred], sales: [] }
  session.deferred.clear()
  return ids
}

/** Followed pairs whose record the plan could only foresee, because the service chooses its key. */
export function noteFresh({ following, deferred, options, mapping, writable }: Session): void {
  if (following?.source !== 'businessCentral' || !writable.sales || mapping.follows === undefined) return
  if (options.ids === undefined && options.records.length === 0) for (const id of following.fresh()) deferred.add(id)
}
