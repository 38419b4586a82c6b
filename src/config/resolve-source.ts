/** One side of a mapping as it was written becomes a Source. */
import { bothFilters, filterColumns, parseFilter } from '../core/filter.ts'
import type { EntityRef, Field, Join, Settings, Side, Source, WithPage } from './config.ts'
import { entriesOf } from './merge.ts'
import { fillSettings } from './setting-text.ts'
import type {
  Condition,
  Join as JoinText,
  MappingFile,
  Source as SourceText,
  WithPage as PageText,
} from './schema-types.ts'

export interface SourceContext {
  readonly mapping: MappingFile
  readonly settings: Settings
  /** Filters of shared sets, which hold beside the mapping's own. */
  readonly shared: readonly string[]
  /** Conditions in use. */
  readonly conditions: readonly Condition[]
  /** Columns that rows, expressions and matching read of this side, `join.column` among them. */
  readonly columns: readonly string[]
}

/** A side of a checked mapping. */
export function resolveSource(side: Side, context: SourceContext): Source {
  const written = context.mapping[side] as SourceText
  const fill = (text: string | null | undefined): string | undefined =>
    typeof text === 'string' ? fillSettings(text, context.settings).text : undefined
  const firm = context.conditions.filter(({ optional }) => optional !== true)
  const filter = bothFilters(...[written.filter, ...context.shared, ...texts(firm)].map(fill))
  const conditions = texts(context.conditions.filter((each) => !firm.includes(each))).flatMap(
    (text) => fill(text) as string,
  )
  const recheck = fill(written.recheck)
  const creates = fill(written.creates)
  const ofFilters = [filter, recheck, creates, ...conditions].flatMap(columnsOfFilter)
  const read = [...context.columns, ...ofFilters, ...linkColumns(written)]
  return {
    side,
    entity: entityOf(written, context.settings),
    keys: written.keys ?? [],
    filter,
    conditions,
    optional: written.optional ?? false,
    with: entriesOf(written.with).map(([name, page]) => resolvePage(name, page)),
    joins: entriesOf(written.join).map(([name, join]) => resolveJoin(name, join, { read, where: fill(join.where) })),
    constant: written.constant,
    lookupTypes: { ...written.type },
    reference: written.reference,
    postedAs: (written.postedAs ?? []).map((one) => (typeof one === 'string' ? { entity: one, by: undefined } : one)),
    modified: written.modified,
    recheck,
    builtIn: fill(written.builtIn),
    creates,
    continues: written.continues ?? false,
    actions: { ...written.actions },
  }
}

const texts = (conditions: readonly Condition[]): readonly string[] => conditions.map(({ filter }) => filter)

/** Columns that a filter names. */
export const columnsOfFilter = (filter: string | undefined): readonly string[] =>
  filter === undefined ? [] : filterColumns(parseFilter(filter)).map(({ name }) => name)

/** Columns by which joins hang on the row, or on one another. */
const linkColumns = ({ join }: SourceText): readonly string[] =>
  entriesOf(join).flatMap(([, { on = {} }]) => Object.values(on))

function entityOf(written: SourceText, settings: Settings): EntityRef | undefined {
  const { choice, entity, service, keys = [] } = written
  const api = written.api === undefined ? undefined : routeOf(written.api, settings)
  if (choice !== undefined) return { kind: 'choice', mirror: [], ...choice }
  if (entity === undefined && service === undefined) return undefined
  return pageOf({ entity, api, service, keys })
}

/** A route as written, or what the setting says that it names; '' where the setting is missing. */
function routeOf(api: string, settings: Settings): string {
  const named = settingNamed(api)
  const route = named === undefined ? api : settings[named]
  return typeof route === 'string' ? route : ''
}

/** The setting that a route names. */
export const settingNamed = (api: string): string | undefined => /^\{settings\.(\w+)\}$/.exec(api)?.[1]

interface PageNames {
  readonly entity: string | undefined
  readonly api: string | undefined
  readonly service: string | undefined
  readonly keys: readonly string[]
}

function pageOf({ entity = '', api, service, keys }: PageNames): EntityRef {
  if (service !== undefined) return { kind: 'service', entity: service, key: keys }
  return api === undefined ? { kind: 'standard', entity } : { kind: 'custom', route: api, entity }
}

function resolvePage(name: string, page: PageText): WithPage {
  const { entity, api, service, same = '' } = page
  const on = page.on ?? { [same]: same }
  return {
    name,
    entity: pageOf({ entity, api, service, keys: page.keys ?? Object.keys(on) }),
    on,
    optional: page.optional ?? false,
  }
}

function resolveJoin(
  name: string,
  join: JoinText,
  given: { read: readonly string[]; where: string | undefined },
): Join {
  const { entity, api, service, under, on = {}, keys = Object.keys(on) } = join
  const page = pageOf({ entity, api, service, keys })
  return {
    name,
    entity:
      under === undefined ? page : { kind: 'child', entity: page.entity, parent: under, parentKey: join.parentKey },
    on,
    where: given.where,
    latest: join.latest,
    many: join.many ?? false,
    triggers: join.triggers ?? false,
    select: join.select ?? selectOf(name, join, given.read),
    optional: join.optional ?? false,
  }
}

/** The columns of a join that somebody reads; none (all of them) where it is read as a whole. */
function selectOf(name: string, join: JoinText, read: readonly string[]): readonly string[] {
  if (read.includes(name)) return []
  const used = read.filter((column) => column.startsWith(`${name}.`)).map((column) => column.slice(name.length + 1))
  const { on = {}, latest } = join
  const own = [...Object.keys(on), ...(latest === undefined ? [] : [latest])]
  return [...new Set([...own, ...used.map((column) => column.split('.')[0] as string)])].sort()
}

/** Columns of one side that a row reads or writes without an expression. */
export const columnsOfField = (field: Field, side: Side): readonly string[] =>
  field[side] === undefined ? [] : [field[side]]
