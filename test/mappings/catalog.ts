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

/** Tables and columns of Microsoft's solutions: organisations differ in them, so that the product asks the service. */
const solutions = readJson('data/simulator/dataverse-schema.json') as Readonly<
  Record<string, { readonly set: string; readonly columns: Readonly<Record<string, { readonly type: string }>> }>
>
const isOfSolution = (name: string): boolean => /^(?:bcbi|nav)_/.test(name)
const solutionColumns = (set: string | undefined): Readonly<Record<string, Column>> => {
  const table = Object.entries(solutions).find(([, { set: name }]) => name === set)
  const columns = Object.entries(table?.[1].columns ?? {}).filter(
    ([name]) => isOfSolution(name) || isOfSolution(table?.[0] ?? ''),
  )
  return Object.fromEntries(columns.map(([name, { type }]) => [name, { type: type === 'Lookup' ? 'lookup' : 'text' }]))
}

type Place = Pick<Source, 'entity' | 'service'> | Pick<WithPage | Join, 'entity' | 'service'>

/** Pages of an extension of the administrator's own: what they add to the standard page of that name. */
const customPages = readJson('data/simulator/custom-pages.json') as Readonly<
  Record<
    string,
    {
      readonly shows?: string
      readonly name?: string
      readonly properties: readonly { readonly name: string; readonly readOnly?: boolean }[]
    }
  >
>
function customColumns(place: Place): Readonly<Record<string, Column>> {
  if (!('api' in place) || place.api === undefined) return {}
  const page = Object.values(customPages).find(({ shows, name }) => (shows ?? `${name}s`) === place.entity)
  const columns = (page?.properties ?? []).map(({ name, readOnly = false }): readonly [string, Column] => [
    name,
    { type: 'text', readOnly },
  ])
  return Object.fromEntries(columns)
}

/** Columns of a collection; undefined where the catalog has no such collection. */
export function columnsOf(side: Side, place: Place): Collection['columns'] | undefined {
  const { entities, services } = catalogs[side]
  const known = (place.service === undefined ? entities[place.entity ?? ''] : services?.[place.service])?.columns
  const further = side === 'sales' ? solutionColumns(place.entity) : customColumns(place)
  return known === undefined && Object.keys(further).length === 0 ? undefined : { ...known, ...further }
}

/** Columns of a side that is made of constant rows alone. */
function constantColumns({ entity, service, constant }: Source): readonly string[] {
  if ((entity ?? service) !== undefined || typeof constant !== 'string') return []
  return [...constant.matchAll(/'(\w+)'\s*:/g)].map(([, name = '']) => name)
}

/** Columns that rows of one side of a mapping may name: the entity's own, and `page.column` for each further page or join. */
export function namesOf(
  side: Side,
  source: Source,
  lines: readonly string[] = [],
): ReadonlyMap<string, Column | undefined> {
  if (source.choice !== undefined)
    return new Map<string, Column>([
      ['value', { type: 'integer' }],
      ['label', { type: 'text' }],
      ['mirrored', { type: 'boolean' }],
    ])
  const names = new Map<string, Column | undefined>(Object.entries(columnsOf(side, source) ?? {}))
  for (const name of constantColumns(source)) names.set(name, undefined)
  for (const line of lines) names.set(`lines.${line}`, { type: 'text', readOnly: true })
  const further = { ...source.with, ...source.join }
  for (const [name, page] of Object.entries(further))
    for (const [column, known] of Object.entries((page && columnsOf(side, page)) ?? {}))
      names.set(`${name}.${column}`, name in (source.join ?? {}) ? { ...known, type: 'text', readOnly: true } : known)
  return names
}

/** The collections of one side of a mapping, further pages and joins among them. */
export const placesOf = (source: Source): readonly Place[] => [
  ...(source.choice === undefined
    ? [source].filter(({ entity, service }) => (entity ?? service) !== undefined)
    : [{ entity: source.choice.entity }]),
  ...Object.values(source.with ?? {}).filter((page) => page !== null),
  ...Object.values(source.join ?? {}).filter((join) => join !== null),
]

/** Both sides of a mapping file. */
export const sidesOf = (file: MappingFile): readonly (readonly [Side, Source])[] => [
  ['businessCentral', file.businessCentral ?? {}],
  ['sales', file.sales ?? {}],
]
