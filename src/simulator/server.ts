/** What happens to every request around a service: faults, login, limits, counting. */

import type { Faults, FaultAction } from './faults.ts'
import type { Delivery } from './http.ts'
import { Gatekeeper } from './limits.ts'
import type { Login } from './login.ts'
import type { RequestLog } from './request-log.ts'
import type { Answer, Gate, Incoming, Limits, Service, ServiceName } from './service.ts'

/** What the services of one simulator share. */
export interface Shared {
  readonly faults: Faults
  readonly log: RequestLog
  readonly login: Login
  readonly now: () => number
  /** See `World`. */
  readonly lagging: <T>(ms: number, look: () => T) => T
}

/** How one service is served. */
export interface ServingOptions {
  readonly limits: Limits
  /** Time each request takes at least, milliseconds: makes concurrency and limits visible. */
  readonly latencyMs: number
}

/** Puts faults and counting around a handler; the login listener needs no more. */
export function guarded(
  name: ServiceName,
  shared: Shared,
  handle: (request: Incoming, gate: Gate, lagMs: number) => Answer | Promise<Answer>,
): (request: Incoming) => Promise<Delivery> {
  return async (request) => {
    const began = shared.now()
    const target = request.query === '' ? request.path : `${request.path}?${request.query}`
    shared.log.begin(name, request.body.length)
    shared.log.count(name, request.method, request.path)
    const fault = shared.faults.take({ service: name, method: request.method, path: target, part: false })
    let delivery: Delivery = { status: 0, drop: true }
    try {
      delivery = await withFault(fault, request, () => handle(request, gateFor(name, shared), fault?.lagMs ?? 0))
    } finally {
      const status = delivery.drop === true ? 0 : delivery.status
      const line = { service: name, method: request.method, target, status, ms: shared.now() - began }
      shared.log.end(line, delivery.body?.length ?? 0)
    }
    return delivery
  }
}

/** The whole way of a request through a service: faults, bearer check, limits, the service itself. */
export function serving(
  service: Service,
  shared: Shared,
  options: ServingOptions,
): (request: Incoming) => Promise<Delivery> {
  const keeper = new Gatekeeper(options.limits, shared.now)
  return guarded(service.name, shared, async (request, gate, lagMs) => {
    const caller = shared.login.check(service.name, request)
    if (typeof caller !== 'string') return service.refuse(caller)
    const admission = await keeper.admit(caller)
    if ('refusal' in admission) return service.refuse(admission.refusal)
    const began = shared.now()
    try {
      if (options.latencyMs > 0) await pause(options.latencyMs)
      const asked = { ...request, caller }
      const serve = (): Answer => service.handle(asked, gate)
      const lags = lagMs > 0 && request.method === 'GET'
      const answer = (await service.reachOut?.(asked)) ?? (lags ? shared.lagging(lagMs, serve) : serve())
      return { ...answer, headers: { ...answer.headers, ...remaining(service, keeper, caller) } }
    } finally {
      admission.release(shared.now() - began)
    }
  })
}

/** Dataverse tells with each answer how much of its limits is left. */
function remaining(service: Service, keeper: Gatekeeper, caller: string): Record<string, string> {
  if (service.name !== 'sales') return {}
  const left = keeper.remaining(caller)
  const headers: Record<string, string> = {}
  if (left.requests !== Infinity) headers['x-ms-ratelimit-burst-remaining-xrm-requests'] = String(left.requests)
  if (left.executionMs !== Infinity) {
    headers['x-ms-ratelimit-time-remaining-xrm-requests'] = (left.executionMs / 1000).toFixed(2)
  }
  return headers
}

function gateFor(name: ServiceName, shared: Shared): Gate {
  return {
    part: (method, path) => {
      shared.log.part(name, method, path)
      const fault = shared.faults.take({ service: name, method, path, part: true })
      return fault && instead(fault)
    },
  }
}

async function withFault(
  fault: FaultAction | undefined,
  request: Incoming,
  serve: () => Answer | Promise<Answer>,
): Promise<Delivery> {
  if (fault === undefined) return serve()
  if (fault.delayMs !== undefined) await pause(fault.delayMs)
  if (fault.drop === 'before') return { status: 0, drop: true }
  const answer = rewritten(fault, request, instead(fault) ?? (await serve()))
  if (fault.drop === 'after') return { status: 0, drop: true }
  const typed =
    fault.contentType === undefined
      ? answer
      : { ...answer, headers: { ...answer.headers, 'Content-Type': fault.contentType } }
  return fault.truncate === undefined ? typed : { ...typed, truncate: fault.truncate }
}

const rewritten = ({ rewrite }: FaultAction, request: Incoming, answer: Answer): Answer =>
  rewrite === undefined ? answer : { ...answer, body: rewrite(answer.body ?? '', request) }

function instead(fault: FaultAction): Answer | undefined {
  if (fault.status === undefined) return undefined
  return {
    status: fault.status,
    headers: {
      'Content-Type': fault.contentType ?? 'application/json',
      ...(fault.retryAfter === undefined ? {} : { 'Retry-After': String(fault.retryAfter) }),
    },
    body: fault.body ?? JSON.stringify({ error: { code: '', message: `Injected fault ${fault.status}.` } }),
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
