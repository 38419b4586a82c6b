/**
 * Tokens of Microsoft Entra through @azure/msal-node. The library is loaded when the first token is asked for. Its
 * requests go through our own client, so that proxy and time limits hold; it insists on https, so a plain http
 * authority (loopback only) is shown to it as https and mapped back when a request is sent. Metadata is handed in:
 * a token costs one request, not three.
 */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import type { AuthenticationResult, Configuration } from '@azure/msal-node'
import type { Auth, EntraAuth, Side } from '../config/config.ts'
import { ConnectorError } from '../errors.ts'
import { federatedAssertion } from './auth-assertion.ts'
import { loginFailure } from './auth-refusal.ts'
import type { AuthPorts, Token } from './auth-ports.ts'
import { sideName } from './failure.ts'
import { NoAnswer } from './http.ts'
import type { HttpAnswer, HttpRequest } from './http.ts'
import { waitBeforeRetry } from './retry.ts'
import type { Failure } from './retry.ts'

type Method = Exclude<Auth, { readonly method: 'basic' }>
type Credential = Exclude<Method, { readonly method: 'managed-identity' }>
type Msal = typeof import('@azure/msal-node')

let loaded: Promise<Msal> | undefined
/** The library, of which one is enough for all connections. */
const library = (): Promise<Msal> => (loaded ??= import('@azure/msal-node'))

/** Asks for a new token each time it is called. Throws ConnectorError with the remedy in an administrator's words. */
export function entraToken(auth: Method, ports: AuthPorts): () => Promise<Token> {
  const open = auth.method === 'managed-identity' ? managedIdentity : confidentialClient
  let client: Promise<() => Promise<AuthenticationResult | null>> | undefined
  return async () => {
    try {
      client ??= library().then((msal) => open(msal, auth as never, ports))
      return tokenOf(ports.side, await (await client)())
    } catch (error) {
      // A client that could not be made (an unreadable certificate) must not stay as the answer for ever.
      client = undefined
      throw loginFailure(ports.side, auth, error)
    }
  }
}

function tokenOf(side: Side, result: AuthenticationResult | null): Token {
  // The library passes on whatever came; a header takes visible signs alone.
  if (result === null || !/^[!-~]+$/.test(result.accessToken))
    throw new ConnectorError(side, 'broken', {
      message: `no login to ${sideName[side]}: the login service sent no token that can be used`,
      remedy: 'Check `auth.authority`: something between here and Microsoft Entra may have answered.',
    })
  // The library reckons the end from the machine's own clock; only the remaining life is taken from it.
  const lifeMs = (result.expiresOn?.getTime() ?? Date.now()) - Date.now()
  return { value: result.accessToken, lifeMs: Math.max(0, lifeMs) }
}

function confidentialClient(
  msal: Msal,
  auth: Credential,
  ports: AuthPorts,
): () => Promise<AuthenticationResult | null> {
  const client = new msal.ConfidentialClientApplication({
    auth: { ...authorityOf(auth), ...credentialOf(auth, ports) },
    system: systemOf(ports, auth.authority),
  })
  return () => client.acquireTokenByClientCredential({ scopes: [auth.scope], skipCache: true })
}

function managedIdentity(
  msal: Msal,
  auth: Extract<Method, { readonly method: 'managed-identity' }>,
  ports: AuthPorts,
): () => Promise<AuthenticationResult | null> {
  const client = new msal.ManagedIdentityApplication({
    ...(auth.clientId === undefined ? {} : { managedIdentityIdParams: { userAssignedClientId: auth.clientId } }),
    system: { networkClient: networkOf(ports), disableInternalRetries: true },
  })
  const resource = auth.scope.replace(/\/\.default$/, '')
  return () => client.acquireToken({ resource, forceRefresh: true })
}

