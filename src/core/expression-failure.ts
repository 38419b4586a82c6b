/**
 * Why an expression failed on a record, for who writes mappings: what was asked of which operand, of what kind its value
 * was, and what helps. The value itself is never told (P8). Pure; what is not worded here stays as JSONata says it.
 */
import { plainPath } from './expression-closure.ts'
import { tooLong } from './expression-size.ts'
import type { Node } from './expression-syntax.ts'
import { fitsNumber, plainDecimal } from './values.ts'

/** What JSONata throws. */
export interface Fault {
  readonly code?: string
  readonly message?: string
  /** Offset behind the token that it stumbled over. */
  readonly position?: number
  readonly token?: unknown
  readonly value?: unknown
  readonly value2?: unknown
  /** Of an argument, counted from 1. */
  readonly index?: unknown
  /** Of what the items of a list must be. */
  readonly type?: string
}

/** The failure in plain words; undefined where there are none. */
export const plainFailure = (fault: Fault, tree: Node): string | undefined =>
  fault.code === undefined ? undefined : sentences.get(fault.code)?.(fault, nodeAt(tree, fault))

/** `at` is the operator or the call that failed. */
type Sentence = (fault: Fault, at: Node | undefined) => string

const needsNumber =
  (side: 'lhs' | 'rhs' | 'expression', what = 'a number'): Sentence =>
  ({ token, value }, at) => {
    const name = nameOf(at?.[side])
    return `"${String(token)}" needs ${what} ${places[side]}, and ${name ?? 'what stands there'} is ${kindOf(value)}${toNumber(value, name)}`
  }
const places = { lhs: 'on its left', rhs: 'on its right', expression: 'behind it' } as const

/** What an author lets `$error` or `$assert` say: the texts that stand in the expression, and nothing of the record. */
const ownMessage: Sentence = ({ message = '' }, at) => {
  const written = textsIn(at?.arguments).sort((one, other) => other.length - one.length)
  if (written.length === 0) return '…'
  const pattern = new RegExp(`(${written.map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})`)
  return message
    .split(pattern)
    .map((piece, index) => (index % 2 === 1 || piece === '' ? piece : '…'))
    .join('')
}

/** Texts that are written out, wherever in the nodes. */
function textsIn(nodes: unknown): string[] {
  if (typeof nodes !== 'object' || nodes === null) return []
  const { type, value } = nodes as Node
  if (type === 'string') return value === '' ? [] : [String(value)]
  return Object.values(nodes).flatMap(textsIn)
}

const withoutSign: Sentence = ({ token }) =>
  `${String(token)} is no function; names of functions begin with "$": $${String(token)}`
const noFunction: Sentence = ({ token }) =>
  `${typeof token === 'string' && /^\w/.test(token) ? `$${token}` : 'what is called there'} is no function here`

const sentences: ReadonlyMap<string, Sentence> = new Map<string, Sentence>([
  ['T2001', needsNumber('lhs')],
  ['T2002', needsNumber('rhs')],
  ['T2003', needsNumber('lhs', 'a whole number')],
  ['T2004', needsNumber('rhs', 'a whole number')],
  ['D1002', needsNumber('expression')],
  [
    'T2009',
    ({ token, value, value2 }, at) => {
      const [left, right] = [nameOf(at?.lhs) ?? 'its left side', nameOf(at?.rhs) ?? 'its right side']
      return `"${String(token)}" compares two numbers or two texts, and ${left} is ${kindOf(value)}, ${right} ${kindOf(value2)}: ${alike}`
    },
  ],
  [
    'T2010',
    ({ token, value }, at) => {
      const name = comparedIn(at)
      return `"${String(token)}" compares numbers or texts, and ${name ?? 'one of its sides'} is ${kindOf(value)}${toNumber(value, name)}`
    },
  ],
  [
    'T2007',
    ({ value, value2 }) => `it sorts by values of which one is ${kindOf(value)}, another ${kindOf(value2)}: ${alike}`,
  ],
  ['T2008', ({ value }) => `it sorts by numbers or texts, and one of the values is ${kindOf(value)}`],
  ['T2006', ({ value }) => `"~>" needs a function on its right, and what stands there is ${kindOf(value)}`],
  [
    'T1003',
    ({ value }) => `a name in an object is a text, and here it is ${kindOf(value)}: $string(…) makes a text of it`,
  ],
  ['T0410', wrongArgument],
  ['T0411', ({ token, value }) => `$${String(token)} does not take what stands before the dot: it is ${kindOf(value)}`],
  [
    'T0412',
    ({ token, index, type }, at) =>
      `$${String(token)} takes a list of ${String(type)} as its ${nth(index)} argument, and ${argumentOf(at, index)} holds something else`,
  ],
  ['T1005', withoutSign],
  ['T1007', withoutSign],
  ['T1006', noFunction],
  ['T1008', noFunction],
  ['D1001', () => endless],
  ['D3001', () => endless],
  [
    'D3030',
    ({ value }, at) =>
      `$number finds no number in ${argumentOf(at, 1)}, which is ${kindOf(value)}: $parseDecimal reads numbers as people write them`,
  ],
  ['D3060', () => '$sqrt was given a number below 0'],
  ['D3061', () => '$power comes to something that is no number, or too large'],
  [
    'D3110',
    ({ value }, at) =>
      `$toMillis needs a moment as 2026-03-31T09:30:00Z, and ${argumentOf(at, 1)} is ${kindOf(value)} of another form: $parseDateTime reads others`,
  ],
  ['D1011', () => 'a function calls itself more than 200 times'],
  ['D1012', () => 'it takes longer than a second'],
  ['D2014', () => tooLong],
  ['D2015', () => tooLong],
  ['D3137', ownMessage],
  ['D3141', ownMessage],
])

