/** P10: what a run of the whole standard set asks when nothing has changed, as docs/speed.md says. */
import t from 'tap'
import { startPlayground, writePlaygroundProject } from '../../src/cli/playground.ts'
import { openProject } from '../../src/main.ts'
import { portOf } from '../../src/connector/connector.ts'
import type { Connector } from '../../src/connector/connector.ts'
import { defaultRunOptions } from '../../src/engine/ports.ts'
import type { RunReport } from '../../src/engine/ports.ts'
import { run as runOf } from '../../src/engine/run.ts'

/** The connector, with its answers to writes counted by kind. */
const noting = (connector: Connector, answers: Map<string, number>): Connector => ({
  ...portOf(connector),
  write: async (operations, onBatch) => {
    const results = await connector.write(operations, onBatch)
    for (const { kind } of results) answers.set(kind, (answers.get(kind) ?? 0) + 1)
    return results
  },
})

t.test('P10: a run of the standard set with nothing to do asks a bounded number of requests', async (t) => {
  const playground = await startPlayground({ company: 'cronus', customers: 40, overlap: 0.5, seed: 1 })
  t.teardown(() => playground.simulator.stop())
  const folder = t.testdir()
  await writePlaygroundProject(folder, playground, 'limits: { creates: 100000, updates: 100000, deletes: 100000 }\n')
  const answers = new Map<string, number>()
  const run = async (): Promise<RunReport> => {
    const project = await openProject(folder, { env: {} })
    const { config, ports } = project
    const { businessCentral, sales } = ports.connectors
    const connectors = { businessCentral: noting(businessCentral, answers), sales: noting(sales, answers) }
    try {
      return await runOf(config, { ...ports, connectors }, defaultRunOptions)
    } finally {
      await project.close()
    }
  }
  await run()
  t.ok((answers.get('done') ?? 0) > 1000)
  t.equal(answers.get('stale'), undefined, 'P2: no version is sent that an earlier mapping has moved')
  const settled = await run()
  playground.simulator.resetRequests()
  const quiet = await run()
  const { businessCentral, sales } = playground.simulator.requests()
  t.equal(businessCentral.writes + sales.writes, 0)
  t.equal(quiet.problems.length, settled.problems.length)
  t.ok(quiet.problems.length > 100, 'records that wait cost nothing')
  t.ok(quiet.requests <= 52, `${quiet.requests} requests`)
  for (const { mapping, requests } of quiet.mappings) t.ok(requests <= 6, `${mapping}: ${requests}`)
})
