/**
 * Pure: the JSON batch of OData 4.01 as Business Central takes it: at most 100 requests, each on its own. Answers may
 * be missing, reordered or without id; what cannot be attributed with certainty stays unknown (P2). The transactional
 * form (`Isolation: snapshot`) is not used: it reports success for what it rolls back.
 */
import type { GroupAnswer, Headers, Part, PartAnswer } from './batch.ts'
import { partAnswer } from './batch.ts'

/** The body of a batch request. */
export function encodeJsonBatch(parts: readonly Part[]): string {
  const requests = parts.map((part, index) => ({
    id: String(index + 1),
    method: part.method,
    url: part.url,
    headers: part.body === undefined ? part.headers : { 'Content-Type': 'application/json', ...part.headers },
    ...(part.body === undefined ? {} : { body: part.body }),
  }))
  return JSON.stringify({ requests })
}

/** The answers in the order of the `count` requests. */
export function decodeJsonBatch(body: unknown, count: number): readonly GroupAnswer[] {
  const responses = responsesOf(body)
  const answers: GroupAnswer[] = Array.from({ length: count }, () => undefined)
  const byOrder = responses.length === count && responses.every((response) => response.id === undefined)
  responses.forEach((response, index) => {
    const at = byOrder ? index : Number(response.id ?? Number.NaN) - 1
    if (Number.isInteger(at) && at >= 0 && at < count) answers[at] = [response.answer]
  })
  return answers
}

interface Response {
  readonly id: string | undefined
  readonly answer: PartAnswer
}

function responsesOf(body: unknown): readonly Response[] {
  const list: unknown =
    typeof body === 'object' && body !== null ? (body as { responses?: unknown }).responses : undefined
  if (!Array.isArray(list)) return []
  return list.flatMap((item: unknown) => {
    const entry = (typeof item === 'object' && item !== null ? item : {}) as Readonly<Record<string, unknown>>
    if (typeof entry['status'] !== 'number') return []
    const id = entry['id']
    return [
      {
        id: typeof id === 'string' || typeof id === 'number' ? String(id) : undefined,
        answer: partAnswer(entry['status'], headersOf(entry['headers']), entry['body']),
      },
    ]
  })
}

const headersOf = (given: unknown): Headers =>
  new Map(
    Object.entries(given ?? {}).flatMap(([name, value]: [string, unknown]) =>
      typeof value === 'string' || typeof value === 'number' ? [[name.toLowerCase(), String(value)]] : [],
    ),
  )
