/**
 * A write of several steps that a service refused half-way (P2, P5, P7): what its first steps left is agreed and no edit
 * of the other side, and a later run finishes the rest, whatever the filter says then.
 */
import type { WriteResult, WriteStep } from '../connector/connector.ts'
import type { Coupling, Unfinished } from '../core/coupling.ts'
import type { LineWrite } from '../core/decide-lines.ts'
import type { Entry } from '../store/store.ts'
import type { Action } from './actions.ts'
import { type Done, currentCoupling } from './coupling-after.ts'
import { lineWritesTo } from './line-steps.ts'
import { doneEntries, refusedEntries } from './outcome.ts'
import type { Session } from './session.ts'

type Rejected = Extract<WriteResult, { kind: 'rejected' }>

/** Entries after a refusal, with what was written before it. */
export async function rejectedEntries(session: Session, action: Action, result: Rejected): Promise<readonly Entry[]> {
  const refused = refusedEntries(session, action, result.refusal)
  const id = result.id ?? (action.kind === 'update' ? action.intent.target : undefined)
  if (result.stepsDone === 0 || id === undefined || action.kind === 'delete') return refused
  if (!leavesPair(action)) return [...refused, ...stuck(currentCoupling(session, action), true)]
  const done: Done = { kind: 'done', id, etag: undefined, row: undefined, made: result.made ?? [] }
  const entries = await doneEntries(session, halfOf(session, action, result), done)
  const couplings = entries.flatMap((entry) =>
    entry.kind === 'couple' ? stuck(entry.coupling, action.kind === 'create' ? 'new' : true) : [],
  )
  return [...entries.filter(({ kind }) => kind !== 'couple'), ...couplings, ...refused]
}

/** A claim makes no pair, and the last write of one that is over takes it apart only when it is done. */
const leavesPair = ({ kind, judgement }: Action): boolean =>
  kind === 'create' || (kind === 'update' && ['merge', 'couple'].includes(judgement.action.kind))

const stuck = (coupling: Coupling | undefined, unfinished: Unfinished): readonly Entry[] =>
  coupling === undefined ? [] : [{ kind: 'couple', coupling: { ...coupling, unfinished } }]

/** The action as far as its steps were done. */
function halfOf(session: Session, action: Action, { stepsDone, made = [] }: Rejected): Action {
  const { judgement, side } = action
  const { decided } = judgement
  const steps = action.write.steps.slice(0, stepsDone)
  const rest = action.write.steps.slice(stepsDone)
  const writes = action.writes.filter(({ field }) => {
    const column = field.place[side]?.column
    return (
      column !== undefined &&
      steps.some((step) => isHeader(session, action, step) && Object.hasOwn(step.values, column))
    )
  })
  const half = { ...action, writes, more: true }
  if (decided?.lines === undefined) return half
  const lines = { ...decided.lines, writes: linesDone(action, rest, made.length) }
  return { ...half, judgement: { ...judgement, decided: { ...decided, lines } } }
}

type Filled = Exclude<WriteStep, { kind: 'delete' }>

const isHeader = ({ mapping }: Session, { side }: Action, step: WriteStep): step is Filled =>
  step.kind !== 'delete' && JSON.stringify(step.entity) === JSON.stringify(mapping[side].entity)

/** New lines are made in their order; of another line no step may be left. */
function linesDone(action: Action, rest: readonly WriteStep[], made: number): readonly LineWrite[] {
  const writes = lineWritesTo(action.judgement, action.side)
  const creates = writes.filter(({ kind }) => kind === 'create').slice(0, made)
  const others = writes.filter(({ kind, key }) => kind !== 'create' && !rest.some((step) => step.key === key))
  return [...others, ...creates]
}
