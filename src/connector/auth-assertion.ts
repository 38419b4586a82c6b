/** The proof of identity behind federated credentials: handed in, or asked of GitHub's OIDC service. */
import { ConnectorError } from '../errors.ts'
import type { AuthPorts } from './auth-ports.ts'
import { isLoopback } from './proxy.ts'

/** The audience that Microsoft Entra expects of a federated credential. */
const audience = 'api://AzureADTokenExchange'

/** A signed assertion; GitHub's is asked for anew each time, because it lives for minutes. */
export async function federatedAssertion(handedIn: string | undefined, ports: AuthPorts): Promise<string> {
  if (handedIn !== undefined) return handedIn
  const address = ports.env['ACTIONS_ID_TOKEN_REQUEST_URL']
  const token = ports.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN']
  if (!address || !token)
    throw refused(
      ports,
      'there is no federated token to log in with',
      'In GitHub Actions give the job `permissions: id-token: write`; elsewhere set `auth.assertion`.',
    )
  const url = new URL(address)
  if (url.protocol !== 'https:' && !isLoopback(url))
    throw refused(ports, `${url.host} would be asked for a token over plain http`, 'Use an https address.')
  url.searchParams.set('audience', audience)
  const answer = await ports.http.send({
    method: 'GET',
    url: url.href,
    headers: { Authorization: `Bearer ${token}`, Accept: 'application/json' },
  })
  const value = answer.status === 200 ? (JSON.parse(answer.text) as { value?: unknown }).value : undefined
  if (typeof value !== 'string')
    throw refused(
      ports,
      `GitHub’s token service answered with status ${answer.status}`,
      'Check `permissions: id-token: write` of the job, then run it again.',
    )
  return value
}

const refused = (ports: AuthPorts, message: string, remedy: string): ConnectorError =>
  new ConnectorError(ports.side, 'unauthorized', { message, remedy })
