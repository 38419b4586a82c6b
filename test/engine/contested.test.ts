/**
 * P10: records between which nobody could choose cost a bounded number of requests while nothing of that moves, however
 * many they are; and they go on when a person resolves it, in either service and in whichever way.
 */
import t from 'tap'
import type { Mapping, Source } from '../../src/config/config.ts'
import { type Connector, portOf } from '../../src/connector/connector.ts'
import type { Row } from '../../src/simulator/table.ts'
import { customerAccount } from './project.ts'
import { type Stage, bothWays, idOf, stage } from './stage.ts'

const name = 'customer-account'
const both = customerAccount(bothWays)

/** Requests of one run. */
async function asked(s: Stage, mappings: readonly Mapping[] = [both]): Promise<number> {
  s.simulator.resetRequests()
  await s.run(mappings)
  const { businessCentral, sales } = s.simulator.requests()
  return businessCentral.requests + sales.requests
}

const customer = (s: Stage, number: string, called: string): string =>
  idOf(s.customer({ number, displayName: called, postalCode: '1' }))
const account = (s: Stage, called: string, more: Row = {}): string =>
  idOf(s.account({ name: called, address1_postalcode: '1', ...more }))

/** So many customers of which each could be one of two accounts, or the other way round. */
function contest(s: Stage, count: number, doubled: 'customers' | 'accounts'): void {
  for (let at = 0; at < count; at++) {
    customer(s, `C${at}`, `Name ${at}`)
    account(s, `Name ${at}`)
    if (doubled === 'customers') customer(s, `D${at}`, `Name ${at}`)
    else account(s, `Name ${at}`)
  }
}

/** Requests of a run with nothing to do, while so many customers have two partners to choose from. */
async function quiet(
  t: Parameters<typeof stage>[0],
  count: number,
  doubled: 'customers' | 'accounts',
  prepare: (s: Stage) => void = () => {},
): Promise<number> {
  const s = await stage(t)
  prepare(s)
  customer(s, 'Q', 'Quiet')
  contest(s, count, doubled)
  await s.run([both])
  await s.run([both])
  if (s.held().length !== count * 3) throw new Error(`${s.held().length} are held`)
  const requests = await asked(s)
  if (s.held().length !== count * 3) throw new Error(`${s.held().length} are held still`)
  return requests
}

t.test('P10: a run asks once more while records wait for a choice, and not more often while many do', async (t) => {
  for (const doubled of ['customers', 'accounts'] as const) {
    const none = await quiet(t, 0, doubled)
    for (const count of doubled === 'accounts' ? [1, 100, 600] : [1, 100])
      t.equal(await quiet(t, count, doubled), none + 1, `${count} doubled ${doubled}`)
  }
})

/** Lets Business Central tell no time of change: customers are read whole in each run. */
function scan(s: Stage): void {
  const { businessCentral } = s.connectors
  const changes: Connector['changes'] = async function* (query) {
    for await (const page of businessCentral.changes(query, undefined))
      yield page.next === undefined ? page : { ...page, next: { kind: 'scan' } }
  }
  s.connectors = { ...s.connectors, businessCentral: { ...portOf(businessCentral), changes } }
}

t.test('P10: where a side is read whole in each run, nothing more is asked of records that wait', async (t) => {
  for (const doubled of ['customers', 'accounts'] as const)
    t.equal(await quiet(t, 100, doubled, scan), await quiet(t, 0, doubled, scan), doubled)
})

/** One customer and one account that belong together, and another record that could as well be the partner. */
interface Triangle {
  readonly s: Stage
  readonly customer: string
  readonly account: string
  /** The record too many. */
  readonly other: string
}

