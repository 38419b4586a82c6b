/**
 * An administrator's own login, for what an integration must not be able to do: a code typed in at Microsoft's page, or
 * a token handed in. The token is kept in memory only (P8) and goes to the connection's own address only.
 */
import type { Connection } from '../config/config.ts'
import { ConnectorError } from '../errors.ts'
import type { Authorization } from './auth.ts'
import { authorityOf, systemOf } from './auth-entra.ts'
import type { AuthPorts } from './auth-ports.ts'
import { httpClient } from './http.ts'
import { proxySettings } from './proxy.ts'
import type { AdministrationPorts } from './administration.ts'

/** Microsoft's public client for tools that people run; an organisation may name one of its own. */
const publicClient = '51f81489-12ee-4a9e-aaae-a2591f45987d'

/** A token handed in. */
export const givenToken = (token: string): Authorization => ({
  header: async () => `Bearer ${token}`,
  turnedDown: () => false,
})

/** Logs a person in by a code; `show` tells where to type it. Asked for once. Throws ConnectorError 'unauthorized'. */
export function personsLogin(
  connection: Connection,
  ports: AdministrationPorts,
  options: { readonly show: (text: string) => void; readonly clientId?: string | undefined },
): Authorization {
  const { auth, side, timeoutMs } = connection
  if (!('tenant' in auth))
    throw new ConnectorError(side, 'unauthorized', {
      message: 'the connection names no tenant to log in to',
      remedy: 'Hand a token in: --token-env NAME.',
    })
  const { clock, random, env, userAgent } = ports
  const http = httpClient({ timeoutMs, proxy: proxySettings(env), userAgent })
  const login: AuthPorts = { side, http, clock, random, env }
  const ask = async (): Promise<string> => {
    const { PublicClientApplication } = await import('@azure/msal-node')
    const client = new PublicClientApplication({
      auth: { ...authorityOf(auth), clientId: options.clientId ?? publicClient },
      system: systemOf(login, auth.authority),
    })
    const result = await client
      .acquireTokenByDeviceCode({ scopes: [auth.scope], deviceCodeCallback: ({ message }) => options.show(message) })
      .catch(() => null)
    if (result?.accessToken) return `Bearer ${result.accessToken}`
    throw new ConnectorError(side, 'unauthorized', {
      message: 'nobody logged in, or the login was refused',
      remedy: 'Try again; or hand a token in: --token-env NAME.',
    })
  }
  let header: Promise<string> | undefined
  return { header: () => (header ??= ask()), turnedDown: () => false }
}
