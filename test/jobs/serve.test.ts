/** The job service over days of virtual time, against both simulated services. */
import t from 'tap'
import type { Test } from 'tap'
import type { Config, Job } from '../../src/config/config.ts'
import type { Event } from '../../src/core/event.ts'
import type { JobRun } from '../../src/engine/jobs.ts'
import { ConnectorError } from '../../src/errors.ts'
import { JobService, type ServicePorts } from '../../src/serve/job-service.ts'
import { type SetAlarm, schedulerOver } from '../../src/serve/scheduler.ts'
import { openMemoryStore, overlay } from '../../src/store/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { world } from '../connector/world.ts'
import { configOf, customerAccount } from '../engine/project.ts'
import { bothWays, theKey } from '../engine/stage.ts'
import { jobOf } from './job.ts'
import { VirtualTime } from './time.ts'
import { portOf } from '../../src/connector/connector.ts'

const min = 60_000
const hour = 60 * min
const day = 24 * hour

const job = jobOf()

const configWith = (...jobs: readonly Job[]): Config => ({ ...configOf([customerAccount(bothWays)]), jobs })

interface Stage {
  readonly time: VirtualTime
  readonly service: JobService
  readonly ports: ServicePorts
  readonly store: Store
  readonly events: Event[]
  /** Starts of runs: moment and job. */
  readonly runs: readonly JobRun[]
  /** Moments of the runs' ends, ISO 8601. */
  readonly ends: readonly string[]
  readonly beats: number
  readonly simulator: Awaited<ReturnType<typeof world>>['simulator']
  /** Sales gives no answer. */
  down: boolean
  pass(ms: number): Promise<void>
  stop(): Promise<void>
}

async function stage(
  t: Test,
  config: Config,
  given: { readonly start?: string; readonly store?: Store; readonly isTold?: boolean } = {},
): Promise<Stage> {
  const time = new VirtualTime(given.start ?? '2026-03-28T12:00:00Z')
  const opened = await world({ company: 'empty', simulator: { world: { now: () => time.clock.now() } } })
  t.teardown(() => opened.stop())
  const store = given.store ?? openMemoryStore(theKey)
  const stopping = new AbortController()
  const runs: JobRun[] = []
  const ends: string[] = []
  const events: Event[] = []
  const identify = (): ReturnType<typeof opened.sales.identify> =>
    made.down
      ? Promise.reject(new ConnectorError('sales', 'unreachable', { message: 'no answer', remedy: 'Look.' }))
      : opened.sales.identify()
  const ports: ServicePorts = {
    connectors: { businessCentral: opened.businessCentral, sales: { ...portOf(opened.sales), identify } },
    store,
    overlay,
    clock: time.clock,
    scheduler: time.scheduler,
    emit: (event) => void events.push(event),
    stop: stopping.signal,
    told: (run) => {
      runs.push(run)
      ends.push(time.clock.now().toISOString())
    },
    beat: () => {
      beats += 1
    },
    isTold: () => given.isTold === true,
  }
  const service = new JobService(config, ports)
  let beats = 0
  const made = {
    time,
    service,
    ports,
    store,
    events,
    runs,
    ends,
    get beats() {
      return beats
    },
    simulator: opened.simulator,
    down: false,
    pass: (ms: number) => time.pass(ms, () => service.idle()),
    stop: async () => {
      stopping.abort()
      await service.idle()
    },
  }
  service.failed.catch((error: unknown) => t.fail(String(error)))
  service.kick()
  await service.idle()
  t.teardown(() => made.stop())
  return made
}

