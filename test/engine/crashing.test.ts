/** P6, P7, P8: a plan writes nothing; a process killed at any moment is ended by the next; the state holds no business value. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { systemClock } from '../../src/clock.ts'
import { operationHash } from '../../src/core/plan.ts'
import { openJsonStore } from '../../src/store/json-store.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import type { Row } from '../../src/simulator/table.ts'
import { customerAccount } from './project.ts'
import { type Stage, bothWays, idOf, stage, theKey, writesMade } from './stage.ts'

const deletes = { businessCentral: 'delete', sales: 'delete', sweepMs: 1 } as const
const mapped = customerAccount({ ...bothWays, deletes })

/** Every file below a folder, with its content. */
async function files(folder: string): Promise<Readonly<Record<string, string>>> {
  const all: Record<string, string> = {}
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    all[path.slice(folder.length)] = await readFile(path, 'utf8')
  }
  return all
}

async function folder(t: { teardown(end: () => Promise<void>): void }): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'couplet-'))
  t.teardown(() => rm(made, { recursive: true, force: true }))
  return made
}

/** Something of everything: a match, creates both ways, updates both ways, a merge, a delete each way. */
async function scene(t: Parameters<typeof stage>[0]): Promise<Stage> {
  const s = await stage(t, { simulator: { world: countedIds() } })
  for (let n = 0; n < 6; n++) s.customer({ id: key(1, n), number: `C${n}`, phoneNumber: '1', city: 'London' })
  for (let n = 0; n < 3; n++) s.account({ accountid: key(2, n), name: `A${n}`, accountnumber: `A${n}` })
  await s.run([mapped])
  const accountOf = (number: string): Row =>
    s.accounts().find((row) => row['accountnumber'] === number) ??
    s.accounts().find((row) => row['name'] === number) ??
    {}
  const customerOf = (number: string): Row => s.customers().find((row) => row['number'] === number) ?? {}
  s.simulator.businessCentral.edit('customers', idOf(customerOf('C0')), { phoneNumber: '2' })
  s.simulator.sales.edit('accounts', idOf(accountOf('C1')), { address1_city: 'Rome' })
  s.simulator.businessCentral.edit('customers', idOf(customerOf('C2')), { phoneNumber: '2' })
  s.simulator.sales.edit('accounts', idOf(accountOf('C2')), { address1_city: 'Rome' })
  s.simulator.sales.delete('accounts', idOf(accountOf('C3')))
  s.simulator.businessCentral.delete('customers', idOf(customerOf('C4')))
  s.customer({ id: key(1, 7), number: 'C7', phoneNumber: '1' })
  s.customer({ id: key(1, 8), number: 'C8', phoneNumber: '8' })
  s.account({ accountid: key(2, 8), name: 'Customer C8', accountnumber: 'C8', address1_city: 'Oslo' })
  s.account({ accountid: key(2, 9), name: 'A9' })
  s.clock.advance(1000)
  return s
}

const key = (kind: number, n: number): string => `00000000-0000-4000-800${kind}-${String(n).padStart(12, '0')}`
/** The same ids in every scene, so that ends can be compared. */
function countedIds(): { newId: () => string } {
  let n = 0
  return { newId: () => key(9, ++n) }
}

const child = fileURLToPath(new URL('syncing-child.ts', import.meta.url))

