/** Many reads at once: Business Central takes them as parts of a batch, Dataverse side by side. */
import type { Address } from './address.ts'
import { relativeUrl, urlOf } from './address.ts'
import type { GroupAnswer } from './batch.ts'
import { decodeJsonBatch, encodeJsonBatch } from './batch-json.ts'
import { failureOf, parsed } from './failure.ts'
import { allRows, pageOf } from './pages.ts'
import { pieces } from './query.ts'
import type { Reach } from './reach.ts'
import { unanswered } from './service.ts'

/** One read of a collection or of a single row. */
export interface Ask {
  readonly address: Address
  readonly options: Readonly<Record<string, string | undefined>>
  /** Name in messages. */
  readonly what: string
  /** The address names one row; when that is not there, there are no rows. */
  readonly single?: boolean
}

/** Reads in one batch: enough to save round trips, few enough to stay well below the service's time limit. */
const readsInBatch = 20

/** The rows of each ask, in order. Throws ConnectorError. */
export async function gather(reach: Reach, asks: readonly Ask[]): Promise<readonly (readonly unknown[])[]> {
  if (reach.dialect.side === 'sales' || asks.length < 2) return Promise.all(asks.map((ask) => alone(reach, ask)))
  const roots = [...new Set(asks.map((ask) => ask.address.root))]
  const found = new Map<Ask, readonly unknown[]>()
  const batches = roots.flatMap((root) =>
    pieces(
      asks.filter((ask) => ask.address.root === root),
      readsInBatch,
    ),
  )
  await Promise.all(
    batches.map(async (batch) => {
      const rows = await together(reach, batch)
      batch.forEach((ask, index) => found.set(ask, rows[index] ?? []))
    }),
  )
  return asks.map((ask) => found.get(ask) ?? [])
}

async function alone(reach: Reach, ask: Ask): Promise<readonly unknown[]> {
  const url = urlOf(ask.address, ask.options)
  if (ask.single !== true) return allRows(reach, url, ask.what)
  const reply = await reach.service.ask({ method: 'GET', url, purpose: 'read' })
  if (reply.kind === 'answer' && reply.answer.status === 404) return absentRow(reach, ask, reply.answer)
  if (reply.kind !== 'answer' || reply.answer.status >= 300) throw unanswered(reach.connection, ask.what, reply)
  return [parsed(reply.answer.text)]
}

async function together(reach: Reach, asks: readonly Ask[]): Promise<readonly (readonly unknown[])[]> {
  const [first] = asks
  if (first === undefined) return []
  const url = urlOf({ ...first.address, path: '$batch' })
  const body = encodeJsonBatch(
    asks.map((ask) => ({
      method: 'GET',
      url: relativeUrl(ask.address, ask.options),
      headers: { Accept: 'application/json' },
    })),
  )
  const headers = { 'Content-Type': 'application/json' }
  const reply = await reach.service.ask({ method: 'POST', url, headers, body, purpose: 'read' })
  if (reply.kind !== 'answer' || reply.answer.status >= 300) throw unanswered(reach.connection, first.what, reply)
  const answers = decodeJsonBatch(parsed(reply.answer.text), asks.length)
  return Promise.all(asks.map((ask, index) => rowsOf(reach, ask, answers[index])))
}

/** A part that was left out or put off is asked for once more, alone, where waiting and repeating are at home. */
const putOff = new Set([408, 429, 502, 503, 504])

async function rowsOf(reach: Reach, ask: Ask, answers: GroupAnswer): Promise<readonly unknown[]> {
  const answer = answers?.[0]
  if (answer === undefined || putOff.has(answer.status)) return alone(reach, ask)
  const text = JSON.stringify(answer.body ?? '')
  if (ask.single === true && answer.status === 404) return absentRow(reach, ask, { status: 404, text })
  if (answer.status >= 300) throw failureOf(reach.dialect.side, ask.what, { status: answer.status, text })
  if (ask.single === true) return [answer.body]
  const page = pageOf(answer.body, reach, ask.what)
  return page.nextLink === undefined ? page.rows : [...page.rows, ...(await allRows(reach, page.nextLink, ask.what))]
}

/** A row that is not there is no error, a collection that is not there is. */
function absentRow(reach: Reach, ask: Ask, answer: { status: number; text: string }): readonly unknown[] {
  if (/segment/i.test(answer.text)) throw failureOf(reach.dialect.side, ask.what, answer)
  return []
}
