/**
 * OData filter text as a tree: read, written back, and its columns named. What is read here is what both services
 * understand of `$filter`; the tree is evaluated on a row by `filter-evaluation`.
 */
import { remembered } from './remembered.ts'

export type Comparison = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le'
export type TextTest = 'contains' | 'startswith' | 'endswith'

/** A constant as written: dates, date-times and GUIDs stand bare, texts in single quotes. */
export type Literal =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number; readonly text: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'guid' | 'date' | 'dateTime'; readonly value: string }
  /** `{coupled.NAME}`: the key in Sales of the one record that mapping has coupled; known only while running. */
  | { readonly kind: 'coupled'; readonly mapping: string }

/** What is compared: a column (`name`, `page.column`, `lookup/column`), a constant, or a text function of one. */
export type Operand =
  | { readonly kind: 'column'; readonly name: string; readonly offset: number }
  | { readonly kind: 'literal'; readonly literal: Literal }
  | { readonly kind: 'call'; readonly name: 'tolower' | 'toupper' | 'trim' | 'length'; readonly of: Operand }

export type ParsedFilter =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly ParsedFilter[]; readonly offset: number }
  | { readonly kind: 'not'; readonly term: ParsedFilter }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Operand; readonly right: Operand }
  | { readonly kind: 'in'; readonly operand: Operand; readonly values: readonly Literal[] }
  | { readonly kind: 'textTest'; readonly test: TextTest; readonly text: Operand; readonly part: Operand }
  /** Dataverse's `Microsoft.Dynamics.CRM.In` and `NotIn`: the values are texts in double quotes, whatever the column's type. */
  | {
      readonly kind: 'crmIn'
      readonly negated: boolean
      readonly column: string
      readonly offset: number
      readonly values: readonly string[]
    }

/** The text is no filter; `offset` counts characters from 0. */
export class FilterSyntaxError extends Error {
  readonly offset: number
  constructor(message: string, offset: number) {
    super(message)
    this.name = 'FilterSyntaxError'
    this.offset = offset
  }
}

interface Token {
  readonly kind: 'word' | 'literal' | 'listed' | 'mark' | 'end'
  readonly text: string
  readonly offset: number
  readonly literal?: Literal
}

const patterns: readonly (readonly [RegExp, (text: string) => Literal | 'word' | 'listed' | 'mark'])[] = [
  [
    /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![\w-])/iy,
    (text) => ({ kind: 'guid', value: text.toLowerCase() }),
  ],
  [
    /\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)(?![\w-])/iy,
    (text) => ({ kind: 'dateTime', value: text }),
  ],
  [/\d{4}-\d\d-\d\d(?![\w-])/y, (text) => ({ kind: 'date', value: text })],
  [/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])/iy, (text) => ({ kind: 'number', value: Number(text), text })],
  [/'(?:[^']|'')*'/y, (text) => ({ kind: 'text', value: text.slice(1, -1).replaceAll("''", "'") })],
  [/(?:true|false)(?![\w./])/y, (text) => ({ kind: 'boolean', value: text === 'true' })],
  [/null(?![\w./])/y, () => ({ kind: 'null' })],
  [/\{coupled\.[a-z][a-z0-9-]*\}/y, (text) => ({ kind: 'coupled', mapping: text.slice(9, -1) })],
  [/[A-Za-z_]\w*(?:[./][A-Za-z_]\w*)*/y, () => 'word'],
  // As a list of Dataverse's In writes a text, and nothing else does.
  [/"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-f]{4}))*"/iuy, () => 'listed'],
  [/[(),=[\]]/y, () => 'mark'],
]

