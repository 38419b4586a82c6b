/**
 * Deciding a pair field by field: what is to be written where, what must wait for a coupling or for a person. Keeps P2
 * and P9 at the level of fields. Everything it needs is handed in; it is async only because expressions are.
 */
import { type BySide, type FirstMatch, type Mapping, type Side, otherSide, sides } from '../config/config.ts'
import { type Base, type Prints, isDoubtful } from './base.ts'
import type { RecordQuery } from './carry.ts'
import { type Decision, type Versions, anyVersion } from './coupling.ts'
import type { DecidedLines } from './decide-lines.ts'
import { ExpressionError, orFailure } from './expression.ts'
import { versionOf } from './fingerprint.ts'
import type { CompiledField } from './mapping.ts'
import type { NumberQuery } from './number-pattern.ts'
import { type Did, type FieldVerdict, mergeField } from './merge.ts'
import {
  type Deciding,
  type OfferContext,
  type Offers,
  type Wait,
  isBlank,
  offersOf,
  printOf,
  shownValues,
} from './offer.ts'
import type { WriteReason } from './plan.ts'
import type { Cell, Loaded, Row } from './record.ts'
import type { Canonical } from './values.ts'

/** All that is known when a pair is decided. */
export interface PairFacts {
  readonly rows: BySide<Loaded>
  readonly base: Base
  /** first: the records meet for the first time. */
  readonly meeting: 'first' | 'known'
  /** Field rows whose first meeting was held: without a base although the coupling knows them. */
  readonly pending?: ReadonlySet<string>
  /** One of them is outside the filter: only rows marked `outside` travel. */
  readonly paused: boolean
  /** Versions that our own write left. */
  readonly ours?: Versions | undefined
  /** When each was edited last, where its own stamp does not tell: another mapping of this run may have written it since. */
  readonly stamps?: BySide<string | undefined>
  readonly decision: Decision | undefined
  /** What each side said in a field, by its name, when it was held: a decision is about that. */
  readonly seen?: Readonly<Record<string, Prints>> | undefined
  /** Pages that the service does not publish. */
  readonly missingPages: ReadonlySet<string>
  /** Sides that may be written now (a one-off run in one direction). */
  readonly writable: BySide<boolean>
  /** References to mappings that run later are left for the second pass. */
  readonly deferLater: boolean
}

/** One value to be written. */
export interface FieldWrite {
  readonly field: CompiledField
  readonly to: Side
  readonly cell: Cell
  readonly canonical: Canonical
  /** What stood there, for plans. */
  readonly before: Canonical
  /** default: a template's value, instead of or beside what was carried over. */
  readonly why: WriteReason
  /** The row's base once this is written. */
  readonly prints: Prints
}

/** A field row that a person must decide. */
export interface HeldField {
  readonly field: string
  readonly because: 'conflict' | 'different'
  readonly values: BySide<Canonical>
  /** What each side says. */
  readonly prints?: Prints
  /** A person has decided, about what the side that was to give way does not say any more. */
  readonly isOutdated?: true
  /** Whether the one side was edited at all cannot be told: see `doubtful`. */
  readonly isDoubtful?: true
}

/** A field row of which nothing is known, because its expression failed on this record. */
export interface FailedField {
  readonly field: string
  readonly message: string
}

export interface Decided {
  readonly writes: readonly FieldWrite[]
  /** What is written to the source before a record is created from it, so that no other runner takes it. */
  readonly claims: readonly FieldWrite[]
  /** Rows newly in step, with their base. */
  readonly agreed: Base
  /** What both sides say now, in rows where that is not what they last agreed on. */
  readonly said: Base
  readonly held: readonly HeldField[]
  readonly waits: readonly Wait[]
  /** Rows that wait until their expression, or the value that it failed on, is mended: their base stays. */
  readonly failed: readonly FailedField[]
  /** To be looked up before this can be decided whole. */
  readonly asks: readonly (RecordQuery | NumberQuery)[]
  /** Something was to be written to a side that may not be written in this run. */
  readonly left: boolean
  /** The lines of a document. */
  readonly lines?: DecidedLines
}

