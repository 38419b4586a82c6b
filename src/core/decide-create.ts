/**
 * Deciding a record that is to be created, and what is written around a document's other values. Everything it needs is
 * handed in; it is async only because expressions are.
 */
import { type Side, otherSide, travelsTo } from '../config/config.ts'
import { said } from './carry.ts'
import {
  type Decided,
  type Draft,
  type FieldWrite,
  type HeldField,
  type PairFacts,
  contextOf,
  emptyDraft,
  firstMatchOf,
  lacksPage,
  preferred,
  printsTo,
  withEchoes,
} from './decide.ts'
import { ExpressionError } from './expression.ts'
import { evaluateFilter } from './filter-evaluation.ts'
import { type CompiledField, isEnding, type Place } from './mapping.ts'
import { mergeField } from './merge.ts'
import { type Deciding, type Offer, type OfferContext, offerOf, standsAt } from './offer.ts'
import type { Loaded, Row } from './record.ts'
import { type Canonical, canonical } from './values.ts'

/** Every value for a record that is to be created on `to`. Pages are written afterwards, when the record is there. */
export async function decideCreate(
  deciding: Deciding,
  to: Side,
  source: Loaded,
  options: { readonly missingPages: ReadonlySet<string>; readonly deferLater: boolean },
): Promise<Decided> {
  const draft = emptyDraft()
  const from = otherSide(to)
  const rows = { businessCentral: blankRow, sales: blankRow, [from]: source }
  const context = contextOf(deciding, { rows, base: new Map(), deferLater: options.deferLater, decision: undefined })
  for (const field of deciding.compiled.fields) {
    if (lacksPage(field, options.missingPages) || isUnlocking(field) || isEnding(field.field)) continue
    if (field.field.claim && to === 'businessCentral') {
      await claim(draft, field, source.row, context)
      continue
    }
    if (travelsTo(field.field.direction, to)) await carryOver(draft, field, to, context)
    else expectNothing(draft, field, { from, row: source.row }, deciding)
  }
  const meant = draft.writes.filter(isLastWord)
  const carried: Draft = { ...draft, writes: [...(await withEchoes(deciding, rows, meant))] }
  if (deciding.compiled.defaults[to].length > 0) await addDefaults(carried, to, context)
  return carried
}

/** Of two rows with a value for the same column of a new record, the later one is meant. */
const isLastWord = ({ field, to }: FieldWrite, index: number, writes: readonly FieldWrite[]): boolean =>
  !writes.some(
    (other, at) =>
      at > index &&
      other.field.place[to]?.column === field.place[to]?.column &&
      other.field.field.step === field.field.step,
  )

/**
 * The values of the first template that takes the source record: beside what was carried over or, where the template
 * wins, instead of it. A won row keeps the base of what was to be carried, so that the template's value is news (P3).
 */
async function addDefaults(draft: Draft, to: Side, context: OfferContext): Promise<void> {
  const from = otherSide(to)
  const { deciding } = context
  const { row } = context.rows[from]
  const template = deciding.compiled.defaults[to].find(
    ({ filter }) => filter === undefined || evaluateFilter(filter, row, from),
  )
  for (const field of template?.fields ?? []) {
    const rivals = rivalsOf(field, to, deciding)
    const isTaken = draft.writes.some((write) => rivals.has(write.field.field.name))
    const isComing = draft.waits.some((wait) => rivals.has(wait.field))
    if (template?.wins !== true && (isTaken || isComing)) continue
    const own = emptyDraft()
    create(own, { field, to, value: await said(field, from, row, deciding.bindings) }, context)
    replaceRivals(draft, own, rivals)
  }
}

/** Names of the rows that carry a value into the same column. */
const rivalsOf = (field: CompiledField, to: Side, { compiled }: Deciding): ReadonlySet<string> =>
  new Set(
    compiled.fields
      .filter(({ place }) => place[to]?.page === undefined && place[to]?.column === field.place[to]?.column)
      .map((rival) => rival.field.name),
  )

function replaceRivals(draft: Draft, own: Draft, rivals: ReadonlySet<string>): void {
  draft.asks.push(...own.asks)
  const [write] = own.writes
  if (write === undefined && own.waits.length === 0) return
  const waits = [...draft.waits.filter(({ field }) => !rivals.has(field)), ...own.waits]
  draft.waits.splice(0, draft.waits.length, ...waits)
  if (write === undefined) return
  const index = draft.writes.findIndex(({ field }) => rivals.has(field.field.name))
  const { field, prints } = draft.writes[index] ?? write
  draft.writes.splice(index < 0 ? draft.writes.length : index, 1, { ...write, field, prints, why: 'default' })
}

