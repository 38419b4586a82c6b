/**
 * What the large proofs tried, for people: each test that counts its trials says so here, and `scripts/proof.mjs` adds
 * up the counts of all test processes to one line a section. Figures only: whether a trial failed is for the test to say.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The sections, in the order in which they are printed. */
export type Section =
  | 'kill points'
  | 'simulation'
  | 'pure core'
  | 'misbehaving services'
  | 'hostile input'
  | 'secrets and rights'
  | 'speed'
  | 'git'

/** Beside the checkout's other products; git ignores it. */
const folder = join(import.meta.dirname, '..', '.proof')

/** Notes what was tried, e.g. `proved('kill points', { kills: 214 }, failures)`; `failures` of those trials. */
export function proved(section: Section, tried: Readonly<Record<string, number>>, failures: number): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify({ section, tried, failures }))
}
