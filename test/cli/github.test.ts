/** What GitHub Actions shows of a command: the summary of its step, and annotations at the files' places. */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { fromRepository } from '../../src/cli/github.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { cliWorld, couplet } from './world.ts'

const limited = 'mappings: [customer]\nlimits: { creates: 1 }\n'
const files = {
  'customer.yaml': `mapping: customer
direction: toSales
create: toSales
businessCentral: { entity: customers, keys: [number] }
sales: { entity: accounts, filter: customertypecode eq 3 }
match: [{ businessCentral: [number], sales: [accountnumber] }]
fields:
  type: { sales: customertypecode, value: 3, on: create }
  name: { businessCentral: displayName, sales: name }
`,
}

/** A company whose first run is more than the limits allow, and the summary of each step. */
async function stepsOn(t: Test) {
  const world = await cliWorld(t, limited, { overlap: 0, files })
  writeFileSync(join(world.folder, 'jobs.yaml'), 'jobs: { customers: { mappings: [customer] } }\n')
  let step = 0
  return async (args: string) => {
    const summary = join(world.folder, `summary-${(step += 1)}.md`)
    writeFileSync(summary, '')
    const said = await world.run(args, { env: { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary } })
    return { ...said, summary: readFileSync(summary, 'utf8') }
  }
}

t.test('a run that a safety limit stops, and a plan, write the summary of their step', async (t) => {
  const step = await stepsOn(t)
  const stopped = await step('sync customer')
  t.equal(stopped.code, 4)
  t.match(stopped.summary, /^### Couplet stopped\n[^]*customer → Sales: 5 creates, allowed 1/)
  t.match(stopped.summary, 'to go on with exactly this: --accept customer.sales.creates=5')

  const planned = await step('plan customer')
  t.match(planned.summary, /5 create|creates? 5|\| 5 \|/)
  t.match(planned.summary, '--accept customer.sales.creates=5')
  t.notMatch(planned.summary, /Adatum|Trey/, 'no value')
  t.notMatch(planned.out, '### ', 'what the command prints stays text')

  const due = await step('sync --due')
  t.equal(due.code, 4)
  t.match(due.summary, /^### Couplet: 1 job failed\n\n- customers: [^\n]*5 creates, allowed 1/)
  t.match(due.err, /::error::customers: /)
})

t.test('a service that is out of reach stands in the summary, a wrong argument does not', async (t) => {
  const step = await stepsOn(t)
  t.match(await step('sync custmer'), { code: 2, summary: '' })
  const world = await cliWorld(t, limited, { files })
  const summary = join(world.folder, 'summary.md')
  writeFileSync(summary, '')
  await world.simulator.stop()
  const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary }
  const clock = { now: () => new Date(), sleep: async () => {} }
  t.equal((await world.run('sync', { env, clock })).code, 3)
  t.match(readFileSync(summary, 'utf8'), /^### Couplet stopped\n\nSales|Business Central/)
})

const said = (cwd: string, args: string, env: object) => couplet(cwd, args, { env: { GITHUB_ACTIONS: 'true', ...env } })

const problem = (file: string) => [{ at: { file, line: 1, column: 1 }, path: '', message: 'wrong' }]

t.test('annotations name files from the root of the repository, wherever the project lies in it', async (t) => {
  const wrong = 'mapping: x\nbusinesCentral: {}\n'
  const project = `connections:
  businessCentral: { kind: business-central, tenant: t, company: c, auth: { method: managed-identity } }
  sales: { kind: dataverse, url: https://contoso.crm4.dynamics.com, auth: { method: managed-identity } }
`
  const sub = { 'couplet.yaml': project, mappings: { 'x.yaml': wrong } }
  const root = t.testdir({ sub })
  const place = '::error file=sub/mappings/x.yaml,line=2,col=1::'
  for (const command of ['validate', 'plan', 'test'])
    t.match((await said(root, `--project sub ${command}`, { GITHUB_WORKSPACE: root })).err, place, command)
  t.match((await said(join(root, 'sub'), 'validate', { GITHUB_WORKSPACE: root })).err, place, 'from within it, too')
  t.match((await said(root, '--project sub validate', {})).err, place, 'the working folder, where no root is named')
  t.match((await said(root, '--project sub validate', { GITHUB_WORKSPACE: root })).err, /^mappings\/x\.yaml:2:1/m)

  const terminal = { env: {}, cwd: join(root, 'sub') } as Terminal
  t.same(fromRepository(terminal, root, problem('standard/currency.yaml')), problem('standard/currency.yaml'))
  t.same(fromRepository(terminal, dirname(root), problem('a.yaml')), problem('a.yaml'), 'not within the repository')
})

t.test('a folder without a couplet.yaml is told once, whatever else lies in it', async (t) => {
  const root = t.testdir({ mappings: { 'standard.yaml': 'version: 1\nmappings: []\n' }, 'jobs.yaml': 'jobs: 3\n' })
  for (const command of ['jobs', 'status', 'validate', 'plan']) {
    const { code, err } = await couplet(root, command)
    t.equal(code, 2, command)
    t.match(err, /^couplet\.yaml:1:1 {2}there is no couplet\.yaml in this folder[^\n]*\n1 problem/, command)
  }
})

t.test('looking after the state needs its key and no secret of a connection', async (t) => {
  const world = await cliWorld(t, 'state: { key: "${env:STATE_KEY}" }\nmappings: [currency]\n')
  const env = { STATE_KEY: 'a long text' }
  t.match((await world.run('sync', { env })).out, 'currency')
  const path = join(world.folder, 'couplet.yaml')
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll('${file:simulator-secret.txt}', '${env:NOT_SET}'))
  t.match(await world.run('sync', { env }), { code: 2, err: /NOT_SET is not set/ })
  t.match(await world.run('state verify', { env }), { code: 0, out: /Nothing is damaged/ })
  const exported = await world.run('state export', { env })
  t.equal(exported.code, 0)
  t.match(JSON.parse(exported.out), { couplet: 'state', mappings: { currency: {} } })
  t.match(await world.run('state forget GBP', { env }), { code: 0, out: /is forgotten in currency/ })
  t.match(await world.run('state rekey', { env }), { code: 0, out: /fingerprints forgotten/ })
  for (const command of ['verify', 'export', 'rekey'])
    t.match(await world.run(`state ${command}`), { code: 2, err: /state\.key names is not set/ }, command)
})
