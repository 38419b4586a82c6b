/**
 * No more than so many requests in five minutes, the window in which both services count. When a request arrives there
 * is not known here, only that it is after it was sent and before its answer: so its place is free again five minutes
 * after the answer.
 */
import type { Clock } from '../clock.ts'
import type { Http } from './http.ts'

/** Milliseconds in which both services count requests. */
const windowMs = 300_000

/** Carries requests as `http` does, waiting while `most` of them lie within the window. */
export function allowance(http: Http, most: number, clock: Clock): Http {
  /** When places are free again, the earliest first. */
  const freeAt: number[] = []
  const now = (): number => clock.now().getTime()
  let taken = 0
  const place = async (): Promise<void> => {
    while (taken >= most) {
      const [next] = freeAt
      // All places are held by requests that are under way, and none is free before five minutes have passed.
      if (next === undefined) await clock.sleep(windowMs)
      else if (next > now()) await clock.sleep(next - now())
      else {
        freeAt.shift()
        taken -= 1
      }
    }
    taken += 1
  }
  return {
    ...http,
    send: async (request) => {
      await place()
      try {
        return await http.send(request)
      } finally {
        freeAt.push(now() + windowMs)
      }
    },
  }
}
