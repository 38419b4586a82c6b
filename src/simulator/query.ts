/** The query options of a request, read by the dialect of a service. */

import type { Scope } from './query-filter.ts'
import { parseFilter, QueryError } from './query-syntax.ts'
import type { Filter, FilterGrammar } from './query-syntax.ts'
import type { Row } from './table.ts'

/** One `$orderby` term. */
export interface Order {
  readonly path: readonly string[]
  readonly descending: boolean
}

/** One `$expand` item with its own options. */
export interface Expand extends Query {
  readonly property: string
  /** `nav/$ref`: only the address of the other row. */
  readonly reference: boolean
}

/** The options of one request or of one expanded property. */
export interface Query {
  readonly select?: readonly string[]
  readonly filter?: Filter
  readonly orderby?: readonly Order[]
  readonly top?: number
  readonly skip?: number
  readonly count: boolean
  readonly expand: readonly Expand[]
  /** Every option as it was written, decoded: `$skiptoken`, `$deltatoken`, `$apply`, `company`, `tag` … */
  readonly options: ReadonlyMap<string, string>
}

/** How the services differ, as data. */
export interface Dialect {
  /** The `$` options that are served; any other is refused. */
  readonly offered: ReadonlySet<string>
  /** The refusal of an option that is not offered. */
  readonly refusal: (option: string) => QueryError
  readonly inOperator: boolean
  readonly noLambda: string
  /** The refusal of `or` between different properties; absent where it is allowed. */
  readonly orOverOneProperty?: string
  /** Most items one `$expand` may have. */
  readonly maxExpand: number
}

/** Reads what stands behind the `?`. Throws `QueryError`. */
export function parseQuery(text: string, dialect: Dialect): Query {
  return readOptions(readPairs(text.split('&')), dialect)
}

/** The options of a query string, decoded, in order. A `+` is a space, as the services read it. */
function readPairs(pairs: readonly string[]): Map<string, string> {
  const options = new Map<string, string>()
  for (const pair of pairs) {
    if (pair === '') continue
    const mark = pair.indexOf('=')
    const [name, value] = mark < 0 ? [pair, ''] : [pair.slice(0, mark), pair.slice(mark + 1)]
    options.set(decode(name), decode(value))
  }
  return options
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new QueryError(`The query '${text}' is not well encoded.`)
  }
}

function readOptions(options: ReadonlyMap<string, string>, dialect: Dialect): Query {
  for (const name of options.keys()) {
    if (name.startsWith('$') && !dialect.offered.has(name)) throw dialect.refusal(name)
  }
  const grammar: FilterGrammar = { aliases: options, inOperator: dialect.inOperator, noLambda: dialect.noLambda }
  const select = options.get('$select')
  const orderby = options.get('$orderby')
  const expand = splitTop(options.get('$expand') ?? '', ',')
  if (expand.length > dialect.maxExpand) throw new QueryError(`More than ${dialect.maxExpand} properties are expanded.`)
  return {
    ...(select === undefined || select === '*' ? {} : { select: splitTop(select, ',') }),
    ...readFilter(options.get('$filter'), grammar, dialect),
    ...(orderby === undefined ? {} : { orderby: splitTop(orderby, ',').map((term) => readOrder(term, grammar)) }),
    ...wholeNumber('top', options),
    ...wholeNumber('skip', options),
    count: options.get('$count') === 'true',
    expand: expand.map((item) => readExpand(item, dialect)),
    options,
  }
}

function readFilter(text: string | undefined, grammar: FilterGrammar, dialect: Dialect): { filter?: Filter } {
  if (text === undefined) return {}
  const filter = parseFilter(text, grammar)
  if (dialect.orOverOneProperty !== undefined) checkOr(filter, dialect.orOverOneProperty)
  return { filter }
}

function wholeNumber(name: 'top' | 'skip', options: ReadonlyMap<string, string>): { top?: number; skip?: number } {
  const text = options.get(`$${name}`)
  if (text === undefined) return {}
  if (!/^\d+$/u.test(text)) throw new QueryError(`Invalid value '${text}' for $${name} query option found.`)
  return { [name]: Number(text) }
}

