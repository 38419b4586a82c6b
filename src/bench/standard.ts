/** One process of the bench: the whole standard set over the demo company, as the commands run it. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { type Playground, writePlaygroundProject } from '../cli/playground.ts'
import { systemClock } from '../clock.ts'
import { openProject } from '../main.ts'
import type { StandardFigures } from './figures.ts'

// As the program itself does.
setFlagsFromString('--heap-growing-percent=50')
setFlagsFromString('--interrupt-budget=400000')

const playground = JSON.parse(process.argv[2] ?? '{}') as Playground
const folder = mkdtempSync(join(tmpdir(), 'couplet-bench-'))
await writePlaygroundProject(folder, playground, 'limits: { creates: 100000, updates: 100000, deletes: 100000 }\n')
const figures: StandardFigures[] = []
for (const [run, only] of [
  ['first', undefined],
  ['takes up the rest', undefined],
  ['nothing changed', undefined],
  ['nothing changed, one mapping', ['customer-account']],
] as const)
  figures.push(await oneRun(run, only))
process.send?.(figures)
process.exit(0)

async function oneRun(run: string, only: readonly string[] | undefined): Promise<StandardFigures> {
  const begun = { at: performance.now(), cpu: process.cpuUsage() }
  const project = await openProject(folder, { env: process.env, clock: systemClock, emit: () => {} })
  const report = await project.run({ mappings: only ?? [] })
  await project.close()
  const { user, system } = process.cpuUsage(begun.cpu)
  return {
    run,
    ms: performance.now() - begun.at,
    cpuMs: (user + system) / 1000,
    requests: report.requests,
    records: report.mappings.reduce((sum, { created, updated }) => sum + created + updated, 0),
    peakMb: process.resourceUsage().maxRSS / 1024,
  }
}
