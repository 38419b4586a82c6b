/**
 * A filter evaluated on a row here, as the service would: an incremental read needs it to see a record leave its
 * filter. Texts compare without case, as both services do; null, empty text, blank date and blank GUID are the same
 * nothing.
 */
import { columnOf, type Comparison, type Literal, type Operand, type ParsedFilter, type TextTest } from './filter.ts'
import { instantOf } from './instant.ts'
import type { Row } from './record.ts'
import { decodeName } from './values.ts'

/** Whether the row passes the filter. Never throws: what cannot be compared is not equal, greater or less. */
export function evaluateFilter(filter: ParsedFilter, row: Row): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.terms.every((term) => evaluateFilter(term, row))
    case 'or':
      return filter.terms.some((term) => evaluateFilter(term, row))
    case 'not':
      return !evaluateFilter(filter.term, row)
    case 'compare':
      return compares[filter.operator](order(valueOf(filter.left, row), valueOf(filter.right, row)))
    case 'in': {
      const value = valueOf(filter.operand, row)
      return filter.values.some((literal) => order(value, literalValue(literal)) === 0)
    }
    case 'textTest':
      return testText(filter.test, valueOf(filter.text, row), valueOf(filter.part, row))
    case 'crmIn': {
      const value = columnValue(filter.column, row)
      const among = filter.values.some((each) => order(value, comparable(each)) === 0)
      return filter.negated ? value !== null && !among : among
    }
  }
}

type Comparable = string | number | boolean | null

/** Less than, equal to or more than 0; undefined where there is no order, e.g. with nothing on one side only. */
type Order = number | undefined

const compares: Readonly<Record<Comparison, (order: Order) => boolean>> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  gt: (order) => order !== undefined && order > 0,
  ge: (order) => order !== undefined && order >= 0,
  lt: (order) => order !== undefined && order < 0,
  le: (order) => order !== undefined && order <= 0,
}

function order(left: Comparable, right: Comparable): Order {
  if (left === null || right === null) return left === right ? 0 : undefined
  if (typeof left === typeof right) return left < right ? -1 : left > right ? 1 : 0
  // A choice column holds a number where Dataverse's In gives texts; everything else of two types has no order.
  const [a, b] = [Number(left), Number(right)]
  return Number.isNaN(a) || Number.isNaN(b) ? undefined : a - b
}

const blankGuid = '00000000-0000-0000-0000-000000000000'
const isoDate = /^\d{4}-\d\d-\d\d(?:$|T\d\d:\d\d)/i

/** A value as it compares: nothing is null, texts are lower-case, dates and date-times are instants. */
function comparable(value: unknown): Comparable {
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value !== 'string') return null
  if (value.startsWith('0001-01-01') || value === blankGuid) return null
  const text = decodeName(value)
  if (text.trim() === '') return null
  if (!isoDate.test(text)) return text.toLowerCase()
  return instantOf(text.length === 10 ? `${text}T00:00Z` : text) ?? text.toLowerCase()
}

function valueOf(operand: Operand, row: Row): Comparable {
  if (operand.kind === 'column') return columnValue(operand.name, row)
  if (operand.kind === 'literal') return literalValue(operand.literal)
  const value = valueOf(operand.of, row)
  if (operand.name === 'length') return typeof value === 'string' ? value.length : 0
  return operand.name === 'trim' && typeof value === 'string' ? value.trim() : value
}

function literalValue(literal: Literal): Comparable {
  return literal.kind === 'null' || literal.kind === 'coupled' ? null : comparable(literal.value)
}

function columnValue(name: string, row: Row): Comparable {
  if (Object.hasOwn(row, name)) return comparable(row[name])
  let value: unknown = row
  for (const part of columnOf(name).split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return null
    value = (value as Readonly<Record<string, unknown>>)[part]
  }
  return comparable(value)
}

function testText(test: TextTest, text: Comparable, part: Comparable): boolean {
  const [whole, piece] = [text ?? '', part ?? ''].map(String) as [string, string]
  if (test === 'contains') return whole.includes(piece)
  return test === 'startswith' ? whole.startsWith(piece) : whole.endsWith(piece)
}
