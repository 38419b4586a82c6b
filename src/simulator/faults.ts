/** Fault injection: rules that delay, refuse or break chosen requests. */

import type { ServiceName } from './service.ts'

/** Which requests a rule is about. Everything absent matches everything. */
export interface FaultMatch {
  readonly service?: ServiceName
  readonly method?: string
  /** Regular expression over path and query as sent. */
  readonly path?: string
  /** Match the parts inside batches instead of whole requests. @default false */
  readonly part?: boolean
  /** Fire from the nth matching request on, counted from 1. @default 1 */
  readonly nth?: number
  /** Fire so many times, then never again. @default 1 when nth is given, else without end */
  readonly times?: number
}

/** What came with a request. */
export interface Asked {
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

/** What is done to them. Of a part, only `status`, `retryAfter`, `body` and `contentType` can be done. */
export interface FaultAction {
  /** Wait before the request is served, milliseconds. */
  readonly delayMs?: number
  /** Answer a read with what stood there so many milliseconds ago, as a copy does that lags. Needs a savepoint. */
  readonly lagMs?: number
  /** Answer this instead of serving the request. */
  readonly status?: number
  /** Retry-After header, as sent: seconds or an HTTP date. */
  readonly retryAfter?: string | number
  readonly body?: string
  readonly contentType?: string
  /** Lose the connection before the request is served, or after it was served and committed. */
  readonly drop?: 'before' | 'after'
  /** Change the body of the answer on the way, be it the service's or `status`. */
  readonly rewrite?: (body: string, request: Asked) => string
  /** Send only so many bytes of the answer's body, then lose the connection. */
  readonly truncate?: number
}

/** A rule: what to match, what to do. */
export interface FaultRule {
  readonly match?: FaultMatch
  readonly do: FaultAction
}

/** The rules in force. The first one that matches and is due acts. */
export class Faults {
  #rules: { readonly rule: FaultRule; readonly path: RegExp | undefined; seen: number }[] = []

  /** Adds a rule. Throws SyntaxError when `path` is no regular expression. */
  add(rule: FaultRule): void {
    const path = rule.match?.path === undefined ? undefined : new RegExp(rule.match.path, 'u')
    this.#rules.push({ rule, path, seen: 0 })
  }

  /** Takes all rules away. */
  clear(): void {
    this.#rules = []
  }

  /** The rules with how many requests each has matched so far. */
  list(): readonly { readonly rule: FaultRule; readonly seen: number }[] {
    return this.#rules.map(({ rule, seen }) => ({ rule, seen }))
  }

  /** What to do to this request, if anything. Counts it. */
  take(request: { service: ServiceName; method: string; path: string; part: boolean }): FaultAction | undefined {
    for (const held of this.#rules) {
      const match = held.rule.match ?? {}
      if ((match.part ?? false) !== request.part) continue
      if (match.service !== undefined && match.service !== request.service) continue
      if (match.method !== undefined && match.method.toUpperCase() !== request.method) continue
      if (held.path !== undefined && !held.path.test(request.path)) continue
      held.seen++
      if (due(match, held.seen)) return held.rule.do
    }
    return undefined
  }
}

function due(match: FaultMatch, seen: number): boolean {
  const first = match.nth ?? 1
  const times = match.times ?? (match.nth === undefined ? Infinity : 1)
  return seen >= first && seen < first + times
}
