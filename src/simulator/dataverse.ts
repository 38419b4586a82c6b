/** Dynamics 365 Sales on Dataverse, Web API 9.2, as a service of the simulator. */

import { UndeclaredContentId } from './dataverse-address.ts'
import { answerBatch } from './dataverse-batch.ts'
import type { Writer } from './dataverse-body.ts'
import { DataverseError, errorAnswer } from './dataverse-error.ts'
import { Organization } from './dataverse-organization.ts'
import type { OrganizationOptions } from './dataverse-organization.ts'
import { readPreferences } from './dataverse-preferences.ts'
import { serveRequest } from './dataverse-routes.ts'
import { advanceImports } from './dataverse-solutions.ts'
import { createRow, deleteRow, updateRow } from './dataverse-write.ts'
import { QueryError } from './query-syntax.ts'
import type { Answer, Gate, Hand, Incoming, Limits, Refusal, Service, ServiceFactory } from './service.ts'
import { indexValue } from './table.ts'
import type { Entry } from './table.ts'

/** What can be set about Dataverse. */
export interface DataverseOptions extends OrganizationOptions {
  /** `x-ms-dop-hint`: how many requests at a time the service recommends. @default 4 */
  readonly recommendedParallelism?: number
}

/** The documented service protection limits. */
const LIMITS: Limits = { requests: 6000, executionMs: 1_200_000, windowSeconds: 300, concurrent: 52 }

/** Makes the service. */
export function dataverse(options: DataverseOptions = {}): ServiceFactory {
  return (world) => {
    const organization = new Organization(world, options)
    const hint = { 'x-ms-dop-hint': String(options.recommendedParallelism ?? 4) }
    return {
      name: 'sales',
      root: '',
      limits: LIMITS,
      handle: (request, gate) => {
        organization.settle()
        advanceImports(organization)
        const answer = answering(() => serve(organization, request, gate))
        return { ...answer, headers: { ...answer.headers, ...hint, 'x-ms-service-request-id': world.newId() } }
      },
      refuse,
      table: (set) => {
        const schema = organization.schema.bySet.get(set)
        return schema && organization.table(schema.logical)
      },
      sets: () => [...organization.schema.bySet.keys()],
      load: (set, rows) => organization.load(set, rows),
      hand: handIn(organization),
    } satisfies Service
  }
}

function serve(organization: Organization, request: Incoming, gate: Gate): Answer {
  if (!request.path.endsWith('/$batch')) {
    return organization.world.transaction(() => serveRequest(organization, request, new Map()))
  }
  organization.security.actsAs(request, organization.userOf(request.caller))
  const { continueOnError } = readPreferences(request.headers['prefer'])
  return answerBatch(request, {
    gate,
    continueOnError,
    transaction: (work) => organization.world.transaction(work),
    serve: (part, contentIds) =>
      answeringPart(() => organization.world.transaction(() => serveRequest(organization, part, contentIds))),
  })
}

/** Turns what was thrown into the answer that says it. */
function answering(work: () => Answer): Answer {
  try {
    return answeringPart(work)
  } catch (error) {
    if (!(error instanceof UndeclaredContentId)) throw error
    return { status: 400, headers: { 'Content-Type': 'text/plain', 'OData-Version': '4.0' }, body: error.message }
  }
}

/** The same inside a batch, where an undeclared Content-ID ends the whole batch. */
function answeringPart(work: () => Answer): Answer {
  try {
    return work()
  } catch (error) {
    if (error instanceof UndeclaredContentId) throw error
    if (error instanceof DataverseError) return errorAnswer(error.status, error.code, error.message)
    if (error instanceof QueryError) return errorAnswer(400, error.code ?? '0x80060888', error.message)
    throw error
  }
}

const THROTTLED = {
  requests: ['0x80072322', 'Number of requests exceeded the limit of 6000 over time window of 300 seconds.'],
  executionTime: [
    '0x80072321',
    'Combined execution time of incoming requests exceeded limit of 1,200,000 milliseconds over time window of 300 seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later.',
  ],
  concurrency: ['0x80072326', 'Number of concurrent requests exceeded the limit of 52.'],
} as const

function refuse(refusal: Refusal): Answer {
  if (refusal.kind === 'unauthorized') {
    const challenge = 'Bearer authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize'
    return { status: 401, headers: { 'WWW-Authenticate': challenge } }
  }
  const [code, message] = THROTTLED[refusal.kind]
  return errorAnswer(429, code, message, { 'Retry-After': String(refusal.retryAfterSeconds) })
}

/** The user that a person's edits are made by. */
const PERSON = 'a person'

function handIn(organization: Organization): Hand {
  const writer = (): Writer => ({
    organization,
    user: organization.userOf(PERSON),
    contentIds: new Map(),
    detectDuplicates: false,
    directLookups: true,
  })
  const found = (set: string, key: string): Entry | undefined => {
    const schema = organization.describeSet(set)
    const table = organization.table(schema.logical)
    const names = [schema.name, ...NUMBERS]
    return table.get(key) ?? table.find((row) => names.some((name) => indexValue(row[name]) === key.toLowerCase()))[0]
  }
  const needed = (set: string, key: string): Entry => {
    const entry = found(set, key)
    if (entry === undefined) throw new Error(`no row ${key} in ${set}`)
    return entry
  }
  const atomic = <T>(work: () => T): T => {
    organization.settle()
    return organization.world.transaction(work)
  }
  return {
    rows: (set) => [...organization.table(organization.describeSet(set).logical).entries()].map(({ row }) => row),
    row: (set, key) => found(set, key)?.row,
    create: (set, values) => atomic(() => createRow(writer(), organization.describeSet(set), values).row),
    edit: (set, key, values) =>
      atomic(() => updateRow(writer(), organization.describeSet(set), needed(set, key), values).row),
    delete: (set, key) => atomic(() => deleteRow(writer(), organization.describeSet(set), needed(set, key))),
  }
}

/** Columns by which people name a row, beside its id and its name. */
const NUMBERS = ['accountnumber', 'productnumber', 'ordernumber', 'quotenumber', 'invoicenumber', 'isocurrencycode']
