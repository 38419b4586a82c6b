/** P1, P7: the run of each standard mapping that is killed anywhere is ended by the next as if nothing had happened. */
import t from 'tap'
import { kill } from './kill.ts'
import { standardStages } from './standard.ts'
import { isAsked, mostOfStandard, told } from './telling.ts'

for (const { name, mappings } of standardStages)
  t.test(`P1 P7 killed anywhere: ${name}`, async (t) => {
    for await (const { scenario, ready, runner } of mappings(t))
      if (isAsked(scenario.name))
        await t.test(scenario.name, async (t) => told(t, await kill(scenario, { ready, runner, most: mostOfStandard })))
  })
