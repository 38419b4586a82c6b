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

/** Milliseconds to wait before the next attempt; undefined = give up. */
export function waitBeforeRetry(attempt: Attempt): number | undefined {
  if (attempt.made >= most || !mayRepeat(attempt)) return undefined
  const told = attempt.failure.kind === 'status' ? retryAfterMs(attempt.failure.retryAfter, attempt.now) : undefined
  const growing = Math.min(longestWaitMs, firstWaitMs * 2 ** (attempt.made - 1)) * (0.5 + attempt.random / 2)
  if (told === undefined) return Math.round(growing)
  return told > longestRetryAfterMs ? undefined : told + Math.round(attempt.random * firstWaitMs)
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
