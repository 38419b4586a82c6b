/**
 * Finding the partner of records without a coupling, over the keys of both sides and before anything is created.
 * Groups are tried in order; inside a group all values agree (native K-03). A pair is found only when exactly one
 * record on each side has the key and neither is coupled; several are held.
 */
import { type BySide, otherSide, sides } from '../config/config.ts'
import type { Found } from './reconcile.ts'

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
  const index = { businessCentral: new KeyIndex(candidates.businessCentral), sales: new KeyIndex(candidates.sales) }
  const found: BySide<Map<string, Found>> = { businessCentral: new Map(), sales: new Map() }
  for (let group = 0; group < groups; group++) matchGroup(index, group, found, apart)
  for (const side of sides) {
    for (const candidate of index[side].all) {
      if (isOpen(candidate, found[side])) found[side].set(candidate.id, { kind: 'none' })
    }
  }
  return found
}

function matchGroup(index: BySide<KeyIndex>, group: number, found: BySide<Map<string, Found>>, apart: Apart): void {
  for (const [key, ours] of index.businessCentral.group(group)) {
    const theirs = index.sales.group(group).get(key)
    if (theirs === undefined) continue
    const pair = onlyPair(ours, theirs)
    if (pair !== undefined && isSettled(pair, apart)) continue
    if (pair !== undefined && sides.every((side) => isOpen(pair[side], found[side]))) {
      for (const side of sides) found[side].set(pair[side].id, { kind: 'one', id: pair[otherSide(side)].id })
      continue
    }
    holdOpen(ours, found.businessCentral)
    holdOpen(theirs, found.sales)
  }
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

function holdOpen(candidates: readonly Candidate[], found: Map<string, Found>): void {
  for (const candidate of candidates) if (isOpen(candidate, found)) found.set(candidate.id, { kind: 'several' })
}

/** Candidates of one side by group and key. */
class KeyIndex {
  readonly all: Candidate[]
  readonly #groups = new Map<number, Map<string, Candidate[]>>()

  constructor(candidates: Iterable<Candidate>) {
    this.all = [...candidates]
  }

  group(group: number): Map<string, Candidate[]> {
    const known = this.#groups.get(group)
    if (known !== undefined) return known
    const made = new Map<string, Candidate[]>()
    for (const candidate of this.all) {
      const key = candidate.keys[group]
      if (key === undefined) continue
      const same = made.get(key)
      if (same === undefined) made.set(key, [candidate])
      else same.push(candidate)
    }
    this.#groups.set(group, made)
    return made
  }
}