/**
 * Rows that are written whenever anything else of the record is (`on: write`): a locked document is opened, and closed
 * again behind the other writes. They are never compared and have no base. With `finishing` also what a creation that
 * broke off had still to write behind the lines. What stands there by then is somebody's, or the service's own: the two
 * meet as at a first match.
 */
export async function decideAround(
  deciding: Deciding,
  to: Side,
  facts: AroundFacts,
): Promise<Pick<Decided, 'writes' | 'waits' | 'asks' | 'held'>> {
  const draft = emptyDraft()
  const context = contextOf(deciding, { ...facts, base: new Map(), decision: undefined })
  for (const field of deciding.compiled.fields) {
    if (!travelsTo(field.field.direction, to) || field.place[to] === undefined) continue
    const isLeft = facts.finishing && isLast(field)
    if (!(field.field.on === 'write' || isLeft) || lacksPage(field, facts.missingPages)) continue
    const own = emptyDraft()
    const value = await said(field, otherSide(to), facts.rows[otherSide(to)].row, deciding.bindings)
    create(own, { field, to, value }, context)
    const verdict = isLeft ? finished(deciding, to, facts, own.writes[0]) : 'write'
    if (verdict === 'write') draft.writes.push(...own.writes)
    else if (verdict !== 'leave') draft.held.push(verdict)
    draft.waits.push(...own.waits)
    draft.asks.push(...own.asks)
  }
  const before = (write: FieldWrite): Canonical => standsAt(write.field, to, facts.rows[to].row)
  return { ...draft, writes: draft.writes.map((write) => ({ ...write, before: before(write), why: 'around' })) }
}

/** What is known when the rows around the others are decided. */
export interface AroundFacts extends Pick<PairFacts, 'rows' | 'missingPages' | 'deferLater' | 'decision'> {
  readonly finishing: boolean
}

/** Whether what a creation had still to write is written now; held where something else stands there. */
function finished(
  { compiled }: Deciding,
  to: Side,
  { rows, decision }: AroundFacts,
  write: FieldWrite | undefined,
): 'write' | 'leave' | HeldField {
  if (write === undefined) return 'leave'
  const { field, canonical: wanted } = write
  const stands = standsAt(field, to, rows[to].row)
  if (isEmpty(stands)) return 'write'
  const from = otherSide(to)
  const { name } = field.field
  const verdict = mergeField({
    direction: field.field.direction,
    did: { businessCentral: 'new', sales: 'new' },
    agree: stands === wanted,
    blank: { businessCentral: false, sales: false },
    meeting: 'first',
    firstMatch: preferred(decision) ?? firstMatchOf(field, compiled.mapping),
    conflicts: 'hold',
    newest: undefined,
    decision: decision?.kind === 'take' ? (decision.fields[name] ?? decision.fields['*']) : undefined,
  })
  if (verdict.kind !== 'hold') return verdict.kind === 'write' ? 'write' : 'leave'
  const values = { [to]: stands, [from]: wanted } as Record<Side, Canonical>
  return { field: name, because: 'different', values }
}

/** Written once, behind everything else of a new record. */
const isLast = ({ field }: CompiledField): boolean => field.on === 'create' && field.step === 'after'
const isEmpty = (value: Canonical): boolean => value === null || value === '0'

/** A record that does not exist yet is not locked. */
const isUnlocking = ({ field }: CompiledField): boolean => field.on === 'write' && field.step === 'before'

const blankRow: { readonly row: Row } = { row: {} }

/** A row that travels only away from the new record: whatever it will say there is news, and no first meeting. */
function expectNothing(
  draft: Draft,
  field: CompiledField,
  { from, row }: { readonly from: Side; readonly row: Row },
  { fingerprint }: Deciding,
): void {
  if (field.field.on !== 'always') return
  const nothing = fingerprint(null)
  draft.agreed.set(field.rowId, {
    businessCentral: nothing,
    sales: nothing,
    [from]: fingerprint(standsAt(field, from, row)),
  })
}

/** A row that travels only to the new record, and had nothing to say: what it says later is an edit, and no first meeting. */
function leaveBlank(
  draft: Draft,
  { field, to, value }: Parameters<typeof create>[1],
  fingerprint: Deciding['fingerprint'],
): void {
  const from = otherSide(to)
  const { on, direction } = field.field
  if (on !== 'always' || direction === 'both' || canonical(value, field.saidNorm[from]) !== null) return
  draft.agreed.set(field.rowId, { businessCentral: undefined, sales: undefined, [from]: fingerprint(null) })
}

