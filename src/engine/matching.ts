/**
 * Matching before creation: the match keys of records without a coupling, collected from both sides, never one query a
 * record. Values that a group looks up are compared in Sales' words.
 */
import { type MatchGroup, type Side, otherSide, sides } from '../config/config.ts'
import type { Condition } from '../connector/connector.ts'
import { type Carried, carry, valueAt } from '../core/carry.ts'
import { shortHash } from '../core/fingerprint.ts'
import { splitPath } from '../core/mapping.ts'
import { type Candidate, matchRecords } from '../core/match.ts'
import type { Found } from '../core/reconcile.ts'
import type { Loaded, Row, Upsert } from '../core/record.ts'
import { canonical } from '../core/values.ts'
import { type Session, isAdmitted } from './session.ts'

/** Up to so many records are matched by a filter over their values; more by one read of the other side's keys. */
const byFilterAtMost = 500

/** A record that takes part in matching, with the values that others are searched by. */
interface Entrant extends Candidate {
  /** For each group the condition that finds its partners on the other side. */
  readonly conditions: readonly (Condition | undefined)[]
}

/** Collects candidates of both sides and finds pairs. */
export class Matching {
  readonly #session: Session
  readonly #entrants: Record<Side, Map<string, Entrant>> = { businessCentral: new Map(), sales: new Map() }
  /** Sides whose every record has been seen in this run. */
  readonly #whole: Record<Side, boolean> = { businessCentral: false, sales: false }

  constructor(session: Session) {
    this.#session = session
  }

