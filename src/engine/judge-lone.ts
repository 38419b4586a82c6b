/** Deciding a record without a partner: created, or held. */
import { type Side, otherSide, sides, travelsTo } from '../config/config.ts'
import type { Decided } from '../core/decide.ts'
import { decideCreate } from '../core/decide-create.ts'
import { evaluateFilter } from '../core/filter-evaluation.ts'
import { type LoneVerdict, reconcileLone } from '../core/reconcile.ts'
import type { Loaded } from '../core/record.ts'
import { withLines } from './judge-lines.ts'
import { failedMatch, holdsOf, loneHold, metadataHold, unclearHold, waitingHold } from './holds.ts'
import { type Common, type Hold, type Judged, plainly } from './judgement.ts'
import { failedGroup } from './match-values.ts'
import { type Session, isImagined, mayWriteMetadata, missingPages } from './session.ts'

/** For an option of a choice the administrator's leave to change metadata is the leave to create. */
function mayCreate(session: Session, on: Side): boolean {
  const { mapping, writable, options } = session
  const { noCreate, creates } = options
  const isMatchOnly = typeof noCreate === 'boolean' ? noCreate : noCreate.has(mapping.name)
  if (!writable[on] || isMatchOnly || creates?.[on] === false) return false
  if (mapping[on].entity?.kind === 'choice') return mayWriteMetadata(session, on)
  return creates === undefined ? mapping.createOn[on] : travelsTo(mapping.direction, on)
}

/** Whether the mapping takes this record over where it has no partner. */
function mayBeTakenOver({ compiled }: Session, side: Side, { row }: Loaded): boolean {
  const { creates } = compiled.sides[side]
  return creates === undefined || evaluateFilter(creates, row, side)
}

/** Decides a record without a partner. */
export async function judgeLone(session: Session, common: Common): Promise<Judged> {
  const side: Side = common.ref.businessCentral === undefined ? 'sales' : 'businessCentral'
  const row = common.rows[side]
  if (row === undefined) return plainly({ kind: 'ignore' })
  const verdict = loneVerdict(session, side, common, row)
  switch (verdict.kind) {
    case 'ignore':
    case 'couple':
      return plainly({ kind: 'ignore' })
    case 'create':
      return (
        (await unsought(session, side, row)) ??
        (await mayHavePartner(session, side, common, row)) ??
        createOn(session, common, verdict.on, false)
      )
    case 'hold': {
      const failed = verdict.because === 'no-partner' ? await unsought(session, side, row) : undefined
      return failed ?? held(whyAlone(session, side, common, verdict.because))
    }
  }
}

const held = (hold: Hold): Judged => ({ action: { kind: 'hold' }, decided: undefined, holds: [hold] })

/** Whether it has a partner is not known where an expression failed that looks for one: it is not made (P1). */
async function unsought(session: Session, side: Side, { row }: Loaded): Promise<Judged | undefined> {
  const failed = await failedGroup(session, side, row)
  return failed === undefined ? undefined : held(failedMatch(failed))
}

/** The same where it failed on a record of the other side. */
async function mayHavePartner(
  session: Session,
  side: Side,
  { ref }: Common,
  { row }: Loaded,
): Promise<Judged | undefined> {
  const partner = await ref.unclear?.partnerOf(session, side, row)
  return partner === undefined ? undefined : held(unclearHold(session, partner))
}

/** What becomes of the record; one that the mapping does not take over is nobody's, as one outside the filter. */
function loneVerdict(session: Session, side: Side, { ref }: Common, row: Loaded): LoneVerdict {
  const verdict = reconcileLone(side, ref.found ?? { kind: 'none' }, mayCreate(session, otherSide(side)))
  const isAlone = verdict.kind === 'create' || (verdict.kind === 'hold' && verdict.because === 'no-partner')
  return isAlone && !mayBeTakenOver(session, side, row) ? { kind: 'ignore' } : verdict
}

function whyAlone(session: Session, side: Side, common: Common, because: 'ambiguous' | 'no-partner'): Hold {
  const lacksLeave = because === 'no-partner' && !mayWriteMetadata(session, otherSide(side))
  return lacksLeave ? metadataHold(session.mapping.name) : loneHold(session, { ...common, side }, because)
}

/** The values of a new record and of its lines. */
async function decideNew(session: Session, common: Common, on: Side, source: Loaded): Promise<Decided> {
  const header = await decideCreate(session.deciding, on, source, {
    missingPages: missingPages(session),
    deferLater: session.deferLater,
  })
  // One that is made again shares nothing with the former: its lines are new, too.
  const alone = { ...common, coupling: undefined, rows: { ...common.rows, [on]: undefined } }
  return withLines(session, alone, header, { meeting: 'new', decision: undefined, unfinished: false })
}

/** Every value for a record that is to be created, or why it must wait. */
export async function createOn(session: Session, common: Common, on: Side, restores: boolean): Promise<Judged> {
  const source = common.rows[otherSide(on)]
  if (source === undefined) return plainly({ kind: 'ignore' })
  const decided = await decideNew(session, common, on, source)
  if (decided.waits.some(({ policy }) => policy === 'skip')) return plainly({ kind: 'ignore' })
  const blocking = decided.waits.filter(({ policy }) => policy !== 'defer')
  if (blocking.length > 0) return { action: { kind: 'hold' }, decided, holds: [waitingHold(blocking, false)] }
  return { action: { kind: 'create', on, restores }, decided, holds: holdsOf(session, common, decided) }
}

/**
 * A pair of which the plan has foreseen the one record only: nothing is added to what its creation does, and it is told
 * what that would still have to wait for.
 */
export async function judgeImagined(session: Session, common: Common): Promise<Judged> {
  const on = sides.find((side) => isImagined(session, side, common.ref[side])) ?? 'sales'
  const source = common.rows[otherSide(on)]
  if (source === undefined) return plainly({ kind: 'leave' })
  const decided = await decideNew(session, common, on, source)
  const holds = holdsOf(session, common, decided)
  return holds.length === 0 ? plainly({ kind: 'ignore' }) : { action: { kind: 'hold' }, decided: undefined, holds }
}
