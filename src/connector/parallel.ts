/**
 * How many requests run at once: never above the service's limit, one fewer for each that is refused, more again while
 * answers are good. Remembers at how many the service refused, and tries that many again ever more rarely.
 */
import pLimit from 'p-limit'

export interface Parallel {
  /** Runs `work` when there is room. */
  run<T>(work: () => Promise<T>): Promise<T>
  /** The service refused a request as one too many. */
  throttled(): void
  /** A request went well. */
  succeeded(): void
  /** The service recommends so many. */
  recommended(count: number): void
  /** Present limit. */
  limit(): number
}

/**
 * Rounds of good answers (as many as there are places) before one place more is tried: one on the way up, many where
 * the service has refused that many before, and twice as many after each time it did so again. A try that fails costs
 * the whole pause that the service asks for.
 */
const wary = 16
const wariest = 256

/** `most` is never exceeded; `first` is where it starts until the service says more. */
export function parallel(most: number, first = most): Parallel {
  let ceiling = Math.max(1, most)
  let good = 0
  /** Places at which the service refused last. */
  let refusedAt = Infinity
  let patience = wary
  let isBurst = false
  const limit = pLimit(Math.min(ceiling, Math.max(1, first)))
  const grown = (): void => {
    good = 0
    limit.concurrency += 1
    if (limit.concurrency > refusedAt) {
      refusedAt = Infinity
      patience = wary
    }
  }
  return {
    run: (work) => limit(work),
    throttled: () => {
      good = 0
      // Refused together: each one was a place too many. The first tells at how many places it happened.
      if (!isBurst) {
        patience = limit.concurrency >= refusedAt ? Math.min(wariest, patience * 2) : wary
        refusedAt = limit.concurrency
      }
      isBurst = true
      limit.concurrency = Math.max(1, limit.concurrency - 1)
    },
    succeeded: () => {
      good += 1
      // Answers to requests that were let in together with the refused ones say nothing new.
      if (good >= limit.concurrency) isBurst = false
      const rounds = limit.concurrency + 1 < refusedAt ? 1 : patience
      if (good >= rounds * limit.concurrency && limit.concurrency < ceiling) grown()
    },
    recommended: (count) => {
      if (!Number.isInteger(count) || count < 1) return
      ceiling = Math.min(Math.max(1, most), count)
      if (limit.concurrency > ceiling) limit.concurrency = ceiling
    },
    limit: () => limit.concurrency,
  }
}
