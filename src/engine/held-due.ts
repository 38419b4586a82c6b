/** When held records are looked at again. */
import type { Held, HeldKind } from '../core/coupling.ts'

/** Which held records are looked at in each run, at their moment, or only when something changes or a person decides. */
const looked: Readonly<Record<HeldKind, 'always' | 'in time' | 'when asked'>> = {
  'no-partner': 'when asked',
  quarantine: 'when asked',
  moving: 'when asked',
  failed: 'in time',
  ambiguous: 'always',
  waiting: 'always',
  conflict: 'always',
  different: 'always',
  deleted: 'always',
  unfinished: 'always',
  unknown: 'always',
}

/** Whether a held record is looked at now. `now` is ISO 8601. */
export function isDue(held: Held, now: string): boolean {
  const when = looked[held.kind]
  if (held.decision !== undefined || when === 'always') return true
  return when === 'in time' && (held.nextTry === undefined || held.nextTry <= now)
}
