/**
 * Deciding a pair: as a whole (in step, merged, paused, deleted, restored), then field by field. Keeps P2 and P9; the
 * decisions themselves are the pure core's.
 */
import { type BySide, type Side, otherSide, sides } from '../config/config.ts'
import { type Base, noBase, withPrints } from '../core/base.ts'
import type { Coupling, Decision, Held } from '../core/coupling.ts'
import { type Decided, type FieldWrite, decidePair, isEdited } from '../core/decide.ts'
import { decideEnd } from '../core/decide-end.ts'
import { freshBase, isFresh } from '../core/fresh.ts'
import type { Loaded } from '../core/record.ts'
import { saidBy } from '../core/said.ts'
import { type PairVerdict, type Standing, reconcile } from '../core/reconcile.ts'
import { decisionOnDeleted, holdDeleted } from './deleted-pair.ts'
import { holdsOf, loneHold, metadataHold, recordArgument } from './holds.ts'
import { type LinesMeeting, haveLinesChanged, isUnfinished, withAround, withLines } from './judge-lines.ts'
import { createOn } from './judge-lone.ts'
import { type Common, type Hold, type Judged, type JudgedAction, plainly } from './judgement.ts'
import { type Session, baseOf, isAdmitted, mayWriteMetadata, missingPages, pendingRows } from './session.ts'

/** Decides a coupled pair. */
export async function judgeCoupled(session: Session, common: Common, coupling: Coupling): Promise<Judged> {
  if (session.options.coupleOnly) return plainly({ kind: 'leave' })
  const base = baseOf(session, coupling)
  const unfinished = isUnfinished(session, common)
  const standing = {
    businessCentral: await standingOf(session, 'businessCentral', { common, coupling, base, unfinished }),
    sales: await standingOf(session, 'sales', { common, coupling, base, unfinished }),
  }
  const { mapping, options } = session
  const decision = common.held?.decision
  const { action, isOutdated } = await decisionOnDeleted(session, common)
  const verdict = reconcile(withoutOwnSay(session, common, { coupling, standing }), {
    direction: mapping.direction,
    deletes: mapping.deletes,
    decision: action,
    posted: common.posted !== undefined,
    ended: coupling.ended !== undefined,
  })
  const forced = decision?.kind === 'take' || decision?.kind === 'prefer' || options.rewrite !== undefined
  return afterVerdict(session, common, {
    coupling,
    base,
    unfinished,
    isOutdated,
    verdict: verdict.kind === 'in-step' && (forced || unfinished) ? { kind: 'merge' } : verdict,
  })
}

/**
 * What a service says by itself in a record that we have made there (its number), and that nobody has touched since, is no
 * edit that beats a delete.
 */
function withoutOwnSay(
  { mapping }: Session,
  { rows }: Common,
  { coupling: { fresh }, standing }: { readonly coupling: Coupling; readonly standing: BySide<Standing> },
): BySide<Standing> {
  if (fresh === undefined || mapping.lines !== undefined || standing[otherSide(fresh.side)] !== 'gone') return standing
  return isFresh(fresh, rows) && standing[fresh.side] === 'edited' ? { ...standing, [fresh.side]: 'same' } : standing
}

/** What is known of a coupled pair. */
interface CoupledFacts {
  readonly coupling: Coupling
  readonly base: Base
  readonly unfinished: boolean
  /** A person's decision to delete does not stand any more. */
  readonly isOutdated: boolean
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
    case 'end':
      return endPair(session, common, verdict)
    case 'over':
      return plainly({ kind: 'ignore' })
    case 'delete':
    case 'restore':
      return settlePair(session, common, verdict)
    case 'hold':
      return holdDeleted(session, common, { gone: verdict.gone, isOutdated: facts.isOutdated })
  }
}

/** One record was deleted, and the other follows it or brings it back. */
function settlePair(
  session: Session,
  common: Common,
  verdict: Extract<PairVerdict, { kind: 'delete' | 'restore' }>,
): Judged | Promise<Judged> {
  if (!session.writable[verdict.on]) return plainly({ kind: 'leave' })
  return verdict.kind === 'delete' ? plainly(verdict) : createOn(session, common, verdict.on, true)
}

