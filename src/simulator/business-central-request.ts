/** One request to a company's data: read, write, act. Knows nothing of batches, companies or routes. */

import { runAction } from './business-central-actions.ts'
import type { Company } from './business-central-company.ts'
import { jsonHeaders, noResource, notAllowed, notFound, Refused } from './business-central-error.ts'
import { childRows, countOf, linkOf, pageOf, rendering } from './business-central-list.ts'
import type { FindView, Link, Listing } from './business-central-list.ts'
import type { Segment } from './business-central-address.ts'
import type { View } from './business-central-schema.ts'
import { etagOf, findByKey, renderer, shows } from './business-central-view.ts'
import { insert, modify, remove } from './business-central-write.ts'
import type { Query } from './query.ts'
import type { Answer, Incoming } from './service.ts'
import type { Entry, Row } from './table.ts'

/** What a request is answered from. */
export interface Target {
  readonly company: Company
  readonly request: Incoming
  readonly query: Query
  readonly findView: FindView
  /** Address of the company's data, absolute, and what `@odata.context` names. */
  readonly contextOf: (set: string, single: boolean) => string
  /** Most rows of a page. */
  readonly pageSize: number
}

/** Where the segments have led so far. */
interface Place {
  readonly view: View
  readonly link?: Link
  readonly parent?: { readonly view: View; readonly entry: Entry }
}

/** Answers a request for the segments behind the company. Throws `Refused` and `QueryError`. */
export function answerRequest(target: Target, segments: readonly Segment[]): Answer {
  const [first, ...rest] = segments
  const view = first === undefined ? undefined : target.findView(first.name)
  if (first === undefined || view === undefined) throw noResource(first?.name ?? '')
  return follow(target, { view }, first, rest)
}

function follow(target: Target, place: Place, segment: Segment, rest: readonly Segment[]): Answer {
  if (segment.key === undefined) return onCollection(target, place, rest)
  const entry = findByKey(target.company, place.view, segment.key)
  if (entry === undefined || (place.link !== undefined && entry.row[place.link.field] !== place.link.value)) {
    throw notFound(place.view.table)
  }
  const [next, ...more] = rest
  if (next === undefined) return onRow(target, place.view, entry)
  const action = /^(?:Microsoft\.)?NAV\.(?<name>\w+)$/iu.exec(next.name)?.groups?.['name']
  if (action !== undefined) return act(target, place.view, entry, action)
  if (next.name === 'picture') return picture(target)
  const child = target.findView(place.view.children[next.name] ?? '')
  if (child === undefined) return property(target, place.view, entry, next)
  const below = { view: child, link: linkOf(child, entry), parent: { view: place.view, entry } }
  return follow(target, below, next, more)
}

function onCollection(target: Target, place: Place, rest: readonly Segment[]): Answer {
  const { request, company, query } = target
  const [next] = rest
  if (next?.name === '$count') {
    const text = String(countOf({ company, view: place.view, query, ...linked(place) }))
    return { status: 200, headers: { 'Content-Type': 'text/plain' }, body: text }
  }
  if (next !== undefined) throw noResource(next.name)
  if (request.method === 'GET') return list(target, place)
  if (request.method === 'POST') return create(target, place)
  throw notAllowed(place.view.set)
}

function linked(place: Place): { link?: Link } {
  return place.link === undefined ? {} : { link: place.link }
}

function list(target: Target, place: Place): Answer {
  const { company, query, request } = target
  const listing: Listing = { company, view: place.view, query, ...linked(place) }
  const head = { '@odata.context': target.contextOf(place.view.set, false) }
  if (place.parent !== undefined && place.view.set === 'contactsInformation') {
    const rows = childRows(listing, place.parent.view, place.parent.entry, target.findView)
    return json(200, { ...head, value: rows })
  }
  const wanted = /odata\.maxpagesize=(?<size>\d+)/iu.exec(request.headers['prefer'] ?? '')?.groups?.['size']
  const size = Math.min(target.pageSize, wanted === undefined ? target.pageSize : Number(wanted))
  const page = pageOf(listing, size, query.options.get('$skiptoken'))
  return json(200, {
    ...head,
    ...(page.count !== undefined && { '@odata.count': page.count }),
    value: page.entries.map(rendering(listing, target.findView)),
    ...(page.next !== undefined && { '@odata.nextLink': nextLink(request, page.next, query.top, size) }),
  })
}

