/** $filter text to a tree. Follows the OData 4.0 grammar as far as the two services offer it. */

/** A query the service refuses. The service gives it its code and its envelope. */
export class QueryError extends Error {
  override readonly name = 'QueryError'
  /** The service's error code where this refusal has one of its own. */
  readonly code: string | undefined
  constructor(message: string, code?: string) {
    super(message)
    this.code = code
  }
}

/** A constant as it was written. */
export interface Literal {
  readonly kind: 'literal'
  readonly type: 'text' | 'number' | 'boolean' | 'null' | 'guid' | 'date' | 'enum'
  readonly value: string | number | boolean | null
}

/** Something with a value: a constant, a property (through single-valued navigation), a function of one. */
export type Operand =
  | Literal
  | { readonly kind: 'path'; readonly path: readonly string[] }
  | { readonly kind: 'call'; readonly name: string; readonly of: readonly Operand[] }

/** The comparisons. */
export type Comparison = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le'

/** Something that is true or false of a row. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly of: Filter }
  | { readonly kind: 'compare'; readonly op: Comparison; readonly left: Operand; readonly right: Operand }
  | { readonly kind: 'text'; readonly name: TextTest; readonly in: Operand; readonly what: Operand }
  | {
      readonly kind: 'in'
      readonly path: readonly string[]
      readonly values: readonly Literal[]
      readonly not: boolean
    }

/** The functions that look for one text in another. */
export type TextTest = 'contains' | 'startswith' | 'endswith'

/** What the parser must know about a service. */
export interface FilterGrammar {
  /** Values of parameter aliases: `@p1` to the text behind it. */
  readonly aliases?: ReadonlyMap<string, string>
  /** Whether `property in ('a','b')` is offered. */
  readonly inOperator: boolean
  /** The refusal of `any` and `all`. */
  readonly noLambda: string
}

interface Token {
  readonly type: 'text' | 'quoted' | 'guid' | 'date' | 'number' | 'enum' | 'name' | 'mark' | 'end'
  readonly text: string
  readonly at: number
}

const TOKENS =
  /\s*(?:(?<text>'(?:[^']|'')*')|(?<quoted>"(?:[^"\\]|\\.)*")|(?<guid>[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})|(?<date>\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2})?)?)|(?<number>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(?<enum>[\p{L}_][\p{L}\p{N}_.]*'[^']*')|(?<name>[@\p{L}_$][\p{L}\p{N}_.]*)|(?<mark>[()[\],/=:]))/iuy

const COMPARISONS: ReadonlySet<string> = new Set(['eq', 'ne', 'gt', 'ge', 'lt', 'le'])
const TEXT_TESTS: ReadonlySet<string> = new Set(['contains', 'startswith', 'endswith'])
const VALUE_FUNCTIONS: ReadonlySet<string> = new Set(['tolower', 'toupper', 'trim', 'length', 'substring', 'concat'])

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  TOKENS.lastIndex = 0
  const end = text.trimEnd().length
  while (TOKENS.lastIndex < end) {
    const at = TOKENS.lastIndex
    const groups = TOKENS.exec(text)?.groups
    if (groups === undefined) throw new QueryError(`Syntax error at position ${at} in '${text}'.`)
    const [type, value] = Object.entries(groups).find(([, part]) => part !== undefined) as [Token['type'], string]
    tokens.push({ type, text: value, at })
  }
  tokens.push({ type: 'end', text: '', at: end })
  return tokens
}

/** Parses a filter. Throws `QueryError` with the position of what is not understood. */
export function parseFilter(text: string, grammar: FilterGrammar): Filter {
  const parser = new Parser(text, grammar)
  const filter = parser.or()
  parser.expectEnd()
  return filter
}

class Parser {
  readonly #source: string
  readonly #grammar: FilterGrammar
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(source: string, grammar: FilterGrammar) {
    this.#source = source
    this.#grammar = grammar
    this.#tokens = tokenize(source)
  }

  or(): Filter {
    return this.#chain('or', () => this.#chain('and', () => this.#not()))
  }

  expectEnd(): void {
    if (this.#next.type !== 'end') throw this.#wrong()
  }

  get #next(): Token {
    return this.#tokens[this.#at] as Token
  }