/** The last that is written of a pair whose one record is gone, and how the pair stands behind it. */
async function endPair(
  session: Session,
  common: Common,
  verdict: Extract<PairVerdict, { kind: 'uncouple' | 'end' }>,
): Promise<Judged> {
  const because = verdict.kind === 'end' ? verdict.because : 'deleted'
  const action: JudgedAction = verdict.kind === 'end' ? { kind: 'end', because } : { kind: 'uncouple' }
  const { survivor: to } = verdict
  const target = to === undefined ? undefined : common.rows[to]
  if (to === undefined || target === undefined) return plainly(action)
  const decided = await decideEnd(session.deciding, {
    because,
    to,
    target,
    source: common.posted ?? {},
    missingPages: missingPages(session),
  })
  if (decided.writes.length > 0 && !session.writable[to]) return plainly({ kind: 'leave' })
  const holds = holdsOf(session, common, decided)
  if (holds.length > 0) return { action: { kind: 'hold' }, decided: undefined, holds }
  if (action.kind === 'end') return { action, decided, holds }
  return { action: { ...action, said: await saidBy(session.deciding, to, target.row) }, decided, holds }
}

/** What is not done to its end goes on whatever the filter says. */
async function standingOf(
  session: Session,
  side: Side,
  { common, coupling, base, unfinished }: Omit<CoupledFacts, 'verdict' | 'isOutdated'> & { readonly common: Common },
): Promise<Standing> {
  const row = common.rows[side]
  if (row === undefined || isOver(session, side, coupling)) return 'gone'
  if (!unfinished && !isAdmitted(session, side, row)) return 'outside'
  if (await isEdited(session.deciding, side, row.row, base)) return 'edited'
  return (await haveLinesChanged(session, side, row, coupling)) ? 'edited' : 'same'
}

/** Where the followed pair has ended, the record read stands for nothing any more. */
const isOver = ({ following }: Session, side: Side, coupling: Coupling): boolean =>
  following?.source === side && following.hasEnded(coupling)

async function mergePair(session: Session, common: Common, facts: CoupledFacts): Promise<Judged> {
  const { businessCentral, sales } = common.rows
  if (businessCentral === undefined || sales === undefined) return plainly({ kind: 'ignore' })
  const paused = facts.verdict.kind === 'pause'
  const decision = decisionFor(session, common.held)
  const news = await newsOf(session, { businessCentral, sales }, facts)
  const compared = await decidePair(session.deciding, {
    rows: { businessCentral, sales },
    base: withPrints(facts.base, news),
    meeting: session.state.layout(facts.coupling.layout) === undefined ? 'first' : 'known',
    pending: pendingRows(session, facts.coupling, facts.base),
    paused,
    ours: facts.coupling.ours,
    stamps: {
      businessCentral: session.ownWrites.stampOf(session.mapping, 'businessCentral', businessCentral),
      sales: session.ownWrites.stampOf(session.mapping, 'sales', sales),
    },
    decision,
    seen: seenIn(session, common),
    missingPages: missingPages(session),
    writable: session.writable,
    deferLater: session.deferLater,
  })
  const known = { ...compared, agreed: withPrints(news, compared.agreed) }
  const header = meetingOf(facts) === 'new' ? finishedFirst(session, known) : known
  const decided = paused
    ? await withAround(session, common, header, { meeting: 'known', decision, unfinished: false })
    : await withLines(session, common, header, { meeting: meetingOf(facts), decision, unfinished: facts.unfinished })
  const moving = decided.writes.filter((write) => isMoving(facts.coupling, write))
  return withLeave(session, {
    action: { kind: 'merge', paused },
    decided: stoppedWhereMoving(session, facts.coupling, decided),
    holds: [
      ...holdsOf(session, common, decided),
      ...movingHold(session, common, moving),
      ...(paused ? stillHeld(common.held) : []),
    ],
  })
}

/** What is still to be said on the pages of a record that was just created. */
function newsOf({ deciding }: Session, rows: BySide<Loaded>, { coupling, base }: CoupledFacts): Base | Promise<Base> {
  const { fresh } = coupling
  return fresh !== undefined && isFresh(fresh, rows) ? freshBase(deciding, fresh.side, rows, base) : noBase
}

/**
 * The lines of a document whose creation broke off are not all known: they are found by what they say, or made. As long as
 * nobody has told which lines belong together (coupled by hand, or it waits for a person), the documents still meet.
 */
function meetingOf({ unfinished, coupling }: CoupledFacts): LinesMeeting['meeting'] {
  if (coupling.unfinished === 'new' || (unfinished && coupling.lines === undefined)) return 'new'
  return coupling.lines === undefined ? 'first' : 'known'
}

/**
 * What a document says that is not finished is not carried back: it is news when the document is what it was to be. What
 * travels whatever the filter says (the mark that it was taken over) goes.
 */
const finishedFirst = (session: Session, decided: Decided): Decided => ({
  ...decided,
  writes: decided.writes.filter(({ to, field }) => session.mapping[to].reference !== undefined || field.field.outside),
})

