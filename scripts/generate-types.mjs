/**
 * Writes src/config/schema-types.ts from schemas/*.schema.json, so that the types of what people write and the
 * schemas their editors use never part. `--check` writes nothing and ends with 1 when the file is not current.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { compile } from 'json-schema-to-typescript'
import { format } from 'oxfmt'

const schemas = fileURLToPath(new URL('../schemas/', import.meta.url))
const output = fileURLToPath(new URL('../src/config/schema-types.ts', import.meta.url))
const names = ['project', 'mapping', 'include', 'jobs', 'standard', 'test']

const dropped = new Set(['title', '$schema', '$id'])

/** Titles and the sibling texts of a `$ref` are for messages and editors; each would become a type of its own. */
const bare = (node) => {
  if (Array.isArray(node)) return node.map(bare)
  if (node === null || typeof node !== 'object') return node
  if (typeof node.$ref === 'string') return { $ref: node.$ref.replace(/^.*#/, '#') }
  const kept = Object.entries(node).filter(([key, value]) => !(dropped.has(key) && typeof value === 'string'))
  return Object.fromEntries(kept.map(([key, value]) => [key, bare(value)]))
}

/** One schema that names all files, with the definitions of all of them: each type is then written once. */
const union = async () => {
  const definitions = {}
  for (const name of names) {
    const { $defs, ...schema } = JSON.parse(await readFile(`${schemas}${name}.schema.json`, 'utf8'))
    Object.assign(definitions, bare($defs ?? {}), { [schema.title]: bare(schema) })
  }
  const properties = Object.fromEntries(names.map((name) => [name, { $ref: `#/$defs/${titleOf(name)}` }]))
  return { title: 'Files', type: 'object', additionalProperties: false, properties, $defs: definitions }
}

const titleOf = (name) => `${name[0].toUpperCase()}${name.slice(1)}File`

const style = JSON.parse(await readFile(new URL('../.oxfmtrc.json', import.meta.url), 'utf8'))
const compiled = await compile(await union(), 'Files', {
  bannerComment:
    '/* oxlint-disable max-lines -- generated */\n/** What people write, as types. Generated from schemas/ by scripts/generate-types.mjs; not edited by hand. */',
  format: false,
  ignoreMinAndMaxItems: true,
})
const { code } = await format(output, compiled, {
  printWidth: style.printWidth,
  semi: style.semi,
  singleQuote: style.singleQuote,
})
const current = await readFile(output, 'utf8').catch(() => '')
if (current !== code && process.argv.includes('--check')) {
  process.stderr.write('src/config/schema-types.ts is not current: run `npm run generate`\n')
  process.exitCode = 1
} else if (current !== code) await writeFile(output, code)
