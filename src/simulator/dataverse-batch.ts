/** `$batch`: multipart in, multipart out, change sets all or nothing. */

import { randomUUID } from 'node:crypto'

import { UndeclaredContentId } from './dataverse-address.ts'
import { DataverseError, errorAnswer } from './dataverse-error.ts'
import type { Answer, Gate, Incoming } from './service.ts'

/** A request inside a batch. */
interface Part {
  readonly contentId: string | undefined
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What is done with a part. `contentIds` are those of its change set so far. */
export type ServePart = (request: Incoming, contentIds: ReadonlyMap<string, string>) => Answer

/** What the batch needs besides the request. */
export interface BatchServing {
  readonly serve: ServePart
  readonly gate: Gate
  readonly continueOnError: boolean
  /** Runs a change set; undone when it throws. */
  readonly transaction: <T>(work: () => T) => T
}

/** Most requests in one batch. */
const MAX_PARTS = 1000

/** A change set with a failed part: thrown to undo the rest. */
class FailedChangeSet extends Error {
  readonly part: Part
  readonly answer: Answer
  constructor(part: Part, answer: Answer) {
    super('change set failed')
    this.part = part
    this.answer = answer
  }
}

/** Answers a batch. Without continue-on-error it stops at the first failure and the whole answer is a 400. */
export function answerBatch(request: Incoming, serving: BatchServing): Answer {
  const items = readMultipart(request.body, boundaryOf(request.headers['content-type'] ?? ''))
  const parts = items.map((item) => (item.boundary === undefined ? [readPart(item)] : readChangeSet(item)))
  if (parts.flat().length > MAX_PARTS) {
    throw new DataverseError(400, '0x80048d19', `The batch holds more than ${MAX_PARTS} requests.`)
  }
  const boundary = `batchresponse_${randomUUID()}`
  const pieces: string[] = []
  let failed = false
  for (const [at, item] of items.entries()) {
    const members = parts[at] ?? []
    const { text, ok } =
      item.boundary === undefined
        ? serveSingle(request, members[0], serving)
        : serveChangeSet(request, members, serving)
    pieces.push(`--${boundary}\r\n${text}`)
    if (ok) continue
    failed = true
    if (!serving.continueOnError) break
  }
  return {
    status: failed && !serving.continueOnError ? 400 : 200,
    headers: { 'Content-Type': `multipart/mixed; boundary=${boundary}`, 'OData-Version': '4.0' },
    body: `${pieces.join('')}--${boundary}--\r\n`,
  }
}

interface Served {
  readonly text: string
  readonly ok: boolean
}

function serveSingle(request: Incoming, part: Part | undefined, serving: BatchServing): Served {
  if (part === undefined) throw new DataverseError(400, '0x80048d19', 'The batch holds an empty part.')
  const answer = servePart(request, part, new Map(), serving)
  return { text: writePart(part, answer), ok: answer.status < 400 }
}

function serveChangeSet(request: Incoming, parts: readonly Part[], serving: BatchServing): Served {
  const boundary = `changesetresponse_${randomUUID()}`
  try {
    const texts = serving.transaction(() => {
      const contentIds = new Map<string, string>()
      return parts.map((part) => {
        const answer = servePart(request, part, contentIds, serving)
        if (answer.status >= 400) throw new FailedChangeSet(part, answer)
        const made = answer.headers?.['OData-EntityId']
        if (part.contentId !== undefined && made !== undefined) contentIds.set(part.contentId, made)
        return `--${boundary}\r\n${writePart(part, answer)}`
      })
    })
    const head = `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n`
    return { text: `${head}${texts.join('')}--${boundary}--\r\n`, ok: true }
  } catch (error) {
    if (!(error instanceof FailedChangeSet)) throw error
    return { text: writePart(error.part, error.answer), ok: false }
  }
}

function servePart(
  request: Incoming,
  part: Part,
  contentIds: ReadonlyMap<string, string>,
  serving: BatchServing,
): Answer {
  const target = resolveTarget(part.target, contentIds)
  const path = target.replace(/^https?:\/\/[^/]*/u, '')
  const whole = path.startsWith('/') ? path : `/api/data/v9.2/${path}`
  const instead = serving.gate.part(part.method, whole)
  if (instead !== undefined) return instead
  if (whole.endsWith('$batch')) return errorAnswer(400, '0x80048d19', 'A batch inside a batch is not supported.')
  const [address = '', ...query] = whole.split('?')
  const inner = { ...request, method: part.method, path: address, query: query.join('?'), body: part.body }
  return serving.serve({ ...inner, headers: { ...behalf(request.headers), ...part.headers } }, contentIds)
}

/** Acting for another user is said for the whole batch. */
function behalf(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const names = ['mscrmcallerid', 'callerobjectid']
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name)))
}

