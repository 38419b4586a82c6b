/** What a login gives, and what it needs of the outside world. */
import type { Clock } from '../clock.ts'
import type { Side } from '../config/config.ts'
import type { Http } from './http.ts'

/** A token and how long it lives from now. */
export interface Token {
  readonly value: string
  readonly lifeMs: number
}

export interface AuthPorts {
  readonly side: Side
  readonly http: Http
  readonly clock: Clock
  /** 0 to 1. */
  readonly random: () => number
  readonly env: Readonly<Record<string, string | undefined>>
}
