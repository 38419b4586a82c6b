/**
 * The common part of JSONata as plain functions: some fifty times faster than the interpreter. Where a value meets
 * a rule of JSONata that is not rebuilt here (lists, conversions, mistakes), the function leaves by `Deoptimised`
 * and the interpreter evaluates instead: the answer is always JSONata's.
 */
import { addedFunctions } from './expression-functions.ts'
import type { Node } from './expression-syntax.ts'

/** Names of the row and of what is handed in. */
export interface Scope {
  readonly row: Readonly<Record<string, unknown>>
  readonly bindings: Readonly<Record<string, unknown>>
}
export type Closure = (scope: Scope) => unknown

/** Thrown where only the interpreter knows the answer. One object: it is no mistake and needs no stack. */
export const deoptimised: unique symbol = Symbol('deoptimised')

/** The expression as a function, or undefined where it uses more of JSONata than is rebuilt here. */
export function closureOf(node: Node): Closure | undefined {
  return Object.hasOwn(closures, node.type) ? closures[node.type]?.(node) : undefined
}

const constant =
  (node: Node): Closure =>
  () =>
    node.value

const closures: Readonly<Record<string, (node: Node) => Closure | undefined>> = {
  string: constant,
  number: constant,
  value: constant,
  path: pathClosure,
  unary: (node) => (node.value === '-' ? minusClosure(node) : undefined),
  binary: binaryClosure,
  condition: conditionClosure,
  block: (node) => (node.expressions?.length === 1 ? closureOf(node.expressions[0] as Node) : undefined),
  function: callClosure,
}

/** The names of a plain path from the row; undefined when the expression is anything else. */
export function plainPath(node: Node): readonly string[] | undefined {
  const steps =
    node.type === 'path' && node.group === undefined && !('keepSingletonArray' in node) ? node.steps : undefined
  if (steps?.every(isPlainName) !== true) return undefined
  return steps.map((step) => String(step.value))
}

const plainKeys = new Set(['type', 'value', 'position'])
const isPlainName = (step: Node): boolean =>
  step.type === 'name' && Object.keys(step).every((key) => plainKeys.has(key))

function pathClosure(node: Node): Closure | undefined {
  const names = plainPath(node)
  if (names !== undefined) return ({ row }) => follow(row, names)
  const [first, ...rest] = node.steps as readonly Node[]
  if (first?.type !== 'variable' || first.value === '' || first.value === '$') return undefined
  const below = plainPath({ ...node, steps: rest })
  const name = String(first.value)
  return below && (({ bindings }) => follow(bindings[name], below))
}

function follow(from: unknown, names: readonly string[]): unknown {
  let value = from
  for (const name of names) {
    if (typeof value !== 'object' || value === null) return undefined
    if (Array.isArray(value)) throw deoptimised
    value = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
  }
  if (Array.isArray(value) || typeof value === 'function') throw deoptimised
  return value
}

/** JSONata's truth of plain values; lists and objects are left to it. */
function truth(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) throw deoptimised
  return Boolean(value)
}

/** JSONata's text of plain values: fractions at 15 digits. */
function textOf(value: unknown): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'number') return JSON.stringify(Number.isInteger(value) ? value : Number(value.toPrecision(15)))
  if (typeof value === 'boolean' || value === null) return String(value)
  throw deoptimised
}

function numberOf(value: unknown): number | undefined {
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value
  throw deoptimised
}

/** A result that JSONata would refuse (a division by zero) is left to it. */
function finite(value: number): number {
  if (Number.isFinite(value)) return value
  throw deoptimised
}

type Binary = (left: unknown, right: unknown) => unknown

const arithmetic =
  (combine: (left: number, right: number) => number): Binary =>
  (left, right) => {
    const [a, b] = [numberOf(left), numberOf(right)]
    return a === undefined || b === undefined ? undefined : finite(combine(a, b))
  }

const comparison =
  (compare: (left: string | number, right: string | number) => boolean): Binary =>
  (left, right) => {
    if (typeof left === 'string' && typeof right === 'string') return compare(left, right)
    const [a, b] = [numberOf(left), numberOf(right)]
    return a === undefined || b === undefined ? undefined : compare(a, b)
  }

function same(left: unknown, right: unknown): boolean {
  if (isObject(left) && isObject(right)) throw deoptimised
  return left === right
}
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