function readOrder(term: string, grammar: FilterGrammar): Order {
  const match = /^(?<path>[\p{L}_@][\p{L}\p{N}_/.]*)(?:\s+(?<way>asc|desc))?$/u.exec(term)?.groups
  if (match === undefined) throw new QueryError(`Syntax error in $orderby '${term}'.`)
  const path = match['path'] ?? ''
  const property = path.startsWith('@') ? (grammar.aliases?.get(path) ?? path) : path
  return { path: property.split('/'), descending: match['way'] === 'desc' }
}

function readExpand(item: string, dialect: Dialect): Expand {
  const match = /^(?<name>[\p{L}_][\p{L}\p{N}_]*)(?<ref>\/\$ref)?(?:\((?<inner>.*)\))?$/su.exec(item)?.groups
  if (match === undefined) throw new QueryError(`Syntax error in $expand '${item}'.`)
  const inner = new Map<string, string>()
  for (const option of splitTop(match['inner'] ?? '', ';')) {
    const mark = option.indexOf('=')
    inner.set(option.slice(0, mark).trim(), option.slice(mark + 1).trim())
  }
  return {
    ...readOptions(inner, dialect),
    property: match['name'] ?? '',
    reference: match['ref'] !== undefined,
  }
}

/** Splits at a mark that stands outside parentheses and quotes; blank pieces are dropped. */
function splitTop(text: string, mark: string): string[] {
  const pieces: string[] = []
  let [depth, from, quoted] = [0, 0, false]
  for (let at = 0; at <= text.length; at++) {
    const char = text[at]
    if (char === "'") quoted = !quoted
    else if (!quoted && char === '(') depth++
    else if (!quoted && char === ')') depth--
    if (at < text.length && (quoted || depth > 0 || char !== mark)) continue
    pieces.push(text.slice(from, at).trim())
    from = at + 1
  }
  return pieces.filter((piece) => piece !== '')
}

/** BC turns an `or` into a filter expression of one field, so both sides must name the same one. */
function checkOr(filter: Filter, refusal: string): void {
  if (filter.kind === 'not') checkOr(filter.of, refusal)
  if (filter.kind !== 'and' && filter.kind !== 'or') return
  for (const part of filter.of) checkOr(part, refusal)
  if (filter.kind === 'or' && new Set(propertiesOf(filter)).size > 1) throw new QueryError(refusal)
}

function propertiesOf(filter: Filter): string[] {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.of.flatMap(propertiesOf)
    case 'not':
      return propertiesOf(filter.of)
    case 'in':
      return [filter.path.join('/')]
    case 'compare':
      return [filter.left, filter.right].flatMap(pathsOf)
    case 'text':
      return [filter.in, filter.what].flatMap(pathsOf)
  }
}

function pathsOf(operand: Extract<Filter, { kind: 'compare' }>['left']): string[] {
  if (operand.kind === 'path') return [operand.path.join('/')]
  return operand.kind === 'call' ? operand.of.flatMap(pathsOf) : []
}

/** Compares two rows by `$orderby`. Blanks come first; texts by the property's own regard for case. */
export function comparator(orderby: readonly Order[], scope: Scope): (a: Row, b: Row) => number {
  const terms = orderby.map((order) => {
    const read = scope.read(order.path)
    const fold = scope.ignoreCase(order.path)
    return { sign: order.descending ? -1 : 1, value: (row: Row) => sortable(read(row), fold) }
  })
  return (a, b) => {
    for (const { sign, value } of terms) {
      const [left, right] = [value(a), value(b)]
      if (left === right) continue
      return left === null || (right !== null && left < right) ? -sign : sign
    }
    return 0
  }
}

function sortable(value: unknown, fold: boolean): string | number | null {
  if (typeof value === 'string') return fold ? value.toLowerCase() : value
  if (typeof value === 'boolean') return Number(value)
  return (value ?? null) as number | null
}
