/** A filter tree to a test on rows, and to the shortest way to the rows that pass it. */

import { QueryError } from './query-syntax.ts'
import type { Comparison, Filter, Literal, Operand } from './query-syntax.ts'
import { indexValue } from './table.ts'
import type { Entry, Row, Table } from './table.ts'

/** What a service knows about the properties of an entity. */
export interface Scope {
  /** How to read a property of a row, through single-valued navigation. Throws `QueryError` for an unknown one. */
  read(path: readonly string[]): (row: Row) => unknown
  /** The Edm type of a property (`Edm.String`, `Edm.Guid` …); undefined = compare with anything. */
  type(path: readonly string[]): string | undefined
  /** Whether texts of this property compare without regard to case. */
  ignoreCase(path: readonly string[]): boolean
  /** Whether `%`, `_` and `[]` are wildcards inside contains, startswith and endswith. */
  readonly wildcards: boolean
}

type Test = (row: Row) => boolean
type Read = (row: Row) => unknown

/** Makes the test. Throws `QueryError` for unknown properties and types that cannot be compared. */
export function compileFilter(filter: Filter, scope: Scope): Test {
  switch (filter.kind) {
    case 'and': {
      const tests = filter.of.map((part) => compileFilter(part, scope))
      return (row) => tests.every((test) => test(row))
    }
    case 'or':
      return compileOr(filter.of, scope)
    case 'not': {
      const test = compileFilter(filter.of, scope)
      return (row) => !test(row)
    }
    case 'compare':
      return compileCompare(filter, scope)
    case 'text':
      return compileText(filter, scope)
    case 'in':
      return compileIn(filter, scope)
  }
}

/**
 * The values one property can have where the filter is true, in index form; undefined when the filter leaves it open.
 * What makes `key eq 1 or key eq 2 …` a handful of look-ups and an or-chain over any column one hash test.
 */
export function valuesOf(filter: Filter, property: string): Set<unknown> | undefined {
  switch (filter.kind) {
    case 'compare': {
      const literal = equalTo(filter, property)
      return literal && new Set([indexValue(literal.value)])
    }
    case 'in':
      return filter.not || filter.path.join('/') !== property ? undefined : listed(filter.values)
    case 'and':
      return filter.of.map((part) => valuesOf(part, property)).find((values) => values !== undefined)
    case 'or':
      return union(filter.of.map((part) => valuesOf(part, property)))
    case 'not':
    case 'text':
      return undefined
  }
}

/** The list of `In` is of texts even where the column is a number, so both forms count. */
function listed(literals: readonly Literal[]): Set<unknown> {
  const values = new Set<unknown>()
  for (const { value } of literals) {
    values.add(indexValue(value))
    if (typeof value === 'string' && value !== '' && !Number.isNaN(Number(value))) values.add(Number(value))
  }
  return values
}

function union(sets: readonly (Set<unknown> | undefined)[]): Set<unknown> | undefined {
  const all = new Set<unknown>()
  for (const set of sets) {
    if (set === undefined) return undefined
    for (const value of set) all.add(value)
  }
  return all
}

/** The rows that pass, in the table's order, or those behind the place `after`; by index where the filter allows. */
export function* matching(table: Table, filter: Filter | undefined, scope: Scope, after?: string): Generator<Entry> {
  if (filter === undefined) {
    yield* table.entries(after)
    return
  }
  const test = compileFilter(filter, scope)
  for (const entry of candidates(table, filter, after)) if (test(entry.row)) yield entry
}

function candidates(table: Table, filter: Filter, after: string | undefined): Iterable<Entry> {
  for (const property of namedProperties(filter)) {
    const values = table.indexed(property) ? valuesOf(filter, property) : undefined
    if (values === undefined) continue
    const found = table.lookup(property, values)
    return after === undefined ? found : found.filter((entry) => table.orderOf(entry.row) > after)
  }
  return table.entries(after)
}

function namedProperties(filter: Filter): Set<string> {
  const names = new Set<string>()
  const visit = (part: Filter): void => {
    if (part.kind === 'and') part.of.forEach(visit)
    // An or-chain leaves open what its first part does not name.
    else if (part.kind === 'or' && part.of[0] !== undefined) visit(part.of[0])
    else if (part.kind === 'in' && part.path.length === 1) names.add(part.path[0] as string)
    else if (part.kind === 'compare' && part.op === 'eq') {
      for (const side of [part.left, part.right]) {
        if (side.kind === 'path' && side.path.length === 1) names.add(side.path[0] as string)
      }
    }
  }
  visit(filter)
  return names
}

