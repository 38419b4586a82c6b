/** Business Central's webhooks: who is to be told when a collection changes. They live three days and are renewed. */
import type { EntityRef } from '../config/config.ts'
import { parsed } from './failure.ts'
import { refusalOf, serviceError } from './refusal.ts'
import type { Reach } from './reach.ts'
import { unanswered } from './service.ts'

/** A subscription as the service keeps it. */
export interface Subscription {
  readonly id: string
  readonly resource: string
  readonly notificationUrl: string
  /** End of its life, ISO 8601. */
  readonly expires: string
  readonly etag: string
  /** Root of the route that it belongs to. */
  readonly root: string
}

/** What is asked for: to be told at an address, with a word by which the teller is known. */
export interface SubscriptionWish {
  readonly entity: EntityRef
  readonly notificationUrl: string
  readonly clientState: string
}

/** The port to webhooks. Every method may throw a ConnectorError. */
export interface Subscriptions {
  /** Makes a subscription, or renews the one that was left behind; a text says why the collection cannot be watched. */
  subscribe(wish: SubscriptionWish): Promise<Subscription | string>
  /** Lengthens its life; undefined when it is gone. */
  renew(subscription: Subscription, clientState: string): Promise<Subscription | undefined>
  /** Ends it; harmless when it is gone. */
  cancel(subscription: Subscription): Promise<void>
}

const addressOf = (root: string, id?: string): string =>
  `${root}/subscriptions${id === undefined ? '' : `('${encodeURIComponent(id)}')`}`

/** Webhooks of one Business Central environment. */
export function subscriptions(reach: Reach): Subscriptions {
  const send = async (
    method: 'POST' | 'PATCH',
    url: string,
    { root, body, etag }: { readonly root: string; readonly body: object; readonly etag?: string },
  ): Promise<Subscription | string | undefined> => {
    const headers = { 'Content-Type': 'application/json', ...(etag !== undefined && { 'If-Match': etag }) }
    const reply = await reach.service.ask({ method, url, headers, body: JSON.stringify(body), purpose: 'write' })
    if (reply.kind !== 'answer' || reply.answer.status === 401 || reply.answer.status >= 500)
      throw unanswered(reach.connection, 'subscriptions', reply)
    const { status, text } = reply.answer
    if (status === 404) return undefined
    if (status >= 300) return refusalOf('businessCentral', serviceError(status, parsed(text))).message
    return subscriptionOf(parsed(text), root)
  }

  const renew = async (known: Subscription, clientState: string): Promise<Subscription | undefined> => {
    const { root, notificationUrl, resource, etag } = known
    const body = { notificationUrl, resource, clientState }
    const renewed = await send('PATCH', addressOf(root, known.id), { root, body, etag })
    return typeof renewed === 'string' ? undefined : renewed
  }

  return {
    renew,
    subscribe: async ({ entity, notificationUrl, clientState }) => {
      if (entity.kind === 'service') return 'an OData web service tells of no changes'
      const { root, path } = await reach.address(entity)
      const resource = `${root}/${path}`
      const listed = await reach.service.get(addressOf(root), 'subscriptions')
      const left = rowsOf(listed)
        .map((row) => subscriptionOf(row, root))
        .find((one) => one.notificationUrl === notificationUrl && one.resource === resource)
      const renewed = left === undefined ? undefined : await renew(left, clientState)
      const body = { notificationUrl, resource, clientState }
      return renewed ?? (await send('POST', addressOf(root), { root, body })) ?? 'the route knows no subscriptions'
    },
    cancel: async ({ root, id, etag }) => {
      const url = addressOf(root, id)
      const reply = await reach.service.ask({ method: 'DELETE', url, headers: { 'If-Match': etag }, purpose: 'write' })
      if (reply.kind === 'answer' && (reply.answer.status < 300 || reply.answer.status === 404)) return
      throw unanswered(reach.connection, 'subscriptions', reply)
    },
  }
}

const rowsOf = (body: unknown): readonly unknown[] => {
  const value = typeof body === 'object' && body !== null && 'value' in body ? body.value : []
  return Array.isArray(value) ? value : []
}

function subscriptionOf(raw: unknown, root: string): Subscription {
  const row = (typeof raw === 'object' && raw !== null ? raw : {}) as Readonly<Record<string, unknown>>
  const text = (name: string): string => (typeof row[name] === 'string' ? row[name] : '')
  return {
    id: text('subscriptionId'),
    resource: text('resource'),
    notificationUrl: text('notificationUrl'),
    expires: text('expirationDateTime'),
    etag: text('@odata.etag') || '*',
    root,
  }
}
