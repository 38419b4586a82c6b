/**
 * Other numbers for numbers: larger ones stay larger, each keeps its span (how many digits, which year), and whatever is
 * fixed stays where it is, with the same numbers below and above it. The table is random and not kept.
 */

/** A whole number from 0 to one less than `below`. */
export type Random = (below: number) => number

/** First and last number among which a number keeps its place. */
export type Span = readonly [first: number, last: number]

export interface Exchange {
  /** Whole numbers that are to be exchanged. */
  readonly numbers: Iterable<number>
  /** Those that stay. */
  readonly fixed: Iterable<number>
  readonly spanOf: (number: number) => Span
  readonly random: Random
}

/** The table of exchanged numbers; a number that is not in it stays. */
export function exchanged({ numbers, fixed, spanOf, random }: Exchange): ReadonlyMap<number, number> {
  const bounds = [...new Set(fixed)].sort((a, b) => a - b)
  const standing = new Set(bounds)
  const groups = new Map<string, { readonly span: Span; readonly members: Set<number> }>()
  for (const number of numbers) {
    if (standing.has(number)) continue
    const span = between(bounds, number, spanOf(number))
    const group = groups.get(span.join(' ')) ?? { span, members: new Set() }
    groups.set(span.join(' '), group)
    group.members.add(number)
  }
  const table = new Map<number, number>()
  for (const { span, members } of groups.values()) {
    const others = some(members.size, span, random)
    const inOrder = [...members].sort((a, b) => a - b)
    inOrder.forEach((number, index) => table.set(number, others[index] ?? number))
  }
  return table
}

/** The span without what is fixed, on the number's side of it. */
function between(bounds: readonly number[], number: number, [first, last]: Span): Span {
  const next = firstAbove(bounds, number)
  const [below, above] = [bounds[next - 1], bounds[next]]
  return [
    below === undefined ? first : Math.max(first, below + 1),
    above === undefined ? last : Math.min(last, above - 1),
  ]
}

/** Index of the first that is larger. */
function firstAbove(sorted: readonly number[], number: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as number) > number) high = middle
    else low = middle + 1
  }
  return low
}

/** So many different numbers of a span, in order (Floyd's sampling). */
function some(count: number, [first, last]: Span, random: Random): readonly number[] {
  const taken = new Set<number>()
  for (let top = last - count + 1; top <= last; top++) {
    const drawn = first + random(top - first + 1)
    taken.add(taken.has(drawn) ? top : drawn)
  }
  return [...taken].sort((a, b) => a - b)
}
