/** How the two services are reached, as the rest of the program reads it. */
import type { Side } from './config.ts'

/** How one side is reached. Secrets are resolved here and nowhere else; a Connection is never logged or hashed whole. */
export interface Connection {
  readonly side: Side
  readonly kind: 'business-central' | 'dataverse'
  readonly enabled: boolean
  /** Why it is switched off. */
  readonly reason: string | undefined
  /** BC: up to, not including, `/api` and `/ODataV4`. Dataverse: up to, not including, `/api/data/v9.2`. No trailing slash. */
  readonly url: string
  /** BC only: the company's name. */
  readonly company: string | undefined
  readonly environment: string | undefined
  /** BC only: address of the web client, for links. @default that of the tenant and environment online */
  readonly webClient?: string | undefined
  readonly auth: Auth
  /** Hosts (with port) a token may be sent to. */
  readonly allowedHosts: readonly string[]
  /** Milliseconds until a request without an answer is given up. @default 120000 */
  readonly timeoutMs: number
  /** Upper bound of parallel requests. BC @default 5; Dataverse follows the service's hint and never passes this, @default 16 */
  readonly maxParallel: number
  /** Most rows asked for in a page; the service's largest by default. */
  readonly pageSize: number
  /** Whom the service counts as one with this connection, and what is left for it. @default nobody else, no limit */
  readonly sharing?: Sharing
}

/** Targets that log in as one identity, to which the service sets its limits as a whole. */
export interface Sharing {
  /** Their names, this one's among them. */
  readonly targets: readonly string[]
  /** What they may take together; undefined: they have to run one after the other. */
  readonly budget: Budget | undefined
  /** The part of it that each takes. */
  readonly share: Budget
}

/** Limits of one identity at one service. An absent number means that it is not counted. */
export interface Budget {
  /** Requests at the same time. */
  readonly parallel?: number
  /** Requests in five minutes. */
  readonly requests?: number
}

export type Auth =
  | (EntraAuth & { readonly method: 'client-secret'; readonly clientSecret: string })
  | (EntraAuth & {
      readonly method: 'certificate'
      /** PEM text of key and certificate. */ readonly certificate: string
      readonly password?: string
    })
  | (EntraAuth & {
      readonly method: 'federated'
      /** A token handed in (workload identity); otherwise GitHub's OIDC is asked. */ readonly assertion?: string
    })
  | { readonly method: 'managed-identity'; readonly clientId?: string; readonly scope: string }
  | { readonly method: 'basic'; readonly user: string; readonly password: string }

export interface EntraAuth {
  readonly tenant: string
  readonly clientId: string
  /** Login address to which `/{tenant}/oauth2/v2.0/token` is appended. */
  readonly authority: string
  readonly scope: string
}
