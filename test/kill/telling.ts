/** How many points are tried, of which scenarios, and how a test tells what came of them. */
import t, { type Test } from 'tap'
import { proved } from '../proof.ts'
import type { Killed } from './kill.ts'

/** Whether everything is tried. */
export const isWhole = process.argv.includes('--all')

/** Points of a run at most, evenly spread; `npm run test:kill -- --all` tries all of them. */
export const most = isWhole ? Infinity : 100
/** The same for a standard mapping, of which there are many. */
export const mostOfStandard = isWhole ? Infinity : 30

// All points take as long as they take.
if (isWhole) t.setTimeout(0)

/** Part of the name of the scenarios that are tried: `npm run test:kill -- --scenario merge`. All without it. */
const asked = process.argv.includes('--scenario') ? (process.argv[process.argv.indexOf('--scenario') + 1] ?? '') : ''
const names: string[] = []

/** Whether that scenario is tried. */
export function isAsked(name: string): boolean {
  names.push(name)
  return name.toLowerCase().includes(asked.toLowerCase())
}

process.on('exit', () => {
  if (names.some((name) => name.toLowerCase().includes(asked.toLowerCase()))) return
  process.stderr.write(`no scenario is called "${asked}"; there are:\n${names.map((name) => `  ${name}\n`).join('')}`)
  process.exitCode = 2
})

/** Fails with the first points after which the end was another. */
export function told(t: Test, { points, failures }: Killed): void {
  for (const { point, why } of failures.slice(0, 5))
    t.fail(`${point.moment} step ${point.step} (${point.what}), disk ${point.disk}: ${why}`)
  t.equal(failures.length, 0, `${points} kill points`)
  proved('kill points', { kills: points, runs: 1 }, failures.length)
}
