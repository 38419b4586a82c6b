/**
 * Deciding a window of records: loads what is not in memory, asks the pure core about each, and returns what is to be
 * written, remembered and held. Makes no write.
 */
import { type BySide, type Side, otherSide, sides } from '../config/config.ts'
import { type Base, noBase } from '../core/base.ts'
import { type Coupling, type Held, type HeldKind } from '../core/coupling.ts'
import { type Decided, type FieldWrite, type HeldField, decideCreate, decidePair, isEdited } from '../core/decide.ts'
import { ExpressionError } from '../core/expression.ts'
import { type PairVerdict, type Standing, reconcile, reconcileLone } from '../core/reconcile.ts'
import type { Change, Loaded } from '../core/record.ts'
import type { RecordQuery } from '../core/carry.ts'
import type { Wait } from '../core/offer.ts'
import type { Ref } from './intake.ts'
import { type Session, baseOf, heldOf, isAdmitted, isHere, numberOf, pendingRows } from './session.ts'

/** What was decided about one record or pair. */
export interface Judgement {
  readonly ref: Ref
  readonly rows: BySide<Loaded | undefined>
  readonly coupling: Coupling | undefined
  readonly action: JudgedAction
  readonly decided: Decided | undefined
  /** Why (part of) it waits. */
  readonly holds: readonly Hold[]
  readonly held: Held | undefined
  readonly number: string | undefined
  /** It hangs on nothing that the plan only foresees: the decision stands when the time to write comes. */
  readonly stands: boolean
}

export type JudgedAction =
  /** Nothing to write; the versions may be remembered. */
  | { readonly kind: 'in-step' }
  | { readonly kind: 'ignore' }
  /** Write the decided fields of a coupled pair. */
  | { readonly kind: 'merge'; readonly paused: boolean }
  /** Couple a pair that matched, and write its decided fields. */
  | { readonly kind: 'couple' }
  | { readonly kind: 'create'; readonly on: Side; readonly restores: boolean }
  | { readonly kind: 'delete'; readonly on: Side }
  | { readonly kind: 'uncouple' }
  | { readonly kind: 'hold' }

/** One reason to wait. */
export interface Hold {
  readonly kind: HeldKind
  readonly fields: readonly HeldField[]
  readonly names: readonly string[]
  readonly message: string
  readonly remedy: string
  /** Written by the second pass of this run, if it can be. */
  readonly secondPass?: boolean
}

/** What had to be known before the window could be decided: to be fetched, then judged again. */
export interface Wanted {
  readonly queries: readonly RecordQuery[]
  /** Mapping → natural keys or ids of BC records to take along first. */
  readonly records: ReadonlyMap<string, ReadonlySet<string>>
}

/** Decides a window. Records whose decision needs more come in `wanted` and are judged again by the caller. */
export async function judge(
  session: Session,
  refs: readonly Ref[],
): Promise<{ readonly judgements: readonly Judgement[]; readonly wanted: Wanted }> {
  const rows = await loadRows(session, refs)
  const judgements: Judgement[] = []
  const queries = new Map<string, RecordQuery>()
  const records = new Map<string, Set<string>>()
  for (const ref of refs) {
    session.lookups.takeForeseen()
    const judged = await judgeOne(session, ref, rows)
    const judgement: Judgement = { ...judged, stands: !session.lookups.takeForeseen() }
    for (const query of judgement.decided?.asks ?? []) queries.set(JSON.stringify(query), query)
    for (const wait of judgement.decided?.waits ?? []) if (wait.policy === 'sync') addRecord(records, wait)
    judgements.push(judgement)
  }
  return { judgements, wanted: { queries: [...queries.values()], records } }
}

function addRecord(records: Map<string, Set<string>>, wait: Wait): void {
  const known = records.get(wait.mapping)
  if (known === undefined) records.set(wait.mapping, new Set([wait.key]))
  else known.add(wait.key)
}

type RowsById = BySide<ReadonlyMap<string, Change>>

