/** `couplet serve` as a process of its own against both simulated services: edits travel, signals and death lose nothing. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { type Playground, writePlaygroundProject } from '../../src/cli/playground.ts'
import { businessCentral } from '../../src/simulator/business-central.ts'
import { dataverse } from '../../src/simulator/dataverse.ts'
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts'

const cli = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')

const mappingFile = `mapping: customer
direction: both
create: both
businessCentral: { entity: customers, keys: [number] }
sales: { entity: accounts, filter: customertypecode eq 3 and statecode eq 0 }
match:
  - { businessCentral: [number], sales: [accountnumber] }
fields:
  number: { businessCentral: number, sales: accountnumber, direction: toSales }
  type: { sales: customertypecode, value: 3, on: create }
  name: { businessCentral: displayName, sales: name }
  phone: { businessCentral: phoneNumber, sales: telephone1 }
limits: { creates: 1000, updates: 1000, deletes: 0 }
`

const jobsFile = (wake: string): string =>
  `jobs:\n  customers: { mappings: [customer], every: 30 min, inactivity: 12 h, wake: ${wake}, delay: 5 s }\n`

interface Project {
  readonly folder: string
  readonly simulator: Simulator
  readonly port: number
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function projectFor(t: Test, wake: string, more = (_port: number): string => ''): Promise<Project> {
  const simulator = await startSimulator({
    businessCentral: businessCentral({ company: 'C', subscriptionDelayMs: 200 }),
    sales: dataverse({}),
  })
  t.teardown(() => simulator.stop())
  const folder = t.testdir({ mappings: { 'customer.yaml': mappingFile }, 'jobs.yaml': jobsFile(wake) })
  const playground: Playground = { simulator, company: 'C', currency: undefined }
  const port = await freePort()
  await writePlaygroundProject(folder, playground, more(port))
  const yaml = await readFile(join(folder, 'couplet.yaml'), 'utf8')
  await writeFile(join(folder, 'couplet.yaml'), yaml.replace('use: standard@1\n', ''))
  return { folder, simulator, port }
}

interface Service {
  readonly child: ChildProcess
  /** Everything it said. */
  said(): string
  /** Exit code and signal. */
  ended(): Promise<readonly [number | null, NodeJS.Signals | null]>
}

function serve(t: Test, { folder, port }: Project): Service {
  const args = ['--import', 'tsx', cli, 'serve', '--project', folder, '--port', String(port)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (text += part.toString()))
  const end = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  return { child, said: () => text, ended: () => end }
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 120_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what}: it did not happen`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const accountOf = ({ simulator }: Project, number: string) =>
  simulator.sales.rows('accounts').find((row) => row['accountnumber'] === number)

t.test('it starts, carries edits of both sides, and stops on SIGTERM with 0; killed, it goes on', async (t) => {
  const project = await projectFor(t, '1 s')
  const { businessCentral: bc, sales } = project.simulator
  bc.create('customers', { number: 'K1', displayName: 'Adatum' })
  const first = serve(t, project)
  await until('the first run', () => accountOf(project, 'K1') !== undefined)
  await until('the line of the run', () => /customers: 1 created/.test(first.said()))
  const asked = async (path: string): Promise<Response> => fetch(`http://127.0.0.1:${project.port}${path}`)
  t.match(await (await asked('/health')).json(), { ok: true, jobs: [{ job: 'customers', status: 'ready' }] })
  t.equal((await asked('/ready')).status, 200)
  t.equal((await asked('/webhooks/business-central?validationToken=x')).status, 404, 'nobody is to call')
  bc.edit('customers', 'K1', { phoneNumber: '1' })
  sales.edit('accounts', String(accountOf(project, 'K1')?.['accountid']), { name: 'Adatum AG' })
  await until('the edit of Business Central', () => accountOf(project, 'K1')?.['telephone1'] === '1')
  await until('the edit of Sales', () => bc.row('customers', 'K1')?.['displayName'] === 'Adatum AG')
  first.child.kill('SIGTERM')
  t.same(await first.ended(), [0, null])

  bc.create('customers', { number: 'K2', displayName: 'Made while nobody served' })
  const second = serve(t, project)
  await until('what was missed', () => accountOf(project, 'K2') !== undefined)
  second.child.kill('SIGKILL')
  t.same(await second.ended(), [null, 'SIGKILL'])
  bc.create('customers', { number: 'K3', displayName: 'Made after the death' })
  const third = serve(t, project)
  await until('what came after the death', () => accountOf(project, 'K3') !== undefined)
  third.child.kill('SIGINT')
  t.same(await third.ended(), [0, null])
  const made = (number: string): number =>
    sales.rows('accounts').filter((row) => row['accountnumber'] === number).length
  t.same(['K1', 'K2', 'K3'].map(made), [1, 1, 1], 'nothing twice')
})

