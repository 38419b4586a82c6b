/**
 * Two histories of one mapping's state made one: what each runner knew is kept. Pure, and the same whichever of the two
 * is called ours. `base` is the state both began from; without it nothing that either knows counts as removed.
 *
 * Keeps P1 and P7: no coupling, held record or unfinished write is lost; where both read on from the same watermark the
 * earlier one counts, because reading twice is harmless. Keeps P2: of a pair that both wrote, a field row keeps its base
 * where the two say the same or only one has gone on; the next run meets the others as for the first time and holds what
 * differs. A blank is no difference there, so a base that is given up needlessly would fill again what somebody emptied.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Side } from '../config/config.ts'
import type { CoupledLines, Coupling, Held, Versions } from '../core/coupling.ts'
import { anyVersion, couplingId } from '../core/coupling.ts'
import { instantOf } from '../core/instant.ts'
import type { Watermark } from '../core/watermark.ts'
import { emptyContent } from './mapping-content.ts'
import type { MappingContent } from './mapping-content.ts'

/** What both began from, if that is known, and what became of it. */
export interface Histories<T> {
  readonly base: T | undefined
  readonly ours: T
  readonly theirs: T
}

export interface MergedContent {
  readonly content: MappingContent
  /** Pairs that contradict each other: none is kept, their records are held. */
  readonly contradictions: readonly Coupling[]
}

/** Joins two histories of a mapping. `now` (ISO 8601) is when contradicting records began to wait. */
export function mergeContent(of: Histories<MappingContent>, now: string): MergedContent {
  const { base, ours, theirs } = of
  if (same(ours, theirs) || (base !== undefined && same(theirs, base))) return { content: ours, contradictions: [] }
  if (base !== undefined && same(ours, base)) return { content: theirs, contradictions: [] }
  const pick = <T>(part: (content: MappingContent) => T): Histories<T> => ({
    base: base === undefined ? undefined : part(base),
    ours: part(ours),
    theirs: part(theirs),
  })
  const { kept, contradictions } = consistent(mergeCouplings(of), disputedIn(of))
  const hash = threeWay(pick((content) => content.hash))
  const content: MappingContent = {
    hash: hash.agreed ? hash.value : undefined,
    couplings: kept,
    held: mergeHeld(
      pick((one) => one.held),
      { kept, contradictions, now },
    ),
    intents: mergeRows(
      pick((one) => one.intents),
      ({ id }) => id,
      byText,
    ),
    // The id of a layout is a hash of its rows: what is there twice is the same.
    layouts: { ...theirs.layouts, ...ours.layouts },
    watermarks: hash.agreed ? mergeWatermarks(pick((one) => one.watermarks)) : {},
    generations: {
      businessCentral: highest(ours.generations.businessCentral, theirs.generations.businessCentral),
      sales: highest(ours.generations.sales, theirs.generations.sales),
    },
    counted: highest(ours.counted, theirs.counted),
    watched: mergeWatched(pick((one) => one.watched)),
  }
  return { content, contradictions }
}

/** A value that one history changed is the changed one; `agreed` false when both did, differently. */
function threeWay<T>({ base, ours, theirs }: Histories<T>): { readonly agreed: boolean; readonly value: T } {
  if (same(ours, theirs)) return { agreed: true, value: ours }
  if (base !== undefined && same(base, ours)) return { agreed: true, value: theirs }
  if (base !== undefined && same(base, theirs)) return { agreed: true, value: ours }
  return { agreed: false, value: ours }
}

/** Rows by id. One that a history removed is gone only when the other left it as both had found it. */
export function mergeRows<T extends object>(
  { base, ours, theirs }: Histories<readonly T[]>,
  idOf: (row: T) => string,
  both: (a: T, b: T, was: T | undefined) => T,
): readonly T[] {
  const index = (rows: readonly T[]): ReadonlyMap<string, T> => new Map(rows.map((row) => [idOf(row), row]))
  const [before, mine, others] = [index(base ?? []), index(ours), index(theirs)]
  return [...new Set([...mine.keys(), ...others.keys()])].toSorted(compare).flatMap((id) => {
    const [was, one, other] = [before.get(id), mine.get(id), others.get(id)]
    if (one !== undefined && other !== undefined) {
      const { agreed, value } = threeWay({ base: was, ours: one, theirs: other })
      return agreed ? value : both(one, other, was)
    }
    const left = one ?? other
    return left === undefined || (was !== undefined && same(was, left)) ? [] : left
  })
}

