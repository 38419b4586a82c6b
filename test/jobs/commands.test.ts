/** What an administrator sees and does: jobs, status, sync --due; right input and wrong. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { startPlayground, writePlaygroundProject } from '../../src/cli/playground.ts'
import { runProgram } from '../../src/cli/program.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { openJsonStore } from '../../src/store/json-store.ts'

const jobsYaml = `jobs:
  customers: { mappings: [customer], every: 30 min, inactivity: 12 h, attempts: 1 }
  later: { mappings: [customer], enabled: false, reason: not yet }
`
const mappingYaml = `mapping: customer
direction: both
create: both
businessCentral: { entity: customers, keys: [number] }
sales: { entity: accounts, filter: customertypecode eq 3 }
match:
  - { businessCentral: [number], sales: [accountnumber] }
fields:
  type: { sales: customertypecode, value: 3, on: create }
  name: { businessCentral: displayName, sales: name }
limits: { creates: 1000, updates: 1000, deletes: 0 }
`

interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function projectFor(t: Test, jobs = jobsYaml) {
  const playground = await startPlayground({ company: 'contoso', customers: 0, overlap: 0, seed: 1 })
  t.teardown(() => playground.simulator.stop())
  const folder = t.testdir({ mappings: { 'customer.yaml': mappingYaml }, 'jobs.yaml': jobs })
  await writePlaygroundProject(folder, playground)
  const path = join(folder, 'couplet.yaml')
  await writeFile(path, (await readFile(path, 'utf8')).replace('use: standard@1\n', ''))
  let ahead = 0
  const couplet = async (args: string, env: Terminal['env'] = {}): Promise<Said> => {
    const out: string[] = []
    const err: string[] = []
    const code = await runProgram(
      args.split(' '),
      {
        out: (text) => out.push(text),
        err: (text) => err.push(text),
        progress: () => {},
        isTerminal: false,
        showsProgress: false,
        env,
        cwd: folder,
        clock: { now: () => new Date(Date.now() + ahead), sleep: async () => {} },
        stopped: () => Promise.resolve(),
      },
      { version: '9.9.9' },
    )
    return { code, out: out.join('\n'), err: err.join('\n') }
  }
  return {
    ...playground,
    folder,
    couplet,
    pass: (ms: number): void => {
      ahead += ms
    },
  }
}

t.test('sync --due tells each job in a line, its document, and ends with the worst of them', async (t) => {
  const p = await projectFor(t)
  const first = await p.couplet('sync --due')
  t.match(first.out, /customers: \d+ created.*; next /)
  t.equal(first.code, 0, first.out)
  const second = JSON.parse((await p.couplet('sync --due --json')).out) as Record<string, unknown>
  t.match(second, { ok: true, mappings: [], problems: [], jobs: [{ job: 'customers', outcome: 'waiting', run: null }] })
  t.match((await p.couplet('sync --due')).out, /^Nothing is due\. Next: customers at /)
  const store = await openJsonStore({
    folder: join(p.folder, '.couplet'),
    clock: { now: () => new Date(), sleep: async () => {} },
  })
  await store.lock('other')
  t.equal((await p.couplet('sync --due')).code, 5)
  await store.close()
  t.match(await p.couplet('sync customer --due'), { code: 2, err: /--due runs jobs as they stand/ })
  t.match(await p.couplet('sync --due --full'), { code: 2 })
})

t.test('a job that failed is told by jobs, status and sync --due, until it is restarted and runs', async (t) => {
  const p = await projectFor(t)
  await p.couplet('sync --due')
  p.pass(31 * 60_000)
  p.simulator.faults.add({ match: { service: 'sales' }, do: { status: 403 } })
  const failed = await p.couplet('sync --due', { GITHUB_ACTIONS: 'true' })
  t.equal(failed.code, 3, failed.out)
  t.match(failed.out, /customers: failed and stopped\./)
  t.match(failed.err, /::error::customers: /)
  t.match(await p.couplet('jobs'), { code: 1, out: /stopped[\s\S]*couplet jobs restart customers/ })
  t.match(await p.couplet('status'), { code: 1, out: /is stopped: / })
  t.equal((await p.couplet('sync --due')).code, 3, 'it is not tried again, and not forgotten')
  t.equal((await p.couplet('sync --due --fail-on new')).code, 0)
  p.simulator.faults.clear()
  t.match(await p.couplet('jobs restart customers'), { code: 0, out: 'customers: due now.' })
  t.equal((await p.couplet('sync --due')).code, 0)
  t.equal((await p.couplet('status')).code, 0)
})

t.test('jobs are held and resumed by name; a wrong name is told with a near one', async (t) => {
  const p = await projectFor(t)
  t.match((await p.couplet('jobs')).out, /later +off +never +not yet/)
  t.match(await p.couplet('jobs hold custmers'), { code: 2, err: /did you mean "customers"/ })
  t.match(await p.couplet('jobs hold'), { code: 2, err: /--all/ })
  t.equal((await p.couplet('jobs hold customers --reason moving')).code, 0)
  t.match(
    (await p.couplet('jobs')).out,
    /on hold[\s\S]*customers is on hold: moving\. Go on: couplet jobs resume customers/,
  )
  t.match((await p.couplet('sync --due')).out, /customers is on hold: moving/)
  t.equal((await p.couplet('jobs resume --all')).code, 0)
  t.match((await p.couplet('sync --due')).out, /customers: \d+ created/)
})

t.test('status --max-age lets a sleeping job sleep, and tells one whose start is late', async (t) => {
  const p = await projectFor(t)
  await p.couplet('sync --due')
  p.pass(31 * 60_000)
  t.match((await p.couplet('sync --due')).out, /sleeps until/)
  p.pass(3 * 3_600_000)
  t.equal((await p.couplet('status --max-age 2h')).code, 0)
  p.pass(24 * 3_600_000)
  t.match(await p.couplet('status --max-age 2h'), { code: 1, out: /Not run for more than 2 h: customer/ })
})

t.test('serve and sync --due without jobs say what to do', async (t) => {
  const p = await projectFor(t, 'jobs: {}\n')
  t.match(await p.couplet('sync --due'), { code: 2, err: /There are no jobs/ })
  t.match(await p.couplet('serve'), { code: 2, err: /There are no jobs/ })
})
