/** GitHub on this disk: a bare repository made from `examples/contoso`, both services, and pull requests in memory. */
import { createServer } from 'node:http'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { parseDocument } from 'yaml'
import { startPlayground } from '../../src/cli/playground.ts'
import type { Playground } from '../../src/cli/playground.ts'
import { couplet } from '../cli/world.ts'
import type { Event, Hub, JobTold } from './actions-runner.ts'
import { runWorkflow } from './actions-runner.ts'
import { git } from './runners.ts'

const example = fileURLToPath(new URL('../../examples/contoso', import.meta.url))
const program = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

export interface Comment {
  readonly id: number
  body: string
  readonly user: { readonly type: string }
}

interface Issue {
  readonly number: number
  readonly title: string
  body: string
  state: string
}

/** GitHub's own memory of what workflows wrote. */
export interface Written {
  readonly comments: Comment[]
  readonly issues: Issue[]
}

export interface ContosoHub extends Playground {
  readonly remote: string
  readonly written: Written
  /** Changes files on a branch, or begins new ones, by a person's commit; returns the commit. */
  commit(branch: string, message: string, files: Readonly<Record<string, (text: string) => string>>): string
  /** Merges a commit with main for a pull request, as GitHub does by itself; on `main` when the request is merged. */
  merge(number: number | 'main', head: string): void
  /** Jobs that ran so far. */
  jobs(): number
  run(file: string, event?: Partial<Event>, more?: Partial<Hub>): Promise<readonly JobTold[]>
}

/** What Business Central starts without: this story is told of customers and locations. */
const without = [
  'contacts',
  'currencies',
  'currencyExchangeRates',
  'items',
  'ItemUnitsOfMeasure',
  'paymentTerms',
  'ResourceCard',
  'ResourceUnitsOfMeasure',
  'salesInvoices',
  'shipmentMethods',
  'ShippingAgents',
  'unitsOfMeasure',
]

/** The table that Contoso's own mapping writes to. */
const warehouses = {
  contoso_warehouse: {
    set: 'contoso_warehouses',
    id: 'contoso_warehouseid',
    name: 'contoso_name',
    columns: {
      contoso_warehouseid: { type: 'Uniqueidentifier' },
      createdon: { type: 'DateTime' },
      modifiedon: { type: 'DateTime' },
      versionnumber: { type: 'BigInt' },
      statecode: { type: 'State' },
      statuscode: { type: 'Status' },
      ...Object.fromEntries(
        ['contoso_code', 'contoso_name', 'contoso_city', 'contoso_phone'].map((name) => [
          name,
          { type: 'String', maxLength: 100 },
        ]),
      ),
    },
  },
}

export async function contosoHub(t: Test): Promise<ContosoHub> {
  const playground = await startPlayground({
    company: 'contoso',
    customers: 0,
    overlap: 0,
    without,
    seed: 1,
    sales: { tables: warehouses } as never,
  })
  t.teardown(() => playground.simulator.stop())
  const room = t.testdir({ remote: {}, bin: {}, desk: {} })
  const [remote, desk] = [join(room, 'remote'), join(room, 'desk')]
  git(remote, 'init', '--quiet', '--bare', '--initial-branch=main')
  git(remote, 'config', 'uploadpack.allowAnySHA1InWant', 'true')
  cpSync(example, desk, { recursive: true, filter: (path) => !/[/\\](node_modules|\.couplet)$/.test(path) })
  writeFileSync(join(desk, 'couplet.yaml'), connected(readFileSync(join(desk, 'couplet.yaml'), 'utf8'), playground))
  git(desk, 'init', '--quiet', '--initial-branch=main')
  git(desk, 'add', '--all')
  git(desk, 'commit', '--quiet', '--message', 'Begin')
  git(desk, 'remote', 'add', 'origin', remote)
  git(desk, 'push', '--quiet', 'origin', 'main')
  let ran = 0
  await shims(t, join(room, 'bin'))
  const written: Written = { comments: [], issues: [] }
  const hub: Hub = {
    remote,
    room,
    vars: {
      '': { AZURE_TENANT_ID: 'contoso.onmicrosoft.com' },
      sandbox: { AZURE_CLIENT_ID: 'couplet' },
      review: { AZURE_CLIENT_ID: 'couplet-reader' },
    },
    secrets: { sandbox: { COUPLET_STATE_KEY: 'key' }, review: { COUPLET_STATE_KEY: 'key' } },
    tokenUrl: `${playground.simulator.authority}/github/token?api-version=2.0`,
    bin: join(room, 'bin'),
    api: apiOf(written),
  }
  return {
    ...playground,
    remote,
    written,
    commit: (branch, message, files) => {
      git(desk, 'fetch', '--quiet', 'origin')
      git(desk, 'checkout', '--quiet', '-B', branch, 'origin/main')
      for (const [path, change] of Object.entries(files)) {
        mkdirSync(dirname(join(desk, path)), { recursive: true })
        const text = existsSync(join(desk, path)) ? readFileSync(join(desk, path), 'utf8') : ''
        writeFileSync(join(desk, path), change(text))
      }
      git(desk, 'add', '--all')
      git(desk, 'commit', '--quiet', '--message', message)
      git(desk, 'push', '--quiet', '--force', 'origin', branch)
      return git(desk, 'rev-parse', 'HEAD')
    },
    merge: (number, head) => {
      git(desk, 'fetch', '--quiet', 'origin')
      git(desk, 'checkout', '--quiet', '--detach', 'origin/main')
      git(desk, 'merge', '--quiet', '--no-ff', '--message', 'Merge', head)
      git(
        desk,
        'push',
        '--force',
        '--quiet',
        'origin',
        `HEAD:${number === 'main' ? 'refs/heads/main' : `refs/pull/${number}/merge`}`,
      )
    },
    jobs: () => ran,
    run: async (file, event = {}, more = {}) => {
      const jobs = await runWorkflow({ ...hub, ...more }, file, { name: 'schedule', ref: 'main', ...event })
      ran += jobs.filter(({ result }) => result !== 'skipped').length
      return jobs
    },
  }
}

