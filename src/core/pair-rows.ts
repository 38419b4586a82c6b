/**
 * Which of many named pairs may be coupled: each record has one partner, pairs are not crosswise, and what is coupled
 * already stays. Pure; keeps P1 where couplings come from outside.
 */
import type { BySide, Side } from '../config/config.ts'
import { otherSide, sides } from '../config/config.ts'
import { couplingId } from './coupling.ts'

/** A pair that somebody names, with what both records are matched by, where that is known. */
export interface NamedPair extends BySide<{ readonly id: string; readonly key: string | undefined }> {
  readonly at: string
}

export type PairVerdict =
  | { readonly kind: 'new' }
  /** Coupled already, or named before. */
  | { readonly kind: 'known' }
  | { readonly kind: 'refused'; readonly message: string; readonly remedy: string }

/** The verdict on each pair, in their order. `partner`: whom a record is coupled with already. */
export function judgePairs(
  pairs: readonly NamedPair[],
  partner: (side: Side, id: string) => string | undefined,
): readonly PairVerdict[] {
  const places = { businessCentral: placesBy(pairs, 'businessCentral'), sales: placesBy(pairs, 'sales') }
  const byKey = new Map(pairs.flatMap((pair) => (pair.sales.key === undefined ? [] : [[pair.sales.key, pair]])))
  const seen = new Set<string>()
  return pairs.map((pair) => {
    const id = couplingId(pair)
    if (seen.has(id)) return { kind: 'known' }
    seen.add(id)
    return manyPartners(pair, places) ?? coupledAlready(pair, partner) ?? crosswise(pair, byKey) ?? { kind: 'new' }
  })
}

/** Record → its partners in the file → where they stand. */
type Places = ReadonlyMap<string, ReadonlyMap<string, string>>

function placesBy(pairs: readonly NamedPair[], side: Side): Places {
  const places = new Map<string, Map<string, string>>()
  for (const pair of pairs) {
    const partners = places.get(pair[side].id) ?? new Map<string, string>()
    if (!partners.has(pair[otherSide(side)].id)) partners.set(pair[otherSide(side)].id, pair.at)
    places.set(pair[side].id, partners)
  }
  return places
}

const refused = (message: string, remedy: string): PairVerdict => ({ kind: 'refused', message, remedy })
const nameOf = { businessCentral: 'Business Central', sales: 'Sales' } as const

function manyPartners(pair: NamedPair, places: BySide<Places>): PairVerdict | undefined {
  for (const side of sides) {
    const partners = places[side].get(pair[side].id) as ReadonlyMap<string, string>
    if (partners.size < 2) continue
    const others = [...partners.values()].filter((at) => at !== pair.at)
    return refused(
      `one record of ${nameOf[side]} is named with ${partners.size} partners (also in ${others.join(', ')})`,
      'Keep the row that is right and leave the others out.',
    )
  }
  return undefined
}

function coupledAlready(
  pair: NamedPair,
  partner: (side: Side, id: string) => string | undefined,
): PairVerdict | undefined {
  for (const side of sides) {
    const there = partner(side, pair[side].id)
    if (there === undefined) continue
    if (there === pair[otherSide(side)].id) return { kind: 'known' }
    return refused(
      `its record of ${nameOf[side]} is coupled with another one (${there})`,
      'Uncouple that pair first, or leave the row out.',
    )
  }
  return undefined
}

/** What one record is matched by is what another pair's partner has, and not its own partner. */
function crosswise(pair: NamedPair, byKey: ReadonlyMap<string, NamedPair>): PairVerdict | undefined {
  const { key } = pair.businessCentral
  const meant = key === undefined ? undefined : byKey.get(key)
  if (meant === undefined || meant.sales.id === pair.sales.id || key === pair.sales.key) return undefined
  return refused(
    `the pairs may be crosswise: by the match rules its partner is the one in ${meant.at}`,
    'Look at both records; correct the file, or couple the pair by hand.',
  )
}