/** Starts a sync in a process of its own and kills it hard after a while. */
async function killed(s: Stage, path: string, afterMs: number): Promise<void> {
  const { authority, businessCentral, sales } = s.simulator
  const task = JSON.stringify({ path, authority, businessCentral: businessCentral.url, sales: sales.url, key: theKey })
  const process_: ChildProcess = spawn(process.execPath, ['--import=tsx', child, task], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(process_, 'exit')
  if (process_.stdout === null) throw new Error('a child without output')
  await Promise.race([once(process_.stdout, 'data'), exit])
  await new Promise((resolve) => setTimeout(resolve, afterMs))
  process_.kill('SIGKILL')
  await exit
}

t.test('P7 a process killed at any moment leaves a state that the next run ends, without a duplicate', async (t) => {
  const s = await stage(t, { simulator: { latencyMs: 15 } })
  const path = join(await folder(t), 'state')
  let made = 0
  const more = (): void => {
    for (let n = 0; n < 25; n++) s.customer({ number: `C${made++}`, phoneNumber: '1' })
  }
  for (let round = 0; round < 10; round++) {
    more()
    for (const customer of s.customers().slice(0, 5))
      s.simulator.businessCentral.edit('customers', idOf(customer), { phoneNumber: String(round) })
    await killed(s, path, (round * 37) % 230)
  }
  s.store = await openJsonStore({ folder: path, clock: systemClock, key: theKey })
  const report = await s.run([mapped])
  await s.run([mapped])
  t.equal(report.ok, true, JSON.stringify(report.problems[0]))
  t.equal(s.accounts().length, made)
  t.equal(s.couplings().length, made)
  const numbers = s.accounts().map((row) => row['accountnumber'])
  t.equal(new Set(numbers).size, made, 'no duplicate')
  s.simulator.resetRequests()
  await s.run([mapped])
  t.equal(writesMade(s.simulator), 0)
  await s.store.close()
})

t.test('P6 a plan makes no write request and leaves the state as it is, byte for byte', async (t) => {
  const s = await scene(t)
  const path = await folder(t)
  const memory = s.store
  s.store = await openJsonStore({ folder: path, clock: systemClock, key: theKey })
  await s.run([mapped])
  s.customer({ number: 'C20' })
  const first = await files(path)
  s.simulator.resetRequests()
  const report = await s.run([mapped], { dry: true })
  t.ok(report.plan.operations.length > 0)
  t.equal(writesMade(s.simulator), 0)
  const { businessCentral, sales } = s.simulator.requests()
  const methods = [...Object.keys(businessCentral.byPath), ...Object.keys(sales.byPath)]
  t.same(
    methods.filter((path) => !path.startsWith('GET') && !path.endsWith('$batch')),
    [],
  )
  t.same(await files(path), first)
  await s.store.close()
  s.store = memory
  t.equal((await s.run([mapped], { dry: true })).plan.operations.length > 0, true)
})

t.test('P6 what is planned is what is done', async (t) => {
  const s = await scene(t)
  await s.run([mapped])
  s.customer({ number: 'C9' })
  for (const customer of s.customers().slice(0, 2))
    s.simulator.businessCentral.edit('customers', idOf(customer), { email: 'x@b.c' })
  const planned = await s.run([mapped], { dry: true })
  const kinds = (side: string): Record<string, number> => {
    const counts: Record<string, number> = {}
    for (const { kind, side: on } of planned.plan.operations) if (on === side) counts[kind] = (counts[kind] ?? 0) + 1
    return counts
  }
  // The number that Business Central gave to the record created last goes to Sales, too.
  t.same(kinds('sales'), { create: 1, update: 3 })
  t.same(kinds('businessCentral'), {})
  const done = await s.run([mapped])
  for (const [index, { created, updated, deleted, coupled }] of done.mappings.entries())
    t.match(planned.mappings[index], { created, updated, deleted, coupled })
})

t.test('P6 a saved plan does its operations and no other, and refuses those whose record has moved', async (t) => {
  const s = await scene(t)
  const planned = await s.run([mapped], { dry: true })
  const permit = new Set(planned.plan.operations.map(operationHash))
  // One record of the plan moves on, and something new comes.
  const c0 = s.customers().find((row) => row['number'] === 'C0') ?? {}
  s.simulator.businessCentral.edit('customers', idOf(c0), { phoneNumber: '99' })
  s.customer({ number: 'C30' })
  const report = await s.run([mapped], { permit })
  t.equal(report.refusedOperations.length, 1)
  const accounts = new Map(s.accounts().map((row) => [row['accountnumber'], row]))
  t.equal(accounts.get('C0')?.['telephone1'], '1', 'moved since')
  t.notOk(accounts.has('C30'), 'not planned')
  t.equal(accounts.get('C2')?.['telephone1'], '2')
  t.ok(accounts.has('C7'))
  const rest = await s.run([mapped])
  t.same(rest.problems, [])
  const after = new Map(s.accounts().map((row) => [row['accountnumber'], row]))
  t.equal(after.get('C0')?.['telephone1'], '99', 'nothing was forgotten')
  t.ok(after.has('C30'))
})

t.test('P6 a record that moves while a saved plan is applied is refused too', async (t) => {
  const s = await scene(t)
  const planned = await s.run([mapped], { dry: true })
  const permit = new Set(planned.plan.operations.map(operationHash))
  const c0 = s.accounts().find((row) => row['accountnumber'] === 'C0') ?? {}
  s.onEvent = (event) => {
    if (event.kind === 'mapping.started' && event.phase === 'apply')
      s.simulator.sales.edit('accounts', idOf(c0), { emailaddress1: 'x@b.c' })
  }
  const report = await s.run([mapped], { permit })
  t.equal(report.refusedOperations.length, 1)
  const account = s.accounts().find((row) => row['accountnumber'] === 'C0')
  t.equal(account?.['telephone1'], '1')
})

t.test('P8 the state holds ids, numbers and fingerprints, and no business value', async (t) => {
  const s = await stage(t)
  const path = await folder(t)
  s.store = await openJsonStore({ folder: path, clock: systemClock })
  const secret = 'Zebrafinch'
  for (let n = 0; n < 3; n++)
    s.customer({
      number: `C${n}`,
      displayName: `${secret} ${n}`,
      addressLine1: secret,
      city: secret,
      phoneNumber: '7319451',
      email: `${secret}@b.c`,
      creditLimit: 7319451,
    })
  s.account({ name: `${secret} Sales`, telephone1: '7319451' })
  s.account({ name: `${secret} 1`, address1_city: 'Zebrafinchville', accountnumber: 'C1' })
  await s.run([mapped])
  for (const customer of s.customers())
    s.simulator.businessCentral.edit('customers', idOf(customer), { city: `${secret} 2` })
  for (const account of s.accounts())
    s.simulator.sales.edit('accounts', idOf(account), { address1_city: `${secret} 3` })
  const report = await s.run([mapped])
  t.ok(report.problems.length > 0, 'something is held')
  await s.store.close()
  const all = await files(path)
  t.ok(Object.keys(all).length > 3)
  const text = JSON.stringify(all) + JSON.stringify(report.problems) + JSON.stringify(s.events)
  t.ok(text.includes('C1'))
  t.notMatch(text, /zebrafinch/i)
  t.notMatch(text, /7319451/)
})

t.test('P7 K-12 a store of another company is refused', async (t) => {
  const s = await stage(t)
  s.store = openMemoryStore(theKey)
  await s.store.bind({ businessCentral: 'another', sales: 'organisation' })
  await t.rejects(s.run([mapped]), { name: 'StateError' })
  t.equal(s.accounts().length, 0)
})
