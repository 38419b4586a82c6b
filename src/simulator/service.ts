/** What the simulator asks of a service it serves, and what it offers to it. */

import type { Row, Table } from './table.ts'
import type { World } from './world.ts'

/** The three things that listen. */
export type ServiceName = 'businessCentral' | 'sales' | 'login'

/** A request as a service sees it: the whole of it has been read, transport encodings are undone. */
export interface Incoming {
  /** Upper case. */
  readonly method: string
  /** The path as sent (percent-encoded), without the query. */
  readonly path: string
  /** What stands behind `?`, as sent; empty without one. */
  readonly query: string
  /** Names in lower case; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  /** UTF-8 text; empty without one. */
  readonly body: string
  /** `http://host:port` of the listener, for the addresses in answers. */
  readonly origin: string
  /** Who asks: client id of the token or user name. Empty on the login listener. */
  readonly caller: string
}

/** What goes back. The server adds length, date and compression. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** What a service calls for each part of a batch: it is counted, and an answer given back is a fault to send instead. */
export interface Gate {
  part(method: string, path: string): Answer | undefined
}

/** Why the server turns a request away before the service sees it. */
export type Refusal =
  | { readonly kind: 'unauthorized'; readonly reason: 'missing' | 'unknown' | 'expired' | 'audience' }
  | { readonly kind: 'requests' | 'executionTime' | 'concurrency'; readonly retryAfterSeconds: number }

/** Limits of one service for one caller. An absent number means no limit. */
export interface Limits {
  /** Requests in the window. */
  readonly requests?: number
  /** Sum of the run times in the window, milliseconds. */
  readonly executionMs?: number
  /** Length of the sliding window, seconds. @default 300 */
  readonly windowSeconds?: number
  /** Requests served at the same time. */
  readonly concurrent?: number
  /** Requests that may wait for a free place; one more is refused. @default 0 */
  readonly queued?: number
  /** Seconds said in Retry-After. @default until the window has room again, at least 1 */
  readonly retryAfterSeconds?: number
}

/** A person at work in one service: goes through the same rules as a request and moves the same stamps. */
export interface Hand {
  /** All rows of a set, as stored. */
  rows(set: string): Row[]
  /** One row by id or by natural key. */
  row(set: string, key: string): Row | undefined
  /** Creates a row and gives it back as stored. Throws with the service's own message when a rule refuses. */
  create(set: string, values: Row): Row
  /** Changes a row found by id or by natural key, and gives it back. Throws when it is missing or a rule refuses. */
  edit(set: string, key: string, values: Row): Row
  /** Deletes a row. Throws when it is missing or a rule refuses. */
  delete(set: string, key: string): void
  /** Does what a button does: `ship`, `shipAndInvoice`, `release`, `reopen` … Throws when a rule refuses. */
  act?(set: string, key: string, action: string): void
}

/** One simulated service. */
export interface Service {
  readonly name: Exclude<ServiceName, 'login'>
  /** Path behind the listener's origin that is this service's address: `` for Dataverse, `/v2.0/{tenant}/{environment}` for BC. */
  readonly root: string
  /** The limits unless the simulator was given others. */
  readonly limits: Limits
  /** Answers a request. Synchronous: a request is one step in time, so that what is atomic stays so. */
  handle(request: Incoming, gate: Gate): Answer
  /** Answers the requests that have to reach outside first (a webhook's handshake); undefined for all others. */
  reachOut?(request: Incoming): Promise<Answer> | undefined
  /** The service's own words for a refusal by the server. */
  refuse(refusal: Refusal): Answer
  /** The rows of a set, for tests that look behind the scenes; undefined when there is no such set. */
  table(set: string): Table | undefined
  /** Names of all sets. */
  sets(): readonly string[]
  /** Stores many rows as they are, past all rules: demo data. */
  load(set: string, rows: Iterable<Row>): void
  readonly hand: Hand
}

/** Makes a service on a world. `dataverse(options)` and `businessCentral(options)` give one of these. */
export type ServiceFactory = (world: World) => Service
