/**
 * From a decision to the writes that carry it out: steps, keys and preconditions, with the intent that is journalled
 * before. Keeps P1 (derived keys) and P2 (every update carries what it was decided on).
 */
import { type EntityRef, type Side, otherSide } from '../config/config.ts'
import type { WriteOperation, WriteStep } from '../connector/connector.ts'
import { callerOf } from '../core/act-as.ts'
import { type Base, type Prints, differing, noBase, packBase } from '../core/base.ts'
import { type FieldWrite, firstMatchOf } from '../core/decide.ts'
import { versionOf } from '../core/fingerprint.ts'
import type { Cell, Loaded, Row, Values } from '../core/record.ts'
import type { Intent } from '../store/store.ts'
import type { JudgedAction, Judgement } from './judgement.ts'
import { lineSteps, lineWritesTo } from './line-steps.ts'
import { newKey } from './new-key.ts'
import { type Session, baseOf, packed } from './session.ts'

/** One write to one record. */
export interface Action {
  readonly judgement: Judgement
  readonly kind: 'create' | 'update' | 'delete' | 'claim'
  /** The side written to. */
  readonly side: Side
  readonly write: WriteOperation
  readonly intent: Intent
  /** The fields that this write carries. */
  readonly writes: readonly FieldWrite[]
  /** Pages of the record wait for another round, because this write moves their etags. */
  readonly more: boolean
}

/** The writes of a judgement to one side, at most one per record and round. */
export function actionsOf(session: Session, judgement: Judgement, side: Side): readonly Action[] {
  const { action, decided } = judgement
  if (action.kind === 'create') {
    if (action.on === side) return [createAction(session, judgement, side)]
    const claims = decided?.claims ?? []
    return claims.length === 0
      ? []
      : [{ ...updateAction(session, judgement, side, claims), kind: 'claim', more: false }]
  }
  if (!writesFields(action)) return []
  const writes = (decided?.writes ?? []).filter(({ to }) => to === side)
  const isWritten = writes.length > 0 || lineWritesTo(judgement, side).length > 0
  return isWritten ? [updateAction(session, judgement, side, writes)] : []
}

const writesFields = ({ kind }: JudgedAction): boolean =>
  kind === 'merge' || kind === 'couple' || kind === 'end' || kind === 'uncouple'

/** The delete of a judgement, applied after everything else. */
export function deleteActionOf(session: Session, judgement: Judgement): Action | undefined {
  if (judgement.action.kind !== 'delete') return undefined
  const side = judgement.action.on
  const row = judgement.rows[side]
  const entity = session.mapping[side].entity
  if (row === undefined || entity === undefined) return undefined
  return actionMade(
    session,
    judgement,
    { kind: 'delete', side, key: row.id, version: versionOf(row), writes: [], more: false },
    [{ kind: 'delete', entity, key: row.id, etag: precondition(session, side, row) }],
  )
}

/** What the other service made of a document whose lines travel both ways is sent back at once: number, dates, addresses. */
const sendsBack = ({ mapping }: Session): boolean => mapping.lines?.mapping.direction === 'both'

function createAction(session: Session, judgement: Judgement, side: Side): Action {
  const source = judgement.rows[otherSide(side)]
  const writes = judgement.decided?.writes ?? []
  const key = newKey(session, side, source?.id ?? '')
  const inCreate = writes.filter(({ field }) => field.field.step !== 'after')
  const steps: readonly WriteStep[] = [
    { kind: 'create', entity: entityOf(session, side), key, values: valuesOf(inCreate) },
    ...lineSteps(session, side, key ?? '', lineWritesTo(judgement, side)),
    ...headerSteps(session, side, { key: key ?? '', etag: 'inherit', row: undefined }, writes.filter(isAfter)),
  ]
  const more = session.mapping[side].with.length > 0 || sendsBack(session)
  return actionMade(
    session,
    judgement,
    { kind: 'create', side, key: key ?? '', version: undefined, writes, more },
    steps,
  )
}

function updateAction(session: Session, judgement: Judgement, side: Side, writes: readonly FieldWrite[]): Action {
  const row = judgement.rows[side]
  if (row === undefined) throw new Error(`an update of ${session.mapping.name} without the row it was decided on`)
  const main = writes.filter(({ field }) => field.place[side]?.page === undefined)
  const lines = lineWritesTo(judgement, side)
  if (main.length === 0 && lines.length === 0) return pageAction(session, judgement, { side, row, writes })
  const target = { key: row.id, etag: precondition(session, side, row) }
  const before = headerSteps(
    session,
    side,
    { ...target, row: row.row },
    main.filter((write) => !isAfter(write)),
  )
  const etag = before.length === 0 && lines.length === 0 ? target.etag : 'inherit'
  const behind = { key: row.id, etag, row: row.row }
  const steps: readonly WriteStep[] = [
    ...before,
    ...lineSteps(session, side, row.id, lines),
    ...headerSteps(session, side, behind, main.filter(isAfter)),
  ]
  const more = main.length < writes.length || isPaused(judgement)
  return actionMade(
    session,
    judgement,
    { kind: 'update', side, key: row.id, version: versionOf(row), writes: main, more },
    steps,
  )
}