function tokenAt(text: string, offset: number): Token {
  for (const [pattern, read] of patterns) {
    pattern.lastIndex = offset
    const found = pattern.exec(text)?.[0]
    if (found === undefined) continue
    const meaning = read(found)
    if (typeof meaning === 'string') return { kind: meaning, text: found, offset }
    return { kind: 'literal', text: found, offset, literal: meaning }
  }
  const what = /['"]/.test(text.charAt(offset)) ? 'a text that is not closed' : `"${text.slice(offset, offset + 12)}"`
  throw new FilterSyntaxError(`cannot read ${what}`, offset)
}

function tokens(text: string): readonly Token[] {
  const found: Token[] = []
  for (let offset = 0; offset < text.length;) {
    if (/\s/.test(text.charAt(offset))) {
      offset += 1
      continue
    }
    const token = tokenAt(text, offset)
    found.push(token)
    offset += token.text.length
  }
  return [...found, { kind: 'end', text: 'the end', offset: text.length }]
}

const comparisons: readonly string[] = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'] satisfies Comparison[]
const textTests: readonly string[] = ['contains', 'startswith', 'endswith'] satisfies TextTest[]
const calls: readonly string[] = ['tolower', 'toupper', 'trim', 'length']
/** Deeper nesting than this is refused: no filter that a service accepts comes near it. */
const maxDepth = 100

class Reader {
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0
  constructor(text: string) {
    this.#tokens = tokens(text)
  }

  whole(): ParsedFilter {
    const filter = this.#either()
    if (this.#peek().kind !== 'end') throw this.#unexpected('"and", "or" or the end')
    return filter
  }

  #peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)] as Token
  }

  #take(): Token {
    const token = this.#peek()
    this.#next += 1
    return token
  }

  #unexpected(wanted: string): FilterSyntaxError {
    const { text, kind, offset } = this.#peek()
    return new FilterSyntaxError(`expected ${wanted} but found ${kind === 'end' ? text : `"${text}"`}`, offset)
  }

  #isWord(word: string, ahead = 0): boolean {
    const token = this.#peek(ahead)
    return token.kind === 'word' && token.text === word
  }

  #mark(mark: string): void {
    const token = this.#peek()
    if (token.kind !== 'mark' || token.text !== mark) throw this.#unexpected(`"${mark}"`)
    this.#next += 1
  }

  #isMark(mark: string, ahead = 0): boolean {
    const token = this.#peek(ahead)
    return token.kind === 'mark' && token.text === mark
  }

  #chain(kind: 'and' | 'or', term: () => ParsedFilter): ParsedFilter {
    const offset = this.#peek().offset
    const terms = [term()]
    while (this.#isWord(kind)) {
      this.#take()
      terms.push(term())
    }
    const [only] = terms
    if (only !== undefined && terms.length === 1) return only
    return { kind, terms: terms.flatMap((each) => (each.kind === kind ? each.terms : [each])), offset }
  }

  #either(): ParsedFilter {
    this.#depth += 1
    if (this.#depth > maxDepth) throw new FilterSyntaxError('the filter is nested too deeply', this.#peek().offset)
    const filter = this.#chain('or', () => this.#chain('and', () => this.#term()))
    this.#depth -= 1
    return filter
  }

  #term(): ParsedFilter {
    if (this.#isWord('not')) return this.#negation()
    if (this.#isMark('(')) return this.#bracketed()
    const word = this.#peek()
    if (word.kind === 'word' && this.#isMark('(', 1)) {
      if (textTests.includes(word.text)) return this.#textTest(word.text as TextTest)
      if (/^Microsoft\.Dynamics\.CRM\.(?:Not)?In$/.test(word.text)) return this.#crmIn()
    }
    return this.#comparison()
  }

  #negation(): ParsedFilter {
    this.#take()
    this.#depth += 1
    if (this.#depth > maxDepth) throw new FilterSyntaxError('the filter is nested too deeply', this.#peek().offset)
    const term = this.#term()
    this.#depth -= 1
    return { kind: 'not', term }
  }

  #bracketed(): ParsedFilter {
    this.#mark('(')
    const filter = this.#either()
    this.#mark(')')
    return filter
  }

  #textTest(test: TextTest): ParsedFilter {
    this.#take()
    this.#mark('(')
    const text = this.#operand()
    this.#mark(',')
    const part = this.#operand()
    this.#mark(')')
    return { kind: 'textTest', test, text, part }
  }

  #crmIn(): ParsedFilter {
    const negated = this.#take().text.endsWith('NotIn')
    this.#mark('(')
    this.#word('PropertyName')
    this.#mark('=')
    const { offset } = this.#peek()
    const column = this.#text()
    this.#mark(',')
    this.#word('PropertyValues')
    this.#mark('=')
    const values = this.#list('[', ']', () => this.#listed())
    this.#mark(')')
    return { kind: 'crmIn', negated, column, offset, values }
  }

  #word(word: string): void {
    if (!this.#isWord(word)) throw this.#unexpected(`"${word}"`)
    this.#next += 1
  }

  #text(): string {
    const { literal } = this.#peek()
    if (literal?.kind !== 'text') throw this.#unexpected('a text in single quotes')
    this.#next += 1
    return literal.value
  }

  #listed(): string {
    const { kind, text } = this.#peek()
    if (kind !== 'listed') return this.#text()
    this.#next += 1
    return JSON.parse(text) as string
  }

  #list<T>(open: string, close: string, item: () => T): readonly T[] {
    this.#mark(open)
    const items = [item()]
    while (this.#isMark(',')) {
      this.#take()
      items.push(item())
    }
    this.#mark(close)
    return items
  }

  #literal(): Literal {
    const { literal } = this.#peek()
    if (literal === undefined) throw this.#unexpected('a value')
    this.#next += 1
    return literal
  }

  #comparison(): ParsedFilter {
    const left = this.#operand()
    if (this.#isWord('in')) {
      this.#take()
      return { kind: 'in', operand: left, values: this.#list('(', ')', () => this.#literal()) }
    }
    const { text, kind } = this.#peek()
    if (kind !== 'word' || !comparisons.includes(text)) throw this.#unexpected('eq, ne, gt, ge, lt, le or in')
    this.#take()
    return { kind: 'compare', operator: text as Comparison, left, right: this.#operand() }
  }

  #operand(): Operand {
    const token = this.#peek()
    if (token.kind === 'literal') return { kind: 'literal', literal: this.#literal() }
    if (token.kind !== 'word') throw this.#unexpected('a column or a value')
    if (!this.#isMark('(', 1)) return { kind: 'column', name: this.#take().text, offset: token.offset }
    if (!calls.includes(token.text)) throw new FilterSyntaxError(`unknown function "${token.text}"`, token.offset)
    this.#take()
    this.#mark('(')
    const of = this.#operand()
    this.#mark(')')
    return { kind: 'call', name: token.text as 'tolower', of }
  }
}

/** Reads filter text. Throws a FilterSyntaxError that says what was expected, and where. */
export const parseFilter = remembered((text): ParsedFilter => new Reader(text).whole())

/** The filter as text; reading it again gives the same tree. */
export function printFilter(filter: ParsedFilter): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.terms
        .map((term) => (isChain(term) ? `(${printFilter(term)})` : printFilter(term)))
        .join(` ${filter.kind} `)
    case 'not':
      return `not (${printFilter(filter.term)})`
    case 'compare':
      return `${printOperand(filter.left)} ${filter.operator} ${printOperand(filter.right)}`
    case 'in':
      return `${printOperand(filter.operand)} in (${filter.values.map(printLiteral).join(',')})`
    case 'textTest':
      return `${filter.test}(${printOperand(filter.text)},${printOperand(filter.part)})`
    case 'crmIn': {
      const values = filter.values.map((value) => JSON.stringify(value)).join(',')
      const name = `Microsoft.Dynamics.CRM.${filter.negated ? 'NotIn' : 'In'}`
      return `${name}(PropertyName=${quoted(filter.column)},PropertyValues=[${values}])`
    }
  }
}

