/** Plays the folders of test/scenario and compares what came of each with its golden file. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { play } from './play.ts'

/** The folder of all scenarios, which is also the common ground. */
export const scenarios = fileURLToPath(new URL('../scenario', import.meta.url))

/** Names of all scenarios. */
export const scenarioNames: readonly string[] = readdirSync(scenarios, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort()

/** Plays every second scenario, beginning with the first or the second: two processes share them. */
export function playHalf(t: Test, half: 0 | 1): void {
  const only = process.env['SCENARIO']
  const asked = scenarioNames.filter((name) => only === undefined || name.includes(only))
  const own = asked.filter((_name, index) => index % 2 === half)
  if (own.length === 0) t.pass('the other half plays it')
  for (const name of own) t.test(name.replaceAll('-', ' '), (t) => playOne(t, name))
}

async function playOne(t: Test, name: string): Promise<void> {
  const folder = join(scenarios, name)
  const { script, text, wrong } = await play(folder, { common: scenarios, work: t.testdir({}) })
  const golden = join(folder, 'golden.txt')
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text)
  const expected = existsSync(golden) ? readFileSync(golden, 'utf8') : 'no golden file yet: UPDATE_GOLDEN=1 makes it'
  const proven = [...script.rules, ...script.behaviours.map((number) => `behaviour ${number}`)].join(', ')
  t.same(wrong, [], 'every line ends as it says')
  t.equal(text, expected, `${proven}: as in golden.txt`)
}
