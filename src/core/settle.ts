/**
 * Keeps P2 and P7: what became of a write whose answer was never seen. Decided from the journalled intent and the
 * record as it is now: version unmoved = not written; a value as sent = written; any other value is told apart by the
 * three-way merge, which holds real contradictions.
 */
import type { OperationKind } from './plan.ts'

/** What the journal says of a write. */
export interface JournalledWrite {
  readonly kind: Extract<OperationKind, 'create' | 'update' | 'delete'>
  /** Fingerprint of the version before it. */
  readonly before: string | undefined
}

export type Settlement =
  | 'not-written'
  /** It may have been written: what stands there now tells, field by field. */
  | 'look'
  | 'written'

/** The target record as it is now; undefined when it is not there. */
export interface TargetNow {
  readonly version: string | undefined
}

/** What became of the write. A record that is there may have been there before a create, or been edited since. */
export function settle(intent: JournalledWrite, now: TargetNow | undefined): Settlement {
  switch (intent.kind) {
    case 'create':
      return now === undefined ? 'not-written' : 'look'
    case 'delete':
      return now === undefined ? 'written' : 'not-written'
    case 'update':
      if (now === undefined) return 'not-written'
      return intent.before !== undefined && now.version === intent.before ? 'not-written' : 'look'
  }
}
