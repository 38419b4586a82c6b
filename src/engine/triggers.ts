/**
 * Main rows whose joined rows have changed. A read by stamp reaches back a little, so the latest joined rows are reported
 * in every run: those that were seen as they are now are remembered, and ask for no main row again (P10).
 */
import type { Side } from '../config/config.ts'
import { versionOf } from '../core/fingerprint.ts'
import type { Upsert } from '../core/record.ts'
import type { Watermark } from '../core/watermark.ts'
import type { Entry, MappingState } from '../store/store.ts'
import type { Session } from './session.ts'

/** So many joined rows are remembered; of more, none. */
const seenMost = 500

/** The rows of a side that its triggering joins concern. `seen` is to be remembered when they are looked at. */
export async function triggeredRows(
  session: Session,
  side: Side,
): Promise<{ readonly rows: readonly Upsert[]; readonly marks: readonly Entry[]; readonly seen: readonly Entry[] }> {
  const { state, readers } = session
  const found = new Map<string, Set<string>>()
  const { rows, watermarks } = await readers[side].triggered({
    watermarkOf: (join) => state.watermark(nameOf(side, join)) ?? firstMark(session, side, join),
    isNews: (join, row) => {
      const version = versionOf(row)
      if (version === undefined) return true
      const name = `${row.id}@${version}`
      const own = found.get(join) ?? new Set()
      found.set(join, own.add(name))
      return !state.watched(seenName(side, join)).has(name)
    },
  })
  const joins = [...watermarks]
  return {
    rows,
    marks: joins.map(([join, watermark]) => ({ kind: 'watermark', name: nameOf(side, join), watermark })),
    seen: joins.flatMap(([join]) => remembered(state, seenName(side, join), found.get(join))),
  }
}

const nameOf = (side: Side, join: string): string => `${side}/${join}`
/** Name under which the rows seen are remembered. */
const seenName = (side: Side, join: string): string => `${side}/seen/${join}`

function remembered(state: MappingState, name: string, seen = new Set<string>()): readonly Entry[] {
  const before = state.watched(name)
  const now = seen.size > seenMost ? new Set<string>() : seen
  const add = [...now].filter((row) => !before.has(row))
  const drop = [...before].filter((row) => !now.has(row))
  return add.length + drop.length === 0 ? [] : [{ kind: 'watch', name, add, drop }]
}

/**
 * The main rows are read whole when a join first triggers, so that what it told before is in them: a ledger need not
 * be read from its beginning. A day covers clocks that differ.
 */
function firstMark({ readers, clock }: Session, side: Side, join: string): Watermark | undefined {
  if (!readers[side].triggersOnly(join)) return undefined
  return { kind: 'stamp', at: new Date(clock.now().getTime() - 86_400_000).toISOString() }
}
