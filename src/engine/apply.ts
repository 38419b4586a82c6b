/**
 * Carrying out decisions: intent journalled before a write, outcome after it (P7); a stale or unknown outcome is read
 * and decided again, a bounded number of times (P2); one record's refusal is its own (P5).
 */
import { type Side, otherSide } from '../config/config.ts'
import type { WriteOperation, WriteResult } from '../connector/connector.ts'
import { versionOf } from '../core/fingerprint.ts'
import { ConnectorError } from '../errors.ts'
import type { Entry } from '../store/store.ts'
import { type Action, actionsOf, deleteActionOf } from './actions.ts'
import type { Ref } from './ref.ts'
import { type Judgement, isClaiming } from './judgement.ts'
import { noteDeferred } from './judge-window.ts'
import { type Done, ofRecord } from './coupling-after.ts'
import { rejectedEntries } from './half-done.ts'
import { doneEntries, entriesOf } from './outcome.ts'
import type { Permit } from './permit.ts'
import { withoutAdopted } from './references-asked.ts'
import { type Session, commit } from './session.ts'
import { settleOne } from './settling.ts'

/** A record to be read and decided again. */
export interface Again {
  readonly ref: Ref
  /**
   * changed: by somebody else meanwhile. unanswered: no answer came, and reading shows that nothing was written.
   * unfinished: more of the same is to be written. written: only to be looked at.
   */
  readonly why: 'changed' | 'unanswered' | 'unfinished' | 'written'
  readonly judgement: Judgement
  /** The side that was written to. */
  readonly side: Side
}

/** What came of a window. */
export interface Applied {
  readonly again: readonly Again[]
  /** Deletes, which come after everything else. */
  readonly deletes: readonly Action[]
  /** Writes that were sent. */
  readonly tried: number
}

/** Writes a window of decisions: first to Sales, then to Business Central (native E-06). */
export async function applyWindow(
  session: Session,
  judgements: readonly Judgement[],
  permit: Permit | undefined,
): Promise<Applied> {
  const allowed =
    permit === undefined ? judgements : judgements.filter((judgement) => permit.admits(session, judgement))
  const toSales = allowed.flatMap((judgement) => actionsOf(session, judgement, 'sales'))
  const toBusinessCentral = allowed.flatMap((judgement) => actionsOf(session, judgement, 'businessCentral'))
  const deletes = allowed.flatMap((judgement) => deleteActionOf(session, judgement) ?? [])
  const writing = new Set([...toSales, ...toBusinessCentral, ...deletes].map(({ judgement }) => judgement))
  const facts = allowed.flatMap((judgement) => entriesOf(session, judgement, writing.has(judgement)))
  noteDeferred(session, allowed)
  count(session, allowed, writing)
  await commit(session, facts)
  const first = await write(session, 'sales', toSales)
  const ours = toBusinessCentral.filter(({ judgement }) => !first.undone.has(judgement) || !isClaiming(judgement))
  const then = await write(session, 'businessCentral', ours)
  return { again: [...first.again, ...then.again], deletes, tried: toSales.length + ours.length }
}

/** What came of writes to one side. */
export interface Written {
  /** To be decided again. */
  readonly again: readonly Again[]
  /** What was to be written and is not known to be. */
  readonly undone: ReadonlySet<Judgement>
}

