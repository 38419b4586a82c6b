/** Every native rule that is told as kept is named by a test, and rules are named as data/native/rules.yaml knows them. */
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { scenarioNames, scenarios } from '../scenario-runner/all.ts'
import { readScript } from '../scenario-runner/script.ts'

/** An entry of data/native/rules.yaml. */
interface Rule {
  readonly is: string
  readonly here?: string
  readonly not?: string
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const text = (...path: readonly string[]): string => readFileSync(join(root, ...path), 'utf8')
const rules = new Map(Object.entries(parse(text('data', 'native', 'rules.yaml')) as Record<string, Rule>))
const idsIn = (words: string): readonly string[] => words.match(/\b(?:[BCEFIKLMNOQSTUX]-\d\d|J-\d)\b/g) ?? []

/** What tests are called, and what scenarios say that they prove. */
function* names(): Generator<readonly [name: string, file: string]> {
  for (const file of readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }))
    if (file.endsWith('.test.ts'))
      for (const [, , name = ''] of text('test', file).matchAll(/\bt\.test\(\s*(['"`])((?:(?!\1)[^])*)\1/g))
        yield [name, file]
  for (const name of scenarioNames)
    yield [readScript(readFileSync(join(scenarios, name, 'script.txt'), 'utf8')).rules.join(' '), name]
}

/** Where a rule may be named outside tests. */
const pages = ['README.md', 'docs', 'mappings', 'src', 'data/native/behaviours.yaml']

t.test('every native rule says what it is, and one thing at most of what became of it', (t) => {
  t.ok(rules.size > 150, `${rules.size} rules`)
  for (const [id, { is, here, not }] of rules) {
    t.same(idsIn(id), [id], `${id} is an id`)
    t.ok(is !== '' && [here, not].filter((word) => word !== undefined).length <= 1, id)
  }
  const kept = [...rules.values()].filter(({ not }) => not === undefined)
  const otherwise = kept.filter(({ here }) => here !== undefined).length
  t.comment(
    `${kept.length} native rules kept, ${otherwise} of them in another way; ${rules.size - kept.length} not kept`,
  )
  t.end()
})

t.test('a rule that is kept is named by a test, one that is not kept by none', (t) => {
  const named = new Map<string, string>()
  for (const [name, file] of names()) for (const id of idsIn(name)) named.set(id, file)
  for (const [id, { not }] of rules)
    if (not === undefined) t.ok(named.has(id), `a test names ${id}`)
    else t.equal(named.get(id), undefined, `no test names ${id}, which is not kept`)
  for (const [id, file] of named) t.ok(rules.has(id), `${id}, named by ${file}, is a rule`)
  t.end()
})

t.test('whatever speaks of a rule speaks of one that there is', (t) => {
  let spoken = 0
  for (const page of pages)
    for (const file of filesIn(page))
      for (const id of new Set(idsIn(text(file)))) {
        spoken += 1
        t.ok(rules.has(id), `${id} in ${file}`)
      }
  t.ok(spoken > 100, `${spoken} found`)
  t.end()
})

function* filesIn(path: string): Generator<string> {
  if (statSync(join(root, path)).isFile()) yield path
  else for (const name of readdirSync(join(root, path))) yield* filesIn(`${path}/${name}`)
}
