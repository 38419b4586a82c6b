/** How many operations the next batch holds: more while batches are quick, fewer when they drag. */

export interface Pace {
  /** Operations for the next batch. */
  size(): number
  /** A batch took so long, in milliseconds. */
  took(ms: number): void
}

/** A batch this quick may be larger; one this slow comes near the service's two minutes. */
const quickMs = 4000
const slowMs = 20_000

export function pace(limits: { readonly first: number; readonly largest: number }): Pace {
  let size = limits.first
  return {
    size: () => size,
    took: (ms) => {
      if (ms < quickMs) size = Math.min(limits.largest, Math.ceil(size * 1.5))
      if (ms > slowMs) size = Math.max(10, Math.floor(size / 2))
    },
  }
}
