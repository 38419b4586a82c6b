/** Webhook subscriptions: the handshake with the subscriber, three days of life. Notifications are not sent. */

import { jsonHeaders, notAllowed, notFound, Refused } from './business-central-error.ts'
import { textOf } from './business-central-value.ts'
import { entities } from './business-central-schema.ts'
import { bodyOf } from './business-central-request.ts'
import type { Segment } from './business-central-address.ts'
import type { Answer, Incoming } from './service.ts'
import type { Row } from './table.ts'
import type { World } from './world.ts'

const LIFE_MS = 3 * 24 * 3_600_000
const HANDSHAKE_MS = 5000
const MOST_SUBSCRIPTIONS = 200
const LONGEST_STATE = 2048

/** Sets that Business Central does not watch, beside lines. */
const unwatched = new Set(['contacts', 'customerContacts', 'opportunities', 'salespeoplePurchasers', 'jobQueueEntries'])

/** The subscriptions of an environment. */
export class Subscriptions {
  readonly #world: World
  readonly #rows = new Map<string, Row>()
  #version = 0

  constructor(world: World) {
    this.#world = world
  }

  /** Answers a request for `subscriptions` or `subscriptions('id')`. Throws `Refused`. */
  async answer(request: Incoming, segment: Segment): Promise<Answer> {
    this.#expire()
    if (segment.key === undefined) {
      if (request.method === 'GET') return shown(200, { value: [...this.#rows.values()] })
      if (request.method !== 'POST') throw notAllowed('subscriptions')
      return this.#create(bodyOf(request))
    }
    const row = this.#rows.get([...segment.key.values()][0] ?? '')
    if (row === undefined) throw notFound('subscription')
    return this.#onRow(request, row)
  }

  async #onRow(request: Incoming, row: Row): Promise<Answer> {
    if (request.method === 'GET') return shown(200, row)
    const match = request.headers['if-match']
    if (match === undefined) throw new Refused('BadRequest_InvalidToken', 'The request needs an If-Match header.')
    if (match !== '*' && match !== row['@odata.etag']) {
      throw new Refused('Request_EntityChanged', 'Another user has already changed the record.', 409)
    }
    if (request.method === 'DELETE') {
      this.#rows.delete(textOf(row['subscriptionId']))
      return { status: 204 }
    }
    if (request.method !== 'PATCH') throw notAllowed('subscriptions')
    return shown(200, await this.#accept({ ...row, ...bodyOf(request) }))
  }

  async #create(body: Row): Promise<Answer> {
    if (this.#rows.size >= MOST_SUBSCRIPTIONS) {
      throw new Refused('BadRequest', `There are ${MOST_SUBSCRIPTIONS} subscriptions already.`)
    }
    const subscriptionId = this.#world.newId().replaceAll('-', '')
    const { notificationUrl, resource, clientState = '' } = body
    return shown(201, await this.#accept({ subscriptionId, notificationUrl, resource, clientState }))
  }

  /** Checks, shakes hands, and stores with a new end of life. */
  async #accept(row: Row): Promise<Row> {
    const set = /(?<set>\w+)(?:\?.*)?$/u.exec(textOf(row['resource']))?.groups?.['set'] ?? ''
    if (!entities.has(set) || unwatched.has(set) || set.endsWith('Lines')) {
      throw new Refused('BadRequest', `The resource '${textOf(row['resource'])}' does not support subscriptions.`)
    }
    if (textOf(row['clientState']).length > LONGEST_STATE) {
      throw new Refused('Application_StringExceededLength', `clientState is longer than ${LONGEST_STATE} characters.`)
    }
    await shakeHands(textOf(row['notificationUrl']), this.#world.newId())
    const now = this.#world.now()
    const stored = {
      ...row,
      '@odata.etag': `W/"${Buffer.from(`'19;${++this.#version};1;00;'`).toString('base64')}"`,
      lastModifiedDateTime: now.toISOString(),
      expirationDateTime: new Date(now.getTime() + LIFE_MS).toISOString(),
    }
    this.#rows.set(textOf(row['subscriptionId']), stored)
    return stored
  }

  #expire(): void {
    const now = this.#world.now().toISOString()
    for (const [id, row] of this.#rows) if (textOf(row['expirationDateTime']) <= now) this.#rows.delete(id)
  }
}

/** The subscriber has to send the token back, in time and alone. */
async function shakeHands(address: string, token: string): Promise<void> {
  try {
    const url = new URL(address)
    url.searchParams.set('validationToken', token)
    const headers = { 'Content-Type': 'text/plain' }
    const answer = await fetch(url, { method: 'POST', headers, signal: AbortSignal.timeout(HANDSHAKE_MS) })
    if (answer.status === 200 && (await answer.text()) === token) return
  } catch {
    // An unreachable, late or malformed subscriber is refused like a wrong one.
  }
  throw new Refused('BadRequest', `The notification address '${address}' did not send the validation token back.`)
}

function shown(status: number, body: Row): Answer {
  return { status, headers: jsonHeaders, body: JSON.stringify(body) }
}
