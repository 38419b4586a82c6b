/**
 * Planning one mapping: take in, decide, and show what would be done. Works on an overlay of the state and leaves
 * behind, in memory, what the writes would have made, so that mappings that refer to this one see it (P6).
 */
import { type Side, otherSide, sides } from '../config/config.ts'
import type { Operation, PlannedHold } from '../core/plan.ts'
import type { Row } from '../core/record.ts'
import type { Entry } from '../store/store.ts'
import { baseAfter } from './actions.ts'
import { type Intake, type Scope, takeIn } from './intake.ts'
import { type TakeAlong, judgeWindow, noteDeferred, windows } from './judge-window.ts'
import type { Judgement } from './judgement.ts'
import { newKey } from './new-key.ts'
import { operationsOf } from './operations.ts'
import { entriesOf } from './outcome.ts'
import { Standing } from './own-writes.ts'
import { heedStop } from './ports.ts'
import { type Session, commit, foreseenKey, imaginedAs, keysOf, layoutEntries, packed } from './session.ts'

/** Up to so many decisions are kept from the plan for the writing, about 3 KB each; of more, none (P10). */
const standingMost = 12_000

export interface PlannedMapping {
  readonly intake: Intake
  readonly operations: readonly Operation[]
  readonly holds: readonly PlannedHold[]
  readonly standing: Standing
}

/** What the writing needs of it. */
export type ToWrite = Pick<PlannedMapping, 'intake' | 'standing'>

/** What the plan has to keep. */
export interface Keeping {
  /** Operations with their values, for people or to be compared with a saved plan; otherwise only what is counted. */
  readonly values: boolean
  /** What would wait, for people. */
  readonly holds: boolean
  /** Other mappings, or a second pass, must see what the writes would have made. */
  readonly results: boolean
}

/** Decides everything and writes nothing; the overlay learns what the writes would have made (P6). */
export async function planMapping(
  session: Session,
  scope: Scope,
  takeAlong: TakeAlong,
  keeping: Keeping,
): Promise<PlannedMapping> {
  const intake = await takeIn(session, scope)
  const operations: Operation[] = []
  const holds: PlannedHold[] = []
  const standing = new Standing()
  await commit(session, layoutEntries(session))
  for (const refs of windows(intake.refs)) {
    heedStop(session.stop)
    const judgements = await judgeWindow(session, refs, takeAlong)
    noteDeferred(session, judgements)
    for (const judgement of judgements) {
      operations.push(...operationsOf(session, judgement, keeping.values))
      if (keeping.holds) holds.push(...plannedHolds(session, judgement))
      if (!session.options.dry && judgement.stands && intake.refs.length <= standingMost) standing.add(judgement)
    }
    if (keeping.results)
      await commit(
        session,
        judgements.flatMap((judgement) => asIfDone(session, judgement)),
      )
  }
  return { intake, operations, holds, standing }
}

/** What the overlay learns from a decision, as if its writes had been made. */
function asIfDone(session: Session, judgement: Judgement): readonly Entry[] {
  const { action } = judgement
  if (action.kind === 'create')
    return [...entriesOf(session, judgement, true), ...asIfCreated(session, judgement, action.on)]
  const entries = entriesOf(session, judgement, false)
  if (action.kind !== 'delete') return entries
  const { coupling } = judgement
  return coupling === undefined
    ? entries
    : [...entries, { kind: 'uncouple', businessCentral: coupling.businessCentral.id, sales: coupling.sales.id }]
}

function asIfCreated(session: Session, judgement: Judgement, on: Side): readonly Entry[] {
  const from = otherSide(on)
  const source = judgement.rows[from]
  if (source === undefined) return []
  const key = newKey(session, on, source.id) ?? foreseenKey(session.mapping.name, source.id)
  session.imagined.add(imaginedAs(on, key))
  const row: Row = rowMade(judgement)
  const pair = {
    [on]: { id: key, keys: keysOf(session, on, row), version: undefined },
    [from]: { id: source.id, keys: keysOf(session, from, source.row), version: undefined },
  } as Record<Side, { id: string; keys: Readonly<Record<string, string>>; version: undefined }>
  const { coupling } = judgement
  const replaced: readonly Entry[] =
    coupling === undefined
      ? []
      : [{ kind: 'uncouple', businessCentral: coupling.businessCentral.id, sales: coupling.sales.id }]
  return [
    ...replaced,
    {
      kind: 'couple',
      coupling: {
        businessCentral: pair.businessCentral,
        sales: pair.sales,
        ...packed(session, baseAfter(session, judgement, judgement.decided?.writes ?? [])),
      },
    },
  ]
}

/** The row of a record as it would be made, as far as its natural keys go. */
function rowMade(judgement: Judgement): Row {
  const writes = judgement.decided?.writes ?? []
  return Object.fromEntries(
    writes.flatMap(({ field, to, cell }) => {
      const place = field.place[to]
      return place === undefined || place.page !== undefined ? [] : [[place.column, cell]]
    }),
  )
}

function plannedHolds(session: Session, judgement: Judgement): readonly PlannedHold[] {
  const side: Side = judgement.ref.businessCentral === undefined ? 'sales' : 'businessCentral'
  return judgement.holds.map((hold) => ({
    mapping: session.mapping.name,
    side,
    id: judgement.ref[side] ?? '',
    number: judgement.number,
    kind: hold.kind,
    message: hold.message,
    remedy: hold.remedy,
    fields: hold.fields.map(({ field, values }) => ({ name: field, column: columnOf(session, field), values })),
    known: judgement.held?.kind === hold.kind,
  }))
}

function columnOf(session: Session, name: string): string {
  const field = session.compiled.fields.find((candidate) => candidate.field.name === name)
  const side =
    field === undefined ? undefined : [...sides].reverse().find((candidate) => field.place[candidate] !== undefined)
  return side === undefined ? name : (field?.place[side]?.column ?? name)
}
