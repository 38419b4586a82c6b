/** What was asked of the simulator: counts by service, method and kind of path, and the highest concurrency seen. */

import type { ServiceName } from './service.ts'

/** Counts of one service. */
export interface ServiceCounts {
  /** Requests on the wire; a batch is one. */
  requests: number
  /** GET requests, those inside batches included. */
  reads: number
  /** All others but `$batch` itself, those inside batches included. */
  writes: number
  batches: number
  /** Requests inside batches. */
  parts: number
  /** Most requests under way at one time. */
  maxConcurrent: number
  bytesIn: number
  bytesOut: number
  /** By status of the whole answer; `0` = connection lost on purpose. */
  byStatus: Record<string, number>
  /** By method and path with ids left out: `GET /api/data/v9.2/accounts()`. */
  byPath: Record<string, number>
}

/** One request, for a person who wants to see what went on. */
export interface LoggedRequest {
  readonly service: ServiceName
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  readonly status: number
  readonly ms: number
}

/** Everything counted since the start or the last reset. */
export interface RequestReport extends Record<ServiceName, ServiceCounts> {
  /** The latest requests, oldest first. */
  readonly latest: readonly LoggedRequest[]
}

/** How many single requests are remembered. */
const REMEMBERED = 500

const blank = (): ServiceCounts => ({
  requests: 0,
  reads: 0,
  writes: 0,
  batches: 0,
  parts: 0,
  maxConcurrent: 0,
  bytesIn: 0,
  bytesOut: 0,
  byStatus: {},
  byPath: {},
})

/** Counts requests. */
export class RequestLog {
  #counts: Record<ServiceName, ServiceCounts> = { businessCentral: blank(), sales: blank(), login: blank() }
  #latest: LoggedRequest[] = []
  readonly #open: Record<ServiceName, number> = { businessCentral: 0, sales: 0, login: 0 }

  /** A request has arrived. */
  begin(service: ServiceName, bytes: number): void {
    const counts = this.#counts[service]
    counts.requests++
    counts.bytesIn += bytes
    counts.maxConcurrent = Math.max(counts.maxConcurrent, ++this.#open[service])
  }

  /** Its answer has been made. */
  end(request: LoggedRequest, bytes: number): void {
    const counts = this.#counts[request.service]
    this.#open[request.service]--
    counts.bytesOut += bytes
    grow(counts.byStatus, String(request.status))
    this.#latest.push(request)
    if (this.#latest.length > 2 * REMEMBERED) this.#latest = this.#latest.slice(-REMEMBERED)
  }

  /** Counts a request (or a part of one) as read, write or batch. */
  count(service: ServiceName, method: string, path: string): void {
    const counts = this.#counts[service]
    if (path.endsWith('$batch')) counts.batches++
    else if (method === 'GET') counts.reads++
    else counts.writes++
    grow(counts.byPath, `${method} ${pathKind(path)}`)
  }

  /** Counts a request inside a batch. */
  part(service: ServiceName, method: string, path: string): void {
    this.#counts[service].parts++
    this.count(service, method, path)
  }

  /** A copy of all counts. */
  report(): RequestReport {
    return { ...structuredClone(this.#counts), latest: this.#latest.slice(-REMEMBERED) }
  }

  /** Starts counting anew. */
  reset(): void {
    this.#counts = { businessCentral: blank(), sales: blank(), login: blank() }
    this.#latest = []
  }
}

function grow(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}

function pathKind(path: string): string {
  const own = path.replace(/^https?:\/\/[^/]*/u, '').split('?', 1)[0] ?? ''
  return own.replaceAll(/\([^)]*\)/gu, '()')
}
