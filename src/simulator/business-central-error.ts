/** Refusals in Business Central's words: a code of its families, a text, a correlation id. */

import type { Answer } from './service.ts'

/** A request that Business Central refuses. Thrown by rules, turned into an answer at the door. */
export class Refused extends Error {
  readonly code: string
  readonly status: number
  constructor(code: string, message: string, status: number = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

/** What AL's Error() gives: the text is the page's own. */
export function dialog(message: string): Refused {
  return new Refused('Application_DialogException', message)
}

/** A row that is not there. */
export function notFound(table: string): Refused {
  const message = `The ${table} does not exist. Identification fields and values: the key of the request.`
  return new Refused('Internal_RecordNotFound', message, 404)
}

/** An address that leads nowhere: unknown or unpublished set, unknown property, unknown route. */
export function noResource(segment: string): Refused {
  return new Refused('BadRequest_NotFound', `Resource not found for the segment '${segment}'.`, 404)
}

/** A verb that the set does not offer. */
export function notAllowed(what: string): Refused {
  return new Refused('BadRequest_MethodNotAllowed', `'${what}' does not allow this operation.`, 405)
}

/** Headers of every JSON answer. */
export const jsonHeaders = { 'Content-Type': 'application/json; odata.metadata=minimal', 'OData-Version': '4.0' }

/** The answer of a refusal. Two spaces before the id, as the service writes them. */
export function refusal(error: Refused, correlation: string): Answer {
  const message = `${error.message}  CorrelationId:  ${correlation}.`
  return {
    status: error.status,
    headers: jsonHeaders,
    body: JSON.stringify({ error: { code: error.code, message } }),
  }
}