const alike = '$number(…) or $string(…) makes them alike'
/** Of what came out of the whole expression, too. */
export const endless = 'a number comes out that is none or has no end: was something divided by 0?'

function wrongArgument({ token, value, index }: Fault, at: Node | undefined): string {
  const [call, place] = [`$${String(token)}`, `${nth(index)} argument`]
  if (value === undefined) return `${call} lacks its ${place}`
  const name = nameOf(at?.arguments?.[Number(index) - 1])
  const told = `${call} does not take ${name ?? 'what it was given'} as its ${place}: it is ${kindOf(value)}`
  if (name === undefined) return told
  if (isBlank(value)) return at?.arguments?.length === 1 ? `${told}${blankAs(name, 'null', `${call}(${name})`)}` : told
  const isPlain = typeof value === 'number' || typeof value === 'boolean'
  return isPlain ? `${told}; $string(${name}) makes a text of it` : `${told}${toNumber(value, name)}`
}

const nth = (index: unknown): string => ['first', 'second', 'third'][Number(index) - 1] ?? `${String(index)}th`

/** What a value is, in a word; never the value. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'blank (null)'
  if (typeof value === 'string') return textKind(value)
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a number with decimals'
  if (typeof value === 'boolean') return 'a yes or no'
  if (Array.isArray(value)) return 'a list'
  return isFunction(value) ? 'a function' : 'an object'
}

function textKind(value: string): string {
  if (isBlank(value)) return 'a blank text'
  return isLong(value) ? 'a number with more digits than can be computed with' : 'a text'
}

/** A number of a service that no number here holds is read as a text. */
const isLong = (value: string): boolean => plainDecimal.test(value) && !fitsNumber(value)
const isBlank = (value: unknown): boolean => value === null || (typeof value === 'string' && value.trim() === '')
const isFunction = (value: unknown): boolean =>
  typeof value === 'function' ||
  ['_jsonata_lambda', '_jsonata_function'].some((mark) => Object.hasOwn(Object(value) as object, mark))

/** How a blank is given a meaning. */
const blankAs = (name: string, meaning: string, whole = name): string =>
  `; where it may be blank, write (${name} ? ${whole} : ${meaning})`

/** What makes a number of it. */
function toNumber(value: unknown, name: string | undefined): string {
  if (name === undefined) return ''
  if (isBlank(value)) return blankAs(name, '0')
  if (typeof value !== 'string') return ''
  return isLong(value) ? `; round it with $roundTo(${name}, 0.01) or more` : `; $number(${name}) makes a number of it`
}

/** How an operand is called in the expression, where it is a column or a variable, or a part of one. */
function nameOf(node: Node['lhs']): string | undefined {
  if (node === undefined || !('type' in node)) return undefined
  const [first, ...below] = node.steps ?? [node]
  if (first?.type !== 'variable') return plainPath(node)?.join('.')
  if ((first.predicate ?? first.stages) !== undefined) return undefined
  const names = plainPath({ type: 'path', steps: below })
  return names && [`$${String(first.value)}`, ...names].join('.')
}

const isLiteral = (node: Node['lhs']): boolean =>
  node !== undefined && 'type' in node && (node.type === 'number' || node.type === 'string')

/** The side of a comparison that can be meant: a number or a text that is written there fits always. */
function comparedIn(at: Node | undefined): string | undefined {
  if (isLiteral(at?.lhs)) return nameOf(at?.rhs)
  return isLiteral(at?.rhs) ? nameOf(at?.lhs) : undefined
}

const argumentOf = (at: Node | undefined, index: unknown): string =>
  nameOf(at?.arguments?.[Number(index) - 1]) ?? 'what it was given'

/** The node that a fault is about, wherever it stands in the tree. */
function nodeAt(tree: unknown, { position }: Fault): Node | undefined {
  if (position === undefined || typeof tree !== 'object' || tree === null) return undefined
  const own = tree as Node
  if (own.position === position && (own.lhs ?? own.arguments ?? own.expression) !== undefined) return own
  for (const each of Object.values(tree)) {
    const found = nodeAt(each, { position })
    if (found !== undefined) return found
  }
  return undefined
}
