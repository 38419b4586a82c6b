/**
 * One service, authorized: every request of a connection goes through here. Decides whom a request may go to, waits
 * while the service throttles, repeats what may be repeated, renews a token once. P8: the token goes to the
 * connection's own origin only. P2: a write whose outcome is not known is never sent again, but told.
 */
import type { Clock } from '../clock.ts'
import type { Connection } from '../config/config.ts'
import { ConnectorError } from '../errors.ts'
import type { Authorization } from './auth.ts'
import { failureOf, parsed, sideName } from './failure.ts'
import { NoAnswer } from './http.ts'
import type { Http, HttpAnswer, HttpRequest } from './http.ts'
import type { Parallel } from './parallel.ts'
import { throttleGate } from './throttle-gate.ts'
import { certainlyNotDone, waitBeforeRetry } from './retry.ts'
import type { Failure } from './retry.ts'

interface ServiceRequest {
  readonly method: HttpRequest['method']
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | undefined
  /** A read may be repeated at will. */
  readonly purpose: 'read' | 'write'
}

/** What became of a request. */
export type Reply =
  | { readonly kind: 'answer'; readonly answer: HttpAnswer }
  /** Sent, and no usable answer: done or not done. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** Certainly not done, and given up for now. */
  | { readonly kind: 'later'; readonly reason: string; readonly status: number | undefined }

export interface Service {
  readonly connection: Connection
  /** The body of a successful GET as JSON. `what` names it in errors. Throws ConnectorError. */
  get(url: string, what: string, headers?: Readonly<Record<string, string>>): Promise<unknown>
  /** Any request, its outcome as a value. Throws ConnectorError for a failed login and a foreign address. */
  ask(request: ServiceRequest): Promise<Reply>
  /** Requests so far that could change something. */
  writes(): number
  /** How many requests may run at once at present. */
  limit(): number
}

export interface ServicePorts {
  readonly http: Http
  readonly clock: Clock
  readonly random: () => number
  readonly authorization: Authorization
  readonly parallel: Parallel
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>
}

/** The service behind a connection. */
export function service(connection: Connection, ports: ServicePorts): Service {
  const { clock } = ports
  const gate = throttleGate(clock)
  let writes = 0

  const attempt = async (request: ServiceRequest, renewed = false): Promise<HttpAnswer> => {
    await gate.passed()
    const header = await ports.authorization.header()
    const answer = await ports.http.send({
      method: request.method,
      url: request.url,
      headers: { ...ports.headers, ...request.headers, Authorization: header },
      body: request.body,
    })
    if (answer.status === 401 && !renewed && ports.authorization.turnedDown(header)) return attempt(request, true)
    return answer
  }
  const heed = (answer: HttpAnswer): void => {
    const hint = answer.header('x-ms-dop-hint')
    if (hint !== undefined) ports.parallel.recommended(Number(hint))
    if (answer.status === 429) {
      ports.parallel.throttled()
      gate.refused()
    } else if (answer.status < 400) {
      ports.parallel.succeeded()
      gate.served()
    }
  }
  const once = async (request: ServiceRequest): Promise<HttpAnswer | NoAnswer> => {
    if (request.purpose === 'write') writes += 1
    try {
      const answer = await attempt(request)
      heed(answer)
      return answer
    } catch (error) {
      if (error instanceof NoAnswer) return error
      throw error
    }
  }
  const ask = async (request: ServiceRequest): Promise<Reply> => {
    refuseForeign(connection, request.url)
    for (let made = 1; ; made += 1) {
      const outcome = await ports.parallel.run(() => once(request))
      const failure = failureKind(outcome)
      if (failure === undefined) return { kind: 'answer', answer: outcome as HttpAnswer }
      const attempted = { made, purpose: request.purpose, failure, now: clock.now(), random: ports.random() }
      const waitMs = waitBeforeRetry({ ...attempted, refusedForMs: gate.refusedForMs() })
      if (waitMs === undefined) return givenUp(outcome, failure)
      if (failure.kind === 'status' && failure.status === 429) gate.closeFor(waitMs)
      await clock.sleep(waitMs)
    }
  }
  const get = async (url: string, what: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> => {
    const reply = await ask({ method: 'GET', url, headers, purpose: 'read' })
    if (reply.kind === 'answer' && reply.answer.status < 300) return parsed(reply.answer.text)
    throw unanswered(connection, what, reply)
  }
  return { connection, get, ask, writes: () => writes, limit: () => ports.parallel.limit() }
}

/** The error for a reply that is no success. `what` names the thing asked for. */
export function unanswered(connection: Connection, what: string, reply: Reply): ConnectorError {
  if (reply.kind === 'answer') return failureOf(connection.side, what, reply.answer)
  const throttled = reply.kind === 'later' && reply.status === 429
  return new ConnectorError(connection.side, throttled ? 'throttled' : 'unreachable', {
    message: `${sideName[connection.side]} gave no answer for ${what}: ${reply.reason}`,
    remedy: throttled
      ? 'The service is over its limit; the next run goes on where this one stopped.'
      : 'Check the address and the network; the next run goes on where this one stopped.',
  })
}

/** True when the address is the connection's own, and names no other login. */
export function isOwn(connection: Connection, url: string): boolean {
  if (!URL.canParse(url)) return false
  const { origin, username, password } = new URL(url)
  return origin === new URL(connection.url).origin && username === '' && password === ''
}

function refuseForeign(connection: Connection, url: string): void {
  if (isOwn(connection, url)) return
  throw new ConnectorError(connection.side, 'broken', {
    message: `${sideName[connection.side]} points to another address (${URL.canParse(url) ? new URL(url).host : 'not an address'}), which is not followed`,
    remedy: 'Check `url` of the connection: it must be the address under which the service knows itself.',
  })
}

/** Statuses that say something about the service's state, not about the request. */
const passing = new Set([408, 429, 502, 503, 504])

function failureKind(outcome: HttpAnswer | NoAnswer): Failure | undefined {
  if (outcome instanceof NoAnswer) return { kind: 'silence', sent: outcome.sent }
  if (!passing.has(outcome.status)) return undefined
  return { kind: 'status', status: outcome.status, retryAfter: outcome.header('retry-after') }
}

function givenUp(outcome: HttpAnswer | NoAnswer, failure: Failure): Reply {
  const reason = outcome instanceof NoAnswer ? outcome.message : `status ${outcome.status}`
  if (!certainlyNotDone(failure)) return { kind: 'unknown', reason }
  return { kind: 'later', reason, status: outcome instanceof NoAnswer ? undefined : outcome.status }
}
