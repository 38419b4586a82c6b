/** Counts of one mapping run, per direction. */
import type { Direction, Side } from '../config/config.ts'
import { otherSide } from '../config/config.ts'
import { counters, type Counter } from '../core/counters.ts'
import type { MappingSummary } from '../store/store.ts'

export class Tally {
  readonly #counts = new Map<string, number>()

  /** Counts something that was written to, or leads to, that side. */
  to(side: Side, counter: Counter, count = 1): void {
    const key = `${side}/${counter}`
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count)
  }

  /** Counts something that comes from that side. */
  from(side: Side, counter: Counter, count = 1): void {
    this.to(otherSide(side), counter, count)
  }

  of(side: Side, counter: Counter): number {
    return this.#counts.get(`${side}/${counter}`) ?? 0
  }

  /** One summary for each direction of the mapping. */
  summaries(
    mapping: string,
    direction: Direction,
    cost: { readonly requests: number; readonly ms: number },
  ): MappingSummary[] {
    const targets: readonly Side[] =
      direction === 'both' ? ['sales', 'businessCentral'] : direction === 'toSales' ? ['sales'] : ['businessCentral']
    return targets.map((side, index) => ({
      mapping,
      direction: side === 'sales' ? 'toSales' : 'toBusinessCentral',
      ...(Object.fromEntries(counters.map((counter) => [counter, this.of(side, counter)])) as Record<Counter, number>),
      requests: index === 0 ? cost.requests : 0,
      ms: index === 0 ? cost.ms : 0,
    }))
  }
}