const isChain = (filter: ParsedFilter): boolean => filter.kind === 'and' || filter.kind === 'or'
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

function printOperand(operand: Operand): string {
  if (operand.kind === 'column') return operand.name
  if (operand.kind === 'literal') return printLiteral(operand.literal)
  return `${operand.name}(${printOperand(operand.of)})`
}

function printLiteral(literal: Literal): string {
  if (literal.kind === 'null') return 'null'
  if (literal.kind === 'text') return quoted(literal.value)
  if (literal.kind === 'coupled') return `{coupled.${literal.mapping}}`
  return literal.kind === 'number' ? literal.text : String(literal.value)
}

/** A column as it is named in a filter, with its place in the text. */
export interface FilterColumn {
  /** Logical name: `x` for Dataverse's `_x_value`; a path's parts are joined by a point. */
  readonly name: string
  readonly offset: number
}

/** The logical name of a column as filters write it: Dataverse filters lookups as `_x_value`. */
export const columnOf = (name: string): string => name.replace(/^_(\w+)_value$/, '$1').replaceAll('/', '.')

/** Every column that the filter reads, in order, each as often as it stands there. */
export function filterColumns(filter: ParsedFilter): readonly FilterColumn[] {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.terms.flatMap(filterColumns)
    case 'not':
      return filterColumns(filter.term)
    case 'compare':
      return [...operandColumns(filter.left), ...operandColumns(filter.right)]
    case 'in':
      return operandColumns(filter.operand)
    case 'textTest':
      return [...operandColumns(filter.text), ...operandColumns(filter.part)]
    case 'crmIn':
      return [{ name: columnOf(filter.column), offset: filter.offset }]
  }
}

function operandColumns(operand: Operand): readonly FilterColumn[] {
  if (operand.kind === 'column') return [{ name: columnOf(operand.name), offset: operand.offset }]
  return operand.kind === 'call' ? operandColumns(operand.of) : []
}

/** Filters joined by `and`; undefined when there is none. */
export function bothFilters(...filters: readonly (string | undefined)[]): string | undefined {
  const given = filters.filter((filter) => filter !== undefined)
  return given.length < 2 ? given[0] : given.map((filter) => `(${filter})`).join(' and ')
}
