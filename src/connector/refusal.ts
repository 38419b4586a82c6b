/** Pure: a service's error answer → a Refusal an administrator can act on. Texts leave scrubbed (P8). */
import type { Side } from '../config/config.ts'
import type { Refusal } from './connector.ts'
import { scrub, scrubCode } from './scrub.ts'
import type { Scrubbing } from './scrub.ts'

/** What a service said about a request. */
export interface ServiceError {
  readonly status: number
  /** The service's own code, '' when it gave none. */
  readonly code: string
  /** As it came: to be looked into, never to be shown. */
  readonly message: string
}

/**
 * Reads `{ error: { code, message } }` in any of the forms both services use. A body that is no JSON was not written by
 * the service but by something on the way (a gateway's page): nobody knows what stands in it, so nothing of it is told.
 */
export function serviceError(status: number, body: unknown): ServiceError {
  const error = record(record(body)?.['error']) ?? record(body)
  const message = error?.['message'] ?? error?.['Message'] ?? ''
  return {
    status,
    code: scrubCode(error?.['code']),
    message: typeof message === 'string' ? message : messageOf(message),
  }
}

const record = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
const messageOf = (message: unknown): string => {
  const value = record(message)?.['value']
  return typeof value === 'string' ? value : ''
}

/** What to do about a code. Business Central's codes stand in its error table; Dataverse's are platform error numbers. */
const remedies: Readonly<Record<string, string>> = {
  Internal_EntityWithSameKeyExists:
    'A record with this number or code exists already: couple the two, or change one of them.',
  Internal_InvalidTableRelation:
    'A code in the record is not set up on this side: create it there, or map the field through a lookup.',
  Internal_RecordNotFound: 'The record was deleted, or one it refers to is missing.',
  Internal_CompanyNotFound: 'Check the company name in the connection.',
  Internal_ServerError: 'The service failed on this record. Try again; if it stays, look at the service’s own log.',
  Internal_TenantUnavailable: 'The environment is being updated or is stopped: try again later.',
  Application_DialogException:
    'A business rule of Business Central refuses the record: do the same edit by hand there to see which.',
  Application_FieldValidationException:
    'A business rule of Business Central refuses a field: do the same edit by hand there to see which.',
  Application_StringExceededLength:
    'A text is too long for Business Central: shorten it at its source or in the mapping.',
  Application_EvaluateException: 'A value has the wrong form for its field: check the field’s compute in the mapping.',
  Application_InvalidGUID: 'A reference is not an id: map the field through a lookup.',
  Application_FilterErrorException: 'A filter is not understood: check `filter` in the mapping.',
  Authorization_RequestDenied:
    'Give the application a permission set for this table on the Microsoft Entra Applications page.',
  BadRequest_MethodNotAllowed: 'The page does not allow this edit: let the mapping read it only.',
  BadRequest_InvalidToken: 'The record’s version mark was not accepted: it is read again in the next run.',
  Request_EntityChanged: 'Somebody changed the record meanwhile: it is read again in the next run.',
  Unknown: 'A value is not among a field’s options: check the field’s compute in the mapping.',
  '0x80040220': 'Give the application user a security role with this privilege on this table.',
  '0x80040217': 'The record, or one it refers to, is not there: couple the referenced record first.',
  '0x80040237': 'A record with the same key exists already: couple the two, or change one of them.',
  '0x80060892':
    'An alternate key of the table is violated: couple the record that holds the key, or change one of them.',
  '0x80040333': 'A duplicate detection rule of Sales matches: couple the record it means, or relax the rule.',
  '0x80040265': 'A plug-in of the organisation refuses the record: do the same edit by hand in Sales to see which.',
  '0x80044330': 'A number is beyond what its Sales column holds: correct it at its source, or widen the column.',
  '0x80044331': 'A text is too long for its Sales column: shorten it at its source or in the mapping.',
  '0x80040203': 'A value is not accepted: check the field’s compute in the mapping.',
  '0x8004431a':
    'The choice column lacks this option: add it in Sales, or let its mapping (`allowMetadataChanges: true`); `couplet validate --live` names what columns lack.',
  '0x80048d19': 'A value has the wrong type or a column does not exist: check the field in the mapping.',
  '0x80060882': 'Somebody changed the record meanwhile: it is read again in the next run.',
  '0x8006088d': 'The table does not check versions: `couplet doctor` names such tables.',
  '0x80044352': 'The change token expired: the next read is whole.',
  '0x80072322':
    'Too many requests in five minutes: the run goes on later by itself. Give each integration its own application user.',
  '0x80072321': 'Too much execution time in five minutes: the run goes on later by itself.',
  '0x80072326':
    'Too many requests at once: lower `maxParallel` of the connection if other integrations share the user.',
}

const changedMeanwhile = 'Somebody changed the record meanwhile: it is read again in the next run.'

const byStatus: Readonly<Record<number, string>> = {
  401: 'Check the credentials of the connection; `couplet doctor` names the failing step.',
  403: 'Give the application the permission to read and write this table.',
  404: 'Check the name in the mapping, and that the record still exists.',
  407: 'The proxy wants a login: put it into HTTPS_PROXY (http://user:password@proxy:port).',
  408: 'The service took too long: it is tried again in the next run.',
  412: changedMeanwhile,
  413: 'The record is too large for one request: leave out its largest fields.',
  429: 'The service is over its limit: the run goes on later by itself.',
  500: 'The service failed, not the record: the next run tries again. If it stays, look at the service’s health page.',
  502: 'The service was not reached behind its gateway: the run goes on later by itself.',
  503: 'The service is not available: the run goes on later by itself.',
  504: 'The service did not answer its gateway in time: the run goes on later by itself.',
}

const fallback: Readonly<Record<Side, string>> = {
  businessCentral:
    'Do the same edit by hand in Business Central to see what it refuses, then correct the record or the mapping.',
  sales: 'Do the same edit by hand in Sales to see what it refuses, then correct the record or the mapping.',
}

/** What a precondition would have refused, had the step before told the version that it left. */
export const changedBetween: Refusal = {
  code: 'HTTP 412',
  message:
    'the record was changed by somebody else between two steps of one write (or by the service, which made this of the first)',
  remedy: changedMeanwhile,
}

/** The integration may not write as another user, or not as this one. */
const acting =
  'Give the integration’s user the role Delegate (privilege prvActOnBehalfOfAnotherUser), and the user acted for the privileges on this table; or take `actAs` out of the mapping.'
const isActing = ({ message }: ServiceError): boolean =>
  /ActOnBehalfOfAnotherUser|is disabled\. Consider enabling/i.test(message)

/** The refusal to report; `scrubbing` says what may stay in the text and what may not. */
export function refusalOf(side: Side, error: ServiceError, scrubbing?: Scrubbing): Refusal {
  const message = scrub(error.message, scrubbing)
  return {
    code: error.code || `HTTP ${error.status}`,
    message: message || `the service answered with status ${error.status}`,
    remedy: (isActing(error) ? acting : remedies[error.code]) ?? byStatus[error.status] ?? fallback[side],
  }
}
