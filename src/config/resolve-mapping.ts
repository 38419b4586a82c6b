/** A checked mapping with its files put together becomes a Mapping. */
import { compileExpression } from '../core/expression.ts'
import {
  otherSide,
  travelsTo,
  type BySide,
  type Field,
  type Follows,
  type Limits,
  type Mapping,
  type MatchGroup,
  type One,
  type Settings,
  type Side,
} from './config.ts'
import type { MappingDraft } from './draft.ts'
import { hashOf } from './hash.ts'
import { joinOf, linesBelow, resolveLines } from './lines.ts'
import { expressionsOf } from './mapping-texts.ts'
import { resolveDefaults } from './resolve-defaults.ts'
import { durationMs, parseLimit } from './quantities.ts'
import { columnsOfLookup } from '../core/lookup-columns.ts'
import { resolveActAs } from './resolve-act-as.ts'
import { resolveReplace } from './replace.ts'
import { resolveFirstMatch, resolveLookup, resolveRow } from './resolve-row.ts'
import { columnsOfField, columnsOfFilter, resolveSource } from './resolve-source.ts'
import { towards } from './rules-rows.ts'
import type {
  Condition,
  FieldRow,
  Limits as LimitsText,
  Lookup as LookupText,
  MappingFile,
  ProjectFile,
} from './schema-types.ts'

export interface MappingContext {
  readonly project: ProjectFile
  readonly settings: Settings
  /** Rows that are in use. */
  readonly rows: readonly (readonly [string, FieldRow])[]
  /** Rows of its lines that are in use. */
  readonly lineRows: readonly (readonly [string, FieldRow])[]
  /** Conditions that are in use. */
  readonly conditions: BySide<readonly Condition[]>
  /** Why the mapping is switched off; undefined where it is on. */
  readonly off: string | undefined
  /** The mapping that it follows. */
  readonly follows: Follows | undefined
}

/** Resolves one mapping. */
export function resolveMapping(draft: MappingDraft, context: MappingContext): Mapping {
  const mapping: MappingFile = { ...draft.value, fields: Object.fromEntries(context.rows) }
  const { direction = 'both' } = mapping
  const { settings, project } = context
  const fields = context.rows.map(([name, row]) => resolveRow(name, row, { mapping, settings }))
  const defaults = resolveDefaults(mapping, settings)
  const match = (mapping.match ?? []).map((group) => resolveGroup(group, fields, settings))
  const lines = linesFor(draft, context)
  const side = (of: Side): Mapping[Side] => {
    const shared = draft.shared.flatMap((set) => set[of]?.filter ?? [])
    const columns = columnsRead(of, { mapping, fields, match, defaults })
    const source = resolveSource(of, { mapping, settings, shared, conditions: context.conditions[of], columns })
    return lines === undefined ? source : { ...source, joins: [...source.joins, joinOf(lines, of)] }
  }
  const resolved = {
    businessCentral: side('businessCentral'),
    sales: side('sales'),
    one: resolveOne(mapping.one),
    match,
    createOn: createOn(mapping, project, context.follows),
    direction,
    ...(context.follows !== undefined && { follows: context.follows }),
  }
  const read = {
    ...resolved,
    ...decidingSources(resolved),
    fields: fields.map(({ hash }) => hash),
    aside: mapping.replace?.aside,
    ...(hasTemplates(defaults) ? { defaults } : {}),
    settings: settingsRead(mapping, settings),
    ...hashedLines(lines),
  }
  return {
    name: draft.name,
    native: textsOf(mapping.native),
    enabled: context.off === undefined,
    reason: context.off,
    after: mapping.after ?? [],
    actAs: resolveActAs(mapping.actAs, settings),
    follows: context.follows,
    ...resolved,
    firstMatch: resolveFirstMatch(mapping.firstMatch),
    conflicts: mapping.conflicts ?? 'hold',
    deletes: resolveDeletes(mapping.deletes, context.follows === undefined ? 'hold' : 'uncouple'),
    firstRun: mapping.firstRun ?? 'auto',
    limits: resolveLimits({ ...project.limits, ...mapping.limits }),
    fields,
    defaults,
    lines,
    replace: resolveReplace(mapping.replace),
    allowMetadataChanges: mapping.allowMetadataChanges ?? false,
    notReachable: (mapping.notReachable ?? []).map(({ field, reason }) => ({ field, reason })),
    hash: hashOf(read, 16),
  }
}

/** What only the review before a first run looks at discards no tokens. */
const decidingSources = ({ businessCentral, sales }: BySide<Mapping[Side]>): BySide<object> => ({
  businessCentral: { ...businessCentral, builtIn: undefined },
  sales: { ...sales, builtIn: undefined },
})

const resolveOne = (one: MappingFile['one']): One | undefined =>
  one && { per: one.per, latest: textsOf(one.latest), from: one.from, until: one.until }