/** Outside the filter until now: the write may have brought it inside, and then the rest of it travels too. */
const isPaused = ({ action }: Judgement): boolean => action.kind === 'merge' && action.paused

const isAfter = ({ field }: FieldWrite): boolean => field.field.step === 'after'

/**
 * The steps that write a header's own columns, in their order. A column that is written by an action is a step of its
 * own. The first carries the precondition, the others what the former left.
 */
function headerSteps(
  session: Session,
  side: Side,
  target: { readonly key: string; readonly etag: string | undefined; readonly row: Row | undefined },
  writes: readonly FieldWrite[],
): readonly WriteStep[] {
  if (writes.length === 0) return []
  const entity = entityOf(session, side)
  const steps: WriteStep[] = []
  const etag = (): string | undefined => (steps.length === 0 ? target.etag : 'inherit')
  for (const step of ['before', 'main', 'after'] as const) {
    const here = writes.filter(({ field }) => field.field.step === step)
    const actions = here.flatMap((write) => actionFor(session, side, write) ?? [])
    const plain = here.filter((write) => actionFor(session, side, write) === undefined)
    const update = (): WriteStep => ({
      kind: 'update',
      entity,
      key: target.key,
      etag: etag(),
      values: valuesOf(plain),
      ...seenIn(session, side, target.row, plain),
    })
    if (step === 'after' && plain.length > 0) steps.push(update())
    for (const action of actions) {
      const mark = steps.length === 0 && target.etag !== 'inherit' ? target.etag : undefined
      steps.push({ kind: 'action', entity, key: target.key, etag: mark, action, values: {} })
    }
    if (step !== 'after' && plain.length > 0) steps.push(update())
  }
  return steps
}

/**
 * What the row holds in the columns that are written, as far as they were read. Of a new record, what its create leaves
 * there: somebody, or the service, may have filled it since, and which of the two is right the row's `firstMatch` says.
 */
function seenIn(
  { mapping }: Session,
  to: Side,
  row: Row | undefined,
  writes: readonly FieldWrite[],
): Pick<Extract<WriteStep, { kind: 'update' }>, 'seen'> {
  const columnOf = ({ field }: FieldWrite): string => field.place[to]?.column ?? ''
  const isRight = ({ field }: FieldWrite): boolean => firstMatchOf(field, mapping).different === otherSide(to)
  if (row === undefined) return { seen: writes.filter((write) => !isRight(write)).map(columnOf) }
  const columns = writes.map(columnOf).filter((column) => Object.hasOwn(row, column))
  return columns.length === 0 ? {} : { seen: Object.fromEntries(columns.map((column) => [column, row[column]])) }
}

/** The bound action by which a value is written; undefined where it is simply set. */
function actionFor(session: Session, side: Side, { field, cell }: FieldWrite): string | undefined {
  const column = field.place[side]?.column ?? ''
  return typeof cell === 'object' ? undefined : session.mapping[side].actions[column]?.[`${cell}`]
}

/** A further page is a record of its own for the service: own key, own etag, one page a round. */
function pageAction(
  session: Session,
  judgement: Judgement,
  update: { side: Side; row: Loaded; writes: readonly FieldWrite[] },
): Action {
  const { side, row, writes } = update
  const name = writes[0]?.field.place[side]?.page ?? ''
  const here = writes.filter(({ field }) => field.place[side]?.page === name)
  const page = row.pages?.[name]
  const entity = session.mapping[side].with.find((candidate) => candidate.name === name)?.entity
  if (page === undefined || entity === undefined)
    throw new Error(`a write of ${session.mapping.name} to the page ${name}, which was not read`)
  const step: WriteStep = { kind: 'update', entity, key: page.id, etag: page.etag, values: valuesOf(here) }
  return actionMade(
    session,
    judgement,
    {
      kind: 'update',
      side,
      key: row.id,
      version: versionOf(row),
      writes: here,
      more: here.length < writes.length || isPaused(judgement),
    },
    [step],
  )
}

