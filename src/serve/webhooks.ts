/**
 * Keeps Business Central's subscriptions for the collections of the jobs: made at the start, renewed long before their
 * three days end, taken back at the end. What a notification says is not believed: its secret word tells the collection,
 * and that collection is looked at. Collections that cannot be watched are left to the regular looks.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Mapping } from '../config/config.ts'
import type { Emit } from '../core/event.ts'
import type { Subscription, Subscriptions } from '../connector/subscriptions.ts'
import { ConnectorError } from '../errors.ts'

/** Path below the public address. */
export const webhookPath = '/webhooks/business-central'

export interface WebhookOptions {
  readonly publicUrl: string
  /** Secret from which the words are derived. */
  readonly key: string
  /** Mappings whose side of Business Central is watched. */
  readonly mappings: readonly Mapping[]
  readonly subscriptions: Subscriptions
  readonly emit: Emit
  readonly now: () => number
}

/** A subscription is renewed when it has less than this to live, milliseconds: half of its three days. */
const renewBeforeMs = 36 * 3_600_000

interface Watch {
  /** Names of the mappings. */
  readonly mappings: readonly string[]
  readonly entity: Mapping['businessCentral']['entity'] & object
  readonly word: string
  subscription: Subscription | undefined
  /** It was said that the collection cannot be watched. */
  refused: boolean
}

export class Webhooks {
  readonly #options: WebhookOptions
  readonly #watches: readonly Watch[]

  constructor(options: WebhookOptions) {
    this.#options = options
    this.#watches = watchesOf(options)
  }

  /** Whether Business Central tells of this mapping's changes at present. */
  isTold({ name }: Pick<Mapping, 'name'>): boolean {
    const { subscription } = this.#watches.find(({ mappings }) => mappings.includes(name)) ?? {}
    return subscription !== undefined && Date.parse(subscription.expires) > this.#options.now()
  }

  /** Makes what is missing and renews what ends. Failures are told and tried again the next time. */
  async keep(): Promise<void> {
    for (const watch of this.#watches) {
      if (watch.refused || !this.#isEnding(watch)) continue
      try {
        await this.#keepOne(watch)
      } catch (error) {
        if (!(error instanceof ConnectorError)) throw error
        this.#warn(watch, `${error.message}. ${error.remedy}`)
      }
    }
  }

  /** The mappings that the words of a notification speak of; none for words that are not ours. */
  mappingsOf(words: readonly string[]): readonly string[] {
    return this.#watches.filter(({ word }) => words.some((given) => isSame(given, word))).flatMap((one) => one.mappings)
  }

  /** Takes the subscriptions back, as far as the service answers. */
  async end(): Promise<void> {
    for (const watch of this.#watches) {
      const { subscription } = watch
      watch.subscription = undefined
      if (subscription !== undefined) await this.#options.subscriptions.cancel(subscription).catch(() => {})
    }
  }

  #isEnding({ subscription }: Watch): boolean {
    return subscription === undefined || Date.parse(subscription.expires) - this.#options.now() < renewBeforeMs
  }

  async #keepOne(watch: Watch): Promise<void> {
    const { subscriptions, publicUrl } = this.#options
    const known = watch.subscription
    if (known !== undefined) watch.subscription = await subscriptions.renew(known, watch.word)
    if (watch.subscription !== undefined) return
    const notificationUrl = `${publicUrl}${webhookPath}`
    const made = await subscriptions.subscribe({ entity: watch.entity, notificationUrl, clientState: watch.word })
    if (typeof made !== 'string') watch.subscription = made
    else {
      watch.refused = true
      this.#warn(watch, made)
    }
  }

  #warn({ entity, mappings }: Watch, why: string): void {
    const message = `Business Central does not tell of changes of ${entity.entity}, so it is asked for them: ${why}`
    this.#options.emit({ kind: 'warning', mapping: mappings[0], message })
  }
}

/** One watch for each collection; the word of each is its own, so that it alone tells which one is meant. */
function watchesOf({ mappings, key, publicUrl }: WebhookOptions): readonly Watch[] {
  const bySet = new Map<string, { readonly entity: Watch['entity']; readonly names: string[] }>()
  for (const { name, businessCentral } of mappings) {
    const { entity } = businessCentral
    if (entity === undefined || entity.kind === 'choice' || entity.kind === 'child') continue
    const set = JSON.stringify(entity)
    const found = bySet.get(set)
    if (found === undefined) bySet.set(set, { entity, names: [name] })
    else found.names.push(name)
  }
  return [...bySet].map(([set, { entity, names }]) => {
    const word = createHmac('sha256', key).update(`webhook ${publicUrl} ${set}`).digest('base64url')
    return { mappings: names, entity, word, subscription: undefined, refused: false }
  })
}

/** Takes as long for a wrong word as for a right one. */
function isSame(given: string, word: string): boolean {
  const [a, b] = [given, word].map((text) => createHmac('sha256', 'couplet').update(text).digest()) as [Buffer, Buffer]
  return timingSafeEqual(a, b)
}
