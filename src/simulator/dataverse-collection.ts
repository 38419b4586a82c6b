/** Answers to reading: collections, tracked collections, single rows. */

import { applyRows } from './dataverse-apply.ts'
import { context, CRM, json, link, selection, VERSION } from './dataverse-call.ts'
import type { Call } from './dataverse-call.ts'
import { checkTrackable, readChanges, tokenOf } from './dataverse-changes.ts'
import { readPage, shower } from './dataverse-read.ts'
import type { TableSchema } from './dataverse-schema.ts'
import { etagOf } from './dataverse-write.ts'
import type { Answer } from './service.ts'
import type { Entry } from './table.ts'

/** Answers a collection: the whole set, or the rows `among`. */
export function readCollection(call: Call, schema: TableSchema, among?: readonly Entry[]): Answer {
  const { organization, query, preferences } = call
  const apply = query.options.get('$apply')
  if (apply !== undefined) {
    return json(call, 200, {
      '@odata.context': context(call, schema.set),
      value: applyRows({ organization, schema, preferences }, apply),
    })
  }
  if (preferences.trackChanges || query.options.has('$deltatoken')) return readTracked(call, schema)
  const page = readPage({ ...call, schema, ...(among && { among }) })
  return json(call, 200, {
    '@odata.context': context(call, selection(schema.set, query)),
    ...counts(call, page.total),
    value: page.rows,
    ...(page.next === undefined ? {} : { '@odata.nextLink': link(call, { $skiptoken: page.next }) }),
  })
}

function counts({ preferences }: Call, total: number | undefined): Record<string, unknown> {
  const most = 5000
  const annotated = preferences.annotation(`${CRM}totalrecordcount`)
  return {
    ...(total === undefined ? {} : { '@odata.count': Math.min(total, most) }),
    ...(annotated ? { [`@${CRM}totalrecordcount`]: total === undefined ? -1 : Math.min(total, most) } : {}),
    ...(annotated ? { [`@${CRM}totalrecordcountlimitexceeded`]: (total ?? 0) > most } : {}),
  }
}

/** A first look hands out all rows and a token of the moment it began; later looks hand out what changed since. */
function readTracked(call: Call, schema: TableSchema): Answer {
  const { organization, query, preferences } = call
  checkTrackable(schema, query)
  if (query.options.has('$deltatoken')) {
    const page = readChanges(organization, schema, query, preferences)
    const more = page.next === undefined ? undefined : link(call, { $skiptoken: page.next })
    const context_ = context(call, `${selection(schema.set, query)}/$delta`)
    const rows = page.rows.map((shown) => absoluteContext(call, shown))
    return json(call, 200, { '@odata.context': context_, value: rows, ...following(call, more, page.token) })
  }
  const cookie = query.options.get('$skiptoken')
  const began = /istracking="True" version="(?<version>\d+)"/u.exec(cookie ?? '')?.groups?.['version']
  const token = tokenOf(organization, began === undefined ? organization.world.version() : Number(began))
  const page = readPage({ ...call, schema })
  const tracking = `istracking="True" version="${token.split('!', 1)[0]}"`
  const next = page.next?.replace('istracking="False"', tracking)
  const more = next === undefined ? undefined : link(call, { $skiptoken: next })
  return json(call, 200, {
    '@odata.context': context(call, selection(schema.set, query)),
    value: page.rows,
    ...following(call, more, token),
  })
}

function absoluteContext(call: Call, shown: Record<string, unknown>): Record<string, unknown> {
  const own = shown['@odata.context']
  return typeof own === 'string' ? { ...shown, '@odata.context': call.root + own } : shown
}

function following(call: Call, more: string | undefined, token: string): Record<string, string> {
  return more === undefined
    ? { '@odata.deltaLink': link(call, { $deltatoken: token }, ['$skiptoken']) }
    : { '@odata.nextLink': more }
}

/** Answers one row, or 304 when the client has it already. */
export function readRow(call: Call, schema: TableSchema, entry: Entry): Answer {
  const { request, organization, query, preferences } = call
  const known = request.headers['if-none-match']
  if (known === etagOf(entry) && schema.optimisticConcurrency && query.expand.length === 0)
    return { status: 304, headers: VERSION }
  const shown = shower(organization, schema, query, preferences)(entry)
  return json(
    call,
    200,
    { '@odata.context': context(call, `${selection(schema.set, query)}/$entity`), ...shown },
    entry,
  )
}
