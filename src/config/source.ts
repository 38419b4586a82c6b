/**
 * The first of three doors: a file's bytes become a value, with line and column of every node. YAML 1.2; keys stand
 * once; a file holds one document.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type ParsedNode } from 'yaml'
import type { Scalar as ScalarNode, YAMLMap, YAMLSeq } from 'yaml'
import type { ConfigProblem, Position } from '../errors.ts'
import { headRemarks } from './head-remarks.ts'
import type { Path } from './path.ts'
import { isError } from './problems.ts'
import { offsetInFile, type Scalar } from './scalar-position.ts'
import { shapeProblems, tooDeep } from './shape.ts'

/** A file as it was read. */
export interface Source {
  /** As it is shown: relative to the project folder. */
  readonly file: string
  /** Undefined when the file could not be read. */
  readonly value: unknown
  readonly problems: readonly ConfigProblem[]
  /** What people wrote at the head of the file, paragraph by paragraph. */
  readonly remarks: readonly string[]
  /** Where a node stands, and how many steps of the path lead there: a node that is missing stands where its parent does. */
  locate(path: Path): Located
  /** Where a key stands that is spelt in the file. */
  locateKey(path: Path): Position
  /** Where a character of a text stands. */
  locateWithin(path: Path, offset: number): Position
}

interface Located {
  readonly position: Position
  /** Steps of the path that exist in the file. */
  readonly depth: number
}

/** More than this is no configuration. Bytes. */
export const largestFile = 1_000_000

/** What is told of one file; the rest of so many is of the same kind. */
const mostProblems = 100

/** How often an alias may stand for a larger part before the file is refused as a bomb. */
const mostAliases = 100

/** Reads a file's bytes. Never throws: what is wrong is told in `problems`. */
export function readSource(file: string, bytes: Uint8Array): Source {
  const start: Position = { file, line: 1, column: 1 }
  if (bytes.length > largestFile) return unreadable(file, `the file is larger than ${largestFile / 1_000_000} MB`)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return unreadable(file, 'the file is not UTF-8 text; save it as UTF-8')
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, version: '1.2', prettyErrors: false, uniqueKeys: false })
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(Math.min(offset, text.length))
    return { file, line: Math.max(1, line), column: Math.max(1, col) }
  }
  // What follows a break of the syntax is mostly its echo: the first is told.
  // A tag without meaning is told by the shape.
  const warnings = document.warnings.filter(({ code }) => code !== 'TAG_RESOLVE_FAILED')
  const faults = [...document.errors.slice(0, 1), ...warnings].map(({ pos, code, message }) => ({
    at: position(pos[0]),
    path: '',
    message: faultText(code, message),
  }))
  const shape = (isExhausted(document) ? [] : shapeProblems(document)).map(({ offset, ...told }) => ({
    at: position(offset),
    path: '',
    ...told,
  }))
  const { value, problem } = [...faults, ...shape].some(isError) ? { value: undefined } : plainValue(document)
  const missing = value === null ? 'the file is empty' : problem
  const problems = [...faults, ...shape, ...(missing === undefined ? [] : [{ at: start, path: '', message: missing }])]
  return {
    file,
    value: missing === undefined ? value : undefined,
    problems: problems.slice(0, mostProblems),
    remarks: headRemarks(text),
    ...locators(document, text, position),
  }
}

/** A file of which there is nothing but a problem. */
export function unreadable(file: string, message: string): Source {
  const at: Position = { file, line: 1, column: 1 }
  const problems = [{ at, path: '', message }]
  return {
    file,
    value: undefined,
    problems,
    remarks: [],
    locate: () => ({ position: at, depth: 0 }),
    locateKey: () => at,
    locateWithin: () => at,
  }
}

const exhausted = 'RESOURCE_EXHAUSTION'
/** What could be read of a file without end is no use to anybody. */
const isExhausted = ({ errors }: Document): boolean => errors[0]?.code === exhausted

function faultText(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'a file holds one document; take the second one away'
  if (code === exhausted) return tooDeep
  const hint = message.includes('flow-map-start') ? ' (a ${…} inside braces must stand in quotes)' : ''
  return `not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}${hint}`
}

function plainValue(document: Document): { readonly value: unknown; readonly problem?: string } {
  try {
    return { value: document.toJS({ maxAliasCount: mostAliases }) }
  } catch {
    return { value: undefined, problem: 'aliases make this file far larger than it looks; write the parts out' }
  }
}

/** What stands nowhere, as the root of an empty file, stands at the beginning. */
const startOf = (node: Reached): number => (node ? node.range[0] : 0)

function locators(
  document: Document,
  text: string,
  position: (offset: number) => Position,
): Pick<Source, 'locate' | 'locateKey' | 'locateWithin'> {
  return {
    locate: (path) => {
      const { node, key, depth } = follow(document, path)
      return { position: position(startOf(node ?? key)), depth }
    },
    locateKey: (path) => {
      const { node, key, depth } = follow(document, path)
      return position(startOf(depth === path.length ? (key ?? node) : node))
    },
    locateWithin: (path, offset) => {
      const { node, key } = follow(document, path)
      const scalar = scalarOf(node)
      return position(scalar === undefined ? startOf(node ?? key) : offsetInFile(text, scalar, offset))
    },
  }
}

/** null: there is a place and nothing in it. */
type Reached = ParsedNode | null | undefined

interface Followed {
  readonly node: Reached
  readonly key: Reached
  readonly depth: number
}

/** Goes down a path as far as it leads. */
function follow(document: Document, path: Path): Followed {
  let here: Followed = { node: document.contents as ParsedNode | null, key: undefined, depth: 0 }
  for (const step of path) {
    const below = child(document, here.node, step)
    if (below === undefined) return here
    here = { ...below, depth: here.depth + 1 }
  }
  return here
}

function child(document: Document, node: Reached, step: string | number): Omit<Followed, 'depth'> | undefined {
  const parent = isAlias(node) ? node.resolve(document) : node
  if (isMap(parent)) {
    const pair = (parent as YAMLMap.Parsed).items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
    return pair && { node: pair.value, key: pair.key }
  }
  const item = isSeq(parent) ? (parent as YAMLSeq.Parsed).items[Number(step)] : undefined
  return item && { node: item, key: undefined }
}

const styles: Readonly<Record<ScalarNode.Type, Scalar['style']>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'literal',
  BLOCK_FOLDED: 'folded',
}

function scalarOf(node: Reached): Scalar | undefined {
  if (!isScalar(node) || typeof node.value !== 'string') return undefined
  const { range, type, value } = node as ScalarNode.Parsed & { readonly value: string }
  return { style: styles[type as ScalarNode.Type], start: range[0], end: range[1], value }
}