t.test(
  'T-01, T-02 a busy job runs every half an hour, an idle one twice a day, also on the night the clocks change',
  async (t) => {
    const s = await stage(t, configWith({ ...job, wakeMs: undefined }), { start: '2026-03-28T12:00:00Z' })
    t.equal(s.runs.length, 1, 'a new job is due')
    await s.pass(2 * day)
    t.same(
      s.ends.map((end) => end.slice(5, 16)),
      ['03-28T12:00', '03-29T00:00', '03-29T12:00', '03-30T00:00', '03-30T12:00'],
      'the night of 29 March lacks an hour in Europe, and no run',
    )
    const busy = await stage(t, configWith({ ...job, inactivityMs: undefined, wakeMs: undefined }), {
      start: '2026-10-24T22:00:00Z',
    })
    await busy.pass(6 * hour)
    t.equal(busy.runs.length, 13, 'and the night of 25 October has one more, and no run twice')
    t.equal(new Set(busy.ends).size, 13)
  },
)

t.test('T-03, T-04 a sleeping job is woken by either side half a minute after the first edit', async (t) => {
  const s = await stage(t, configWith(job))
  await s.pass(2 * hour)
  t.equal(s.runs.length, 1, 'it sleeps, and is only looked after')
  const customer = s.simulator.businessCentral.create('customers', { number: '10000', displayName: 'A' })
  const edited = s.time.now
  await s.pass(2 * min)
  t.equal(s.runs.length, 2)
  const wait = Date.parse(s.ends[1] ?? '') - edited
  t.ok(wait >= 30_000 && wait <= 90_000, `${wait} ms after the edit`)
  t.match(
    s.events.filter(({ kind }) => kind === 'job.woken'),
    [{ job: 'customers' }],
  )
  const account = s.simulator.sales.rows('accounts').find((row) => row['accountnumber'] === '10000')
  t.ok(account, 'it is in Sales')
  await s.pass(10 * min)
  t.equal(s.runs.length, 2, 'its own write coming back wakes nobody (P4)')
  s.simulator.sales.edit('accounts', String(account?.['accountid']), { telephone1: '7' })
  await s.pass(20_000)
  s.simulator.sales.edit('accounts', String(account?.['accountid']), { address1_city: 'Graz' })
  await s.pass(2 * min)
  t.equal(s.runs.length, 3, 'further edits fall into the same run')
  t.match(s.simulator.businessCentral.row('customers', String(customer['id'])), { phoneNumber: '7', city: 'Graz' })
})

t.test('T-03 a webhook’s word makes the service look at once; otherwise that side is not asked', async (t) => {
  const s = await stage(t, configWith(job), { isTold: true })
  await s.pass(2 * hour)
  s.simulator.businessCentral.create('customers', { number: '10000', displayName: 'A' })
  await s.pass(hour)
  t.equal(s.runs.length, 1, 'Business Central has said nothing')
  s.service.notice(['customer-account'])
  await s.service.idle()
  await s.pass(min)
  t.equal(s.runs.length, 2)
  s.service.notice(['customer-account'])
  await s.service.idle()
  await s.pass(min)
  t.equal(s.runs.length, 2, 'a word alone starts nothing')
})

t.test(
  'T-06 an outage is tried with growing delay until the job stops; it goes on when the cause is gone',
  async (t) => {
    const s = await stage(t, configWith(job))
    s.simulator.businessCentral.create('customers', { number: '10000', displayName: 'A' })
    s.down = true
    await s.pass(2 * min)
    t.match(s.runs.at(-1)?.result, { kind: 'failed', fault: 'outage' })
    await s.pass(day)
    t.match((await s.store.jobs()).get('customers'), { status: 'stopped', attempts: 10 })
    t.equal(s.runs.length, 11, 'ten tries, and no more')
    const beats = s.beats
    await s.pass(3 * hour)
    t.equal(s.beats, beats, 'no heartbeat while a job fails')
    s.down = false
    await s.pass(31 * min)
    t.match((await s.store.jobs()).get('customers'), { attempts: 0 })
    t.ok(s.simulator.sales.rows('accounts').some((row) => row['accountnumber'] === '10000'))
    t.ok(s.beats > beats)
  },
)

