/**
 * Adds up what the tests noted by `test/proof.ts` and prints one line a section. Fails when a trial failed, or when less
 * was tried than `proof.json` demands, which is what the README tells.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '..', '.proof')
const demanded = JSON.parse(readFileSync(join(import.meta.dirname, 'proof.json'), 'utf8'))
const notes = existsSync(folder)
  ? readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')))
  : []
const sections = [...new Set([...Object.keys(demanded), ...notes.map(({ section }) => section)])]
let isGood = true
for (const section of sections) {
  const sums = new Map()
  let failures = 0
  for (const note of notes.filter((one) => one.section === section)) {
    failures += note.failures
    for (const [name, count] of Object.entries(note.tried)) sums.set(name, (sums.get(name) ?? 0) + count)
  }
  const missing = Object.entries(demanded[section] ?? {})
    .filter(([name, least]) => (sums.get(name) ?? 0) < least)
    .map(([name, least]) => `fewer than ${least.toLocaleString('en')} ${name}`)
  isGood &&= failures === 0 && missing.length === 0
  const tried = [...sums].map(([name, count]) => `${count.toLocaleString('en')} ${name}`)
  const said = tried.length === 0 ? 'nothing was noted' : `${tried.join(', ')}; ${failures} failures`
  process.stdout.write(`${section}: ${[said, ...missing].join('; ')}\n`)
}
process.exitCode = isGood ? 0 : 1
