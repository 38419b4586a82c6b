/** What the built-in catalog knows of the collections that a mapping names. */
import type { Column } from '../../src/core/record.ts'
import type { Join, MappingFile, Source, WithPage } from '../../src/config/schema-types.ts'
import type { Side } from '../../src/config/config.ts'
import { readJson } from './standard-files.ts'

interface Collection {
  readonly columns: Readonly<Record<string, Column>>
}
interface Catalog {
  readonly entities: Readonly<Record<string, Collection>>
  readonly services?: Readonly<Record<string, Collection>>
}
const catalogs: Readonly<Record<Side, Catalog>> = {
  businessCentral: readJson('data/catalog/business-central.json') as Catalog,
  sales: readJson('data/catalog/sales.json') as Catalog,
}

type Place = Pick<Source, 'entity' | 'service'> | Pick<WithPage | Join, 'entity' | 'service'>

/** Columns of a collection; undefined where the catalog has no such collection. */
export function columnsOf(side: Side, place: Place): Collection['columns'] | undefined {
  const { entities, services } = catalogs[side]
  return (place.service === undefined ? entities[place.entity ?? ''] : services?.[place.service])?.columns
}

/** Columns that rows of one side of a mapping may name: the entity's own, and `page.column` for each further page or join. */
export function namesOf(side: Side, source: Source): ReadonlyMap<string, Column | undefined> {
  if (source.choice !== undefined)
    return new Map<string, Column>([
      ['value', { type: 'integer' }],
      ['label', { type: 'text' }],
    ])
  const names = new Map<string, Column | undefined>(Object.entries(columnsOf(side, source) ?? {}))
  const further = { ...source.with, ...source.join }
  for (const [name, page] of Object.entries(further))
    for (const [column, known] of Object.entries((page && columnsOf(side, page)) ?? {}))
      names.set(`${name}.${column}`, name in (source.join ?? {}) ? { ...known, type: 'text', readOnly: true } : known)
  return names
}

/** The collections of one side of a mapping, further pages and joins among them. */
export const placesOf = (source: Source): readonly Place[] => [
  ...(source.choice === undefined ? [source] : [{ entity: source.choice.entity }]),
  ...Object.values(source.with ?? {}).filter((page) => page !== null),
  ...Object.values(source.join ?? {}).filter((join) => join !== null),
]

/** Both sides of a mapping file. */
export const sidesOf = (file: MappingFile): readonly (readonly [Side, Source])[] => [
  ['businessCentral', file.businessCentral ?? {}],
  ['sales', file.sales ?? {}],
]