const hasTemplates = ({ businessCentral, sales }: Mapping['defaults']): boolean =>
  businessCentral.length + sales.length > 0

const hashedLines = (lines: Mapping['lines']): object =>
  lines === undefined ? {} : { lines: { ...lines, mapping: lines.mapping.hash } }

/** Lines are resolved as a mapping of their own. */
function linesFor(draft: MappingDraft, context: MappingContext): Mapping['lines'] {
  const { lines } = draft.value
  if (lines === undefined) return undefined
  const own = { ...draft, name: `${draft.name} lines`, value: linesBelow(draft.value, lines), shared: [] }
  return resolveLines(draft.value, lines, resolveMapping(own, { ...context, rows: context.lineRows, lineRows: [] }))
}

const textsOf = (written: string | readonly string[] = []): readonly string[] =>
  typeof written === 'string' ? [written] : written

/** A pair that rides on another has nothing of its own to decide: `usual` is to end it then. */
const resolveDeletes = (written: MappingFile['deletes'], usual: 'hold' | 'uncouple'): Mapping['deletes'] => ({
  businessCentral: written?.inBusinessCentral ?? usual,
  sales: written?.inSales ?? usual,
  sweepMs: durationMs(written?.sweep ?? '24h') as number,
})

const usualLimits = { deletes: '10 or 1 %', updates: '50 %', creates: '200 or 20 %' }

/** Limits with their defaults. */
function resolveLimits(written: LimitsText = {}): Limits {
  const limit = (key: keyof Limits): Limits['deletes'] =>
    parseLimit(written[key] ?? usualLimits[key]) as Limits['deletes']
  return { deletes: limit('deletes'), updates: limit('updates'), creates: limit('creates') }
}

/** Created only where the mapping goes, and where it or the project says so; never what another mapping couples. */
function createOn(
  { direction = 'both', create }: MappingFile,
  project: ProjectFile,
  follows: Follows | undefined,
): BySide<boolean> {
  const policy = follows?.partner === undefined ? (create ?? project.create ?? 'never') : 'never'
  const on = (side: Side): boolean => travelsTo(direction, side) && (policy === 'both' || policy === towards(side))
  return { businessCentral: on('businessCentral'), sales: on('sales') }
}

type GroupText = NonNullable<MappingFile['match']>[number]

function resolveGroup(group: GroupText, fields: readonly Field[], settings: Settings): MatchGroup {
  const pairs = group.businessCentral.flatMap((column, index) => {
    const written: LookupText | undefined = group.lookup?.[column]
    const lookup =
      written === undefined ? lookupBetween(column, group.sales[index], fields) : resolveLookup(written, settings)
    return lookup === undefined ? [] : [[column, lookup] as const]
  })
  return {
    businessCentral: group.businessCentral,
    sales: group.sales,
    lookup: Object.fromEntries(pairs),
    caseSensitive: group.caseSensitive ?? false,
  }
}

/** The lookup of the row over the same two columns, plain or computed from the one column alone. */
function lookupBetween(column: string, sales: string | undefined, fields: readonly Field[]): Field['lookup'] {
  const row = fields.find(
    (field) => field.sales === sales && (field.businessCentral ?? field.compute.toSales) === column,
  )
  return row?.lookup
}

interface Parts {
  readonly mapping: MappingFile
  readonly fields: readonly Field[]
  readonly match: readonly MatchGroup[]
  readonly defaults: Mapping['defaults']
}

/** Columns of one side that anything in the mapping reads. */
function columnsRead(side: Side, { mapping, fields, match, defaults }: Parts): readonly string[] {
  const expressions = expressionsOf(mapping).filter(({ reads }) => reads === side)
  const computed = expressions.flatMap(({ text }) => compileExpression(text).columns)
  const looked = fields.flatMap(({ lookup, direction }) =>
    lookup !== undefined && travelsTo(direction, otherSide(side)) ? columnsOfLookup(lookup, side) : [],
  )
  const plain = fields.flatMap((field) => columnsOfField(field, side))
  const chosen = defaults[otherSide(side)].flatMap(({ filter }) => columnsOfFilter(filter))
  return [...new Set([...plain, ...computed, ...looked, ...chosen, ...match.flatMap((group) => group[side])])]
}

/** The settings that the mapping's expressions and filters can see change; the time zone decides dates everywhere. */
function settingsRead(mapping: MappingFile, settings: Settings): Readonly<Record<string, unknown>> {
  const texts = JSON.stringify(mapping)
  const named = [...texts.matchAll(/settings\.([A-Za-z_]\w*)/g)].map(([, name]) => name as string)
  const whole = /\$settings(?!\.\w)/.test(texts)
  const read = whole ? Object.keys(settings) : named
  return Object.fromEntries(['timeZone', ...read].map((name) => [name, settings[name]]))
}