/**
 * Whether a person uncoupled the pair in the history that lacks it. That counts at both records; of a pair that is not
 * known to have been there, one count alone tells of another partner.
 */
function uncoupledBy(remover: MappingContent, keeper: MappingContent, coupling: Coupling, wasThere: boolean): boolean {
  const grew = sides.filter((side) => {
    const { id } = coupling[side]
    return (own(remover.generations[side], id) ?? 0) > (own(keeper.generations[side], id) ?? 0)
  })
  return grew.length === sides.length || (wasThere && grew.length > 0)
}

const pairsIn = (content: MappingContent | undefined): ReadonlySet<string> =>
  new Set((content?.couplings ?? []).map(couplingId))

/** A pair that a person uncoupled in one history (its generation grew there) is not brought back by the other. */
function mergeCouplings({ base, ours, theirs }: Histories<MappingContent>): readonly Coupling[] {
  const before = pairsIn(base)
  const without = (keeper: MappingContent, remover: MappingContent): readonly Coupling[] => {
    const known = pairsIn(remover)
    return keeper.couplings.filter((coupling) => {
      const id = couplingId(coupling)
      return known.has(id) || !uncoupledBy(remover, keeper, coupling, before.has(id))
    })
  }
  const rows = { base: base?.couplings, ours: without(ours, theirs), theirs: without(theirs, ours) }
  return mergeRows(rows, couplingId, bothChanged)
}

/** Both wrote this pair, differently: which versions it was left with cannot be told any more. */
function bothChanged(a: Coupling, b: Coupling, was: Coupling | undefined): Coupling {
  const { lines: _lines, ours: _ours, ...plain } = byText(a, b)
  const lines = mergeLines(a.lines, b.lines, was?.lines)
  const ours = mergeOurs(a.ours, b.ours)
  const unfinished = a.unfinished === 'new' ? a.unfinished : (b.unfinished ?? a.unfinished)
  return {
    ...plain,
    businessCentral: { ...plain.businessCentral, version: undefined },
    sales: { ...plain.sales, version: undefined },
    base: mergeBases(plain.layout, a, b, was),
    ...(unfinished !== undefined && { unfinished }),
    ...(ours !== undefined && { ours }),
    ...((a.ended ?? b.ended) !== undefined && {
      ended: byText({ at: a.ended ?? b.ended }, { at: b.ended ?? a.ended }).at,
    }),
    ...(lines !== undefined && { lines }),
  }
}

/** What one history knows our write to have left on a side; whichever it is, where the two know different versions. */
function mergeOurs(a: Versions | undefined, b: Versions | undefined): Versions | undefined {
  if (a === undefined || b === undefined) return a ?? b
  const on = (side: Side): string | undefined => {
    const [one, other] = [a[side] ?? b[side], b[side] ?? a[side]]
    return one === other ? one : anyVersion
  }
  return { businessCentral: on('businessCentral'), sales: on('sales') }
}

type Based = Pick<Coupling, 'layout' | 'base'>

/**
 * The packed base, row by row: what both say, or what the one says that has gone on since both began. Empty where that
 * cannot be told.
 */
function mergeBases(layout: string, a: Based, b: Based, was: Based | undefined): string {
  const rowsOf = (of: Based | undefined): readonly string[] => (of?.layout === layout ? of.base.split(',') : [])
  const [ours, theirs, before] = [rowsOf(a), rowsOf(b), rowsOf(was)]
  if (ours.length !== theirs.length) return ''
  const rows = ours.map((row, at) => {
    const { agreed, value } = threeWay({ base: before[at], ours: row, theirs: theirs[at] })
    return agreed ? value : ''
  })
  return rows.every((row) => row === '') ? '' : rows.join(',')
}

/** The bases of pairs of lines, by the keys of both. */
const based = (of: CoupledLines | undefined): ReadonlyMap<string, Based> =>
  new Map(
    (of?.pairs ?? []).map(([one, other, base]) => [JSON.stringify([one, other]), { layout: of?.layout ?? '', base }]),
  )

