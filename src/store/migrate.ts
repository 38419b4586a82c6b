/** The format of the state on disk, and the way from every older one to it. */
import type { Coupling } from '../core/coupling.ts'
import { StateError } from '../errors.ts'

/** The format this version writes. It reads all older ones. */
export const currentFormat = 1

/** The parsed files of one mapping's snapshot, in some format. */
export interface RawSnapshot {
  readonly marks: unknown
  readonly couplings: readonly unknown[]
  readonly held: readonly unknown[]
}

/** Format → what makes the next format of it. Steps are never changed once released. */
const steps: Readonly<Record<number, (raw: RawSnapshot) => RawSnapshot>> = { 0: packLines }

/** Brings parsed files to the current format. `place` is named in the StateError for a format of the future. */
export function migrate(raw: RawSnapshot, format: number, place: string): RawSnapshot {
  refuseNewer(format, place)
  let current = raw
  for (let from = format; from < currentFormat; from++) current = steps[from]?.(current) ?? current
  return current
}

/** Throws StateError when the state was written by a newer version. */
export function refuseNewer(format: number, place: string): void {
  if (format <= currentFormat) return
  throw new StateError(
    `${place} has state format ${format}; this version of couplet knows formats up to ${currentFormat}.`,
    'Use the newer version of couplet that wrote it, or restore a state folder from before its update.',
  )
}

/**
 * Format 0 kept couplings as whole objects in one plain array, named no files and counted no commits. Members that were
 * empty were left out.
 */
function packLines(raw: RawSnapshot): RawSnapshot {
  const couplings = (raw.couplings as readonly Coupling[]).map(({ businessCentral, sales, layout, base, ...rest }) => [
    businessCentral.id,
    sales.id,
    businessCentral.keys,
    sales.keys,
    businessCentral.version ?? null,
    sales.version ?? null,
    layout,
    base,
    ...(Object.keys(rest).length > 0 ? [rest] : []),
  ])
  const empty = {
    upTo: 0,
    fence: 0,
    watermarks: {},
    layouts: {},
    counted: {},
    generations: { businessCentral: {}, sales: {} },
    intents: [],
  }
  return { couplings, held: raw.held, marks: { ...empty, ...(raw.marks as object) } }
}
