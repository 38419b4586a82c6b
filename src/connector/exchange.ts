/**
 * Sends one batch of writes and tells what came back for each group. P2: what may have been done and was not answered
 * is `unknown` and never sent again. P5: a batch that is refused as a whole is sent again in halves, until the one
 * group that spoils it stands alone.
 */
import type { Address } from './address.ts'
import { urlOf } from './address.ts'
import { attributed } from './batch.ts'
import type { Group, PartAnswer } from './batch.ts'
import type { Refusal } from './connector.ts'
import { parsed, failureOf } from './failure.ts'
import { refusalOf, serviceError } from './refusal.ts'
import { retryAfterMs, waitBeforeRetry } from './retry.ts'
import type { Reach } from './reach.ts'
import type { Reply } from './service.ts'

/** What came back for a group. */
export type Exchanged =
  | { readonly kind: 'answers'; readonly answers: readonly PartAnswer[] }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'later'; readonly refusal: Refusal }

/** Where a batch goes, and as whom it is written. */
export type Target = Pick<Address, 'root' | 'options'> & {
  /** Id of a systemuser of Sales. @default the connection's own identity */
  readonly caller?: string | undefined
}

/** The outcome of each group, in order. Throws ConnectorError for a failed login or permission. */
export async function exchange(reach: Reach, root: Target, groups: readonly Group[]): Promise<readonly Exchanged[]> {
  const out: Exchanged[] = await once(reach, root, groups)
  // Single parts can be turned away while the batch goes through; the service says when to come back.
  const begun = reach.clock.now().getTime()
  for (let made = 1; ; made += 1) {
    const again = out.flatMap((outcome, index) => (isPutOff(outcome) ? [index] : []))
    const wait = again.length === 0 ? undefined : waitFor(reach, out, { made, begun })
    if (wait === undefined) return out
    await reach.clock.sleep(wait)
    const answers = await once(
      reach,
      root,
      again.flatMap((index) => [groups[index] ?? []]),
    )
    again.forEach((index, at) => (out[index] = answers[at] ?? lost))
  }
}

const lost: Exchanged = { kind: 'unknown', reason: 'the answer holds nothing for this operation' }

const isPutOff = (outcome: Exchanged): boolean => outcome.kind === 'answers' && outcome.answers.some(putOff)
const putOff = (answer: PartAnswer): boolean => answer.status === 429 || answer.status === 503

function waitFor(
  reach: Reach,
  outcomes: readonly Exchanged[],
  { made, begun }: { readonly made: number; readonly begun: number },
): number | undefined {
  const now = reach.clock.now()
  const refusedForMs = now.getTime() - begun
  const told = outcomes.flatMap((outcome) => (outcome.kind === 'answers' ? outcome.answers.filter(putOff) : []))
  const longest = Math.max(0, ...told.map((answer) => retryAfterMs(answer.retryAfter, now) ?? 0))
  const failure = { kind: 'status', status: 429, retryAfter: longest > 0 ? String(longest / 1000) : undefined } as const
  return waitBeforeRetry({ made, purpose: 'write', failure, now, refusedForMs, random: reach.random() })
}

async function once(reach: Reach, root: Target, groups: readonly Group[]): Promise<Exchanged[]> {
  const { contentType, body } = reach.dialect.encodeBatch(groups)
  const reply = await reach.service.ask({
    method: 'POST',
    url: urlOf({ ...root, path: '$batch' }),
    headers: { ...reach.dialect.batchHeaders, ...actingAs(root.caller), 'Content-Type': contentType },
    body,
    purpose: 'write',
  })
  if (reply.kind !== 'answer') return groups.map(() => unanswered(reach, reply))
  const { answer } = reply
  if (answer.status < 300) {
    const answered = attributed(groups, reach.dialect.decodeBatch(answer, groups))
    return answered.map((answers) => (answers ? { kind: 'answers', answers } : lost))
  }
  // Who may not be acted for spoils the records that are written as this user, and no others (P5).
  if (root.caller !== undefined && (answer.status === 403 || answer.status === 404))
    return groups.map(() => told(answer))
  if (answer.status === 401 || answer.status === 403 || answer.status === 404)
    throw failureOf(reach.dialect.side, 'the batch', {
      status: answer.status,
      text: answer.text,
      sent: valuesOf(groups),
    })
  if (answer.status >= 500)
    return groups.map(() => ({ kind: 'unknown', reason: `the batch ended with status ${answer.status}` }))
  return refusedWhole(reach, root, { groups, answer })
}

/** All that the groups write: an answer to the whole of them may repeat any of it. */
const valuesOf = (groups: readonly Group[]): readonly unknown[] =>
  groups.flatMap((parts) => parts.flatMap(({ body = {} }) => Object.values(body)))

const actingAs = (caller: string | undefined): Readonly<Record<string, string>> =>
  caller === undefined ? {} : { MSCRMCallerID: caller }

async function refusedWhole(
  reach: Reach,
  root: Target,
  { groups, answer }: { readonly groups: readonly Group[]; readonly answer: { status: number; text: string } },
): Promise<Exchanged[]> {
  if (groups.length < 2) {
    return groups.map(() => told(answer))
  }
  const half = Math.ceil(groups.length / 2)
  return [...(await once(reach, root, groups.slice(0, half))), ...(await once(reach, root, groups.slice(half)))]
}

/** The answer to a whole batch, told of one of its groups. */
function told({ status, text }: { readonly status: number; readonly text: string }): Exchanged {
  const whole: PartAnswer = { status, location: undefined, etag: undefined, body: parsed(text), retryAfter: undefined }
  return { kind: 'answers', answers: [whole] }
}

function unanswered(reach: Reach, reply: Exclude<Reply, { readonly kind: 'answer' }>): Exchanged {
  if (reply.kind === 'unknown') return reply
  const refusal = refusalOf(reach.dialect.side, serviceError(reply.status ?? 503, ''))
  return { kind: 'later', refusal: { ...refusal, message: reply.reason } }
}
