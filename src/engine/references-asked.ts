/**
 * Keeps P1 where a service ignores our keys: the reference that stands in a document for good is asked for before each
 * create. A document that is there already is taken, not made again; one that was posted meanwhile is told to a person.
 */
import { type Side, otherSide } from '../config/config.ts'
import type { Condition } from '../connector/connector.ts'
import type { Entry } from '../store/store.ts'
import type { Action } from './actions.ts'
import { originHold, postedHold } from './holds.ts'
import type { Hold } from './judgement.ts'
import { isPlainColumn } from './match-values.ts'
import { entriesOf } from './outcome.ts'
import type { Session } from './session.ts'

/** What remains to be made, and what is there already. */
export interface Asked {
  readonly actions: readonly Action[]
  readonly adopted: readonly { readonly action: Action; readonly id: string }[]
  /** Holds for documents that stand there as something else. */
  readonly posted: readonly Entry[]
}

/** Asks for the references of all documents that are to be created, in one request a collection. */
export async function withoutAdopted(session: Session, side: Side, actions: readonly Action[]): Promise<Asked> {
  const { reference, postedAs } = session.mapping[side]
  const creates = actions.filter(({ kind }) => kind === 'create')
  if (creates.length === 0) return { actions, adopted: [], posted: [] }
  if (reference === undefined) return withoutOrigins(session, side, { actions, creates })
  const own = (action: Action): string | undefined => valueOf(action, reference)?.toLowerCase()
  const conditions = creates.flatMap((action) => {
    const value = valueOf(action, reference)
    return value === undefined ? [] : [{ [reference]: value }]
  })
  const found = byReference(await session.readers[side].findAnywhere(conditions), reference)
  const adopted = creates.flatMap((action) => {
    const id = found.get(own(action) ?? '')
    return id === undefined || action.intent.target !== '' ? [] : [{ action, id }]
  })
  const posted = new Map<Action, string>()
  for (const { entity } of postedAs) {
    const there = await postedIn(session, side, { entity, reference, conditions })
    for (const action of creates) if (there.has(own(action) ?? '')) posted.set(action, entity)
  }
  const taken = new Set([...adopted.map(({ action }) => action), ...posted.keys()])
  return {
    actions: actions.filter((action) => !taken.has(action)),
    adopted,
    posted: [...posted].flatMap(([action, entity]) =>
      heldAs(session, action, postedHold(session, action.judgement, entity)),
    ),
  }
}

/**
 * A document whose reference names one of the side that is written to was made of that one. Where nobody remembers the
 * pair, and its origin has left the filter, no match finds the two: it is told to a person and not made a second time.
 */
async function withoutOrigins(
  session: Session,
  side: Side,
  { actions, creates }: { readonly actions: readonly Action[]; readonly creates: readonly Action[] },
): Promise<Asked> {
  const from = otherSide(side)
  const { reference } = session.mapping[from]
  const column = matchedWith(session, from, reference)
  if (reference === undefined || column === undefined) return { actions, adopted: [], posted: [] }
  const named = new Map<Action, string>()
  for (const action of creates) {
    const value = action.judgement.rows[from]?.row[reference]
    if (typeof value === 'string' && value !== '') named.set(action, value)
  }
  const conditions = [...named.values()].map((value) => ({ [column]: value }))
  const found = byReference(await session.readers[side].findAnywhere(conditions), column)
  const made = new Map([...named].filter(([, value]) => found.has(value.toLowerCase())))
  return {
    actions: actions.filter((action) => !made.has(action)),
    adopted: [],
    posted: [...made].flatMap(([action, origin]) =>
      heldAs(session, action, originHold(session, { ...action.judgement, side: from }, origin)),
    ),
  }
}

/** The other side's column that the match rule holds beside the reference. */
function matchedWith({ mapping }: Session, from: Side, reference: string | undefined): string | undefined {
  const columns = mapping.match.flatMap((group) =>
    group[from].flatMap((column, index) => (column === reference ? (group[otherSide(from)][index] ?? []) : [])),
  )
  return columns.find(isPlainColumn)
}

function valueOf(action: Action, reference: string): string | undefined {
  const [step] = action.write.steps
  const value = step?.kind === 'create' ? step.values[reference] : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}

const byReference = (
  rows: readonly { readonly id: string; readonly row: Readonly<Record<string, unknown>> }[],
  reference: string,
): ReadonlyMap<string, string> => new Map(rows.map(({ id, row }) => [String(row[reference]).toLowerCase(), id]))

async function postedIn(
  session: Session,
  side: Side,
  asked: { readonly entity: string; readonly reference: string; readonly conditions: readonly Condition[] },
): Promise<ReadonlyMap<string, string>> {
  const query = { entity: { kind: 'standard', entity: asked.entity }, select: [asked.reference] } as const
  return byReference(await session.connectors[side].find(query, asked.conditions), asked.reference)
}

function heldAs(session: Session, { judgement }: Action, hold: Hold): readonly Entry[] {
  return entriesOf(session, { ...judgement, action: { kind: 'hold' }, holds: [hold] }, false)
}
