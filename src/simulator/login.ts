/** The simulated Microsoft Entra: gives out tokens and knows which are good. */

import { randomUUID } from 'node:crypto'

import type { Answer, Incoming, Refusal } from './service.ts'

/** What can be set about logging in. */
export interface LoginOptions {
  /** Client id to secret. @default any client id, with the secret `secret` */
  readonly clients?: Readonly<Record<string, string>>
  /** Life of a token, seconds. @default 3599 */
  readonly expiresInSeconds?: number
  /** Value that managed identity requests carry in X-IDENTITY-HEADER. @default 'identity' */
  readonly identityHeader?: string
  /** Users of Business Central with their web service access key, for Basic authentication. @default none */
  readonly users?: Readonly<Record<string, string>>
}

interface Grant {
  readonly client: string
  readonly scope: string
  readonly expiresAt: number
}

/** Scopes and resources of Business Central online begin with this. */
const BUSINESS_CENTRAL = 'https://api.businesscentral.dynamics.com'

/** Gives out tokens and checks them. */
export class Login {
  readonly #options: LoginOptions
  readonly #now: () => number
  readonly #grants = new Map<string, Grant>()
  /** Scopes by device code. */
  readonly #devices = new Map<string, string>()

  constructor(options: LoginOptions, now: () => number) {
    this.#options = options
    this.#now = now
  }

  /** Makes every token given out so far worthless, as when an administrator revokes a session. */
  revoke(): void {
    this.#grants.clear()
  }

  /** A token without a request, for tests that speak to a service directly. */
  grant(client: string, scope: string): string {
    const token = `simulated.${randomUUID()}`
    this.#grants.set(token, { client, scope, expiresAt: this.#now() + this.#lifeSeconds * 1000 })
    return token
  }

  /** Who asks, by the Authorization header; or why the service must refuse. */
  check(service: 'businessCentral' | 'sales', request: Incoming): string | Refusal {
    const header = request.headers['authorization'] ?? ''
    const basic = /^Basic (.+)$/iu.exec(header)?.[1]
    if (basic !== undefined && service === 'businessCentral') return this.#user(basic)
    const token = /^Bearer (.+)$/iu.exec(header)?.[1]
    if (token === undefined) return { kind: 'unauthorized', reason: 'missing' }
    const grant = this.#grants.get(token)
    if (grant === undefined) return { kind: 'unauthorized', reason: 'unknown' }
    if (grant.expiresAt <= this.#now()) return { kind: 'unauthorized', reason: 'expired' }
    const forBusinessCentral = grant.scope.startsWith(BUSINESS_CENTRAL) || isOwn(grant.scope, request.origin)
    const meant = service === 'businessCentral' ? forBusinessCentral : !grant.scope.startsWith(BUSINESS_CENTRAL)
    return meant ? grant.client : { kind: 'unauthorized', reason: 'audience' }
  }

  /** Answers the login listener: token endpoint, discovery, managed identity, GitHub's id token. */
  handle(request: Incoming): Answer {
    const path = request.path.replace(/^\/login/u, '')
    const query = new URLSearchParams(request.query)
    if (path.endsWith('/oauth2/v2.0/token') && request.method === 'POST') return this.#token(request)
    if (path.endsWith('/oauth2/v2.0/devicecode') && request.method === 'POST') return this.#deviceCode(request)
    if (path.endsWith('/.well-known/openid-configuration')) return discovery(request.origin, path.split('/')[1] ?? '')
    if (path === '/common/discovery/instance') return instances(request.origin, query)
    if (path === '/msi/token') return this.#managedIdentity(request, query)
    if (path === '/github/token') return json(200, { count: 1, value: `simulated.${query.get('audience') ?? ''}.jwt` })
    return json(404, { error: 'not_found', error_description: `nothing is served at ${request.path}` })
  }

  get #lifeSeconds(): number {
    return this.#options.expiresInSeconds ?? 3599
  }

