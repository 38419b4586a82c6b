/** What judgements come to, as a plan shows and counts it. */
import { type Side, otherSide } from '../config/config.ts'
import type { FieldWrite } from '../core/decide.ts'
import { versionOf } from '../core/fingerprint.ts'
import type { LineWrite } from '../core/decide-lines.ts'
import type { Operation, PlannedField, PlannedLine } from '../core/plan.ts'
import type { Judgement } from './judgement.ts'
import { lineWritesTo } from './line-steps.ts'
import { newKey } from './new-key.ts'
import type { Session } from './session.ts'

/** What a judgement does, as a plan shows it. Without `values` only what is counted. */
export function operationsOf(session: Session, judgement: Judgement, values: boolean): readonly Operation[] {
  const { action, decided } = judgement
  const plain = (kind: 'couple' | 'uncouple' | 'delete', side: Side): Operation =>
    operation(session, judgement, { kind, side, key: judgement.ref[side], writes: [], values })
  if (action.kind === 'create') {
    const key = values ? newKey(session, action.on, judgement.ref[otherSide(action.on)] ?? '') : undefined
    const writes = values ? (decided?.writes ?? []) : []
    const { on: side, restores } = action
    return [
      ...claims(session, judgement, values),
      operation(session, judgement, { kind: 'create', side, key, writes, restores, values }),
    ]
  }
  if (action.kind === 'delete') return [plain('delete', action.on)]
  if (action.kind === 'uncouple') return [plain('uncouple', 'businessCentral'), ...updates(session, judgement, values)]
  if (action.kind === 'couple') return [plain('couple', 'businessCentral'), ...updates(session, judgement, values)]
  return action.kind === 'merge' || action.kind === 'end' ? updates(session, judgement, values) : []
}

function claims(session: Session, judgement: Judgement, values: boolean): readonly Operation[] {
  const writes = judgement.decided?.claims ?? []
  if (writes.length === 0) return []
  return [
    operation(session, judgement, {
      kind: 'claim',
      side: 'sales',
      key: judgement.ref.sales,
      writes: values ? writes : [],
      values,
    }),
  ]
}

function updates(session: Session, judgement: Judgement, values: boolean): readonly Operation[] {
  return (['sales', 'businessCentral'] as const).flatMap((side) => {
    const writes = (judgement.decided?.writes ?? []).filter(({ to }) => to === side)
    return writes.length === 0 && lineWritesTo(judgement, side).length === 0
      ? []
      : [
          operation(session, judgement, {
            kind: 'update',
            side,
            key: judgement.ref[side],
            writes: values ? writes : [],
            values,
          }),
        ]
  })
}

interface Drafted {
  readonly kind: Operation['kind']
  readonly side: Side
  readonly key: string | undefined
  readonly writes: readonly FieldWrite[]
  readonly restores?: boolean
  /** Its lines are wanted too. */
  readonly values?: boolean
}

function operation(session: Session, judgement: Judgement, drafted: Drafted): Operation {
  const { kind, side, key, writes, restores, values } = drafted
  const lines = values === true ? lineWritesTo(judgement, side).map(plannedLine) : []
  const row = kind === 'create' ? judgement.rows[otherSide(side)] : judgement.rows[side]
  return {
    mapping: session.mapping.name,
    kind,
    side,
    key,
    partner: judgement.ref[otherSide(side)],
    number: judgement.number,
    version: values !== true || row === undefined ? undefined : versionOf(row),
    fields: writes.map(plannedField),
    ...(lines.length === 0 ? {} : { lines }),
    ...(restores === true ? { restores } : {}),
  }
}

const plannedLine = ({ kind, key, source, writes }: LineWrite): PlannedLine => ({
  kind,
  key,
  partner: source,
  fields: writes.map(plannedField),
})

function plannedField({ field, to, before, canonical, why, prints }: FieldWrite): PlannedField {
  const place = field.place[to]
  const column =
    place === undefined ? field.field.name : place.page === undefined ? place.column : `${place.page}.${place.column}`
  return {
    name: field.field.name,
    column,
    before,
    after: canonical,
    why,
    reveal: field.field.reveal,
    print: prints[to] ?? '',
  }
}