/** All pairs of lines; those that were paired differently are paired anew by the next run. */
function mergeLines(
  a: CoupledLines | undefined,
  b: CoupledLines | undefined,
  was: CoupledLines | undefined,
): CoupledLines | undefined {
  if (a === undefined || b === undefined) return a ?? b
  const { layout } = byText(a, b)
  const [ours, theirs, before] = [based(a), based(b), based(was)]
  const pairs = [...new Set([...ours.keys(), ...theirs.keys()])].map((id) => {
    const [one, other] = JSON.parse(id) as [string, string]
    const [mine, others] = [ours.get(id), theirs.get(id)]
    const base = mine === undefined || others === undefined ? '' : mergeBases(layout, mine, others, before.get(id))
    return [one, other, base] as const
  })
  const alone = pairs.filter(
    (pair) => pairs.filter((other) => other[0] === pair[0] || other[1] === pair[1]).length === 1,
  )
  const sought = new Map([...(a.sought ?? []), ...(b.sought ?? [])].map((line) => [JSON.stringify(line), line]))
  return {
    layout,
    pairs: alone.toSorted((x, y) => compare(x[0], y[0])),
    ...(sought.size > 0 && { sought: [...sought.values()].toSorted((x, y) => compare(x[1], y[1])) }),
  }
}

/** Both records of a pair, as names that differ between the sides. */
const names = (coupling: Coupling): readonly string[] => sides.map((side) => `${side}|${coupling[side].id}`)

/** Whether one history lacks the pair because it holds one of its records for a contradiction that nobody has decided. */
function disputedIn({ ours, theirs }: Histories<MappingContent>): (coupling: Coupling) => boolean {
  const histories = [ours, theirs].map((content) => ({
    pairs: pairsIn(content),
    waiting: new Set(content.held.filter(({ code }) => code === contradicting).map(heldId)),
  }))
  return (coupling) =>
    histories.some(
      ({ pairs, waiting }) =>
        !pairs.has(couplingId(coupling)) && sides.some((side) => waiting.has(heldId({ side, id: coupling[side].id }))),
    )
}

/**
 * A record has at most one partner: pairs that share a record contradict each other, and none of them is kept. What was
 * found contradicting before stays so, until a person has decided.
 */
function consistent(
  couplings: readonly Coupling[],
  isDisputed: (coupling: Coupling) => boolean,
): {
  kept: readonly Coupling[]
  contradictions: readonly Coupling[]
} {
  const often = new Map<string, number>()
  for (const name of couplings.flatMap(names)) often.set(name, (often.get(name) ?? 0) + 1)
  const isAlone = (coupling: Coupling): boolean =>
    names(coupling).every((name) => often.get(name) === 1) && !isDisputed(coupling)
  return { kept: couplings.filter(isAlone), contradictions: couplings.filter((coupling) => !isAlone(coupling)) }
}

interface Paired {
  readonly kept: readonly Coupling[]
  readonly contradictions: readonly Coupling[]
  readonly now: string
}

const heldId = ({ side, id }: Pick<Held, 'side' | 'id'>): string => `${side}|${id}`

/** What waits for a partner and has got one in the other history waits no more. */
function mergeHeld(of: Histories<readonly Held[]>, { kept, contradictions, now }: Paired): readonly Held[] {
  const paired = new Set(kept.flatMap((coupling) => sides.map((side) => heldId({ side, id: coupling[side].id }))))
  const disputed = new Map(
    contradictions.flatMap((coupling) =>
      sides.map((side) => [heldId({ side, id: coupling[side].id }), contradiction(coupling, side, now)] as const),
    ),
  )
  const rows = mergeRows(of, heldId, moreUrgent).filter(
    (held) =>
      (held.code === contradicting || !disputed.has(heldId(held))) &&
      !((held.kind === 'no-partner' || held.kind === 'ambiguous') && paired.has(heldId(held))),
  )
  const [ours, theirs] = [of.ours, of.theirs].map((list) => new Map(list.map((held) => [heldId(held), held])))
  const told = rows.map((held) => {
    const isAgreed = same(ours?.get(heldId(held)), theirs?.get(heldId(held)))
    // What only one history knows may be settled in the other: the next run looks.
    return isAgreed || held.under === undefined ? held : { ...held, under: undefined }
  })
  for (const { side, id } of told) disputed.delete(heldId({ side, id }))
  return [...told, ...disputed.values()].toSorted((a, b) => compare(heldId(a), heldId(b)))
}

