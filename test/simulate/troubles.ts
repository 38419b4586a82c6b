/**
 * What can happen to a request of a runner. A copy that answers lags behind what others have done, never behind what a
 * runner has seen or written itself: Business Central documents such copies for requests with Data-Access-Intent:
 * ReadOnly alone, which no run may send (the world looks at that), Dataverse documents none. What a run would do on a copy
 * that lacks its own write is not tried.
 */
import { NoAnswer } from '../../src/connector/http.ts'
import type { HttpAnswer } from '../../src/connector/http.ts'

/** The way of one request. */
export interface Way {
  readonly url: string
  /** There, what the service does, and back. */
  readonly served: () => Promise<HttpAnswer>
  /** The same, answered by a copy that lags by so many milliseconds. */
  readonly lagging: (ms: number) => Promise<HttpAnswer>
  readonly sleep: (ms: number) => Promise<void>
}

const answer = (status: number, text = '', retryAfter?: string): HttpAnswer => ({
  status,
  text,
  header: (name) => (name.toLowerCase() === 'retry-after' ? retryAfter : undefined),
})

const lost = (): never => {
  throw new NoAnswer('was not reached (ECONNRESET)', true)
}

export const troubles = {
  'lost before': async () => lost(),
  'lost after': async ({ served }) => {
    await served()
    return lost()
  },
  '429': async () => answer(429, '{"error":{"code":"","message":"too many"}}', '2'),
  '429 without a word': async () => answer(429),
  '503': async () => answer(503, '<html>'),
  '500': async () => answer(500, '<html>'),
  // As a proxy would that loses its own connection half-way and ends the answer well.
  'cut off': async ({ served }) => {
    const whole = await served()
    return { ...whole, text: whole.text.slice(0, whole.text.length / 2) }
  },
  slow: async ({ sleep, served }) => {
    await sleep(60_000)
    return served()
  },
  'token expired': async () => answer(401),
  'change token expired': async ({ url, served }) =>
    url.includes('deltatoken')
      ? answer(400, '{"error":{"code":"0x80044352","message":"Version stamp expired."}}')
      : served(),
  'a copy that lags by 2 s answers': ({ lagging }) => lagging(2000),
  'a copy that lags by 4 min answers': ({ lagging }) => lagging(240_000),
} satisfies Readonly<Record<string, (way: Way) => Promise<HttpAnswer>>>

export type Trouble = keyof typeof troubles

/** Those after which nobody knows whether a write was made. */
export const unanswering: ReadonlySet<Trouble> = new Set(['lost before', 'lost after', '503', '500', 'cut off'])
