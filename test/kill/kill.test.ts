/** P1, P7: a run that is killed anywhere, with its disk or without, is ended by the next as if nothing had happened. */
import t from 'tap'
import { documentScenarios } from './documents.ts'
import { Runner, kill } from './kill.ts'
import { scenarios } from './scenarios.ts'
import { isAsked, most, told } from './telling.ts'

for (const scenario of [...scenarios, ...documentScenarios].filter(({ name }) => isAsked(name)))
  t.test(`P1 P7 killed anywhere: ${scenario.name}`, async (t) => {
    const runner = new Runner()
    told(t, await kill(scenario, { ready: await scenario.prepare(t, runner), runner, most }))
  })