  /** Takes a row of a side into account: coupled ones too, because a partner that is coupled already is none. */
  add(side: Side, row: Loaded, coupled: boolean): void {
    const { match } = this.#session.mapping
    if (match.length === 0) return
    this.#entrants[side].set(row.id, {
      id: row.id,
      coupled,
      keys: match.map((group) => keyOf(this.#session, group, side, row.row)),
      conditions: coupled ? [] : match.map((group) => conditionOf(this.#session, group, side, row.row)),
    })
  }

  /** Every record of the side was added. */
  sawAll(side: Side): void {
    this.#whole[side] = true
  }

  /** What was found for each record without a coupling. `keep` receives partner rows that were read on the way. */
  async find(keep: (side: Side, row: Loaded) => void): Promise<Record<Side, Map<string, Found>>> {
    const { match } = this.#session.mapping
    const open = (side: Side): Entrant[] => [...this.#entrants[side].values()].filter(({ coupled }) => !coupled)
    const [ours, theirs] = [open('businessCentral'), open('sales')]
    if (match.length > 0 && ours.length + theirs.length > 0) {
      await this.#look('sales', ours, keep)
      await this.#look('businessCentral', theirs, keep)
      await this.#lookForTwins(keep)
    }
    const found = matchRecords(
      { businessCentral: this.#entrants.businessCentral.values(), sales: this.#entrants.sales.values() },
      match.length,
      (businessCentral, sales) => this.#wasTakenApart(businessCentral, sales),
    )
    return { businessCentral: found.businessCentral, sales: found.sales }
  }

  #wasTakenApart(businessCentral: string, sales: string): boolean {
    const { state } = this.#session
    return state.generation('businessCentral', businessCentral) > 0 && state.generation('sales', sales) > 0
  }

  /** Reads, on `side`, whatever could be the partner of the other side's records. */
  async #look(side: Side, wanting: readonly Entrant[], keep: (side: Side, row: Loaded) => void): Promise<void> {
    if (wanting.length === 0 || this.#whole[side]) return
    if (wanting.length > byFilterAtMost) return this.#readAll(side, keep)
    for (const index of this.#session.mapping.match.keys()) {
      const conditions = wanting
        .map((entrant) => entrant.conditions[index])
        .filter((condition) => condition !== undefined)
      if (conditions.length > 0) await this.#take(side, await this.#session.readers[side].find(conditions), keep)
    }
  }

  /** A record with the same key on the own side makes a match ambiguous, also one that did not change. */
  async #lookForTwins(keep: (side: Side, row: Loaded) => void): Promise<void> {
    for (const side of sides) {
      if (this.#whole[side]) continue
      const partnerKeys = new Set([...this.#entrants[otherSide(side)].values()].flatMap(({ keys }) => keys))
      const paired = [...this.#entrants[side].values()].filter(
        (entrant) => !entrant.coupled && entrant.keys.some((key) => key !== undefined && partnerKeys.has(key)),
      )
      const own = paired.flatMap((entrant) => this.#ownConditions(side, entrant.id))
      if (own.length > 0) await this.#take(side, await this.#session.readers[side].find(own), keep)
    }
  }

  #ownConditions(side: Side, id: string): readonly Condition[] {
    const row = this.#session.cache.get(side, id)
    if (row?.kind !== 'upsert') return []
    return this.#session.mapping.match
      .map((group) => plainCondition(group, side, side, row.row))
      .filter((condition) => condition !== undefined)
  }

  async #readAll(side: Side, keep: (side: Side, row: Loaded) => void): Promise<void> {
    for await (const page of this.#session.readers[side].changes(undefined)) {
      await this.#take(
        side,
        page.changes.filter((change) => change.kind === 'upsert'),
        keep,
      )
    }
    this.sawAll(side)
  }

  async #take(side: Side, rows: readonly Upsert[], keep: (side: Side, row: Loaded) => void): Promise<void> {
    const { readers, state } = this.#session
    const unknown = rows.filter((row) => !this.#entrants[side].has(row.id))
    for (const row of await readers[side].attach(unknown)) {
      const coupled = state.bySide(side, row.id) !== undefined
      if (!coupled && !isAdmitted(this.#session, side, row.row)) continue
      this.add(side, row, coupled)
      keep(side, row)
    }
  }
}

/** The hash of a row's values in a group, in Sales' words; undefined where one of them is blank. */
function keyOf(session: Session, group: MatchGroup, side: Side, row: Row): string | undefined {
  const values: string[] = []
  for (const [index, column] of group[side].entries()) {
    const value = comparable(session, group, side, { row, column, index })
    if (value === undefined) return undefined
    values.push(value)
  }
  return shortHash(values.join('\n'))
}

interface Cell {
  readonly row: Row
  readonly column: string
  readonly index: number
}

function comparable(session: Session, group: MatchGroup, side: Side, cell: Cell): string | undefined {
  const raw = valueAt(cell.row, splitPath(cell.column))
  const value =
    side === 'businessCentral' && group.lookup[cell.column] !== undefined ? lookedUp(session, group, cell, raw) : raw
  const text = canonical(value, { type: 'text' })?.trim()
  if (text === undefined || text === '' || text === '00000000-0000-0000-0000-000000000000') return undefined
  return group.caseSensitive ? text : text.toLowerCase()
}

/** A value exchanged through couplings, before it is compared. */
function lookedUp(session: Session, group: MatchGroup, cell: Cell, value: unknown): unknown {
  const lookup = group.lookup[cell.column]
  const like = session.compiled.fields[0]
  if (lookup === undefined || like === undefined || value === null || value === undefined || value === '')
    return undefined
  const norm = { type: 'text' } as const
  const norms = { businessCentral: { type: 'code' } as const, sales: norm }
  const carried: Carried = carry({
    field: {
      ...like,
      field: { ...like.field, lookup, blank: 'clear' },
      norm: norms,
      saidNorm: norms,
      compute: { businessCentral: undefined, sales: undefined },
    },
    from: 'businessCentral',
    said: value,
    row: cell.row,
    lookups: session.lookups,
    translated: () => undefined,
  })
  return carried.kind === 'value' ? carried.canonical : undefined
}

/** The condition on the other side that finds the partners of a row. */
function conditionOf(session: Session, group: MatchGroup, side: Side, row: Row): Condition | undefined {
  if (Object.keys(group.lookup).length === 0) return plainCondition(group, side, otherSide(side), row)
  const condition: Record<string, string> = {}
  for (const [index, column] of group[otherSide(side)].entries()) {
    const own = group[side][index]
    if (own === undefined) return undefined
    const value =
      side === 'sales'
        ? reversed(session, group, { row, column: own, index })
        : comparable(session, group, side, { row, column: own, index })
    if (value === undefined) return undefined
    condition[column] = value
  }
  return condition
}

/** From Sales' words back to Business Central's: a looked-up value becomes the natural key again. */
function reversed(session: Session, group: MatchGroup, cell: Cell): string | undefined {
  const column = group.businessCentral[cell.index]
  const lookup = column === undefined ? undefined : group.lookup[column]
  const value = canonical(valueAt(cell.row, splitPath(cell.column)), { type: 'text' }) ?? undefined
  if (lookup === undefined || value === undefined) return value
  if (lookup.kind !== 'coupling') return undefined
  const { mapping, by } = lookup
  if (by === 'id') return session.lookups.partner(mapping, 'sales', value)
  return session.lookups.keyOf(
    mapping,
    'businessCentral',
    value,
    typeof by === 'string' ? by : (Object.keys(by)[0] ?? ''),
  )
}

/** Column by column the same raw values, on `side`, of a row of `from`. Columns of pages and joins are checked afterwards. */
function plainCondition(group: MatchGroup, from: Side, side: Side, row: Row): Condition | undefined {
  const condition: Record<string, string | number | boolean> = {}
  for (const [index, column] of group[side].entries()) {
    const own = group[from][index]
    const value = own === undefined ? undefined : valueAt(row, splitPath(own))
    if (value === null || value === undefined || value === '') return undefined
    if (splitPath(column).page === undefined) condition[column] = value as string | number | boolean
  }
  return Object.keys(condition).length === 0 ? undefined : condition
}
