/**
 * When held records are looked at again. Most wait for something that shows without reading them: their own change, a
 * person, another configuration, or a coupling of another mapping. Reading those in each run would cost requests by the
 * number of records that wait, not of changes (P10).
 */
import type { BySide, Side } from '../config/config.ts'
import type { Coupling, Held, HeldKind, Missing } from '../core/coupling.ts'
import type { Change } from '../core/record.ts'
import type { Hold, Judgement } from './judgement.ts'
import { type Session, heldOf, isAsRefused, refusedAs } from './session.ts'

/**
 * Which held records are looked at in each run, at their moment, when what they wait for may have come, or only when
 * they change or a person decides.
 */
const looked: Readonly<Record<HeldKind, 'always' | 'in time' | 'when freed' | 'when asked'>> = {
  'no-partner': 'when asked',
  quarantine: 'when asked',
  moving: 'when asked',
  failed: 'in time',
  waiting: 'when freed',
  conflict: 'when freed',
  different: 'when freed',
  deleted: 'when freed',
  // Candidates change without being reported where their side is only written to.
  ambiguous: 'always',
  unfinished: 'always',
  unknown: 'always',
}

/** Whether a held record is looked at now; with `all` also one that nothing has freed. */
function isDue(session: Session, held: Held, all: boolean): boolean {
  if (held.decision !== undefined) return true
  switch (looked[held.kind]) {
    case 'always':
      return true
    case 'when asked':
      return false
    case 'in time':
      return held.nextTry === undefined || held.nextTry <= session.clock.now().toISOString()
    case 'when freed':
      return all || mayBeFree(session, held)
  }
}

function mayBeFree(session: Session, { under, waits, gone }: Held): boolean {
  const { mapping, configuration } = session
  // What a followed pair becomes shows in the other mapping only, and that a document was posted only in another entity.
  if (mapping.follows !== undefined || (gone !== undefined && mapping[gone].postedAs.length > 0)) return true
  return under !== configuration || waits === undefined || waits.some((missing) => mayBeThere(session, missing))
}

/** Whether a coupling is there now, or may come by this very run. */
function mayBeThere({ lookups }: Session, { mapping, from, key, keys, takenBy }: Missing): boolean {
  if (lookups.runsLater(mapping) || (takenBy !== undefined && !lookups.hasRun(takenBy))) return true
  const partner = keys === undefined ? lookups.partner(mapping, from, key) : lookups.partnerByKeys(mapping, from, keys)
  return partner !== undefined
}

/** Records that are looked at in a run, whatever their stamps say. A plan for people shows all that wait, a whole read too. */
export function dueRecords(session: Session, whole: boolean): readonly Held[] {
  const { dry, keepPlan, permit } = session.options
  const all = whole || dry || keepPlan || permit !== undefined
  return [...session.state.allHeld()].filter((held) => isDue(session, held, all))
}

/** A record that was refused, or left alone, as it stands now: it waits for its moment or another row (P5). */
export function isSetAside(
  session: Session,
  side: Side,
  change: Change,
  { coupling, whole }: { readonly coupling: Coupling | undefined; readonly whole: boolean },
): boolean {
  const held = heldOf(session, coupling === undefined ? { [side]: change.id } : idsOf(coupling))
  if (held === undefined || session.state.hash !== session.mapping.hash || isDue(session, held, whole)) return false
  return change.kind === 'upsert' && isAsRefused(held, side, change)
}

/** Whether something about a pair waits. */
export const isHeld = (session: Session, coupling: Coupling): boolean => heldOf(session, idsOf(coupling)) !== undefined

const idsOf = ({ businessCentral, sales }: Coupling): BySide<string> => ({
  businessCentral: businessCentral.id,
  sales: sales.id,
})

/**
 * What a record that is held for `first` above all has to be freed by. The version of a lone record is kept, so that it is
 * not looked at twice; that of a pair stands in its coupling, because more of it may be to be written (P7).
 */
export function freedBy(
  session: Session,
  { rows, action, coupling, holds }: Judgement,
  first: Hold,
): Pick<Held, 'source' | 'under' | 'waits'> {
  if (looked[first.kind] !== 'when freed') return {}
  const isLone = action.kind === 'hold' && coupling === undefined
  return {
    ...(isLone && { source: refusedAs(rows) }),
    under: session.configuration,
    waits: waitsOf(session, holds),
  }
}

/** The couplings that would free it; undefined where only a look can tell. */
function waitsOf({ lookups }: Session, holds: readonly Hold[]): Held['waits'] {
  const waiting = holds.filter(({ kind }) => kind === 'waiting')
  const waits = waiting.flatMap(({ waits = [] }) => waits)
  const isTold = waiting.every((hold) => hold.waits !== undefined)
  // What a query did not find, or a column does not tell, is no coupling.
  if (!isTold || waits.some(({ mapping, through = mapping }) => lookups.mappingNamed(through) === undefined))
    return undefined
  return waits.map(({ mapping, through = mapping, from, key, keys, policy }) => ({
    mapping: through,
    from,
    key,
    ...(keys !== undefined && { keys }),
    ...(policy === 'sync' && { takenBy: mapping }),
  }))
}
