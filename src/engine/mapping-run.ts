/**
 * One mapping in a run: take in, decide, and either show what would be done (plan) or do it (apply), window by window,
 * deletes last. The plan works on an overlay of the state and leaves behind, in memory, what the writes would have made,
 * so that mappings that refer to this one see it.
 */
import { type Side, otherSide, sides } from '../config/config.ts'
import type { Operation, PlannedHold } from '../core/plan.ts'
import type { Row, Upsert } from '../core/record.ts'
import type { Entry } from '../store/store.ts'
import { type Action, operationsOf } from './actions.ts'
import { type Permit, applyWindow, write } from './apply.ts'
import { type Intake, type Ref, type Scope, takeIn } from './intake.ts'
import { type Wanted, judge } from './judge.ts'
import type { Judgement } from './judgement.ts'
import { newKey } from './new-key.ts'
import { entriesOf } from './outcome.ts'
import { type Session, commit, imaginedAs, isRead, isSource, keysOf, packed } from './session.ts'
import { baseAfter } from './actions.ts'

/** Records decided and written together. */
const windowSize = 4000
/** How often a record that changed meanwhile is read and decided again in one run. */
const roundsMost = 4

/** Decisions kept from the plan for the writing, about 3 KB each. */
const standingMost = 12_000

/** What a mapping wants of the run: records of another mapping to be taken along first. */
export type TakeAlong = (wanted: Wanted['records']) => Promise<void>

export interface PlannedMapping {
  readonly intake: Intake
  readonly operations: readonly Operation[]
  readonly holds: readonly PlannedHold[]
  /** Decisions that need not be made again, as long as their rows are kept. */
  readonly standing: ReadonlyMap<Ref, Judgement>
}

/** What the plan has to keep. */
export interface Keeping {
  /** Operations with their values, for people; otherwise only what is counted. */
  readonly values: boolean
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
  const standing = new Map<Ref, Judgement>()
  await commit(session, layoutEntries(session))
  for (const refs of windows(intake.refs)) {
    const judgements = await judgeWindow(session, refs, takeAlong)
    for (const judgement of judgements) {
      operations.push(...operationsOf(session, judgement, keeping.values))
      if (keeping.values) holds.push(...plannedHolds(session, judgement))
      else if (judgement.stands && standing.size < standingMost) standing.set(judgement.ref, judgement)
    }
    if (keeping.results)
      await commit(
        session,
        judgements.flatMap((judgement) => asIfDone(session, judgement)),
      )
  }
  return { intake, operations, holds, standing }
}

/** Writes a mapping that was taken in. Returns how many operations a saved plan did not hold. */
export async function applyMapping(
  session: Session,
  { intake, standing }: Pick<PlannedMapping, 'intake' | 'standing'>,
  takeAlong: TakeAlong,
  permit: Permit | undefined,
): Promise<number> {
  await commit(session, layoutEntries(session))
  const deletes: Action[] = []
  let unplanned = 0
  let writing: Promise<WindowEnd> = Promise.resolve({ deletes: [], unplanned: 0 })
  const ended = async (): Promise<void> => {
    const end = await writing
    deletes.push(...end.deletes)
    unplanned += end.unplanned
  }
  for (const refs of windows(intake.refs)) {
    const open = refs.filter((ref) => !standing.has(ref))
    const known = refs.flatMap((ref) => standing.get(ref) ?? [])
    const judgements = open.length === 0 ? known : [...known, ...(await judgeWindow(session, open, takeAlong))]
    await ended()
    writing = finishWindow(session, judgements, takeAlong, permit)
    writing.catch(() => {})
  }
  await ended()
  for (const side of ['sales', 'businessCentral'] as const)
    await write(
      session,
      side,
      deletes.filter((action) => action.side === side),
    )
  if (unplanned === 0) await commit(session, [...intake.marks, ...hashEntries(session)])
  return unplanned
}

interface WindowEnd {
  readonly deletes: readonly Action[]
  readonly unplanned: number
}

/** Writes one window while the next is being decided; what changed meanwhile is read and decided again. */
async function finishWindow(
  session: Session,
  judgements: readonly Judgement[],
  takeAlong: TakeAlong,
  permit: Permit | undefined,
): Promise<WindowEnd> {
  const first = await applyWindow(session, judgements, permit)
  const deletes = [...first.deletes]
  let round = first.again
  for (let rounds = 1; round.length > 0 && rounds < roundsMost; rounds++) {
    const applied = await applyWindow(session, await judgeWindow(session, round, takeAlong), undefined)
    deletes.push(...applied.deletes)
    round = applied.again
  }
  if (round.length > 0)
    await commit(
      session,
      round.flatMap((ref) => restless(session, ref)),
    )
  return { deletes, unplanned: first.unplanned }
}