interface Made {
  readonly kind: Intent['kind']
  readonly side: Side
  readonly key: string
  readonly version: string | undefined
  readonly writes: readonly FieldWrite[]
  readonly more: boolean
}

function actionMade(session: Session, judgement: Judgement, made: Made, steps: readonly WriteStep[]): Action {
  const source = judgement.ref[otherSide(made.side)] ?? ''
  const id = `${session.mapping.name}/${made.kind}/${made.side}/${source}/${made.key}`
  const { entity } = session.mapping[made.side]
  const about = entity === undefined || session.mapping.lines === undefined ? {} : { about: { entity, key: made.key } }
  const meant = baseMeant(session, judgement, made)
  const agreed = judgement.coupling === undefined ? meant : baseOf(session, judgement.coupling)
  const stood = differing(judgement.decided?.said ?? noBase, agreed, made.side)
  const intent: Intent = {
    id,
    kind: made.kind,
    side: made.side,
    target: made.key,
    source,
    before: made.version,
    ...packed(session, meant),
    ...(stood.size === 0 ? {} : { stood: packed(session, stood).base }),
    ...linesMeant(session, judgement, made.side),
  }
  return {
    judgement,
    kind: made.kind,
    side: made.side,
    write: {
      id,
      steps,
      select: session.compiled.sides[made.side].select,
      ...about,
      ...writtenAs(session, judgement, made.side),
    },
    intent,
    writes: made.writes,
    more: made.more,
  }
}

function linesMeant({ compiled }: Session, judgement: Judgement, side: Side): Pick<Intent, 'lines'> {
  const layout = compiled.lines?.compiled.layout
  if (layout === undefined) return {}
  const pairs = lineWritesTo(judgement, side).flatMap(
    ({ kind, key = '', source = '', base, said = noBase, writes, number = null, etag }) => {
      if (kind === 'delete') return []
      const ids = side === 'sales' ? ([source, key] as const) : ([key, source] as const)
      const before = kind === 'create' ? number : (versionOf({ etag, modified: undefined }) ?? null)
      const meant = kind === 'create' ? base : printsOf(writes)
      const line = [...ids, packBase(meant, layout.rows), before] as const
      return [said.size === 0 ? line : ([...line, packBase(said, layout.rows)] as const)]
    },
  )
  return pairs.length === 0 ? {} : { lines: { layout: layout.id, pairs } }
}

/**
 * The base that the write is to leave: of a pair that is known, in the rows that are written. The others stand in the
 * coupling, and a write to the other side may move them meanwhile.
 */
const baseMeant = (session: Session, judgement: Judgement, { kind, writes }: Made): Base =>
  kind === 'update' && judgement.coupling !== undefined ? printsOf(writes) : baseAfter(session, judgement, writes)

/** As whom Sales is written, where the mapping names somebody. */
function writtenAs({ mapping, lookups }: Session, { rows }: Judgement, side: Side): Pick<WriteOperation, 'caller'> {
  const caller = side === 'sales' ? callerOf(mapping.actAs, rows.businessCentral?.row, lookups) : undefined
  return caller?.kind === 'user' ? { caller: caller.id } : {}
}

/** The base of the pair once these writes are done: what agreed before, what agrees now, what was written. */
export function baseAfter(session: Session, judgement: Judgement, writes: readonly FieldWrite[]): Base {
  const { coupling, decided, action } = judgement
  const before = coupling === undefined || action.kind === 'create' ? noBase : baseOf(session, coupling)
  const base = new Map(before)
  for (const [row, prints] of decided?.agreed ?? noBase) base.set(row, prints)
  // A record is made of one that was claimed before: what the claim wrote there is agreed with it.
  if (action.kind === 'create') for (const { field, prints } of decided?.claims ?? []) base.set(field.rowId, prints)
  for (const { field, prints } of writes) base.set(field.rowId, prints)
  return base
}

/** The base of the rows that are written. */
export const printsOf = (writes: readonly FieldWrite[]): Base =>
  new Map<string, Prints>(writes.map(({ field, prints }) => [field.rowId, prints]))

const precondition = (session: Session, side: Side, row: Loaded): string | undefined =>
  session.compiled.sides[side].description.preconditions ? row.etag : undefined

function entityOf(session: Session, side: Side): EntityRef {
  const { entity } = session.mapping[side]
  if (entity === undefined) throw new Error(`${session.mapping.name} writes to constant rows`)
  return entity
}

/** Columns and cells of writes. */
export function valuesOf(writes: readonly FieldWrite[]): Values {
  const values: Record<string, Cell> = {}
  for (const { field, to, cell } of writes) {
    const place = field.place[to]
    if (place !== undefined) values[place.column] = cell
  }
  return values
}
