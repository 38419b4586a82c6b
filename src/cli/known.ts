/** What a project's schemas know beside the product's: mappings, rows, jobs, and what both services have. */
import type { BySide, Config, EntityRef, Field, Mapping, Side } from '../config/config.ts'
import type { Draft } from '../config/draft.ts'
import type { Known, KnownCollection, KnownMapping, Named } from '../config/editor-schemas.ts'
import type { Collection } from '../connector/catalog.ts'
import type { Column } from '../core/record.ts'
import type { DocumentedMapping } from '../core/documentation.ts'
import { columnOn } from '../core/row-words.ts'
import { ConnectorError } from '../errors.ts'
import type { Project } from '../main.ts'
import { firstSentence } from '../report/words.ts'
import { entitiesOf } from './describe-mapping.ts'

/** What is known without asking: `collections` is what the services were found to have. */
export function knownOf(
  documented: readonly DocumentedMapping[],
  { jobs }: Pick<Config, 'jobs'>,
  { includes, collections }: Pick<Draft, 'includes'> & Pick<Known, 'collections'>,
): Known {
  return {
    mappings: documented.map((each) => knownMapping(each, collections)),
    sets: [...includes].map(([name, { value, source }]) => ({
      name,
      about: firstSentence(value?.description ?? source.remarks[0] ?? ''),
    })),
    jobs: jobs.map(({ name }) => name),
    collections,
  }
}

function knownMapping(
  { mapping, title, about, file, extends: base, rows }: DocumentedMapping,
  collections: Known['collections'],
): KnownMapping {
  const found = (side: Side, entity: EntityRef | undefined): KnownCollection | undefined =>
    entity && entity.kind !== 'custom'
      ? collections?.[side].find(({ key, name }) => key === keyOf(entity) && name === entity.entity)
      : undefined
  const sourceOf = (side: Side): KnownMapping['sources'][Side] => ({
    main: found(side, mapping[side].entity),
    pages: mapping[side].with.flatMap(({ name, entity }) => {
      const collection = found(side, entity)
      const columns = collection?.columns
      return collection === undefined || columns === undefined ? [] : [{ name, collection: { ...collection, columns } }]
    }),
  })
  return {
    name: mapping.name,
    about: firstSentence(title ?? about[0] ?? ''),
    isStandard: file.startsWith('standard/') || base !== undefined,
    rows: mapping.fields.map((field) => ({
      name: field.name,
      about: rowText(field, rows.get(field.name)?.description),
    })),
    sources: { businessCentral: sourceOf('businessCentral'), sales: sourceOf('sales') },
  }
}

const arrows = { both: '↔', toSales: '→', toBusinessCentral: '←' } as const

const rowText = (field: Field, description: string | undefined): string =>
  `${columnOn(field, 'businessCentral')} ${arrows[field.direction]} ${columnOn(field, 'sales')}${description === undefined ? '' : `. ${description}`}`

/**
 * Asks both services for their collections, and for the columns of those that mappings in use name, of Business
 * Central's whole standard API, and of the further ones that are `named`. Throws ConnectorError.
 */
export async function askServices(
  project: Project,
  named: readonly string[],
): Promise<BySide<readonly KnownCollection[]>> {
  const used = project.config.mappings.filter(({ enabled }) => enabled)
  return {
    businessCentral: await askSide(project, 'businessCentral', { used, named }),
    sales: await askSide(project, 'sales', { used, named }),
  }
}

async function askSide(
  { ports }: Project,
  side: Side,
  { used, named }: { readonly used: readonly Mapping[]; readonly named: readonly string[] },
): Promise<readonly KnownCollection[]> {
  const { offers } = ports.connectors[side]
  const inUse = new Set(used.flatMap(entitiesOf).flatMap((one) => (one.side === side ? [placeOf(one.entity)] : [])))
  const known: KnownCollection[] = []
  for (const { entity, title, columnTitles } of await offers.collections()) {
    const isWanted =
      inUse.has(placeOf(entity)) ||
      named.includes(entity.entity) ||
      (side === 'businessCentral' && entity.kind === 'standard')
    const columns = isWanted ? await columnsOf(offers, entity, columnTitles) : undefined
    known.push({ name: entity.entity, key: keyOf(entity), about: title ?? inWords(entity.entity), columns })
  }
  return known.toSorted((one, other) => (one.name < other.name ? -1 : 1))
}

/** The columns by name; none where the collection is listed and cannot be described. */
async function columnsOf(
  offers: { readonly whole: (entity: EntityRef) => Promise<{ readonly columns: Readonly<Record<string, Column>> }> },
  entity: Collection['entity'],
  titles: Collection['columnTitles'] = {},
): Promise<readonly Named[]> {
  try {
    const { columns } = await offers.whole(entity)
    return Object.entries(columns).map(([name, column]) => ({
      name,
      about: columnText(titles[name] ?? column.title ?? inWords(name), column),
    }))
  } catch (error) {
    if (error instanceof ConnectorError && error.fault === 'gone') return []
    throw error
  }
}

/** Lines and joined rows are named by the entity alone, however they are read. */
const placeOf = (entity: EntityRef): string => `${entity.kind === 'service' ? 'service' : 'entity'} ${entity.entity}`

const keyOf = ({ kind }: EntityRef): KnownCollection['key'] => (kind === 'service' ? 'service' : 'entity')

/** `Phone number: text of at most 30 characters`. */
function columnText(title: string, column: Column): string {
  const { type, maxLength, precision, targets, readOnly, createOnly } = column
  const size = maxLength === undefined ? '' : ` of at most ${maxLength} characters`
  const places = precision === undefined ? '' : ` with ${precision} decimals`
  const leads = targets === undefined ? '' : ` of ${targets.map(({ set }) => set).join(', ')}`
  const rule = readOnly === true ? '; cannot be written' : createOnly === true ? '; written at creation only' : ''
  return `${title}: ${type}${size}${places}${leads}${rule}`
}

/** A name as people would say it: `displayName` and `Display_Name` are `Display name`. */
function inWords(name: string): string {
  const words = name
    .replaceAll('_', ' ')
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}
