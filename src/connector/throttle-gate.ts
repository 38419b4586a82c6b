/** While a service answers 429, nobody asks it anything before the time it named, or a growing pause, is over. */
import type { Clock } from '../clock.ts'

export interface ThrottleGate {
  /** Waits until requests may be sent. */
  passed(): Promise<void>
  /** No request is sent for so long, in milliseconds. */
  closeFor(ms: number): void
  /** The service answered 429. */
  refused(): void
  /** The service did what it was asked. */
  served(): void
  /** How long it has answered nothing but 429, in milliseconds. */
  refusedForMs(): number
}

/** An open gate. */
export function throttleGate(clock: Clock): ThrottleGate {
  const now = (): number => clock.now().getTime()
  let opensAt = 0
  let refusedSince: number | undefined
  return {
    passed: async () => {
      const pause = opensAt - now()
      if (pause > 0) await clock.sleep(pause)
    },
    closeFor: (ms) => void (opensAt = Math.max(opensAt, now() + ms)),
    refused: () => void (refusedSince ??= now()),
    served: () => void (refusedSince = undefined),
    refusedForMs: () => (refusedSince === undefined ? 0 : now() - refusedSince),
  }
}
