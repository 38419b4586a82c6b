/** Which pages are published: as web services, and under custom API routes. */

import { customPages, entities, pages } from './business-central-schema.ts'
import type { Property, View } from './business-central-schema.ts'

/** The surfaces beside API v2.0. */
export interface Published {
  readonly pages: ReadonlyMap<string, View>
  /** Parts of published documents: they are reached below their document only. */
  readonly below: ReadonlyMap<string, View>
  readonly routes: ReadonlyMap<string, ReadonlyMap<string, View>>
}

/** A page over a table that an extension of the administrator's own brings. */
export interface OwnPage {
  /** `publisher/group/version` of a custom API; absent = published as a web service. */
  readonly route?: string
  /** Entity set or service name. */
  readonly set: string
  /** Primary key, by property. */
  readonly key: readonly string[]
  /** Beside `id` and the stamp, which a custom API has in addition. */
  readonly properties: readonly Property[]
}

/** The table of an own page: none of Business Central's own tables is called so. */
export const ownTable = ({ set }: OwnPage): string => `own ${set}`

function ownView(page: OwnPage): View {
  const { set, key, properties } = page
  const view: View = {
    set,
    name: set,
    surface: 'page',
    table: ownTable(page),
    key,
    insert: true,
    modify: true,
    delete: true,
    where: {},
    document: false,
    children: {},
    actions: [],
    properties: new Map(properties.map((property) => [property.name, { ...property, field: property.name }])),
  }
  return page.route === undefined ? view : apiView(set, view)
}

/** What the standard mappings ask an administrator to publish. */
const standard = [
  'ItemUnitsOfMeasure',
  'ResourceCard',
  'ResourceUnitsOfMeasure',
  'ShippingAgents',
  'CustomerCard',
  'CustomerStatistics',
  'VendorCard',
  'ContactCard',
  'ItemCard',
  'SalesPriceLists',
  'SalesPriceList',
  'PriceListLines',
  'CustomerPriceGroups',
  'SalesPrices',
  'WorkflowVendors',
  'ContactNameDetails',
]

/** What is published. */
export interface Publishing {
  /** Service names. @default those that the standard mappings need */
  readonly services: readonly string[] | undefined
  readonly routes: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly own: readonly OwnPage[]
}

/** Publishes pages by service name and views under routes. Throws when a name is unknown. */
export function publish({ services = standard, routes, own }: Publishing): Published {
  const ownServices = own.filter(({ route }) => route === undefined)
  const published = new Map([
    ...services.map((name) => [name, known(name)] as const),
    ...ownServices.map((page) => [page.set, ownView(page)] as const),
  ])
  const parts = [...published.values()].flatMap((view) => Object.values(view.children))
  return {
    pages: published,
    below: new Map(parts.map((name) => [name, known(name)])),
    routes: routesOf(routes, own),
  }
}

function routesOf(
  routes: Publishing['routes'],
  own: readonly OwnPage[],
): ReadonlyMap<string, ReadonlyMap<string, View>> {
  const names = new Set([...Object.keys(routes), ...own.flatMap(({ route }) => route ?? [])])
  return new Map(
    [...names].map((name) => [
      name,
      new Map([
        ...routeViews(routes[name] ?? {}),
        ...own.filter(({ route }) => route === name).map((page) => [page.set, ownView(page)] as const),
      ]),
    ]),
  )
}

function known(name: string): View {
  const view = pages.get(name)
  if (view === undefined) throw new Error(`there is no page with the service name ${name}`)
  return view
}

function routeViews(sets: Readonly<Record<string, string>>): ReadonlyMap<string, View> {
  return new Map(
    Object.entries(sets).map(([set, shown]) => [
      set,
      apiView(set, customPages.get(shown) ?? entities.get(shown) ?? known(shown)),
    ]),
  )
}

/** A custom API page shows what its page shows, with the id as key and the stamp. */
function apiView(set: string, from: View): View {
  const id: Property = { name: 'id', type: 'Guid', field: 'SystemId' }
  const stamp: Property = {
    name: 'lastModifiedDateTime',
    type: 'DateTimeOffset',
    readOnly: true,
    field: 'SystemModifiedAt',
  }
  const properties = new Map([['id', id], ...from.properties, ['lastModifiedDateTime', stamp]] as const)
  return { ...from, set, name: set, surface: 'api', key: ['id'], properties }
}
