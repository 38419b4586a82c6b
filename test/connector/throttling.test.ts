/**
 * A service that throttles, in virtual time: so many requests at once, so many in a window, refused with or without a
 * word of when to come back, or kept waiting. Everything is done in one go, without an error, nearly as quick as can be.
 */
import t from 'tap'
import { parallel } from '../../src/connector/parallel.ts'
import { service } from '../../src/connector/service.ts'
import { proved } from '../proof.ts'
import { VirtualClock, bestPossibleMs, throttledService } from './throttled-service.ts'
import type { Throttling } from './throttled-service.ts'
import { connectionTo } from './world.ts'

/** How much longer than the best possible a run may take. */
const allowed = 1.3

interface Case extends Throttling {
  readonly count: number
  /** Places that the connector may use, and those it begins with. */
  readonly most: number
  readonly first: number
}

const businessCentral = { most: 5, first: 5, count: 400, servedMs: 200 }
const sales = { most: 16, first: 4, count: 800, servedMs: 200 }

const cases: readonly Case[] = [
  ...[true, false].flatMap((tells) => [
    ...[1, 2, 3, 5].map((concurrent) => ({ ...businessCentral, concurrent, tells, tooMany: 'refused' as const })),
    ...[4, 10, 16].map((concurrent) => ({ ...sales, concurrent, tells, tooMany: 'refused' as const })),
    ...[
      [100, 30_000],
      [200, 300_000],
    ].map(([inWindow = 0, windowMs = 0]) => ({
      ...businessCentral,
      concurrent: 5,
      inWindow,
      windowMs,
      tells,
      tooMany: 'refused' as const,
    })),
    { ...businessCentral, concurrent: 3, inWindow: 100, windowMs: 30_000, tells, tooMany: 'refused' as const },
    { ...sales, concurrent: 10, inWindow: 600, windowMs: 300_000, tells, tooMany: 'refused' as const },
  ]),
  ...[1, 2, 5].map((concurrent) => ({
    ...businessCentral,
    concurrent,
    tells: false,
    tooMany: 'kept waiting' as const,
  })),
  { ...sales, concurrent: 8, tells: false, tooMany: 'kept waiting' },
]

const named = ({ concurrent, inWindow, windowMs = 0, tells, tooMany, most }: Case): string =>
  `${concurrent} at once of ${most}${inWindow === undefined ? '' : `, ${inWindow} in ${windowMs / 1000} s`}, too many are ${tooMany}${tells ? ' and told when to come back' : ''}`

/** Sends so many requests at once through one service. */
async function sent(given: Case, purpose: 'read' | 'write', limits: Throttling = given) {
  const clock = new VirtualClock()
  const throttled = throttledService(clock, limits)
  let drawn = 1
  const one = service(
    connectionTo({ authority: '', businessCentral: { url: 'http://127.0.0.1' } }, 'businessCentral', ''),
    {
      http: throttled.http,
      clock,
      random: () => (drawn = (drawn * 16_807) % 2_147_483_647) / 2_147_483_647,
      authorization: { header: async () => 'Bearer one', turnedDown: () => false },
      parallel: parallel(given.most, given.first),
      headers: {},
    },
  )
  const method = purpose === 'read' ? 'GET' : 'POST'
  const request = { method, url: 'http://127.0.0.1/any', purpose } as const
  const replies = await clock.until(Promise.all(Array.from({ length: given.count }, () => one.ask(request))))
  return { replies, throttled, tookMs: clock.elapsed() }
}

t.test('a service that throttles is used in one go, without an error, nearly as quick as can be', async (t) => {
  for (const given of cases)
    for (const purpose of ['read', 'write'] as const) {
      const { replies, throttled, tookMs } = await sent(given, purpose)
      const failed = replies.filter((reply) => reply.kind !== 'answer' || reply.answer.status !== 200)
      t.same(failed, [], `${named(given)}: no ${purpose} fails`)
      t.ok(throttled.mostOpen() <= given.most, `${named(given)}: never more than ${given.most} at once`)
      const ratio = tookMs / bestPossibleMs(given.count, given)
      t.ok(ratio <= allowed, `${named(given)}: ${ratio.toFixed(2)} times the best possible`)
      if (given.concurrent >= given.most && given.inWindow === undefined)
        t.equal(throttled.refused(), 0, `${named(given)}: a limit that is known is never exceeded`)
      if (given.tells) t.ok(throttled.refused() <= given.count / 5, `${named(given)}: ${throttled.refused()} refusals`)
    }
  proved('misbehaving services', { 'throttled runs': cases.length * 2 }, t.counts.fail)
})

t.test(
  'a service that lets nobody in for longer than its window is given up, and told as over its limit',
  async (t) => {
    const given: Case = { ...businessCentral, count: 20, concurrent: 5, tells: false, tooMany: 'refused' }
    const { replies, tookMs } = await sent(given, 'write', { ...given, inWindow: 0, windowMs: 1 })
    t.same(new Set(replies.map((reply) => reply.kind)), new Set(['later']), 'certainly not done')
    t.ok(tookMs > 300_000 && tookMs < 900_000, `${tookMs} ms`)
  },
)
