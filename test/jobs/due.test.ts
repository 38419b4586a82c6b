/** Running what is due, against both simulated services: times kept in state, changes seen, failures told. */
import t from 'tap'
import type { Config, Job } from '../../src/config/config.ts'
import type { JobResult } from '../../src/core/schedule.ts'
import { runDue } from '../../src/engine/due.ts'
import { resultOf } from '../../src/engine/job-result.ts'
import { activeJobs, restsBecause } from '../../src/engine/jobs.ts'
import { Lookout } from '../../src/engine/lookout.ts'
import type { RunProblem } from '../../src/engine/ports.ts'
import { ConnectorError, LockedError, StoppedError } from '../../src/errors.ts'
import { configOf, customerAccount, mapping, row, source } from '../engine/project.ts'
import { type Stage, bothWays, idOf, stage, toSales } from '../engine/stage.ts'
import { jobOf } from './job.ts'
import { portOf } from '../../src/connector/connector.ts'

const min = 60_000
const hour = 60 * min

const currencies = mapping({
  name: 'currency',
  direction: 'toSales',
  businessCentral: source('businessCentral', 'currencies', { keys: ['code'] }),
  sales: source('sales', 'transactioncurrencies', { keys: ['isocurrencycode'] }),
  match: [{ businessCentral: ['code'], sales: ['isocurrencycode'], lookup: {}, caseSensitive: false }],
  fields: [row('name', { businessCentral: 'displayName', sales: 'currencyname', direction: 'toSales' })],
})

const configWith = (jobs: readonly Job[]): Config => ({
  ...configOf([currencies, customerAccount(bothWays)]),
  jobs,
})
const config = configWith([jobOf(), jobOf({ name: 'currencies', mappings: ['currency'] })])

const dueNames = async (stage: Stage, asked: Config = config): Promise<readonly string[]> =>
  (await runDue(asked, stage.ports)).runs.map(({ job }) => job.name)

t.test('without remembered times everything is due, in the order of the mappings; then nothing is', async (t) => {
  const s = await stage(t)
  s.customer({ number: '10000' })
  t.same(await dueNames(s), ['currencies', 'customers'])
  t.same(await dueNames(s), [], 'its own writes coming back are no changes (P4)')
  const { waiting } = await runDue(config, s.ports)
  t.match(
    waiting.map(({ job, status }) => [job, status]),
    [
      ['currencies', 'asleep'],
      ['customers', 'ready'],
    ],
    'T-02: what found nothing sleeps',
  )
  s.clock.advance(31 * min)
  t.same(await dueNames(s), ['customers'], 'T-01: the interval has passed')
  s.clock.advance(11 * hour)
  t.same(await dueNames(s), [], 'it sleeps for its inactivity')
  s.clock.advance(hour)
  t.same((await dueNames(s)).length, 2)
})

t.test('T-03, T-04 an edit on either side is seen, whatever the times say', async (t) => {
  const s = await stage(t)
  const customer = s.customer({ number: '10000' })
  await dueNames(s)
  await dueNames(s)
  s.simulator.businessCentral.edit('customers', idOf(customer), { phoneNumber: '1' })
  t.same(await dueNames(s), ['customers'])
  const [account] = s.accounts()
  t.equal(account?.['telephone1'], '1')
  t.same(await dueNames(s), [])
  s.simulator.sales.edit('accounts', idOf(account ?? {}), { telephone1: '2' })
  t.same(await dueNames(s), ['customers'])
  t.equal(s.customers()[0]?.['phoneNumber'], '2')
  s.simulator.sales.create('accounts', { name: 'A vendor', customertypecode: 11 })
  t.same(await dueNames(s), [], 'a record outside the filter is nobody’s')
  s.account({ name: 'New', accountnumber: 'N1' })
  t.same(await dueNames(s), ['customers'])
  const never = configWith(config.jobs.map((job) => ({ ...job, wakeMs: undefined })))
  s.simulator.sales.edit('accounts', idOf(account ?? {}), { telephone1: '3' })
  t.same(await dueNames(s, never), [], 'wake: never leaves it to the times')
})

t.test('a look costs one small request a side, reads the copy for readers, and writes nothing', async (t) => {
  const s = await stage(t)
  s.customer({ number: '10000' })
  await dueNames(s)
  s.clock.advance(31 * min)
  await dueNames(s)
  const lookout = new Lookout(config, s.ports)
  const customers = config.mappings.find(({ name }) => name === 'customer-account')
  if (customers === undefined) throw new Error('no mapping')
  await lookout.look(customers, undefined)
  s.simulator.resetRequests()
  t.same(await lookout.look(customers, undefined), { kind: 'quiet' })
  const { businessCentral, sales } = s.simulator.requests()
  t.equal(businessCentral.requests, 1)
  t.equal(sales.requests, 1)
  t.equal(businessCentral.writes + sales.writes, 0)
})

t.test('T-05 two runners never run the same: the second finds the lock, and later nothing due', async (t) => {
  const s = await stage(t)
  s.onEvent = (event) => {
    if (event.kind !== 'run.started') return
    s.onEvent = () => {}
    void t.rejects(runDue(config, s.ports), LockedError)
  }
  t.equal((await dueNames(s)).length, 2)
  t.same(await dueNames(s), [])
})