/** The rows of the window: from the cache, or read by id in batches; with pages and joins. */
async function loadRows(session: Session, refs: readonly Ref[]): Promise<RowsById> {
  const loaded = { businessCentral: new Map<string, Change>(), sales: new Map<string, Change>() }
  for (const side of sides) {
    const absent: string[] = []
    const upserts: Loaded[] = []
    for (const { [side]: id } of refs) {
      if (id === undefined) continue
      const kept = session.cache.get(side, id)
      if (kept?.kind === 'upsert') upserts.push(kept)
      else absent.push(id)
    }
    for (const change of absent.length === 0 ? [] : await session.readers[side].read(absent)) {
      if (change.kind === 'upsert') upserts.push(change)
      else loaded[side].set(change.id, change)
    }
    for (const row of await session.readers[side].attach(upserts)) {
      loaded[side].set(row.id, row)
      session.cache.keep(side, row)
    }
  }
  return loaded
}

async function judgeOne(session: Session, ref: Ref, rows: RowsById): Promise<Omit<Judgement, 'stands'>> {
  const change = (side: Side): Change | undefined => (ref[side] === undefined ? undefined : rows[side].get(ref[side]))
  const changes = { businessCentral: change('businessCentral'), sales: change('sales') }
  const here = (side: Side): Loaded | undefined => (isHere(changes[side]) ? changes[side] : undefined)
  const pair = { businessCentral: here('businessCentral'), sales: here('sales') }
  const held = heldOf(session, ref)
  const coupling =
    ref.businessCentral === undefined ? undefined : session.state.bySide('businessCentral', ref.businessCentral)
  const common = {
    ref,
    rows: pair,
    held,
    coupling,
    number:
      numberOf(session, 'businessCentral', pair.businessCentral?.row) ??
      numberOf(session, 'sales', pair.sales?.row) ??
      held?.number,
  }
  try {
    if (coupling !== undefined && ref.sales !== undefined && coupling.sales.id === ref.sales)
      return { ...common, ...(await judgeCoupled(session, common, coupling)) }
    return {
      ...common,
      ...(ref.found === undefined ? await judgeMatched(session, common) : await judgeLone(session, common)),
    }
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    return { ...common, action: { kind: 'hold' }, decided: undefined, holds: [failedExpression(error)] }
  }
}

type Common = Pick<Judgement, 'ref' | 'rows' | 'held' | 'coupling' | 'number'>
type Judged = Pick<Judgement, 'action' | 'decided' | 'holds'>
const plainly = (action: JudgedAction): Judged => ({ action, decided: undefined, holds: [] })

async function judgeCoupled(session: Session, common: Common, coupling: Coupling): Promise<Judged> {
  const base = baseOf(session, coupling)
  const standing = {
    businessCentral: await standingOf(session, 'businessCentral', common, base),
    sales: await standingOf(session, 'sales', common, base),
  }
  const { mapping, options } = session
  const decision = common.held?.decision
  const verdict = reconcile(standing, {
    direction: mapping.direction,
    deletes: mapping.deletes,
    decision: decision?.kind === 'deleted' ? decision.action : undefined,
  })
  const forced = decision?.kind === 'take' || options.rewrite !== undefined
  return afterVerdict(session, common, {
    coupling,
    base,
    verdict: verdict.kind === 'in-step' && forced ? { kind: 'merge' } : verdict,
  })
}

interface CoupledFacts {
  readonly coupling: Coupling
  readonly base: Base
  readonly verdict: PairVerdict
}

function afterVerdict(session: Session, common: Common, facts: CoupledFacts): Judged | Promise<Judged> {
  const { verdict } = facts
  switch (verdict.kind) {
    case 'in-step':
      return plainly(common.held === undefined ? { kind: 'in-step' } : { kind: 'merge', paused: false })
    case 'merge':
    case 'pause':
      return mergePair(session, common, facts)
    case 'uncouple':
      return plainly({ kind: 'uncouple' })
    case 'delete':
      return plainly({ kind: 'delete', on: verdict.on })
    case 'restore':
      return createOn(session, common, verdict.on, true)
    case 'hold':
      return { action: { kind: 'hold' }, decided: undefined, holds: [deletedPartner(session, common, verdict.gone)] }
  }
}

