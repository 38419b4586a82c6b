/**
 * What a side will say of the lines that are written there, where an expression makes its lines of the whole document: the
 * row of a line alone does not tell. Without it our own write would be an edit of that side, which could win over a
 * person's (P2, P4). Pure.
 */
import { type BySide, type Side, otherSide, travelsTo } from '../config/config.ts'
import type { Base } from './base.ts'
import { type FieldWrite, storedAs } from './decide.ts'
import type { LineWrite } from './decide-lines.ts'
import { type LineRow, lineRows } from './document-lines.ts'
import { ExpressionError, orFailure } from './expression.ts'
import type { CompiledLines, Place } from './mapping.ts'
import { type Deciding, printOf } from './offer.ts'
import type { Loaded, Row, Upsert } from './record.ts'

/** The writes with what their side will say. Where its expression fails on that, they stay as they are. */
export async function withLineEchoes(
  lines: CompiledLines,
  deciding: Deciding,
  documents: BySide<Loaded | undefined>,
  writes: readonly LineWrite[],
): Promise<readonly LineWrite[]> {
  const after = {
    businessCentral: await saidAfter(lines, deciding, 'businessCentral', { documents, writes }),
    sales: await saidAfter(lines, deciding, 'sales', { documents, writes }),
  }
  const echoed: LineWrite[] = []
  for (const [index, write] of writes.entries()) {
    const row = after[write.to]?.get(nameOf(write, index))
    echoed.push(row === undefined ? write : await told(deciding, write, row))
  }
  return echoed
}

interface Written {
  readonly documents: BySide<Loaded | undefined>
  readonly writes: readonly LineWrite[]
}

/** The lines that the side will say, by key; undefined where they say themselves, or that cannot be told. */
async function saidAfter(
  lines: CompiledLines,
  deciding: Deciding,
  side: Side,
  { documents, writes }: Written,
): Promise<ReadonlyMap<string, LineRow> | undefined> {
  const isWritten = writes.some(({ to }) => to === side)
  if (!isWritten || lines.compute[side] === undefined || !travelsTo(lines.lines.mapping.direction, otherSide(side)))
    return undefined
  const document = documentAfter(lines, side, documents[side] ?? newDocument, writes)
  const rows = await orFailure(lineRows(lines, side, document, deciding.bindings))
  return rows instanceof ExpressionError ? undefined : new Map(rows.map((row) => [row.id, row]))
}

const newDocument: Loaded = { kind: 'upsert', id: '', etag: undefined, modified: undefined, row: {} }

/** A line whose key the service will choose is known by its place among the writes. */
const nameOf = ({ key }: LineWrite, index: number): string => key ?? `new line ${index}`

function documentAfter(lines: CompiledLines, side: Side, document: Loaded, writes: readonly LineWrite[]): Loaded {
  const standing = new Map((document.lines ?? []).map((line) => [line.id, line]))
  for (const [index, write] of writes.entries()) {
    if (write.to !== side) continue
    const id = nameOf(write, index)
    const known = standing.get(id) ?? newLine(lines, side, id, write)
    if (write.kind === 'delete') standing.delete(id)
    else standing.set(id, { ...known, row: { ...known.row, ...cellsOf(write) } })
  }
  return { ...document, lines: [...standing.values()] }
}

function newLine({ lines, compiled }: CompiledLines, side: Side, id: string, { number }: LineWrite): Upsert {
  const { order } = lines.sides[side]
  const key = String(compiled.sides[side].description.key[0])
  const place = order === undefined || number === undefined ? {} : { [order]: number }
  return { kind: 'upsert', id, etag: undefined, modified: undefined, row: { [key]: id, ...place } }
}

const cellsOf = ({ writes, to }: LineWrite): Row =>
  Object.fromEntries(writes.map(({ field, cell }) => [(field.place[to] as Place).column, storedAs(cell)]))

async function told(deciding: Deciding, line: LineWrite, { row }: LineRow): Promise<LineWrite> {
  const { to } = line
  const writes: FieldWrite[] = []
  for (const write of line.writes) {
    const { field } = write
    const print = field.compute[to] === undefined ? undefined : await orFailure(printOf(deciding, field, to, row))
    const isTold = print !== undefined && !(print instanceof ExpressionError)
    writes.push(isTold ? { ...write, prints: { ...write.prints, [to]: print } } : write)
  }
  return { ...line, writes, base: withPrintsOf(line.base, writes) }
}

const withPrintsOf = (base: Base, writes: readonly FieldWrite[]): Base =>
  new Map([...base, ...writes.map(({ field, prints }) => [field.rowId, prints] as const)])
