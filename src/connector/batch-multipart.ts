/**
 * Pure: the multipart/mixed batch that Dataverse takes. A group of several parts travels as an atomic change set whose
 * parts carry a Content-ID; a failed change set is answered by one part for all. Line ends are CRLF. Answers come in
 * order; what cannot be attributed with certainty stays unknown (P2).
 */
import type { Group, GroupAnswer, Headers, Part, PartAnswer } from './batch.ts'
import { partAnswer } from './batch.ts'
import { parseExact } from './exact-json.ts'

const eol = '\r\n'

/** The body of a batch request; `boundary` must not occur in any value. */
export function encodeMultipart(groups: readonly Group[], boundary: string): string {
  const lines: string[] = []
  groups.forEach((group, index) => {
    lines.push(`--${boundary}`)
    const [only] = group
    if (group.length === 1 && only !== undefined) return lines.push(...partLines(only, undefined))
    // No boundary may be the beginning of another.
    const inner = `set${index + 1}_${boundary}`
    lines.push(`Content-Type: multipart/mixed; boundary="${inner}"`, '')
    group.forEach((part, step) => lines.push(`--${inner}`, ...partLines(part, step + 1)))
    lines.push(`--${inner}--`)
  })
  lines.push(`--${boundary}--`, '')
  return lines.join(eol)
}

function partLines(part: Part, contentId: number | undefined): readonly string[] {
  const body = part.body === undefined ? [''] : [JSON.stringify(part.body)]
  const type = part.body === undefined ? [] : ['Content-Type: application/json; type=entry']
  return [
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    ...(contentId === undefined ? [] : [`Content-ID: ${contentId}`]),
    '',
    `${part.method} ${part.url} HTTP/1.1`,
    ...type,
    ...Object.entries(part.headers).map(([name, value]) => `${name}: ${value}`),
    '',
    ...body,
  ]
}

/** The answers in the order of the groups. `contentType` is that of the response. */
export function decodeMultipart(
  text: string,
  contentType: string | undefined,
  groups: readonly Group[],
): readonly GroupAnswer[] {
  const sections = split(text, boundaryOf(contentType ?? '')).map(answersOf)
  // Without ids on the outer level only the order tells whose answer it is; it does when none is missing.
  return groups.map((group, index) => (sections.length === groups.length ? ordered(sections[index], group) : undefined))
}

interface Answered {
  readonly contentId: string | undefined
  readonly answer: PartAnswer
}

/** A group's answers in the order of its parts; one alone stands for a whole change set that failed. */
function ordered(answers: readonly Answered[] | undefined, group: Group): GroupAnswer {
  if (answers === undefined || answers.length === 0) return undefined
  if (answers.length === 1 && (group.length === 1 || (answers[0]?.answer.status ?? 0) >= 400)) {
    return answers.map((one) => one.answer)
  }
  if (answers.length !== group.length) return undefined
  const byId = group.map((_, step) => answers.find((one) => one.contentId === String(step + 1)))
  const found = byId.every((one) => one !== undefined) ? byId : answers
  return found.map((one) => one.answer)
}

function answersOf(section: string): readonly Answered[] {
  const { headers, rest } = headersAndRest(section)
  const type = headers.get('content-type') ?? ''
  if (type.toLowerCase().startsWith('multipart/')) return split(rest, boundaryOf(type)).flatMap(answersOf)
  const start = /^HTTP\/\d(?:\.\d)? (\d{3})[^\r\n]*\r?\n/.exec(rest)
  if (start?.[1] === undefined) return []
  const inner = headersAndRest(rest.slice(start[0].length))
  const answer = partAnswer(Number(start[1]), inner.headers, bodyOf(inner.rest))
  return [{ contentId: headers.get('content-id') ?? inner.headers.get('content-id'), answer }]
}

function bodyOf(text: string): unknown {
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  try {
    return parseExact(trimmed)
  } catch {
    return trimmed
  }
}

const boundaryOf = (contentType: string): string | undefined => /boundary="?([^";]+)"?/i.exec(contentType)?.[1]

/** The sections between the boundary's lines. */
function split(text: string, boundary: string | undefined): readonly string[] {
  if (boundary === undefined) return []
  const end = text.indexOf(`--${boundary}--`)
  const open = end === -1 ? text : text.slice(0, end)
  const sections = `\r\n${open}`.split(new RegExp(`\\r?\\n--${boundary.replace(/[^\w]/g, '\\$&')}[ \\t]*(?=\\r?\\n)`))
  return sections.slice(1).map((section) => section.replace(/^\r?\n/, ''))
}

function headersAndRest(text: string): { readonly headers: Headers; readonly rest: string } {
  const headers = new Map<string, string>()
  let at = 0
  for (;;) {
    const end = text.indexOf('\n', at)
    const line = (end === -1 ? text.slice(at) : text.slice(at, end)).replace(/\r$/, '')
    at = end === -1 ? text.length : end + 1
    if (line === '') break
    const colon = line.indexOf(':')
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  return { headers, rest: text.slice(at) }
}
