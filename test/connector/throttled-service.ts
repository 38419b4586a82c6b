/** A service that throttles, in time of its own: what it lets in, what it turns away, and how quick anybody could be. */
import type { Clock } from '../../src/clock.ts'
import type { Http, HttpAnswer } from '../../src/connector/http.ts'

/** Time that passes only when everybody waits. */
export class VirtualClock implements Clock {
  #ms = Date.UTC(2024, 0, 1)
  readonly #begun = this.#ms
  readonly #timers: { readonly at: number; readonly ring: () => void }[] = []

  now(): Date {
    return new Date(this.#ms)
  }

  /** Milliseconds since the beginning. */
  elapsed(): number {
    return this.#ms - this.#begun
  }

  sleep(ms: number): Promise<void> {
    return new Promise((ring) => {
      const at = this.#ms + Math.max(0, ms)
      const after = this.#timers.findIndex((timer) => timer.at > at)
      this.#timers.splice(after < 0 ? this.#timers.length : after, 0, { at, ring })
    })
  }

  /** Lets time pass until the work is done. */
  async until<T>(work: Promise<T>): Promise<T> {
    let isDone = false
    const ended = work.finally(() => void (isDone = true))
    ended.catch(() => {})
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve))
      if (isDone) return ended
      const next = this.#timers.shift()
      if (next === undefined) throw new Error('everybody waits for nothing')
      this.#ms = next.at
      next.ring()
    }
  }
}

export interface Throttling {
  /** Requests served at once. */
  readonly concurrent: number
  /** Requests let in within the window. @default any number */
  readonly inWindow?: number
  /** Milliseconds. */
  readonly windowMs?: number
  /** Too many at once are refused, or kept waiting without a word. */
  readonly tooMany: 'refused' | 'kept waiting'
  /** A refusal says when to come back. */
  readonly tells: boolean
  /** How long a request takes, milliseconds. */
  readonly servedMs: number
}

export interface ThrottledService {
  readonly http: Http
  /** Most requests that were open at once, refused ones too. */
  mostOpen(): number
  /** Requests turned away. */
  refused(): number
}

/** A refusal takes the way there and back. */
const refusedMs = 10

export function throttledService(clock: Clock, throttling: Throttling): ThrottledService {
  const { concurrent, inWindow = Infinity, windowMs = 0, servedMs } = throttling
  const begun: number[] = []
  const waiting: (() => void)[] = []
  let busy = 0
  let open = 0
  let mostOpen = 0
  let refused = 0
  const turnAway = async (waitMs: number): Promise<HttpAnswer> => {
    refused += 1
    await clock.sleep(refusedMs)
    return answer(429, throttling.tells ? String(Math.max(1, Math.ceil(waitMs / 1000))) : undefined)
  }
  const serve = async (): Promise<HttpAnswer> => {
    const now = clock.now().getTime()
    const inside = begun.filter((at) => at > now - windowMs)
    if (inside.length >= inWindow) return turnAway((inside.at(-inWindow) ?? now) + windowMs - now)
    if (busy >= concurrent && throttling.tooMany === 'refused') return turnAway(1)
    if (busy >= concurrent) await new Promise<void>((resolve) => waiting.push(resolve))
    busy += 1
    begun.push(clock.now().getTime())
    await clock.sleep(servedMs)
    busy -= 1
    waiting.shift()?.()
    return answer(200)
  }
  return {
    http: {
      send: async () => {
        open += 1
        mostOpen = Math.max(mostOpen, open)
        try {
          return await serve()
        } finally {
          open -= 1
        }
      },
      usage: () => ({ requests: begun.length + refused, bytes: 0 }),
      close: () => {},
    },
    mostOpen: () => mostOpen,
    refused: () => refused,
  }
}

const answer = (status: number, retryAfter?: string): HttpAnswer => ({
  status,
  header: (name) => (name.toLowerCase() === 'retry-after' ? retryAfter : undefined),
  text: '{}',
})

/** Milliseconds that so many requests take at least, whoever sends them. */
export function bestPossibleMs(count: number, throttling: Throttling): number {
  const { concurrent, inWindow = Infinity, windowMs = 0, servedMs } = throttling
  const starts: number[] = []
  for (let n = 0; n < count; n += 1)
    starts.push(
      Math.max((starts[n - concurrent] ?? -servedMs) + servedMs, (starts[n - inWindow] ?? -windowMs) + windowMs),
    )
  return (starts.at(-1) ?? 0) + servedMs
}
