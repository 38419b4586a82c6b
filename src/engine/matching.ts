/**
 * Matching before creation: the match keys of records without a coupling, collected from both sides, never one query a
 * record. Values that a group looks up are compared in Sales' words. Before every group of the mapping come two of our
 * own: a record whose key is derived from another is its partner, made by a run that nobody remembers (P1).
 */
import { type BySide, type Side, otherSide, sides, travelsTo } from '../config/config.ts'
import type { Condition, Page } from '../connector/connector.ts'
import { isDerived } from '../core/derived-key.ts'
import { shortHash } from '../core/fingerprint.ts'
import { type Candidate, matchRecords } from '../core/match.ts'
import type { Found } from '../core/reconcile.ts'
import type { Loaded, Upsert } from '../core/record.ts'
import { Gaps, conditionOf, isPlainColumn, ownCondition, valuesOf, valuesOrGaps } from './match-values.ts'
import { newKey } from './new-key.ts'
import { type Session, isAdmitted, numberOf } from './session.ts'
import { type UnclearRecord, Unclear } from './unclear.ts'

/** Up to so many records are matched by a filter over their values; more by one read of the other side's keys. */
const byFilterAtMost = 500

/** A record that takes part in matching, with the values that others are searched by. */
interface Entrant extends Candidate {
  /** It looks for a partner; the others only take part. */
  readonly wanting: boolean
  /** For each group the condition that finds its partners on the other side. */
  readonly conditions: readonly (Condition | undefined)[]
}

/** What came of matching. */
export interface Matches {
  readonly found: BySide<ReadonlyMap<string, Found>>
  /** By side: records without a partner that may be anybody's. */
  readonly unclear: BySide<Unclear | undefined>
}

/** What a side says has changed since it was read by this run; undefined where it is not read at all. */
export type ReadAgain = (side: Side) => AsyncIterable<Page> | undefined

/** Collects candidates of both sides and finds pairs. */
export class Matching {
  readonly #session: Session
  readonly #entrants: Record<Side, Map<string, Entrant>> = { businessCentral: new Map(), sales: new Map() }
  /** How many look for a partner: above the bound nobody is searched by value, and no condition is kept (P10). */
  readonly #wanting: Record<Side, number> = { businessCentral: 0, sales: 0 }
  /** Sides whose every record has been seen in this run. */
  readonly #whole: Record<Side, boolean> = { businessCentral: false, sales: false }
  /** What is not coupled and failed an expression. */
  readonly #unclear: Record<Side, UnclearRecord[]> = { businessCentral: [], sales: [] }

  constructor(session: Session) {
    this.#session = session
  }

