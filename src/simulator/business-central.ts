/** The simulated Business Central: companies, routes, published pages, and the hands of a person in it. */

import { readAddress } from './business-central-address.ts'
import type { Address } from './business-central-address.ts'
import { answerAutomation, automationRoute, usualUsers } from './business-central-automation.ts'
import type { BusinessCentralUser } from './business-central-automation.ts'
import { answerBatch } from './business-central-batch.ts'
import { Company } from './business-central-company.ts'
import { noResource, notAllowed, Refused, refusal } from './business-central-error.ts'
import { handIn, loadRows } from './business-central-hand.ts'
import { entityDefinitions, metadata } from './business-central-metadata.ts'
import { answerRequest, json } from './business-central-request.ts'
import { ownTable, publish } from './business-central-pages.ts'
import type { OwnPage, Published } from './business-central-pages.ts'
import { entities } from './business-central-schema.ts'
import type { View } from './business-central-schema.ts'
import { stableId } from './chance.ts'
import { parseQuery } from './query.ts'
import type { Dialect, Query } from './query.ts'
import { QueryError } from './query-syntax.ts'
import type { Answer, Gate, Incoming, Limits, Refusal, Service, ServiceFactory } from './service.ts'
import { Subscriptions } from './business-central-subscriptions.ts'
import type { Row } from './table.ts'
import type { World } from './world.ts'

/** What can be set about the service. */
export interface BusinessCentralOptions {
  /** Name of the company that rows are loaded into. @default 'CRONUS International Ltd.' */
  readonly company?: string
  /** Its id. @default derived from the name */
  readonly companyId?: string
  /** Names of further, empty companies. */
  readonly otherCompanies?: readonly string[]
  /** @default 'contoso.onmicrosoft.com' */
  readonly tenant?: string
  /** @default 'Production' */
  readonly environment?: string
  /** Rows by set, as `seed` makes them. @default none */
  readonly rows?: ReadonlyMap<string, readonly Row[]>
  /** Users that the automation API shows; false: the caller may not see them. @default an administrator and COUPLET */
  readonly users?: readonly BusinessCentralUser[] | false
  /** Most rows of a page. @default 20000, as online */
  readonly pageSize?: number
  /** Pages published as web services, by service name; others answer 404. @default those the standard mappings need */
  readonly publishedPages?: readonly string[]
  /** Time between a change and its notification to subscribers, milliseconds. @default 30000, as online */
  readonly subscriptionDelayMs?: number
  /** Custom API routes: `publisher/group/version` to entity set name to the page or entity it shows. */
  readonly routes?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Pages over tables of an extension. @default none */
  readonly ownPages?: readonly OwnPage[]
}

/** Online limits of one user: 6000 requests in five minutes, 5 at a time, 95 waiting. */
const limits: Limits = { requests: 6000, windowSeconds: 300, concurrent: 5, queued: 95 }

const offered = '$select $filter $expand $orderby $top $skip $count $skiptoken $schemaversion'

const dialect: Dialect = {
  offered: new Set(offered.split(' ')),
  refusal: (option) => new QueryError(`The query option '${option}' is not supported.`),
  // Lists with `in` need $schemaversion=2.1, which v2.0 does not have.
  inOperator: false,
  noLambda: 'The operators any and all are not supported.',
  orOverOneProperty: "The 'OR' operator is not supported on distinct fields on an OData filter.",
  maxExpand: 100,
}

/** Makes the service. */
export function businessCentral(options: BusinessCentralOptions = {}): ServiceFactory {
  return (world) => new BusinessCentral(world, options)
}

class BusinessCentral implements Service {
  readonly name = 'businessCentral'
  readonly root: string
  readonly limits = limits
  readonly hand
  readonly #world: World
  readonly #pageSize: number
  readonly #companies: readonly Company[]
  readonly #main: Company
  readonly #published: Published
  readonly #started: string
  readonly #users: readonly BusinessCentralUser[] | undefined
  readonly #subscriptions: Subscriptions

