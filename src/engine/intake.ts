/**
 * Reading what changed on both sides of a mapping and turning it into a list of records to decide: echoes dropped (P4),
 * partners found, deletes confirmed, held records taken up again. Nothing is decided or written here.
 */
import { type Side, otherSide, sides } from '../config/config.ts'
import type { Page } from '../connector/connector.ts'
import type { Coupling, Held } from '../core/coupling.ts'
import { versionOf } from '../core/fingerprint.ts'
import type { Found } from '../core/reconcile.ts'
import type { Change, Loaded, Upsert } from '../core/record.ts'
import type { Watermark } from '../core/watermark.ts'
import type { Entry } from '../store/store.ts'
import type { Alike } from './alike.ts'
import { Contested } from './contested.ts'
import { type Asked, askFor } from './changes-asked.ts'
import { continuedBy } from './continuing.ts'
import { areAllDue, dueRecords, isHeld, isSetAside } from './held-due.ts'
import { isEcho, saysTheSame } from './echo.ts'
import { FollowedIntake } from './following.ts'
import { leftAlone } from './left-alone.ts'
import { needsPages } from './match-values.ts'
import { Matching } from './matching.ts'
import { Recheck } from './recheck.ts'
import { type Ref, byIds, matched, unmatched } from './ref.ts'
import { Reborn } from './reborn.ts'
import type { NamedRecord } from './ports.ts'
import { mayBeEmptied } from './posted.ts'
import { type Session, isAdmitted, isImagined, isRead } from './session.ts'
import { absentIds, listedKeys, sweepIsDue, sweepName } from './sweep.ts'
import { triggeredRows } from './triggers.ts'
import { dayMarks, turnedRows } from './turning.ts'

export interface Intake {
  /** In a stable order. Who writes them takes them out. */
  readonly refs: Ref[]
  /** Watermarks and counts, to be committed when everything is applied. */
  readonly marks: readonly Entry[]
  /** Rows of coupled records that say nothing new under another version. */
  readonly alike: readonly Alike[]
  /** Sides that had records and now answer with none. */
  readonly emptied: readonly Side[]
}

/** Which records are asked for: whatever changed, or certain ones. */
export type Scope =
  | { readonly kind: 'changes'; readonly whole: boolean }
  | {
      readonly kind: 'ids'
      readonly ids: Readonly<Record<Side, readonly string[]>>
      /** Named by a person, and nobody's in this mapping. */
      readonly missing?: readonly NamedRecord[]
    }

/** Reads both sides and returns what is to be decided. */
export async function takeIn(session: Session, scope: Scope): Promise<Intake> {
  if (session.following?.isIdle === true) return { refs: [], marks: [], alike: [], emptied: [] }
  const work = new Reading(session, scope)
  if (scope.kind === 'ids') await work.ids(scope.ids)
  else {
    // Both services are asked at once; what they say is taken in one after the other.
    const asked = sides.flatMap((side) => (isRead(session, side) ? [askFor(session, side, scope.whole)] : []))
    for (const one of asked) await work.changes(one, scope.whole)
    await work.followed()
    await work.heldRecords(scope.whole)
  }
  return work.finish()
}

const none: Found = { kind: 'none' }

/** How a page came to be read. */
interface PageReading {
  readonly whole: boolean
  /** Somebody wants these very records looked at. */
  readonly asked: boolean
  /** The side tells no time of change: it is read whole in each run. */
  readonly usual?: boolean
  /** The version of the row itself says nothing: joined rows changed, or it changes without a new stamp. */
  readonly unstamped?: boolean
}
const asked: PageReading = { whole: false, asked: true }
const readSince = (since: Watermark | undefined): PageReading => ({
  whole: since === undefined,
  asked: false,
  usual: since?.kind === 'scan',
})
const unstamped: PageReading = { whole: false, asked: false, unstamped: true }

class Reading {
  readonly #session: Session
  readonly #matching: Matching
  /** Coupled pairs to decide, by BC id. */
  readonly #pairs = new Map<string, Coupling>()
  readonly #lone: Record<Side, Set<string>> = { businessCentral: new Set(), sales: new Set() }
  /** Pairs whose coupling moves to another record, by BC id of the coupling. */
  readonly #moved = new Map<string, Ref>()
  readonly #reborn: Reborn
  readonly #followed: FollowedIntake | undefined
  /** Of certain records nothing more is asked than they themselves. */
  readonly #contested: Contested | undefined
  readonly #marks: Entry[] = []
  /** How far each side has been read. */
  readonly #read: Partial<Record<Side, Watermark>> = {}
  readonly #alike: Alike[] = []
  readonly #emptied: Side[] = []