/** Adds a value that is written whatever stands there, or what it waits for. */
export function create(
  draft: Draft,
  what: { readonly field: CompiledField; readonly to: Side; readonly value: unknown },
  context: OfferContext,
): void {
  const { field, to, value } = what
  const from = otherSide(to)
  const isNumbered = field.number !== undefined && canonical(value, field.saidNorm[from]) === null
  const offer = isNumbered ? numberFor(field, to, context) : offerOf(field, from, value, context)
  if (offer.kind === 'wait') draft.waits.push(offer.wait)
  else if (offer.kind === 'ask') draft.asks.push(offer.query)
  const { fingerprint } = context.deciding
  if (offer.kind === 'keep') leaveBlank(draft, what, fingerprint)
  if (offer.kind !== 'value') return
  const { cell, canonical: after } = offer
  const prints = printsTo(to, fingerprint(canonical(value, field.saidNorm[from])), fingerprint(after))
  if (cell === null && field.field.blank !== 'write') draft.agreed.set(field.rowId, prints)
  else draft.writes.push({ field, to, cell, canonical: after, before: null, why: 'create', prints })
}

/**
 * What a row gives the new record. Pages are written behind the creation, but what a reference on one has to wait for,
 * the new record waits for too.
 */
async function carryOver(draft: Draft, field: CompiledField, to: Side, context: OfferContext): Promise<void> {
  const place = field.place[to]
  const isOnPage = place?.page !== undefined
  if (place === undefined || (isOnPage && field.field.lookup === undefined)) return
  const from = otherSide(to)
  const value = said(field, from, context.rows[from].row, context.deciding.bindings)
  const own = isOnPage ? emptyDraft() : draft
  create(own, { field, to, value: value instanceof Promise ? await value : value }, context)
  if (!isOnPage) return
  draft.asks.push(...own.asks)
  draft.waits.push(...own.waits.filter(({ policy }) => policy !== 'defer'))
}

/** Throws ExpressionError where there is no number to give, or giving one could make a record twice (P1). */
function numberFor(field: CompiledField, to: Side, { deciding, rows }: OfferContext): Offer {
  const { column } = field.place[to] as Place
  const { clientKeys } = deciding.compiled.sides[to].description
  if (field.number === undefined || (!clientKeys && deciding.compiled.mapping[to].reference === undefined))
    throw new ExpressionError(
      `${column} cannot be numbered: the service keeps no key of ours for these records`,
      undefined,
    )
  const norm = field.norm[to]
  const source = rows[otherSide(to)].id as string
  const query = { side: to, column, pattern: field.number, isCode: norm.type === 'code', source }
  const free = deciding.lookups.number(query)
  if (free === 'ask') return { kind: 'ask', query }
  if (free === 'none')
    throw new ExpressionError(`every number of the pattern "${field.field.number}" is taken`, undefined)
  return { kind: 'value', cell: free.text, canonical: canonical(free.text, norm) }
}

/** Says in Sales whose the record is that something is to be created from. What another says there is left alone. */
async function claim(draft: Draft, field: CompiledField, row: Row, context: OfferContext): Promise<void> {
  const { fingerprint, bindings } = context.deciding
  const value = await said(field, 'businessCentral', {}, bindings)
  const offer = offerOf(field, 'businessCentral', value, context)
  if (offer.kind === 'wait') draft.waits.push(offer.wait)
  else if (offer.kind === 'ask') draft.asks.push(offer.query)
  if (offer.kind !== 'value') return
  const stands = standsAt(field, 'sales', row)
  const prints = {
    businessCentral: fingerprint(canonical(value, field.saidNorm.businessCentral)),
    sales: fingerprint(stands ?? offer.canonical),
  }
  if (stands !== null || offer.cell === null) draft.agreed.set(field.rowId, prints)
  else
    draft.claims.push({
      field,
      to: 'sales',
      cell: offer.cell,
      canonical: offer.canonical,
      before: null,
      why: 'create',
      prints,
    })
}

/** What a claim says in Sales for this company; undefined where that is not known. */
export async function claimedValue(deciding: Deciding, field: CompiledField): Promise<Canonical | undefined> {
  const context = contextOf(deciding, {
    rows: { businessCentral: blankRow, sales: blankRow },
    base: new Map(),
    deferLater: false,
    decision: undefined,
  })
  const value = await said(field, 'businessCentral', {}, deciding.bindings)
  const offer = offerOf(field, 'businessCentral', value, context)
  return offer.kind === 'value' ? offer.canonical : undefined
}
