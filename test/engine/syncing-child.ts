/** Run by crashing.test.ts in a process of its own: one sync against the services of the test, until it is killed. */
import { systemClock } from '../../src/clock.ts'
import type { Side } from '../../src/config/config.ts'
import { odataConnector } from '../../src/connector/odata.ts'
import { defaultRunOptions, run } from '../../src/engine/run.ts'
import { openJsonStore } from '../../src/store/json-store.ts'
import { overlay } from '../../src/store/memory-store.ts'
import { connectionTo } from '../connector/world.ts'
import { configOf, customerAccount } from './project.ts'
import { bothWays } from './stage.ts'

interface Task {
  readonly path: string
  readonly key: string
  readonly authority: string
  readonly businessCentral: string
  readonly sales: string
}

const task = JSON.parse(process.argv[2] ?? '{}') as Task
const simulator = {
  authority: task.authority,
  businessCentral: { url: task.businessCentral },
  sales: { url: task.sales },
}
const connector = (side: Side) =>
  odataConnector(connectionTo(simulator, side, 'CRONUS International Ltd.'), {
    clock: systemClock,
    random: Math.random,
    env: {},
    userAgent: 'couplet/test',
  })

const store = await openJsonStore({ folder: task.path, clock: systemClock, key: task.key })
const connectors = { businessCentral: connector('businessCentral'), sales: connector('sales') }
const deletes = { businessCentral: 'delete', sales: 'delete', sweepMs: 1 } as const
console.log('ready')
for (;;) {
  const ports = { connectors, store, overlay, clock: systemClock, emit: () => {} }
  await run(configOf([customerAccount({ ...bothWays, deletes })]), ports, defaultRunOptions)
}