  constructor(session: Session, { kind }: Scope) {
    this.#session = session
    this.#matching = new Matching(session)
    this.#reborn = new Reborn(session)
    this.#contested = kind === 'changes' ? new Contested(session) : undefined
    const { following, state } = session
    this.#followed = following === undefined ? undefined : new FollowedIntake(following, state)
  }

  async changes({ side, since, pages }: Asked, whole: boolean): Promise<void> {
    const seen = new Set<string>()
    const recheck = new Recheck(this.#session, side)
    let count = 0
    let wasWhole = false
    for await (const page of pages) {
      wasWhole = page.whole
      count += page.changes.length
      if (page.whole) for (const { id } of page.changes) seen.add(id)
      if (page.whole) recheck.seen(page.changes)
      await this.#takePage(side, page.changes, { ...readSince(since), whole: page.whole })
      this.#session.emit({ kind: 'read', mapping: this.#session.mapping.name, side, rows: count })
      if (page.next !== undefined) this.#mark(side, page.next)
    }
    if (wasWhole) await this.#afterWholeRead(side, seen, count)
    else {
      for await (const rows of recheck.rows()) await this.#takePage(side, rows, unstamped)
      for await (const rows of turnedRows(this.#session, side)) await this.#takePage(side, rows, unstamped)
      await this.#sweep(side, whole)
    }
    this.#marks.push(...recheck.marks())
    this.#marks.push(...dayMarks(this.#session, side))
    await this.#triggered(side, since !== undefined)
  }

  /** Pairs of the followed mapping that are new, and own ones that have ended with theirs. */
  async followed(): Promise<void> {
    const { following } = this.#session
    if (following === undefined || this.#followed === undefined || !isRead(this.#session, following.source)) return
    const { source } = following
    for (const coupling of following.ended()) this.#pairs.set(coupling.businessCentral.id, coupling)
    const fresh = this.#followed.fresh((id) => isImagined(this.#session, source, id) || this.#lone[source].has(id))
    if (fresh.length > 0) await this.#takePage(source, await this.#session.readers[source].read(fresh), asked)
    this.#marks.push(...this.#followed.marks())
  }

  /** Certain records, with their partners. */
  async ids(ids: Readonly<Record<Side, readonly string[]>>): Promise<void> {
    for (const side of sides) {
      if (ids[side].length === 0) continue
      await this.#takePage(side, await this.#session.readers[side].read(ids[side]), asked)
    }
  }

  /** Records that wait, and may wait no more. */
  async heldRecords(whole: boolean): Promise<void> {
    const ids: Record<Side, string[]> = { businessCentral: [], sales: [] }
    if (!areAllDue(this.#session, whole)) await this.#contested?.look()
    for (const held of dueRecords(this.#session, whole, this.#contested))
      if (!this.#isTaken(held)) ids[held.side].push(held.id)
    await this.ids(ids)
    this.#marks.push(...(this.#contested?.marks() ?? []))
  }

  async finish(): Promise<Intake> {
    const { found, unclear } = await this.#matching.find(
      (side) => this.#again(side),
      (side, row) => this.#session.cache.keep(side, row),
    )
    this.#goOn()
    const pairs = [...this.#pairs.values()].filter(({ businessCentral }) => !this.#moved.has(businessCentral.id))
    const refs: Ref[] = pairs.map((coupling) => ({
      businessCentral: coupling.businessCentral.id,
      sales: coupling.sales.id,
      coupled: true,
    }))
    refs.push(...this.#moved.values())
    const paired = new Set<string>()
    for (const side of sides) {
      for (const id of this.#lone[side]) {
        if (this.#reborn.has(side, id)) continue
        const partner = this.#followed?.partners.get(id)
        const what = partner === undefined ? (found[side].get(id) ?? none) : { kind: 'one' as const, id: partner }
        if (what.kind === 'one') {
          const businessCentral = side === 'sales' ? what.id : id
          if (!paired.has(businessCentral)) refs.push(matched(businessCentral, side === 'sales' ? id : what.id))
          paired.add(businessCentral)
        } else refs.push(unmatched(side, id, what, unclear[otherSide(side)]))
      }
    }
    return { refs: refs.sort(byIds), marks: this.#marks, alike: this.#alike, emptied: this.#emptied }
  }

  /** Pairs whose deleted record was made again by somebody else. */
  #goOn(): void {
    for (const side of sides)
      for (const id of this.#lone[side]) {
        const pair = this.#reborn.goingOn(side, id)
        if (pair === undefined) continue
        this.#moved.set(pair.former.businessCentral.id, pair.ref)
        this.#marks.push(...pair.marks)
      }
  }

  async #takePage(side: Side, changes: readonly Change[], reading: PageReading): Promise<void> {
    const { state, readers } = this.#session
    const lone: Upsert[] = []
    const doubtful: Upsert[] = []
    const idle: Upsert[] = []
    for (const change of changes) {
      const coupling = state.bySide(side, change.id)
      this.#contested?.note(side, change, reading.unstamped)
      if (this.#isIdle(side, change, coupling, reading)) idle.push(change)
      else if (coupling === undefined) {
        if (this.#takesPart(change)) lone.push(change)
        // A held record without partner that was deleted waits for nothing any more.
        else if (state.held(side, change.id) !== undefined) this.#marks.push({ kind: 'release', side, id: change.id })
      } else if (change.kind === 'tombstone' || reading.asked) await this.#touch(side, change, coupling)
      else if (isEcho(this.#session, side, change, { ...reading, coupling }))
        await this.#passOver(side, change, reading)
      else doubtful.push(change)
    }
    const admitted = lone.filter((row) => readers[side].mayAdmit(row) || this.#leave(side, row))
    const { open, alone, marks } = await leftAlone(this.#session, side, admitted, reading.asked)
    this.#marks.push(...marks)
    const ready = reading.whole ? idle.filter((row) => readers[side].mayAdmit(row)) : []
    const filled = await this.#filling(side, doubtful, [...open, ...ready])
    await this.#takeDoubtful(side, filled(doubtful), reading)
    for (const row of filled(open)) await this.#takeLone(side, row)
    await this.#standBy(side, [...filled(ready), ...alone])
  }

  /**
   * Fills rows up with their pages and joins, all in one go. Lone ones only where that is needed to know whether they take
   * part, and to look for them: a decision fills them up itself, and those that have several partners nobody does (P10).
   */
  async #filling(
    side: Side,
    doubtful: readonly Upsert[],
    lone: readonly Upsert[],
  ): Promise<(rows: readonly Upsert[]) => readonly Loaded[]> {
    const rows = needsPages(this.#session, side) ? [...doubtful, ...lone] : doubtful
    const filled = new Map((await this.#session.readers[side].attach(rows)).map((row) => [row.id, row]))
    return (some) => some.map((row) => filled.get(row.id) ?? row)
  }

  /** Nothing is decided about it: it waits as it is, or its pair has ended, of which only the other's end matters. */
  #isIdle(side: Side, change: Change, coupling: Coupling | undefined, reading: PageReading): change is Upsert {
    if (coupling?.ended !== undefined && change.kind === 'upsert') return true
    return !reading.asked && isSetAside(this.#session, side, change, { ...reading, coupling })
  }

  /**
   * Records about which nothing is decided can be somebody's partner all the same. Where their side is read whole nobody
   * asks for them by value (P1).
   */
  async #standBy(side: Side, rows: readonly Loaded[]): Promise<void> {
    const { state, cache } = this.#session
    for (const row of rows) {
      const coupled = state.bySide(side, row.id) !== undefined
      if (!coupled && !isAdmitted(this.#session, side, row)) continue
      await this.#matching.add(side, row, coupled ? 'coupled' : 'candidate')
      if (!coupled) cache.keep(side, row)
    }
  }

  #takesPart(change: Change): change is Upsert {
    return this.#followed?.takesPart(change) !== false && change.kind === 'upsert'
  }

  /** Rows of another version than the one remembered: an edit, unless no field of the mapping says anything new. */
  async #takeDoubtful(side: Side, rows: readonly Loaded[], reading: PageReading): Promise<void> {
    for (const row of rows) {
      const coupling = this.#session.state.bySide(side, row.id)
      if (coupling === undefined) continue
      // What was edited and is as before may settle what its pair waits for.
      if (!isHeld(this.#session, coupling) && (await saysTheSame(this.#session, side, row, coupling))) {
        this.#remember(side, row, coupling)
        await this.#passOver(side, row, reading)
      } else await this.#touch(side, row, coupling)
    }
  }

  #remember(side: Side, row: Upsert, { [side]: { version: was } }: Coupling): void {
    const is = versionOf(row)
    if (is !== undefined && is !== was) this.#alike.push({ side, id: row.id, was, is })
  }

  /** Nothing has happened to it; it only takes part in matching, as a record that has its partner. */
  async #passOver(side: Side, row: Upsert, { whole }: PageReading): Promise<void> {
    this.#session.tally.from(side, 'unchanged')
    if (whole && this.#session.mapping.match.length > 0) await this.#matching.add(side, row, 'coupled')
  }

  /** A record without coupling: inside the filter it looks for a partner, outside it is nobody's. */
  async #takeLone(side: Side, row: Loaded): Promise<void> {
    const { cache } = this.#session
    if (!isAdmitted(this.#session, side, row)) return void this.#leave(side, row)
    const former = this.#session.mapping[side].continues ? await continuedBy(this.#session, side, row) : undefined
    if (former !== undefined) {
      const ids = { businessCentral: former.businessCentral.id, sales: former.sales.id, [side]: row.id }
      this.#moved.set(former.businessCentral.id, { ...ids, coupled: true, continues: side })
      cache.keep(side, row)
      return
    }
    if (this.#followed?.partners.has(row.id) !== true) await this.#matching.add(side, row, 'wanting')
    this.#lone[side].add(row.id)
    cache.keep(side, row)
  }

  /** The record is nobody's here, and waits for nothing. */
  #leave(side: Side, { id }: Upsert): false {
    if (this.#session.state.held(side, id) !== undefined) this.#marks.push({ kind: 'release', side, id })
    this.#followed?.leave(id)
    return false
  }

  async #touch(side: Side, change: Change, coupling: Coupling): Promise<void> {
    this.#pairs.set(coupling.businessCentral.id, coupling)
    if (change.kind === 'tombstone') return this.#reborn.noteGone(side, coupling)
    this.#session.cache.keep(side, change)
    if (this.#session.mapping.match.length > 0) await this.#matching.add(side, change, 'coupled')
  }

  async #afterWholeRead(side: Side, seen: ReadonlySet<string>, count: number): Promise<void> {
    const { state, clock, readers } = this.#session
    this.#matching.sawAll(side)
    this.#contested?.sawAll(side, seen)
    const isEmptied = count === 0 && state.counted(side) > 0 && !mayBeEmptied(this.#session, side)
    if (isEmptied) this.#emptied.push(side)
    if (state.counted(side) !== count) this.#marks.push({ kind: 'counted', side, count })
    if (readers[side].hasEntity && !readers[side].isTracked) {
      this.#marks.push({
        kind: 'watermark',
        name: sweepName(side),
        watermark: { kind: 'stamp', at: clock.now().toISOString() },
      })
    }
    if (count > 0 || mayBeEmptied(this.#session, side))
      await this.#confirmAbsent(side, absentIds(this.#session, side, seen))
  }

  /** A record that no page listed is gone or outside the filter: only reading it tells. */
  async #confirmAbsent(side: Side, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#takePage(side, await this.#session.readers[side].read(ids), asked)
  }

  /** Compares keys where a side reports no deletes. */
  async #sweep(side: Side, whole: boolean): Promise<void> {
    const { state, clock } = this.#session
    if (state.size === 0 || !sweepIsDue(this.#session, side, whole)) return
    const listed = await listedKeys(this.#session, side)
    if (listed.size === 0 && !mayBeEmptied(this.#session, side)) this.#emptied.push(side)
    else await this.#confirmAbsent(side, absentIds(this.#session, side, listed))
    this.#marks.push({
      kind: 'watermark',
      name: sweepName(side),
      watermark: { kind: 'stamp', at: clock.now().toISOString() },
    })
  }

  /** Rows whose joined rows changed. */
  async #triggered(side: Side, incremental: boolean): Promise<void> {
    if (!this.#session.readers[side].hasJoins) return
    const { rows, marks, seen } = await triggeredRows(this.#session, side)
    this.#marks.push(...marks)
    // What changed since the whole was read is news to the next run.
    if (!incremental) return
    this.#marks.push(...seen)
    await this.#takePage(side, rows, unstamped)
  }

  /** What changed since this run has read the side; where it has read certain records only, since the last run. */
  #again(side: Side): AsyncIterable<Page> | undefined {
    const { readers, state } = this.#session
    return isRead(this.#session, side) ? readers[side].changes(this.#read[side] ?? state.watermark(side)) : undefined
  }

  #mark(side: Side, watermark: Watermark): void {
    this.#read[side] = watermark
    const before = this.#session.state.watermark(side)
    if (JSON.stringify(before) !== JSON.stringify(watermark))
      this.#marks.push({ kind: 'watermark', name: side, watermark })
  }

  #isTaken(held: Held): boolean {
    const coupling = this.#session.state.bySide(held.side, held.id)
    return coupling === undefined ? this.#lone[held.side].has(held.id) : this.#pairs.has(coupling.businessCentral.id)
  }
}
