/**
 * Keeps P1 against candidates whose partner cannot be told, because an expression of the match rule fails on them. Who
 * would be created beside such a one waits instead: a record that is made twice is never put right by itself, one that
 * waits goes on as soon as the value or the expression is mended. That is P1 before P5, so it stops as few as can be: a
 * candidate that is coupled or found its partner in another group stops nobody, and one whose other values of the group
 * are known stops only those who have the same. Where nothing else of the group is known, it could be anybody's, and
 * whoever has a value in that group waits; who has none would not have found it.
 */
import type { Side } from '../config/config.ts'
import type { Row } from '../core/record.ts'
import { type Failure, Gaps, valuesOrGaps } from './match-values.ts'
import type { Session } from './session.ts'

/** A record without a coupling that may be somebody's partner. */
export interface UnclearRecord {
  readonly side: Side
  readonly id: string
  /** Number, code or id, for people. */
  readonly name: string
  /** See Gaps. */
  readonly values: readonly string[]
  readonly failure: Failure
}

/** Unclear records that lack the same values of the same group. */
interface Alike {
  readonly group: number
  readonly known: readonly boolean[]
  /** The first of them by what is known of it. */
  readonly records: Map<string, UnclearRecord>
}

/** The unclear records of one side, by what is known of them. */
export class Unclear {
  readonly #shapes = new Map<string, Alike>()

  /** Undefined where there are none. */
  static of(records: readonly UnclearRecord[]): Unclear | undefined {
    if (records.length === 0) return undefined
    const unclear = new Unclear()
    for (const record of records) unclear.#add(record)
    return unclear
  }

  #add(record: UnclearRecord): void {
    const { group } = record.failure
    const known = record.values.map((value) => value !== '')
    const name = JSON.stringify([group, known])
    const alike = this.#shapes.get(name) ?? { group, known, records: new Map<string, UnclearRecord>() }
    this.#shapes.set(name, alike)
    const key = knownOf(alike, record.values)
    if (!alike.records.has(key)) alike.records.set(key, record)
  }

  /** A record that may be the partner of this one of the other side. */
  async partnerOf(session: Session, side: Side, row: Row): Promise<UnclearRecord | undefined> {
    for (const alike of this.#shapes.values()) {
      const group = session.mapping.match[alike.group - 1]
      const values = group === undefined ? undefined : await valuesOrGaps(session, group, side, row)
      if (values === undefined || values instanceof Gaps) continue
      const found = alike.records.get(knownOf(alike, values))
      if (found !== undefined) return found
    }
    return undefined
  }
}

const knownOf = ({ known }: Alike, values: readonly string[]): string =>
  JSON.stringify(values.filter((_, index) => known[index]))
