/** How many requests run at once: never above the service's limit, fewer after a 429, slowly more again. */
import pLimit from 'p-limit'

export interface Parallel {
  /** Runs `work` when there is room. */
  run<T>(work: () => Promise<T>): Promise<T>
  /** The service throttled: half as many from now on. */
  throttled(): void
  /** A request went well. */
  succeeded(): void
  /** The service recommends so many. */
  recommended(count: number): void
  /** Present limit. */
  limit(): number
}

/** Good answers in a row, for each place there is, before one more is tried. */
const patience = 10

/** `most` is never exceeded; `first` is where it starts until the service says more. */
export function parallel(most: number, first = most): Parallel {
  let ceiling = Math.max(1, most)
  let good = 0
  const limit = pLimit(Math.min(ceiling, Math.max(1, first)))
  return {
    run: (work) => limit(work),
    throttled: () => {
      good = 0
      limit.concurrency = Math.max(1, Math.floor(limit.concurrency / 2))
    },
    succeeded: () => {
      good += 1
      if (good < patience * limit.concurrency || limit.concurrency >= ceiling) return
      good = 0
      limit.concurrency += 1
    },
    recommended: (count) => {
      if (!Number.isInteger(count) || count < 1) return
      ceiling = Math.min(Math.max(1, most), count)
      if (limit.concurrency > ceiling) limit.concurrency = ceiling
    },
    limit: () => limit.concurrency,
  }
}
