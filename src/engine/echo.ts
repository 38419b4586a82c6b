/**
 * Reports that say nothing new: our own last write coming back, or a row under another version of which no field of the
 * mapping differs (P4).
 */
import type { Side } from '../config/config.ts'
import { isPending } from '../core/base.ts'
import type { Coupling } from '../core/coupling.ts'
import { isEdited } from '../core/decide.ts'
import { ExpressionError } from '../core/expression.ts'
import { versionOf } from '../core/fingerprint.ts'
import type { Loaded, Upsert } from '../core/record.ts'
import { isHeld } from './held-due.ts'
import { haveLinesChanged } from './judge-lines.ts'
import { type Session, baseOf, isAdmitted } from './session.ts'

/** How the row of a coupled record came to be read. */
interface Reported {
  readonly coupling: Coupling
  readonly whole: boolean
  /** The version of the row itself says nothing. */
  readonly unstamped?: boolean
}

/**
 * The report is only our own last write coming back, or nothing has happened. What this misses is told by the
 * fingerprints, which ask for the row's further pages and lines; a known version saves reading them (P10).
 */
export function isEcho(session: Session, side: Side, change: Upsert, reported: Reported): boolean {
  const { coupling, whole, unstamped } = reported
  if (session.options.rewrite !== undefined || unstamped === true) return false
  // What travels out of the filter is filled up as soon as it can be; one that waits for that is freed by it.
  if (coupling.outside === true && (whole || !isHeld(session, coupling))) return false
  if (whole && (session.readers[side].isComposed || !isCurrent(session, coupling))) return false
  const version = versionOf(change)
  return version !== undefined && version === coupling[side].version
}

/** Another version, or none to go by: no field of the mapping says anything new. */
export async function saysTheSame(session: Session, side: Side, row: Loaded, coupling: Coupling): Promise<boolean> {
  if (session.options.rewrite !== undefined || coupling.outside === true) return false
  if (!isCurrent(session, coupling) || !isAdmitted(session, side, row)) return false
  try {
    if (await isEdited(session.deciding, side, row.row, baseOf(session, coupling))) return false
    return !(await haveLinesChanged(session, side, row, coupling))
  } catch (error) {
    if (error instanceof ExpressionError) return false
    throw error
  }
}

/**
 * The coupling's base was made with the present field rows, and knows all of them. One that was packed anew for changed
 * rows knows them only when they were written: a runner that died in between leaves them to the next (P7).
 */
function isCurrent({ compiled }: Session, { layout, base }: Coupling): boolean {
  return layout === compiled.layout.id && !isPending(base, compiled.layout.rows)
}