async function standingOf(session: Session, side: Side, common: Common, base: Base): Promise<Standing> {
  const row = common.rows[side]
  if (row === undefined) return 'gone'
  if (!isAdmitted(session, side, row.row)) return 'outside'
  return (await isEdited(session.deciding, side, row.row, base)) ? 'edited' : 'same'
}

async function mergePair(session: Session, common: Common, facts: CoupledFacts): Promise<Judged> {
  const { businessCentral, sales } = common.rows
  if (businessCentral === undefined || sales === undefined) return plainly({ kind: 'ignore' })
  const paused = facts.verdict.kind === 'pause'
  const decided = await decidePair(session.deciding, {
    rows: { businessCentral, sales },
    base: facts.base,
    meeting: 'known',
    pending: pendingRows(session, facts.coupling, facts.base),
    paused,
    decision: decisionFor(session, common.held),
    missingPages: missingPages(session),
    writable: session.writable,
    deferLater: session.deferLater,
  })
  return {
    action: { kind: 'merge', paused },
    decided: stoppedWhereMoving(session, facts.coupling, decided),
    holds: [...holdsOf(decided), ...movingHold(facts.coupling, decided)],
  }
}

/** A service that keeps changing what is written is not written again and again. */
const movesMost = 2
const isMoving = (coupling: Coupling, write: FieldWrite): boolean =>
  (coupling.moved ?? 0) >= movesMost && write.why === 'edit'
function stoppedWhereMoving(session: Session, coupling: Coupling, decided: Decided): Decided {
  return session.options.rewrite !== undefined
    ? decided
    : { ...decided, writes: decided.writes.filter((write) => !isMoving(coupling, write)) }
}

function movingHold(coupling: Coupling, decided: Decided): readonly Hold[] {
  const moving = decided.writes.filter((write) => isMoving(coupling, write)).map(({ field }) => field.field.name)
  if (moving.length === 0) return []
  return [
    {
      kind: 'moving',
      fields: [],
      names: moving,
      message: `the service stores another value than the one written in ${moving.join(', ')}, again and again`,
      remedy: 'make the field row one-way, or compute the value the way the service stores it; then: couplet retry',
    },
  ]
}

function decisionFor(session: Session, held: Held | undefined): Held['decision'] {
  const { rewrite } = session.options
  return rewrite === undefined ? held?.decision : { kind: 'take', fields: { '*': otherSide(rewrite) } }
}

const missingPages = (session: Session): ReadonlySet<string> =>
  new Set([...session.readers.businessCentral.missingPages, ...session.readers.sales.missingPages])

async function judgeMatched(session: Session, common: Common): Promise<Judged> {
  const { businessCentral, sales } = common.rows
  if (businessCentral === undefined || sales === undefined) return plainly({ kind: 'ignore' })
  const decided = await decidePair(session.deciding, {
    rows: { businessCentral, sales },
    base: noBase,
    meeting: 'first',
    paused: false,
    decision: decisionFor(session, common.held),
    missingPages: missingPages(session),
    writable: session.writable,
    deferLater: session.deferLater,
  })
  return { action: { kind: 'couple' }, decided, holds: holdsOf(decided) }
}

async function judgeLone(session: Session, common: Common): Promise<Judged> {
  const side: Side = common.ref.businessCentral === undefined ? 'sales' : 'businessCentral'
  const to = otherSide(side)
  const row = common.rows[side]
  if (row === undefined) return plainly({ kind: 'ignore' })
  const mayCreate = session.mapping.createOn[to] && session.writable[to] && !session.options.noCreate
  const verdict = reconcileLone(side, common.ref.found ?? { kind: 'none' }, mayCreate)
  switch (verdict.kind) {
    case 'ignore':
    case 'couple':
      return plainly({ kind: 'ignore' })
    case 'create':
      return createOn(session, common, verdict.on, false)
    case 'hold':
      return { action: { kind: 'hold' }, decided: undefined, holds: [loneHold(session, side, verdict.because)] }
  }
}

