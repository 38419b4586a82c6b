/** What YAML allows and no configuration needs, told before a value is made of it: each could crash, hang or mislead. */
import {
  type Document,
  type Node,
  type Pair,
  type ParsedNode,
  type Scalar,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  visit,
} from 'yaml'

/** What is wrong with how a file is built; `offset` counts characters of the file from 0. */
interface ShapeProblem {
  readonly offset: number
  readonly message: string
  readonly severity?: 'warning'
}

/** More keys and values than this are no configuration; the largest standard mapping has fewer than 2,000. */
const mostNodes = 20_000

/** Maps and lists inside each other; a mapping needs eight. */
const deepest = 50

/** Tags that say what a plain value is taken for anyway. */
const plainTags = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`),
)

/** Everything that is wrong with how the document is built. */
export function shapeProblems(document: Document): readonly ShapeProblem[] {
  const problems: ShapeProblem[] = []
  let nodes = 0
  const tell = (node: unknown, message: string | undefined): void => {
    if (message !== undefined) problems.push({ offset: (node as ParsedNode).range[0], message })
  }
  visit(document, {
    Node: (_key, node, path) => {
      nodes += 1
      if (nodes > mostNodes) {
        tell(
          node,
          `the file holds more than ${mostNodes.toLocaleString('en')} keys and values; no configuration is so large`,
        )
        return visit.BREAK
      }
      const fault = nodeFault(node, path)
      tell(node, fault)
      if (fault === tooDeep) return visit.SKIP
      if (isScalar(node)) problems.push(...leadingZero(node as Scalar.Parsed), ...tooExact(node as Scalar.Parsed))
      if (isMap(node)) for (const { key } of doubled(node.items)) tell(key, 'this key stands twice')
      return undefined
    },
  })
  return problems
}

function nodeFault(node: Node, path: readonly unknown[]): string | undefined {
  if (path.filter(isCollection).length > deepest) return tooDeep
  const tag = 'tag' in node ? node.tag : undefined
  if (tag !== undefined && !plainTags.has(tag))
    return `the tag ${tag.slice(0, 50)} stands for nothing here; take it away`
  const parent = path.at(-1)
  if (isPair(parent) && parent.key === node && !isScalar(node))
    return 'a key must be a word, not a map, a list or an alias'
  if (isAlias(node) && path.some((each) => isCollection(each) && each.anchor === node.source))
    return 'this part would hold itself'
  return undefined
}

/** Why a document cannot be read that is nested without end. */
export const tooDeep = `maps and lists are nested more than ${deepest} deep`

/** The pairs whose key stands before them already. YAML's own check compares each key with each. */
function doubled(pairs: readonly Pair[]): readonly Pair[] {
  const seen = new Set<unknown>()
  return pairs.filter(({ key }) => isScalar(key) && (seen.has(key.value) || !seen.add(key.value)))
}

/** A number here is what JSON and JavaScript hold; instead of another one a near one would be sent, or nothing. */
function tooExact({ value, source, range }: Scalar.Parsed): readonly ShapeProblem[] {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || digitsOf(source) === digitsOf(String(value)))
    return []
  const read = Number.isFinite(value) ? `would be read as ${value}` : 'is none that a record could hold'
  return [
    { offset: range[0], message: `the number ${source.slice(0, 50)} ${read}; write it in quotes if it is a code` },
  ]
}

/** The digits of a number, where there are so many that some could be lost; else ''. */
function digitsOf(text: string): string {
  const digits = text
    .replace(/e[-+]?\d+$/i, '')
    .replaceAll(/[-+.]/g, '')
    .replace(/^0+/, '')
    .replace(/0+$/, '')
  return digits.length > 15 || /\D/.test(digits) ? digits : ''
}

/** `007` is the number 7 to YAML; a code like that is nearly always meant as text. */
function leadingZero({ value, source, type, range }: Scalar.Parsed): readonly ShapeProblem[] {
  if (typeof value !== 'number' || type !== 'PLAIN' || !/^[+-]?0\d+$/.test(source)) return []
  const message = `${source} is read as the number ${value}; write '${source}' in quotes if it is a code`
  return [{ offset: range[0], message, severity: 'warning' }]
}
