/**
 * The guard while writing: what is written never exceeds what the plan counted or what the limits and a person's word
 * allow, also where the second look finds more than the first (somebody created a thousand records in between).
 */
import type { Side } from '../config/config.ts'
import { UnsafePlanError } from '../errors.ts'

/** The most that may be written of each kind, by `side/kind`. */
export type Most = (side: Side, kind: Written) => number
export type Written = 'creates' | 'updates' | 'deletes'

/** Counts the records written in one mapping, each once, and stops before one too many. */
export class Ceiling {
  readonly #mapping: string
  readonly #most: Most
  readonly #written = new Map<string, Set<string>>()

  constructor(mapping: string, most: Most) {
    this.#mapping = mapping
    this.#most = most
  }

  /**
   * `records` are the partners of the records to be written. What is written again (changed meanwhile, a further page, a
   * new record finished) counts no second time. Throws UnsafePlanError when they would go past what is allowed; what was
   * written before stays, and is remembered.
   */
  admit(side: Side, kind: Written, records: readonly string[]): void {
    const written = this.#of(side, kind)
    const created = kind === 'updates' ? this.#of(side, 'creates') : undefined
    for (const record of records) if (created?.has(record) !== true) written.add(record)
    const most = this.#most(side, kind)
    if (written.size <= most) return
    const word = `${this.#mapping}.${side}.${kind}=${written.size}`
    throw new UnsafePlanError(
      `${this.#mapping}: while writing, more came up than the plan had counted: ${written.size} ${kind} in ${side === 'sales' ? 'Sales' : 'Business Central'}, allowed ${most}. What was written so far is remembered; the rest waits for the next run. To go on: --accept ${word}`,
      [word],
    )
  }

  #of(side: Side, kind: Written): Set<string> {
    const key = `${side}/${kind}`
    const known = this.#written.get(key) ?? new Set<string>()
    this.#written.set(key, known)
    return known
  }
}
