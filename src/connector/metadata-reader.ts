/**
 * Metadata of Dataverse: what is asked for in the same turn (the columns of all tables of a run, a choice and its mirrors)
 * travels in one batch. What does not come back with it is asked for alone, where waiting and errors are at home.
 */
import type { Connection } from '../config/config.ts'
import { salesAddress, urlOf } from './address.ts'
import { dialects } from './dialect.ts'
import { type Service, unanswered } from './service.ts'

/** The body of one answer. `path` stands below the service's root, `what` names it in errors. Throws ConnectorError. */
export type MetadataReader = (path: string, options: Readonly<Record<string, string>>, what: string) => Promise<unknown>

interface Question {
  readonly url: string
  readonly what: string
  readonly resolve: (body: Promise<unknown>) => void
}

/** Answers are large: enough in one batch to save round trips, few enough to stay well below the service's time limit. */
const questionsInBatch = 10

const { encodeBatch, decodeBatch, batchHeaders } = dialects.sales

export function metadataReader(connection: Connection, service: Service): MetadataReader {
  let waiting: Question[] = []
  const send = (): void => {
    const asked = waiting
    waiting = []
    for (let at = 0; at < asked.length; at += questionsInBatch)
      answer(connection, service, asked.slice(at, at + questionsInBatch))
  }
  return (path, options, what) =>
    new Promise((resolve) => {
      if (waiting.length === 0) setImmediate(send)
      waiting.push({ url: urlOf(salesAddress(connection, path), options), what, resolve })
    })
}

function answer(connection: Connection, service: Service, questions: readonly Question[]): void {
  const alone = ({ url, what }: Question): Promise<unknown> => service.get(url, what)
  if (questions.length < 2) return questions.forEach((question) => question.resolve(alone(question)))
  const together = askedTogether(connection, service, questions)
  questions.forEach((question, index) => question.resolve(together.then((bodies) => bodies[index] ?? alone(question))))
}

/** The bodies in the order of the questions, undefined where the batch brought none. */
async function askedTogether(
  connection: Connection,
  service: Service,
  questions: readonly Question[],
): Promise<readonly unknown[]> {
  const groups = questions.map(({ url }) => [{ method: 'GET', url: pathOf(url), headers: accepting } as const])
  const { contentType, body } = encodeBatch(groups)
  const reply = await service.ask({
    method: 'POST',
    url: urlOf(salesAddress(connection, '$batch')),
    headers: { ...batchHeaders, 'Content-Type': contentType },
    body,
    purpose: 'read',
  })
  if (reply.kind !== 'answer') throw unanswered(connection, 'the metadata of its tables', reply)
  if (reply.answer.status >= 300) return []
  return decodeBatch(reply.answer, groups).map((answers) => {
    const [own] = answers ?? []
    return own !== undefined && own.status < 300 && typeof own.body === 'object' ? own.body : undefined
  })
}

const accepting = { Accept: 'application/json' }

/** As parts of a batch name it: from the host on. */
function pathOf(url: string): string {
  const { pathname, search } = new URL(url)
  return `${pathname}${search}`
}
