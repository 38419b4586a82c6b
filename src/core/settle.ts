/**
 * Keeps P2 and P7: what became of a write whose answer was never seen. Decided from the journalled intent and the
 * record as it is now: version unmoved = not written; every value as sent = written; anything else is told apart by the
 * three-way merge, which holds real contradictions.
 */
import type { OperationKind } from './plan.ts'

/** What the journal says of a write. */
export interface JournalledWrite {
  readonly kind: Extract<OperationKind, 'create' | 'update' | 'delete'>
  /** Fingerprint of the version before it. */
  readonly before: string | undefined
}

export type Settlement = 'written' | 'not-written' | 'unclear'

/** The target record as it is now; undefined when it is not there. */
export interface TargetNow {
  readonly version: string | undefined
  /** Every field sent holds what was sent. */
  readonly asSent: boolean
}

/** What became of the write. */
export function settle(intent: JournalledWrite, now: TargetNow | undefined): Settlement {
  switch (intent.kind) {
    case 'create':
      return now === undefined ? 'not-written' : 'written'
    case 'delete':
      return now === undefined ? 'written' : 'not-written'
    case 'update':
      if (now === undefined) return 'unclear'
      if (intent.before !== undefined && now.version === intent.before) return 'not-written'
      return now.asSent ? 'written' : 'unclear'
  }
}