function equalTo(filter: Filter & { kind: 'compare' }, property: string): Literal | undefined {
  if (filter.op !== 'eq') return undefined
  const { left, right } = filter
  if (left.kind === 'path' && right.kind === 'literal') return named(left, property) && plain(right)
  if (right.kind === 'path' && left.kind === 'literal') return named(right, property) && plain(left)
  return undefined
}

function named(operand: Operand & { kind: 'path' }, property: string): true | undefined {
  return operand.path.length === 1 && operand.path[0] === property ? true : undefined
}

/** One moment has many spellings, so dates are not looked up. */
function plain(literal: Literal): Literal | undefined {
  return literal.type === 'date' ? undefined : literal
}

function compileOr(parts: readonly Filter[], scope: Scope): Test {
  const tests = parts.map((part) => compileFilter(part, scope))
  const [first] = parts
  for (const property of first === undefined ? [] : namedProperties(first)) {
    const values = parts.map((part) => valuesOf(part, property))
    if (values.some((set) => set === undefined)) continue
    const read = scope.read([property])
    const byValue = new Map<unknown, Test[]>()
    values.forEach((set, at) => {
      for (const value of set ?? []) {
        const due = byValue.get(value)
        if (due === undefined) byValue.set(value, [tests[at] as Test])
        else due.push(tests[at] as Test)
      }
    })
    return (row) => byValue.get(indexValue(read(row)))?.some((test) => test(row)) ?? false
  }
  return (row) => tests.some((test) => test(row))
}

function compileIn(filter: Filter & { kind: 'in' }, scope: Scope): Test {
  const read = scope.read(filter.path)
  for (const value of filter.values) checkTypes(scope.type(filter.path), value, 'Equal')
  const form = scope.ignoreCase(filter.path) ? indexValue : (value: unknown) => value ?? null
  const wanted = new Set(filter.values.map((literal) => form(numeric(scope, filter.path, literal.value))))
  // NotIn is SQL's: a blank is neither in a list nor outside it.
  return (row) => wanted.has(form(read(row))) !== filter.not && !(filter.not && isNull(read(row)))
}

/** `PropertyValues` of In are texts even where the column is a number. */
function numeric(scope: Scope, path: readonly string[], value: Literal['value']): Literal['value'] {
  return NUMBERS.has(scope.type(path) ?? '') && typeof value === 'string' ? Number(value) : value
}

function compileText(filter: Filter & { kind: 'text' }, scope: Scope): Test {
  const within = compileOperand(filter.in, scope)
  const what = compileOperand(filter.what, scope)
  const lower = filter.in.kind === 'path' && scope.ignoreCase(filter.in.path)
  const fold = (value: unknown) => (lower ? textOf(value).toLowerCase() : textOf(value))
  if (scope.wildcards && filter.what.kind === 'literal' && /[%_[]/u.test(String(filter.what.value))) {
    const like = likePattern(filter.name, String(filter.what.value))
    return (row) => !isNull(within(row)) && like.test(textOf(within(row)))
  }
  const tests = {
    contains: (text: string, part: string) => text.includes(part),
    startswith: (text: string, part: string) => text.startsWith(part),
    endswith: (text: string, part: string) => text.endsWith(part),
  }
  const test = tests[filter.name]
  return (row) => !isNull(within(row)) && !isNull(what(row)) && test(fold(within(row)), fold(what(row)))
}

/** Dataverse hands the text to SQL's LIKE, wildcards and all. */
function likePattern(name: string, text: string): RegExp {
  const inner = text.replaceAll(/\[\^?[^\]]+\]|[%_]|[.*+?^${}()|[\]\\]/gu, (part) => {
    if (part === '%') return '.*'
    if (part === '_') return '.'
    return part.length > 1 ? part : `\\${part}`
  })
  return new RegExp(`${name === 'startswith' ? '^' : ''}${inner}${name === 'endswith' ? '$' : ''}`, 'isu')
}

function compileCompare(filter: Filter & { kind: 'compare' }, scope: Scope): Test {
  const { op, left, right } = filter
  if (left.kind === 'path' && right.kind === 'literal') checkTypes(scope.type(left.path), right, KINDS[op])
  if (right.kind === 'path' && left.kind === 'literal') checkTypes(scope.type(right.path), left, KINDS[op])
  const form = valueForm(left, right, scope)
  const a = constant(left, form) ?? formed(compileOperand(left, scope), form)
  const b = constant(right, form) ?? formed(compileOperand(right, scope), form)
  if (op === 'eq') return (row) => a(row) === b(row)
  if (op === 'ne') return (row) => a(row) !== b(row)
  const test = ORDERED[op]
  return (row) => {
    const [left, right] = [a(row), b(row)]
    // A blank is neither before nor after anything.
    return left !== null && right !== null && test(left as string | number, right as string | number)
  }
}