/** Where msal asks: metadata is handed in, so that a token costs one request. */
export function authorityOf(auth: EntraAuth): Configuration['auth'] {
  const { host, pathname } = new URL(auth.authority)
  const base = `https://${host}${pathname.replace(/\/$/, '')}`
  const authority = `${base}/${auth.tenant}`
  const endpoint = (path: string): string => `${authority}/oauth2/v2.0/${path}`
  return {
    clientId: auth.clientId,
    authority,
    knownAuthorities: [host],
    authorityMetadata: JSON.stringify({
      issuer: `${authority}/v2.0`,
      authorization_endpoint: endpoint('authorize'),
      token_endpoint: endpoint('token'),
      end_session_endpoint: endpoint('logout'),
      jwks_uri: `${authority}/discovery/v2.0/keys`,
    }),
    cloudDiscoveryMetadata: JSON.stringify({
      tenant_discovery_endpoint: `${authority}/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    }),
  }
}

function credentialOf(auth: Credential, ports: AuthPorts): Partial<Configuration['auth']> {
  switch (auth.method) {
    case 'client-secret':
      return { clientSecret: auth.clientSecret }
    case 'certificate':
      return { clientCertificate: certificateOf(auth.certificate, auth.password) }
    case 'federated':
      return { clientAssertion: () => federatedAssertion(auth.assertion, ports) }
  }
}

/** Key and thumbprint of a PEM text that holds both. Throws where either is missing or the password is wrong. */
function certificateOf(
  pem: string,
  passphrase: string | undefined,
): {
  readonly thumbprintSha256: string
  readonly privateKey: string
  readonly x5c: string
} {
  const certificate = new X509Certificate(pem)
  const key = createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) })
  return {
    thumbprintSha256: createHash('sha256').update(certificate.raw).digest('hex'),
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    x5c: certificate.toString(),
  }
}

/** Its requests go through our own client. */
export function systemOf(ports: AuthPorts, authority: string): NonNullable<Configuration['system']> {
  return {
    networkClient: networkOf(ports, authority),
    disableInternalRetries: true,
    loggerOptions: { piiLoggingEnabled: false },
  }
}

type Network = NonNullable<NonNullable<Configuration['system']>['networkClient']>

function networkOf(ports: AuthPorts, authority?: string): Network {
  const real = authority === undefined ? undefined : new URL(authority)
  const send = async (
    method: 'GET' | 'POST',
    url: string,
    options?: { readonly headers?: Record<string, string>; readonly body?: string },
  ): Promise<{ headers: Record<string, string>; body: never; status: number }> => {
    const target = new URL(url)
    if (target.host === real?.host) target.protocol = real.protocol
    const request: HttpRequest = { method, url: target.href, headers: options?.headers ?? {}, body: options?.body }
    const answer = await patiently(ports, request)
    // The library reads the body only; headers matter to flows that are not used here.
    return { headers: {}, body: answer.body as never, status: answer.status }
  }
  return {
    sendGetRequestAsync: (url, options) => send('GET', url, options),
    sendPostRequestAsync: (url, options) => send('POST', url, options),
  }
}

/** Asking for a token changes nothing, so it may be repeated. Throws NoAnswer when no sense can be had. */
async function patiently(ports: AuthPorts, request: HttpRequest): Promise<{ status: number; body: unknown }> {
  for (let made = 1; ; made += 1) {
    const answer = await ports.http.send(request).catch(asNoAnswer)
    const failure = failureIn(answer)
    if (!(answer instanceof NoAnswer) && failure === undefined) return jsonIn(answer)
    const random = ports.random()
    const attempt = { made, purpose: 'read', failure: failure ?? silence, now: ports.clock.now(), random } as const
    const waitMs = waitBeforeRetry(attempt)
    if (waitMs === undefined) {
      throw answer instanceof NoAnswer ? answer : new NoAnswer(`it answered with status ${answer.status}`, true)
    }
    await ports.clock.sleep(waitMs)
  }
}

const silence: Failure = { kind: 'silence', sent: true }

function asNoAnswer(error: unknown): NoAnswer {
  if (error instanceof NoAnswer) return error
  throw error
}

function failureIn(answer: HttpAnswer | NoAnswer): Failure | undefined {
  if (answer instanceof NoAnswer) return { kind: 'silence', sent: answer.sent }
  if (answer.status < 500 && answer.status !== 429) return undefined
  return { kind: 'status', status: answer.status, retryAfter: answer.header('retry-after') }
}

function jsonIn(answer: HttpAnswer): { status: number; body: unknown } {
  try {
    return { status: answer.status, body: JSON.parse(answer.text) }
  } catch {
    throw new NoAnswer(`it answered with status ${answer.status} and no token`, true)
  }
}