t.test('T-06 a job that fails as a whole is told, tried later, and does not stop the others', async (t) => {
  const s = await stage(t)
  const good = s.connectors
  const down = new ConnectorError('sales', 'unreachable', { message: 'Sales gave no answer', remedy: 'Look.' })
  s.connectors = { ...good, sales: { ...portOf(good.sales), identify: () => Promise.reject(down) } }
  const { runs } = await runDue(config, s.ports)
  t.equal(runs.length, 2)
  for (const { result, state, error } of runs) {
    t.match(result, { kind: 'failed', fault: 'outage', reason: 'Sales gave no answer. Look.' })
    t.match(state, { status: 'ready', attempts: 1, fault: 'outage' })
    t.equal(error, down)
  }
  s.connectors = good
  t.same(await dueNames(s, configWith([jobOf({ everyMs: 1000 })])), [], 'not before its moment')
  s.clock.advance(min)
  t.equal((await dueNames(s)).length, 2)
  t.match((await s.store.jobs()).get('customers'), { attempts: 0, reason: undefined })
})

t.test('T-06 a job that an outage stopped goes on when the services answer again', async (t) => {
  const s = await stage(t)
  const good = s.connectors
  const down = new ConnectorError('sales', 'unreachable', { message: 'no answer', remedy: '' })
  s.connectors = { ...good, sales: { ...portOf(good.sales), identify: () => Promise.reject(down) } }
  const once = configWith([jobOf({ attempts: 1 })])
  t.match((await runDue(once, s.ports)).runs[0]?.state, { status: 'stopped' })
  const still = await runDue(once, s.ports)
  t.equal(still.runs.length, 0)
  t.equal(still.unseen, down, 'that nothing could be looked at is told')
  s.connectors = good
  t.same(await dueNames(s, once), ['customers'])
})

t.test(
  'a limit that a person accepted by hand keeps the job no longer, and no edit waits for its interval',
  async (t) => {
    const s = await stage(t)
    const none = { count: 100, share: undefined }
    const limits = { creates: { count: 1, share: undefined }, updates: none, deletes: none }
    const jobs = [jobOf(), jobOf({ name: 'currencies', mappings: ['currency'] })]
    const guarded: Config = { ...configOf([currencies, customerAccount({ ...bothWays, limits })]), jobs }
    const customers = ['1', '2', '3'].map((number) => s.customer({ number }))
    t.match((await runDue(guarded, s.ports)).runs[1]?.state, { attempts: 1, fault: 'limit' })
    s.clock.advance(hour)
    t.match((await runDue(guarded, s.ports)).runs[0]?.state, { attempts: 2, fault: 'limit' })
    const state = async () => (await s.store.jobs()).get('customers')

    await s.run(guarded, { records: [{ column: 'number', value: '1' }] })
    await s.run(guarded, { mappings: ['currency'] })
    await s.run(guarded, { dry: true })
    t.match(await state(), { attempts: 2 }, 'a record, another mapping, or a plan says nothing about it')
    await t.rejects(s.run(guarded))
    t.match(await state(), { attempts: 2 }, 'nor does a run that the limit stops again')

    await s.run(guarded, { mappings: ['customer-account'], accept: [{ kind: 'creates', count: 2 }] })
    t.match(await state(), { status: 'ready', attempts: 0, fault: undefined, reason: undefined })
    t.same(await dueNames(s, guarded), ['customers'], 'it is due')
    s.simulator.businessCentral.edit('customers', idOf(customers[0] ?? {}), { phoneNumber: '1' })
    t.same(await dueNames(s, guarded), ['customers'], 'and edits wake it again')
  },
)

t.test('a good run by hand takes up a stopped job, and leaves one that a person put on hold', async (t) => {
  const s = await stage(t)
  const stopped = { job: 'customers', nextStart: '2999-01-01T00:00:00Z', attempts: 10 } as const
  const put = async (status: 'stopped' | 'onHold') => {
    await s.store.lock('test')
    await s.store.recordJob({ ...stopped, status, fault: 'other', reason: 'broken' })
    await s.store.unlock()
  }
  await put('onHold')
  await s.run(config)
  t.match((await s.store.jobs()).get('customers'), { status: 'onHold', reason: 'broken' })
  await put('stopped')
  const good = s.connectors
  const down = new ConnectorError('sales', 'forbidden', { message: 'not allowed', remedy: '' })
  s.connectors = {
    ...good,
    sales: {
      ...portOf(good.sales),
      changes: () => {
        throw down
      },
    },
  }
  await s.run(config)
  t.match((await s.store.jobs()).get('customers'), { status: 'stopped' }, 'a run that went badly changes nothing')
  s.connectors = good
  await s.run(config)
  t.match((await s.store.jobs()).get('customers'), { status: 'ready', attempts: 0, reason: undefined })
})

