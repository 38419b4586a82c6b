/** What both batch formats have in common. */
import type { Row } from '../core/record.ts'

/** One request inside a batch. */
export interface Part {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Relative to the route's root (JSON), or a path from the host (multipart). */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Row | undefined
}

export interface PartAnswer {
  readonly status: number
  /** Address of a created row, where the service tells it in a header. */
  readonly location: string | undefined
  readonly etag: string | undefined
  /** Parsed JSON; undefined when there was none. */
  readonly body: unknown
  readonly retryAfter: string | undefined
}

/** Parts that stand or fall together; most have one. */
export type Group = readonly Part[]
/**
 * What came back for a group, in its order; a failed change set has one answer for all. Undefined when nothing that
 * belongs to it came back: its outcome is unknown.
 */
export type GroupAnswer = readonly PartAnswer[] | undefined

/** Headers by their names in lower case: an answer may write them in any case. */
export type Headers = ReadonlyMap<string, string>

/** An answer from its status, headers and body. */
export function partAnswer(status: number, headers: Headers, body: unknown): PartAnswer {
  return {
    status,
    location: headers.get('odata-entityid') ?? headers.get('location'),
    etag: headers.get('etag'),
    body,
    retryAfter: headers.get('retry-after'),
  }
}

const guid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i
const keyInUrl = new RegExp(`\\((${guid.source})\\)(?:\\?.*)?$`, 'i')
const keyInLocation = new RegExp(`\\((${guid.source})\\)$`, 'i')

/** False when a good answer names another record than the part asks for. What names none may be anybody's. */
function canBeOf(part: Part | undefined, answer: PartAnswer): boolean {
  const asked = keyInUrl.exec(part?.url ?? '')?.[1]?.toLowerCase()
  if (asked === undefined || answer.status >= 300) return true
  const told = keyInLocation.exec(answer.location ?? '')?.[1]
  if (told !== undefined) return told.toLowerCase() === asked
  const texts = Object.values(answer.body ?? {}).filter((value) => typeof value === 'string')
  return texts.length === 0 || texts.some((text) => text.length === asked.length && text.toLowerCase() === asked)
}

/**
 * The answers as they came, or nothing for anybody where one of them names another record than it should: then they came
 * in another order, and whose each is nobody knows (P2).
 */
export function attributed(groups: readonly Group[], answers: readonly GroupAnswer[]): readonly GroupAnswer[] {
  const isInOrder = answers.every((own, at) => own?.every((one, step) => canBeOf(groups[at]?.[step], one)) ?? true)
  return isInOrder ? answers : groups.map(() => undefined)
}
