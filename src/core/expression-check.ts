/**
 * What must not stand in an expression: names that nothing gives, functions by which a dry run would differ from the
 * run, and what no limit can stop once it runs (endless regular expressions, huge padding).
 */
import { compileExpression, ExpressionError, type Expression } from './expression.ts'
import { addedFunctions, boundNames, refusedFunctions, standardFunctions } from './expression-functions.ts'
import type { Node } from './expression-syntax.ts'
import { dangerOf } from './regex-danger.ts'

/** One thing that is wrong; `position` counts characters of the expression from 0. */
export interface ExpressionProblem {
  readonly message: string
  readonly position: number
  /** The name that is not known, where that is the problem. */
  readonly unknown?: string
}

/** Every name that an expression may use with a `$`. */
export const knownNames: readonly string[] = [...boundNames, ...Object.keys(addedFunctions), ...standardFunctions]

/** All that is wrong with an expression; none: it may be evaluated. */
export function checkExpression(text: string): readonly ExpressionProblem[] {
  let expression: Expression
  try {
    expression = compileExpression(text)
  } catch (error) {
    const { message, position = 0 } = error as ExpressionError
    return [{ message: `not a JSONata expression: ${message}`, position }]
  }
  return [
    ...expression.variables.flatMap(checkName),
    ...expression.calls.flatMap(checkPadding),
    ...expression.calls.flatMap(checkArguments),
    ...expression.regexes.flatMap(checkRegex),
    ...(expression.columns.includes('*') ? [{ message: 'takes the row whole; name the columns', position: 0 }] : []),
  ]
}

function checkName({ name, position }: { name: string; position: number }): readonly ExpressionProblem[] {
  const refused = Object.hasOwn(refusedFunctions, name) ? refusedFunctions[name] : undefined
  if (refused !== undefined) return [{ message: `$${name} is not allowed: ${refused}`, position }]
  return knownNames.includes(name) ? [] : [{ message: `nothing is called $${name}`, position, unknown: name }]
}

/** Wider than any column of either service that is padded. */
const widestPadding = 1000

interface Call {
  readonly name: string
  readonly position: number
  readonly arguments: readonly Node[]
}

function checkPadding(call: Call): readonly ExpressionProblem[] {
  if (call.name !== 'pad') return []
  const width = widthOf(call.arguments[1])
  if (width !== undefined && width <= widestPadding) return []
  return [{ message: `$pad needs a width written as a number, ${widestPadding} at most`, position: call.position }]
}

function widthOf(node: Node | undefined): number | undefined {
  return node?.type === 'number' ? Math.abs(Number(node.value)) : undefined
}

/** A first argument with which each function works, so that its further ones can be tried before any record is there. */
const samples: Readonly<Partial<Record<keyof typeof addedFunctions, unknown>>> = {
  splitText: 'a',
  titleCase: 'a',
  part: 'a',
  parseDate: '2026-11-21',
  parseDateTime: '2026-11-21T03:34:00Z',
  formatDate: '2026-11-21',
  datePart: '2026-11-21',
  parseDecimal: '1',
  formatDecimal: 1,
  roundTo: 1,
}

/** Locales, time zones, formats, lengths and directions that are written in the expression are tried beforehand. */
function checkArguments({ name, position, arguments: given }: Call): readonly ExpressionProblem[] {
  const further = given.slice(1).map(literalOf)
  if (!Object.hasOwn(samples, name) || further.includes(undefined)) return []
  const call = addedFunctions[name as keyof typeof addedFunctions] as (...values: readonly unknown[]) => unknown
  try {
    call(samples[name as keyof typeof samples], ...further)
    return []
  } catch (error) {
    return [{ message: `$${name}: ${(error as Error).message}`, position }]
  }
}

const literalOf = (node: Node): unknown => (node.type === 'string' || node.type === 'number' ? node.value : undefined)

function checkRegex({ source, position }: { source: string; position: number }): readonly ExpressionProblem[] {
  const danger = dangerOf(source)
  return danger === undefined ? [] : [{ message: `this regular expression may never end: ${danger}`, position }]
}
