/** Which expected thing is which real one: exact fits first, then the nearest, so that a difference is told at its line. */

export interface PairedUp<R> {
  /** Index of the expected one, and the real one that it is compared with. */
  readonly pairs: readonly (readonly [index: number, real: R])[]
  /** Expected, and nothing comes near it. */
  readonly missing: readonly number[]
  /** Real, and nobody expected it. */
  readonly surplus: readonly R[]
}

/** Pairs each expected one with one real one. `apart` lists what is different about two. */
export function pairUp<E, R>(
  expected: readonly E[],
  real: readonly R[],
  apart: (expected: E, real: R) => readonly unknown[],
): PairedUp<R> {
  const distances = expected
    .flatMap((wanted, index) => real.map((each) => ({ index, each, far: apart(wanted, each).length })))
    .sort((one, other) => one.far - other.far)
  const pairs = new Map<number, R>()
  const taken = new Set<R>()
  for (const { index, each } of distances) {
    if (pairs.has(index) || taken.has(each)) continue
    pairs.set(index, each)
    taken.add(each)
  }
  return {
    pairs: [...pairs].sort(([one], [other]) => one - other),
    missing: expected.flatMap((_, index) => (pairs.has(index) ? [] : [index])),
    surplus: real.filter((each) => !taken.has(each)),
  }
}
