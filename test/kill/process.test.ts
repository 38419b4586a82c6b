/** P1, P7: the program as it is built is ended by SIGKILL at a request or a line of its journal; the next run goes on. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, watch } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { type CliWorld, cliWorld } from '../cli/world.ts'
import { writesMade } from '../engine/stage.ts'
import { proved } from '../proof.ts'
import { spread } from './spread.ts'
import { isAsked, isWhole } from './telling.ts'

const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const mapping = `mapping: customer
direction: both
create: both
businessCentral: { entity: customers, keys: [number] }
sales: { entity: accounts, filter: customertypecode eq 3 }
match:
  - { businessCentral: [displayName], sales: [name] }
fields:
  type: { sales: customertypecode, value: 3, on: create }
  name: { businessCentral: displayName, sales: name }
  phone: { businessCentral: phoneNumber, sales: telephone1 }
`

/** Where the process is killed: at its nth request, or when its journals have grown for the nth time. */
type Point =
  | { readonly at: 'request'; readonly nth: number; readonly moment: 'before' | 'after' }
  | { readonly at: 'journal'; readonly nth: number }

const name = 'the built program, killed by SIGKILL anywhere, is ended by the next run'
t.test(`P1 P7 ${name}`, { skip: !isAsked(name) }, async (t) => {
  const given = await cliWorld(t, 'mappings: [customer]\n', { company: 'empty', files: { 'customer.yaml': mapping } })
  const { folder, simulator } = given
  await prepare(given)
  const [state, pushed] = [join(folder, '.couplet'), join(folder, 'pushed')]
  await cp(state, pushed, { recursive: true })
  const restore = simulator.savepoint()

  const lived = async (point: Point | undefined): Promise<Lived> => {
    restore()
    await rm(state, { recursive: true, force: true })
    await cp(pushed, state, { recursive: true })
    const child = spawn(process.execPath, [program, 'sync', '--project', folder], { env: {}, stdio: 'ignore' })
    const seen = watching(child, { simulator, folder: join(state, 'customer') }, point)
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
    seen.stop()
    await given.run('sync')
    simulator.resetRequests()
    const last = await given.run('sync')
    return { ...seen.counts, code, signal, end: JSON.stringify([last.code, writesMade(simulator), picture(simulator)]) }
  }
  const calm = await lived(undefined)
  t.equal(calm.code, 0)
  t.match(calm.end, /^\[0,0,/)
  t.ok(calm.requests >= 8 && calm.lines >= 4, `${calm.requests} requests, ${calm.lines} lines`)
  const requests = Array.from({ length: calm.requests }, (_, n) =>
    (['before', 'after'] as const).map((moment): Point => ({ at: 'request', nth: n + 1, moment })),
  ).flat()
  const lines = Array.from({ length: calm.lines }, (_, n): Point => ({ at: 'journal', nth: n + 1 }))
  const points = isWhole ? [...requests, ...lines] : [...spread(requests, 4), ...spread(lines, 2)]
  let killed = 0
  const wrong: string[] = []
  for (const point of points) {
    const { end, signal } = await lived(point)
    // Who watches a file may come too late; a request waits for its answer.
    if (signal === 'SIGKILL') killed += 1
    else if (point.at === 'request') wrong.push(`${JSON.stringify(point)}: was not killed`)
    if (end !== calm.end) wrong.push(`${JSON.stringify(point)}: wanted ${calm.end}, got ${end}`)
  }
  t.same(wrong, [], `${killed} processes killed`)
  proved('kill points', { 'processes killed': killed }, wrong.length)
})

interface Lived {
  readonly requests: number
  readonly lines: number
  readonly code: number | null
  readonly signal: string | null
  readonly end: string
}

/** Records are coupled; then both sides are edited, and each gets new records. */
async function prepare(given: CliWorld): Promise<void> {
  const { businessCentral, sales } = given.simulator
  for (const n of [1, 2])
    businessCentral.create('customers', { number: `K${n}`, displayName: `Kill ${n}`, phoneNumber: '1' })
  await given.run('sync --accept creates=100')
  const [first] = businessCentral.rows('customers').filter(({ number }) => number === 'K1')
  const [second] = sales.rows('accounts').filter(({ name }) => name === 'Kill 2')
  businessCentral.edit('customers', String(first?.['id']), { phoneNumber: '2' })
  sales.edit('accounts', String(second?.['accountid']), { telephone1: '3' })
  businessCentral.create('customers', { number: 'K3', displayName: 'Kill 3', phoneNumber: '4' })
  sales.create('accounts', { name: 'Kill 4', telephone1: '5', customertypecode: 3 })
}

/** Counts what the child does, and kills it at the point. Logins are not counted: who dies there has done nothing. */
function watching(
  child: ChildProcess,
  { simulator, folder }: { readonly simulator: Simulator; readonly folder: string },
  point: Point | undefined,
): { readonly counts: { requests: number; lines: number }; stop(): void } {
  const counts = { requests: 0, lines: 0 }
  const kill = (): void => void child.kill('SIGKILL')
  const { faults } = simulator
  faults.take = ({ service, part }) => {
    if (part || service === 'login') return undefined
    counts.requests += 1
    if (point?.at !== 'request' || point.nth !== counts.requests) return undefined
    if (point.moment === 'before') kill()
    return point.moment === 'before' ? { drop: 'before' } : { rewrite: (body) => (kill(), body) }
  }
  let size = 0
  const look = (): void => {
    const now = sizeOf(join(folder, 'journal.jsonl'))
    if (now > size) counts.lines += 1
    size = now
    if (point?.at === 'journal' && counts.lines >= point.nth) kill()
  }
  const watcher = watch(folder, look)
  return {
    counts,
    stop: () => {
      watcher.close()
      faults.take = () => undefined
    },
  }
}

function sizeOf(path: string): number {
  try {
    return readFileSync(path).length
  } catch {
    return 0
  }
}

/** Names and values on both sides of the records that this is about. */
const picture = ({ businessCentral, sales }: Simulator): readonly string[] =>
  [
    ...businessCentral.rows('customers').map((row) => [row['displayName'], row['number'], row['phoneNumber']]),
    ...sales.rows('accounts').map((row) => [row['name'], row['telephone1']]),
  ]
    .map((row) => JSON.stringify(row))
    .filter((row) => row.includes('Kill'))
    .sort()