async function createOn(session: Session, common: Common, on: Side, restores: boolean): Promise<Judged> {
  const source = common.rows[otherSide(on)]
  if (source === undefined) return plainly({ kind: 'ignore' })
  const decided = await decideCreate(session.deciding, on, source, {
    missingPages: missingPages(session),
    deferLater: session.deferLater,
  })
  if (decided.waits.some(({ policy }) => policy === 'skip')) return plainly({ kind: 'ignore' })
  const blocking = decided.waits.filter(({ policy }) => policy !== 'defer')
  if (blocking.length > 0) return { action: { kind: 'hold' }, decided, holds: [waitingHold(blocking, false)] }
  return { action: { kind: 'create', on, restores }, decided, holds: holdsOf(decided) }
}

function holdsOf(decided: Decided): readonly Hold[] {
  const holds: Hold[] = []
  const conflicts = decided.held.filter(({ because }) => because === 'conflict')
  const different = decided.held.filter(({ because }) => because === 'different')
  if (conflicts.length > 0) holds.push(fieldsHold('conflict', conflicts))
  if (different.length > 0) holds.push(fieldsHold('different', different))
  const waits = decided.waits.filter(({ policy }) => policy === 'hold' || policy === 'sync')
  const later = decided.waits.filter(({ policy }) => policy === 'defer')
  if (waits.length > 0) holds.push(waitingHold(waits, false))
  if (later.length > 0) holds.push(waitingHold(later, true))
  return holds
}

const names = (fields: readonly { readonly field: string }[]): readonly string[] => [
  ...new Set(fields.map(({ field }) => field)),
]

function fieldsHold(kind: 'conflict' | 'different', fields: readonly HeldField[]): Hold {
  const list = names(fields)
  const message =
    kind === 'conflict'
      ? `${list.join(', ')} edited on both sides since the last agreement`
      : `${list.join(', ')} filled differently on both sides at the first match`
  return {
    kind,
    fields,
    names: list,
    message,
    remedy:
      'take one side: couplet resolve MAPPING --record NUMBER --take businessCentral (or sales), or set a policy in the mapping',
  }
}

function waitingHold(waits: readonly Wait[], secondPass: boolean): Hold {
  const mappings = [...new Set(waits.map(({ mapping }) => mapping))].join(', ')
  return {
    kind: 'waiting',
    fields: [],
    names: names(waits),
    message: `${names(waits).join(', ')} refers to a record that is not coupled yet in ${mappings}`,
    remedy: `couple or create that record in ${mappings}; this one goes on by itself in the next run`,
    ...(secondPass ? { secondPass } : {}),
  }
}

function deletedPartner(session: Session, common: Common, gone: Side): Hold {
  const where = gone === 'sales' ? 'Sales' : 'Business Central'
  return {
    kind: 'deleted',
    fields: [],
    names: [],
    message: `its partner was deleted in ${where}`,
    remedy: `decide: couplet resolve ${session.mapping.name} --record ${common.number ?? common.ref.businessCentral ?? ''} --action restore (or delete, or uncouple)`,
  }
}

function loneHold(session: Session, side: Side, because: 'ambiguous' | 'no-partner'): Hold {
  const other = side === 'sales' ? 'Business Central' : 'Sales'
  if (because === 'ambiguous') {
    return {
      kind: because,
      fields: [],
      names: [],
      message: `several records could be its partner in ${other}, or the one that fits is coupled already`,
      remedy: `choose: couplet couple ${session.mapping.name} --bc NUMBER --sales ID; or make the match rule sharper`,
    }
  }
  return {
    kind: because,
    fields: [],
    names: [],
    message: `no record in ${other} matches it, and "create" does not allow creating one there`,
    remedy: `couple it by hand, or allow creating: create: ${side === 'sales' ? 'toBusinessCentral' : 'toSales'} (or both)`,
  }
}

const failedExpression = (error: ExpressionError): Hold => ({
  kind: 'failed',
  fields: [],
  names: [],
  message: `an expression of the mapping failed on this record: ${error.message}`,
  remedy: 'correct the expression in the mapping, or the value in the record',
})
