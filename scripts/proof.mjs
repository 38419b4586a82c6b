/** Adds up what the tests noted by `test/proof.ts` and prints one line a section; fails when a trial failed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '..', '.proof')
const sections = [
  'kill points',
  'simulation',
  'pure core',
  'misbehaving services',
  'hostile input',
  'secrets and rights',
  'speed',
]
const notes = existsSync(folder)
  ? readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')))
  : []
let failed = 0
for (const section of sections) {
  const sums = new Map()
  let failures = 0
  for (const note of notes.filter((one) => one.section === section)) {
    failures += note.failures
    for (const [name, count] of Object.entries(note.tried)) sums.set(name, (sums.get(name) ?? 0) + count)
  }
  failed += failures
  const tried = [...sums].map(([name, count]) => `${count.toLocaleString('en')} ${name}`)
  const said = tried.length === 0 ? 'nothing was noted' : `${tried.join(', ')}; ${failures} failures`
  process.stdout.write(`${section}: ${said}\n`)
}
process.exitCode = failed === 0 ? 0 : 1
