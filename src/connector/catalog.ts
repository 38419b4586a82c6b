/**
 * What is known of a collection: from the product's own data where that suffices, from the service's metadata once
 * where it does not.
 */
import { readFile } from 'node:fs/promises'
import type { EntityRef, Side } from '../config/config.ts'
import type { Column, Description } from '../core/record.ts'

export interface Catalog {
  /**
   * Asks the service when the collection, or one of the `wanted` columns, is not in the product's data.
   * Throws ConnectorError 'gone' for a collection that is not there; a wanted column that is not there is just absent.
   */
  describe(entity: EntityRef, wanted?: readonly string[]): Promise<Description>
  /** Everything that the service says of a collection. Throws ConnectorError 'gone'. */
  whole(entity: EntityRef): Promise<Description>
  /** Every collection that the service offers. */
  collections(): Promise<readonly Collection[]>
}

/** A collection of a service: of its standard API, or published. */
export interface Collection {
  readonly entity: Extract<EntityRef, { readonly kind: 'standard' | 'service' }>
  /** What people call it, where the service says. */
  readonly title: string | undefined
  /** What people call its columns, as far as the service says it here and not with each column. */
  readonly columnTitles?: Readonly<Record<string, string>> | undefined
}

/** The two sources of a side. */
export interface Metadata {
  /** From the product's data; undefined where that knows nothing. */
  known(entity: EntityRef): Promise<Description | undefined>
  /** From the service. */
  asked(entity: EntityRef): Promise<Description>
  /** Every collection, from the service. */
  collections(): Promise<readonly Collection[]>
}

/** Remembers for the life of the connector. */
export function catalog(metadata: Metadata): Catalog {
  const known = remember(async (entity) => {
    const ours = await metadata.known(entity)
    return ours && named(ours)
  })
  const asked = remember(async (entity) => named(await metadata.asked(entity)))
  const whole = remember(async (entity) => {
    const [ours, theirs] = await Promise.all([known(entity), asked(entity)])
    return ours === undefined ? theirs : joined(ours, theirs)
  })
  const askedFor = new Set<string>()
  return {
    whole,
    collections: () => metadata.collections(),
    describe: async (entity, wanted = []) => {
      const ours = askedFor.has(keyOf(entity)) ? undefined : await known(entity)
      if (ours !== undefined && wanted.every((name) => ours.columns[name] !== undefined)) return ours
      const theirs = await whole(entity)
      askedFor.add(keyOf(entity))
      return theirs
    },
  }
}

const keys = new WeakMap<EntityRef, string>()

/** The same for entities that say the same; made once for each. */
function keyOf(entity: EntityRef): string {
  const known = keys.get(entity)
  if (known !== undefined) return known
  const key = JSON.stringify(entity)
  keys.set(entity, key)
  return key
}

/** One call for each entity, however many ask; a failed one is forgotten. */
function remember<T>(load: (entity: EntityRef) => Promise<T>): (entity: EntityRef) => Promise<T> {
  const loaded = new Map<string, Promise<T>>()
  return (entity) => {
    const key = keyOf(entity)
    const found = loaded.get(key)
    if (found !== undefined) return found
    const loading = load(entity).catch((error: unknown) => {
      loaded.delete(key)
      throw error
    })
    loaded.set(key, loading)
    return loading
  }
}

/** The service says which columns there are; our data says more of those it knows (codes, read-only fields). */
function joined(ours: Description, theirs: Description): Description {
  const columns: Record<string, Column> = {}
  for (const [name, column] of Object.entries(theirs.columns)) {
    const mine = ours.columns[name]
    columns[name] = mine === undefined ? column : { ...mine, ...column, type: mine.type }
  }
  return named({ ...ours, columns })
}

/** Names that every object has, such as `constructor`, are no columns. */
const named = (description: Description): Description => ({
  ...description,
  columns: Object.assign(Object.create(null) as object, description.columns),
})

/** What stands under a name in the product's data. */
export const ownOf = <T>(table: Readonly<Record<string, T>> | undefined, name: string): T | undefined =>
  table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined

/** One collection in the product's data. */
export interface CatalogEntry {
  readonly key: readonly string[]
  /** Business Central: a created record keeps the id we send. */
  readonly clientKeys?: boolean
  readonly modified?: string
  /** Business Central: the page to publish. */
  readonly page?: number
  /** Dataverse: logical name. */
  readonly table?: string
  readonly columns: Readonly<Record<string, Column>>
}

export interface CatalogData {
  readonly entities: Readonly<Record<string, CatalogEntry>>
  /** Pages by the service name that is suggested for them. */
  readonly services?: Readonly<Record<string, CatalogEntry>>
}

const files: Readonly<Record<Side, string>> = { businessCentral: 'business-central.json', sales: 'sales.json' }

const read = new Map<Side, Promise<CatalogData>>()

/** The product's data of one side, read once a process. */
export function catalogData(side: Side): Promise<CatalogData> {
  const reading = read.get(side) ?? readData(side)
  read.set(side, reading)
  return reading
}

async function readData(side: Side): Promise<CatalogData> {
  const file = new URL(`../../data/catalog/${files[side]}`, import.meta.url)
  return JSON.parse(await readFile(file, 'utf8')) as CatalogData
}
