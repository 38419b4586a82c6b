/** P1, P7: the program as it is built is ended by SIGKILL at a request or a line of its journal; the next run goes on. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { type CliWorld, cliWorld, withoutStandardSet } from '../cli/world.ts'
import { writesMade } from '../engine/stage.ts'
import { proved } from '../proof.ts'
import { spread } from './spread.ts'
import { isAsked, isWhole } from './telling.ts'

const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const dying = new URL('dying.mjs', import.meta.url).href
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

/** Where the process is killed: at its nth request, by who serves it, or at the nth line of its journals, by itself. */
type Point =
  | { readonly at: 'request'; readonly nth: number; readonly moment: 'before' | 'after' }
  | { readonly at: 'journal'; readonly nth: number; readonly moment: 'before' | 'within' | 'after' }

/** All points of a kind. */
const pointsAt = <At extends string, Moment extends string>(at: At, count: number, moments: readonly Moment[]) =>
  Array.from({ length: count }, (_, n) => moments.map((moment) => ({ at, nth: n + 1, moment }))).flat()

const name = 'the built program, killed by SIGKILL anywhere, is ended by the next run'
t.test(`P1 P7 ${name}`, { skip: !isAsked(name) }, async (t) => {
  const given = await cliWorld(t, 'mappings: [customer]\n', { company: 'empty', files: { 'customer.yaml': mapping } })
  const { folder, simulator } = given
  await withoutStandardSet(folder)
  await prepare(given)
  const [state, pushed] = [join(folder, '.couplet'), join(folder, 'pushed')]
  await cp(state, pushed, { recursive: true })
  const restore = simulator.savepoint()

  const lived = async (point: Point | undefined): Promise<Lived> => {
    restore()
    await rm(state, { recursive: true, force: true })
    await cp(pushed, state, { recursive: true })
    const env = point?.at === 'journal' ? { DIES: `${point.moment} ${point.nth}` } : {}
    const words = ['--import', dying, program, 'sync', '--project', folder]
    const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
    const served = serving(child, simulator, point)
    const [[code, signal], lines] = await Promise.all([
      once(child, 'exit') as Promise<[number | null, string | null]>,
      text(child.stdio[3] as Readable),
    ])
    served.stop()
    await given.run('sync')
    simulator.resetRequests()
    const last = await given.run('sync')
    const end = JSON.stringify([last.code, writesMade(simulator), picture(simulator)])
    return { requests: served.counts.requests, lines: Number(lines), code, signal, end }
  }
  const calm = await lived(undefined)
  t.equal(calm.code, 0)
  t.match(calm.end, /^\[0,0,/)
  t.ok(calm.requests >= 8 && calm.lines >= 4, `${calm.requests} requests, ${calm.lines} lines`)
  const requests: readonly Point[] = pointsAt('request', calm.requests, ['before', 'after'])
  const lines: readonly Point[] = pointsAt('journal', calm.lines, ['before', 'within', 'after'])
  const points = isWhole ? [...requests, ...lines] : [...spread(requests, 12), ...spread(lines, 10)]
  const wrong: string[] = []
  for (const point of points) {
    const { end, signal } = await lived(point)
    if (signal !== 'SIGKILL') wrong.push(`${JSON.stringify(point)}: was not killed`)
    if (end !== calm.end) wrong.push(`${JSON.stringify(point)}: wanted ${calm.end}, got ${end}`)
  }
  t.same(wrong, [], `${points.length} processes killed`)
  proved('kill points', { 'processes killed': points.length }, wrong.length)
})

interface Lived {
  readonly requests: number
  /** Begun in its journals; none is told of a process that was killed. */
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

/** Counts the child's requests, and kills it at the point. Logins are not counted: who dies there has done nothing. */
function serving(
  child: ChildProcess,
  { faults }: Simulator,
  point: Point | undefined,
): { readonly counts: { requests: number }; stop(): void } {
  const counts = { requests: 0 }
  const kill = (): void => void child.kill('SIGKILL')
  faults.take = ({ service, part }) => {
    if (part || service === 'login') return undefined
    counts.requests += 1
    if (point?.at !== 'request' || point.nth !== counts.requests) return undefined
    if (point.moment === 'before') kill()
    return point.moment === 'before' ? { drop: 'before' } : { rewrite: (body) => (kill(), body) }
  }
  return { counts, stop: () => void (faults.take = () => undefined) }
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