t.test('T-07 what is switched off in the files or on hold does not run', async (t) => {
  const s = await stage(t)
  const off = configWith([jobOf({ enabled: false, reason: 'moving house' }), jobOf({ name: 'b', mappings: ['x'] })])
  t.same(activeJobs(off), [])
  t.equal(restsBecause(off, off.jobs[0] as Job), 'moving house')
  t.equal(restsBecause(off, off.jobs[1] as Job), 'none of its mappings is in use')
  const sales = { ...config.connections.sales, enabled: false }
  const unconnected = { ...config, connections: { ...config.connections, sales } }
  t.equal(restsBecause(unconnected, jobOf()), 'the connection to Sales is switched off')
  await s.store.lock('test')
  await s.store.recordJob({ job: 'customers', status: 'onHold', nextStart: '2020-01-01T00:00:00Z', attempts: 0 })
  await s.store.unlock()
  t.same(await dueNames(s), ['currencies'])
})

t.test('T-08 a job that starts asleep begins its sleep once, not at every call', async (t) => {
  const s = await stage(t)
  const sleepy = configWith([jobOf({ startsAsleep: true, inactivityMs: undefined, wakeMs: undefined })])
  t.same(await dueNames(s, sleepy), [])
  s.clock.advance(20 * min)
  t.same(await dueNames(s, sleepy), [])
  s.clock.advance(11 * min)
  t.same(await dueNames(s, sleepy), ['customers'])
})

t.test('a stop leaves nothing half done, and the job due', async (t) => {
  const s = await stage(t)
  s.customer({ number: '10000' })
  const stopping = new AbortController()
  s.onEvent = (event) => {
    if (event.kind === 'mapping.started' && event.mapping === 'customer-account' && event.phase === 'apply')
      stopping.abort()
  }
  await t.rejects(runDue(config, { ...s.ports, stop: stopping.signal }), StoppedError)
  s.onEvent = () => {}
  t.equal(s.accounts().length, 0)
  const { lastStart = '', lastEnd = '' } = (await s.store.jobs()).get('customers') ?? {}
  t.ok(lastStart > lastEnd, 'it was begun and not ended')
  t.same(await dueNames(s), ['customers'], 'the lock is free')
  t.equal(s.accounts().length, 1)
})

t.test('records that wait for a coupling are taken up when another job couples something', async (t) => {
  const s = await stage(t)
  const referring = customerAccount({
    ...bothWays,
    fields: [
      ...customerAccount().fields,
      row('currency', {
        businessCentral: 'currencyId',
        sales: 'transactioncurrencyid',
        direction: 'toSales',
        lookup: { kind: 'coupling', mapping: 'currency' },
      } as Parameters<typeof row>[1]),
    ],
  })
  const jobs = [jobOf({ wakeMs: undefined }), jobOf({ name: 'currencies', mappings: ['currency'], wakeMs: undefined })]
  const both: Config = { ...configOf([{ ...currencies, ...toSales }, referring]), jobs }
  await s.store.lock('test')
  await s.store.recordJob({
    job: 'customers',
    status: 'asleep',
    nextStart: new Date(s.clock.now().getTime() + 12 * hour).toISOString(),
    attempts: 0,
  })
  await s.store.commit('customer-account', [
    {
      kind: 'hold',
      held: {
        side: 'businessCentral',
        id: 'x',
        kind: 'waiting',
        number: '1',
        fields: ['currency'],
        message: 'waits',
        remedy: '',
        since: '2026-01-01T00:00:00Z',
        attempts: 0,
      },
    },
  ])
  await s.store.unlock()
  s.simulator.businessCentral.create('currencies', { code: 'XTS', displayName: 'Testing' })
  t.same(await dueNames(s, both), ['currencies', 'customers'])
})

const problem = (given: Partial<RunProblem>): RunProblem => ({
  mapping: 'customer-account',
  side: 'sales',
  id: 'x',
  number: '1',
  kind: 'failed',
  message: 'refused',
  remedy: 'Do this.',
  isNew: true,
  isRefusedNow: true,
  ...given,
})

const resultWith = (given: Partial<RunProblem>): JobResult => resultOf({ mappings: [], problems: [problem(given)] })

t.test('E-18 a privilege that is missing for a whole table stops the job; one refused record does not', (t) => {
  t.match(resultWith({ code: '0x80040220', message: 'Principal user is missing prvCreateAccount privilege' }), {
    kind: 'failed',
    fault: 'permission',
    reason: /prvCreateAccount privilege\. Do this\./,
  })
  t.match(resultWith({ code: 'Authorization_RequestDenied' }), { kind: 'failed', fault: 'permission' })
  t.match(resultWith({ code: '0x80040220', message: 'AccessRights: WriteAccess' }), { kind: 'done', failed: 1 })
  const earlier = { code: 'Authorization_RequestDenied', isRefusedNow: false }
  t.match(
    resultWith(earlier),
    { kind: 'done', failed: 1 },
    'what was refused before the restart and waits is not told again',
  )
  t.match(resultWith({ kind: 'service', id: undefined, code: 'forbidden' }), { kind: 'failed', fault: 'permission' })
  t.match(
    resultWith({ kind: 'conflict' }),
    { kind: 'done', moved: 0, failed: 0 },
    'what waits for a person keeps nobody awake',
  )
  t.end()
})