/** Held after a day without any change: nothing reports any of the three any more. */
async function triangle(t: Parameters<typeof stage>[0], mapped: Mapping, doubled: Doubled): Promise<Triangle> {
  const s = await stage(t, doubled === 'accounts, untold' ? untold : {})
  if (doubled.endsWith('scanned')) scan(s)
  const ids = { customer: customer(s, 'C1', 'Adatum'), account: account(s, 'Adatum') }
  const other = doubled.startsWith('customers') ? customer(s, 'C2', 'Adatum') : account(s, 'Adatum')
  await s.run([mapped])
  s.clock.advance(3_600_000)
  customer(s, 'LATER', 'Later')
  account(s, 'Later')
  await s.run([mapped])
  await s.run([mapped])
  const isTold = s.store.mapping(name).watermark('sales')?.kind === 'delta'
  if (mapped.direction !== 'toSales' && isTold === (doubled === 'accounts, untold'))
    throw new Error('tracked otherwise')
  if (s.held().some(({ kind, rivals }) => kind !== 'ambiguous' || rivals === undefined)) throw new Error('not held')
  return { s, ...ids, other }
}

type Doubled = (typeof doubling)[number]
const doubling = ['customers', 'customers, scanned', 'accounts', 'accounts, untold', 'accounts, scanned'] as const
const untold = { sales: { changeTracking: { account: false } } } as const

/** What a person does about the record too many. */
const ways: Readonly<Record<string, (of: Triangle, set: 'customers' | 'accounts') => void>> = {
  'deletes it': ({ s, other }, set) => {
    if (set === 'customers') s.simulator.businessCentral.delete(set, other)
    else s.simulator.sales.delete(set, other)
  },
  'gives it another name': ({ s, other }, set) => {
    if (set === 'customers') s.simulator.businessCentral.edit(set, other, { displayName: 'Another' })
    else s.simulator.sales.edit(set, other, { name: 'Another' })
  },
  'takes it out of the filter': ({ s, other }, set) => {
    if (set === 'customers') s.simulator.businessCentral.edit(set, other, { blocked: 'All' })
    else s.simulator.sales.edit(set, other, { statecode: 1, statuscode: 2 })
  },
  'names the right one by its number': ({ s, account: right }) => {
    s.simulator.sales.edit('accounts', right, { accountnumber: 'C1' })
  },
}

const directions: Readonly<Record<string, Mapping>> = {
  both,
  toSales: customerAccount({ direction: 'toSales' }),
  toBusinessCentral: customerAccount({
    direction: 'toBusinessCentral',
    fields: both.fields.filter(({ direction }) => direction !== 'toSales'),
  }),
}

for (const doubled of doubling)
  t.test(`${doubled} doubled: the right two are coupled by the next run, whatever a person does`, async (t) => {
    for (const [direction, mapped] of Object.entries(directions))
      for (const [way, act] of Object.entries(ways)) {
        const of = await triangle(t, mapped, doubled)
        act(of, doubled.startsWith('customers') ? 'customers' : 'accounts')
        await of.s.run([mapped])
        const pair = of.s.store.mapping(name).bySide('businessCentral', of.customer)
        t.equal(pair?.sales.id, of.account, `${direction}: ${way}`)
      }
  })

t.test('a third partner changes nothing, and the last one left is taken', async (t) => {
  const { s, customer: id, account: first, other } = await triangle(t, both, 'accounts')
  const third = account(s, 'Adatum')
  await s.run([both])
  t.equal(s.held().length, 4)
  s.simulator.sales.delete('accounts', first)
  s.simulator.sales.delete('accounts', other)
  await s.run([both])
  t.equal(s.store.mapping(name).bySide('businessCentral', id)?.sales.id, third)
  t.same(s.held(), [])
})

t.test('without any partner left it gets one of its own, as any new record', async (t) => {
  const { s, customer: id, account: first, other } = await triangle(t, both, 'accounts')
  for (const one of [first, other]) s.simulator.sales.delete('accounts', one)
  await s.run([both])
  t.equal(s.store.mapping(name).bySide('businessCentral', id)?.sales.keys['accountid'], undefined)
  t.equal(s.accounts().filter((row) => row['name'] === 'Adatum').length, 1)
  t.same(s.held(), [])
})

