/**
 * A JSONata expression, compiled once. It sees the row, its joins, `$settings` and a few functions; it reaches no
 * network and no clock. Time, depth and lengths are limited, so that a mapping cannot hang a run; what the limits
 * cannot stop is refused beforehand by `expression-check`, or evaluated where it can be ended.
 */
import jsonata from 'jsonata'
import { closureOf, deoptimised, plainPath, type Closure, type Scope } from './expression-closure.ts'
import { type Fault, endless, plainFailure } from './expression-failure.ts'
import { addedFunctions } from './expression-functions.ts'
import { namesOf, type Names, type Node } from './expression-syntax.ts'
import { mostSteps, sizeOf, workOf } from './expression-work.ts'
import { excessOf, longestList } from './expression-size.ts'
import type { Row } from './record.ts'
import { remembered } from './remembered.ts'

/** A company of Business Central: its SystemId in lower case, and its name. */
export interface Company {
  readonly id: string
  readonly name: string
}

/** What an expression sees beside the row. */
export interface Bindings {
  readonly settings?: Readonly<Record<string, unknown>>
  /** The company of Business Central that the connection leads to. */
  readonly company?: Company
  /** The partner's key of `value` in a mapping, or nothing. */
  readonly coupled?: (mapping: string, value: unknown) => unknown
  /** The natural key of the record of Business Central that `value` is coupled with, or nothing. */
  readonly key?: (mapping: string, value: unknown) => unknown
  /** The option of a choice that `value` is coupled with, or nothing. */
  readonly option?: (mapping: string, value: unknown) => unknown
  /** Where an expression goes that only the end of its thread would stop. Without it such a one is refused. */
  readonly apart?: Evaluator | undefined
}

/** Evaluates what may never end, and ends it. */
export interface Evaluator {
  /** As `Expression.evaluate`. Rejects with an ExpressionError, also when the time is up. */
  evaluate(text: string, row: Row, bindings: Bindings): Promise<unknown>
}

export interface Expression extends Names {
  readonly text: string
  /** The names of a plain path: `names.firstName` is ['names', 'firstName']. */
  readonly path: readonly string[] | undefined
  /**
   * The value for a row: null for nothing, else plain data. Given at once where the expression is of the common
   * kind, else as a promise. Throws (or rejects with) an ExpressionError.
   */
  evaluate(row: Row, bindings?: Bindings): unknown
  /** As `evaluate`, by JSONata itself and in this thread, whatever it costs. */
  interpret(row: Row, bindings: Bindings): Promise<unknown>
}

/** The expression is wrong, or failed on a row. `position` counts characters from 0; undefined where none is known. */
export class ExpressionError extends Error {
  readonly position: number | undefined
  /** The field row whose expression it is, where that is known. */
  readonly row: string | undefined
  constructor(message: string, position: number | undefined, row?: string) {
    super(message)
    this.name = 'ExpressionError'
    this.position = position
    this.row = row
  }

  /** The same, of this field row. */
  inRow(row: string): ExpressionError {
    return new ExpressionError(this.message, this.position, row)
  }
}

/** What it gives, or the ExpressionError that it failed with: one field row's failure is its own (P5). */
export async function orFailure<T>(work: Promise<T>): Promise<T | ExpressionError> {
  try {
    return await work
  } catch (error) {
    if (error instanceof ExpressionError) return error
    throw error
  }
}

/** Milliseconds, nested calls and list items that one evaluation may take. */
const limits = { timeout: 1000, stack: 200, sequence: longestList }
/** What JSONata calls with what each part of an expression gives. */
const afterEach = Symbol.for('jsonata.__evaluate_exit') as unknown as string

/** Reads an expression. Throws an ExpressionError where it is none. */
export const compileExpression = remembered(readExpression)

