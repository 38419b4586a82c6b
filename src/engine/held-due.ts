/**
 * When held records are looked at again. Most wait for something that shows without reading them: their own change, a
 * person, another configuration, or a coupling of another mapping. Reading those in each run would cost requests by the
 * number of records that wait, not of changes (P10).
 */
import { type BySide, type Side, sides } from '../config/config.ts'
import type { Coupling, Held, HeldKind, Missing, Rival } from '../core/coupling.ts'
import { versionOf } from '../core/fingerprint.ts'
import type { Change, Upsert } from '../core/record.ts'
import type { Contested } from './contested.ts'
import type { Ref } from './ref.ts'
import type { Hold, Judgement } from './judgement.ts'
import { type Session, heldOf, isAsRefused, refusedAs } from './session.ts'

/**
 * Which held records are looked at in each run, at their moment, when what they wait for may have come, when what they
 * rest on has moved, or only when they change or a person decides.
 */
const looked: Readonly<Record<HeldKind, 'always' | 'in time' | 'when freed' | 'when moved' | 'when asked'>> = {
  'no-partner': 'when asked',
  quarantine: 'when asked',
  moving: 'when asked',
  failed: 'in time',
  waiting: 'when freed',
  conflict: 'when freed',
  different: 'when freed',
  deleted: 'when freed',
  ambiguous: 'when moved',
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
    case 'when moved':
      return all || held.rivals === undefined || held.under !== session.configuration
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

/** Whether all that wait are looked at: a plan for people shows them, a whole read too. */
export function areAllDue({ options: { dry, keepPlan, permit } }: Session, whole: boolean): boolean {
  return whole || dry || keepPlan || permit !== undefined
}

/** Records that are looked at in a run, whatever their stamps say. */
export function dueRecords(session: Session, whole: boolean, contested: Contested | undefined): readonly Held[] {
  const all = areAllDue(session, whole)
  return [...session.state.allHeld()].filter((held) => isDue(session, held, all) || contested?.hasMoved(held) === true)
}

/** A record that was refused, or left alone, as it stands now: it waits for its moment or another row (P5). */
export function isSetAside(
  session: Session,
  side: Side,
  change: Change,
  read: { readonly coupling: Coupling | undefined; readonly whole: boolean; readonly usual?: boolean },
): change is Upsert {
  const { coupling } = read
  const held = heldOf(session, coupling === undefined ? { [side]: change.id } : idsOf(coupling))
  if (held === undefined || session.state.hash !== session.mapping.hash) return false
  if (isDue(session, held, read.whole && !isApart(held, read.usual))) return false
  return change.kind === 'upsert' && isAsRefused(held, side, change)
}

/** What a contested record rests on is looked at apart, also where its side is read whole in each run. */
const isApart = ({ rivals }: Held, usual: boolean | undefined): boolean => usual === true && rivals !== undefined

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
  { ref, rows, action, coupling, holds }: Judgement,
  first: Hold,
): Pick<Held, 'source' | 'under' | 'waits' | 'rivals'> {
  const rivals = first.kind === 'ambiguous' ? (first.rivals ?? rivalsOf(session, ref)) : undefined
  if (rivals !== undefined) return { source: refusedAs(rows), under: session.configuration, rivals }
  if (looked[first.kind] !== 'when freed') return {}
  const isLone = action.kind === 'hold' && coupling === undefined
  return {
    ...(isLone && { source: refusedAs(rows) }),
    under: session.configuration,
    waits: waitsOf(session, holds),
  }
}

/** The records between which nobody could choose, as they stand; undefined where they are not known. */
function rivalsOf({ cache, state, mapping }: Session, { found, ...own }: Ref): readonly Rival[] | undefined {
  // What a followed pair becomes shows in the other mapping only.
  if (found?.kind !== 'several' || mapping.follows !== undefined) return undefined
  return sides.flatMap((side) =>
    [...found.rivals[side]]
      .filter((id) => id !== own[side])
      .sort()
      .map((id) => {
        const row = cache.get(side, id)
        const coupling = state.bySide(side, id)
        const version = row?.kind === 'upsert' ? versionOf(row) : coupling?.[side].version
        return {
          side,
          id,
          ...(version !== undefined && { version }),
          ...(coupling !== undefined && { coupled: true }),
        }
      }),
  )
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
