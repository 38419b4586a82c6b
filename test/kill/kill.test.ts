/** P1, P7: a run that is killed anywhere, with its disk or without, is ended by the next as if nothing had happened. */
import t, { type Test } from 'tap'
import { proved } from '../proof.ts'
import { documentScenarios } from './documents.ts'
import { type Killed, Runner, kill } from './kill.ts'
import { scenarios } from './scenarios.ts'
import { standardStages } from './standard.ts'

/** Points of a run at most, evenly spread; `npm run test:kill -- --all` tries all of them. */
const isWhole = process.argv.includes('--all')
const most = isWhole ? Infinity : 100
const mostOfStandard = isWhole ? Infinity : 30

function told(t: Test, { points, failures }: Killed): void {
  for (const { point, why } of failures.slice(0, 5))
    t.fail(`${point.moment} step ${point.step} (${point.what}), disk ${point.disk}: ${why}`)
  t.equal(failures.length, 0, `${points} kill points`)
  proved('kill points', { kills: points, runs: 1 }, failures.length)
}

for (const scenario of [...scenarios, ...documentScenarios])
  t.test(`P1 P7 killed anywhere: ${scenario.name}`, async (t) => {
    const runner = new Runner()
    told(t, await kill(scenario, { ready: await scenario.prepare(t, runner), runner, most }))
  })

for (const { name, mappings } of standardStages)
  t.test(`P1 P7 killed anywhere: ${name}`, async (t) => {
    for await (const { scenario, ready, runner } of mappings(t))
      await t.test(scenario.name, async (t) => told(t, await kill(scenario, { ready, runner, most: mostOfStandard })))
  })
