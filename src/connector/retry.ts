/** Pure: whether a failed attempt is made again, and after how long. */

/** What came of an attempt that did not end well. */
export type Failure =
  /** `retryAfter`: the header as the service sent it. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter: string | undefined }
  /** No answer. `sent`: it may have reached the service. */
  | { readonly kind: 'silence'; readonly sent: boolean }

export interface Attempt {
  /** Attempts made so far, from 1. */
  readonly made: number
  /** A read may be repeated at will; a write only when it certainly was not done. */
  readonly purpose: 'read' | 'write'
  readonly failure: Failure
  /** The present moment, for a Retry-After that names a date. */
  readonly now: Date
  /** How long the service has answered nothing but 429 to anybody here, milliseconds. @default 0 */
  readonly refusedForMs?: number
  /** 0 to 1. */
  readonly random: number
}

/** Attempts in all, the first included. */
const most = 6
const firstWaitMs = 500
const longestWaitMs = 30_000
/** A service that wants us gone for longer than this is left alone until the next run. */
const longestRetryAfterMs = 300_000
const passing = new Set([408, 429, 502, 503, 504])

/**
 * The services count requests in windows of five minutes, so a 429 is waited out for somewhat longer than that; attempts
 * are bounded too, for a service that names seconds and never keeps its word.
 */
const throttled = { attempts: 30, longestMs: 360_000, firstWaitMs, longestWaitMs: 60_000 }

/** Milliseconds to wait before the next attempt; undefined = give up. */
export function waitBeforeRetry(attempt: Attempt): number | undefined {
  if (!mayRepeat(attempt) || isOverdue(attempt)) return undefined
  const told = attempt.failure.kind === 'status' ? retryAfterMs(attempt.failure.retryAfter, attempt.now) : undefined
  if (told === undefined) return Math.round(growing(attempt))
  return told > longestRetryAfterMs ? undefined : told + Math.round(attempt.random * firstWaitMs)
}

const isThrottled = ({ failure }: Attempt): boolean => failure.kind === 'status' && failure.status === 429

function isOverdue(attempt: Attempt): boolean {
  const { made, refusedForMs = 0 } = attempt
  return isThrottled(attempt) ? made >= throttled.attempts || refusedForMs > throttled.longestMs : made >= most
}

/**
 * Where the service names no time. Of a window that has run out, a quarter of the time already waited is added each
 * time: it is found open at most a quarter late, with few requests.
 */
function growing(attempt: Attempt): number {
  const { made, random, refusedForMs = 0 } = attempt
  if (!isThrottled(attempt)) return Math.min(longestWaitMs, firstWaitMs * 2 ** (made - 1)) * (0.5 + random / 2)
  return Math.min(throttled.longestWaitMs, Math.max(throttled.firstWaitMs, refusedForMs / 4)) * (0.75 + random / 4)
}

function mayRepeat({ failure, purpose }: Attempt): boolean {
  if (failure.kind === 'silence') return purpose === 'read' || !failure.sent
  if (purpose === 'read') return passing.has(failure.status)
  return certainlyNotDone(failure)
}

/** True when the service tells that it did not begin: 429 always, 503 when it names a time to come back. */
export function certainlyNotDone(failure: Failure): boolean {
  if (failure.kind === 'silence') return !failure.sent
  return failure.status === 429 || (failure.status === 503 && failure.retryAfter !== undefined)
}

/** Retry-After in milliseconds: seconds or an HTTP date; undefined when absent or unreadable. */
export function retryAfterMs(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Math.ceil(Number(header) * 1000)
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime())
}
