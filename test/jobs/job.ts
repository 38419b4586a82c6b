/** The job of the tests: each half hour, asleep after half a day of nothing. */
import type { Job } from '../../src/config/config.ts'

const min = 60_000

/** A job from what differs. */
export const jobOf = (given: Partial<Job> = {}): Job => ({
  name: 'customers',
  mappings: ['customer-account'],
  enabled: true,
  reason: undefined,
  everyMs: 30 * min,
  inactivityMs: 12 * 60 * min,
  category: undefined,
  wakeMs: min,
  delayMs: 30_000,
  attempts: 10,
  startsAsleep: false,
  ...given,
})