t.test('a record that is edited so that it has one partner, or none, is looked at with the edit', async (t) => {
  const { s, customer: id, account: first, other } = await triangle(t, both, 'accounts')
  s.simulator.sales.edit('accounts', other, { accountnumber: 'NEW' })
  await s.run([both])
  t.equal(s.held().length, 3, 'what is edited beside the point changes nothing')
  s.simulator.businessCentral.edit('customers', id, { number: 'NEW' })
  await s.run([both])
  t.equal(s.store.mapping(name).bySide('businessCentral', id)?.sales.id, other)
  await s.run([both])
  t.match(s.held(), [
    {
      id: first,
      rivals: [
        { id, coupled: true },
        { id: other, coupled: true },
      ],
    },
  ])
})

t.test('a record that is deleted waits no more, and those that waited because of it go on', async (t) => {
  const { s, customer: id, account: only, other } = await triangle(t, both, 'customers')
  s.simulator.businessCentral.delete('customers', id)
  await s.run([both])
  t.equal(s.store.mapping(name).bySide('businessCentral', other)?.sales.id, only)
  t.same(s.held(), [])
})

t.test('an edit of a rival that has its partner is looked at once, where it travels too', async (t) => {
  const s = await stage(t)
  customer(s, 'C1', 'Adatum')
  const sales = account(s, 'Adatum')
  await s.run([both])
  const late = customer(s, 'C2', 'Adatum')
  await s.run([both])
  await s.run([both])
  t.match(s.held(), [{ id: late, kind: 'ambiguous' }])
  const requests = await asked(s)
  s.simulator.sales.edit('accounts', sales, { telephone1: '1' })
  await s.run([both])
  await s.run([both])
  t.equal(await asked(s), requests)
})

t.test('a rival whose pair is taken apart is free in the next run, though neither record has moved', async (t) => {
  const s = await stage(t)
  const [bc, sales] = [customer(s, 'C1', 'Adatum'), account(s, 'Adatum')]
  await s.run([both])
  s.simulator.businessCentral.edit('customers', bc, { displayName: 'Renamed' })
  await s.run([both])
  s.simulator.sales.edit('accounts', sales, { accountnumber: 'C2' })
  const late = customer(s, 'C2', 'Another')
  await s.run([both])
  await s.run([both])
  t.match(s.held(), [{ id: late, kind: 'ambiguous', rivals: [{ id: sales, coupled: true }] }])
  await s.store.lock('a person')
  await s.store.commit(name, [{ kind: 'uncouple', businessCentral: bc, sales, generation: true }])
  await s.store.unlock()
  await s.run([both])
  t.equal(s.store.mapping(name).bySide('businessCentral', late)?.sales.id, sales)
})

t.test('another configuration, a full run and a plan look at all of them', async (t) => {
  const { s, customer: id, account: right } = await triangle(t, both, 'accounts')
  t.equal((await s.run([both], { dry: true })).plan.holds.length, 3)
  const before = JSON.stringify(s.held())
  await s.run([both], { full: true })
  t.equal(JSON.stringify(s.held()), before)
  s.simulator.sales.edit('accounts', right, { telephone1: 'C1' })
  await s.run([both])
  await s.run([both])
  t.equal(s.held().length, 3)
  await s.run([{ ...both, match: [{ ...groupOf(0), sales: ['telephone1'] }, groupOf(1)] }])
  t.equal(s.store.mapping(name).bySide('businessCentral', id)?.sales.id, right)
})

const groupOf = (at: 0 | 1): Mapping['match'][number] => {
  const group = both.match[at]
  if (group === undefined) throw new Error('no such group')
  return group
}

