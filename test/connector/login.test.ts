/** HTTP and login against scripted servers on loopback. */
import { generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import type { Test } from 'tap'
import type { Clock } from '../../src/clock.ts'
import type { Auth } from '../../src/config/config.ts'
import { authorization } from '../../src/connector/auth.ts'
import type { Authorization } from '../../src/connector/auth.ts'
import { httpClient, NoAnswer } from '../../src/connector/http.ts'
import type { Http } from '../../src/connector/http.ts'
import { odataConnector } from '../../src/connector/odata.ts'
import { businessCentral } from '../../src/simulator/business-central.ts'
import { startSimulator } from '../../src/simulator/simulator.ts'
import { connectionTo, fails, quickClock, secret } from './world.ts'

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void

async function serve(t: Test, handle: Handler): Promise<string> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (data) => (body += data)).on('end', () => handle(request, response, body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function client(t: Test, timeoutMs = 2000): Http {
  const http = httpClient({ timeoutMs, proxy: {}, userAgent: 'couplet/test' })
  t.teardown(() => http.close())
  return http
}

const get = (url: string): Parameters<Http['send']>[0] => ({ method: 'GET', url, headers: {} })

t.test('P8: an answer that repeats the credential it was asked with does not carry it on', async (t) => {
  const password = 'k"é:1 %'
  const basic = Buffer.from(`ADMIN:${password}`).toString('base64')
  const tellings = (authorization: string): string =>
    JSON.stringify({ heard: authorization, address: encodeURIComponent(authorization), clear: password })
  let status = 400
  const url = await serve(t, ({ headers }, response) => {
    response.writeHead(status).end(tellings(String(headers.authorization)))
  })
  const heard = async (Authorization: string): Promise<string> =>
    (await client(t).send({ method: 'GET', url, headers: { Authorization } })).text
  const refused = JSON.stringify({ heard: 'Basic …', address: 'Basic%20…', clear: '…' })
  t.equal(await heard(`Basic ${basic}`), refused)
  t.equal(await heard('Bearer a.b+c'), tellings('Bearer …').replace('%E2%80%A6', '…'))
  status = 200
  const told = { heard: 'Basic …', address: 'Basic%20…', clear: password }
  t.same(JSON.parse(await heard(`Basic ${basic}`)), told, 'a word that rows may hold stays in them')
})

t.test('http', async (t) => {
  t.test('connections are kept, answers unzipped, bytes counted, errors drained', async (t) => {
    const sockets = new Set<unknown>()
    const base = await serve(t, (request, response) => {
      sockets.add(request.socket)
      response.statusCode = request.url === '/bad' ? 500 : 200
      response.setHeader('Content-Encoding', 'gzip')
      response.setHeader('X-Agent', request.headers['user-agent'] ?? '')
      response.end(gzipSync('\uFEFFÄ'.repeat(1)))
    })
    const http = client(t)
    for (const path of ['/', '/bad', '/bad', '/']) {
      const answer = await http.send(get(base + path))
      t.equal(answer.text, 'Ä')
      t.equal(answer.header('X-AGENT'), 'couplet/test')
    }
    t.equal(sockets.size, 1)
    t.strictSame(http.usage(), { requests: 4, bytes: 8 })
  })

  t.test('P10: an answer without end is given up, zipped or not', async (t) => {
    const base = await serve(t, (request, response) => {
      if (request.url === '/zipped') response.setHeader('Content-Encoding', 'gzip')
      response.end(request.url === '/zipped' ? gzipSync('x'.repeat(100_000)) : 'x'.repeat(100_000))
    })
    const http = httpClient({ timeoutMs: 2000, proxy: {}, userAgent: 'couplet/test', most: 99_999 })
    t.teardown(() => http.close())
    for (const path of ['/zipped', '/plain'])
      await t.rejects(http.send(get(base + path)), { name: 'NoAnswer', sent: true, message: /answer without end/ })
    t.equal((await client(t).send(get(`${base}/zipped`))).text.length, 100_000)
  })

  t.test('silence is told apart: never reached, lost, too slow', async (t) => {
    const base = await serve(t, (request, response) => {
      if (request.url === '/drop') request.socket.destroy()
      if (request.url === '/stall') response.write('{')
    })
    const http = client(t, 80)
    const silence = async (url: string): Promise<unknown> => http.send(get(url)).catch((error: unknown) => error)
    t.match(await silence('http://127.0.0.1:1/'), { name: 'NoAnswer', sent: false, message: /ECONNREFUSED/ })
    t.match(await silence(`${base}/drop`), { name: 'NoAnswer', sent: true })
    t.match(await silence(`${base}/stall`), { name: 'NoAnswer', sent: true, message: /within 80 ms/ })
  })

  t.test('only a GET follows a redirect, and only on its own host', async (t) => {
    const base = await serve(t, (request, response) => {
      const to = { '/here': '/there', '/away': 'http://127.0.0.1:1/', '/round': '/round' }[request.url ?? '']
      response.writeHead(to === undefined ? 200 : 302, to === undefined ? {} : { Location: to }).end('ok')
    })
    const http = client(t)
    t.equal((await http.send(get(`${base}/here`))).text, 'ok')
    await t.rejects(http.send(get(`${base}/away`)), NoAnswer)
    await t.rejects(http.send(get(`${base}/round`)), /too often/)
    await t.rejects(http.send({ ...get(`${base}/here`), method: 'POST', body: '{}' }), NoAnswer)
  })

  t.test('https goes through the proxy, loopback does not', async (t) => {
    const seen: string[] = []
    const proxy = createServer()
    proxy.on('connect', (request, socket) => {
      seen.push(request.url ?? '')
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    t.teardown(() => proxy.close())
    const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const http = httpClient({ timeoutMs: 2000, proxy: { https: address }, userAgent: 'x' })
    t.teardown(() => http.close())
    t.equal((await http.send(get('https://org.crm4.dynamics.com/api'))).status, 407, 'the proxy answers itself')
    t.strictSame(seen, ['org.crm4.dynamics.com:443'])
    const base = await serve(t, (_, response) => response.end('direct'))
    t.equal((await http.send(get(base))).text, 'direct')
  })
})

interface Script {
  readonly status?: number
  readonly body: unknown
}

const token = (name: string, expiresIn = 3599): Script => ({
  body: { token_type: 'Bearer', expires_in: expiresIn, access_token: name },
})
const refusal = (number: number): Script => ({
  status: 400,
  body: {
    error: 'invalid_client',
    error_description: `AADSTS${number}: it says the secret s3cret is bad.`,
    error_codes: [number],
  },
})

/** A login service that answers in order, the last answer again and again. */
async function login(
  t: Test,
  scripts: readonly Script[],
): Promise<{ base: string; forms: URLSearchParams[]; paths: string[] }> {
  const forms: URLSearchParams[] = []
  const paths: string[] = []
  const base = await serve(t, (request, response, body) => {
    const script = scripts[Math.min(forms.length, scripts.length - 1)]
    forms.push(new URLSearchParams(body))
    paths.push(request.url ?? '')
    response.writeHead(script?.status ?? 200, { 'Content-Type': 'application/json' })
    response.end(typeof script?.body === 'string' ? script.body : JSON.stringify(script?.body))
  })
  return { base, forms, paths }
}

function authorized(t: Test, auth: Auth, env: Record<string, string> = {}, clock: Clock = quickClock()): Authorization {
  return authorization(auth, { side: 'sales', http: client(t), clock, random: () => 0.5, env })
}

const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

/** The smallest X.509 certificate there is: nameless, signed by its own key. */
function selfSigned(publicKey: KeyObject, privateKey: KeyObject): string {
  const text = (tag: number, value: string): Buffer => der(tag, Buffer.from(value))
  const algorithm = der(0x30, Buffer.from('06092a864886f70d01010b0500', 'hex'))
  const nameless = der(0x30)
  const toBeSigned = der(
    0x30,
    der(0xa0, Buffer.from([2, 1, 2])),
    Buffer.from([2, 1, 1]),
    algorithm,
    nameless,
    der(0x30, text(0x17, '240101000000Z'), text(0x17, '490101000000Z')),
    nameless,
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = der(3, Buffer.from([0]), sign('sha256', toBeSigned, privateKey))
  const base64 = der(0x30, toBeSigned, algorithm, signature).toString('base64')
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
}

t.test('login', async (t) => {
  const scope = 'https://org.crm4.dynamics.com/.default'

  t.test('a token is asked for once by however many, and again when it is turned down', async (t) => {
    const { base, forms, paths } = await login(t, [token('one'), token('two')])
    const auth = authorized(t, secret(base, scope))
    const headers = await Promise.all(Array.from({ length: 8 }, () => auth.header()))
    t.strictSame([...new Set(headers)], ['Bearer one'])
    t.equal(await auth.header(), 'Bearer one')
    t.equal(forms.length, 1)
    t.match(paths[0], /^\/contoso\.onmicrosoft\.com\/oauth2\/v2\.0\/token/)
    t.match(Object.fromEntries(forms[0] ?? []), {
      grant_type: 'client_credentials',
      client_id: 'couplet',
      client_secret: 'secret',
      scope: new RegExp(scope),
    })
    t.ok(auth.turnedDown('Bearer one'))
    t.equal(await auth.header(), 'Bearer two')
    auth.turnedDown('Bearer one')
    t.equal(await auth.header(), 'Bearer two', 'an old header does not throw away the new token')
    t.equal(forms.length, 2)
  })

  t.test('a token is renewed before it ends', async (t) => {
    const { base, forms } = await login(t, [token('first', 3600), token('short', 200), token('last')])
    let minutes = 0
    const clock = { ...quickClock(), now: () => new Date(Date.UTC(2024, 0, 1, 0, minutes)) }
    const auth = authorized(t, secret(base, scope), {}, clock)
    for (const [at, header] of [
      [0, 'Bearer first'],
      [54, 'Bearer first'],
      [56, 'Bearer short'],
      [57, 'Bearer short'],
      [58, 'Bearer last'],
    ] as const) {
      minutes = at
      t.equal(await auth.header(), header)
    }
    t.equal(forms.length, 3)
  })

  t.test('refusals name the remedy, keep the number and lose the secret', async (t) => {
    for (const [number, remedy] of [
      [7000215, /secret’s value/],
      [7000222, /new secret/],
      [700016, /clientId/],
      [90002, /tenant/],
      [123, /sign-in logs/],
    ] as const) {
      const { base } = await login(t, [refusal(number)])
      const failing = authorized(t, secret(base, scope, 's3cret')).header()
      await fails(t, failing, { fault: 'unauthorized', code: `AADSTS${number}`, remedy })
      const error: unknown = await failing.catch((reason: unknown) => reason)
      t.notMatch(error, { message: /s3cret/ })
    }
  })

  t.test('a login service that is not there, or talks nonsense, is unreachable', async (t) => {
    await fails(t, authorized(t, secret('http://127.0.0.1:1', scope)).header(), {
      fault: 'unreachable',
      remedy: /authority/,
    })
    const { base } = await login(t, [{ status: 200, body: '<html>' }])
    await fails(t, authorized(t, secret(base, scope)).header(), { fault: 'unreachable' })
    for (const name of ['tok\r\nX-Evil: 1', 'tökén', '\n']) {
      const odd = await login(t, [token(name)])
      await fails(t, authorized(t, secret(odd.base, scope)).header(), { fault: 'broken', message: /no token that can/ })
    }
    const busy = await login(t, [{ status: 503, body: {} }, token('after')])
    t.equal(await authorized(t, secret(busy.base, scope)).header(), 'Bearer after')
  })

  t.test('X-07 a certificate signs an assertion', async (t) => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const locked = privateKey
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'pass' })
      .toString()
    const certificate = selfSigned(publicKey, privateKey)
    const { base, forms } = await login(t, [token('signed')])
    const { clientSecret: _, ...entra } = secret(base, scope) as Extract<Auth, { method: 'client-secret' }>
    t.equal(
      await authorized(t, { ...entra, method: 'certificate', certificate: key + certificate }).header(),
      'Bearer signed',
    )
    const [head = ''] = (forms[0]?.get('client_assertion') ?? '').split('.')
    t.match(JSON.parse(Buffer.from(head, 'base64url').toString()), { 'x5t#S256': String })
    const withPassword = {
      ...entra,
      method: 'certificate',
      certificate: certificate + locked,
      password: 'pass',
    } as const
    t.equal(await authorized(t, withPassword).header(), 'Bearer signed')
    await fails(t, authorized(t, { ...withPassword, password: 'wrong' }).header(), { fault: 'unauthorized' })
    await fails(t, authorized(t, { ...entra, method: 'certificate', certificate: 'nonsense' }).header(), {
      fault: 'unauthorized',
    })
  })

  t.test('a federated credential is handed in, or fetched from GitHub with Entra’s audience', async (t) => {
    const { base, forms } = await login(t, [token('federated')])
    const { clientSecret: _, ...entra } = secret(base, scope) as Extract<Auth, { method: 'client-secret' }>
    const asked: (string | undefined)[] = []
    const github = await serve(t, (request, response) => {
      asked.push(request.url, request.headers.authorization)
      response.end(JSON.stringify({ value: 'github-jwt' }))
    })
    const env = { ACTIONS_ID_TOKEN_REQUEST_URL: `${github}/id?api-version=2`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'runner' }
    t.equal(await authorized(t, { ...entra, method: 'federated' }, env).header(), 'Bearer federated')
    t.strictSame(asked, ['/id?api-version=2&audience=api%3A%2F%2FAzureADTokenExchange', 'Bearer runner'])
    t.equal(forms[0]?.get('client_assertion'), 'github-jwt')
    await authorized(t, { ...entra, method: 'federated', assertion: 'mine' }).header()
    t.equal(forms[1]?.get('client_assertion'), 'mine')
    await fails(t, authorized(t, { ...entra, method: 'federated' }).header(), {
      fault: 'unauthorized',
      remedy: /id-token: write/,
    })
  })

  t.test('a managed identity asks the machine', async (t) => {
    const { base, paths } = await login(t, [
      {
        body: {
          access_token: 'managed',
          expires_on: String(Math.floor(Date.now() / 1000) + 3600),
          resource: 'x',
          token_type: 'Bearer',
        },
      },
    ])
    // The library reads these two from the process itself.
    process.env['IDENTITY_ENDPOINT'] = `${base}/msi/token`
    process.env['IDENTITY_HEADER'] = 'identity'
    t.teardown(() => {
      delete process.env['IDENTITY_ENDPOINT']
      delete process.env['IDENTITY_HEADER']
    })
    t.equal(await authorized(t, { method: 'managed-identity', scope }).header(), 'Bearer managed')
    t.match(paths[0], /resource=https/)
  })

  t.test('basic needs no login service', async (t) => {
    const auth = authorized(t, { method: 'basic', user: 'ADMIN', password: 'kéy:1' })
    t.equal(await auth.header(), `Basic ${Buffer.from('ADMIN:kéy:1').toString('base64')}`)
    t.notOk(auth.turnedDown(await auth.header()))
  })
})

t.test('a connector on premises logs in by name and key', async (t) => {
  const company = 'CRONUS International Ltd.'
  const simulator = await startSimulator({ businessCentral: businessCentral(), login: { users: { ADMIN: 'key' } } })
  t.teardown(() => simulator.stop())
  const { authority } = simulator
  const { url } = simulator.businessCentral
  const connection = connectionTo({ authority, businessCentral: { url } }, 'businessCentral', company)
  const open = (password: string): ReturnType<typeof odataConnector> => {
    const auth = { method: 'basic', user: 'ADMIN', password } as const
    const connector = odataConnector(
      { ...connection, auth },
      { clock: quickClock(), random: () => 0.5, env: {}, userAgent: 'x' },
    )
    t.teardown(() => connector.close())
    return connector
  }
  t.match(await open('key').identify(), { side: 'businessCentral', name: company })
  await fails(t, open('wrong').identify(), { fault: 'unauthorized' })
})
