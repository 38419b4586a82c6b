/**
 * Keeps P1: a record that another runner, or one that nobody remembers, has made again for a deleted one. It bears the
 * key that this run would give it too, so it is no record without a partner: the pair's own decision finds it there.
 */
import { type Side, otherSide } from '../config/config.ts'
import type { Coupling } from '../core/coupling.ts'
import { newKey } from './new-key.ts'
import type { Session } from './session.ts'

export class Reborn {
  readonly #session: Session
  readonly #keys: Record<Side, Set<string>> = { businessCentral: new Set(), sales: new Set() }

  constructor(session: Session) {
    this.#session = session
  }

  /** The record of the pair is gone on this side. */
  noteGone(side: Side, coupling: Coupling): void {
    const key = newKey(this.#session, side, coupling[otherSide(side)].id)
    if (key !== undefined) this.#keys[side].add(key)
  }

  has(side: Side, id: string): boolean {
    return this.#keys[side].has(id)
  }
}