/** Writes actions of one side and commits each batch as it ends. */
export async function write(session: Session, side: Side, actions: readonly Action[]): Promise<Written> {
  if (actions.length === 0) return { again: [], undone: new Set() }
  const fresh = await withoutAdopted(session, side, actions)
  await commit(session, fresh.posted)
  for (const kind of ['create', 'update', 'delete'] as const) {
    const some = fresh.actions.filter((action) => action.kind === kind)
    session.ceiling?.admit(
      side,
      `${kind}s`,
      some.map(({ intent }) => intent.source),
    )
  }
  await commit(
    session,
    fresh.actions.map(({ intent }): Entry => ({ kind: 'intent', intent })),
  )
  const byId = new Map(fresh.actions.map((action) => [action.write.id, action]))
  const again: Again[] = fresh.adopted.map(({ action, id }) => againFor(action, 'changed', pairRef(action, id)))
  const undone = new Set<Judgement>()
  let done = 0
  let outage: ConnectorError | undefined
  const note = async (results: readonly Answered[]): Promise<void> => {
    const entries: Entry[] = []
    for (const { operation, result } of results) {
      const action = byId.get(operation.id)
      if (action === undefined) continue
      const outcome = await outcomeOf(session, action, result)
      entries.push(...outcome.entries)
      if (outcome.again !== undefined) again.push(outcome.again)
      if (result.kind !== 'done') undone.add(action.judgement)
      outage ??= outcome.outage
    }
    await commit(session, entries)
  }
  const onBatch = async (results: readonly Answered[]): Promise<void> => {
    // What was answered is remembered before anything is read that might fail.
    await note(results.filter(({ result }) => !isToBeRead(result)))
    const refused = results.flatMap(({ operation, result }) => (result.kind === 'stale' ? [operation.id] : []))
    await commit(session, settledOf(refused.flatMap((id) => byId.get(id) ?? [])))
    await note(results.filter(({ result }) => isToBeRead(result)))
    done += results.length
    session.emit({ kind: 'written', mapping: session.mapping.name, side, done, of: actions.length })
  }
  await session.connectors[side].write(
    fresh.actions.map(({ write: operation }) => operation),
    onBatch,
  )
  if (outage !== undefined) throw outage
  return { again, undone }
}

interface Answered {
  readonly operation: WriteOperation
  readonly result: WriteResult
}

const settledOf = (actions: readonly Action[]): readonly Entry[] =>
  actions.map(({ intent: { id } }): Entry => ({ kind: 'settled', id }))

/** Only reading shows what came of it. */
const isToBeRead = ({ kind }: WriteResult): boolean => kind === 'stale' || kind === 'unknown' || kind === 'exists'

interface Outcome {
  readonly entries: readonly Entry[]
  readonly again?: Again | undefined
  /** The service as a whole was not available. */
  readonly outage?: ConnectorError | undefined
}

async function outcomeOf(session: Session, action: Action, result: WriteResult): Promise<Outcome> {
  const settled: Entry = { kind: 'settled', id: action.intent.id }
  forget(session, action)
  noteStamp(session, action, result)
  switch (result.kind) {
    case 'done':
      return action.kind === 'claim' ? { entries: [settled] } : done(session, action, result)
    case 'exists':
      return existing(session, action, result.id)
    case 'stale':
      return { entries: await staleEntries(session, action), again: againFor(action, 'changed') }
    case 'missing':
      return action.kind === 'delete'
        ? { entries: await goneEntries(session, action) }
        : { entries: [settled], again: againFor(action, 'changed') }
    case 'rejected':
      return { entries: await rejectedEntries(session, action, result) }
    case 'unknown':
      return unknown(session, action)
    case 'later':
      return { entries: [settled], outage: outageOf(action.side, result) }
  }
}

/**
 * Another run has made it. Of a record that is made again for a deleted one the pair goes on in it at once: nothing else
 * would report the record that was left, and to a run that begins where this one breaks off the new one would stand alone
 * (P1).
 */
async function existing(session: Session, action: Action, id: string): Promise<Outcome> {
  const isMadeAgain = action.judgement.action.kind === 'create' && action.judgement.action.restores
  return {
    entries: isMadeAgain ? await settleOne(session, action.intent) : [{ kind: 'settled', id: action.intent.id }],
    again: againFor(action, 'changed', pairRef(action, id)),
  }
}

/**
 * Somebody else was quicker. Where the record says now what was to be written, both sides have agreed on that, whoever
 * wrote it (another runner, perhaps): an edit of the source since then is news and no conflict (P2). A document is
 * compared with its lines, by the next decision.
 */
