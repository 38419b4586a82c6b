/** JSON batches: up to a hundred operations in one request, each for itself or all in one transaction. */

import { Refused } from './business-central-error.ts'
import { json } from './business-central-request.ts'
import type { Answer, Gate, Incoming } from './service.ts'
import type { World } from './world.ts'

const MOST_OPERATIONS = 100

interface Part {
  readonly id?: string
  readonly method: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** Thrown to undo a snapshot; carries the answers that are given all the same. */
class RolledBack extends Error {}

/**
 * Answers `POST …/$batch`. By default each part stands alone and a failure stops nothing. With `Isolation: snapshot` a
 * failure reverts every change, although earlier parts still report success; when the first part fails only its own
 * answer comes back (field reports).
 */
export function answerBatch(request: Incoming, world: World, gate: Gate, serve: (part: Incoming) => Answer): Answer {
  const parts = readParts(request)
  const run = (part: Part) => answerPart(request, part, gate, serve)
  if (!/snapshot/iu.test(request.headers['isolation'] ?? '')) return json(200, { responses: parts.map(run) })
  const responses: { readonly status: number }[] = []
  try {
    world.transaction(() => {
      for (const part of parts) {
        responses.push(run(part))
        if ((responses[0]?.status ?? 0) >= 400) break
      }
      if (responses.some(({ status }) => status >= 400)) throw new RolledBack()
    })
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error
  }
  return json(200, { responses })
}

function readParts(request: Incoming): readonly Part[] {
  let parts: unknown
  try {
    parts = (JSON.parse(request.body) as { requests?: unknown }).requests
  } catch {
    parts = undefined
  }
  if (!Array.isArray(parts)) throw new Refused('BadRequest', 'A batch needs an array of requests.')
  if (parts.length > MOST_OPERATIONS) {
    const text = `The batch has more operations than the maximum of ${MOST_OPERATIONS} operations in one batch.`
    throw new Refused('Internal_ServerError', text, 500)
  }
  return parts as Part[]
}

function answerPart(request: Incoming, part: Part, gate: Gate, serve: (part: Incoming) => Answer) {
  const method = part.method.toUpperCase()
  const address = addressOf(request, part.url)
  const answer = gate.part(method, address) ?? serve(incoming(request, part, method, address))
  const headers = Object.fromEntries(
    Object.entries(answer.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  )
  const body = answer.body === undefined ? {} : { body: bodyOf(answer.body) }
  return { id: part.id ?? null, status: answer.status, headers, ...body }
}

/** Addresses in parts are absolute, from the host, or relative to where `$batch` stands. */
function addressOf(request: Incoming, url: string): string {
  if (url.startsWith('http')) return url.slice(new URL(url).origin.length)
  return url.startsWith('/') ? url : `${request.path.slice(0, -'$batch'.length)}${url}`
}

function incoming(request: Incoming, part: Part, method: string, address: string): Incoming {
  const mark = address.indexOf('?')
  const own = Object.entries(part.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])
  return {
    ...request,
    method,
    path: mark < 0 ? address : address.slice(0, mark),
    query: mark < 0 ? '' : address.slice(mark + 1),
    headers: Object.fromEntries(own) as Record<string, string>,
    body: part.body === undefined ? '' : JSON.stringify(part.body),
  }
}

function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
