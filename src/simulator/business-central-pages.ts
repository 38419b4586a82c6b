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

/** Publishes pages by service name and views under routes. Throws when a name is unknown. */
export function publish(
  services: readonly string[] = standard,
  routes: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
): Published {
  const published = new Map(services.map((name) => [name, known(name)]))
  const parts = [...published.values()].flatMap((view) => Object.values(view.children))
  return {
    pages: published,
    below: new Map(parts.map((name) => [name, known(name)])),
    routes: new Map(Object.entries(routes).map(([route, sets]) => [route, routeViews(sets)])),
  }
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
