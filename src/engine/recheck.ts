/**
 * Rows that change without moving their stamp (a remaining amount, a balance) are read again in each run as long as
 * they stand inside the mapping's filter for them, and once more when they have left it: an invoice that was paid is no
 * longer open. Which were inside is remembered (P5); it is bounded by what one recheck reads (P10).
 */
import type { Side } from '../config/config.ts'
import { evaluateFilter } from '../core/filter-evaluation.ts'
import type { Change } from '../core/record.ts'
import type { Entry } from '../store/store.ts'
import type { Session } from './session.ts'

/** Name under which the rows inside the filter are remembered. */
export const recheckName = (side: Side): string => `${side}/recheck`

/** The rows of one side that stand inside its `recheck` filter in this run. */
export class Recheck {
  readonly #session: Session
  readonly #side: Side
  readonly #inside = new Set<string>()

  constructor(session: Session, side: Side) {
    this.#session = session
    this.#side = side
  }

  /** Notes rows of a whole read, which nobody has filtered. */
  seen(changes: readonly Change[]): void {
    const { recheck } = this.#session.compiled.sides[this.#side]
    if (recheck === undefined || !this.#session.readers[this.#side].isRechecked) return
    for (const change of changes)
      if (change.kind === 'upsert' && evaluateFilter(recheck, change.row, this.#side)) this.#inside.add(change.id)
  }

  /** The rows inside the filter, page by page; none where the mapping says nothing or changes come by token. */
  async *rows(): AsyncIterable<readonly Change[]> {
    const reader = this.#session.readers[this.#side]
    for await (const rows of reader.rechecked()) {
      for (const { id } of rows) this.#inside.add(id)
      yield rows
    }
    const left = this.#left()
    if (left.length > 0 && reader.isRechecked) yield await reader.read(left)
  }

  /** What is to be remembered, once everything is written or held. */
  marks(): readonly Entry[] {
    const before = this.#session.state.watched(recheckName(this.#side))
    const [add, drop] = [[...this.#inside].filter((id) => !before.has(id)), this.#left()]
    return add.length + drop.length === 0 ? [] : [{ kind: 'watch', name: recheckName(this.#side), add, drop }]
  }

  #left(): readonly string[] {
    return [...this.#session.state.watched(recheckName(this.#side))].filter((id) => !this.#inside.has(id))
  }
}
