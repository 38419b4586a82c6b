/**
 * The lines of a document as one side has them: those that stand there, and those that it says to the other side. An
 * expression may say other lines than stand there (one line with a long text becomes several); each has a key by which
 * it is known again.
 */
import { type BySide, type Side, otherSide, travelsTo } from '../config/config.ts'
import { type Bindings, ExpressionError, orFailure } from './expression.ts'
import { evaluateFilter } from './filter-evaluation.ts'
import type { CompiledLines } from './mapping.ts'
import type { Loaded, Row, Upsert } from './record.ts'
import { seenBy } from './seen-row.ts'
import { canonical } from './values.ts'

/** One line on one side. Its id is its key: the service's own, or one that the expression gave. */
export interface LineRow extends Upsert {
  /** The side says it to the other side. */
  readonly spoken: boolean
  /** It stands in the service, and can be written there. */
  readonly stored: boolean
}

/**
 * The lines of a document, in their order: first those the side says, then those that only stand there. Throws
 * ExpressionError when the expression fails, or gives a line without a key or a key twice.
 */
export async function lineRows(
  lines: CompiledLines,
  side: Side,
  document: Loaded,
  bindings: Bindings,
): Promise<readonly LineRow[]> {
  const standing = sorted(document.lines ?? [], lines.lines.sides[side].order)
  const withDocument = (row: Row): Row => ({ ...row, document: document.row })
  const stored = standing.map((line): LineRow => ({
    ...line,
    row: withDocument(line.row),
    spoken: isSpoken(lines, side, line.row),
    stored: true,
  }))
  const expression = lines.compute[side]
  if (expression === undefined || !travelsTo(lines.lines.mapping.direction, otherSide(side))) return stored
  const inOrder = { ...document.row, lines: standing.map(({ row }) => row) }
  const evaluated = async (): Promise<unknown> => expression.evaluate(seenBy(expression, inOrder), bindings)
  const given = await orFailure(evaluated().then(linesGiven))
  if (given instanceof ExpressionError) throw given.inRow(linesExpressions[side])
  const byKey = new Map(stored.map((line) => [line.id, line]))
  const spoken = given.map(({ key, row }): LineRow => {
    const stands = byKey.get(key)
    const line = stands ?? { kind: 'upsert', id: key, etag: undefined, modified: undefined, row: {}, stored: false }
    return { ...line, row: withDocument({ ...line.row, ...row }), spoken: true, stored: stands !== undefined }
  })
  const keys = new Set(spoken.map(({ id }) => id))
  return [...spoken, ...stored.filter(({ id }) => !keys.has(id)).map((line) => ({ ...line, spoken: false }))]
}

/** Whether a side that says its lines as they stand says this one. */
function isSpoken({ lines, compiled }: CompiledLines, side: Side, row: Row): boolean {
  if (!travelsTo(lines.mapping.direction, otherSide(side))) return false
  const { filter } = compiled.sides[side]
  return filter === undefined || evaluateFilter(filter, row, side)
}

/** How an administrator calls the expression by which a side says its lines. */
export const linesExpressions: BySide<string> = {
  businessCentral: 'lines.compute.toSales',
  sales: 'lines.compute.toBusinessCentral',
}

/** What the expression gave, as keyed rows. */
function linesGiven(value: unknown): readonly { readonly key: string; readonly row: Row }[] {
  const list = value === null ? [] : Array.isArray(value) ? (value as readonly unknown[]) : [value]
  const seen = new Set<string>()
  return list.map((each) => {
    const row = typeof each === 'object' && each !== null && !Array.isArray(each) ? (each as Row) : {}
    const key = canonical(row['key'], { type: 'text' })
    if (key === null) throw new ExpressionError('a line without a key: each needs one, to be known again', undefined)
    if (seen.has(key)) throw new ExpressionError('two lines have the same key', undefined)
    seen.add(key)
    return { key, row }
  })
}

/** Lines by the number in their order column; those without one keep their place at the end. */
function sorted(lines: readonly Upsert[], order: string | undefined): readonly Upsert[] {
  if (order === undefined) return lines
  const place = (line: Upsert): number => numberIn(line.row, order) ?? Number.POSITIVE_INFINITY
  return [...lines].sort((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)))
}

/** The number of a line. */
export function numberIn(row: Row, order: string): number | undefined {
  const value = row[order]
  const number = typeof value === 'number' ? value : Number.parseFloat(canonical(value, { type: 'text' }) ?? '')
  return Number.isFinite(number) ? number : undefined
}