function readExpression(text: string): Expression {
  const program = parse(text)
  const tree = program.ast() as unknown as Node
  const closure = closureOf(tree)
  const interpret = async (row: Row, bindings: Bindings): Promise<unknown> => {
    try {
      return plain(await program.evaluate(row, withAdded(bindings)))
    } catch (error) {
      throw errorOf(error, text, tree)
    }
  }
  const names = namesOf(tree)
  const work = workOf(text, names)
  const evaluate = (row: Row, bindings: Bindings = noBindings): unknown => {
    if (work !== undefined && work(sizeOf(row) + sizeOf(bindings.settings)) > mostSteps)
      return apart(text, row, bindings)
    const known = closure && quick(closure, { row, bindings: withAdded(bindings) })
    return known === undefined ? interpret(row, bindings) : known.value
  }
  return { text, path: plainPath(tree), ...names, evaluate, interpret }
}

async function apart(text: string, row: Row, bindings: Bindings): Promise<unknown> {
  if (bindings.apart !== undefined) return bindings.apart.evaluate(text, row, bindings)
  throw new ExpressionError('on so long a text this may never end, and here nothing could stop it', undefined)
}

const noBindings: Bindings = {}
const known = new WeakMap<Bindings, Record<string, unknown>>()
/** The bindings with the added functions, made once for all rows. */
function withAdded(bindings: Bindings): Record<string, unknown> {
  const found = known.get(bindings)
  if (found !== undefined) return found
  const { apart: _, ...seen } = bindings
  const made = { ...addedFunctions, ...seen }
  known.set(bindings, made)
  return made
}

function parse(text: string): jsonata.Expression {
  try {
    const program = jsonata(text, limits)
    const sizes = new WeakMap<object, number>()
    program.assign(afterEach, (_expression: unknown, _input: unknown, _environment: unknown, value: unknown) => {
      const excess = excessOf(value, sizes)
      if (excess !== undefined) throw new ExpressionError(excess, undefined)
    })
    return program
  } catch (error) {
    throw errorOf(error, text)
  }
}

/** The closure's value, or undefined where it left the question to the interpreter. */
function quick(closure: Closure, scope: Scope): { readonly value: unknown } | undefined {
  try {
    return { value: plain(closure(scope)) }
  } catch (error) {
    if (error === deoptimised) return undefined
    throw new ExpressionError(ofJavaScript(error) ?? (error as Error).message, undefined)
  }
}

/** JSONata's results as plain data: its lists carry a mark of their own, its objects have no prototype. */
function plain(value: unknown): unknown {
  if (value === undefined || value === null) return null
  if (typeof value === 'function') throw new ExpressionError('the expression gives a function, not a value', undefined)
  if (typeof value === 'number' && !Number.isFinite(value)) throw new ExpressionError(endless, undefined)
  if (Array.isArray(value)) return Array.from(value, plain)
  if (typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
}

/** JSONata quotes the value that it stumbled over; it is a record's, and errors are kept in state (P8). */
function withoutValue(message: string, value: unknown): string {
  if (value === undefined || value === null || value === '') return message
  const quoted = message.replaceAll(JSON.stringify(value), '…')
  return typeof value === 'string' ? quoted.replaceAll(value, '…') : quoted
}

/** What JavaScript says of a function that got something unexpected names a place in the program, and helps nobody. */
function ofJavaScript(error: unknown): string | undefined {
  if (error instanceof TypeError)
    return 'one of its functions got nothing, or something of another kind, where it needs a value'
  return error instanceof SyntaxError
    ? 'JavaScript takes no regular expression like the one made of its format'
    : undefined
}

/**
 * JSONata throws plain objects; `position` is the offset behind the token that it stumbled over. Without a tree the text
 * is no expression.
 */
function errorOf(error: unknown, text: string, tree?: Node): ExpressionError {
  if (error instanceof ExpressionError) return error
  const fault = error as Fault
  const { message = 'the expression cannot be evaluated', position, token, value, value2 } = fault
  const own = ofJavaScript(error) ?? (tree && plainFailure(fault, tree))
  const said = own ?? withoutValue(withoutValue(message, value), value2)
  if (position === undefined) return new ExpressionError(said, undefined)
  if (token === '(end)') return new ExpressionError(said, text.length)
  return new ExpressionError(said, Math.max(0, position - (typeof token === 'string' ? token.length : 1)))
}
