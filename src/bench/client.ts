/** One client process of the bench: our sync or the bare loop, phase by phase as the parent says. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { systemClock } from '../clock.ts'
import { odataConnector } from '../connector/odata.ts'
import { defaultRunOptions, run } from '../engine/run.ts'
import { openJsonStore } from '../store/json-store.ts'
import { overlay } from '../store/memory-store.ts'
import { benchConfig } from './config.ts'
import { connection } from './connection.ts'
import { bare } from './bare.ts'
import type { Addresses, Figures, Phase, Spent } from './figures.ts'

// As the program itself does.
setFlagsFromString('--heap-growing-percent=50')
setFlagsFromString('--interrupt-budget=400000')
// Loading modules is not what is measured: the bare loop has its own loaded by now, too.
await import('@azure/msal-node')

const mode = process.argv[2]
const addresses = JSON.parse(process.argv[3] ?? '{}') as Addresses
const folder = mkdtempSync(join(tmpdir(), 'couplet-bench-'))
const marks = { stamp: '', delta: '' }

process.on('message', (phase: Phase | 'stop') => {
  if (phase === 'stop') process.exit(0)
  const begun = process.cpuUsage()
  void (mode === 'bare' ? bare(addresses, phase, marks) : couplet()).then((figures) => {
    const { user, system } = process.cpuUsage(begun)
    const peakMb = process.resourceUsage().maxRSS / 1024
    process.send?.({ ...figures, cpuMs: (user + system) / 1000, peakMb } satisfies Figures)
  })
})
process.send?.('ready')

/** A whole run as a command makes it: state opened and closed, connectors made anew. */
async function couplet(): Promise<Spent> {
  const start = performance.now()
  const ports = { clock: systemClock, random: Math.random, env: {}, userAgent: 'couplet/bench' }
  const connectors = {
    businessCentral: odataConnector(connection(addresses, 'businessCentral'), ports),
    sales: odataConnector(connection(addresses, 'sales'), ports),
  }
  const store = await openJsonStore({ folder, clock: systemClock })

  const report = await run(
    benchConfig,
    { connectors, store, overlay, clock: systemClock, emit: () => {} },
    defaultRunOptions,
  )
  await store.close()
  await Promise.all([connectors.businessCentral.close(), connectors.sales.close()])
  const records = report.mappings.reduce((sum, { created, updated }) => sum + created + updated, 0)
  if (!report.ok) throw new Error(`the sync left something behind: ${JSON.stringify(report.problems.slice(0, 3))}`)
  return { ms: performance.now() - start, requests: report.requests, records }
}
