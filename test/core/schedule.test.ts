/** When jobs run: tables over job × what is remembered × result, and what holds whatever happens. */
import * as fc from 'fast-check'
import t from 'tap'
import type { Job } from '../../src/config/config.ts'
import {
  type JobResult,
  type JobState,
  earlyFor,
  ended,
  heldBack,
  isDue,
  isWakeable,
  newJobState,
  nextStart,
  restarted,
  retryDelayMs,
  startable,
  started,
  woken,
} from '../../src/core/schedule.ts'
import { jobOf as job } from '../jobs/job.ts'
import { forAll } from '../property.ts'

const min = 60_000
const hour = 60 * min
const day = 24 * hour
const noon = Date.UTC(2026, 2, 28, 12)

const at = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`
const ready = (start: number, given: Partial<JobState> = {}): JobState => ({
  job: 'customers',
  status: 'ready',
  nextStart: at(start),
  attempts: 0,
  ...given,
})
const done = (moved: number, failed = 0): JobResult => ({ kind: 'done', moved, failed })
const failed = (fault: Extract<JobResult, { kind: 'failed' }>['fault'] = 'outage'): JobResult => ({
  kind: 'failed',
  fault,
  reason: 'no answer',
})

t.test('T-01 a job is ready again its interval after the end of its run', (t) => {
  t.match(ended(job(), ready(noon), done(3), noon), { status: 'ready', nextStart: at(noon + 30 * min), attempts: 0 })
  t.match(newJobState(job(), noon), { status: 'ready', nextStart: at(noon) }, 'a new job is due')
  t.end()
})

t.test('T-02 a run that moved nothing and in which nothing failed lets the job sleep', (t) => {
  const rows: readonly [JobResult, Partial<Job>, JobState['status'], number][] = [
    [done(0), {}, 'asleep', 12 * hour],
    [done(1), {}, 'ready', 30 * min],
    [done(0, 1), {}, 'ready', 30 * min],
    [done(0), { inactivityMs: undefined }, 'ready', 30 * min],
    [done(0), { inactivityMs: 24 * hour }, 'asleep', 24 * hour],
  ]
  for (const [result, given, status, wait] of rows) {
    const state = ended(job(given), ready(noon), result, noon)
    t.match(state, { status, nextStart: at(noon + wait), lastEnd: at(noon) }, JSON.stringify([result, given]))
  }
  t.end()
})

t.test('T-03, T-04 a change of either side wakes a job, soon after the first change', (t) => {
  const sleeping = ready(noon + 10 * hour, { status: 'asleep' })
  const rows: readonly [string, JobState, Partial<Job>, number | undefined, number][] = [
    ['asleep', sleeping, {}, undefined, 30_000],
    ['ready, but not soon', ready(noon + 20 * min), {}, undefined, 30_000],
    ['the first change was made 20 s ago', sleeping, {}, noon - 20_000, 10_000],
    ['the first change was made long ago', sleeping, {}, noon - hour, 0],
    ['a stamp of a clock that goes ahead', sleeping, {}, noon + hour, 30_000],
    ['never below 5 s', sleeping, { delayMs: 1000 }, undefined, 5000],
    ['another delay', sleeping, { delayMs: 2 * min }, undefined, 2 * min],
    ['not later than it would start by itself', ready(noon + 90_000), { delayMs: 10 * min }, undefined, 90_000],
  ]
  for (const [what, state, given, changedAt, wait] of rows)
    t.match(
      woken(job(given), state, { now: noon, ...(changedAt !== undefined && { changedAt }) }),
      { status: 'ready', nextStart: at(noon + wait) },
      what,
    )
  for (const state of [
    ready(noon + 50_000),
    ready(noon + 10 * hour, { status: 'stopped' }),
    ready(noon + 10 * hour, { status: 'onHold' }),
  ]) {
    t.notOk(isWakeable(state, noon))
    t.same(woken(job(), state, { now: noon }), state, `${state.status}: not woken, or it would start within a minute`)
  }
  t.end()
})

t.test('T-05 jobs of one category never run together, nor a job with itself', (t) => {
  const jobs = [
    job({ name: 'customers', category: 'companies' }),
    job({ name: 'vendors', category: 'companies' }),
    job({ name: 'items' }),
    job({ name: 'currencies' }),
  ]
  const starts: Readonly<Record<string, number>> = { customers: 0, vendors: -min, items: -min, currencies: hour }
  const stateOf = ({ name }: Job): JobState => ready(noon + (starts[name] ?? 0), { job: name })
  const names = (running: readonly Job[]): readonly string[] =>
    startable(jobs, stateOf, { now: noon, running }).map(({ name }) => name)
  t.same(names([]), ['vendors', 'items'], 'of a category the one that waits longest; what is not due waits')
  t.same(names([jobs[0] as Job]), ['items'])
  t.same(names([jobs[2] as Job]), ['vendors'])
  const categories = fc.array(fc.constantFrom('a', 'b', undefined), { maxLength: 12 })
  forAll(
    fc.property(categories, categories, (waiting, running) => {
      const made = waiting.map((category, index) => job({ name: `w${index}`, category }))
      const busy = running.map((category, index) => job({ name: `r${index}`, category }))
      const chosen = startable(made, () => ready(noon), { now: noon, running: busy })
      const taken = chosen.flatMap(({ category }) => category ?? [])
      return new Set(taken).size === taken.length && taken.every((category) => !running.some((one) => one === category))
    }),
  )
  t.end()
})

t.test('T-06 a job that fails as a whole is tried again with growing delay, then stops', (t) => {
  t.same(
    [1, 4, 5, 6, 7, 8, 10].map(retryDelayMs),
    [30_010, 40_000, 130_000, 1_030_000, 10_030_000, 21_630_000, 21_630_000],
  )
  let state = ready(noon)
  let now = noon
  for (let attempt = 1; attempt < 10; attempt++) {
    state = ended(job(), started(state, now), failed(), now)
    t.match(state, { status: 'ready', attempts: attempt, fault: 'outage', reason: 'no answer' })
    now = Date.parse(state.nextStart) + 1000
  }
  state = ended(job(), state, failed(), now)
  t.match(state, { status: 'stopped', attempts: 10 })
  t.notOk(isDue(state, now + 23 * hour), 'it stays there')
  t.ok(isDue(state, now + day), 'and is tried once a day, in case the cause has gone')
  t.match(restarted(state, now), { status: 'ready', nextStart: at(now), attempts: 0, reason: undefined })
  const recovered = ended(job(), state, done(0), now)
  t.match(recovered, { status: 'asleep', attempts: 0 })
  t.notOk('reason' in recovered && recovered.reason !== undefined, 'a good run clears the error')
  t.match(ended(job({ attempts: 2 }), ready(noon, { attempts: 1 }), failed(), noon), { status: 'stopped' }, 'T-08')
  t.end()
})

t.test('E-18 a job that lacks a permission stops at once; a safety limit keeps its rhythm', (t) => {
  t.match(ended(job(), ready(noon), failed('permission'), noon), { status: 'stopped', attempts: 1 })
  const limited = ended(job(), ready(noon, { attempts: 40 }), failed('limit'), noon)
  t.match(limited, { status: 'ready', nextStart: at(noon + 30 * min), attempts: 41, reason: 'no answer' })
  t.end()
})

t.test('T-07 a job on hold is never due; resumed it is due at once', (t) => {
  const held = heldBack(ready(noon - day, { attempts: 3, fault: 'outage', reason: 'x' }), 'moving house')
  t.match(held, { status: 'onHold', reason: 'moving house' })
  t.equal('fault' in held, false)
  t.notOk(isDue(held, noon + 365 * day))
  t.equal(nextStart([held], noon), undefined)
  t.ok(isDue(restarted(held, noon), noon))
  t.end()
})

t.test('T-08 a job may begin its life asleep', (t) => {
  const given = { startsAsleep: true, inactivityMs: undefined }
  t.match(newJobState(job(given), noon), { status: 'asleep', nextStart: at(noon + 30 * min) })
  t.match(newJobState(job({ startsAsleep: true }), noon), { status: 'asleep', nextStart: at(noon + 12 * hour) })
  t.end()
})

t.test('a clock that was set back costs one run too many, and never a run', (t) => {
  const state = ended(job(), ready(noon), done(1), noon)
  t.ok(isDue(state, noon - 2 * hour), 'its last end lies ahead')
  t.notOk(isDue(state, noon - 30_000), 'clocks of two machines may differ a little')
  t.ok(isDue({ ...state, nextStart: 'soon' }, noon), 'a moment that nobody can read is now')
  t.end()
})

t.test('a runner that comes at fixed times may be a little early', (t) => {
  t.equal(earlyFor(job()), 5 * min)
  t.equal(earlyFor(job({ everyMs: 4 * min })), min)
  const state = ended(job(), ready(noon), done(1), noon + 20_000)
  t.ok(isDue(state, noon + 30 * min, earlyFor(job())), 'half an hour later it runs, although its last run took 20 s')
  t.notOk(isDue(state, noon + 20 * min, earlyFor(job())))
  t.end()
})

t.test('whatever happens, a job that is not on hold has a next start within a day', (t) => {
  const result = fc.oneof(
    fc.tuple(fc.nat(3), fc.nat(3)).map(([moved, bad]) => done(moved, bad)),
    fc.constantFrom('outage', 'permission', 'limit', 'other').map((fault) => failed(fault as 'outage')),
  )
  forAll(
    fc.property(fc.array(result, { maxLength: 30 }), (results) => {
      let state = newJobState(job(), noon)
      let now = noon
      for (const each of results) {
        state = ended(job(), started(state, now), each, now + 1000)
        const next = nextStart([state], now) ?? Infinity
        if (next <= now || next > now + 1000 + day) return false
        now = next
      }
      return true
    }),
  )
  t.end()
})