const operators: Readonly<Record<string, Binary>> = {
  '&': (left, right) => textOf(left) + textOf(right),
  '=': (left, right) => left !== undefined && right !== undefined && same(left, right),
  '!=': (left, right) => left !== undefined && right !== undefined && !same(left, right),
  '+': arithmetic((left, right) => left + right),
  '-': arithmetic((left, right) => left - right),
  '*': arithmetic((left, right) => left * right),
  '/': arithmetic((left, right) => left / right),
  '%': arithmetic((left, right) => left % right),
  '<': comparison((left, right) => left < right),
  '<=': comparison((left, right) => left <= right),
  '>': comparison((left, right) => left > right),
  '>=': comparison((left, right) => left >= right),
}

function binaryClosure(node: Node): Closure | undefined {
  const operator = String(node.value)
  if (operator === 'in') return membershipClosure(node)
  const left = closureOf(node.lhs as Node)
  const right = closureOf(node.rhs as Node)
  if (left === undefined || right === undefined) return undefined
  if (operator === 'and') return (scope) => truth(left(scope)) && truth(right(scope))
  if (operator === 'or') return (scope) => truth(left(scope)) || truth(right(scope))
  const apply = operators[operator]
  return apply && ((scope) => apply(left(scope), right(scope)))
}

/** `column in ['a', 'b']`, the list being constants. */
function membershipClosure(node: Node): Closure | undefined {
  const left = closureOf(node.lhs as Node)
  const list = node.rhs?.type === 'unary' && node.rhs.value === '[' ? node.rhs.expressions : undefined
  if (left === undefined || list?.every(({ type }) => type === 'string' || type === 'number') !== true) return undefined
  const values = list.map(({ value }) => value)
  return (scope) => values.includes(left(scope))
}

function minusClosure(node: Node): Closure | undefined {
  const value = node.expression && closureOf(node.expression)
  return (
    value &&
    ((scope) => {
      const number = numberOf(value(scope))
      return number === undefined ? undefined : -number
    })
  )
}

function conditionClosure(node: Node): Closure | undefined {
  const [condition, then, otherwise] = [node.condition, node.then, node.else].map((part) => part && closureOf(part))
  if (condition === undefined || then === undefined) return undefined
  if (node.else === undefined) return (scope) => (truth(condition(scope)) ? then(scope) : undefined)
  return otherwise && ((scope) => (truth(condition(scope)) ? then(scope) : otherwise(scope)))
}

/** A function of texts: nothing gives nothing, anything else than a text is left to JSONata. */
const ofText =
  (apply: (text: string) => unknown) =>
  (text: unknown): unknown => {
    if (text === undefined) return undefined
    if (typeof text !== 'string') throw deoptimised
    return apply(text)
  }

const ofNumber =
  (apply: (number: number) => number) =>
  (value: unknown): unknown => {
    const number = numberOf(value)
    return number === undefined ? undefined : apply(number)
  }

/** JSONata's functions of one argument that are rebuilt here. */
const unary: Readonly<Record<string, (value: unknown) => unknown>> = {
  uppercase: ofText((text) => text.toUpperCase()),
  lowercase: ofText((text) => text.toLowerCase()),
  trim: ofText((text) =>
    text
      .replaceAll(/[ \t\n\r]+/g, ' ')
      .replace(/^ /, '')
      .replace(/ $/, ''),
  ),
  length: ofText((text) => Array.from(text).length),
  floor: ofNumber(Math.floor),
  ceil: ofNumber(Math.ceil),
  abs: ofNumber(Math.abs),
  string: (value) => (value === undefined ? undefined : textOf(value)),
  boolean: (value) => (value === undefined ? undefined : truth(value)),
  not: (value) => (value === undefined ? undefined : !truth(value)),
  exists: (value) => value !== undefined,
}

function callClosure(node: Node): Closure | undefined {
  const { procedure, arguments: given } = node as Required<Node>
  if (procedure.type !== 'variable') return undefined
  const name = String(procedure.value)
  const values = given.map(closureOf)
  if (values.includes(undefined)) return undefined
  const known = Object.hasOwn(unary, name) ? unary[name] : undefined
  const [first] = values
  if (known !== undefined) return first && values.length === 1 ? (scope) => known(first(scope)) : undefined
  if (!handedIn.has(name)) return undefined
  return (scope) =>
    callBound(
      scope,
      name,
      (values as readonly Closure[]).map((value) => value(scope)),
    )
}

const handedIn = new Set(['coupled', 'option', 'key', ...Object.keys(addedFunctions)])

function callBound({ bindings }: Scope, name: string, values: readonly unknown[]): unknown {
  const bound = bindings[name]
  if (typeof bound !== 'function') throw deoptimised
  const result: unknown = bound(...values)
  if (isObject(result)) throw deoptimised
  return result
}
