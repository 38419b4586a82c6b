/** One operation made ready to be sent: its steps as parts of a batch. */
import type { EntityRef } from '../config/config.ts'
import { below, relativeUrl, urlOf } from './address.ts'
import type { Address } from './address.ts'
import type { Part } from './batch.ts'
import type { Refusal, Values, WriteOperation, WriteStep } from './connector.ts'
import { encode } from './encode.ts'
import { isGuid, keyOf } from './query.ts'
import type { Reach } from './reach.ts'
import { properties } from './rows.ts'
import type { Shape } from './rows.ts'

export interface Ready {
  readonly operation: WriteOperation
  readonly steps: readonly ReadyStep[]
}

export interface ReadyStep {
  readonly step: WriteStep
  readonly address: Address
  /** How the answer is read; on the operation's main entity it selects what the operation wants. */
  readonly shape: Shape
  readonly body: Readonly<Record<string, unknown>> | undefined
  /** About the record that the operation is about; other steps write further pages of it. */
  readonly main: boolean
  /** The operation's result comes from this step's answer. */
  readonly tells: boolean
}

/** Made ready, or why this operation cannot be (P5: the others can). */
export type Preparation =
  | { readonly kind: 'ready'; readonly ready: Ready }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** Throws ConnectorError when a collection is not there at all. */
export async function prepare(reach: Reach, operation: WriteOperation): Promise<Preparation> {
  const main = operation.about?.entity ?? operation.steps[0]?.entity
  const last = operation.steps.findLastIndex((step) => hasAnswer(step) && isSame(step.entity, main))
  const steps: ReadyStep[] = []
  for (const [index, step] of operation.steps.entries()) {
    const isMain = isSame(step.entity, main)
    const select = isMain ? operation.select : []
    const values = hasAnswer(step) ? valuesWithParent(reach, step) : {}
    // Business Central answers with the whole row whatever is asked; Dataverse must be told, in its own names.
    const told = reach.dialect.side === 'sales' ? select : []
    const description = await reach.catalog.describe(step.entity, [...Object.keys(values), ...told])
    const encoded = encode(reach.dialect.side, values, description)
    if (encoded.kind === 'refused') return encoded
    const shape: Shape = {
      side: reach.dialect.side,
      what: step.entity.entity,
      description,
      select,
      modified: description.modified,
    }
    const body = hasAnswer(step) ? encoded.body : undefined
    steps.push({ step, address: await addressOf(reach, step), shape, body, main: isMain, tells: index === last })
  }
  return { kind: 'ready', ready: { operation, steps } }
}

/** Deletes and actions tell nothing of the record. */
const hasAnswer = (step: WriteStep): step is RowStep => step.kind === 'create' || step.kind === 'update'
type RowStep = Extract<WriteStep, { readonly kind: 'create' | 'update' }>

/** A line names its document in a column, or by where it is created. */
function valuesWithParent(reach: Reach, step: RowStep): Values {
  const parent = step.kind === 'create' ? step.parent : undefined
  if (parent === undefined || step.entity.kind === 'child' || parent.id === '') return step.values
  const { column, set, id } = parent
  return { ...step.values, [column]: reach.dialect.side === 'sales' ? { set, id } : id }
}

/** Where a step goes: a line of Business Central's standard documents is created below its document. */
async function addressOf(reach: Reach, step: WriteStep): Promise<Address> {
  const parent = step.kind === 'create' ? step.parent : undefined
  if (parent === undefined || step.entity.kind !== 'child' || reach.dialect.side === 'sales')
    return reach.address(step.entity)
  const documents = await reach.address({ kind: 'standard', entity: step.entity.parent })
  return parent.id === '' ? documents : below(documents, parent.id, step.entity.entity)
}

/** A line's step once its document, which a step before it created, has its key. */
export function underParent(ready: ReadyStep, id: string): ReadyStep {
  const { step, address, body } = ready
  if (step.kind !== 'create' || step.parent === undefined) return ready
  if (step.entity.kind === 'child') return { ...ready, address: below(address, id, step.entity.entity) }
  return { ...ready, body: { ...body, [step.parent.column]: id } }
}

const isSame = (entity: EntityRef, other: EntityRef | undefined): boolean =>
  entity === other || JSON.stringify(entity) === JSON.stringify(other)

/** The key under which a created record is found again: ours, or the natural key in its values. */
export function createdKey({ step, shape }: ReadyStep): string | undefined {
  if (step.kind !== 'create') return step.key
  return step.key ?? (shape.description.clientKeys ? undefined : keyOf(step.values, shape.description))
}

/** The request for a step. `etag` is the precondition as it stands now. */
export function partOf(reach: Reach, ready: ReadyStep, etag: string | undefined): Part {
  return reach.dialect.side === 'sales' ? salesPart(ready, etag) : businessCentralPart(ready, etag)
}

function businessCentralPart({ step, address, shape, body }: ReadyStep, etag: string | undefined): Part {
  const headers = { Accept: 'application/json' }
  if (step.kind === 'create') {
    const [key] = shape.description.key
    const withKey = step.key !== undefined && key !== undefined && isGuid(step.key) ? { [key]: step.key } : {}
    return { method: 'POST', url: relativeUrl(address), headers, body: { ...body, ...withKey } }
  }
  const url = relativeUrl(below(address, step.key))
  // Business Central refuses an edit without a precondition; `*` stands for "whatever it is now".
  const conditional = { ...headers, 'If-Match': etag ?? '*' }
  if (step.kind === 'action')
    return actionPart(relativeUrl(below(address, step.key, step.action)), { headers, etag, body: step.values })
  if (step.kind === 'delete') return { method: 'DELETE', url, headers: conditional }
  return { method: 'PATCH', url, headers: conditional, body }
}

const actionPart = (
  url: string,
  { headers, etag, body }: Pick<Part, 'headers' | 'body'> & { readonly etag: string | undefined },
): Part => ({ method: 'POST', url, headers: etag === undefined ? headers : { ...headers, 'If-Match': etag }, body })

function salesPart({ step, address, shape, body, tells }: ReadyStep, etag: string | undefined): Part {
  const path = (at: Address): string => withoutHost(urlOf(at, tells ? { $select: properties(shape).join(',') } : {}))
  const headers = { Accept: 'application/json', ...(tells ? { Prefer: 'return=representation' } : {}) }
  if (step.kind === 'create' && step.key === undefined) return { method: 'POST', url: path(address), headers, body }
  if (step.kind === 'action')
    return actionPart(path(below(address, step.key, step.action)), { headers, etag, body: step.values })
  const row = below(address, step.key ?? '')
  // A PATCH is an upsert: one precondition keeps it from updating, the other from creating.
  if (step.kind === 'create')
    return { method: 'PATCH', url: path(row), headers: { ...headers, 'If-None-Match': '*' }, body }
  const conditional = { ...headers, 'If-Match': etag ?? '*' }
  if (step.kind === 'update') return { method: 'PATCH', url: path(row), headers: conditional, body }
  return { method: 'DELETE', url: path(row), headers: etag === undefined ? headers : conditional }
}

/** Path and query of a whole address. */
const withoutHost = (url: string): string => url.slice(url.indexOf('/', url.indexOf('//') + 2))
