import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { writesMade } from '../engine/stage.ts'
import { couplet, cliWorld } from './world.ts'

const mapping = `mapping: customer
direction: both
create: toSales
businessCentral: { entity: customers, keys: [number] }
sales: { entity: accounts, filter: customertypecode eq 3 }
match:
  - { businessCentral: [number], sales: [accountnumber] }
fields:
  number: { businessCentral: number, sales: accountnumber, direction: toSales }
  name: { businessCentral: displayName, sales: name }
  city: { businessCentral: city, sales: address1_city, direction: toSales }
  type: { sales: customertypecode, value: 3, on: create }
`
/** A branch that writes another column, calls names numbers, and has them shown. */
const branch = mapping
  .replace('customers, keys: [number]', 'customers, keys: [displayName]')
  .replace(
    '  city: { businessCentral: city, sales: address1_city, direction: toSales }',
    '  town: { businessCentral: displayName, sales: address1_city, direction: toSales, reveal: true }',
  )

interface Told {
  readonly effect: {
    readonly counts: readonly { readonly update: number; readonly create: number }[]
    readonly operations: readonly { readonly key: string; readonly fields: readonly object[] }[]
  }
}

t.test(
  'P6 P8 the effect of a change is told from live services: nothing written, values masked, connections of BASE',
  async (t) => {
    const world = await cliWorld(t, '', { files: { 'customer.yaml': mapping } })
    const yaml = join(world.folder, 'couplet.yaml')
    const base = join(world.folder, 'base')
    writeFileSync(yaml, readFileSync(yaml, 'utf8').replace('use: standard@1\n', ''))
    const first = await world.run('sync --accept creates=1000')
    t.match(first.out, 'customer', first.err)
    for (const name of ['couplet.yaml', 'simulator-secret.txt', 'mappings'])
      cpSync(join(world.folder, name), join(base, name), { recursive: true })
    // The branch sends credentials elsewhere; a person waits with an edit that the change does not cause.
    writeFileSync(yaml, readFileSync(yaml, 'utf8').replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, 'http://127.0.0.1:9'))
    writeFileSync(join(world.folder, 'mappings', 'customer.yaml'), branch)
    const customers = world.simulator.businessCentral.rows('customers')
    const names = customers.map((row) => String(row['displayName']))
    world.simulator.businessCentral.edit('customers', String(customers[0]?.['id']), { city: 'Zebrafinch' })
    const before = filesBelow(join(world.folder, '.couplet'))
    world.simulator.resetRequests()
    const said = await world.run(['diff', base, '--live', '--json'])
    t.equal(said.code, 0, said.err)
    const { effect } = JSON.parse(said.out) as Told
    t.match(effect.counts, [{ mapping: 'customer', side: 'sales', update: customers.length, create: 0, delete: 0 }])
    t.match(effect.operations[0]?.fields, [{ column: 'address1_city', after: '•••' }])
    const told = [
      said,
      await world.run(['diff', base, '--live', '--format', 'markdown']),
      await world.run(['--connections', base, 'plan', '--format', 'markdown', '--max-length', '60000']),
    ]
    t.match(told[2]?.out, '`address1_city`')
    for (const { out } of told)
      for (const name of [...names, 'Zebrafinch']) t.notOk(out.toLowerCase().includes(name.toLowerCase()), name)
    t.match(
      told[1]?.out,
      new RegExp(
        `#### Effect on the live services\n\n- \`customer\` → Sales: ${customers.length} coupled \`accounts\` would change, 0 be created, 0 deleted`,
      ),
    )
    t.equal(writesMade(world.simulator), 0)
    t.same(filesBelow(join(world.folder, '.couplet')), before)
    const open = await world.run(['diff', base, '--live', '--show-values'])
    t.match(open.out, `→ ${names[0] ?? ''}`)
    t.match((await world.run('diff --live --standard x')).err, '--live takes the connections of BASE')
  },
)

t.test('the effect is told on a demo company, for whom has no services', async (t) => {
  const folder = t.testdir({ base: {}, head: {} })
  for (const [version, text] of [
    ['base', mapping],
    ['head', mapping.replace('businessCentral: city', 'businessCentral: country')],
  ] as const) {
    mkdirSync(join(folder, version, 'mappings'))
    writeFileSync(join(folder, version, 'couplet.yaml'), project)
    writeFileSync(join(folder, version, 'mappings', 'customer.yaml'), text)
  }
  const said = await couplet(folder, ['diff', 'base', '--project', 'head', '--demo'])
  t.equal(said.code, 0, said.err)
  t.match(
    said.out,
    /Effect on the demo company:\n {2}customer → Sales: \d+ coupled accounts would change, 0 be created, 0 deleted\n {4}update \S+: address1_city ••• → •••/,
  )
  const same = await couplet(folder, ['diff', 'head', '--project', 'head', '--demo'])
  t.match(same.out, 'No change in meaning.\n\nEffect on the demo company:\n  No record would change.')
})

const project = `connections:
  businessCentral: { kind: business-central, tenant: t, company: C, auth: { method: client-secret, clientId: c, clientSecret: "\${env:BC_SECRET}" } }
  sales: { kind: dataverse, url: https://contoso.crm4.dynamics.com, auth: { method: federated, tenant: t, clientId: c } }
`

/** Names and contents. */
const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((path) => `${path}\n${readFileSync(path, 'utf8')}`)
