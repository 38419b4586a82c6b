/**
 * What a JSONata expression names, read off its syntax tree: the columns of the row, so that only these are asked
 * for; variables and functions, so that a wrong name is found before any request; regular expressions.
 */

/** A node of JSONata's syntax tree, as far as it is read here. `position` is the offset behind the node's token. */
export interface Node {
  readonly type: string
  readonly value?: unknown
  readonly position?: number
  readonly arguments?: readonly Node[]
  readonly procedure?: Node
  readonly steps?: readonly Node[]
  readonly expressions?: readonly Node[]
  readonly stages?: readonly Node[]
  readonly predicate?: readonly Node[]
  readonly terms?: readonly { readonly expression: Node }[]
  readonly group?: { readonly lhs: readonly (readonly [Node, Node])[] }
  readonly lhs?: Node | readonly (readonly [Node, Node])[]
  readonly rhs?: Node
  readonly expr?: Node
  readonly expression?: Node
  readonly condition?: Node
  readonly then?: Node
  readonly else?: Node
  readonly body?: Node
  readonly pattern?: Node
  readonly update?: Node
  readonly delete?: Node
  readonly focus?: string
  readonly index?: string
}

/** A name with its place: the offset of its first character. */
interface Named {
  readonly name: string
  readonly position: number
}

export interface Names {
  /** Columns read from the row: `name`, or `page.column` below it. `*` where the expression takes the row whole. */
  readonly columns: readonly string[]
  /** Variables, functions among them, that the expression does not define itself. Without the `$`. */
  readonly variables: readonly Named[]
  /** Those of the variables that are called, each once. */
  readonly functions: readonly string[]
  readonly calls: readonly { readonly name: string; readonly position: number; readonly arguments: readonly Node[] }[]
  readonly regexes: readonly { readonly source: string; readonly position: number }[]
  /** Texts and numbers that something is compared with. */
  readonly compared: readonly (string | number)[]
  /** It adds, takes off, multiplies or divides. */
  readonly reckons: boolean
}

/** Where names are looked up: so many steps below the row, or (undefined) in something that was computed. */
type Place = readonly string[] | undefined

interface Found {
  readonly columns: Set<string>
  readonly defined: Set<string>
  readonly variables: Named[]
  readonly calls: { name: string; position: number; arguments: readonly Node[] }[]
  readonly regexes: { source: string; position: number }[]
  readonly compared: (string | number)[]
  reckons: boolean
}

/** Everything that the expression names. */
export function namesOf(tree: Node): Names {
  const found: Found = {
    columns: new Set(),
    defined: new Set(['', '$']),
    variables: [],
    calls: [],
    regexes: [],
    compared: [],
    reckons: false,
  }
  visit(tree, [], found)
  const free = ({ name }: Named): boolean => !found.defined.has(name)
  const calls = found.calls.filter(free)
  return {
    columns: [...found.columns].sort(),
    variables: found.variables.filter(free),
    functions: [...new Set(calls.map(({ name }) => name))],
    calls,
    regexes: found.regexes,
    compared: found.compared,
    reckons: found.reckons,
  }
}

type Visit = (node: Node, place: Place, found: Found) => void

function visit(node: Node, place: Place, found: Found): void {
  const special = Object.hasOwn(visits, node.type) ? visits[node.type] : undefined
  if (special !== undefined) return special(node, place, found)
  if (Object.hasOwn(notes, node.type)) notes[node.type]?.(node, found)
  for (const child of childrenOf(node)) visit(child, place, found)
}

const visitStepAlone: Visit = (node, place, found) => visitPath({ type: 'path', steps: [node] }, place, found)

const visits: Readonly<Record<string, Visit>> = {
  path: visitPath,
  name: visitStepAlone,
  wildcard: visitStepAlone,
  descendant: visitStepAlone,
  parent: visitStepAlone,
  variable: visitVariable,
  apply: visitApply,
}

const notes: Readonly<Record<string, (node: Node, found: Found) => void>> = {
  regex: (node, found) => found.regexes.push({ source: (node.value as RegExp).source, position: startOf(node) }),
  bind: (node, found) => found.defined.add(String((node.lhs as Node).value)),
  lambda: (node, found) => {
    for (const argument of node.arguments as readonly Node[]) found.defined.add(String(argument.value))
  },
  function: noteCall,
  partial: noteCall,
  binary: noteOperator,
}

