/**
 * Whether one filter takes every row that another takes. What is said is certain; where it cannot be seen, nothing is
 * said: a change is then neither called wider nor narrower.
 */
import { columnOf, parseFilter, printFilter } from './filter.ts'
import type { Literal, Operand, ParsedFilter } from './filter.ts'
import { decodeName } from './values.ts'

/** What a change makes of a filter: the same rows, certainly more, certainly fewer, or others. */
export type FilterChange = 'same' | 'wider' | 'narrower' | 'other'

/** Compares two filter texts by the rows that they take; undefined takes every row. */
export function compareFilters(before: string | undefined, after: string | undefined): FilterChange {
  if (before === undefined || after === undefined)
    return before === after ? 'same' : after === undefined ? 'wider' : 'narrower'
  const [one, other] = [parseFilter(before), parseFilter(after)]
  const [keeps, addsNone] = [implies(one, other), implies(other, one)]
  if (keeps) return addsNone ? 'same' : 'wider'
  return addsNone ? 'narrower' : 'other'
}

/** True when every row that passes `one` certainly passes `other`. */
export function implies(one: ParsedFilter, other: ParsedFilter): boolean {
  if (printFilter(one) === printFilter(other)) return true
  if (one.kind === 'in' && one.values.length > 1)
    return one.values.every((value) => implies({ ...one, values: [value] }, other))
  if (one.kind === 'or') return one.terms.every((term) => implies(term, other))
  if (other.kind === 'and') return other.terms.every((term) => implies(one, term))
  const byPart = one.kind === 'and' && one.terms.some((term) => implies(term, other))
  const intoPart = other.kind === 'or' && other.terms.some((term) => implies(one, term))
  return byPart || intoPart || impliesAtom(one, other)
}

/** A statement about one column and constants: the values it allows, a bound, or the one value that it rules out. */
type Atom =
  | { readonly kind: 'among'; readonly of: string; readonly values: readonly string[] }
  | { readonly kind: 'not'; readonly of: string; readonly value: string }
  | Bound

interface Bound {
  readonly kind: 'bound'
  readonly of: string
  readonly above: boolean
  readonly value: number
  readonly open: boolean
}

function impliesAtom(one: ParsedFilter, other: ParsedFilter): boolean {
  const [a, b] = [atomOf(one), atomOf(other)]
  if (a === undefined || b === undefined || a.of !== b.of) return false
  if (a.kind === 'among') return a.values.every((value) => allows(b, value))
  if (a.kind === 'not') return b.kind === 'not' && a.value === b.value
  return b.kind === 'bound' && a.above === b.above && isWithin(a, b)
}

/** Whether a bound lies at or beyond another of the same direction. */
function isWithin(a: Bound, b: Bound): boolean {
  const further = a.above ? a.value > b.value : a.value < b.value
  return further || (a.value === b.value && (a.open || !b.open))
}

/** Whether the very value passes. */
function allows(atom: Atom, value: string): boolean {
  if (atom.kind === 'among') return atom.values.includes(value)
  if (atom.kind === 'not') return differ(atom.value, value)
  if (typeOf(value) !== 'number') return false
  const number = Number(value.slice('number '.length))
  if (number === atom.value) return !atom.open
  return atom.above === number > atom.value
}

/** Values of two types may be the same (`1` and `'1'`), and so may two cases of a text and two spellings of one moment. */
const differ = (one: string, other: string): boolean =>
  one.toLowerCase() !== other.toLowerCase() &&
  typeOf(one) === typeOf(other) &&
  /^(?:number|boolean|guid|text (?!\d{4}-\d\d-\d\d))/.test(one)

const typeOf = (value: string): string => value.slice(0, value.indexOf(' '))

function atomOf(filter: ParsedFilter): Atom | undefined {
  if (filter.kind === 'in') return among(filter.operand, filter.values)
  if (filter.kind !== 'compare' || filter.right.kind !== 'literal') return undefined
  const { operator, left, right } = filter
  if (operator === 'eq') return among(left, [right.literal])
  const of = nameOf(left)
  const value = valueOf(right.literal)
  if (of === undefined || value === undefined) return undefined
  if (operator === 'ne') return { kind: 'not', of, value }
  if (right.literal.kind !== 'number') return undefined
  const above = operator === 'gt' || operator === 'ge'
  return { kind: 'bound', of, above, value: right.literal.value, open: operator === 'gt' || operator === 'lt' }
}

function among(operand: Operand, literals: readonly Literal[]): Atom | undefined {
  const of = nameOf(operand)
  const values = literals.map(valueOf)
  return of === undefined || values.includes(undefined)
    ? undefined
    : { kind: 'among', of, values: values.filter((value) => value !== undefined) }
}

const nameOf = (operand: Operand): string | undefined =>
  operand.kind === 'column' ? columnOf(operand.name) : undefined

/** A constant as it compares, whichever the side: texts that differ in case may differ. Blank text and null are the same nothing. */
function valueOf(literal: Literal): string | undefined {
  if (literal.kind === 'coupled') return undefined
  if (literal.kind === 'null') return 'null '
  if (literal.kind === 'number') return `number ${literal.value}`
  if (literal.kind !== 'text') return `${literal.kind} ${String(literal.value)}`
  const text = decodeName(literal.value)
  return text.trim() === '' ? 'null ' : `text ${text}`
}
