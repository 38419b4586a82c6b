/**
 * Finding the partner of records without a coupling, over the keys of both sides and before anything is created.
 * Groups are tried in order; inside a group all values agree (native K-03). A pair is found only when exactly one
 * record on each side has the key and neither is coupled; several are held.
 */
import { type BySide, type Side, otherSide, sides } from '../config/config.ts'
import type { Found, Rivals } from './reconcile.ts'

/** The match keys of one record: a hash for each group, undefined where one of the group's values is blank. */
export interface Candidate {
  readonly id: string
  readonly keys: readonly (string | undefined)[]
  readonly coupled: boolean
}

/** Pairs that a person took apart are not matched again by themselves. */
export type Apart = (businessCentral: string, sales: string) => boolean

/** What was found for each record of each side that has no coupling. */
export function matchRecords(
  candidates: BySide<Iterable<Candidate>>,
  groups: number,
  apart: Apart,
): BySide<Map<string, Found>> {
  const all = { businessCentral: [...candidates.businessCentral], sales: [...candidates.sales] }
  const found: BySide<Map<string, Found>> = { businessCentral: new Map(), sales: new Map() }
  for (let group = 0; group < groups; group++) matchGroup(sharedKeys(all, group), found, apart)
  for (const side of sides) {
    for (const candidate of all[side]) if (isOpen(candidate, found[side])) found[side].set(candidate.id, nobody)
  }
  return found
}

const nobody: Found = { kind: 'none' }

function matchGroup(
  shared: Iterable<BySide<readonly Candidate[]>>,
  found: BySide<Map<string, Found>>,
  apart: Apart,
): void {
  for (const { businessCentral, sales } of shared) {
    const pair = onlyPair(businessCentral, sales)
    if (pair !== undefined && isSettled(pair, apart)) continue
    if (pair !== undefined && sides.every((side) => isOpen(pair[side], found[side]))) {
      for (const side of sides) found[side].set(pair[side].id, { kind: 'one', id: pair[otherSide(side)].id })
      continue
    }
    const several: Found = { kind: 'several', rivals: rivalsIn({ businessCentral, sales }, pair, found) }
    for (const side of sides) holdOpen({ businessCentral, sales }[side], found[side], several)
  }
}

/** Of many with the same key so many of a side are told: as long as two of them stand, it stays undecided. */
const rivalsMost = 4

/** Whose change could decide it: those with the same key; of a pair of which one is taken also those that took it. */
function rivalsIn(
  { businessCentral, sales }: BySide<readonly Candidate[]>,
  pair: BySide<Candidate> | undefined,
  found: BySide<Map<string, Found>>,
): Rivals {
  const alike = { businessCentral: idsOf(businessCentral), sales: idsOf(sales) }
  if (pair === undefined) return alike
  const takers = sides.map((side) => takersOf(side, found[side].get(pair[side].id)))
  const together = (side: Side): string[] => [...alike[side], ...takers.flatMap(({ [side]: ids }) => ids)]
  return { businessCentral: unique(together('businessCentral')), sales: unique(together('sales')) }
}

const idsOf = (candidates: readonly Candidate[]): readonly string[] =>
  candidates.slice(0, rivalsMost).map(({ id }) => id)
const unique = (ids: readonly string[]): readonly string[] => [...new Set(ids)]

/** Who keeps a record from being a partner, by what an earlier group found for it. */
function takersOf(side: Side, found: Found | undefined): Rivals {
  if (found?.kind === 'several') return found.rivals
  if (found?.kind !== 'one') return { businessCentral: [], sales: [] }
  return side === 'sales' ? { businessCentral: [found.id], sales: [] } : { businessCentral: [], sales: [found.id] }
}

/** The candidates of both sides for each key that both have. Only the smaller side is indexed whole (P10). */
function* sharedKeys(all: BySide<readonly Candidate[]>, group: number): Generator<BySide<readonly Candidate[]>> {
  const smaller: Side = all.sales.length <= all.businessCentral.length ? 'sales' : 'businessCentral'
  const few = byKey(all[smaller], group, () => true)
  if (few.size === 0) return
  const many = byKey(all[otherSide(smaller)], group, (key) => few.has(key))
  for (const [key, candidates] of many) {
    const others = few.get(key) as readonly Candidate[]
    yield smaller === 'sales'
      ? { businessCentral: candidates, sales: others }
      : { businessCentral: others, sales: candidates }
  }
}

function byKey(
  candidates: readonly Candidate[],
  group: number,
  wanted: (key: string) => boolean,
): Map<string, Candidate[]> {
  const made = new Map<string, Candidate[]>()
  for (const candidate of candidates) {
    const key = candidate.keys[group]
    if (key === undefined || !wanted(key)) continue
    const same = made.get(key)
    if (same === undefined) made.set(key, [candidate])
    else same.push(candidate)
  }
  return made
}

function onlyPair(ours: readonly Candidate[], theirs: readonly Candidate[]): BySide<Candidate> | undefined {
  const [businessCentral] = ours
  const [sales] = theirs
  if (ours.length > 1 || theirs.length > 1 || businessCentral === undefined || sales === undefined) return undefined
  return { businessCentral, sales }
}

const isSettled = ({ businessCentral, sales }: BySide<Candidate>, apart: Apart): boolean =>
  apart(businessCentral.id, sales.id) || (businessCentral.coupled && sales.coupled)

const isOpen = (candidate: Candidate, found: Map<string, Found>): boolean =>
  !candidate.coupled && !found.has(candidate.id)

function holdOpen(candidates: readonly Candidate[], found: Map<string, Found>, several: Found): void {
  for (const candidate of candidates) if (isOpen(candidate, found)) found.set(candidate.id, several)
}
