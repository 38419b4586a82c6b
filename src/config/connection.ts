/** How a side is reached: what was written becomes a Connection, or findings that say what is wrong with it. */
import type { Auth, Connection, EntraAuth, Side } from './config.ts'
import { parseConnectionString } from './connection-string.ts'
import { addressText, isAllowed, isKnownHost, normaliseAddress } from './hosts.ts'
import type { Finding } from './layers.ts'
import { durationMs } from './quantities.ts'
import type { Auth as AuthText, BusinessCentral, Dataverse, ProjectFile } from './schema-types.ts'
import { expand, isReference, literalSecret, secretKeys, textsIn, unset, type Secrets } from './secrets.ts'

/** What one side's block gives. The connection is there whenever there are no errors among the findings. */
export interface ReadConnection {
  readonly connection: Connection | undefined
  readonly findings: readonly Finding[]
}

/** A block of either kind, with all keys that either may have. */
type Written = Omit<BusinessCentral & Omit<Dataverse, 'kind'>, 'kind'> & { readonly kind?: string }

const kinds = { businessCentral: 'business-central', sales: 'dataverse' } as const
const businessCentralOnline = 'https://api.businesscentral.dynamics.com'

/** Reads one side. References are filled in; where `complete` is false, ones that stand for nothing are passed over. */
export function readConnection(
  side: Side,
  project: ProjectFile,
  given: { secrets: Secrets; complete: boolean },
): ReadConnection {
  const written: Written | undefined = project.connections?.[side]
  if (written === undefined) {
    const example = side === 'sales' ? '{ kind: dataverse, url: … }' : '{ kind: business-central, company: … }'
    return { connection: undefined, findings: [{ path: ['connections'], message: `"${side}" is missing: ${example}` }] }
  }
  const reader = new ConnectionReader(side, written, given)
  const connection = reader.read()
  const findings = reader.findings.map((finding) => ({ ...finding, path: ['connections', side, ...finding.path] }))
  return { connection: findings.some(({ severity }) => severity === undefined) ? undefined : connection, findings }
}

class ConnectionReader {
  readonly findings: Finding[] = []
  readonly #side: Side
  readonly #written: Written
  readonly #secrets: Secrets
  readonly #complete: boolean
  constructor(side: Side, written: Written, given: { secrets: Secrets; complete: boolean }) {
    this.#side = side
    this.#written = written
    this.#secrets = given.secrets
    this.#complete = given.complete && written.enabled !== false
  }

  read(): Connection {
    this.#checkReferences()
    const { url: stated, auth: raw } = this.#stated()
    const tenant = this.#text(raw.tenant ?? this.#written.tenant)
    const url = this.#address(stated, tenant)
    const auth = this.#auth(raw, { tenant, url })
    this.#checkHost(url, auth)
    const { enabled = true, reason, company, environment = 'Production', allowHosts = [] } = this.#written
    const isBusinessCentral = this.#side === 'businessCentral'
    if (isBusinessCentral && company === undefined) this.#lacks([], 'company', 'the name of the company')
    return {
      side: this.#side,
      kind: kinds[this.#side],
      enabled,
      reason,
      url,
      company: this.#text(company),
      environment: isBusinessCentral ? this.#text(environment) : undefined,
      ...this.#webClient(),
      auth,
      allowedHosts: hostsOf(url, auth, allowHosts),
      ...this.#bounds(),
    }
  }

  #webClient(): { readonly webClient?: string } {
    const { webClient } = this.#written
    if (webClient === undefined) return {}
    return { webClient: this.#text(webClient).replace(/\/+$/, '') }
  }

  #bounds(): Pick<Connection, 'timeoutMs' | 'maxParallel' | 'pageSize'> {
    const { timeout = '120 s', maxParallel, pageSize } = this.#written
    const usual = this.#side === 'sales' ? { maxParallel: 16, pageSize: 5000 } : { maxParallel: 5, pageSize: 20_000 }
    return {
      timeoutMs: durationMs(timeout) as number,
      maxParallel: maxParallel ?? usual.maxParallel,
      pageSize: pageSize ?? usual.pageSize,
    }
  }

