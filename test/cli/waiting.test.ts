/** What waits and what happened, as an administrator works with it: S-04, E-20, P6, P8. */
import t from 'tap'
import { cliWorld, couplet } from './world.ts'
import type { CliWorld } from './world.ts'

const customer = `mapping: customer
direction: both
create: both
businessCentral: { entity: customers, keys: [number] }
sales: { entity: accounts, filter: customertypecode eq 3 }
match: [{ businessCentral: [number], sales: [accountnumber] }]
fields:
  type: { sales: customertypecode, value: 3, on: create }
  name: { businessCentral: displayName, sales: name }
  phone: { businessCentral: phoneNumber, sales: telephone1 }
`
interface Pair {
  readonly businessCentral: { readonly id: string; readonly keys: { readonly number: string } }
  readonly sales: { readonly id: string }
}

async function world(t: Parameters<typeof cliWorld>[0]): Promise<CliWorld & { readonly pairs: readonly Pair[] }> {
  const made = await cliWorld(t, 'mappings: [customer]\n', { overlap: 0, files: { 'customer.yaml': customer } })
  const first = await made.run('sync')
  t.equal(first.code, 0, first.err)
  return { ...made, pairs: JSON.parse((await made.run('couplings --json')).out) as Pair[] }
}

t.test('E-12: send and get write one side over the other; what somebody would lose is told first', async (t) => {
  const w = await world(t)
  const [pair] = w.pairs
  if (pair === undefined) throw new Error('no pair')
  const { number } = pair.businessCentral.keys
  const send = `sync customer --record number=${number} --rewrite sales`
  w.simulator.businessCentral.edit('customers', pair.businessCentral.id, { phoneNumber: '+45 33 11' })
  t.equal((await w.run(send)).code, 0, 'nothing would be lost: nobody is asked')
  w.simulator.businessCentral.edit('customers', pair.businessCentral.id, { phoneNumber: '222' })
  w.simulator.sales.edit('accounts', pair.sales.id, { telephone1: '333', name: 'Renamed' })
  const stopped = await w.run(send)
  t.equal(stopped.code, 2)
  t.match(stopped.err, `customer ${number}: name, phone (edited on both sides: phone)`)
  t.notMatch(stopped.err, /222|333|Renamed/)
  const asked: string[] = []
  const no = { confirm: (question: string) => Promise.resolve(asked.push(question) < 0) }
  t.match(await w.run(send, no), { code: 0, err: 'Nothing was changed.' })
  t.match(asked, [/Edited in Sales since the two last agreed/])
  t.equal(w.simulator.sales.row('accounts', pair.sales.id)?.['telephone1'], '333')
  t.equal((await w.run(`${send} --yes`)).code, 0)
  t.equal(w.simulator.sales.row('accounts', pair.sales.id)?.['telephone1'], '222')
})

t.test('S-04: everything that waits is tried again, in one mapping or in all', async (t) => {
  const w = await world(t)
  t.match(await w.run('retry'), { code: 2, err: 'Say which' })
  t.match(await w.run('retry --all'), { code: 0, out: 'Nothing waits.' })
  const [pair] = w.pairs
  w.simulator.businessCentral.edit('customers', String(pair?.businessCentral.id), { phoneNumber: '5' })
  w.simulator.faults.add({
    match: { service: 'sales', part: true, method: 'PATCH', path: String(pair?.sales.id) },
    do: { status: 400 },
  })
  t.equal((await w.run('sync')).code, 1)
  w.simulator.faults.clear()
  t.match(await w.run('retry --all --later'), { code: 0, out: 'Everything that waits is tried again: customer.' })
  t.equal((await w.run('retry --all')).code, 0)
  t.equal(w.simulator.sales.row('accounts', String(pair?.sales.id))?.['telephone1'], '5')
})

t.test(
  'a run is told whole: counts by direction, and what came to wait with both records and the way on',
  async (t) => {
    const w = await world(t)
    const [pair] = w.pairs
    const { number } = pair?.businessCentral.keys ?? { number: '' }
    w.simulator.businessCentral.edit('customers', String(pair?.businessCentral.id), { phoneNumber: '+45 33 11' })
    w.simulator.sales.edit('accounts', String(pair?.sales.id), { telephone1: '+45 44 22' })
    await w.run('sync')
    const { out } = await w.run('runs last')
    t.match(out, `customer: ${number} in Business Central ↔ ${pair?.sales.id} in Sales  conflict`)
    t.match(out, `→ try again: couplet retry customer --record ${number}`)
    t.notMatch(out, /\+45/, 'P8')
    const [last] = JSON.parse((await w.run('runs --most 1 --json')).out) as { run: string; problems: unknown[] }[]
    t.equal(last?.problems.length, 1)
    t.match((await w.run(`runs ${last?.run ?? ''}`)).out, 'customer')
    await w.run('sync')
    t.match((await w.run('runs last')).out, 'Nothing new came to wait.')
    t.match(await w.run('runs never'), { code: 2, err: 'No run is called "never"' })
  },
)

t.test('E-20: old runs are forgotten on request; what waits keeps its reason', async (t) => {
  const w = await world(t)
  const [pair] = w.pairs
  w.simulator.sales.delete('accounts', String(pair?.sales.id))
  await w.run('sync')
  const later = { clock: { now: () => new Date(Date.now() + 8 * 86_400_000), sleep: () => Promise.resolve() } }
  t.match(await w.run('runs --delete-older 7d --yes'), { code: 0, out: '0 runs forgotten.' })
  t.match(await w.run('runs --delete-older 7d', later), { code: 2, err: '2 runs that ended before' })
  t.match(await w.run('runs --delete-older 7d --yes', later), { code: 0, out: '2 runs forgotten.' })
  t.match(await w.run('runs'), { out: 'Nothing has run yet.' })
  t.match((await w.run('held --kind deleted')).out, 'its partner was deleted in Sales')
  t.match(await couplet(w.folder, 'runs --delete-older soon'), { code: 2, err: 'Give a span of time' })
})
