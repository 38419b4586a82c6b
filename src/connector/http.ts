/**
 * Requests over node-fetch: connections kept alive, gzip, a time limit that covers the body, proxies, counters.
 * Whom a request may go to is decided by its caller; a redirect may not change that (P8).
 */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { HttpsProxyAgent } from 'https-proxy-agent'
import fetch, { FetchError, Headers } from 'node-fetch'
import type { Response } from 'node-fetch'
import { proxyFor } from './proxy.ts'
import type { ProxySettings } from './proxy.ts'
import { withoutCredential } from './scrub.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
}

export interface HttpAnswer {
  readonly status: number
  /** A response header by its name in any case. */
  header(name: string): string | undefined
  readonly text: string
}

/** No answer came. */
export class NoAnswer extends Error {
  /** False when the request certainly never reached the service. */
  readonly sent: boolean
  constructor(message: string, sent: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'NoAnswer'
    this.sent = sent
  }
}

export interface Http {
  /** Throws NoAnswer when there is none; every status is an answer. */
  send(request: HttpRequest): Promise<HttpAnswer>
  /** Requests made and bytes moved so far. */
  usage(): { readonly requests: number; readonly bytes: number }
  close(): void
}

export interface HttpOptions {
  /** Milliseconds until a request, body included, is given up. */
  readonly timeoutMs: number
  readonly proxy: ProxySettings
  readonly userAgent: string
  /** Bytes of an answer, unzipped, at which it is given up. @default 256 MB, many times the largest page */
  readonly most?: number
}

const mostBytes = 256_000_000

/** Idle connections are dropped before the services drop them, so that no write meets a closed one. */
const idleMs = 15_000
const mostRedirects = 3
const neverReached = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/** A client with its own pool of connections. */
export function httpClient(options: HttpOptions): Http {
  const agents = new Map<string, HttpAgent | HttpsAgent>()
  const agentFor = (url: URL): HttpAgent | HttpsAgent => {
    const proxy = proxyFor(url, options.proxy)
    const name = proxy ?? url.protocol
    const agent = agents.get(name) ?? newAgent(url, proxy)
    agents.set(name, agent)
    return agent
  }
  let requests = 0
  let bytes = 0

  const once = async (request: HttpRequest): Promise<HttpAnswer> => {
    const headers = new Headers({ ...request.headers, 'User-Agent': options.userAgent })
    requests += 1
    bytes += request.body === undefined ? 0 : Buffer.byteLength(request.body)
    try {
      const response = await fetch(request.url, {
        method: request.method,
        headers,
        ...(request.body === undefined ? {} : { body: request.body }),
        agent: agentFor,
        redirect: 'manual',
        size: options.most ?? mostBytes,
        signal: AbortSignal.timeout(options.timeoutMs),
      })
      // Without the byte order mark that stands before the plain text which Dataverse answers to /$count.
      const text = await response.text()
      bytes += Buffer.byteLength(text)
      return answer(response, text, request.headers['Authorization'])
    } catch (error) {
      throw noAnswer(error, request, options.timeoutMs)
    }
  }
  const send = async (request: HttpRequest, redirects = 0): Promise<HttpAnswer> => {
    const answered = await once(request)
    const target = redirectOf(request, answered)
    if (target === undefined) return answered
    if (redirects >= mostRedirects) throw new NoAnswer('redirected too often', true)
    return send({ ...request, url: target }, redirects + 1)
  }
  return {
    send: (request) => send(request),
    usage: () => ({ requests, bytes }),
    close: () => {
      for (const agent of agents.values()) agent.destroy()
      agents.clear()
    },
  }
}

function newAgent(url: URL, proxy: string | undefined): HttpAgent | HttpsAgent {
  const keep = { keepAlive: true, timeout: idleMs, scheduling: 'lifo' } as const
  if (proxy !== undefined) return new HttpsProxyAgent(proxy, keep)
  return url.protocol === 'https:' ? new HttpsAgent(keep) : new HttpAgent(keep)
}

function answer(response: Response, text: string, authorization: string | undefined): HttpAnswer {
  const { status, headers } = response
  // Gateways answer with the request that they did not understand, and what an answer says may be told.
  const clean = authorization === undefined ? text : withoutCredential(text, authorization, status >= 400)
  return { status, header: (name) => headers.get(name) ?? undefined, text: clean }
}

/** Where to go on, undefined when this is the answer. Only a GET follows, and only to the same origin. */
function redirectOf(request: HttpRequest, answered: HttpAnswer): string | undefined {
  const location = answered.header('location')
  if (answered.status < 301 || answered.status > 308 || location === undefined) return undefined
  const from = new URL(request.url)
  const to = new URL(location, from)
  if (request.method !== 'GET' || to.origin !== from.origin)
    throw new NoAnswer(`${from.host} redirects to ${to.host}, which is not followed`, true)
  return to.href
}

function noAnswer(error: unknown, request: HttpRequest, timeoutMs: number): NoAnswer {
  if (error instanceof NoAnswer) return error
  const host = new URL(request.url).host
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError'))
    return new NoAnswer(`${host} did not answer within ${timeoutMs} ms`, true, error)
  if (error instanceof FetchError && error.type === 'max-size')
    return new NoAnswer(`${host} sends an answer without end`, true, error)
  const code = error instanceof FetchError ? error.code : undefined
  return new NoAnswer(`${host} was not reached (${code ?? 'connection lost'})`, !neverReached.has(code ?? ''), error)
}
