/**
 * Keeps P1: a record that another runner, or one that nobody remembers, has made again for a deleted one. It bears the
 * key that this run would give it too, so it is no record without a partner: the pair's own decision finds it there. One
 * that waits for a person goes on in it: what was to be asked is done.
 */
import { type Side, otherSide } from '../config/config.ts'
import type { Coupling } from '../core/coupling.ts'
import type { Entry } from '../store/store.ts'
import { newKey } from './new-key.ts'
import type { Ref } from './ref.ts'
import type { Session } from './session.ts'

export class Reborn {
  readonly #session: Session
  readonly #pairs: Record<Side, Map<string, Coupling>> = { businessCentral: new Map(), sales: new Map() }

  constructor(session: Session) {
    this.#session = session
  }

  /** The record of the pair is gone on this side. */
  noteGone(side: Side, coupling: Coupling): void {
    const key = newKey(this.#session, side, coupling[otherSide(side)].id)
    if (key !== undefined) this.#pairs[side].set(key, coupling)
  }

  has(side: Side, id: string): boolean {
    return this.#pairs[side].has(id)
  }

  /** The pair that goes on in this record, and what is no longer held for it. */
  goingOn(
    side: Side,
    id: string,
  ): { readonly former: Coupling; readonly ref: Ref; readonly marks: readonly Entry[] } | undefined {
    const { mapping, state } = this.#session
    const former = this.#pairs[side].get(id)
    if (former === undefined || former[side].id === id || mapping.deletes[side] !== 'hold') return undefined
    const held = state.held('businessCentral', former.businessCentral.id)
    if (held?.decision !== undefined) return undefined
    const ids = { businessCentral: former.businessCentral.id, sales: former.sales.id, [side]: id }
    return {
      former,
      ref: { ...ids, coupled: true, continues: side },
      marks: held === undefined ? [] : [{ kind: 'release', side: held.side, id: held.id }],
    }
  }
}
