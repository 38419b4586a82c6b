/** What Business Central tells of its collections: the CSDL document at the root of each route, read once. */
import type { Connection, EntityRef } from '../config/config.ts'
import type { Description } from '../core/record.ts'
import { ConnectorError } from '../errors.ts'
import type { ConnectorFault } from '../errors.ts'
import { rootOf } from './address.ts'
import { captionsOf } from './captions.ts'
import { catalogData, ownOf } from './catalog.ts'
import type { CatalogEntry, Metadata } from './catalog.ts'
import { entityTypes } from './csdl.ts'
import type { EntityType } from './csdl.ts'
import { nearest } from './nearest.ts'
import type { Service } from './service.ts'
import { notWhole } from './whole-list.ts'

/** Columns that hold the time of the last change, in order of trust. */
const stamps = ['lastModifiedDateTime', 'systemModifiedAt', 'SystemModifiedAt', 'lastDateTimeModified']

/** The metadata of a Business Central environment. */
export function businessCentralMetadata(connection: Connection, service: Service): Metadata {
  const data = catalogData('businessCentral')
  const routes = new Map<string, Promise<ReadonlyMap<string, EntityType>>>()
  const route = (entity: EntityRef): Promise<ReadonlyMap<string, EntityType>> => {
    const name = routeOf(entity)
    const loaded = routes.get(name) ?? load(connection, service, name)
    routes.set(name, loaded)
    loaded.catch(() => routes.delete(name))
    return loaded
  }
  return {
    known: async (entity) => {
      const { entities, services } = await data
      if (entity.kind === 'custom') return undefined
      const entry = ownOf(entity.kind === 'service' ? services : entities, entity.entity)
      return entry === undefined ? undefined : described(entry, entity)
    },
    asked: async (entity) => {
      const types = await route(entity)
      const type = types.get(entity.entity)
      if (type === undefined)
        throw missing(entity, [...types.keys()], ownOf((await data).services, entity.entity)?.page)
      return described(entryOf(type), entity)
    },
    collections: async () => {
      const standard = await route({ kind: 'standard', entity: '' })
      const published = await route({ kind: 'service', entity: '', key: [] }).catch(nothingPublished)
      const captions = await captionsIn(connection, service)
      return [
        ...[...standard.keys()].map((entity) => ({
          entity: { kind: 'standard' as const, entity },
          title: captions.get(entity)?.title,
          columnTitles: captions.get(entity)?.columns,
        })),
        ...[...published].map(([entity, { key }]) => ({
          entity: { kind: 'service' as const, entity, key },
          title: undefined,
        })),
      ]
    },
  }
}

/** The address of published pages may be switched off in the environment. */
function nothingPublished(error: unknown): ReadonlyMap<string, EntityType> {
  if (error instanceof ConnectorError && error.fault === 'gone') return new Map()
  throw error
}

/** Titles are for reading: a service that has no list of them is as good. */
async function captionsIn(connection: Connection, service: Service): Promise<ReturnType<typeof captionsOf>> {
  const { root, options } = rootOf(connection, routeOf({ kind: 'standard', entity: '' }))
  const url = `${root}/entityDefinitions${options === '' ? '' : `?${options}`}`
  try {
    return captionsOf(await service.get(url, 'the captions of api/v2.0'))
  } catch (error) {
    if (error instanceof ConnectorError && without.has(error.fault)) return new Map()
    throw error
  }
}

/** How a service says that it has no such list, or none for us. */
const without: ReadonlySet<ConnectorFault> = new Set(['gone', 'rejected', 'forbidden', 'broken'])

const routeOf = (entity: EntityRef): string =>
  entity.kind === 'service' ? 'ODataV4' : entity.kind === 'custom' ? `api/${entity.route}` : 'api/v2.0'

async function load(connection: Connection, service: Service, route: string): Promise<ReadonlyMap<string, EntityType>> {
  const { root, options } = rootOf(connection, route)
  const url = `${root}/$metadata${options === '' ? '' : `?${options}`}`
  const what = `the metadata of ${route}`
  const body = await service.get(url, what, { Accept: 'application/xml' }).catch(noRoute(route))
  // A document that was cut off is none of a route with fewer pages and columns.
  if (typeof body !== 'string' || !/<\/([\w.]+:)?Edmx>\s*$/.test(body)) throw notWhole('businessCentral', what)
  return entityTypes(body)
}

const noRoute =
  (route: string) =>
  (error: unknown): never => {
    if (!(error instanceof ConnectorError) || error.fault !== 'gone') throw error
    throw new ConnectorError('businessCentral', 'gone', {
      code: error.code,
      message: `Business Central has no ${route}`,
      remedy: 'Correct `api` in the mapping (publisher/group/version), or install the extension that brings it.',
    })
  }

function entryOf(type: EntityType): CatalogEntry {
  const modified = stamps.find((name) => type.properties[name] !== undefined)
  const [key] = type.key
  return {
    key: type.key,
    // The platform stores a SystemId that is sent; pages that show it as their key call it id.
    clientKeys: type.key.length === 1 && key !== undefined && /^(id|systemId)$/i.test(key),
    columns: type.properties,
    ...(modified === undefined ? {} : { modified }),
  }
}

function described(entry: CatalogEntry, entity: EntityRef): Description {
  const key = entity.kind === 'service' && entity.key.length > 0 ? entity.key : entry.key
  return {
    key,
    clientKeys: entry.clientKeys ?? false,
    modified: entry.modified,
    tracked: false,
    preconditions: true,
    columns: entry.columns,
  }
}

function missing(entity: EntityRef, names: readonly string[], page: number | undefined): ConnectorError {
  const near = nearest(entity.entity, names)
  const publish = `Publish ${page === undefined ? 'the page' : `page ${page}`} as the web service ${entity.entity} (Web Services page in Business Central).`
  return new ConnectorError('businessCentral', 'gone', {
    message: `Business Central has no ${entity.entity} in ${routeOf(entity)}${near === undefined ? '' : ` (did you mean ${near}?)`}`,
    remedy:
      entity.kind === 'service' ? publish : 'Correct the entity in the mapping, or install the app that offers it.',
  })
}
