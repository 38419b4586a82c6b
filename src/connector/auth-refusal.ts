/** Why a login failed, in an administrator's words. The service's number is kept, its text and our secrets are not (P8). */
import type { Auth, Side } from '../config/config.ts'
import { ConnectorError } from '../errors.ts'
import { sideName } from './failure.ts'
import { NoAnswer } from './http.ts'

/** What happened and what to do, by the AADSTS number of Microsoft Entra. */
const reasons: Readonly<Record<number, readonly [message: string, remedy: string]>> = {
  7000215: [
    'the client secret is wrong',
    'Copy the secret’s value (not its id) from the app registration into the secret the connection reads.',
  ],
  7000222: ['the client secret has expired', 'Create a new secret in the app registration and replace the old one.'],
  7000216: ['no credential was sent', 'Set `auth.clientSecret`, or choose another `auth.method`.'],
  700016: [
    'the application is not known in this tenant',
    'Check `auth.clientId` and `tenant`; the app registration must exist in, or be consented to by, this tenant.',
  ],
  7000112: ['the application is switched off', 'Enable the app registration’s enterprise application.'],
  90002: ['the tenant is not known', 'Check `tenant` of the connection: its id or one of its domains.'],
  900023: [
    'the tenant is neither an id nor a domain',
    'Check `tenant` of the connection: its id or one of its domains.',
  ],
  700027: ['the certificate is not registered', 'Upload the certificate’s public part to the app registration.'],
  70021: [
    'no federated credential fits this token',
    'Add a federated credential for this repository and branch or environment to the app registration.',
  ],
  700211: [
    'the issuer of the token fits no federated credential',
    'Correct the federated credential’s issuer in the app registration.',
  ],
  700212: [
    'the audience of the token fits no federated credential',
    'The federated credential’s audience must be api://AzureADTokenExchange.',
  ],
  700213: [
    'the subject of the token fits no federated credential',
    'Add a federated credential for this repository and branch or environment to the app registration.',
  ],
  700024: ['the federated token has expired', 'Hand in a fresh token; in GitHub Actions leave `auth.assertion` out.'],
  500011: ['the service asked for is not known in this tenant', 'Check `auth.scope` and the `url` of the connection.'],
  70011: ['the scope is not valid', 'Check `auth.scope`: it must end with /.default.'],
  1002012: ['the scope is not valid', 'Check `auth.scope`: it must end with /.default.'],
  53003: [
    'a conditional access policy blocks the login',
    'Exempt the application from the policy, or allow the runner’s address.',
  ],
}

/** The error to throw, whatever went wrong while asking for a token. */
export function loginFailure(side: Side, auth: Auth, error: unknown): ConnectorError {
  if (error instanceof ConnectorError) return error
  const silent = silenceOf(error)
  if (silent !== undefined) return unreachable(side, auth, silent)
  const number = aadsts(error)
  const [message, remedy] = (number === undefined ? undefined : reasons[number]) ?? [
    `the login service refuses (${codeOf(error)})`,
    'Check tenant, client id and credential of the connection; the sign-in logs of Microsoft Entra show the reason.',
  ]
  return new ConnectorError(side, 'unauthorized', {
    message: `no login to ${sideName[side]}: ${message}`,
    remedy,
    code: number === undefined ? codeOf(error) : `AADSTS${number}`,
  })
}

function unreachable(side: Side, auth: Auth, reason: string): ConnectorError {
  const where = 'authority' in auth ? ` ${new URL(auth.authority).host}` : ''
  return new ConnectorError(side, 'unreachable', {
    message: `no login to ${sideName[side]}: the login service${where} gave no answer (${reason})`,
    remedy: 'Check the network, the proxy variables and `auth.authority`, then run again.',
  })
}

/** The library hides a lost connection behind its own error; ours lies below, or its code tells. */
function silenceOf(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if (at instanceof NoAnswer) return at.message
  }
  const code = codeOf(error)
  return ['endpoints_resolution_error', 'network_error', 'post_request_failed'].includes(code) ? code : undefined
}

function aadsts(error: unknown): number | undefined {
  const found = /AADSTS(\d+)/.exec(error instanceof Error ? error.message : '')
  return found?.[1] === undefined ? undefined : Number(found[1])
}

function codeOf(error: unknown): string {
  const code: unknown =
    typeof error === 'object' && error !== null && 'errorCode' in error ? error.errorCode : undefined
  return typeof code === 'string' && /^\w+$/.test(code) ? code : error instanceof Error ? error.name : 'unknown'
}