/** Code of what waits because two histories coupled it differently. */
const contradicting = 'TwoHistories'

const contradiction = (coupling: Coupling, side: Side, now: string): Held => ({
  side,
  id: coupling[side].id,
  kind: 'ambiguous',
  code: contradicting,
  number: Object.values(coupling[side].keys).join(' ') || undefined,
  fields: [],
  message: 'Two runners coupled it with different records, or its partner with another record.',
  remedy: 'Look at the records in both services and couple the right ones: couplet couple MAPPING.',
  since: now,
  attempts: 0,
})

/** A person's decision counts before none, then a contradiction, then more attempts. */
function moreUrgent(a: Held, b: Held): Held {
  if ((a.decision === undefined) !== (b.decision === undefined)) return a.decision === undefined ? b : a
  if ((a.code === contradicting) !== (b.code === contradicting)) return a.code === contradicting ? a : b
  if (a.attempts !== b.attempts) return a.attempts > b.attempts ? a : b
  return byText(a, b)
}

/** Where the two differ: the ancestor's; without one the earlier stamp. A token that is unknown to both reads whole. */
function mergeWatermarks({
  base,
  ours,
  theirs,
}: Histories<MappingContent['watermarks']>): MappingContent['watermarks'] {
  const names = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].toSorted(compare)
  return Object.fromEntries(
    names.flatMap((name) => {
      const [one, other] = [own(ours, name), own(theirs, name)]
      const mark = same(one, other) ? one : base === undefined ? earlier(one, other) : own(base, name)
      return mark === undefined ? [] : [[name, mark]]
    }),
  )
}

function earlier(a: Watermark | undefined, b: Watermark | undefined): Watermark | undefined {
  if (a?.kind !== 'stamp' || b?.kind !== 'stamp') return undefined
  return (instantOf(a.at) ?? 0) <= (instantOf(b.at) ?? 0) ? a : b
}

const watchedIds = (of: MappingContent['watched'] | undefined, name: string): readonly { id: string }[] =>
  (own(of ?? {}, name) ?? []).map((id) => ({ id }))

function mergeWatched({ base, ours, theirs }: Histories<MappingContent['watched']>): MappingContent['watched'] {
  const names = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].toSorted(compare)
  // What one history has seen of joined rows, the other's couplings may not know: it is looked at again.
  const kept = names.filter((name) => !name.includes('/seen/'))
  return Object.fromEntries(
    kept.flatMap((name) => {
      const all = { base: watchedIds(base, name), ours: watchedIds(ours, name), theirs: watchedIds(theirs, name) }
      const ids = mergeRows(all, ({ id }) => id, byText).map(({ id }) => id)
      return ids.length === 0 ? [] : [[name, ids]]
    }),
  )
}

/** The higher number of each name: counters only grow, and a larger count makes the guard the more careful. */
function highest<T extends Readonly<Partial<Record<string, number>>>>(a: T, b: T): T {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted(compare)
  return Object.fromEntries(names.map((name) => [name, Math.max(own(a, name) ?? 0, own(b, name) ?? 0)])) as T
}

/** A record may be called `constructor`: what every object has is nothing that was remembered. */
const own = <T>(record: Readonly<Partial<Record<string, T>>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined

/** What is known of a mapping that only one history has. */
export const contentOr = (content: MappingContent | undefined): MappingContent => content ?? emptyContent

const sides = ['businessCentral', 'sales'] as const
const plain = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))
const same = (a: unknown, b: unknown): boolean => isDeepStrictEqual(plain(a), plain(b))
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/** One of two, the same whichever comes first: nothing but their text decides. */
export const byText = <T>(a: T, b: T): T => (JSON.stringify(a) <= JSON.stringify(b) ? a : b)