/** The link keeps all options; a `$top` above the page goes on as what remains of it. */
function nextLink(request: Incoming, last: string, top: number | undefined, size: number): string {
  const dropped = /^(?:aid|%24skiptoken|\$skiptoken|%24skip|\$skip|%24top|\$top)=/iu
  const kept = request.query.split('&').filter((pair) => pair !== '' && !dropped.test(pair))
  const remaining = top === undefined ? [] : [`$top=${top - size}`]
  return `${request.origin}${request.path}?${[...kept, ...remaining, 'aid=FIN', `$skiptoken=${last}`].join('&')}`
}

function create(target: Target, place: Place): Answer {
  const { company, request } = target
  const body = bodyOf(request)
  const fixed = place.link === undefined ? {} : { [place.link.field]: place.link.value }
  const entry = insert(company, place.view, body, fixed)
  insertChildren(target, place.view, entry, body)
  if (/return-no-content|return=minimal/iu.test(request.headers['prefer'] ?? '')) return { status: 204 }
  const row = rowOf(target, place.view, entry.key)
  return { ...json(201, row), headers: { ...jsonHeaders, Location: `${request.origin}${request.path}(${entry.key})` } }
}

/** Deep insert: lines inside a document's body are inserted below it. Pages do not offer it. */
function insertChildren(target: Target, view: View, entry: Entry, body: Row): void {
  for (const [name, set] of Object.entries(view.children)) {
    const rows = body[name]
    const child = target.findView(set)
    if (!Array.isArray(rows) || child === undefined) continue
    if (view.surface === 'page') throw new Refused('BadRequest', 'Deep insert is not supported on this page.')
    const link = linkOf(child, entry)
    for (const row of rows as Row[]) insert(target.company, child, row, { [link.field]: link.value })
  }
}

/** The answer's row, read anew: writing children has moved it. */
function rowOf(target: Target, view: View, key: string): Row {
  const entry = target.company.table(view.table).get(key)
  if (entry === undefined) throw notFound(view.table)
  return { '@odata.context': target.contextOf(view.set, true), ...renderer(target.company, view)(entry) }
}

function onRow(target: Target, view: View, entry: Entry): Answer {
  const { company, request, query } = target
  switch (request.method) {
    case 'GET': {
      const row = rendering({ company, view, query }, target.findView)(entry)
      return json(200, { '@odata.context': target.contextOf(view.set, true), ...row })
    }
    case 'PATCH':
    case 'PUT': {
      checkEtag(request, entry, true)
      const after = modify(company, view, { entry, body: bodyOf(request) })
      return json(200, rowOf(target, view, after.key))
    }
    case 'DELETE':
      checkEtag(request, entry, false)
      remove(company, view, entry)
      return { status: 204 }
    default:
      throw notAllowed(view.set)
  }
}

function checkEtag(request: Incoming, entry: Entry, required: boolean): void {
  const sent = request.headers['if-match']
  if (sent === undefined) {
    if (!required) return
    throw new Refused('BadRequest_InvalidToken', 'The request needs an If-Match header with the etag of the record.')
  }
  if (sent === '*' || sent === etagOf(entry)) return
  throw new Refused('Request_EntityChanged', 'Another user has already changed the record.', 409)
}

function act(target: Target, view: View, entry: Entry, name: string): Answer {
  if (target.request.method !== 'POST') throw notAllowed(view.set)
  checkEtag(target.request, entry, false)
  runAction(target.company, view, entry, name)
  return { status: 204 }
}

/** Pictures are taken and thrown away. */
function picture(target: Target): Answer {
  if (target.request.method === 'GET') throw noResource('picture')
  return { status: 204 }
}

function property(target: Target, view: View, entry: Entry, segment: Segment): Answer {
  if (!view.properties.has(segment.name) || !shows(view, entry.row)) throw noResource(segment.name)
  if (target.request.method !== 'GET') throw notAllowed(view.set)
  return json(200, { value: renderer(target.company, view, [segment.name])(entry)[segment.name] })
}

/** The JSON object in a body. Throws `Refused`. */
export function bodyOf(request: Incoming): Row {
  try {
    const body: unknown = JSON.parse(request.body)
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Row
  } catch {
    // Falls through to the one refusal of anything that is no JSON object.
  }
  throw new Refused('BadRequest', 'The request body is not a JSON object.')
}

/** A JSON answer. */
export function json(status: number, body: unknown): Answer {
  return { status, headers: jsonHeaders, body: JSON.stringify(body) }
}
