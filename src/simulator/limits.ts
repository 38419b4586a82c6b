/** Service protection limits: a sliding window for each caller, and so many requests at a time. */

import type { Limits, Refusal } from './service.ts'

/** A free place, to be given back with the run time; or a refusal. */
export type Admission = { readonly release: (ranMs: number) => void } | { readonly refusal: Refusal }

interface Window {
  /** Moments of requests and how long each ran, oldest first. */
  readonly runs: { readonly at: number; ms: number }[]
  busy: number
  readonly waiting: (() => void)[]
}

/** Keeps the windows of all callers of one service. */
export class Gatekeeper {
  readonly #limits: Limits
  readonly #now: () => number
  readonly #windows = new Map<string, Window>()

  constructor(limits: Limits, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  /** Lets a request in at once, after a wait, or not at all. */
  async admit(caller: string): Promise<Admission> {
    const window = this.#windows.get(caller) ?? { runs: [], busy: 0, waiting: [] }
    this.#windows.set(caller, window)
    const full = this.#full(window)
    if (full !== undefined) return { refusal: full }
    const { concurrent = Infinity, queued = 0 } = this.#limits
    if (window.busy >= concurrent) {
      if (window.waiting.length >= queued)
        return { refusal: { kind: 'concurrency', retryAfterSeconds: this.#retryAfter(1) } }
      await new Promise<void>((resolve) => window.waiting.push(resolve))
    }
    window.busy++
    const run = { at: this.#now(), ms: 0 }
    if (this.#isCounted) window.runs.push(run)
    return {
      release: (ranMs) => {
        run.ms = ranMs
        window.busy--
        window.waiting.shift()?.()
      },
    }
  }

  /** Whether anything in the window is limited; else nothing of it has to be remembered. */
  get #isCounted(): boolean {
    const { requests = Infinity, executionMs = Infinity } = this.#limits
    return requests !== Infinity || executionMs !== Infinity
  }

  /** Requests and milliseconds a caller still has in this window. */
  remaining(caller: string): { requests: number; executionMs: number } {
    const runs = this.#windows.get(caller)?.runs ?? []
    const { requests = Infinity, executionMs = Infinity } = this.#limits
    return { requests: requests - runs.length, executionMs: executionMs - runs.reduce((sum, run) => sum + run.ms, 0) }
  }

  #full(window: Window): Refusal | undefined {
    const { requests = Infinity, executionMs = Infinity, windowSeconds = 300 } = this.#limits
    const since = this.#now() - windowSeconds * 1000
    while ((window.runs[0]?.at ?? Infinity) <= since) window.runs.shift()
    const wait = Math.max(1, Math.ceil(((window.runs[0]?.at ?? 0) - since) / 1000))
    if (window.runs.length >= requests) return { kind: 'requests', retryAfterSeconds: this.#retryAfter(wait) }
    if (executionMs === Infinity) return undefined
    const ran = window.runs.reduce((sum, run) => sum + run.ms, 0)
    return ran >= executionMs ? { kind: 'executionTime', retryAfterSeconds: this.#retryAfter(wait) } : undefined
  }

  #retryAfter(seconds: number): number {
    return this.#limits.retryAfterSeconds ?? seconds
  }
}