t.test('with a public address Business Central tells of changes, and the service beats', async (t) => {
  let beats = 0
  const monitor = createServer((socket) => {
    socket.once('data', () => {
      beats += 1
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    })
  }).listen(0, '127.0.0.1')
  await once(monitor, 'listening')
  t.teardown(() => monitor.close())
  const heartbeat = `http://127.0.0.1:${(monitor.address() as AddressInfo).port}/beat`
  const project = await projectFor(
    t,
    '20 s',
    (port) => `serve: { publicUrl: "http://127.0.0.1:${port}/couplet", heartbeat: "${heartbeat}" }\n`,
  )
  const { businessCentral: bc, login } = project.simulator
  const service = serve(t, project)
  await until('the first run', () => /customers: /.test(service.said()))
  const token = login.grant('app', 'https://api.businesscentral.dynamics.com/.default')
  const headers = { Authorization: `Bearer ${token}` }
  const listed = async (): Promise<readonly { readonly clientState: string; readonly notificationUrl: string }[]> =>
    ((await (await fetch(`${bc.url}/api/v2.0/subscriptions`, { headers })).json()) as { value: never }).value
  const word = (await listed())[0]?.clientState ?? ''
  t.match(word, /^[\w-]{43}$/)
  t.match(await listed(), [{ notificationUrl: /\/couplet\/webhooks\/business-central$/ }])
  const hook = `http://127.0.0.1:${project.port}/webhooks/business-central`
  const post = (body: string): Promise<Response> => fetch(hook, { method: 'POST', body })
  t.equal((await post(JSON.stringify({ value: [{ clientState: 'guessed' }] }))).status, 401)
  t.equal((await post('no JSON')).status, 401)
  const began = Date.now()
  bc.create('customers', { number: 'K1', displayName: 'Adatum' })
  await until('the word of Business Central', () => accountOf(project, 'K1') !== undefined)
  t.ok(Date.now() - began < 18_000, 'sooner than the next look')
  t.ok(beats > 0)
  service.child.kill('SIGTERM')
  t.same(await service.ended(), [0, null])
  t.same(await listed(), [], 'the subscription is taken back')
  t.notOk(service.said().includes(word), 'the secret word is told to nobody else')
})

t.test('a port that is taken, and a public address without a port, are told', async (t) => {
  const project = await projectFor(t, '1 s', (port) => `serve: { publicUrl: "http://127.0.0.1:${port}" }\n`)
  const taken = createServer().listen(project.port, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const service = serve(t, project)
  t.same(await service.ended(), [2, null])
  t.match(service.said(), /cannot be used \(EADDRINUSE\)/)
  const without = spawn(process.execPath, ['--import', 'tsx', cli, 'serve', '--project', project.folder])
  let text = ''
  without.stderr.on('data', (part: Buffer) => (text += part.toString()))
  t.same((await once(without, 'exit'))[0], 2)
  t.match(text, /couplet serve --port/)
})