type Ordered = (a: string | number, b: string | number) => boolean

const ORDERED: Readonly<Record<Exclude<Comparison, 'eq' | 'ne'>, Ordered>> = {
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
}

type Form = (value: unknown) => unknown

function constant(operand: Operand, form: Form): Read | undefined {
  if (operand.kind !== 'literal') return undefined
  const value = form(operand.value)
  return () => value
}

function formed(read: Read, form: Form): Read {
  return (row) => form(read(row))
}

function valueForm(left: Operand, right: Operand, scope: Scope): Form {
  const operands = [left, right]
  const isDate = operands.some(
    (side) =>
      (side.kind === 'literal' && side.type === 'date') ||
      (side.kind === 'path' && /Date/u.test(scope.type(side.path) ?? '')),
  )
  if (isDate) return (value) => (typeof value === 'string' ? Date.parse(value) : null)
  const folds = operands.some((side) => side.kind === 'path' && scope.ignoreCase(side.path))
  const guid = operands.some((side) => side.kind === 'literal' && side.type === 'guid')
  return folds || guid ? indexValue : (value) => value ?? null
}

function compileOperand(operand: Operand, scope: Scope): Read {
  switch (operand.kind) {
    case 'literal':
      return () => operand.value
    case 'path':
      return scope.read(operand.path)
    case 'call': {
      const [of, second, third] = operand.of.map((part) => compileOperand(part, scope))
      const call = FUNCTIONS[operand.name]
      if (of === undefined || call === undefined) throw new QueryError(`The function '${operand.name}' is not offered.`)
      return (row) => {
        const value = of(row)
        return (value ?? null) === null ? null : call(textOf(value), second?.(row), third?.(row))
      }
    }
  }
}

const FUNCTIONS: Readonly<Record<string, (text: string, second: unknown, third: unknown) => unknown>> = {
  tolower: (text) => text.toLowerCase(),
  toupper: (text) => text.toUpperCase(),
  trim: (text) => text.trim(),
  length: (text) => text.length,
  concat: (text, more) => text + textOf(more),
  substring: (text, from, count) =>
    text.slice(Number(from), count === undefined ? undefined : Number(from) + Number(count)),
}

const isNull = (value: unknown): boolean => (value ?? null) === null

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (value ?? null) === null ? '' : String(value)
}

const KINDS: Readonly<Record<Comparison, string>> = {
  eq: 'Equal',
  ne: 'NotEqual',
  gt: 'GreaterThan',
  ge: 'GreaterThanOrEqual',
  lt: 'LessThan',
  le: 'LessThanOrEqual',
}

const NUMBERS: ReadonlySet<string> = new Set(['Edm.Int32', 'Edm.Int64', 'Edm.Decimal', 'Edm.Double'])

/** Which constants a property of a type can be compared with. A quoted GUID is accepted for a GUID. */
const COMPARABLE: Readonly<Record<string, readonly Literal['type'][]>> = {
  'Edm.String': ['text', 'enum'],
  'Edm.Guid': ['guid', 'text'],
  'Edm.Boolean': ['boolean'],
  'Edm.DateTimeOffset': ['date'],
  'Edm.Date': ['date'],
}

const LITERAL_TYPES: Readonly<Record<Literal['type'], string>> = {
  text: 'Edm.String',
  number: 'Edm.Int32',
  boolean: 'Edm.Boolean',
  null: 'null',
  guid: 'Edm.Guid',
  date: 'Edm.DateTimeOffset',
  enum: 'enumeration',
}

function checkTypes(type: string | undefined, literal: Literal, kind: string): void {
  if (type === undefined || literal.type === 'null') return
  const fits = NUMBERS.has(type)
    ? literal.type === 'number' || (literal.type === 'text' && !Number.isNaN(Number(literal.value)) && kind === 'Equal')
    : (COMPARABLE[type]?.includes(literal.type) ?? true)
  if (fits) return
  const found = `Found operand types '${type}' and '${LITERAL_TYPES[literal.type]}' for operator kind '${kind}'.`
  throw new QueryError(`A binary operator with incompatible types was detected. ${found}`)
}
