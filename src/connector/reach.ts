/** Everything that reading and writing one side needs. */
import type { Clock } from '../clock.ts'
import type { Connection, EntityRef } from '../config/config.ts'
import type { Address } from './address.ts'
import type { Catalog } from './catalog.ts'
import type { Query } from './connector.ts'
import type { Dialect } from './dialect.ts'
import type { MetadataReader } from './metadata-reader.ts'
import type { Pace } from './pace.ts'
import { and } from './query.ts'
import type { Shape } from './rows.ts'
import { properties } from './rows.ts'
import type { Service } from './service.ts'

export interface Reach {
  readonly connection: Connection
  readonly service: Service
  readonly dialect: Dialect
  readonly catalog: Catalog
  readonly clock: Clock
  /** How many operations the next batch holds; learnt over the life of the connector. */
  readonly pace: Pace
  /** 0 to 1. */
  readonly random: () => number
  /** Dataverse: what it tells of its tables. */
  readonly metadata: MetadataReader
  /** Where the collection stands. */
  address(entity: EntityRef): Promise<Address>
  /** Dataverse: logical name of the table behind an entity set. */
  table(set: string): Promise<string>
}

/** How the query's rows are read; `further` columns are read beside the selected ones. */
export async function shapeOf(reach: Reach, query: Query, further: readonly string[] = []): Promise<Shape> {
  const select = [...new Set([...query.select, ...further])]
  const wanted = query.modified === undefined ? select : [...select, query.modified]
  const description = await reach.catalog.describe(query.entity, wanted)
  const modified = query.modified ?? description.modified
  return { side: reach.dialect.side, what: query.entity.entity, description, select, modified }
}

/** The option by which a whole read comes sorted, where the query asks for it. */
export const orderOption = ({ order = [] }: Query): Readonly<Record<string, string | undefined>> => ({
  $orderby: order.length === 0 ? undefined : order.join(','),
})

/** Query options for the shape's rows. */
export const readOptions = (
  shape: Shape,
  ...filters: readonly (string | undefined)[]
): Readonly<Record<string, string | undefined>> => ({
  $select: properties(shape).join(','),
  $filter: and(...filters),
})
