/** Plays every folder of test/scenario and compares what came of it with its golden file. See test/scenario/README.md. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { play } from './scenario-runner/play.ts'

const common = fileURLToPath(new URL('scenario', import.meta.url))
const update = process.env['UPDATE_GOLDEN'] === '1'
const only = process.env['SCENARIO']
const folders = readdirSync(common, { withFileTypes: true }).filter((entry) => entry.isDirectory())

for (const { name } of folders.filter((folder) => only === undefined || folder.name.includes(only)))
  t.test(name.replaceAll('-', ' '), async (t) => {
    const folder = join(common, name)
    const { script, text, wrong } = await play(folder, { common, work: t.testdir({}) })
    const golden = join(folder, 'golden.txt')
    if (update) writeFileSync(golden, text)
    t.same(wrong, [], 'every line ends as it says')
    const expected = existsSync(golden) ? readFileSync(golden, 'utf8') : 'no golden file yet: UPDATE_GOLDEN=1 makes it'
    const proven = [...script.rules, ...script.behaviours.map((number) => `behaviour ${number}`)].join(', ')
    t.equal(text, expected, `${proven}: as in golden.txt`)
  })
