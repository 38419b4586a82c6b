/**
 * Records between which nobody could choose. They are looked at anew when something of that has moved: the record or a
 * rival was edited or deleted, or a rival got or lost its partner. What a side does not report (deletes; edits, where the
 * mapping does not read it) shows in the versions, of which each run asks a bounded number (P10). What no version tells,
 * such as a rival that is new on a side which is not read, is found when the interval of `deletes.sweep` has passed.
 */
import type { Side } from '../config/config.ts'
import { sides } from '../config/config.ts'
import type { Held } from '../core/coupling.ts'
import { versionOf } from '../core/fingerprint.ts'
import type { Change } from '../core/record.ts'
import type { Entry } from '../store/store.ts'
import { type Session, isSource, refusedVersion } from './session.ts'
import { isConstant } from './side-reader.ts'

/** So many versions a run asks for on a side: one request to Business Central, three to Sales. */
const versionsMost = 800
/** The same where each record has an address of its own. */
const singlyMost = 20

/** Name of the mark that tells when all of them were last looked at. */
const lookedName = 'contested'
/** Name under which the id is remembered that the last portion of versions ended with. */
const portionName = (side: Side): string => `${side}/contested`

/** A record on which a held one rests, as it stood then. */
interface Resting {
  readonly held: Held
  readonly version: string | undefined
}

/** What keeps the contested records of a mapping waiting, in one run. */
export class Contested {
  readonly #session: Session
  readonly #resting: Readonly<Record<Side, Map<string, Resting[]>>> = { businessCentral: new Map(), sales: new Map() }
  readonly #moved = new Set<Held>()
  /** Sides whose every record has been seen in this run. */
  readonly #seen = new Set<Side>()
  readonly #marks: Entry[] = []

  constructor(session: Session) {
    this.#session = session
    for (const held of session.state.allHeld()) if (held.rivals !== undefined) this.#rest(held)
  }

  /** A record was reported or read. `unstamped`: its version does not tell what is new. */
  note(side: Side, change: Change, unstamped = false): void {
    const is = change.kind === 'upsert' && !unstamped ? versionOf(change) : undefined
    for (const { held, version } of this.#resting[side].get(change.id) ?? [])
      if (is === undefined || is !== version) this.#moved.add(held)
  }

  /** Every record of the side was seen: what is not among them is gone, or outside the filter. */
  sawAll(side: Side, ids: ReadonlySet<string>): void {
    this.#seen.add(side)
    for (const [id, resting] of this.#resting[side])
      if (!isConstant(id) && !ids.has(id)) for (const { held } of resting) this.#moved.add(held)
  }

  /** Asks for what nobody reports. */
  async look(): Promise<void> {
    if (this.#isWholeDue()) return
    for (const side of sides) {
      const ids = this.#isTold(side) ? [] : this.#portion(side)
      if (ids.length === 0) continue
      for (const change of await this.#session.readers[side].versions(ids)) this.note(side, change)
    }
  }

  /** Whether something has moved of what kept the record waiting. */
  hasMoved(held: Held): boolean {
    return this.#moved.has(held)
  }

  /** What is to be remembered. */
  marks(): readonly Entry[] {
    return this.#marks
  }

  #rest(held: Held): void {
    this.#add(held.side, held.id, { held, version: refusedVersion(held, held.side) })
    for (const { side, id, version, coupled } of held.rivals ?? []) {
      this.#add(side, id, { held, version })
      if ((this.#session.state.bySide(side, id) !== undefined) !== (coupled === true)) this.#moved.add(held)
    }
  }

  #add(side: Side, id: string, resting: Resting): void {
    const known = this.#resting[side].get(id)
    if (known === undefined) this.#resting[side].set(id, [resting])
    else known.push(resting)
  }

  /** All are looked at anew when the interval has passed; it begins with the first run that finds one. */
  #isWholeDue(): boolean {
    const { state, clock, mapping } = this.#session
    const all = [...this.#resting.businessCentral.values(), ...this.#resting.sales.values()].flat()
    if (all.length === 0) return false
    const last = state.watermark(lookedName)
    const now = clock.now()
    const age = last?.kind === 'stamp' ? now.getTime() - Date.parse(last.at) : undefined
    if (age !== undefined && age < mapping.deletes.sweepMs) return false
    this.#marks.push({ kind: 'watermark', name: lookedName, watermark: { kind: 'stamp', at: now.toISOString() } })
    if (age === undefined) return false
    for (const { held } of all) this.#moved.add(held)
    return true
  }

  /** Whether whatever becomes of a record of that side is reported. */
  #isTold(side: Side): boolean {
    const { mapping, readers } = this.#session
    return this.#seen.has(side) || (isSource(mapping, side) && readers[side].isTracked)
  }

  /** The records of a side whose versions are asked for in this run: all, or the next ones in turn. */
  #portion(side: Side): readonly string[] {
    const open = [...this.#resting[side]].filter(([id, resting]) => !isConstant(id) && this.#isOpen(resting))
    const ids = open.map(([id]) => id).sort()
    const name = portionName(side)
    const drop = [...this.#session.state.watched(name)]
    const most = this.#session.readers[side].isReadSingly ? singlyMost : versionsMost
    if (ids.length <= most) {
      if (drop.length > 0) this.#marks.push({ kind: 'watch', name, add: [], drop })
      return ids
    }
    const last = drop.sort().at(-1) ?? ''
    const portion = [...ids.filter((id) => id > last), ...ids.filter((id) => id <= last)].slice(0, most)
    this.#marks.push({ kind: 'watch', name, add: portion.slice(-1), drop })
    return portion
  }

  /** Whether a version could tell anything: where none is known, only a look at the records does. */
  #isOpen(resting: readonly Resting[]): boolean {
    for (const { held, version } of resting) if (version === undefined) this.#moved.add(held)
    return resting.some(({ held }) => !this.#moved.has(held))
  }
}
