/** The loopback HTTP server under each simulated service: bodies in, answers out, compression, broken connections. */

import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync, gzipSync } from 'node:zlib'

import type { Answer, Incoming } from './service.ts'

/** An answer and how its connection ends. */
export interface Delivery extends Answer {
  /** Lose the connection instead of answering. */
  readonly drop?: boolean
  /** Lose it after so many bytes of the body. */
  readonly truncate?: number
}

/** A listening server. */
export interface Listener {
  /** `http://127.0.0.1:port` */
  readonly origin: string
  close(): Promise<void>
}

/** Answers shorter than this are not worth compressing, bytes. */
const GZIP_FROM = 1024

/** Listens on 127.0.0.1; port 0 takes a free one. */
export async function listen(port: number, handle: (request: Incoming) => Promise<Delivery>): Promise<Listener> {
  const server = createServer((message, response) => {
    void serve(message, response, handle)
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function serve(
  message: IncomingMessage,
  response: ServerResponse,
  handle: (request: Incoming) => Promise<Delivery>,
): Promise<void> {
  try {
    deliver(message, response, await handle(await read(message)))
  } catch (error) {
    if (response.headersSent || response.destroyed) return
    response.writeHead(500, { 'content-type': 'text/plain' })
    response.end(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
}

async function read(message: IncomingMessage): Promise<Incoming> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  const raw = Buffer.concat(chunks)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  const body = headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw
  const target = message.url ?? '/'
  const mark = target.indexOf('?')
  return {
    method: (message.method ?? 'GET').toUpperCase(),
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers,
    body: body.toString('utf8'),
    origin: `http://${headers['host'] ?? '127.0.0.1'}`,
    caller: '',
  }
}

function deliver(message: IncomingMessage, response: ServerResponse, delivery: Delivery): void {
  if (delivery.drop === true) {
    message.socket.destroy()
    return
  }
  const plain = Buffer.from(delivery.body ?? '', 'utf8')
  const zip = plain.length >= GZIP_FROM && /\bgzip\b/u.test(message.headers['accept-encoding'] ?? '')
  const body = zip ? gzipSync(plain, { level: 1 }) : plain
  const headers: Record<string, string | number> = { ...delivery.headers }
  if (zip) headers['Content-Encoding'] = 'gzip'
  if (delivery.status !== 204 && delivery.status !== 304) headers['Content-Length'] = body.length
  response.writeHead(delivery.status, headers)
  if (delivery.truncate === undefined) {
    response.end(body)
    return
  }
  response.write(body.subarray(0, delivery.truncate), () => message.socket.destroy())
}