async function staleEntries(session: Session, { intent }: Action): Promise<readonly Entry[]> {
  return session.compiled.lines === undefined ? settleOne(session, intent, true) : [{ kind: 'settled', id: intent.id }]
}

async function done(session: Session, action: Action, answer: Done): Promise<Outcome> {
  const result = ofRecord(action, answer)
  countDone(session, action)
  session.permit?.wrote(session, action.side, result.id)
  return {
    entries: await doneEntries(session, action, result),
    again: action.more ? againFor(action, 'unfinished', pairRef(action, result.id)) : undefined,
  }
}

/** No answer came: reading tells what happened, and what is still to be done is decided on what was read. */
async function unknown(session: Session, action: Action): Promise<Outcome> {
  const entries = await settleOne(session, action.intent)
  const there = entries.find((entry) => entry.kind === 'couple')?.coupling[action.side].id
  const isGone = entries.some((entry) => entry.kind === 'uncouple')
  if (there !== undefined || isGone) countDone(session, action)
  if (there !== undefined) session.permit?.wrote(session, action.side, there)
  if (isGone) return { entries }
  return {
    entries,
    again: there === undefined ? againFor(action, 'unanswered') : againFor(action, 'written', pairRef(action, there)),
  }
}

async function goneEntries(session: Session, action: Action): Promise<readonly Entry[]> {
  return doneEntries(session, action, { kind: 'done', id: action.intent.target, etag: undefined, row: undefined })
}

const outageOf = (side: Side, result: Extract<WriteResult, { kind: 'later' }>): ConnectorError =>
  new ConnectorError(side, 'throttled', {
    message: result.refusal.message,
    remedy: result.refusal.remedy,
    code: result.refusal.code,
  })

const againFor = ({ judgement, side }: Action, why: Again['why'], ref: Ref = judgement.ref): Again => ({
  judgement,
  side,
  why,
  ref,
})

const pairRef = (action: Action, id: string): Ref => {
  const from = otherSide(action.side)
  const ids: Record<Side, string | undefined> = {
    businessCentral: undefined,
    sales: undefined,
    [action.side]: id,
    [from]: action.judgement.ref[from],
  }
  return { ...ids, coupled: true }
}

/** What we wrote is not what we have in memory any more, for any mapping. */
function forget({ cache, ownWrites, mapping }: Session, { judgement: { ref }, side }: Action): void {
  const from = otherSide(side)
  if (ref[side] !== undefined) ownWrites.moved(mapping, side, ref[side])
  if (ref[from] !== undefined) cache.drop(from, ref[from])
}

/** What was written, or may have been, has another stamp than the last edit of a person. */
function noteStamp({ ownWrites, mapping }: Session, action: Action, result: WriteResult): void {
  const row = action.judgement.rows[action.side]
  const isMade = result.kind === 'done' || result.kind === 'unknown'
  if (row === undefined || !(isMade || (result.kind === 'rejected' && result.stepsDone > 0))) return
  const { etag, modified } = result.kind === 'done' ? ofRecord(action, result) : nothingTold
  ownWrites.wrote(mapping, action.side, row, versionOf({ etag, modified }))
}

const nothingTold = { etag: undefined, modified: undefined }

function count(session: Session, judgements: readonly Judgement[], writing: ReadonlySet<Judgement>): void {
  for (const judgement of judgements) {
    const { action } = judgement
    const lead: Side = session.mapping.direction === 'toBusinessCentral' ? 'sales' : 'businessCentral'
    if (action.kind === 'couple') session.tally.from(lead, 'coupled')
    else if (action.kind === 'uncouple') session.tally.from(lead, 'uncoupled')
    else if (
      action.kind === 'in-step' ||
      (action.kind === 'merge' && !writing.has(judgement) && judgement.holds.length === 0)
    )
      session.tally.from(lead, 'unchanged')
  }
}

function countDone(session: Session, action: Action): void {
  const counter = action.kind === 'create' ? 'created' : action.kind === 'delete' ? 'deleted' : 'updated'
  session.tally.to(action.side, counter)
}
