/**
 * Deciding the lines of a document together with its header. The decisions are the pure core's; here is what they need
 * to know of couplings, keys and the run.
 */
import { type BySide, type Side, otherSide, sides } from '../config/config.ts'
import type { Coupling, Decision } from '../core/coupling.ts'
import type { Decided } from '../core/decide.ts'
import { decideAround } from '../core/decide-create.ts'
import { type DecidedLines, type LinePair, type LinesFacts, areLinesEdited, decideLines } from '../core/decide-lines.ts'
import { derivedKey } from '../core/derived-key.ts'
import { type LineRow, lineRows } from '../core/document-lines.ts'
import type { CompiledLines } from '../core/mapping.ts'
import type { Deciding } from '../core/offer.ts'
import type { Loaded } from '../core/record.ts'
import type { Common } from './judgement.ts'
import { type Session, isAdmitted, linePairsOf, missingPages, soughtLinesOf } from './session.ts'

/** How the documents meet, and what may be written. */
export interface LinesMeeting {
  readonly meeting: 'new' | 'first' | 'known'
  readonly decision: Decision | undefined
  /** Its steps were not all done: what closes it is written too. */
  readonly unfinished: boolean
}

/** The decision about the header with that about its lines, and with what is written around both. */
export async function withLines(
  session: Session,
  common: Common,
  decided: Decided,
  meeting: LinesMeeting,
): Promise<Decided> {
  const lines = await linesOf(session, common, meeting)
  if (lines === undefined) return withAround(session, common, decided, meeting)
  const whole: Decided = {
    ...decided,
    waits: [...decided.waits, ...lines.waits],
    asks: [...decided.asks, ...lines.asks],
    held: [...decided.held, ...lines.held],
    failed: [...decided.failed, ...lines.failed],
    left: decided.left || lines.left,
    lines,
  }
  // A document goes whole or not at all: an order without one of its lines would be another order.
  if (isIncomplete(lines)) return { ...whole, writes: [], lines: { ...lines, writes: [] } }
  return withAround(session, common, whole, meeting)
}

const isIncomplete = ({ held, waits, failed, asks }: DecidedLines): boolean =>
  held.length > 0 ||
  failed.length > 0 ||
  asks.length > 0 ||
  waits.some(({ policy }) => policy === 'hold' || policy === 'sync')

async function linesOf(
  session: Session,
  common: Common,
  { meeting, decision }: LinesMeeting,
): Promise<DecidedLines | undefined> {
  const { lines } = session.compiled
  if (lines === undefined) return undefined
  const deciding = lineDeciding(session, lines)
  return decideLines(lines, deciding, {
    rows: {
      businessCentral: await lineRowsOf(session, lines, 'businessCentral', common.rows.businessCentral),
      sales: await lineRowsOf(session, lines, 'sales', common.rows.sales),
    },
    documents: common.rows,
    pairs: linePairsOf(session, common.coupling) ?? [],
    meeting,
    sought: soughtOf(common.coupling),
    ours: common.coupling?.ours,
    decision,
    writable: session.writable,
    deferLater: session.deferLater,
    keyFor: (on, line) => lineKey(session, common, on, line),
  })
}

/** What decides a pair of lines. */
export const lineDeciding = (session: Session, { compiled }: CompiledLines): Deciding => ({
  ...session.deciding,
  compiled,
})

/** The lines of a document as one side has and says them. Throws ExpressionError. */
export const lineRowsOf = async (
  session: Session,
  lines: CompiledLines,
  side: Side,
  document: Loaded | undefined,
): Promise<readonly LineRow[]> =>
  document === undefined ? [] : lineRows(lines, side, document, session.deciding.bindings)

function soughtOf(coupling: Coupling | undefined): LinesFacts['sought'] {
  const on = (side: Side): ReadonlySet<string> =>
    new Set(soughtLinesOf(coupling).flatMap(([written, source]) => (written === side ? [source] : [])))
  return { businessCentral: on('businessCentral'), sales: on('sales') }
}

/** Keeps P1: the key of a line is derived from its document and its own key. */
function lineKey(session: Session, { ref }: Common, on: Side, line: string): string | undefined {
  const from = otherSide(on)
  const { lines } = session.compiled
  const target = lines?.compiled.sides[on]
  const document = ref[from]
  if (target?.source.entity === undefined || !target.description.clientKeys || document === undefined) return undefined
  return derivedKey({
    company: session.company,
    sourceEntity: lines?.compiled.sides[from].source.entity?.entity ?? '',
    sourceKey: `${document}/${line}`,
    targetEntity: target.source.entity.entity,
    generation: session.state.generation(from, document),
  })
}

