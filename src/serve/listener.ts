/** The service's own small server, on loopback: health, readiness, and where Business Central's notifications arrive. */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { webhookPath } from './webhooks.ts'

export interface ListenerOptions {
  /** 0: a free one. */
  readonly port: number
  /** Whether the service does its work, with what it tells of itself. */
  readonly health: () => Answer
  /** Whether all is well besides. */
  readonly ready: () => Answer
  /** Takes the words of a notification; false when none of them is ours. Absent where no webhooks are expected. */
  readonly notified?: ((words: readonly string[]) => boolean) | undefined
}

export interface Answer {
  readonly ok: boolean
  readonly [name: string]: unknown
}

export interface Listener {
  readonly port: number
  close(): Promise<void>
}

/** Largest notification taken, bytes: 1000 changes are some 400 KB. */
const largestBody = 2_000_000
const longestToken = 1000

/** Listens on 127.0.0.1. Rejects with the operating system's error when the port is taken. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    answer(options, request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  return { port: (server.address() as AddressInfo).port, close: () => closed(server) }
}

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

async function answer(options: ListenerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url as string, 'http://localhost')
  if (request.method === 'GET' && pathname === '/health') return json(response, options.health())
  if (request.method === 'GET' && pathname === '/ready') return json(response, options.ready())
  const { notified } = options
  // A proxy may or may not leave the public address's own path before ours.
  if (notified === undefined || !pathname.endsWith(webhookPath)) return plain(response, 404, 'not found')
  const token = searchParams.get('validationToken')
  if (token === null) return notification(notified, request, response)
  return plain(response, token.length > longestToken ? 400 : 200, token.slice(0, longestToken))
}

async function notification(
  notified: (words: readonly string[]) => boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST') return plain(response, 405, 'POST only')
  const body = await bodyOf(request)
  if (body === undefined) return plain(response, 413, 'too large')
  return plain(response, notified(wordsOf(body)) ? 200 : 401, '')
}

function json(response: ServerResponse, body: Answer): void {
  response.writeHead(body.ok ? 200 : 503, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain', 'X-Content-Type-Options': 'nosniff' })
  response.end(text)
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request) {
    size += (part as Buffer).length
    if (size > largestBody) return undefined
    parts.push(part as Buffer)
  }
  return Buffer.concat(parts).toString()
}

/** The secret words of a notification; nothing else of it is read. */
function wordsOf(body: string): readonly string[] {
  try {
    const { value } = JSON.parse(body) as { readonly value?: readonly { readonly clientState?: unknown }[] }
    const words = (value ?? []).map(({ clientState }) => clientState)
    return [...new Set(words)].filter((word): word is string => typeof word === 'string')
  } catch {
    return []
  }
}
