/**
 * Several source rows that are one target record (`one`): which rows belong together, and which of them speaks. A dated
 * price speaks from its first day to its last, and among those of today the latest does. Pure: the day is handed in.
 */
import type { One } from '../config/config.ts'
import { type Bindings, type Expression, ExpressionError, compileExpression, orFailure } from './expression.ts'
import type { Loaded, Row, Upsert } from './record.ts'
import { seenBy } from './seen-row.ts'
import { canonical } from './values.ts'

/** What the rows of a group have in common, made ready. */
export interface CompiledOne {
  /** The columns of `per`: by these the rows of a group are asked for. */
  readonly columns: readonly string[]
  /** In the order written. */
  readonly per: readonly (string | Expression)[]
  readonly latest: readonly string[]
  readonly from: string | undefined
  readonly until: string | undefined
  /** IANA zone in which the day of a run begins. */
  readonly timeZone: string
}

/** True for the name of a column; anything else in `per` is an expression. */
export const isColumn = (text: string): boolean => /^[A-Za-z_]\w*$/.test(text)

/** Makes `one` ready. Throws ExpressionError where an expression is none. */
export const compileOne = ({ per, ...rest }: One, timeZone: string): CompiledOne => ({
  ...rest,
  timeZone,
  columns: per.filter(isColumn),
  per: per.map((text) => (isColumn(text) ? text : compileExpression(text))),
})

/** Every path that grouping and choosing read: `column` or `join.column`. */
export const pathsOfOne = ({ per, latest, from, until }: CompiledOne): readonly string[] => [
  ...per.flatMap((each) => (typeof each === 'string' ? [each] : each.columns)),
  ...latest,
  ...[from, until].filter((column) => column !== undefined),
]

const textOf = (value: unknown): string => canonical(value, { type: 'text' }) ?? ''
/** Half a pair of surrogates has no code of its own. */
const encoded = (text: string): string => encodeURIComponent(text.toWellFormed())

/** Where a row belongs. */
export interface Group {
  readonly id: string
  /** The message of an expression that failed. */
  readonly failed?: string
}

/**
 * The group that a row belongs to. Its id is made of what its rows have in common: it stays while one row takes over
 * from another. A row for which an expression fails is a group of its own: its failure is nobody else's (P5).
 */
export async function groupOf(one: CompiledOne, { id, row }: Upsert, bindings: Bindings): Promise<Group> {
  const values: string[] = []
  let failed: string | undefined
  for (const each of one.per) {
    const value = typeof each === 'string' ? row[each] : await orFailure(evaluated(each, row, bindings))
    if (value instanceof ExpressionError) failed ??= value.message
    values.push(value instanceof ExpressionError ? `?${id}` : textOf(value))
  }
  return { id: values.map(encoded).join('/'), ...(failed !== undefined && { failed }) }
}

const evaluated = async (each: Expression, row: Row, bindings: Bindings): Promise<unknown> =>
  each.evaluate(seenBy(each, row), bindings)

/** The values of a group's columns, read from its id: what its rows are asked for by. */
export function conditionOfGroup(one: CompiledOne, id: string): Readonly<Record<string, string>> {
  const parts = id.split('/').map(decodeURIComponent)
  const pairs = one.per.flatMap((each, index) =>
    typeof each === 'string' ? [[each, parts[index] as string] as const] : [],
  )
  return Object.fromEntries(pairs)
}

/** What stands together in rows sorted by the columns: services sort texts without regard for case. */
export const blockOf = ({ columns }: CompiledOne, row: Row): string =>
  columns.map((column) => encoded(textOf(row[column]).toLowerCase())).join('/')

/** What choosing asks of its surroundings. */
export interface Choosing {
  /** Whether the mapping's filter admits the row. */
  readonly admits: (row: Row) => boolean
  /** The day of the run, `2026-03-31`. */
  readonly today: string
}

/**
 * The row that speaks for its group today, under the group's id. Where none does, the latest row stands for it, marked
 * `silent`: the record is outside the filter (P9). Undefined for a group without rows.
 */
export function speakerOf(
  one: CompiledOne,
  id: string,
  rows: readonly Loaded[],
  { admits, today }: Choosing,
): Loaded | undefined {
  const speaking = rows.filter(({ row }) => isItsTime(one, row, today) && admits(row))
  const speaker = latestOf(one, speaking)
  // Another row that takes over has another version, whatever the rows' own version marks are.
  if (speaker !== undefined) return { ...speaker, id, etag: speaker.etag && `${speaker.id} ${speaker.etag}` }
  const silent = latestOf(one, rows)
  return silent && { ...silent, id, etag: undefined, silent: true }
}

function isItsTime({ from, until, timeZone }: CompiledOne, row: Row, today: string): boolean {
  const day = (column: string | undefined): string | null =>
    column === undefined ? null : canonical(row[column], { type: 'date', timeZone })
  const [first, last] = [day(from), day(until)]
  return (first === null || first <= today) && (last === null || last >= today)
}

const latestOf = (one: CompiledOne, rows: readonly Loaded[]): Loaded | undefined =>
  rows.reduce<Loaded | undefined>(
    (best, row) => (best !== undefined && isLater(one, best, row) ? best : row),
    undefined,
  )

/** Whether one row decides over another: by the columns in order, then by its key. */
function isLater({ latest }: CompiledOne, one: Loaded, other: Loaded): boolean {
  for (const column of latest) {
    const order = compare(one.row[column], other.row[column])
    if (order !== 0) return order > 0
  }
  return compare(one.id, other.id) > 0
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [one, other] = [textOf(a), textOf(b)]
  return one === other ? 0 : one > other ? 1 : -1
}
