/** Pure: an error answer to a request as a whole → ConnectorError. */
import type { Side } from '../config/config.ts'
import { ConnectorError } from '../errors.ts'
import type { ConnectorFault } from '../errors.ts'
import { parseExact } from './exact-json.ts'
import { refusalOf, serviceError } from './refusal.ts'
import type { ServiceError } from './refusal.ts'
import type { Scrubbing } from './scrub.ts'

/** Name of each side in messages. */
export const sideName: Readonly<Record<Side, string>> = { businessCentral: 'Business Central', sales: 'Sales' }

/** Dataverse: ExpiredVersionStamp. */
const expiredToken = '0x80044352'
const missingProperty = /Could not find a property named '([^']+)'/i
const missingEntity = /Resource not found for the segment '?([^'.]+)'?|No HTTP resource was found|Invalid entity name/i

/** JSON of a text, the text itself where it is none. */
export function parsed(text: string): unknown {
  try {
    return parseExact(text)
  } catch {
    return text
  }
}

/** `what` names the thing asked for, e.g. `customers`. */
export function failureOf(
  side: Side,
  what: string,
  answer: { readonly status: number; readonly text: string; readonly sent?: Scrubbing['sent'] },
): ConnectorError {
  const error = serviceError(answer.status, parsed(answer.text))
  const column = /^[\w.]+$/.exec(missingProperty.exec(error.message)?.[1] ?? '')?.[0]
  const name = sideName[side]
  if (column !== undefined)
    return new ConnectorError(side, 'gone', {
      code: error.code,
      message: `${name} has no column ${column} in ${what}`,
      remedy: `Correct the column in the mapping, publish it in ${name}, or mark the field \`optional: true\`.`,
    })
  const refusal = refusalOf(side, error, { sent: answer.sent ?? [] })
  const fault = faultOf(error)
  return new ConnectorError(side, fault, {
    code: refusal.code,
    message: `${name} ${verbs[fault]} ${what}: ${refusal.message}`,
    remedy: refusal.remedy,
  })
}

const verbs: Readonly<Record<ConnectorFault, string>> = {
  unauthorized: 'does not accept the login for',
  forbidden: 'does not permit',
  gone: 'does not have',
  expired: 'no longer knows the change token of',
  rejected: 'refuses the request for',
  throttled: 'is over its limit, asked for',
  unreachable: 'is not available for',
  broken: 'gave an answer that makes no sense to',
}

const faults: Readonly<Record<number, ConnectorFault>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'gone',
  410: 'expired',
  429: 'throttled',
}

function faultOf(error: ServiceError): ConnectorFault {
  if (error.code === expiredToken) return 'expired'
  if (missingEntity.test(error.message) || error.code === 'BadRequest_ResourceNotFound') return 'gone'
  return faults[error.status] ?? (error.status >= 500 || error.status === 408 ? 'unreachable' : 'rejected')
}