/** A pair that is paused still differs where somebody was to decide: it goes on waiting, and is told (P5, P9). */
function stillHeld(held: Held | undefined): readonly Hold[] {
  if (held?.kind !== 'different' && held?.kind !== 'conflict') return []
  const { kind, fields, message, remedy } = held
  return [{ kind, fields: [], names: fields, message, remedy }]
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

function movingHold(session: Session, common: Common, moving: readonly FieldWrite[]): readonly Hold[] {
  if (moving.length === 0) return []
  const names = moving.map(({ field }) => field.field.name)
  return [
    {
      kind: 'moving',
      fields: [],
      names,
      message: `the service stores another value than the one written in ${names.join(', ')}, again and again`,
      remedy: `make the field row one-way, or compute the value the way the service stores it; then: couplet retry ${recordArgument(session, common)}`,
    },
  ]
}

/** A person who has a side written anew is asked right there. */
const seenIn = ({ options }: Session, { held }: Common): Held['seen'] =>
  options.rewrite === undefined ? held?.seen : undefined

function decisionFor(session: Session, held: Held | undefined): Held['decision'] {
  const { rewrite } = session.options
  return rewrite === undefined ? held?.decision : { kind: 'take', fields: { '*': otherSide(rewrite) } }
}

/** Decides two records that meet for the first time; `paused`: one of them stands outside the filter (P9). */
export async function judgeMatched(session: Session, common: Common, paused = false): Promise<Judged> {
  const { businessCentral, sales } = common.rows
  if (businessCentral === undefined || sales === undefined) return plainly({ kind: 'ignore' })
  if (isTaken(session, common) || session.options.coupleOnly) return coupledUnseen(session, common)
  const prefer = preferred(session)
  const decision: Decision | undefined =
    prefer === undefined ? decisionFor(session, common.held) : { kind: 'prefer', side: prefer }
  const header = await decidePair(session.deciding, {
    rows: { businessCentral, sales },
    base: noBase,
    meeting: 'first',
    paused,
    decision,
    missingPages: missingPages(session),
    writable: session.writable,
    deferLater: session.deferLater,
  })
  const unfinished = isUnfinished(session, common)
  const decided = paused
    ? await withAround(session, common, header, { meeting: 'known', decision, unfinished: false })
    : await withLines(session, common, header, { meeting: unfinished ? 'new' : 'first', decision, unfinished })
  return withLeave(session, { action: { kind: 'couple', paused }, decided, holds: holdsOf(session, common, decided) })
}

/** Two records are a pair, and are not compared. A record that has another partner already is none. */
const coupledUnseen = (session: Session, common: Common): Judged =>
  isTaken(session, common)
    ? {
        action: { kind: 'hold' },
        decided: undefined,
        holds: [loneHold(session, { ...common, side: 'businessCentral' }, 'ambiguous')],
      }
    : { action: { kind: 'couple', paused: false }, decided: notLookedAt, holds: [] }

const isTaken = ({ state }: Session, { coupling, rows }: Common): boolean =>
  coupling !== undefined || (rows.sales !== undefined && state.bySide('sales', rows.sales.id) !== undefined)

/** The side that is right where records coupled by this run differ; none where a person decides. */
function preferred({ mapping, options: { prefer } }: Session): Side | undefined {
  if (prefer !== 'conflicts') return prefer
  const { direction, conflicts } = mapping
  if (direction !== 'both') return direction === 'toSales' ? 'businessCentral' : 'sales'
  return conflicts === 'businessCentral' || conflicts === 'sales' ? conflicts : undefined
}

/** A pair that is coupled and not compared: everything is left for the next run. */
const notLookedAt: Decided = {
  writes: [],
  claims: [],
  agreed: noBase,
  said: noBase,
  held: [],
  waits: [],
  failed: [],
  asks: [],
  left: true,
}

/** Options of a choice column are written only with the administrator's leave. */
function withLeave(session: Session, judged: Judged & { readonly decided: Decided }): Judged {
  const refused = sides.filter((side) => !mayWriteMetadata(session, side))
  const writes = judged.decided.writes.filter(({ to }) => !refused.includes(to))
  if (writes.length === judged.decided.writes.length) return judged
  // That mirrors are not in line is told by `validate --live`: it keeps no option from being used, and is seen again.
  const names = judged.decided.writes
    .filter(({ to, field }) => refused.includes(to) && field.place[to]?.column !== 'mirrored')
    .map(({ field }) => field.field.name)
  if (names.length === 0) return { ...judged, decided: { ...judged.decided, writes, left: true } }
  const hold: Hold = { ...metadataHold(session.mapping.name), kind: 'different', names }
  return { ...judged, decided: { ...judged.decided, writes }, holds: [...judged.holds, hold] }
}