/** Whether the lines of one side say anything new since the last agreement (P4). */
export async function haveLinesChanged(
  session: Session,
  side: Side,
  document: Loaded,
  coupling: Coupling,
): Promise<boolean> {
  const { lines } = session.compiled
  if (lines === undefined) return false
  if (coupling.unfinished !== undefined || coupling.lines?.layout !== lines.compiled.layout.id) return true
  const rows = await lineRowsOf(session, lines, side, document)
  const pairs: readonly LinePair[] = linePairsOf(session, coupling) ?? []
  return areLinesEdited(lineDeciding(session, lines), side, rows, pairs)
}

/** Adds the rows that are written around the others, on each side that is written at all. */
export async function withAround(
  session: Session,
  common: Common,
  decided: Decided,
  meeting: LinesMeeting,
): Promise<Decided> {
  const { unfinished, decision } = meeting
  const { businessCentral, sales } = common.rows
  if (businessCentral === undefined || sales === undefined) return withClaimsAround(session, common, decided)
  const rows: BySide<Loaded> = { businessCentral, sales }
  let whole = decided
  for (const to of sides) {
    // What a person is asked about is not finished by writing around the other side.
    const isToFinish = unfinished && whole.held.length === decided.held.length && session.writable[to]
    if (!isToFinish && !writesTo(decided, to)) continue
    const finishing = isFinishing(session, meeting, to)
    if (!finishing && !hasAround(session)) continue
    const around = await decideAround(session.deciding, to, {
      rows,
      finishing,
      decision,
      missingPages: missingPages(session),
      deferLater: session.deferLater,
    })
    whole = around.held.length > 0 ? without(whole, to, around.held) : withMore(whole, around)
  }
  return whole
}

const withMore = (decided: Decided, { writes, waits, asks }: Pick<Decided, 'writes' | 'waits' | 'asks'>): Decided => ({
  ...decided,
  writes: [...decided.writes, ...writes],
  waits: [...decided.waits, ...waits],
  asks: [...decided.asks, ...asks],
})

/** A document is not closed, and nothing else of it is written there, as long as a person is asked about it. */
const without = ({ lines, ...decided }: Decided, to: Side, held: Decided['held']): Decided => ({
  ...decided,
  held: [...decided.held, ...held],
  writes: decided.writes.filter((write) => write.to !== to),
  ...(lines === undefined ? {} : { lines: { ...lines, writes: lines.writes.filter((write) => write.to !== to) } }),
})

/** What follows the lines of a new document (its discount) may not have been written when the creation broke off. */
const isFinishing = ({ mapping }: Session, { meeting, unfinished }: LinesMeeting, to: Side): boolean =>
  unfinished && meeting === 'new' && mapping[to].reference !== undefined

/** The mark that is set before something is made of a document of Sales needs the document open, too. */
async function withClaimsAround(session: Session, { rows }: Common, decided: Decided): Promise<Decided> {
  const { sales } = rows
  if (decided.claims.length === 0 || sales === undefined) return decided
  return { ...decided, claims: [...decided.claims, ...(await aroundMark(session, sales))] }
}

/** What opens a document of Sales for a mark of its own, and closes it behind it; nothing where none is locked. */
export async function aroundMark(session: Session, sales: Loaded): Promise<Decided['writes']> {
  if (!hasAround(session)) return []
  const { writes } = await decideAround(session.deciding, 'sales', {
    rows: { businessCentral: nothing, sales },
    finishing: false,
    decision: undefined,
    missingPages: missingPages(session),
    deferLater: session.deferLater,
  })
  return writes
}

const nothing: Loaded = { kind: 'upsert', id: '', etag: undefined, modified: undefined, row: {} }

const hasAround = ({ compiled }: Session): boolean => compiled.fields.some(({ field }) => field.on === 'write')

/** Whether anything of it, header or lines, is written to the side. */
export const writesTo = ({ writes, lines }: Decided, to: Side): boolean =>
  writes.some((write) => write.to === to) || (lines?.writes ?? []).some((write) => write.to === to)

/**
 * A document whose last write was not done to its end: the state says so, or it is ours by its reference and still
 * stands outside the filter.
 */
export const isUnfinished = (session: Session, { coupling, rows }: Common): boolean =>
  coupling === undefined ? begunSide(session, rows) !== undefined : coupling.unfinished !== undefined

/** The side on which it is ours by its reference and still stands outside the filter. */
export const begunSide = (session: Session, rows: Common['rows']): Side | undefined =>
  sides.find((side) => {
    const row = rows[side]
    return row !== undefined && session.mapping[side].reference !== undefined && !isAdmitted(session, side, row)
  })