/** `$1` or `$1/lastname` at the start of an address stands for the row that part 1 has made. */
function resolveTarget(target: string, contentIds: ReadonlyMap<string, string>): string {
  const match = /^\/?\$(?<id>[^/?]+)(?<rest>.*)$/u.exec(target)?.groups
  if (match === undefined || match['id'] === 'batch') return target
  const made = contentIds.get(match['id'] ?? '')
  if (made !== undefined) return made + (match['rest'] ?? '')
  const message = `Content-ID Reference: '$${match['id']}' does not exist in the batch context.`
  throw new UndeclaredContentId(400, '', message)
}

function writePart(part: Part, answer: Answer): string {
  const lines = ['Content-Type: application/http', 'Content-Transfer-Encoding: binary']
  if (part.contentId !== undefined) lines.push(`Content-ID: ${part.contentId}`)
  lines.push('', `HTTP/1.1 ${answer.status} ${REASONS[answer.status] ?? 'Unknown'}`)
  for (const [name, value] of Object.entries(answer.headers ?? {})) {
    lines.push(`${name}: ${value}`)
    if (name === 'OData-EntityId') lines.push(`Location: ${value}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n${answer.body ?? ''}\r\n`
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  304: 'Not Modified',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  412: 'Precondition Failed',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

interface Item {
  readonly headers: Readonly<Record<string, string>>
  readonly content: string
  /** Of a change set. */
  readonly boundary: string | undefined
}

function boundaryOf(contentType: string): string {
  const found = /^multipart\/mixed;.*boundary="?(?<boundary>[^";]+)"?/iu.exec(contentType)?.groups?.['boundary']
  if (found !== undefined) return found
  throw new DataverseError(400, '0x80048d19', `The content type '${contentType}' is not a multipart/mixed batch.`)
}

function readMultipart(body: string, boundary: string): Item[] {
  const items = body.split(`--${boundary}`).slice(1)
  if (items.at(-1)?.startsWith('--') !== true) {
    throw new DataverseError(400, '0x80048d19', 'The batch does not end with its boundary.')
  }
  return items.slice(0, -1).map((text) => {
    const { headers, content } = readHead(text.replace(/^[ \t]*\r?\n/u, ''))
    const type = headers['content-type'] ?? ''
    return { headers, content, boundary: type.startsWith('multipart/') ? boundaryOf(type) : undefined }
  })
}

/** Headers up to the first blank line, and what follows. */
function readHead(text: string): { headers: Record<string, string>; content: string } {
  const end = /\r?\n\r?\n/u.exec(text)
  const head = end === null ? text.trimEnd() : text.slice(0, end.index)
  const headers: Record<string, string> = {}
  for (const line of head.split(/\r?\n/u)) {
    const mark = line.indexOf(':')
    if (mark > 0) headers[line.slice(0, mark).trim().toLowerCase()] = line.slice(mark + 1).trim()
  }
  return { headers, content: end === null ? '' : text.slice(end.index + end[0].length) }
}

function readChangeSet(item: Item): Part[] {
  const parts = readMultipart(item.content, item.boundary ?? '').map(readPart)
  const get = parts.find((part) => part.method === 'GET')
  if (get !== undefined) throw new DataverseError(400, '0x80048d19', 'A change set cannot contain GET requests.')
  return parts
}

function readPart(item: Item): Part {
  const [line = '', ...rest] = item.content.split(/\r?\n/u)
  const match = /^(?<method>[A-Z]+) (?<target>.+?) HTTP\/1\.1$/u.exec(line.trim())?.groups
  if (match === undefined) throw new DataverseError(400, '0x80048d19', `The request line '${line}' cannot be read.`)
  const { headers, content } = readHead(rest.join('\r\n'))
  return {
    contentId: item.headers['content-id'] ?? headers['content-id'],
    method: match['method'] ?? '',
    target: match['target'] ?? '',
    headers,
    body: content.trim(),
  }
}
