/**
 * A filter evaluated on a row here, as the service would: an incremental read needs it to see a record leave its
 * filter. Null, empty text, blank date and blank GUID are the same nothing. Texts compare without case in Dataverse; in
 * Business Central so do codes, which it stores in capitals, and every other text compares as it is written.
 */
import type { Side } from '../config/config.ts'
import { columnOf, type Comparison, type Literal, type Operand, type ParsedFilter, type TextTest } from './filter.ts'
import { instantOf } from './instant.ts'
import { isLike } from './like.ts'
import type { Row } from './record.ts'
import { decodeName, isNothing } from './values.ts'

/** Whether the row of that side passes the filter. Never throws: what cannot be compared is not equal, greater or less. */
export function evaluateFilter(filter: ParsedFilter, row: Row, side: Side): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.terms.every((term) => evaluateFilter(term, row, side))
    case 'or':
      return filter.terms.some((term) => evaluateFilter(term, row, side))
    case 'not':
      return !evaluateFilter(filter.term, row, side)
    case 'compare':
      return passes(filter.operator, [termOf(filter.left, row), termOf(filter.right, row)], side)
    case 'in': {
      const term = termOf(filter.operand, row)
      return filter.values.some((literal) => order(term, constant(literal), side) === 0)
    }
    case 'textTest':
      return passesTest(filter.test, termOf(filter.text, row), { part: termOf(filter.part, row), side })
    case 'crmIn': {
      const term: Term = { kind: 'column', value: columnValue(filter.column, row) }
      const among = filter.values.some((value) => order(term, constant({ kind: 'text', value }), side) === 0)
      return filter.negated ? !isNothing(term.value) && !among : among
    }
  }
}

type Value = string | number | boolean | null

/** What is compared: its value, and where it comes from. */
interface Term {
  readonly kind: 'column' | 'call' | Literal['kind']
  readonly value: Value
}

function passes(operator: Comparison, [left, right]: readonly [Term, Term], side: Side): boolean {
  const found = order(left, right, side)
  if (operator === 'eq' || operator === 'ne') return (found === 0) === (operator === 'eq')
  // Null comes neither before nor after anything, not even after itself.
  if (found === undefined || left.value === null || right.value === null) return false
  return orders[operator](found)
}

const orders: Readonly<Record<Exclude<Comparison, 'eq' | 'ne'>, (order: number) => boolean>> = {
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
}

/** Less than, equal to or more than 0; undefined where there is no order. Nothing equals nothing. */
function order(left: Term, right: Term, side: Side): number | undefined {
  if (left.value === right.value || (isNothing(left.value) && isNothing(right.value))) return 0
  if (left.value === null || right.value === null) return undefined
  const [a, b] = [momentOf(left), momentOf(right)]
  if (a !== undefined && b !== undefined) return a - b
  if (typeof left.value === 'string' && typeof right.value === 'string') return textOrder(left, right, side)
  // A choice column holds a number where Dataverse's In gives texts; everything else of two types has no order.
  const difference = numberOf(left.value) - numberOf(right.value)
  return Number.isNaN(difference) ? undefined : difference
}

const numberOf = (value: Value): number => (isNothing(value) ? Number.NaN : Number(value))

function textOrder(left: Term, right: Term, side: Side): number {
  const fold = folds([left, right], side) || left.kind === 'guid' || right.kind === 'guid'
  const [a, b] = [left, right].map(({ value }) => {
    const text = decodeName(String(value))
    return fold ? text.toLowerCase() : text
  }) as [string, string]
  return a < b ? -1 : a > b ? 1 : 0
}

/** A text in capitals may be a code of Business Central; nothing in its metadata tells codes from texts. */
const folds = (terms: readonly Term[], side: Side): boolean =>
  side === 'sales' || terms.some(({ kind, value }) => kind === 'column' && value === String(value).toUpperCase())

/** Milliseconds since 1970 of a date or date-time; a text constant is compared as the text it is. */
function momentOf({ kind, value }: Term): number | undefined {
  if (typeof value !== 'string' || (kind !== 'column' && kind !== 'date' && kind !== 'dateTime')) return undefined
  return instantOf(value.length === 10 ? `${value}T00:00Z` : value)
}

function termOf(operand: Operand, row: Row): Term {
  if (operand.kind === 'column') return { kind: 'column', value: columnValue(operand.name, row) }
  if (operand.kind === 'literal') return constant(operand.literal)
  const { value } = termOf(operand.of, row)
  return { kind: 'call', value: value === null ? null : calls[operand.name](String(value)) }
}

const calls: Readonly<Record<Extract<Operand, { kind: 'call' }>['name'], (text: string) => Value>> = {
  tolower: (text) => text.toLowerCase(),
  toupper: (text) => text.toUpperCase(),
  trim: (text) => text.trim(),
  length: (text) => text.length,
}

const constant = (literal: Literal): Term => ({
  kind: literal.kind,
  value: literal.kind === 'null' || literal.kind === 'coupled' ? null : literal.value,
})

function columnValue(name: string, row: Row): Value {
  if (Object.hasOwn(row, name)) return plain(row[name])
  let value: unknown = row
  for (const part of columnOf(name).split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return null
    value = (value as Readonly<Record<string, unknown>>)[part]
  }
  return plain(value)
}

const plain = (value: unknown): Value =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null

/** Nothing contains no text, not even the empty one. */
function passesTest(test: TextTest, text: Term, { part, side }: { readonly part: Term; readonly side: Side }): boolean {
  if (text.value === null || part.value === null) return false
  const [whole, piece] = [String(text.value), String(part.value)]
  if (side === 'sales' && part.kind === 'text')
    return isLike(whole, `${test === 'startswith' ? '' : '%'}${piece}${test === 'endswith' ? '' : '%'}`)
  const fold = folds([text], side)
  return tests[test](fold ? whole.toLowerCase() : whole, fold ? piece.toLowerCase() : piece)
}

const tests: Readonly<Record<TextTest, (text: string, part: string) => boolean>> = {
  contains: (text, part) => text.includes(part),
  startswith: (text, part) => text.startsWith(part),
  endswith: (text, part) => text.endsWith(part),
}