  constructor(world: World, options: BusinessCentralOptions) {
    const { tenant = 'contoso.onmicrosoft.com', environment = 'Production', otherCompanies = [] } = options
    const { company = 'CRONUS International Ltd.', companyId } = options
    this.root = `/v2.0/${tenant}/${environment}`
    this.#world = world
    this.#pageSize = options.pageSize ?? 20_000
    this.#main = new Company({
      id: companyId ?? stableId('company', company),
      name: company,
      world,
      ownKeys: ownKeysOf(options),
    })
    const others = otherCompanies.map((name) => new Company({ id: stableId('company', name), name, world }))
    this.#companies = [this.#main, ...others]
    this.#published = publishedOf(options)
    this.#users = options.users === false ? undefined : (options.users ?? usualUsers)
    this.#started = world.now().toISOString()
    const tableOf = (set: string) => this.table(set)
    this.#subscriptions = new Subscriptions({ world, tableOf, delayMs: options.subscriptionDelayMs })
    this.hand = handIn(world, this.#main, (set) => this.#view(set))
    for (const [set, rows] of options.rows ?? []) this.load(set, rows)
  }

  handle(request: Incoming, gate: Gate): Answer {
    try {
      const address = readAddress(this.root, request.path)
      if (address === undefined) throw noResource(request.path)
      if (request.headers['data-access-intent']?.toLowerCase() === 'readonly' && request.method !== 'GET') {
        throw new Refused('BadRequest_InvalidOperation', 'Data-Access-Intent ReadOnly is allowed with GET only.')
      }
      if (address.segments.at(-1)?.name === '$batch') {
        return answerBatch(request, this.#world, gate, (part) => this.handle(part, gate))
      }
      return this.#world.transaction(() => this.#automation(request, address) ?? this.#answer(request, address))
    } catch (error) {
      return this.#refused(error)
    }
  }

  reachOut(request: Incoming): Promise<Answer> | undefined {
    if (!request.path.includes('/subscriptions')) return undefined
    const [segment] = readAddress(this.root, request.path)?.segments ?? []
    if (segment?.name !== 'subscriptions') return undefined
    return this.#subscriptions.answer(request, segment).catch((error: unknown) => this.#refused(error))
  }

  #refused(error: unknown): Answer {
    if (error instanceof Refused) return refusal(error, this.#world.newId())
    if (error instanceof QueryError) return refusal(queryRefusal(error), this.#world.newId())
    throw error
  }

  refuse(reason: Refusal): Answer {
    if (reason.kind === 'unauthorized') {
      const text = 'The server has rejected the client credentials.'
      return refusal(new Refused('Authentication_InvalidCredentials', text, 401), this.#world.newId())
    }
    return { status: 429, headers: { 'OData-Version': '4.0', 'Retry-After': String(reason.retryAfterSeconds) } }
  }

  table(set: string) {
    const view = this.#view(set)
    return view && this.#main.table(view.table)
  }

  sets(): readonly string[] {
    const ofRoutes = [...this.#published.routes.values()].flatMap((route) => [...route.keys()])
    return [...new Set([...entities.keys(), ...this.#published.pages.keys(), ...ofRoutes])]
  }

  load(set: string, rows: Iterable<Row>): void {
    loadRows(this.#main, set, rows)
  }

  #view(set: string): View | undefined {
    const ofRoutes = [...this.#published.routes.values()].flatMap((route) => route.get(set) ?? [])
    return entities.get(set) ?? this.#published.pages.get(set) ?? ofRoutes[0]
  }

  #answer(request: Incoming, address: Address): Answer {
    const views = this.#viewsOf(address)
    const query = parseQuery(request.query, dialect)
    const [first, ...rest] = address.segments
    if (first === undefined) return json(200, { value: [...views.keys()].map((name) => ({ name, url: name })) })
    if (first.name === '$metadata') return xml(metadata(views.values()))
    if (first.name === 'entityDefinitions' && address.surface.kind !== 'pages')
      return json(200, { value: entityDefinitions(views.values()) })
    if (first.name !== 'companies' && first.name !== 'Company') {
      return this.#inCompany(this.#defaultCompany(request, query), { request, query, address }, address.segments)
    }
    if (request.method !== 'GET' && rest.length === 0) throw notAllowed('companies')
    if (first.key === undefined) return this.#listCompanies(request, address)
    const company = this.#companyNamed([...first.key.values()][0] ?? '')
    if (rest.length === 0) return json(200, this.#companyRow(company))
    return this.#inCompany(company, { request, query, address }, rest)
  }

  #automation(request: Incoming, { surface, segments }: Address): Answer | undefined {
    if (surface.kind !== 'custom' || surface.route !== automationRoute) return undefined
    const [first, ...rest] = segments
    const company = this.#companyNamed([...(first?.key?.values() ?? [])][0] ?? '')
    return answerAutomation(this.#users, company, { request, segments: rest })
  }

  #viewsOf({ surface }: Address): ReadonlyMap<string, View> {
    if (surface.kind === 'api') return entities
    if (surface.kind === 'pages') return this.#published.pages
    const route = this.#published.routes.get(surface.route)
    if (route === undefined) throw noResource(surface.route)
    return route
  }

  #inCompany(
    company: Company,
    asked: { readonly request: Incoming; readonly query: Query; readonly address: Address },
    segments: Address['segments'],
  ): Answer {
    const { request, query, address } = asked
    const views = this.#viewsOf(address)
    const inCompany = address.surface.kind === 'pages' ? `Company('${company.name}')` : `companies(${company.id})`
    const context = `${request.origin}${address.base}/$metadata#${inCompany}`
    return answerRequest(
      {
        company,
        request,
        query,
        pageSize: this.#pageSize,
        findView: (set) => views.get(set) ?? this.#published.below.get(set),
        contextOf: (set, single) => `${context}/${set}${single ? '/$entity' : ''}`,
      },
      segments,
    )
  }

  #defaultCompany(request: Incoming, query: Query): Company {
    const named = query.options.get('company') ?? request.headers['company']
    if (named !== undefined) return this.#companyNamed(named)
    if (this.#companies.length === 1) return this.#main
    throw new Refused('Internal_CompanyNotFound', 'The company was not named and there are several.', 404)
  }

  #companyNamed(name: string): Company {
    const wanted = name.toLowerCase()
    const found = this.#companies.find((each) => each.id === wanted || each.name.toLowerCase() === wanted)
    if (found !== undefined) return found
    throw new Refused('Internal_CompanyNotFound', `Cannot find company '${name}'.`, 404)
  }

  #listCompanies(request: Incoming, address: Address): Answer {
    const value = this.#companies.map((company) => this.#companyRow(company))
    return json(200, { '@odata.context': `${request.origin}${address.base}/$metadata#companies`, value })
  }

  #companyRow({ id, name }: Company): Row {
    const stamps = { systemCreatedAt: this.#started, systemModifiedAt: this.#started }
    return { id, systemVersion: '29.0.0.0', timestamp: 1, name, displayName: name, businessProfileId: '', ...stamps }
  }
}

const publishedOf = ({
  publishedPages: services,
  routes = {},
  ownPages: own = [],
}: BusinessCentralOptions): Published => publish({ services, routes, own })

const ownKeysOf = ({ ownPages = [] }: BusinessCentralOptions) =>
  Object.fromEntries(ownPages.map((page) => [ownTable(page), page.key]))

function queryRefusal(error: QueryError): Refused {
  return new Refused(error.code ?? 'BadRequest', error.message)
}

function xml(body: string): Answer {
  return { status: 200, headers: { 'Content-Type': 'application/xml', 'OData-Version': '4.0' }, body }
}