t.test('a record that is matched by what is joined to it is looked at when that changes', async (t) => {
  const { businessCentral: side } = both
  const term: Source['joins'][number] = {
    name: 'term',
    entity: { kind: 'standard', entity: 'paymentTerms' },
    on: { id: 'paymentTermsId' },
    where: undefined,
    latest: undefined,
    many: false,
    triggers: true,
    select: ['displayName'],
    optional: false,
  }
  const mapped = customerAccount({
    businessCentral: { ...side, joins: [term] },
    match: [{ ...groupOf(0), businessCentral: ['term.displayName'], sales: ['accountnumber'] }],
  })
  const s = await stage(t)
  const terms = idOf(s.simulator.businessCentral.create('paymentTerms', { code: 'A', displayName: 'A' }))
  const id = idOf(s.customer({ number: 'C1', paymentTermsId: terms }))
  for (const accountnumber of ['A', 'A']) account(s, 'Adatum', { accountnumber })
  const right = account(s, 'Adatum', { accountnumber: 'B' })
  await s.run([mapped])
  await s.run([mapped])
  t.match(s.store.mapping(name).held('businessCentral', id), { kind: 'ambiguous', rivals: { length: 2 } })
  s.simulator.businessCentral.edit('paymentTerms', terms, { displayName: 'B' })
  await s.run([mapped])
  t.equal(s.store.mapping(name).bySide('businessCentral', id)?.sales.id, right)
})

t.test('a new rival on a side that is not read is found within the interval of deletes.sweep', async (t) => {
  const mapped = customerAccount({ direction: 'toSales' })
  const { s, customer: id } = await triangle(t, mapped, 'accounts')
  const right = account(s, 'Adatum Ltd.', { accountnumber: 'C1' })
  await s.run([mapped])
  t.equal(s.store.mapping(name).bySide('businessCentral', id), undefined)
  s.clock.advance(mapped.deletes.sweepMs)
  await s.run([mapped])
  t.equal(s.store.mapping(name).bySide('businessCentral', id)?.sales.id, right)
})

t.test('P10: of very many a run asks for a portion, and each has its turn', async (t) => {
  const s = await stage(t)
  contest(s, 500, 'customers')
  await s.run([both])
  await s.run([both])
  t.equal(s.held().length, 1500)
  const requests = await asked(s)
  for (const row of s.customers().filter((each) => String(each['number']).startsWith('D')))
    s.simulator.businessCentral.delete('customers', String(row['id']))
  const left: number[] = []
  for (let run = 0; run < 3; run++) {
    await s.run([both])
    left.push(s.held().length)
  }
  t.ok((left[0] ?? 0) > 0 && (left[0] ?? 0) < 1500, String(left))
  t.same(left.slice(1), [0, 0], 'a thousand customers are two portions')
  t.equal(requests, 4)
  t.same([...s.store.mapping(name).watched('businessCentral/contested')], [], 'nothing of that is left in state')
})

t.test('P1: who is contested already is nobody else’s partner, though it waits and is not looked at', async (t) => {
  for (const mapped of [both, customerAccount({ direction: 'toSales' })]) {
    const s = await stage(t)
    customer(s, 'C9', 'Nine')
    const one = account(s, 'Adatum', { accountnumber: 'C9' })
    account(s, 'Another', { accountnumber: 'C9' })
    await s.run([mapped])
    await s.run([mapped])
    const late = customer(s, 'C10', 'Adatum')
    await s.run([mapped])
    t.equal(s.store.mapping(name).bySide('sales', one), undefined, 'two may be that of C9, and it is one of them')
    t.match(s.store.mapping(name).held('businessCentral', late), { kind: 'ambiguous' })
    s.simulator.businessCentral.edit('customers', late, { phoneNumber: '1' })
    await s.run([mapped])
    t.match(s.store.mapping(name).held('businessCentral', late), { kind: 'ambiguous' })
  }
})

t.test('state of an earlier version is looked at once, and then knows', async (t) => {
  const { s } = await triangle(t, both, 'accounts')
  const requests = await asked(s)
  const known = s.held()
  await s.store.lock('an earlier version')
  for (const { rivals: _rivals, source: _source, under: _under, ...held } of known)
    await s.store.commit(name, [{ kind: 'hold', held }])
  await s.store.unlock()
  t.ok((await asked(s)) > requests)
  t.same(s.held(), known)
  t.equal(await asked(s), requests)
})

t.test('P8: state names rivals by id and version alone', async (t) => {
  const { s } = await triangle(t, both, 'accounts')
  for (const { rivals = [] } of s.held())
    for (const rival of rivals) t.strictSame(Object.keys(rival).sort(), ['id', 'side', 'version'])
  t.notMatch(JSON.stringify(s.held()), /Adatum/)
})
