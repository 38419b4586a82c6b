/** docs/state.md names every member that a file of the state may hold, and none that it cannot. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import ts from 'typescript'

const project = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, project), 'utf8')

interface Member {
  readonly name: string
  /** Members of what it holds, where the documentation names them. */
  readonly parts: readonly string[]
}

/** The types of a source file, by name. */
function typesIn(path: string): ReadonlyMap<string, ts.Node> {
  const { statements } = ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true)
  const named = statements.filter((one) => ts.isInterfaceDeclaration(one) || ts.isTypeAliasDeclaration(one))
  return new Map(named.map((one) => [one.name.text, one]))
}

const types = new Map(
  ['core/coupling', 'core/schedule', 'core/watermark', 'store/store', 'store/state-file']
    .concat(['store/snapshot', 'store/mapping-content', 'store/journal', 'store/lock', 'store/transfer'])
    .flatMap((name) => [...typesIn(`src/${name}.ts`)]),
)

function typed(name: string): ts.Node {
  const found = types.get(name)
  if (found === undefined) throw new Error(`no type is called ${name}`)
  return found
}

/** The names of all members in a type, by the literal of its `kind` where it has several forms. */
function forms(node: ts.Node): readonly { readonly kind: string | undefined; readonly names: readonly string[] }[] {
  if (ts.isTypeAliasDeclaration(node)) return forms(node.type)
  if (ts.isUnionTypeNode(node)) return node.types.flatMap((each) => forms(each))
  const members = ts.isInterfaceDeclaration(node) || ts.isTypeLiteralNode(node) ? [...node.members] : []
  const known = members.filter((one) => ts.isPropertySignature(one))
  const kind = known.find((one) => one.name.getText() === 'kind')?.type
  const literal = kind !== undefined && ts.isLiteralTypeNode(kind) ? kind.literal.getText().slice(1, -1) : undefined
  const names = known.map((one) => one.name.getText()).filter((name) => name !== 'kind' || literal === undefined)
  return [{ kind: literal, names }]
}

const namesOf = (type: string): readonly string[] => forms(typed(type)).flatMap(({ names }) => names)
const literalsOf = (type: string): readonly string[] =>
  [
    ...typed(type)
      .getText()
      .matchAll(/'([^']+)'/g),
  ].map(([, literal = '']) => literal)

const pages = read('docs/state.md').split(/^### /m)
const section = (title: string): string => {
  const found = pages.find((page) => page.startsWith(`${title}\n`))
  if (found === undefined) throw new Error(`docs/state.md has no section ${title}`)
  return found
}

/** What the first column of a section's table names: `a` · `b`, and with parts `a` (`b`, `c`). */
function documented(title: string): readonly Member[] {
  const cells = section(title).matchAll(/^\| (`.*?) \|/gm)
  return [...cells].flatMap(([, cell = '']) =>
    cell.split(' · ').map((one) => {
      const [name = '', ...parts] = [...one.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
      return { name, parts }
    }),
  )
}

const sides = ['businessCentral', 'sales']
const content = namesOf('MappingContent')
const besides = new Set(['businessCentral', 'sales', 'layout', 'base'])

/** Section → its members → the parts of those that have some. */
const expected: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  '`state.json`': withParts([...namesOf('StateFile'), 'sum'], { identity: sides }),
  '`couplings.json`': withParts(
    namesOf('Coupling').filter((name) => !besides.has(name)),
    { fresh: namesOf('Fresh'), ours: sides, lines: namesOf('CoupledLines') },
  ),
  '`held.json`': withParts(namesOf('Held'), {
    waits: namesOf('Missing'),
    rivals: namesOf('Rival'),
    decision: ['kind', ...namesOf('Decision')],
  }),
  '`marks.json`': withParts(
    [...namesOf('Marks'), ...content.filter((name) => name !== 'couplings' && name !== 'held'), 'sum'],
    { counted: sides, generations: sides },
  ),
  '`intents`': withParts(namesOf('Intent'), { lines: namesOf('MeantLines') }),
  '`journal.jsonl`': Object.fromEntries(forms(typed('Entry')).map(({ kind = '', names }) => [kind, names])),
  '`runs.jsonl`': withParts(namesOf('RunSummary'), {
    full: ['unfinished'],
    mappings: namesOf('MappingSummary'),
    problems: namesOf('RunProblemSummary'),
  }),
  '`jobs.jsonl`': withParts(namesOf('JobState'), {}),
  '`lock-7.json`': withParts([...namesOf('Holder'), ...namesOf('Owner')], {}),
  'What `state export` writes': withParts(namesOf('StateDocument'), {}),
}

function withParts(
  names: readonly string[],
  parts: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, readonly string[]>> {
  const unknown = Object.keys(parts).filter((name) => !names.includes(name))
  if (unknown.length > 0) throw new Error(`no members: ${unknown.join(', ')}`)
  return Object.fromEntries(names.map((name) => [name, parts[name] ?? []]))
}

const sorted = (names: Iterable<string>): readonly string[] => [...new Set(names)].sort()

for (const [title, members] of Object.entries(expected))
  t.test(`the documentation names what stands in ${title}`, async (t) => {
    const told = documented(title)
    t.same(sorted(told.map(({ name }) => name)), sorted(Object.keys(members)))
    for (const { name, parts } of told) t.same(sorted(parts), sorted(members[name] ?? []), name)
  })

t.test('the documentation names what is said in words of a kind', async (t) => {
  const [journal, marks, export_] = ['`journal.jsonl`', '`marks.json`', 'What `state export` writes'].map(section)
  for (const kind of literalsOf('HeldKind')) t.match(section('`held.json`'), `\`${kind}\``)
  for (const { kind } of forms(typed('Decision'))) t.match(section('`held.json`'), `\`${kind}\``)
  for (const { kind, names } of forms(typed('Watermark')))
    for (const name of [kind, ...names]) t.match(marks, `\`${name}\``)
  for (const status of literalsOf('JobStatus')) t.match(section('`jobs.jsonl`'), `\`${status}\``)
  for (const fault of literalsOf('JobFault')) t.match(section('`jobs.jsonl`'), `\`${fault}\``)
  for (const name of [...namesOf('JournalLine'), 'sum', ...namesOf('Seen'), ...besides]) t.match(journal, `\`${name}\``)
  for (const name of content) t.match(export_, `\`${name}\``)
})
