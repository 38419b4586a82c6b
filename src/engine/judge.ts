/**
 * Deciding a window of records: loads what is not in memory, asks the pure core about each, and returns what is to be
 * written, remembered and held. Makes no write.
 */
import { type BySide, type Side, otherSide, sides } from '../config/config.ts'
import { callerOf } from '../core/act-as.ts'
import type { RecordQuery } from '../core/carry.ts'
import type { NumberQuery } from '../core/number-pattern.ts'
import type { Coupling } from '../core/coupling.ts'
import { ExpressionError } from '../core/expression.ts'
import type { Wait } from '../core/offer.ts'
import type { Change, Loaded, Row } from '../core/record.ts'
import { callerHold, failedExpression } from './holds.ts'
import { movedTo } from './continuing.ts'
import { isMade } from './new-key.ts'
import type { Ref } from './ref.ts'
import { judgeImagined, judgeLone } from './judge-lone.ts'
import { judgeCoupled, judgeMatched } from './judge-pair.ts'
import { needsPages } from './match-values.ts'
import { findPosted, postedOf } from './posted.ts'
import { type Common, type Judged, type Judgement, plainly } from './judgement.ts'
import { type Session, heldOf, isAdmitted, isHere, isImagined, numberOf } from './session.ts'

/** What had to be known before the window could be decided: to be fetched, then judged again. */
export interface Wanted {
  readonly queries: readonly RecordQuery[]
  readonly numbers: readonly NumberQuery[]
  /** Mapping → what waits for records of it, to be taken along first; one for each record. */
  readonly records: ReadonlyMap<string, ReadonlyMap<string, Wait>>
}

/** Decides a window. Records whose decision needs more come in `wanted` and are judged again by the caller. */
export async function judge(
  session: Session,
  refs: readonly Ref[],
): Promise<{ readonly judgements: readonly Judgement[]; readonly wanted: Wanted }> {
  const rows = await loadRows(session, refs)
  const posted = await findPosted(session, refs, (side, id) => isHere(rows[side].get(id)))
  const judgements: Judgement[] = []
  const queries = new Map<string, RecordQuery>()
  const numbers: NumberQuery[] = []
  const records = new Map<string, Map<string, Wait>>()
  for (const ref of refs) {
    session.lookups.takeForeseen()
    const judged = await judgeOne(session, ref, { rows, posted: postedOf(posted, ref) })
    const judgement: Judgement = { ...judged, stands: !session.lookups.takeForeseen() && mayStand(session, judged) }
    for (const query of judgement.decided?.asks ?? []) {
      if ('pattern' in query) numbers.push(query)
      else queries.set(JSON.stringify(query), query)
    }
    for (const wait of judgement.decided?.waits ?? []) if (wait.policy === 'sync') addRecord(records, wait)
    judgements.push(judgement)
  }
  return { judgements, wanted: { queries: [...queries.values()], numbers, records } }
}

function addRecord(records: Map<string, Map<string, Wait>>, wait: Wait): void {
  const known = records.get(wait.mapping) ?? new Map<string, Wait>()
  known.set(JSON.stringify([wait.from, wait.keys ?? wait.key]), wait)
  records.set(wait.mapping, known)
}

type RowsById = BySide<ReadonlyMap<string, Change>>

/** The rows of the window: from the cache, or read by id in batches; with pages and joins. */
async function loadRows(session: Session, refs: readonly Ref[]): Promise<RowsById> {
  const loaded = { businessCentral: new Map<string, Change>(), sales: new Map<string, Change>() }
  for (const side of sides) {
    const absent: string[] = []
    const upserts: Loaded[] = []
    const mayKeep = session.phase === 'plan' || !isReadBeforeWrite(session, side)
    for (const { [side]: id } of refs) {
      if (id === undefined) continue
      const kept = mayKeep ? session.cache.get(side, id) : undefined
      if (kept?.kind === 'upsert') upserts.push(kept)
      else absent.push(id)
    }
    for (const change of absent.length === 0 ? [] : await session.readers[side].read(absent)) {
      if (change.kind === 'upsert') upserts.push(change)
      else loaded[side].set(change.id, change)
    }
    const bare = bareIds(session, side, refs)
    const filled = await session.readers[side].attach(upserts.filter(({ id }) => !bare.has(id)))
    for (const row of [...filled, ...upserts.filter(({ id }) => bare.has(id))]) {
      loaded[side].set(row.id, row)
      session.cache.keep(side, row)
    }
  }
  return loaded
}

/** Records with several partners wait as they are: their further pages decide nothing. */
const bareIds = (session: Session, side: Side, refs: readonly Ref[]): ReadonlySet<string> =>
  needsPages(session, side)
    ? new Set()
    : new Set(refs.flatMap(({ found, [side]: id }) => (found?.kind === 'several' && id !== undefined ? [id] : [])))

