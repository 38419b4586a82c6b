/** The service's own server, and the subscriptions that Business Central's notifications come from. */
import t from 'tap'
import type { Mapping, Source } from '../../src/config/config.ts'
import type { Event } from '../../src/core/event.ts'
import type { Subscription, Subscriptions } from '../../src/connector/subscriptions.ts'
import { ConnectorError } from '../../src/errors.ts'
import { type ListenerOptions, listen } from '../../src/serve/listener.ts'
import { webhookPath, Webhooks } from '../../src/serve/webhooks.ts'
import { mapping, source } from '../engine/project.ts'

const well = (): { readonly ok: boolean } => ({ ok: true })

async function serverOf(given: Partial<ListenerOptions>) {
  const listener = await listen({ port: 0, health: well, ready: () => ({ ok: false, why: 'late' }), ...given })
  t.teardown(() => listener.close())
  return (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`http://127.0.0.1:${listener.port}${path}`, init)
}

t.test('health and readiness are told by status, and nothing else is there', async (t) => {
  const ask = await serverOf({})
  const [health, ready, other] = await Promise.all(['/health', '/ready', webhookPath].map((path) => ask(path)))
  t.same([health?.status, await health?.json()], [200, { ok: true }])
  t.same([ready?.status, await ready?.json()], [503, { ok: false, why: 'late' }])
  t.equal(other?.status, 404, 'no notification is expected')
})

t.test('a notification is taken for its words alone: ours, in bounds, and posted', async (t) => {
  const heard: (readonly string[])[] = []
  const ask = await serverOf({ notified: (words) => heard.push(words) > 0 && words.includes('ours') })
  const at = `/behind/a/proxy${webhookPath}`
  const post = async (body: string): Promise<number> => (await ask(at, { method: 'POST', body })).status
  t.equal(await (await ask(`${at}?validationToken=abc`, { method: 'POST' })).text(), 'abc')
  t.equal((await ask(`${at}?validationToken=${'x'.repeat(1001)}`)).status, 400)
  t.equal((await ask(at)).status, 405)
  t.equal(await post('{"value":[{"clientState":"ours"},{"clientState":"ours"},{"clientState":5},{}]}'), 200)
  t.equal(await post('{"value":[{"clientState":"theirs"}]}'), 401)
  t.equal(await post('{}'), 401)
  t.equal(await post('no JSON'), 401)
  t.same(heard, [['ours'], ['theirs'], [], []])
  t.equal(await post('x'.repeat(2_000_001)), 413)
  t.equal(heard.length, 4, 'what is too large is not read')
})

t.test('a port that somebody has is an error at once', async (t) => {
  const listener = await listen({ port: 0, health: well, ready: well })
  await t.rejects(listen({ port: listener.port, health: well, ready: well }), { code: 'EADDRINUSE' })
  await listener.close()
})

const hour = 3_600_000
const watchedAs = (name: string, more: Partial<Source> = {}): Mapping =>
  mapping({
    name,
    businessCentral: source('businessCentral', 'customers', more),
    sales: source('sales', 'accounts'),
    fields: [],
  })
const [customers, again] = [watchedAs('customers'), watchedAs('again')]
const constant = watchedAs('constant', { entity: undefined })

/** Subscriptions kept in memory, with what is asked of the service. */
function watched(answers: Partial<Subscriptions> = {}) {
  const asked: string[] = []
  const events: Event[] = []
  let now = 0
  const made = (id: string): Subscription => ({
    id,
    resource: 'customers',
    notificationUrl: webhookPath,
    etag: 'e',
    root: 'api/v2.0',
    expires: new Date(now + 72 * hour).toISOString(),
  })
  const subscriptions: Subscriptions = {
    subscribe: ({ notificationUrl }) => {
      asked.push(`subscribe ${notificationUrl}`)
      return Promise.resolve(made('s1'))
    },
    renew: ({ id }) => {
      asked.push(`renew ${id}`)
      return Promise.resolve(made(id))
    },
    cancel: ({ id }) => {
      asked.push(`cancel ${id}`)
      return Promise.resolve()
    },
    ...answers,
  }
  const webhooks = new Webhooks({
    publicUrl: 'https://couplet.example',
    key: 'key',
    mappings: [customers, again, constant],
    subscriptions,
    emit: (event) => events.push(event),
    now: () => now,
  })
  return { webhooks, asked, events, after: (ms: number) => (now += ms) }
}

t.test('a collection is subscribed to once, renewed before it ends, and taken back', async (t) => {
  const { webhooks, asked, after } = watched()
  t.equal(webhooks.isTold(customers), false)
  await webhooks.keep()
  await webhooks.keep()
  t.same([webhooks.isTold(customers), webhooks.isTold(again), webhooks.isTold(constant)], [true, true, false])
  after(40 * hour)
  await webhooks.keep()
  after(73 * hour)
  t.equal(webhooks.isTold(customers), false, 'one that has ended tells nothing')
  await webhooks.end()
  await webhooks.end()
  t.same(asked, [`subscribe https://couplet.example${webhookPath}`, 'renew s1', 'cancel s1'])
})

t.test('a subscription that is gone is made again; one that cannot be is asked for once', async (t) => {
  const gone = watched({ renew: () => Promise.resolve(undefined) })
  await gone.webhooks.keep()
  gone.after(40 * hour)
  await gone.webhooks.keep()
  t.equal(gone.asked.length, 2)
  const refused = watched({ subscribe: () => Promise.resolve('this page has no webhooks') })
  await refused.webhooks.keep()
  await refused.webhooks.keep()
  t.match(refused.events, [
    { kind: 'warning', mapping: 'customers', message: /does not tell of changes of customers.*no webhooks/ },
  ])
  t.equal(refused.events.length, 1)
})

t.test('a service that fails is asked again the next time; anything else is a fault of ours', async (t) => {
  const error = new ConnectorError('businessCentral', 'unreachable', { message: 'no answer', remedy: 'Wait' })
  const failing = watched({ subscribe: () => Promise.reject(error) })
  await failing.webhooks.keep()
  await failing.webhooks.keep()
  t.match(failing.events, [{ message: /no answer\. Wait/ }, { message: /no answer/ }])
  const broken = watched({ subscribe: () => Promise.reject(new TypeError('ours')) })
  await t.rejects(broken.webhooks.keep(), TypeError)
})

t.test('only words that were given out name mappings', async (t) => {
  const given: string[] = []
  const { webhooks } = watched({
    subscribe: ({ clientState }) => {
      given.push(clientState)
      return Promise.resolve('no')
    },
  })
  await webhooks.keep()
  t.same(webhooks.mappingsOf(given), ['customers', 'again'])
  t.same(webhooks.mappingsOf(['guessed']), [])
})