/** The parts of a node that are evaluated in the same place as the node. */
function childrenOf(node: Node): readonly Node[] {
  const pairs = [
    ...(Array.isArray(node.lhs) ? (node.lhs as readonly (readonly [Node, Node])[]) : []),
    ...(node.group?.lhs ?? []),
  ]
  const left = Array.isArray(node.lhs) || node.type === 'bind' ? undefined : (node.lhs as Node | undefined)
  const { rhs, expr, expression, condition, body, procedure, pattern, update } = node
  const single = [
    left,
    rhs,
    expr,
    expression,
    condition,
    node.then,
    node.else,
    body,
    procedure,
    pattern,
    update,
    node.delete,
  ]
  const lists = [
    node.type === 'lambda' ? [] : node.arguments,
    node.expressions,
    node.steps,
    node.stages,
    node.predicate,
  ]
  return [
    ...single.filter((child) => child !== undefined),
    ...lists.flatMap((list) => list ?? []),
    ...pairs.flat(),
    ...(node.terms ?? []).map((term) => term.expression),
  ]
}

/** `text ~> $pad(10)` is `$pad(text, 10)`. */
function visitApply({ lhs, rhs }: Node, place: Place, found: Found): void {
  const [first, then] = [lhs as Node, rhs as Node]
  const called = { ...then, arguments: [first, ...(then.arguments ?? [])] }
  for (const each of then.type === 'function' ? [called] : [first, then]) visit(each, place, found)
}

function noteCall(node: Node, found: Found): void {
  const { procedure, arguments: given } = node as Required<Node>
  if (procedure.type !== 'variable') return
  found.calls.push({ name: String(procedure.value), position: startOf(procedure), arguments: given })
}

const comparing = new Set(['=', '!=', '<', '<=', '>', '>=', 'in'])
const reckoning = new Set(['+', '-', '*', '/', '%'])

function noteOperator({ value, lhs, rhs }: Node, found: Found): void {
  const operator = String(value)
  if (reckoning.has(operator)) found.reckons = true
  if (comparing.has(operator)) found.compared.push(...constantsOf(lhs as Node), ...constantsOf(rhs as Node))
}

/** A constant, or those of a list. */
function constantsOf({ type, value, expressions }: Node): readonly (string | number)[] {
  if (type === 'string' || type === 'number') return [value as string | number]
  return type === 'unary' && value === '[' ? (expressions as readonly Node[]).flatMap(constantsOf) : []
}

function visitVariable(node: Node, place: Place, found: Found): void {
  const name = String(node.value)
  if (name === '') readWhole(place, found)
  else if (name === '$') found.columns.add('*')
  else found.variables.push({ name, position: startOf(node) })
}

function visitPath(path: Node, place: Place, found: Found): void {
  let here = place
  for (const step of path.steps as readonly Node[]) {
    if (step.index !== undefined) found.defined.add(step.index)
    const below = visitStep(step, here, found)
    if (step.focus === undefined) here = below
    else {
      // `lines@$line.text`: the variable has the line, and what follows stands where the step stood.
      found.defined.add(step.focus)
      readWhole(below, found)
    }
    for (const stage of [...(step.stages ?? []), ...(step.predicate ?? [])]) visit(stage, here, found)
  }
  readWhole(here, found)
  for (const part of path.group?.lhs.flat() ?? []) visit(part, here, found)
}

function readWhole(place: Place, found: Found): void {
  if (place !== undefined) found.columns.add(place.join('.') || '*')
}

/** Notes what a step names, and says where the next step stands. */
function visitStep(step: Node, here: Place, found: Found): Place {
  const stand = Object.hasOwn(steps, step.type) ? steps[step.type] : undefined
  if (stand !== undefined) return stand(step, here, found)
  // What a step computes is made of what its own parts read: they stand where the step stands.
  visit(step, here, found)
  const below = here && here.length > 0 ? `${here.join('.')}.` : undefined
  if (below !== undefined && ![...found.columns].some((column) => column.startsWith(below))) readWhole(here, found)
  return undefined
}

const steps: Readonly<Record<string, (step: Node, here: Place, found: Found) => Place>> = {
  name: (step, here) => here && [...here, String(step.value)],
  variable: (step, here, found) => {
    if (step.value === '') return here
    if (step.value === '$') return []
    visitVariable(step, here, found)
    return undefined
  },
  sort: (step, here, found) => {
    for (const term of step.terms as Required<Node>['terms']) visit(term.expression, here, found)
    return here
  },
  parent: (_step, here) => here?.slice(0, -1),
  wildcard: (_step, here, found) => {
    readWhole(here, found)
    return undefined
  },
  descendant: (_step, here, found) => {
    readWhole(here, found)
    return undefined
  },
}

/** Offset of a token's first character; JSONata tells where the next one begins. */
function startOf(node: Node): number {
  const length = node.type === 'variable' ? String(node.value).length + 1 : 1
  return Math.max(0, (node.position as number) - length)
}