/** Without preconditions only what was read immediately before may be written (P2). */
const isReadBeforeWrite = ({ readers, compiled }: Session, side: Side): boolean =>
  readers[side].hasEntity && !compiled.sides[side].description.preconditions

const mayStand = (session: Session, judged: Pick<Judgement, 'action' | 'decided'>): boolean =>
  judged.action.kind === 'create' || isQuiet(judged) || !sides.some((side) => isReadBeforeWrite(session, side))

/** Nothing is written. */
const isQuiet = ({ action, decided }: Pick<Judgement, 'action' | 'decided'>): boolean =>
  action.kind !== 'delete' && (decided?.writes ?? []).length === 0

async function judgeOne(
  session: Session,
  ref: Ref,
  { rows, posted }: { readonly rows: RowsById; readonly posted: Row | undefined },
): Promise<Omit<Judgement, 'stands'>> {
  const here = (side: Side): Loaded | undefined => {
    const change = ref[side] === undefined ? undefined : rows[side].get(ref[side])
    return isHere(change) ? change : undefined
  }
  const pair = { businessCentral: here('businessCentral'), sales: here('sales') }
  const held = heldOf(session, ref)
  const common: Common = {
    ref,
    rows: pair,
    held,
    posted,
    coupling: couplingOf(session, ref),
    number:
      numberOf(session, 'businessCentral', pair.businessCentral?.row) ??
      numberOf(session, 'sales', pair.sales?.row) ??
      held?.number,
  }
  try {
    heedUngrouped(pair)
    return { ...common, ...waitingForCaller(session, common, await judgedBy(session, common)) }
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    return { ...common, action: { kind: 'hold' }, decided: undefined, holds: [failedExpression(error)] }
  }
}

/** Nothing is decided of a record that may be part of another one. Throws ExpressionError. */
function heedUngrouped(pair: BySide<Loaded | undefined>): void {
  const failed = pair.businessCentral?.ungrouped ?? pair.sales?.ungrouped
  if (failed !== undefined)
    throw new ExpressionError(`it cannot be told to which group it belongs: ${failed}`, undefined)
}

/** The coupling of a pair; where a record takes over another one's, as it will stand. */
function couplingOf({ state }: Session, { businessCentral, sales, continues }: Ref): Coupling | undefined {
  if (continues === 'businessCentral') {
    const former = sales === undefined ? undefined : state.bySide('sales', sales)
    return former && movedTo(former, continues, businessCentral ?? '')
  }
  const coupling = businessCentral === undefined ? undefined : state.bySide('businessCentral', businessCentral)
  return continues === undefined || coupling === undefined ? coupling : movedTo(coupling, continues, sales ?? '')
}

/** A record that is to be written as a person who has no user waits, where the mapping says so. */
function waitingForCaller(session: Session, common: Common, judged: Judged): Judged {
  const { actAs } = session.mapping
  if (actAs === undefined || !writesToSales(judged)) return judged
  const caller = callerOf(actAs, common.rows.businessCentral?.row, session.lookups)
  return caller.kind === 'missing'
    ? { action: { kind: 'hold' }, decided: undefined, holds: [callerHold(caller)] }
    : judged
}

function writesToSales({ action, decided }: Judged): boolean {
  if (action.kind === 'create' || action.kind === 'delete') return action.on === 'sales'
  return decided?.writes.some(({ to }) => to === 'sales') === true
}

/** A record without coupling that has left its filter since it was read, e.g. taken by another company, is nobody's. */
const hasLeft = (session: Session, { rows }: Common): boolean =>
  sides.some((side) => rows[side] !== undefined && !isAdmitted(session, side, rows[side]))

function judgedBy(session: Session, common: Common): Judged | Promise<Judged> {
  const { ref, coupling } = common
  if (sides.some((side) => isImagined(session, side, ref[side]))) return judgeImagined(session, common)
  if (coupling !== undefined && coupling.sales.id === ref.sales) return judgeCoupled(session, common, coupling)
  if (!ref.coupled && hasLeft(session, common))
    // What one was made of is its partner wherever it stands (P9).
    return isMade(session, common.rows) ? judgeMatched(session, common, true) : plainly({ kind: 'ignore' })
  if (ref.found === undefined) return judgeMatched(session, common)
  const side = ref.businessCentral === undefined ? 'sales' : 'businessCentral'
  const partner = session.state.bySide(side, ref[side] ?? '')?.[otherSide(side)]
  // Taken along by another mapping since it was read: it has its partner.
  return partner === undefined ? judgeLone(session, common) : plainly({ kind: 'ignore' })
}