function* windows(refs: readonly Ref[]): Generator<readonly Ref[]> {
  for (let start = 0; start < refs.length; start += windowSize) yield refs.slice(start, start + windowSize)
}

/** Decides a window; what it had to know first is fetched, and the records concerned are decided again. */
async function judgeWindow(
  session: Session,
  refs: readonly Ref[],
  takeAlong: TakeAlong,
): Promise<readonly Judgement[]> {
  let result = await judge(session, refs)
  for (let round = 0; round < 3; round++) {
    const { queries, records } = result.wanted
    if (queries.length === 0 && (records.size === 0 || round > 0)) break
    await answer(session, queries)
    if (records.size > 0 && round === 0) await takeAlong(records)
    const open = new Set(result.judgements.filter(isOpen).map(({ ref }) => ref))
    const again = await judge(session, [...open])
    const renewed = new Map(again.judgements.map((judgement) => [judgement.ref, judgement]))
    result = {
      judgements: result.judgements.map((judgement) => renewed.get(judgement.ref) ?? judgement),
      wanted: again.wanted,
    }
  }
  noteDeferred(session, result.judgements)
  return result.judgements
}

const isOpen = ({ decided }: Judgement): boolean =>
  decided !== undefined && (decided.asks.length > 0 || decided.waits.some(({ policy }) => policy === 'sync'))

/** Looks up the records that fields refer to by query: one request for all of a kind. */
async function answer(session: Session, queries: Wanted['queries']): Promise<void> {
  const groups = new Map<string, Wanted['queries'][number][]>()
  for (const query of queries) {
    const key = `${query.side}/${query.entity}/${Object.keys(query.where).sort().join(',')}`
    groups.set(key, [...(groups.get(key) ?? []), query])
  }
  for (const group of groups.values()) {
    const [first] = group
    if (first === undefined) continue
    const found = await session.connectors[first.side].find(
      { entity: { kind: 'standard', entity: first.entity }, select: Object.keys(first.where).sort() },
      group.map(({ where }) => where),
    )
    for (const query of group)
      session.lookups.answer(
        query,
        found.filter((row) => fits(row, query.where)).map(({ id }) => id),
      )
  }
}

const fits = (row: Upsert, where: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(where).every(
    ([column, value]) => String(row.row[column] ?? '').toLowerCase() === String(value ?? '').toLowerCase(),
  )

function noteDeferred(session: Session, judgements: readonly Judgement[]): void {
  for (const judgement of judgements) {
    if (!judgement.holds.some(({ secondPass }) => secondPass === true)) continue
    const id = judgement.ref.businessCentral ?? newKey(session, 'businessCentral', judgement.ref.sales ?? '')
    if (id !== undefined) session.deferred.add(id)
  }
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
  const key = newKey(session, on, source.id) ?? `new:${session.mapping.name}:${source.id}`
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

/** A record that changed under every attempt: it waits for the next run. */
function restless(session: Session, ref: Ref): readonly Entry[] {
  const side: Side = ref.businessCentral === undefined ? 'sales' : 'businessCentral'
  const now = session.clock.now().toISOString()
  return [
    {
      kind: 'hold',
      held: {
        side,
        id: ref[side] ?? '',
        kind: 'failed',
        number: undefined,
        fields: [],
        message: 'it was changed by somebody else again and again while it was being written',
        remedy: 'nothing to do: the next run takes it up again',
        since: now,
        attempts: 0,
      },
    },
  ]
}

const layoutEntries = (session: Session): readonly Entry[] => {
  const { id, rows } = session.compiled.layout
  return session.state.layout(id) === undefined ? [{ kind: 'layout', id, rows }] : []
}

const hashEntries = (session: Session): readonly Entry[] =>
  session.state.hash === session.mapping.hash ||
  session.options.ids !== undefined ||
  session.options.record !== undefined ||
  sides.some((side) => isSource(session.mapping, side) && !isRead(session, side))
    ? []
    : [{ kind: 'hash', hash: session.mapping.hash }]