  /** Takes a row of a side into account: coupled ones too, because a partner that is coupled already is none. */
  async add(side: Side, row: Loaded, as: 'wanting' | 'candidate' | 'coupled'): Promise<void> {
    const { match } = this.#session.mapping
    const all: (readonly string[] | undefined)[] = []
    for (const group of match) {
      const said = await valuesOrGaps(this.#session, group, side, row.row)
      if (said instanceof Gaps && as !== 'coupled') this.#noteUnclear(side, row, said)
      all.push(said instanceof Gaps ? undefined : said)
    }
    const asks = as === 'wanting' && this.#wanting[side] < byFilterAtMost
    const conditions = asks
      ? match.map((group, index) => conditionOf(this.#session, group, side, { row: row.row, values: all[index] }))
      : noConditions
    if (as === 'wanting') this.#wanting[side]++
    this.#entrants[side].set(row.id, {
      id: row.id,
      coupled: as === 'coupled',
      wanting: as === 'wanting',
      // Of just its length: an array that grew holds room for many more, and there may be a hundred thousand.
      keys: derivedKeys(this.#session, side, row.id).concat(all.map(keyOf)),
      conditions,
    })
  }

  #noteUnclear(side: Side, { id, row }: Loaded, { values, failure }: Gaps): void {
    const name = numberOf(this.#session, side, row) ?? id
    this.#unclear[side].push({ side, id, name, values, failure })
  }

  /** Every record of the side was added. */
  sawAll(side: Side): void {
    this.#whole[side] = true
  }

  /** What was found for each record without a coupling. `keep` receives partner rows that were read on the way. */
  async find(again: ReadAgain, keep: (side: Side, row: Loaded) => void): Promise<Matches> {
    const { match } = this.#session.mapping
    const searching = (side: Side): Entrant[] => [...this.#entrants[side].values()].filter(({ wanting }) => wanting)
    const [ours, theirs] = [searching('businessCentral'), searching('sales')]
    if (match.length > 0 && ours.length + theirs.length > 0) {
      await this.#look('sales', ours, keep)
      await this.#look('businessCentral', theirs, keep)
      await this.#lookForTwins(keep)
    }
    for (const side of sides) {
      await this.#lookForMakers(side, keep)
      if (this.#orphans(otherSide(side)).size > 0) await this.#takePages(side, again(side), keep)
      await this.#lookOutside(side, keep)
    }
    const found = matchRecords(
      { businessCentral: this.#entrants.businessCentral.values(), sales: this.#entrants.sales.values() },
      match.length + sides.length,
      (businessCentral, sales) => this.#wasTakenApart(businessCentral, sales),
    )
    const open = (side: Side): Unclear | undefined =>
      Unclear.of(this.#unclear[side].filter(({ id }) => found[side].get(id)?.kind !== 'one'))
    return { found, unclear: { businessCentral: open('businessCentral'), sales: open('sales') } }
  }

  #wasTakenApart(businessCentral: string, sales: string): boolean {
    const { state } = this.#session
    return state.generation('businessCentral', businessCentral) > 0 && state.generation('sales', sales) > 0
  }

  /** Reads, on `side`, whatever could be the partner of the other side's records. */
  async #look(side: Side, wanting: readonly Entrant[], keep: (side: Side, row: Loaded) => void): Promise<void> {
    if (wanting.length === 0 || this.#whole[side]) return
    if (wanting.length > byFilterAtMost || !this.#canFilter(side)) return this.#readAll(side, keep)
    // All groups at once: what one of them finds does not spare another, and the service takes few large questions.
    const conditions = wanting.flatMap((entrant) => entrant.conditions.filter((condition) => condition !== undefined))
    if (conditions.length > 0) await this.#take(side, await this.#session.readers[side].find(conditions), keep)
  }

  /** A computed value cannot be asked for. */
  #canFilter(side: Side): boolean {
    return this.#session.mapping.match.every((group) => group[side].some((column) => isPlainColumn(column)))
  }

  /**
   * A record with the same key on the own side makes a match ambiguous, also one that did not change; so does one that an
   * earlier group would give to the partner that was found.
   */
  async #lookForTwins(keep: (side: Side, row: Loaded) => void): Promise<void> {
    for (const side of sides) {
      if (this.#whole[side]) continue
      const theirs = [...this.#entrants[otherSide(side)].values()]
      const wanting = [...this.#entrants[side].values()].filter((entrant) => entrant.wanting)
      const own = meeting(wanting, theirs).flatMap(({ id }) => this.#ownConditions(side, id))
      for (const partner of meeting(theirs, wanting)) own.push(...(await this.#closerConditions(side, partner)))
      if (own.length > 0) await this.#take(side, await this.#session.readers[side].find(own), keep)
    }
  }

  /** What finds, on `side`, the partners that a record has by earlier groups than the one it was found by. */
  async #closerConditions(side: Side, partner: Met): Promise<readonly Condition[]> {
    const theirs = otherSide(side)
    const row = this.#session.cache.get(theirs, partner.id)
    if (partner.coupled || partner.wanting || row?.kind !== 'upsert') return []
    const conditions: Condition[] = []
    for (const group of this.#session.mapping.match.slice(0, Math.max(0, partner.by - sides.length))) {
      const values = await valuesOf(this.#session, group, theirs, row.row)
      const condition = conditionOf(this.#session, group, theirs, { row: row.row, values })
      if (condition !== undefined) conditions.push(condition)
    }
    return conditions
  }

  /** What waits alone may be what another run has made a record of that is looked at now: its key tells. */
  async #lookForMakers(side: Side, keep: (side: Side, row: Loaded) => void): Promise<void> {
    const { state, readers } = this.#session
    const made = this.#entrants[otherSide(side)]
    if (this.#whole[side] || ![...made.values()].some(({ wanting }) => wanting)) return
    const makers = [...state.allHeld()].filter(
      (held) =>
        held.side === side &&
        state.bySide(side, held.id) === undefined &&
        made.get(newKey(this.#session, otherSide(side), held.id) ?? '')?.wanting === true,
    )
    if (makers.length === 0) return
    const read = await readers[side].read(makers.map(({ id }) => id))
    await this.#take(
      side,
      read.filter((change) => change.kind === 'upsert'),
      keep,
    )
  }

  /**
   * Records that look for a partner under a key of ours have a maker. One that nobody has seen came after its side was
   * read, and was carried at once by another run: the side is asked once more (P1).
   */
  #orphans(side: Side): ReadonlySet<string> {
    const derived = [...this.#entrants[side].values()].filter(({ id, wanting }) => wanting && isDerived(id))
    if (derived.length === 0) return new Set()
    const makers = new Set([...this.#entrants[otherSide(side)].values()].flatMap(({ keys }) => keys))
    return new Set(derived.map(({ id }) => id).filter((id) => !makers.has(id)))
  }

  /**
   * A maker that has left the filter since is the partner all the same, and no match rule finds it (P1, P9). Documents
   * tell their origin by a reference; what waits without a partner was looked for before.
   */
  async #lookOutside(side: Side, keep: (side: Side, row: Loaded) => void): Promise<void> {
    const { readers, mapping, state } = this.#session
    const on = otherSide(side)
    if (mapping.lines !== undefined || !readers[side].hasEntity || !travelsTo(mapping.direction, on)) return
    const orphans = new Set([...this.#orphans(on)].filter((id) => state.held(on, id)?.kind !== 'no-partner'))
    if (orphans.size === 0) return
    const isMaker = (id: string): boolean => orphans.has(newKey(this.#session, on, id) ?? '')
    const makers: string[] = []
    for await (const keys of readers[side].keys()) makers.push(...keys.filter(isMaker))
    if (makers.length === 0) return
    const read = await readers[side].read(makers)
    await this.#enter(
      side,
      read.filter((change) => change.kind === 'upsert'),
      keep,
    )
  }

  #ownConditions(side: Side, id: string): readonly Condition[] {
    const row = this.#session.cache.get(side, id)
    if (row?.kind !== 'upsert') return []
    return this.#session.mapping.match
      .map((group) => ownCondition(group, side, row.row))
      .filter((condition) => condition !== undefined)
  }

  async #readAll(side: Side, keep: (side: Side, row: Loaded) => void): Promise<void> {
    await this.#takePages(side, this.#session.readers[side].changes(undefined), keep)
    this.sawAll(side)
  }

  async #takePages(
    side: Side,
    pages: AsyncIterable<Page> | undefined,
    keep: (side: Side, row: Loaded) => void,
  ): Promise<void> {
    if (pages === undefined) return
    for await (const { changes } of pages)
      await this.#take(
        side,
        changes.filter((change) => change.kind === 'upsert'),
        keep,
      )
  }

  async #take(side: Side, rows: readonly Upsert[], keep: (side: Side, row: Loaded) => void): Promise<void> {
    const { readers, state } = this.#session
    const unknown = rows.filter((row) => !this.#entrants[side].has(row.id))
    const filled = await readers[side].attach(unknown)
    const known = filled.filter(
      (row) => state.bySide(side, row.id) !== undefined || isAdmitted(this.#session, side, row),
    )
    await this.#enter(side, known, keep)
  }

  async #enter(side: Side, rows: readonly Upsert[], keep: (side: Side, row: Loaded) => void): Promise<void> {
    for (const row of await this.#session.readers[side].attach(rows)) {
      await this.add(side, row, this.#session.state.bySide(side, row.id) === undefined ? 'candidate' : 'coupled')
      keep(side, row)
    }
  }
}

const noConditions: readonly undefined[] = []

const keyOf = (values: readonly string[] | undefined): string | undefined =>
  values === undefined ? undefined : shortHash(values.join('\n'))

/** A record with the last of the keys that another one shares with it: those of our own first, then a group each. */
interface Met extends Entrant {
  readonly by: number
}

/** Those that share a key with one of the others. */
function meeting(entrants: readonly Entrant[], others: readonly Entrant[]): readonly Met[] {
  const known = new Set(others.flatMap(({ keys }) => keys))
  return entrants.flatMap((entrant) => {
    const by = entrant.keys.findLastIndex((key) => key !== undefined && known.has(key))
    return by < 0 ? [] : [{ ...entrant, by }]
  })
}

/** For each side on which records are created: the key that this record gives its partner there, or has itself. */
const derivedKeys = (session: Session, side: Side, id: string): (string | undefined)[] =>
  sides.map((on) => (on === side ? id : newKey(session, on, id)))
