/**
 * What administrators look at and change beside the records: users, roles, privileges, solutions. One request at a
 * time, always under the connection's own address; a login of a person's own may stand in for the connection's.
 */
import type { Clock } from '../clock.ts'
import type { Connection, Side } from '../config/config.ts'
import { ConnectorError } from '../errors.ts'
import { rootOf } from './address.ts'
import { authorization } from './auth.ts'
import type { Authorization } from './auth.ts'
import { companyFinder } from './company.ts'
import { dialects } from './dialect.ts'
import { parsed, sideName } from './failure.ts'
import { httpClient } from './http.ts'
import { parallel } from './parallel.ts'
import { proxySettings } from './proxy.ts'
import { service, unanswered } from './service.ts'
import type { Service } from './service.ts'
import { endless, Trail } from './trail.ts'

export interface AdministrationPorts {
  readonly clock: Clock
  /** 0 to 1, for jitter. */
  readonly random: () => number
  readonly env: Readonly<Record<string, string | undefined>>
  readonly userAgent: string
}

/** Requests beside the records. `what` names the thing in errors; each may throw ConnectorError. */
export interface Administration {
  /** Root of the service, for bodies that name a row by its address. */
  readonly address: string
  /**
   * The body of a GET. Sales: below `api/data/v9.2`. Business Central: below the company in the automation API, or with
   * a leading slash below the environment.
   */
  get(path: string, what: string): Promise<unknown>
  /** The rows of a list, all pages of it. */
  list(path: string, what: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** A POST that may change something; undefined when the answer has no body. Sent once, never repeated. */
  post(path: string, body: object, what: string): Promise<unknown>
  close(): void
}

/** Makes no request before the first call. `login` stands in for the connection's own. */
export function administration(
  connection: Connection,
  ports: AdministrationPorts,
  login?: Authorization,
): Administration {
  const { side } = connection
  const { clock, random, env } = ports
  const dialect = dialects[side]
  const http = httpClient({ timeoutMs: connection.timeoutMs, proxy: proxySettings(env), userAgent: ports.userAgent })
  const asked = service(connection, {
    http,
    clock,
    random,
    authorization: login ?? authorization(connection.auth, { side, http, clock, random, env }),
    parallel: parallel(1, 1),
    headers: dialect.headers,
  })
  const addressOf = addresses(connection, asked)
  const get = async (path: string, what: string): Promise<unknown> => {
    const body = await asked.get(await addressOf(path), what)
    if (typeof body === 'object' && body !== null) return body
    throw noAnswerOf(side, what)
  }
  return {
    address: rootOf(connection, side === 'sales' ? 'api/data/v9.2' : 'api/v2.0').root,
    get,
    list: async (path, what) => {
      const rows: Readonly<Record<string, unknown>>[] = []
      const trail = new Trail()
      for (let next: string | undefined = await addressOf(path); next !== undefined;) {
        if (trail.crosses(next)) throw circle(side, what)
        const page = pageOf(connection, await asked.get(next, what), what)
        rows.push(...page.rows)
        next = page.next
        if (next !== undefined && trail.turns(page.rows)) throw circle(side, what)
      }
      return rows
    },
    post: async (path, body, what) => {
      const headers = { 'Content-Type': 'application/json' }
      const url = await addressOf(path)
      const reply = await asked.ask({ method: 'POST', url, headers, body: JSON.stringify(body), purpose: 'write' })
      if (reply.kind !== 'answer' || reply.answer.status >= 300) throw unanswered(connection, what, reply)
      return reply.answer.text === '' ? undefined : parsed(reply.answer.text)
    },
    close: () => http.close(),
  }
}

function addresses(connection: Connection, asked: Service): (path: string) => Promise<string> {
  if (connection.side === 'sales') {
    const { root } = rootOf(connection, 'api/data/v9.2')
    return async (path) => `${root}/${path}`
  }
  const company = companyFinder(connection, asked)
  return async (path) => {
    const { root, options } = rootOf(connection, path.startsWith('/') ? path.slice(1) : 'api/microsoft/automation/v2.0')
    const whole = path.startsWith('/') ? root : `${root}/companies(${(await company()).id})/${path}`
    return options === '' ? whole : `${whole}${whole.includes('?') ? '&' : '?'}${options}`
  }
}

function pageOf(
  { side }: Connection,
  body: unknown,
  what: string,
): { readonly rows: readonly Readonly<Record<string, unknown>>[]; readonly next: string | undefined } {
  const { value, '@odata.nextLink': next } = (body ?? {}) as { value?: unknown; '@odata.nextLink'?: unknown }
  if (Array.isArray(value) && value.every((row) => typeof row === 'object' && row !== null))
    return { rows: value as Record<string, unknown>[], next: typeof next === 'string' ? next : undefined }
  throw noAnswerOf(side, `a list of ${what}`)
}

const circle = (side: Side, what: string): ConnectorError =>
  endless(side, what, 'something between here and the service changes its answers: check `url` of the connection.')

const noAnswerOf = (side: Side, what: string): ConnectorError =>
  new ConnectorError(side, 'broken', {
    message: `${sideName[side]} gave an answer that is not ${what}`,
    remedy: 'Check `url` of the connection.',
  })