  #wrong(): QueryError {
    return new QueryError(`Syntax error at position ${this.#next.at} in '${this.#source}'.`)
  }

  #take(text: string): boolean {
    if (this.#next.text !== text || this.#next.type === 'text') return false
    this.#at++
    return true
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw this.#wrong()
  }

  #chain(word: 'and' | 'or', part: () => Filter): Filter {
    const first = part()
    const of = [first]
    while (this.#take(word)) of.push(part())
    return of.length === 1 ? first : { kind: word, of }
  }

  #not(): Filter {
    if (this.#take('not')) return { kind: 'not', of: this.#not() }
    if (this.#take('(')) {
      const inner = this.or()
      this.#expect(')')
      return inner
    }
    return this.#test()
  }

  #test(): Filter {
    const name = this.#next.text
    const called = this.#next.type === 'name' && this.#tokens[this.#at + 1]?.text === '('
    if (called && name.startsWith('Microsoft.Dynamics.CRM.')) return this.#crmFunction(name)
    if (called && TEXT_TESTS.has(name)) return this.#textTest(name as TextTest)
    const left = this.#operand()
    if (this.#grammar.inOperator && left.kind === 'path' && this.#take('in')) {
      return { kind: 'in', path: left.path, values: this.#list('(', ')'), not: false }
    }
    const op = this.#next.text
    if (!COMPARISONS.has(op)) {
      // A yes/no property may stand alone.
      if (left.kind !== 'path') throw this.#wrong()
      return { kind: 'compare', op: 'eq', left, right: { kind: 'literal', type: 'boolean', value: true } }
    }
    this.#at++
    return { kind: 'compare', op: op as Comparison, left, right: this.#operand() }
  }

  #textTest(name: TextTest): Filter {
    this.#at++
    const [within, what, ...more] = this.#arguments()
    if (within === undefined || what === undefined || more.length > 0) throw this.#wrong()
    // `contains(x,'a') eq true` is how some clients write it.
    if (this.#take('eq')) this.#expect('true')
    return { kind: 'text', name, in: within, what }
  }

  /** `Microsoft.Dynamics.CRM.In(PropertyName='x',PropertyValues=["a","b"])` and `NotIn`. */
  #crmFunction(full: string): Filter {
    const name = full.slice('Microsoft.Dynamics.CRM.'.length)
    if (name !== 'In' && name !== 'NotIn') throw new QueryError(`The query function ${full} is not simulated.`)
    this.#at++
    this.#expect('(')
    this.#expect('PropertyName')
    this.#expect('=')
    const property = this.#literal()
    this.#expect(',')
    this.#expect('PropertyValues')
    this.#expect('=')
    const values = this.#list('[', ']')
    this.#expect(')')
    return { kind: 'in', path: String(property.value).split('/'), values, not: name === 'NotIn' }
  }

  #list(open: string, close: string): Literal[] {
    this.#expect(open)
    const values: Literal[] = []
    if (this.#take(close)) return values
    do values.push(this.#literal())
    while (this.#take(','))
    this.#expect(close)
    return values
  }

  #arguments(): Operand[] {
    this.#expect('(')
    const of = [this.#operand()]
    while (this.#take(',')) of.push(this.#operand())
    this.#expect(')')
    return of
  }

  #operand(): Operand {
    const { type, text } = this.#next
    if (type !== 'name' || ['true', 'false', 'null'].includes(text)) return this.#literal()
    if (text.startsWith('@')) return this.#alias(text)
    this.#at++
    if (this.#next.text === '(') {
      if (!VALUE_FUNCTIONS.has(text)) throw new QueryError(`An unknown function with name '${text}' was found.`)
      return { kind: 'call', name: text, of: this.#arguments() }
    }
    const path = [text]
    while (this.#take('/')) {
      const step = this.#next.text
      this.#at++
      if ((step === 'any' || step === 'all') && this.#next.text === '(') throw new QueryError(this.#grammar.noLambda)
      path.push(step)
    }
    return { kind: 'path', path }
  }

  #alias(name: string): Literal {
    this.#at++
    const text = this.#grammar.aliases?.get(name)
    if (text === undefined) return { kind: 'literal', type: 'null', value: null }
    return new Parser(text, this.#grammar).#literal()
  }

  #literal(): Literal {
    const { type, text } = this.#next
    const literal = LITERALS[type](text)
    if (literal === undefined) throw this.#wrong()
    this.#at++
    return { kind: 'literal', ...literal }
  }
}

/** What each kind of token is as a constant. */
const LITERALS: Readonly<Record<Token['type'], (text: string) => Omit<Literal, 'kind'> | undefined>> = {
  text: (text) => ({ type: 'text', value: text.slice(1, -1).replaceAll("''", "'") }),
  quoted: (text) => ({ type: 'text', value: JSON.parse(text) as string }),
  number: (text) => ({ type: 'number', value: Number(text) }),
  guid: (text) => ({ type: 'guid', value: text.toLowerCase() }),
  date: (text) => ({ type: 'date', value: text }),
  enum: (text) => ({ type: 'enum', value: text.slice(text.indexOf("'") + 1, -1) }),
  name: (text) => {
    if (text === 'null') return { type: 'null', value: null }
    return text === 'true' || text === 'false' ? { type: 'boolean', value: text === 'true' } : undefined
  },
  mark: () => undefined,
  end: () => undefined,
}
