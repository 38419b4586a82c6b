/** Our sync beside the bare loop, each against fresh services of its own, in turns: what counts is the median ratio. */
import type { ChildProcess } from 'node:child_process'
import type { Addresses, Figures, Phase } from './figures.ts'
import { child, median, next } from './processes.ts'

/** What is synced, and how far away the services are. */
export interface Case {
  readonly customers: number
  /** Time that each request takes on its way, milliseconds. */
  readonly latencyMs: number
}

/** One phase of a case over all repeats. */
export interface Compared extends Case {
  readonly phase: Phase
  readonly bare: Figures
  readonly couplet: Figures
  /** Couplet's share of the bare loop's wall time and processor time: medians of the ratios within each repeat. */
  readonly ratio: number
  readonly cpuRatio: number
}

const phases: readonly Phase[] = ['first', 'drain', 'nothing', 'changed']

/** Runs a case so many times. */
export async function beside(one: Case, repeats: number): Promise<readonly Compared[]> {
  const runs: { bare: Map<Phase, Figures>; couplet: Map<Phase, Figures> }[] = []
  for (let index = 0; index < repeats; index++)
    runs.push({ bare: await measure('bare', one), couplet: await measure('couplet', one) })
  return phases
    .filter((phase) => phase !== 'drain')
    .map((phase) => {
      const pairs = runs.flatMap(({ bare, couplet }) => {
        const [plain, ours] = [bare.get(phase), couplet.get(phase)]
        return plain === undefined || ours === undefined ? [] : [{ plain, ours }]
      })
      return {
        ...one,
        phase,
        bare: middle(pairs.map(({ plain }) => plain)),
        couplet: middle(pairs.map(({ ours }) => ours)),
        ratio: median(pairs.map(({ plain, ours }) => ours.ms / plain.ms)),
        cpuRatio: median(pairs.map(({ plain, ours }) => ours.cpuMs / plain.cpuMs)),
      }
    })
}

const middle = (all: readonly Figures[]): Figures => ({
  ms: median(all.map(({ ms }) => ms)),
  cpuMs: median(all.map(({ cpuMs }) => cpuMs)),
  requests: median(all.map(({ requests }) => requests)),
  records: median(all.map(({ records }) => records)),
  peakMb: Math.max(...all.map(({ peakMb }) => peakMb)),
})

/** Processor time of the services so far, milliseconds. */
async function cost(server: ChildProcess): Promise<number> {
  server.send({ cost: true })
  const { user, system } = await next<NodeJS.CpuUsage>(server)
  return (user + system) / 1000
}

/** All phases of one client against a fresh pair of services. */
async function measure(mode: 'bare' | 'couplet', { customers, latencyMs }: Case): Promise<Map<Phase, Figures>> {
  const server = child('server.js', [String(customers), String(latencyMs)])
  const addresses = await next<Addresses>(server)
  const client = child('client.js', [mode, JSON.stringify(addresses)])
  await next(client)
  const figures = new Map<Phase, Figures>()
  for (const phase of phases) {
    if (phase === 'changed') {
      server.send({ edit: Math.ceil(customers / 100) })
      await next(server)
    }
    const before = await cost(server)
    client.send(phase)
    const { cpuMs, ...spent } = await next<Figures>(client)
    figures.set(phase, { ...spent, cpuMs: cpuMs + (await cost(server)) - before })
  }
  client.send('stop')
  server.send({ stop: true })
  return figures
}