  #add(path: Finding['path'], message: string, more: Partial<Finding> = {}): void {
    this.findings.push({ path, message, ...more })
  }

  #lacks(path: Finding['path'], key: string, what: string): void {
    this.#add(path, `"${key}" is missing: ${what}`)
  }

  #text<T extends string | undefined>(text: T): T {
    return (text === undefined ? undefined : expand(text, this.#secrets)) as T
  }

  /** Unset references, and secrets that stand in the file. */
  #checkReferences(): void {
    if (this.#complete)
      for (const { path, text } of textsIn(this.#written))
        for (const message of unset(text, this.#secrets)) this.#add(path, message)
    for (const key of secretKeys) {
      const text = this.#written.auth?.[key as keyof AuthText]
      if (text !== undefined && !isReference(text)) this.#add(['auth', key], literalSecret)
    }
  }

  /** Where the connection goes and how it logs in, from `auth` or from the connection string. */
  #stated(): { readonly url: string | undefined; readonly auth: AuthText } {
    const { auth, connectionString, url } = this.#written
    if (connectionString === undefined) {
      if (auth === undefined)
        this.#lacks([], 'auth', 'how to log in, e.g. { method: client-secret, clientId: …, clientSecret: … }')
      return { url, auth: auth ?? {} }
    }
    if (auth !== undefined) this.#add(['auth'], '`auth` and `connectionString` exclude each other', { key: true })
    const whole = isReference(connectionString)
    const said = parseConnectionString(whole ? this.#text(connectionString) : connectionString)
    for (const message of whole && !this.#complete ? [] : said.problems) this.#add(['connectionString'], message)
    const literal = secretKeys.some((key) => said.auth[key] !== undefined && !isReference(said.auth[key]))
    if (!whole && literal) this.#add(['connectionString'], literalSecret)
    return { url: url ?? said.url, auth: said.auth }
  }

  #address(stated: string | undefined, tenant: string | undefined): string {
    const written = stated === undefined ? undefined : this.#text(stated)
    if (written === undefined && this.#side === 'sales') {
      this.#lacks([], 'url', 'the address of the environment, e.g. https://contoso.crm4.dynamics.com')
      return ''
    }
    if (written === undefined) {
      if (tenant === undefined) this.#lacks([], 'tenant', 'the Microsoft Entra tenant, id or domain')
      const environment = this.#text(this.#written.environment ?? 'Production')
      return `${businessCentralOnline}/v2.0/${encodeURIComponent(tenant ?? '')}/${encodeURIComponent(environment)}`
    }
    return this.#checkedAddress(written, {
      path: [this.#written.url === undefined ? 'connectionString' : 'url'],
      kind: kinds[this.#side],
    })
  }

  /** An address in form. A reference that stands for nothing has been told already. */
  #checkedAddress(text: string, at: { path: string[]; kind: 'business-central' | 'dataverse' | 'login' }): string {
    if (text === '') return ''
    const address = normaliseAddress(text, at.kind)
    if ('wrong' in address) {
      this.#add(at.path, address.wrong)
      return ''
    }
    if (address.cut !== undefined) this.#add(at.path, address.cut, { severity: 'warning' })
    return addressText(address.url)
  }

  #auth(raw: AuthText, at: { tenant: string | undefined; url: string }): Auth {
    const path = this.#written.auth === undefined ? [] : ['auth']
    const { method } = raw
    if (method === undefined) {
      if (this.#written.auth !== undefined)
        this.#lacks(path, 'method', 'client-secret, certificate, federated, managed-identity or basic')
      return { method: 'managed-identity', scope: '' }
    }
    this.#checkKeys(raw, method, path)
    const scope = this.#text(raw.scope) ?? this.#usualScope(at.url)
    if (method === 'basic')
      return { method, user: this.#text(raw.user ?? ''), password: this.#text(raw.password ?? '') }
    if (method === 'managed-identity') return { method, scope, ...this.#given(raw, 'clientId') }
    return this.#entra(raw, method, { ...this.#login(raw, at.tenant, path), scope })
  }

  #usualScope(url: string): string {
    return `${this.#side === 'sales' ? url : businessCentralOnline}/.default`
  }

  #login(raw: AuthText, tenant: string | undefined, path: string[]): Omit<EntraAuth, 'scope'> {
    if (tenant === undefined) this.#lacks(path, 'tenant', 'the Microsoft Entra tenant, id or domain')
    const login = this.#text(raw.authority) ?? 'https://login.microsoftonline.com'
    const authority = this.#checkedAddress(login, { path: [...path, 'authority'], kind: 'login' })
    return { tenant: tenant ?? '', clientId: this.#text(raw.clientId ?? ''), authority }
  }

  #entra(raw: AuthText, method: 'client-secret' | 'federated' | 'certificate', entra: EntraAuth): Auth {
    if (method === 'client-secret') return { method, ...entra, clientSecret: this.#text(raw.clientSecret ?? '') }
    if (method === 'federated') return { method, ...entra, ...this.#given(raw, 'assertion') }
    return { method, ...entra, certificate: this.#text(raw.certificate ?? ''), ...this.#given(raw, 'password') }
  }

  /** A key that may be left out, only where it was written. */
  #given<K extends 'clientId' | 'assertion' | 'password'>(raw: AuthText, key: K): { readonly [key in K]?: string } {
    const text = raw[key]
    return (text === undefined ? {} : { [key]: this.#text(text) }) as { readonly [key in K]?: string }
  }

  #checkKeys(raw: AuthText, method: NonNullable<AuthText['method']>, path: readonly string[]): void {
    const { needed, known } = keysOf[method]
    if (method === 'basic' && this.#side === 'sales')
      this.#add(
        [...path, 'method'],
        'Dataverse has no basic login; use client-secret, certificate, federated or managed-identity',
      )
    for (const key of needed) if (raw[key] === undefined) this.#lacks(path, key, `the method ${method} needs it`)
    for (const key of Object.keys(raw)) {
      if (key === 'method' || needed.includes(key as keyof AuthText) || known.includes(key as keyof AuthText)) continue
      if (this.#written.auth !== undefined)
        this.#add([...path, key], `the method ${method} does not use it`, { key: true })
    }
  }

  /** Credentials go to known hosts, or to those that somebody has named. */
  #checkHost(url: string, auth: Auth): void {
    const { allowHosts = [] } = this.#written
    if ('authority' in auth && auth.authority !== '') {
      const authority = new URL(auth.authority)
      if (!isKnownHost(authority, 'login') && !isAllowed(authority, allowHosts))
        this.#add(
          ['auth', 'authority'],
          `credentials do not go to ${authority.host}: it is no login address of Microsoft; name it in \`allowHosts\` of this connection if it is yours`,
        )
    }
    if (url === '') return
    const address = new URL(url)
    if (isKnownHost(address, 'data') || isAllowed(address, allowHosts)) return
    if (auth.method !== 'basic') {
      this.#add(
        ['url'],
        `tokens do not go to ${address.host}: it is no address of Microsoft's clouds; name it in \`allowHosts\` of this connection if it is yours`,
      )
    } else if (!isReference(this.#written.url as string))
      this.#add(
        ['url'],
        `whoever changes this line sends the password elsewhere; write \${env:NAME}, or name ${address.host} in \`allowHosts\``,
        { severity: 'warning' },
      )
  }
}

const entraKeys = ['tenant', 'clientId', 'authority', 'scope'] as const
const keysOf: Readonly<
  Record<
    NonNullable<AuthText['method']>,
    { readonly needed: readonly (keyof AuthText)[]; readonly known: readonly (keyof AuthText)[] }
  >
> = {
  'client-secret': { needed: ['clientId', 'clientSecret'], known: entraKeys },
  certificate: { needed: ['clientId', 'certificate'], known: [...entraKeys, 'password'] },
  federated: { needed: ['clientId'], known: [...entraKeys, 'assertion'] },
  'managed-identity': { needed: [], known: ['clientId', 'scope'] },
  basic: { needed: ['user', 'password'], known: [] },
}

function hostsOf(url: string, auth: Auth, allowHosts: readonly string[]): readonly string[] {
  const addresses = [url, 'authority' in auth ? auth.authority : ''].filter((address) => address !== '')
  return [
    ...new Set([...addresses.map((address) => new URL(address).host), ...allowHosts.map((host) => host.toLowerCase())]),
  ]
}
