/** The refusals of the Web API: an HTTP status, a code, a text. */

import type { Answer } from './service.ts'

/** A refusal, thrown wherever it is noticed; undoes the transaction it leaves. */
export class DataverseError extends Error {
  override readonly name = 'DataverseError'
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** A row that is not there. */
export function absent(table: string, id: string): DataverseError {
  return new DataverseError(404, '0x80040217', `${table} With Id = ${id} Does Not Exist`)
}

/** A body that cannot be read as a row of the set. */
export function badPayload(set: string, inner: string): DataverseError {
  const text = `Error identified in Payload provided by the user for Entity :'${set}', For more information on this error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : ${inner}`
  return new DataverseError(400, '0x80048d19', text)
}

/** A business rule of the platform or of Sales that says no. */
export function refused(message: string, code = '0x80040203'): DataverseError {
  return new DataverseError(400, code, message)
}

/** The answer that carries a refusal. */
export function errorAnswer(
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): Answer {
  return {
    status,
    headers: { 'Content-Type': 'application/json; odata.metadata=minimal', 'OData-Version': '4.0', ...headers },
    body: JSON.stringify({ error: { code, message } }),
  }
}
