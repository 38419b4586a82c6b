/** Numbers from a seed; the same seed gives the same ones (mulberry32). */
export interface Chance {
  /** A whole number from 0, less than `most`. */
  readonly below: (most: number) => number
  readonly pick: <T>(from: readonly T[]) => T
  /** So many, `most` at most. */
  readonly some: <T>(most: number, make: () => T) => readonly T[]
}

export function chance(seed: number): Chance {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (most: number): number => Math.floor(next() * most)
  return {
    below,
    pick: (from) => from[below(from.length)] as (typeof from)[number],
    some: (most, make) => Array.from({ length: below(most + 1) }, make),
  }
}