  #user(basic: string): string | Refusal {
    const [user = '', key = ''] = Buffer.from(basic, 'base64').toString('utf8').split(/:(.*)/su)
    return this.#options.users?.[user] === key && key !== '' ? user : { kind: 'unauthorized', reason: 'unknown' }
  }

  #token(request: Incoming): Answer {
    const form = new URLSearchParams(request.body)
    return form.has('device_code') ? this.#deviceToken(form) : this.#clientToken(form)
  }

  #clientToken(form: URLSearchParams): Answer {
    const client = form.get('client_id') ?? ''
    const scope = form.get('scope') ?? ''
    if (form.get('grant_type') !== 'client_credentials') {
      return refusal(400, 'unsupported_grant_type', 70_003, 'The app requested an unsupported grant type.')
    }
    if (!scope.endsWith('/.default')) {
      return refusal(400, 'invalid_scope', 1_002_012, `The provided value for scope ${scope} is not valid.`)
    }
    const known = this.#options.clients
    if (known !== undefined && !(client in known)) {
      const text = `Application with identifier '${client}' was not found in the directory.`
      return refusal(400, 'unauthorized_client', 700_016, text)
    }
    if (form.get('client_assertion') === null && form.get('client_secret') !== (known?.[client] ?? 'secret')) {
      const hint = 'Ensure the secret being sent in the request is the client secret value, not the client secret ID'
      const text = `Invalid client secret provided. ${hint}, for a secret added to app '${client}'.`
      return refusal(401, 'invalid_client', 7_000_215, text)
    }
    const token = this.grant(client, scope)
    const life = this.#lifeSeconds
    return json(200, { token_type: 'Bearer', expires_in: life, ext_expires_in: life, access_token: token })
  }

  /** A person's login: a code to type in. The simulated person, `administrator`, has done so at once. */
  #deviceCode(request: Incoming): Answer {
    const scope = new URLSearchParams(request.body).get('scope') ?? ''
    const code = randomUUID()
    this.#devices.set(code, scope)
    const uri = `${request.origin}/device`
    return json(200, {
      device_code: code,
      user_code: 'COUPLET12',
      verification_uri: uri,
      expires_in: 900,
      interval: 1,
      message: `To sign in, use a web browser to open the page ${uri} and enter the code COUPLET12 to authenticate.`,
    })
  }

  #deviceToken(form: URLSearchParams): Answer {
    const scope = this.#devices.get(form.get('device_code') ?? '')
    if (scope === undefined)
      return refusal(400, 'expired_token', 70_020, 'The provided value for the device code is not valid.')
    const resource = scope.split(' ').find((each) => each.includes('://')) ?? scope
    const life = this.#lifeSeconds
    const token = this.grant('person:administrator', resource)
    return json(200, { token_type: 'Bearer', scope, expires_in: life, ext_expires_in: life, access_token: token })
  }

  #managedIdentity(request: Incoming, query: URLSearchParams): Answer {
    if (request.headers['x-identity-header'] !== (this.#options.identityHeader ?? 'identity')) {
      return json(401, { statusCode: 401, message: 'The X-IDENTITY-HEADER is missing or wrong.' })
    }
    const resource = query.get('resource') ?? ''
    const client = query.get('client_id') ?? 'managed-identity'
    const expires = Math.floor(this.#now() / 1000) + this.#lifeSeconds
    const token = this.grant(client, resource)
    return json(200, {
      access_token: token,
      expires_on: String(expires),
      resource,
      token_type: 'Bearer',
      client_id: client,
    })
  }
}

function isOwn(scope: string, origin: string): boolean {
  return scope.startsWith(origin)
}

function json(status: number, body: object): Answer {
  return { status, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) }
}

/** An error as Entra words it: the AADSTS number stands in the text and in `error_codes`. */
function refusal(status: number, error: string, code: number, text: string): Answer {
  const [trace, correlation] = [randomUUID(), randomUUID()]
  const timestamp = new Date().toISOString().replace('T', ' ').slice(0, 19) + 'Z'
  return json(status, {
    error,
    error_description: `AADSTS${code}: ${text} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
    error_codes: [code],
    timestamp,
    trace_id: trace,
    correlation_id: correlation,
  })
}

function discovery(origin: string, tenant: string): Answer {
  const base = `${origin}/${tenant}`
  return json(200, {
    issuer: `${base}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'],
    response_types_supported: ['code', 'id_token'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
  })
}

function instances(origin: string, query: URLSearchParams): Answer {
  const host = new URL(origin).host
  const authority = query.get('authorization_endpoint') ?? `${origin}/common/oauth2/v2.0/authorize`
  return json(200, {
    tenant_discovery_endpoint: authority.replace(
      /\/oauth2\/v2\.0\/authorize$/u,
      '/v2.0/.well-known/openid-configuration',
    ),
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  })
}
