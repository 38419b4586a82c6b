/**
 * Webhook subscriptions: the handshake with the subscriber, three days of life, and notifications: one request for all
 * changes of a while, without their values. A subscriber that refuses one loses its subscription; one that is ill is
 * told again.
 */

import { jsonHeaders, notAllowed, notFound, Refused } from './business-central-error.ts'
import { textOf } from './business-central-value.ts'
import { entities } from './business-central-schema.ts'
import { bodyOf } from './business-central-request.ts'
import type { Segment } from './business-central-address.ts'
import type { Answer, Incoming } from './service.ts'
import type { Change, Row, Table } from './table.ts'
import type { World } from './world.ts'

const LIFE_MS = 3 * 24 * 3_600_000
const HANDSHAKE_MS = 5000
const MOST_SUBSCRIPTIONS = 200
const LONGEST_STATE = 2048
const MOST_NOTIFICATIONS = 1000
const SENDING_MS = 30_000

/** What subscriptions need of the service around them. */
export interface Watched {
  readonly world: World
  /** The table behind a set of the main company. */
  readonly tableOf: (set: string) => Table | undefined
  /** Time that changes are gathered before they are told, milliseconds. @default 30000 */
  readonly delayMs: number | undefined
}

interface Subscription {
  readonly row: Row
  readonly set: string
  /** Version of the last write that was told. */
  readonly told: number
}

/** Sets that Business Central does not watch, beside lines. */
const unwatched = new Set(['contacts', 'customerContacts', 'opportunities', 'salespeoplePurchasers', 'jobQueueEntries'])

/** The subscriptions of an environment. */
export class Subscriptions {
  readonly #watched: Watched
  readonly #world: World
  readonly #rows = new Map<string, Subscription>()
  #version = 0
  #timer: NodeJS.Timeout | undefined

  constructor(watched: Watched) {
    this.#watched = watched
    this.#world = watched.world
  }

  /** Answers a request for `subscriptions` or `subscriptions('id')`. Throws `Refused`. */
  async answer(request: Incoming, segment: Segment): Promise<Answer> {
    this.#expire()
    if (segment.key === undefined) {
      if (request.method === 'GET') return shown(200, { value: [...this.#rows.values()].map(({ row }) => row) })
      if (request.method !== 'POST') throw notAllowed('subscriptions')
      return this.#create(bodyOf(request))
    }
    const found = this.#rows.get([...segment.key.values()][0] ?? '')
    if (found === undefined) throw notFound('subscription')
    return this.#onRow(request, found.row)
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
    const id = textOf(row['subscriptionId'])
    this.#rows.set(id, { row: stored, set, told: this.#rows.get(id)?.told ?? this.#world.version() })
    this.#watch()
    return stored
  }

  #expire(): void {
    const now = this.#world.now().toISOString()
    for (const [id, { row }] of this.#rows) if (textOf(row['expirationDateTime']) <= now) this.#rows.delete(id)
  }

  /** Looks for changes from time to time, as long as somebody wants to know. Keeps no process alive. */
  #watch(): void {
    if (this.#timer !== undefined) return
    this.#timer = setInterval(() => void this.#tell(), this.#watched.delayMs ?? 30_000)
    this.#timer.unref()
  }

  async #tell(): Promise<void> {
    this.#expire()
    if (this.#rows.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    for (const [id, subscription] of this.#rows) {
      const changes = this.#watched.tableOf(subscription.set)?.changesSince(subscription.told) ?? []
      if (changes.length > 0) await this.#tellOne(id, subscription, changes)
    }
  }

  async #tellOne(id: string, subscription: Subscription, changes: readonly Change[]): Promise<void> {
    const { row } = subscription
    const told = this.#world.version()
    const status = await sent(textOf(row['notificationUrl']), { value: notifications(row, changes) })
    if (isIll(status) || this.#rows.get(id) !== subscription) return
    if (status < 300) this.#rows.set(id, { ...subscription, told })
    else this.#rows.delete(id)
  }
}

/** Told again later; any other refusal ends the subscription. */
const isIll = (status: number): boolean => status === 0 || status === 408 || status === 429 || status >= 500

function notifications(row: Row, changes: readonly Change[]): readonly Row[] {
  const { subscriptionId, clientState, expirationDateTime } = row
  const resource = textOf(row['resource'])
  const common = { subscriptionId, clientState, expirationDateTime }
  if (changes.length > MOST_NOTIFICATIONS) {
    const since = changes[0]?.entry?.row['SystemModifiedAt'] ?? ''
    const collection = `${resource}?$filter=lastDateTimeModified gt ${textOf(since)}`
    return [{ ...common, resource: collection, changeType: 'collection', lastModifiedDateTime: since }]
  }
  return changes.map(({ key, entry }) => ({
    ...common,
    resource: `${resource}(${key})`,
    changeType: changeType(entry?.row),
    lastModifiedDateTime: entry?.row['SystemModifiedAt'] ?? null,
  }))
}

function changeType(row: Row | undefined): 'created' | 'updated' | 'deleted' {
  if (row === undefined) return 'deleted'
  return row['SystemCreatedAt'] === row['SystemModifiedAt'] ? 'created' : 'updated'
}

/** Status of the subscriber's answer; 0 when there was none. */
async function sent(address: string, body: Row): Promise<number> {
  try {
    const headers = { 'Content-Type': 'application/json' }
    const signal = AbortSignal.timeout(SENDING_MS)
    return (await fetch(address, { method: 'POST', headers, body: JSON.stringify(body), signal })).status
  } catch {
    return 0
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
