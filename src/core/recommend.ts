/**
 * What the first run of a mapping had best do (native U-02), from the records without a partner on both sides. Pure.
 * Native counts one side without the mapping's filter; here both sides are counted inside it.
 */
import { type BySide, type Mapping, otherSide, sides, travelsTo } from '../config/config.ts'

/** full: create what is missing; couple: look for pairs first; nothing: there is nothing to do. */
export type Recommendation = 'full' | 'couple' | 'nothing'

/** What a recommendation is made from. */
export interface Standing {
  /** Records inside the filter that have no partner, without those that the service brought along itself. */
  readonly unpaired: BySide<number>
  /** Pairs that exist already. */
  readonly coupled: number
}

/** A recommendation with its reason in a few words. */
export interface Recommended {
  readonly kind: Recommendation
  readonly because: string
}

type Traits = Pick<Mapping, 'direction' | 'firstRun' | 'sales'>

/** The recommendation for one mapping. */
export function recommend(mapping: Traits, { unpaired, coupled }: Standing): Recommended {
  if (mapping.firstRun === 'full')
    return { kind: 'full', because: 'the mapping says so: what matches is coupled, and no choice is to be made' }
  const sources = sides.filter((side) => travelsTo(mapping.direction, otherSide(side)))
  if (sources.every((side) => unpaired[side] === 0))
    return { kind: 'nothing', because: coupled > 0 ? 'every record has its partner' : 'there are no records' }
  if (mapping.firstRun === 'couple') return { kind: 'couple', because: 'the mapping says so' }
  if (mapping.sales.entity?.kind === 'choice')
    return { kind: 'couple', because: 'options are matched by their labels and not made unasked' }
  if (sides.every((side) => unpaired[side] > 0))
    return { kind: 'couple', because: 'both sides hold records: see that pairs are found before any is made' }
  return { kind: 'full', because: 'only one side holds records' }
}
