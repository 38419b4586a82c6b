/** Each behaviour that the native integration is tested for is proven here too, or means nothing outside Business Central. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { scenarioNames, scenarios } from '../scenario-runner/all.ts'
import { readScript } from '../scenario-runner/script.ts'

/** An entry of data/native/behaviours.yaml. */
interface Behaviour {
  readonly is: string
  readonly scenarios?: readonly string[]
  readonly tests?: readonly string[]
  readonly outside?: string
  readonly open?: string
  readonly different?: string
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const text = (path: string): string => readFileSync(join(root, path), 'utf8')
const behaviours = new Map(
  Object.entries(parse(text('data/native/behaviours.yaml')) as Record<string, Behaviour>).map(([number, one]) => [
    Number(number),
    one,
  ]),
)
const proven = new Map(
  scenarioNames.map((name) => [name, readScript(readFileSync(join(scenarios, name, 'script.txt'), 'utf8')).behaviours]),
)

/** Every odd number up to 233, then the eight that tell what Sales does. */
const numbers = [
  ...Array.from({ length: 117 }, (_none, index) => 2 * index + 1),
  ...Array.from({ length: 8 }, (_none, index) => 235 + index),
]

t.test('every behaviour is there, with one kind of answer', (t) => {
  t.same([...behaviours.keys()], numbers)
  for (const [number, { scenarios: folders, tests, outside, open }] of behaviours) {
    const answers = [folders, tests, outside, open].filter((answer) => answer !== undefined)
    t.equal(answers.length, 1, `behaviour ${number}`)
    t.ok(
      answers.every((answer) => answer.length > 0),
      `the answer to behaviour ${number} says something`,
    )
  }
  const count = (kind: 'scenarios' | 'tests' | 'outside' | 'open'): number =>
    [...behaviours.values()].filter((one) => one[kind] !== undefined).length
  t.comment(`${count('scenarios')} behaviours proven by scenarios, ${count('tests')} by other tests`)
  t.comment(`${count('outside')} mean nothing outside Business Central, ${count('open')} are open`)
  t.end()
})

/** What is named as a proof and does not prove. */
function problemsOf(number: number, { scenarios: folders = [], tests = [] }: Behaviour): readonly string[] {
  const missing = folders.flatMap((name) => {
    const proves = proven.get(name)
    if (proves === undefined) return [`there is no scenario ${name}`]
    return proves.includes(number) ? [] : [`${name} does not say that it proves behaviour ${number}`]
  })
  const unknown = tests.filter((place) => {
    const [file = '', ...words] = place.split(': ')
    return words.length === 0 || !existsSync(join(root, file)) || !text(file).includes(words.join(': '))
  })
  return [...missing, ...unknown.map((place) => `there is no test "${place}"`)]
}

t.test('what is named as a proof exists and says so', (t) => {
  for (const [number, behaviour] of behaviours) t.same(problemsOf(number, behaviour), [], `behaviour ${number}`)
  for (const [name, proves] of proven)
    for (const number of proves) t.ok(behaviours.get(number)?.scenarios?.includes(name), `${name} proves ${number}`)
  t.end()
})
