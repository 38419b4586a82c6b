/** The lines of a document as steps of the document's own write: deleted, updated and created between its header steps. */
import type { EntityRef, Side } from '../config/config.ts'
import type { WriteStep } from '../connector/connector.ts'
import type { FieldWrite } from '../core/decide.ts'
import type { LineWrite } from '../core/decide-lines.ts'
import type { Cell, Values } from '../core/record.ts'
import type { Judgement } from './judgement.ts'
import type { Session } from './session.ts'

/** The lines that a judgement writes on a side. */
export const lineWritesTo = ({ decided }: Pick<Judgement, 'decided'>, side: Side): readonly LineWrite[] =>
  (decided?.lines?.writes ?? []).filter(({ to }) => to === side)

/** The steps for the lines below a document; an empty document id is the one that a step before creates. */
export function lineSteps(
  session: Session,
  side: Side,
  document: string,
  writes: readonly LineWrite[],
): readonly WriteStep[] {
  return writes.flatMap((write) => stepsOf(session, side, document, write))
}

function stepsOf(session: Session, side: Side, document: string, line: LineWrite): readonly WriteStep[] {
  const entity = lineEntity(session, side)
  const { key } = line
  const { preconditions } = session.compiled.lines?.compiled.sides[side].description ?? { preconditions: false }
  const etag = preconditions ? line.etag : undefined
  if (line.kind === 'delete') return [{ kind: 'delete', entity, key: key ?? '', etag }]
  const [first, last] = parts(line, side)
  if (line.kind === 'create') return createSteps({ session, side, document, line }, { first, last })
  const steps: WriteStep[] = []
  for (const values of [first, last]) {
    if (Object.keys(values).length === 0) continue
    steps.push({ kind: 'update', entity, key: key ?? '', etag: steps.length === 0 ? etag : 'inherit', values })
  }
  return steps
}

interface NewLine {
  readonly session: Session
  readonly side: Side
  readonly document: string
  readonly line: LineWrite
}

/** Values for after the create go with it where the line's key is not known before. */
function createSteps(
  { session, side, document, line }: NewLine,
  { first, last }: { readonly first: Values; readonly last: Values },
): readonly WriteStep[] {
  const entity = lineEntity(session, side)
  const { key } = line
  const parent = { column: parentColumn(session, side), set: session.mapping[side].entity?.entity ?? '', id: document }
  const values = { ...numberOf(session, line), ...first, ...(key === undefined ? last : {}) }
  const create: WriteStep = { kind: 'create', entity, key, values, parent }
  if (key === undefined || Object.keys(last).length === 0) return [create]
  return [create, { kind: 'update', entity, key, etag: 'inherit', values: last }]
}

function numberOf({ mapping }: Session, { to, number }: LineWrite): Values {
  const order = mapping.lines?.sides[to].order
  return order === undefined || number === undefined ? {} : { [order]: number }
}

const late = ({ field }: FieldWrite): boolean => field.field.step === 'after'

/** What is written at once, and what only stands when it is written afterwards. */
function parts({ writes }: LineWrite, side: Side): readonly [Values, Values] {
  return [
    cells(
      writes.filter((write) => !late(write)),
      side,
    ),
    cells(writes.filter(late), side),
  ]
}

function cells(writes: readonly FieldWrite[], side: Side): Values {
  const values: Record<string, Cell> = {}
  for (const { field, cell } of writes) {
    const place = field.place[side]
    if (place !== undefined) values[place.column] = cell
  }
  return values
}

function lineEntity({ mapping }: Session, side: Side): EntityRef {
  const entity = mapping.lines?.mapping[side].entity
  if (entity === undefined) throw new Error(`${mapping.name} writes lines that it does not have`)
  return entity
}

const parentColumn = ({ mapping }: Session, side: Side): string => mapping.lines?.sides[side].parent ?? ''