/** A decision while it is being made. */
export interface Draft {
  readonly writes: FieldWrite[]
  readonly claims: FieldWrite[]
  readonly agreed: Map<string, Prints>
  readonly said: Map<string, Prints>
  readonly held: HeldField[]
  readonly waits: Wait[]
  readonly failed: FailedField[]
  readonly asks: (RecordQuery | NumberQuery)[]
  left: boolean
}
export const emptyDraft = (): Draft => ({
  writes: [],
  claims: [],
  agreed: new Map(),
  said: new Map(),
  held: [],
  waits: [],
  failed: [],
  asks: [],
  left: false,
})

/**
 * Decides every field row of a pair. A row whose expression fails is left as it is and told. Throws ExpressionError when
 * it is one that is written around the others: without it they could not be written either.
 */
export async function decidePair(deciding: Deciding, facts: PairFacts): Promise<Decided> {
  const draft = emptyDraft()
  const context = contextOf(deciding, facts)
  for (const field of deciding.compiled.fields) {
    if (field.field.on !== 'always' || (facts.paused && !field.field.outside)) continue
    if (lacksPage(field, facts.missingPages) || lacksPageRow(deciding, field, facts.rows)) continue
    const offers = await orFailure(offersOf(field, context))
    if (offers instanceof ExpressionError) {
      fail(draft, field, offers)
      continue
    }
    note(draft, offers)
    if (asksFailed(draft, field)) continue
    const verdict = verdictOf(deciding, facts, offers)
    if (verdict.kind === 'write' && !facts.writable[verdict.to] && !field.field.claim) draft.left = true
    else settle(draft, offers, verdict, { deciding, facts })
  }
  return { ...draft, writes: await echoed(deciding, facts.rows, draft) }
}

function note(draft: Draft, { field, before, prints }: Offers): void {
  if (sides.some((side) => prints[side] !== before?.[side])) draft.said.set(field.rowId, prints)
}

function fail(draft: Draft, { field: { name, step } }: CompiledField, error: ExpressionError): void {
  if (step !== 'main') throw error
  draft.failed.push({ field: name, message: error.message })
}

/** A reference that is found by what a failed row says cannot be told either. */
function asksFailed(draft: Draft, { field: { name, lookup } }: CompiledField): boolean {
  const asked = lookup?.kind === 'query' ? Object.values(lookup.where) : []
  const missing = draft.failed.find(({ field }) => asked.some((wanted) => 'field' in wanted && wanted.field === field))
  if (missing !== undefined) draft.failed.push({ field: name, message: missing.message })
  return missing !== undefined
}

/** The writes with their echoes. A row of which the written side could not say what stands there is left as it is. */
async function echoed(deciding: Deciding, rows: PairFacts['rows'], draft: Draft): Promise<readonly FieldWrite[]> {
  const found = await orFailure(withEchoes(deciding, rows, draft.writes))
  if (!(found instanceof ExpressionError)) return found
  const failing = draft.writes.filter(({ field }) => field.field.name === found.row)
  for (const { field } of failing) fail(draft, field, found)
  draft.writes.splice(0, draft.writes.length, ...draft.writes.filter((write) => !failing.includes(write)))
  return echoed(deciding, rows, draft)
}

/** Whether any field row differs from the base, or cannot be told: tells an edit from an echo (P4). */
export async function isEdited(deciding: Deciding, side: Side, row: Row, base: Base): Promise<boolean> {
  for (const field of deciding.compiled.fields) {
    if (field.field.on !== 'always' || !(field.speaks[side] || field.field.refill)) continue
    const prints = base.get(field.rowId)
    if (prints === undefined || (await orFailure(printOf(deciding, field, side, row))) !== prints[side]) return true
  }
  return false
}

/** What is known while the rows of a pair, or of a new record, are gone through. */
export function contextOf(
  deciding: Deciding,
  facts: Pick<PairFacts, 'base' | 'deferLater' | 'decision'> & { readonly rows: OfferContext['rows'] },
): OfferContext {
  return {
    deciding,
    rows: facts.rows,
    base: facts.base,
    deferLater: facts.deferLater,
    translated: { businessCentral: new Map(), sales: new Map() },
    all: facts.decision !== undefined,
  }
}

