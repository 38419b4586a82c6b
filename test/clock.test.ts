/** The machine's own clock: everything else is given one that tests own. */
import t from 'tap'
import { systemClock } from '../src/clock.ts'

t.test('a sleep ends by itself, or with its signal, and not at all where that was given before', async (t) => {
  const before = systemClock.now().getTime()
  await systemClock.sleep(1)
  await systemClock.sleep(1, new AbortController().signal)
  await systemClock.sleep(3_600_000, AbortSignal.abort())
  const stop = new AbortController()
  const slept = systemClock.sleep(3_600_000, stop.signal)
  stop.abort()
  await slept
  t.ok(systemClock.now().getTime() >= before)
})
