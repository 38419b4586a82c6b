/** A position says where a value stands: put another there, and only that value has changed. */
import { deepStrictEqual } from 'node:assert/strict'
import * as fc from 'fast-check'
import t from 'tap'
import { stringify } from 'yaml'
import type { Path } from '../../src/config/path.ts'
import { type Source, readSource } from '../../src/config/source.ts'
import type { Position } from '../../src/errors.ts'
import { forAll } from '../property.ts'

type Tree = string | number | boolean | readonly Tree[] | { readonly [key: string]: Tree }

const key = fc.constantFrom('name', 'a b', 'x:y', '#z', "it's", '"q"', '10', 'true', 'ключ', '😀')
const scalar = fc.oneof(
  fc.constantFrom(
    'plain',
    'two words',
    "it's",
    '# no comment',
    'a: b',
    '{x}',
    '- item',
    'ü😀',
    '',
    ' ',
    '0',
    'null',
    'tab\there',
  ),
  fc.integer({ min: -99, max: 99 }),
  fc.boolean(),
)
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
    fc.dictionary(key, tie('tree'), { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
  ),
}))
const document = fc.dictionary(key, tree, { minKeys: 1, maxKeys: 4, noNullPrototype: true })
/** As different hands write it. */
const hand = fc.record({
  defaultStringType: fc.constantFrom('PLAIN' as const, 'QUOTE_SINGLE' as const, 'QUOTE_DOUBLE' as const),
  defaultKeyType: fc.constantFrom('PLAIN' as const, 'QUOTE_SINGLE' as const, 'QUOTE_DOUBLE' as const),
  collectionStyle: fc.constantFrom('any' as const, 'flow' as const),
  indent: fc.integer({ min: 1, max: 4 }),
  lineWidth: fc.constant(0),
})
const line = fc.constantFrom('\n', '\r\n')

const isBranch = (value: Tree): value is readonly Tree[] | { readonly [key: string]: Tree } => typeof value === 'object'
function* pathsOf(value: Tree, above: Path = []): Generator<{ readonly path: Path; readonly value: Tree }> {
  yield { path: above, value }
  if (!isBranch(value)) return
  const isList = Array.isArray(value)
  for (const [step, below] of Object.entries(value)) yield* pathsOf(below, [...above, isList ? Number(step) : step])
}

function withValue(value: Tree, [step, ...rest]: Path, fresh: Tree): Tree {
  if (step === undefined) return fresh
  if (Array.isArray(value)) return value.map((each: Tree, at) => (at === step ? withValue(each, rest, fresh) : each))
  const map = value as Readonly<Record<string, Tree>>
  return Object.fromEntries(
    Object.entries(map).map(([name, each]) => [name, name === String(step) ? withValue(each, rest, fresh) : each]),
  )
}

const read = (text: string): Source => readSource('x.yaml', new TextEncoder().encode(text))
const offsetOf = (text: string, { line, column }: Position): number =>
  text
    .split('\n')
    .slice(0, line - 1)
    .join('\n').length +
  (line > 1 ? 1 : 0) +
  column -
  1

/** The scalar that begins there, as it is written. */
const tokenAt = (text: string, offset: number, isFlow: boolean): string =>
  /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')/s.exec(text.slice(offset))?.[0] ??
  (isFlow ? /^(?:(?!: |:$| #)[^,\]}\r\n])*/m : /^(?:(?!: |:$| #)[^\r\n])*/m).exec(text.slice(offset))?.[0].trimEnd() ??
  ''

t.test('whatever is written at a position changes that value and no other; keys stand where they are told', (t) => {
  let changed = 0
  forAll(
    fc.property(document, hand, line, (value, style, newline) => {
      const text = `# first\n${stringify(value, style)}`.replaceAll('\n', newline)
      const source = read(text)
      deepStrictEqual(source.value, value)
      const isFlow = style.collectionStyle === 'flow'
      for (const { path, value: here } of pathsOf(value)) {
        const { position, depth } = source.locate(path)
        if (depth !== path.length) throw new Error(`${path.join('.')} is said to be missing`)
        deepStrictEqual(source.locate([...path, 'nowhere']), { position, depth })
        const name = path.at(-1)
        if (typeof name === 'string') {
          const token = tokenAt(text, offsetOf(text, source.locateKey(path)), isFlow)
          deepStrictEqual(Object.keys(read(`${token}: 1`).value as object), [name])
        }
        if (isBranch(here)) continue
        const offset = offsetOf(text, position)
        const token = tokenAt(text, offset, isFlow)
        const other = `${text.slice(0, offset)}"put \\u0021"${text.slice(offset + token.length)}`
        deepStrictEqual(read(other).value, withValue(value, path, 'put !'), JSON.stringify({ text, path }))
        changed += 1
      }
    }),
    { numRuns: 150 },
  )
  t.ok(changed > 400, `${changed} values`)
  t.end()
})