/** Whether a row needs a page that the service does not publish. */
export const lacksPage = (field: CompiledField, missing: ReadonlySet<string>): boolean =>
  missing.size > 0 && sides.some((side) => field.needs[side].some((page) => missing.has(page)))

/** A record without a row on one of its pages: what stands there can neither be read nor written for it. */
export function lacksPageRow(deciding: Deciding, field: CompiledField, rows: BySide<Loaded>): boolean {
  const { mapping } = deciding.compiled
  return sides.some((side) => {
    const page = field.place[side]?.page
    return (
      page !== undefined && rows[side].row[page] === undefined && mapping[side].with.some(({ name }) => name === page)
    )
  })
}

/** The prints of a row that was carried to one side. */
export const printsTo = (to: Side, source: string, target: string): Prints =>
  to === 'sales' ? { businessCentral: source, sales: target } : { businessCentral: target, sales: source }

function verdictOf(deciding: Deciding, facts: PairFacts, offers: Offers): FieldVerdict {
  const { mapping } = deciding.compiled
  const { field } = offers.field
  const agrees = (side: Side): boolean => {
    const offer = offers.offers[side]
    return offer?.kind === 'value' && offer.canonical === offers.stands[otherSide(side)]
  }
  const taken = takenSide(facts, field.name)
  return mergeField({
    direction: field.direction,
    did: { businessCentral: didSince(offers, 'businessCentral'), sales: didSince(offers, 'sales') },
    agree: agrees('businessCentral') || agrees('sales'),
    blank: { businessCentral: isBlank(offers, 'businessCentral'), sales: isBlank(offers, 'sales') },
    meeting: facts.meeting === 'first' || facts.pending?.has(offers.field.rowId) === true ? 'first' : 'row',
    firstMatch: preferred(facts.decision) ?? firstMatchOf(offers.field, mapping),
    conflicts: isDoubtful(offers.before) ? 'hold' : (field.conflicts ?? mapping.conflicts),
    newest: newestSide(facts),
    refill: field.refill,
    decision: isOutdated(facts, offers) ? undefined : taken,
  })
}

const takenSide = ({ decision }: PairFacts, name: string): Side | undefined =>
  decision?.kind === 'take' ? (decision.fields[name] ?? decision.fields['*']) : undefined

/** Somebody has edited, since it was held, what a person's decision would write over. */
function isOutdated(facts: PairFacts, { field: { field }, prints }: Offers): boolean {
  const taken = takenSide(facts, field.name)
  const seen = facts.seen?.[field.name]
  if (taken === undefined || seen === undefined) return false
  const loser = otherSide(taken)
  return seen[loser] !== prints[loser]
}

/** What a row does where two records meet. */
export const firstMatchOf = ({ field }: CompiledField, mapping: Pick<Mapping, 'firstMatch'>): FirstMatch =>
  field.firstMatch ?? mapping.firstMatch

/** What a person wants of a first meeting, instead of what the mapping says. */
export const preferred = (decision: Decision | undefined): FirstMatch | undefined =>
  decision?.kind === 'prefer' ? { blank: 'fill', different: decision.side } : undefined

function didSince(offers: Offers, side: Side): Did {
  if (offers.before === undefined) return 'new'
  return !offers.field.speaks[side] || offers.before[side] === offers.prints[side] ? 'same' : 'changed'
}

function settle(
  draft: Draft,
  offers: Offers,
  verdict: FieldVerdict,
  { deciding, facts }: { readonly deciding: Deciding; readonly facts: PairFacts },
): void {
  switch (verdict.kind) {
    case 'in-step':
      return agree(draft, offers)
    case 'leave':
      return
    case 'write':
      return write(draft, offers, verdict, deciding)
    case 'hold':
      if (!postponed(draft, offers)) {
        draft.held.push({
          field: offers.field.field.name,
          because: verdict.because,
          values: shownValues(offers),
          prints: offers.prints,
          ...(isOutdated(facts, offers) && { isOutdated: true }),
          ...(isDoubtful(offers.before) && { isDoubtful: true }),
        })
      }
  }
}

/**
 * A reference that cannot be told yet is not a difference: it waits, or is asked for, instead. Where the other side's
 * value is known and differs, and nothing in this run can tell more, it is a difference that a person can decide.
 */
