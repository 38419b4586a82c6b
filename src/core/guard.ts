/**
 * The safety limits: a plan that does more than the limits allow stops before anything is written, until a person gives
 * the very number back. The guard reads only counts.
 */
import type { Limit, Limits, Mapping, Side } from '../config/config.ts'
import type { MappingCounts } from './plan.ts'

export type Counted = 'deletes' | 'updates' | 'creates'
const kinds: readonly Counted[] = ['deletes', 'updates', 'creates']

/** A person's word: `deletes=41`, `sales.deletes=41`, `customer-account.deletes=41` or `customer-account.sales.deletes=41`. */
export interface Acceptance {
  readonly mapping?: string | undefined
  readonly side?: Side | undefined
  readonly kind: Counted
  readonly count: number
}

/** One count over its limit. */
export interface Excess {
  readonly mapping: string
  readonly side: Side
  readonly kind: Counted
  readonly count: number
  readonly allowed: number
  readonly coupled: number
  /** What to give back, e.g. `customer-account.sales.deletes=41`. */
  readonly accept: string
}

/** The limits of mappings by name. */
export function limitsIn(mappings: readonly Mapping[]): (name: string) => Limits {
  const limits = new Map(mappings.map((mapping) => [mapping.name, mapping.limits]))
  return (name) => limits.get(name) as Limits
}

/** The counts that exceed their limits and were not accepted. */
export function excesses(
  counts: readonly MappingCounts[],
  limitsOf: (mapping: string) => Limits,
  accepted: readonly Acceptance[],
): readonly Excess[] {
  return counts.flatMap((count) =>
    kinds.flatMap((kind) => excessOf(count, kind, limitsOf(count.mapping)[kind], accepted)),
  )
}

function excessOf(
  counts: MappingCounts,
  kind: Counted,
  limit: Limit,
  accepted: readonly Acceptance[],
): readonly Excess[] {
  const { mapping, side, coupled } = counts
  const count = counts[kind]
  const allowed = allowance(limit, coupled)
  if (count <= allowed || accepted.some((word) => covers(word, counts, kind))) return []
  return [{ mapping, side, kind, count, allowed, coupled, accept: `${mapping}.${side}.${kind}=${count}` }]
}

/**
 * The smaller of the two counts. A share is of the coupled records and rounded up; before anything is coupled there is
 * nothing to take a share of, and only the absolute number counts.
 */
export function allowance(limit: Limit, coupled: number): number {
  const share = limit.share === undefined || coupled === 0 ? Infinity : roundedUp(limit.share * coupled)
  return Math.min(limit.count ?? Infinity, share)
}

/** A share of 7 % of 100 is 7, not the 8 that 7.000000000000001 would round up to. */
const roundedUp = (count: number): number => Math.ceil(Number(count.toFixed(9)))

/** The most that may be written of a kind: what was planned and let through, what the limits allow, what a person accepted. */
export function ceilingOf(counts: MappingCounts, kind: Counted, limit: Limit, accepted: readonly Acceptance[]): number {
  const words = accepted.filter((word) => word.kind === kind && speaksOf(word, counts)).map(({ count }) => count)
  return Math.max(counts[kind], allowance(limit, counts.coupled), ...words)
}

/** The word answers this plan and no larger one. */
function covers(word: Acceptance, counts: MappingCounts, kind: Counted): boolean {
  return word.kind === kind && counts[kind] <= word.count && speaksOf(word, counts)
}

const speaksOf = (word: Acceptance, { mapping, side }: MappingCounts): boolean =>
  (word.mapping === undefined || word.mapping === mapping) && (word.side === undefined || word.side === side)

/** Reads `--accept` words, separated by commas; returns the words that make no sense apart. */
export function parseAcceptances(texts: readonly string[]): {
  readonly accepted: readonly Acceptance[]
  readonly wrong: readonly string[]
} {
  const accepted: Acceptance[] = []
  const wrong: string[] = []
  for (const text of texts
    .flatMap((part) => part.split(','))
    .map((part) => part.trim())
    .filter((part) => part !== '')) {
    const parts =
      /^(?:(?!sales\.\w+=)([a-z0-9][a-z0-9-]*)\.)?(?:(businessCentral|sales)\.)?(deletes|updates|creates)=(\d+)$/.exec(
        text,
      )
    if (parts === null) wrong.push(text)
    else
      accepted.push({
        mapping: parts[1],
        side: parts[2] as Side | undefined,
        kind: parts[3] as Counted,
        count: Number(parts[4]),
      })
  }
  return { accepted, wrong }
}
