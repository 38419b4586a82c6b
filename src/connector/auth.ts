/**
 * Who we are: the Authorization header of a connection. A token is asked for once however many wait for it, kept in
 * memory only, renewed before it ends, and renewed once more when the service turns it down (P8: never logged).
 */
import type { Auth } from '../config/config.ts'
import type { Clock } from '../clock.ts'
import { entraToken } from './auth-entra.ts'
import type { AuthPorts, Token } from './auth-ports.ts'

export interface Authorization {
  /** The header's value. Throws ConnectorError 'unauthorized' or 'unreachable'. */
  header(): Promise<string>
  /** Forgets a header that was turned down, unless it was replaced meanwhile. True when another try makes sense. */
  turnedDown(header: string): boolean
}

/** A token is renewed this long before its end, or at half its life when that is sooner. */
const renewEarlyMs = 300_000

/** The authorization of one connection. */
export function authorization(auth: Auth, ports: AuthPorts): Authorization {
  if (auth.method === 'basic') {
    const header = `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}`
    return { header: async () => header, turnedDown: () => false }
  }
  return cached(entraToken(auth, ports), ports.clock)
}

function cached(ask: () => Promise<Token>, clock: Clock): Authorization {
  let held: { readonly header: string; readonly until: number } | undefined
  let asking: Promise<string> | undefined
  const renew = async (): Promise<string> => {
    const token = await ask()
    const header = `Bearer ${token.value}`
    held = { header, until: clock.now().getTime() + token.lifeMs - Math.min(renewEarlyMs, token.lifeMs / 2) }
    return header
  }
  return {
    header: () => {
      if (held !== undefined && clock.now().getTime() < held.until) return Promise.resolve(held.header)
      asking ??= renew().finally(() => (asking = undefined))
      return asking
    },
    turnedDown: (header) => {
      if (held?.header === header) held = undefined
      return true
    },
  }
}
