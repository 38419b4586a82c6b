/** Where the two kinds of service differ: data and small functions, one entry a side. */
import type { Side } from '../config/config.ts'
import type { Group, GroupAnswer } from './batch.ts'
import { decodeJsonBatch, encodeJsonBatch } from './batch-json.ts'
import { decodeMultipart, encodeMultipart } from './batch-multipart.ts'
import type { WriteStep } from './connector.ts'
import { parsed } from './failure.ts'
import type { HttpAnswer } from './http.ts'
import type { ServiceError } from './refusal.ts'

/** What an error answer to one step means. */
export type Verdict = 'exists' | 'stale' | 'missing' | 'rejected' | 'later' | 'unknown'

export interface Dialect {
  readonly side: Side
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>
  /** Sent in addition where a copy that lags a little may answer. */
  readonly lagging: Readonly<Record<string, string>>
  /** Rows in the largest page the service gives. */
  readonly largestPage: number
  /** Requests at once: never more than, and to begin with. */
  readonly parallel: { readonly most: number; readonly first: number }
  /** Keys asked for in one filter. */
  readonly keysInFilter: number
  /** Operations in a batch of writes: to begin with, and at most. */
  readonly batchSize: { readonly first: number; readonly largest: number }
  /** All steps of an operation travel together and stand or fall together. */
  readonly atomic: boolean
  readonly batchHeaders: Readonly<Record<string, string>>
  readonly encodeBatch: (groups: readonly Group[]) => { readonly contentType: string; readonly body: string }
  readonly decodeBatch: (answer: HttpAnswer, groups: readonly Group[]) => readonly GroupAnswer[]
  readonly judge: (step: WriteStep, error: ServiceError) => Verdict
}

/** The multipart boundary: long enough that no value holds it by chance. */
const boundary = 'couplet_5f1d0c7ab3e94c0f9d2e64a1b7c8'

/** Business Central: 5 concurrent requests a user, 100 operations a batch, pages of 20,000 rows. */
const businessCentral: Dialect = {
  side: 'businessCentral',
  headers: { Accept: 'application/json', 'Accept-Language': 'en-US', 'Data-Access-Intent': 'ReadWrite' },
  lagging: { 'Data-Access-Intent': 'ReadOnly' },
  largestPage: 20_000,
  parallel: { most: 5, first: 5 },
  keysInFilter: 40,
  batchSize: { first: 100, largest: 100 },
  atomic: false,
  batchHeaders: {},
  encodeBatch: (groups) => ({ contentType: 'application/json', body: encodeJsonBatch(groups.flat()) }),
  decodeBatch: (answer, groups) => decodeJsonBatch(parsed(answer.text), groups.length),
  judge: (step, error) => {
    // The code decides: duplicates have been seen with status 400 and 409, changed rows with 409 and 412.
    if (error.code === 'Internal_EntityWithSameKeyExists') return step.kind === 'create' ? 'exists' : 'rejected'
    if (error.code === 'Request_EntityChanged' || error.status === 412) return 'stale'
    if (error.status === 404 && step.kind !== 'create' && !/segment/i.test(error.message)) return 'missing'
    return passing[error.status] ?? 'rejected'
  },
}

/** Dataverse: pages of 5,000 rows, multipart batches, atomic change sets. */
const sales: Dialect = {
  side: 'sales',
  headers: {
    Accept: 'application/json',
    'OData-MaxVersion': '4.0',
    'OData-Version': '4.0',
    // The literal word: it keeps intermediate caches from answering for expanded collections.
    'If-None-Match': 'null',
  },
  lagging: {},
  largestPage: 5000,
  parallel: { most: 52, first: 4 },
  keysInFilter: 300,
  batchSize: { first: 50, largest: 250 },
  atomic: true,
  batchHeaders: { Prefer: 'odata.continue-on-error' },
  encodeBatch: (groups) => ({
    contentType: `multipart/mixed; boundary="${boundary}"`,
    body: encodeMultipart(groups, boundary),
  }),
  decodeBatch: (answer, groups) => decodeMultipart(answer.text, answer.header('content-type'), groups),
  judge: (step, error) => {
    if (error.status === 412 || error.code === concurrencyMismatch) return preconditionFailed(step, error)
    if (error.status === 404 && step.kind !== 'create') return isAboutRow(step.key, error) ? 'missing' : 'rejected'
    return passing[error.status] ?? 'rejected'
  },
}

export const dialects: Readonly<Record<Side, Dialect>> = { businessCentral, sales }

const passing: Readonly<Record<number, Verdict>> = {
  408: 'unknown',
  429: 'later',
  502: 'unknown',
  503: 'later',
  504: 'unknown',
}

/** Dataverse: ConcurrencyVersionMismatch. */
const concurrencyMismatch = '0x80060882'
/** Dataverse: an alternate key is taken; a duplicate detection rule matched. Neither is about our precondition. */
const otherDuplicates = new Set(['0x80060892', '0x80040333'])
/** Dataverse: a record with the same key exists. */
const sameKey = '0x80040237'

function preconditionFailed(step: WriteStep, error: ServiceError): Verdict {
  if (otherDuplicates.has(error.code)) return 'rejected'
  if (step.kind === 'create') return step.key === undefined ? 'rejected' : 'exists'
  return error.code === sameKey ? 'rejected' : 'stale'
}

/** A 404 can also mean that a record which a lookup names is not there; the text then holds another id. */
function isAboutRow(key: string, error: ServiceError): boolean {
  const ids = error.message.match(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi) ?? []
  return ids.length === 0 || ids.some((id) => id.toLowerCase() === key.toLowerCase())
}
