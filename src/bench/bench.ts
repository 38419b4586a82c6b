/**
 * Our sync beside a bare loop against the same services: `npm run bench -- 1000 10000 100000`. Prints a table, and JSON
 * with --json. Machines are noisy: what counts is the ratio within one run, not the seconds.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Addresses, Figures, Phase } from './figures.ts'

const sizes = process.argv
  .slice(2)
  .filter((text) => /^\d+$/.test(text))
  .map(Number)
const asJson = process.argv.includes('--json')
const phases: readonly Phase[] = ['first', 'drain', 'nothing', 'changed']
const children: ChildProcess[] = []
process.on('exit', () => children.forEach((one) => one.kill()))
const results: { customers: number; phase: Phase; bare: Figures; couplet: Figures; ratio: number }[] = []

for (const customers of sizes.length === 0 ? [1000, 10_000, 100_000] : sizes) {
  const [bare, couplet] = [await measure('bare', customers), await measure('couplet', customers)]
  for (const phase of phases) {
    const [plain, ours] = [bare.get(phase), couplet.get(phase)]
    if (plain !== undefined && ours !== undefined && phase !== 'drain')
      results.push({ customers, phase, bare: plain, couplet: ours, ratio: ours.ms / plain.ms })
  }
}
print()

/** All phases of one client against a fresh pair of services. */
async function measure(mode: 'bare' | 'couplet', customers: number): Promise<Map<Phase, Figures>> {
  const server = child('server.js', [String(customers)])
  const addresses = await next<Addresses>(server)
  const client = child('client.js', [mode, JSON.stringify(addresses)])
  await next(client)
  const figures = new Map<Phase, Figures>()
  for (const phase of phases) {
    if (phase === 'changed') {
      server.send({ edit: Math.ceil(customers / 100) })
      await next(server)
    }
    client.send(phase)
    figures.set(phase, await next<Figures>(client))
  }
  client.send('stop')
  server.send({ stop: true })
  return figures
}

function child(file: string, args: readonly string[]): ChildProcess {
  const made = fork(join(import.meta.dirname, file), args, {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.push(made)
  return made
}

function next<T>(process: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('a process of the bench ended early'))
    process.once('exit', ended)
    process.once('message', (message) => {
      process.off('exit', ended)
      resolve(message as T)
    })
  })
}

function print(): void {
  if (asJson) return void process.stdout.write(`${JSON.stringify(results, null, 2)}\n`)
  const head = [
    'customers',
    'phase',
    'bare s',
    'couplet s',
    'ratio',
    'bare req',
    'couplet req',
    'records/s',
    'bare MB',
    'couplet MB',
  ]
  const rows = results.map(({ customers, phase, bare, couplet, ratio }) => [
    String(customers),
    phase,
    (bare.ms / 1000).toFixed(2),
    (couplet.ms / 1000).toFixed(2),
    ratio.toFixed(2),
    String(bare.requests),
    String(couplet.requests),
    couplet.records === 0 ? '–' : String(Math.round((couplet.records * 1000) / couplet.ms)),
    bare.peakMb.toFixed(0),
    couplet.peakMb.toFixed(0),
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)))
  for (const line of [head, ...rows])
    process.stdout.write(`${line.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ')}\n`)
}
