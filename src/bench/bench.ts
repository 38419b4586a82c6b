/**
 * What Couplet costs: `npm run bench -- loops couplings standard start`, all without a word. Prints tables, and JSON with
 * --json. Machines are noisy: what counts is the ratio within one run, not the seconds (docs/speed.md).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { startPlayground } from '../cli/playground.ts'
import type { StandardFigures, StateFigures } from './figures.ts'
import { type Compared, beside } from './loops.ts'
import { child, next } from './processes.ts'
import { starts } from './start.ts'
import { tables } from './tables.ts'

const parts = ['loops', 'couplings', 'standard', 'start'] as const
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    customers: { type: 'string', default: '1000,10000' },
    latency: { type: 'string', default: '0' },
    couplings: { type: 'string', default: '1000000' },
    repeats: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
})
const wrong = positionals.find((word) => !parts.some((part) => part === word))
if (wrong !== undefined) throw new Error(`there is no part "${wrong}"; there are: ${parts.join(', ')}`)
const wanted = parts.filter((part) => positionals.length === 0 || positionals.includes(part))
const numbers = (text: string): readonly number[] => text.split(',').map(Number)
const repeats = Number(values.repeats)

const measured = {
  ...(wanted.includes('start') && { start: starts(repeats * 3) }),
  ...(wanted.includes('loops') && { loops: await loops() }),
  ...(wanted.includes('couplings') && { couplings: await couplings(Number(values.couplings)) }),
  ...(wanted.includes('standard') && { standard: await standard() }),
}
async function loops(): Promise<readonly Compared[]> {
  const results: Compared[] = []
  for (const latencyMs of numbers(values.latency))
    for (const customers of numbers(values.customers))
      results.push(...(await beside({ customers, latencyMs }, repeats)))
  return results
}

async function couplings(count: number): Promise<StateFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'couplet-bench-'))
  try {
    await once(child('couplings.js', ['make', folder, String(count)]), 'exit')
    return await next<StateFigures>(child('couplings.js', ['use', folder]))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The services are in this process, the sync in another one. */
async function standard(): Promise<readonly StandardFigures[]> {
  const playground = await startPlayground({ company: 'cronus', customers: 500, overlap: 0.5, seed: 1 })
  const { authority, businessCentral, sales } = playground.simulator
  const simulator = { authority, businessCentral: { url: businessCentral.url }, sales: { url: sales.url } }
  const figures = await next<StandardFigures[]>(child('standard.js', [JSON.stringify({ ...playground, simulator })]))
  await playground.simulator.stop()
  return figures
}

process.stdout.write(`${values.json ? JSON.stringify(measured, null, 2) : tables(measured)}\n`)
