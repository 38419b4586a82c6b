/** Who wrote each row last, and when by its service's clock: all that `newest` can go by. */
import { type BySide, type Side, otherSide, sides } from '../../src/config/config.ts'

type Writer = 'somebody' | 'the runner' | 'a runner that is forgotten'

interface Stamp {
  readonly at: string
  readonly version: number
  /**
   * When somebody had edited it before that; to whoever knows nothing of a write of a runner, it is somebody's. A run
   * decides by that before its own write to the side covers it.
   */
  readonly before: string
  by: Writer
}

interface Stamped {
  readonly name: string
  readonly modified: string
  readonly version: number
}

export class Stamps {
  readonly #stamps: BySide<Map<string, Stamp>> = { businessCentral: new Map(), sales: new Map() }
  /** Those that runners have written since the state was pushed last. */
  readonly #written = new Set<Stamp>()

  /** A row stands there. */
  see(side: Side, { name, modified, version }: Stamped, by: Writer): void {
    const known = this.#stamps[side].get(name)
    // Two may have written it within one second.
    if (known?.at === modified && known.version === version) return
    const before = known?.by === 'the runner' ? known.before : known?.at
    const stamp = { at: modified, version, before: before ?? '', by }
    this.#stamps[side].set(name, stamp)
    if (by === 'the runner') this.#written.add(stamp)
  }

  /** The state that knows of the last writes was pushed. */
  push(): void {
    this.#written.clear()
  }

  /** Nobody knows any more that the last writes were a runner's. */
  forget(): void {
    for (const stamp of this.#written) stamp.by = 'a runner that is forgotten'
  }

  /** The side that somebody edited in a later second than any write of the other. */
  newest(name: string): Side | undefined {
    return sides.find((side) => {
      const [one, other] = [this.#stamps[side].get(name), this.#stamps[otherSide(side)].get(name)]
      return one?.by === 'somebody' && secondOf(one.at) > secondOf(other?.at ?? '')
    })
  }

  /** Whether a runner may have read that this side was edited last. */
  mayBeNewest(side: Side, name: string): boolean {
    const [one, other] = [this.#stamps[side].get(name), this.#stamps[otherSide(side)].get(name)]
    if (one === undefined || other === undefined) return false
    if (one.by === 'a runner that is forgotten' || other.by === 'a runner that is forgotten') return true
    // It was perhaps read before its side was edited again, under an earlier stamp.
    return [one.by === 'somebody' ? one.at : '', one.before].some((at) => secondOf(at) > secondOf(other.at))
  }
}

/** Sales keeps no parts of a second. */
const secondOf = (stamp: string): string => stamp.slice(0, 19)
