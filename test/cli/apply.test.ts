import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { PlanFile } from '../../src/cli/plan-file.ts'
import { cliWorld } from './world.ts'

const mappings = 'customer-account contact-contact item-unit-group item-unit item-product item-availability'

t.test(
  'P6 a saved first plan is done whole although its own writes move records; what a person moved is refused',
  async (t) => {
    // Products are written by two mappings, customers get their contact in a second pass, units have keys that Sales chooses.
    const world = await cliWorld(t, 'limits: { creates: 1000, updates: 1000 }\n')
    await world.run(`plan ${mappings} --out plan.json`)
    const saved = JSON.parse(readFileSync(join(world.folder, 'plan.json'), 'utf8')) as PlanFile
    const of = (mapping: string, kind: string): number =>
      saved.operations.filter((operation) => operation.mapping === mapping && operation.kind === kind).length
    t.ok(of('item-availability', 'update') > 0, 'on the products of item-product')
    t.ok(of('item-unit', 'create') > 0)
    const second = saved.operations.filter(
      ({ mapping, fields }) => mapping === 'customer-account' && 'primaryContact' in fields,
    )
    t.ok(second.length > 0, 'references to a later mapping')
    // A person is quicker with one customer.
    const [moved] = saved.operations.filter(({ mapping, kind }) => mapping === 'customer-account' && kind === 'update')
    world.simulator.sales.edit('accounts', String(moved?.key), { telephone3: '1' })
    const applied = await world.run('apply plan.json')
    const refused = applied.err.split('\n').filter((line) => line.startsWith('  '))
    t.match(applied.err, /of \d+ planned operations were refused/)
    t.same(
      refused.filter((line) => !line.includes(String(moved?.number))),
      [],
      applied.err,
    )
    t.ok(refused.length > 0)
  },
)