function postponed(draft: Draft, offers: Offers): boolean {
  const both = sides.map((side) => offers.offers[side])
  const waits = both.flatMap((offer) => (offer?.kind === 'wait' ? [offer.wait] : []))
  const asks = both.flatMap((offer) => (offer?.kind === 'ask' ? [offer.query] : []))
  const soon = asks.length > 0 || waits.some(({ policy }) => policy === 'defer')
  const waiting = soon || (waits.length > 0 && !both.some((offer) => offer?.kind === 'value'))
  draft.asks.push(...asks)
  draft.waits.push(...waits.filter(({ policy }) => waiting || policy === 'sync'))
  return waiting
}

function agree(draft: Draft, offers: Offers): void {
  const { prints, field } = offers
  if (draft.said.has(field.rowId)) draft.agreed.set(field.rowId, prints)
}

function write(
  draft: Draft,
  offers: Offers,
  verdict: Extract<FieldVerdict, { kind: 'write' }>,
  deciding: Deciding,
): void {
  const { field } = offers
  const offer = offers.offers[otherSide(verdict.to)]
  if (offer === undefined || offer.kind === 'keep' || field.place[verdict.to] === undefined) return agree(draft, offers)
  if (offer.kind === 'wait') draft.waits.push(offer.wait)
  else if (offer.kind === 'ask') draft.asks.push(offer.query)
  else {
    const { cell, canonical: after } = offer
    const prints = printsTo(verdict.to, offers.prints[otherSide(verdict.to)] as string, deciding.fingerprint(after))
    draft.writes.push({
      field,
      to: verdict.to,
      cell,
      canonical: after,
      before: offers.stands[verdict.to],
      why: verdict.why,
      prints,
    })
  }
}

/** Where a write of ours came last, and later than any edit of the other, its stamp hides when somebody edited it. */
function newestSide({ rows, ours, stamps }: PairFacts): Side | undefined {
  const { businessCentral: bc, sales } = stamps ?? {
    businessCentral: rows.businessCentral.modified,
    sales: rows.sales.modified,
  }
  if (bc === undefined || sales === undefined || bc.slice(0, 19) === sales.slice(0, 19)) return undefined
  const newest = bc > sales ? 'businessCentral' : 'sales'
  const left = ours?.[newest]
  return left !== undefined && (left === anyVersion || left === versionOf(rows[newest])) ? undefined : newest
}

/**
 * Where a row is computed, the base of the side written to is what that side will say afterwards, which only its own
 * expression, or its own column compared in the other side's form, can tell from the row as it will be (P4).
 */
export async function withEchoes(
  deciding: Deciding,
  rows: BySide<{ readonly row: Row }>,
  writes: readonly FieldWrite[],
): Promise<readonly FieldWrite[]> {
  if (!writes.some(speaksBack)) return writes
  const after: Partial<Record<Side, Row>> = {}
  const echoed: FieldWrite[] = []
  for (const write of writes) {
    if (!speaksBack(write)) echoed.push(write)
    else {
      const row = (after[write.to] ??= rowAfter(write.to, rows, writes))
      const print = await printOf(deciding, write.field, write.to, row)
      echoed.push({ ...write, prints: { ...write.prints, [write.to]: print } })
    }
  }
  return echoed
}

const speaksBack = ({ field, to }: FieldWrite): boolean =>
  field.speaks[to] && (field.compute[to] !== undefined || field.norm[to] !== field.saidNorm[to])

/** What stands in a column once the cell is written: of a reference its id. */
export const storedAs = (cell: Cell): unknown => (typeof cell === 'object' && cell !== null ? cell.id : cell)

/** The row of a side as it will be after the writes. */
function rowAfter(side: Side, rows: BySide<{ readonly row: Row }>, writes: readonly FieldWrite[]): Row {
  const row: Record<string, unknown> = { ...rows[side].row }
  for (const { field, to, cell } of writes) {
    const place = field.place[to]
    if (to !== side || place === undefined) continue
    const value = storedAs(cell)
    if (place.page === undefined) row[place.column] = value
    else row[place.page] = { ...(row[place.page] as Row | undefined), [place.column]: value }
  }
  return row
}