/** Contoso's project, reached at the simulated services. */
export function connected(text: string, { simulator, company, currency }: Playground): string {
  const document = parseDocument(text)
  document.setIn(['connections', 'businessCentral', 'url'], simulator.businessCentral.url)
  document.setIn(['connections', 'businessCentral', 'company'], company)
  document.setIn(['connections', 'sales', 'url'], simulator.sales.url)
  if (currency === undefined) document.deleteIn(['settings', 'localCurrency'])
  else document.setIn(['settings', 'localCurrency'], currency)
  for (const side of ['businessCentral', 'sales'])
    document.setIn(['connections', side, 'auth', 'authority'], simulator.authority)
  return document.toString()
}

/**
 * `npx --no-install couplet …` runs in this process, which has everything loaded; with COUPLET_PROCESS in one of its
 * own, which can be killed. `npm ci` finds everything installed.
 */
async function shims(t: Test, bin: string): Promise<void> {
  const socket = join(tmpdir(), `couplet-${process.pid}-${Math.random().toString(36).slice(2)}.sock`)
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('end', () => {
      const { args, cwd, env } = JSON.parse(text) as { args: string[]; cwd: string; env: Record<string, string> }
      void couplet(cwd, args, { env }).then((said) => response.end(JSON.stringify(said)))
    })
  }).listen(socket)
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => server.close())
  writeFileSync(
    join(bin, 'client.cjs'),
    `const request = require('http').request({ socketPath: ${JSON.stringify(socket)}, method: 'POST' }, (answer) => {
  let text = ''
  answer.on('data', (chunk) => (text += chunk)).on('end', () => {
    const { code, out, err } = JSON.parse(text)
    if (out !== '') process.stdout.write(out + '\\n')
    if (err !== '') process.stderr.write(err + '\\n')
    process.exitCode = code
  })
})
request.end(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd(), env: process.env }))
`,
  )
  const own = `exec ${process.execPath} --import=${import.meta.resolve('tsx')} ${program}`
  writeFileSync(
    join(bin, 'npx'),
    `#!/bin/bash\n[ "$1 $2" = "--no-install couplet" ] || exit 97\nshift 2\nif [ -n "$COUPLET_PROCESS" ]; then case "$*" in *" sync"*) ${own} "$@";; esac; fi\nexec ${process.execPath} ${join(bin, 'client.cjs')} "$@"\n`,
    { mode: 0o755 },
  )
  writeFileSync(join(bin, 'npm'), '#!/bin/bash\n[ "$1" = ci ] && [ -f package.json ]\n', { mode: 0o755 })
}

/** The calls that scripts make of GitHub's API. */
export function apiOf({ comments, issues }: Written): object {
  const rest = {
    listComments: () => comments,
    createComment: ({ body }: { body: string }) =>
      void comments.push({ id: comments.length + 1, body, user: { type: 'Bot' } }),
    updateComment: ({ comment_id, body }: { comment_id: number; body: string }) => {
      for (const comment of comments) if (comment.id === comment_id) comment.body = body
    },
    listForRepo: () => issues.filter(({ state }) => state === 'open'),
    create: ({ title, body }: { title: string; body: string }) =>
      void issues.push({ number: issues.length + 1, title, body, state: 'open' }),
    update: ({ issue_number, ...changed }: { issue_number: number } & Partial<Issue>) => {
      for (const issue of issues) if (issue.number === issue_number) Object.assign(issue, changed)
    },
  }
  return { rest: { issues: rest }, paginate: (call: (asked: object) => unknown, asked: object) => call(asked) }
}