t.test('T-07 a job that a person puts on hold or restarts is seen without a restart of the service', async (t) => {
  const s = await stage(t, configWith({ ...job, wakeMs: undefined, inactivityMs: undefined }))
  const known = (await s.store.jobs()).get('customers')
  if (known === undefined) throw new Error('no state')
  const decide = async (state: typeof known): Promise<void> => {
    await s.store.lock('person')
    await s.store.recordJob(state)
    await s.store.unlock()
  }
  await decide({ ...known, status: 'onHold' })
  await s.pass(day)
  t.equal(s.runs.length, 1)
  await decide({ ...known, status: 'ready', nextStart: '' })
  await s.pass(min)
  t.equal(s.runs.length, 2)
})

t.test('T-05, U-04, U-06 while somebody else holds the lock nothing runs, and no run is lost', async (t) => {
  const s = await stage(t, configWith({ ...job, wakeMs: undefined, inactivityMs: undefined }))
  await s.store.lock('a full sync')
  await s.pass(2 * hour)
  t.equal(s.runs.length, 1)
  t.equal((await s.store.jobs()).get('customers')?.attempts, 0, 'that is no failure of the job')
  t.ok(s.events.some((event) => event.kind === 'warning' && /locked/.test(event.message)))
  await s.store.unlock()
  await s.pass(min)
  t.equal(s.runs.length, 2)
})

t.test('two services on one state run nothing twice', async (t) => {
  const store = openMemoryStore(theKey)
  const busy = { ...job, wakeMs: undefined, inactivityMs: undefined }
  const s = await stage(t, configWith(busy), { store })
  const others: JobRun[] = []
  const other = new JobService(configWith(busy), {
    ...s.ports,
    told: (run) => void others.push(run),
    beat: () => {},
  })
  t.teardown(() => other.idle())
  const both = async (): Promise<void> => {
    await Promise.all([s.service.idle(), other.idle()])
  }
  other.kick()
  await both()
  t.equal(others.length, 0, 'it was done a moment before')
  await s.time.pass(5 * hour, both)
  t.equal(s.runs.length + others.length, 11)
  await store.lock('person')
  await store.recordJob({ job: 'customers', status: 'ready', nextStart: '', attempts: 0 })
  await store.unlock()
  s.service.kick()
  other.kick()
  await both()
  await s.time.pass(2 * min, both)
  t.equal(s.runs.length + others.length, 12, 'started at the same moment')
})

t.test('a start that was missed is made up for, once', async (t) => {
  const store = openMemoryStore(theKey)
  await store.lock('before')
  await store.recordJob({ job: 'customers', status: 'ready', nextStart: '2026-03-20T00:00:00Z', attempts: 0 })
  await store.unlock()
  const s = await stage(t, configWith({ ...job, wakeMs: undefined, inactivityMs: undefined }), { store })
  t.equal(s.runs.length, 1)
  s.time.setBack(5 * hour)
  await s.pass(6 * hour)
  t.ok(s.runs.length >= 2, 'a clock that is set back loses no run')
})

t.test('a stop begins nothing more and leaves no alarm', async (t) => {
  const s = await stage(t, configWith(job))
  t.equal(s.time.alarms, 1, 'one alarm, whatever there is to do')
  await s.stop()
  t.equal(s.time.alarms, 0)
  s.service.kick()
  await s.pass(2 * day)
  t.equal(s.runs.length, 1)
})

t.test('an alarm for a moment that passes while it is being set is set again, further ahead', (t) => {
  const tried: number[] = []
  const slow = (late: number): SetAlarm => {
    return (moment) => (tried.push(moment.getTime() - Date.now()) < late ? null : { cancel: () => true })
  }
  t.ok(schedulerOver(slow(4)).at(new Date(), () => {}))
  t.ok(tried.length === 4 && tried.every((ahead, index) => ahead > (tried[index - 1] ?? 0)), tried.join(' '))
  t.throws(() => schedulerOver(slow(Infinity)).at(new Date(), () => {}), /no alarm could be set/)
  t.end()
})
