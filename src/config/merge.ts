/** Files that change other files: targets over the project, own mappings over standard ones, shared sets below both. */
import type { Finding } from './layers.ts'
import { isRecord, type Path } from './path.ts'
import type { FieldRow, IncludeFile, MappingFile, Source } from './schema-types.ts'

/**
 * Maps are merged key by key, down to so many levels; everything else is replaced whole. null removes, so that none is
 * left on these levels. Neither argument is changed.
 */
export function merge(base: unknown, patch: unknown, levels = Infinity): unknown {
  if (!isRecord(patch) || levels === 0) return patch
  const known = isRecord(base) ? base : {}
  const merged = Object.entries({ ...known, ...patch }).map(([key, value]) => [
    key,
    merge(Object.hasOwn(known, key) ? known[key] : undefined, value, levels - 1),
  ])
  return Object.fromEntries(merged.filter(([, value]) => value !== null))
}

/** The entries of a map that was merged. */
export const entriesOf = <T>(map: Readonly<Record<string, T | null>> = {}): readonly (readonly [string, T])[] =>
  Object.entries(map as Readonly<Record<string, T>>)

type Rows = NonNullable<MappingFile['fields']>

/** A row that names a column replaces the row of its name, any other only changes what it says. */
const columnKeys = ['businessCentral', 'sales'] as const satisfies (keyof FieldRow)[]

/** Rows of `patch` over rows of `base`: added, replaced, changed, or with null removed. */
function mergeRows(base: Rows, patch: Rows): Rows {
  const merged = new Map<string, FieldRow>()
  for (const [name, row] of [...Object.entries(base), ...Object.entries(patch)]) {
    const old = merged.get(name)
    if (row === null) merged.delete(name)
    else merged.set(name, old && !columnKeys.some((key) => Object.hasOwn(row, key)) ? changedRow(old, row) : row)
  }
  return Object.fromEntries(merged)
}

/** A row has a constant or expressions, not both: each takes the place of the other. An expression of one direction stays. */
function changedRow(old: FieldRow, patch: FieldRow): FieldRow {
  const { value: _value, compute, ...rest } = old
  if (Object.hasOwn(patch, 'value')) return { ...rest, ...patch }
  if (patch.compute === undefined) return { ...old, ...patch }
  return { ...rest, ...patch, compute: { ...compute, ...patch.compute } }
}

/** A mapping over the one that it extends. */
export function mergeMapping(base: MappingFile, patch: MappingFile): MappingFile {
  const { fields, businessCentral, sales, lines, defaults, ...rest } = patch
  const { lines: baseLines, defaults: baseDefaults, ...baseRest } = base
  return {
    ...(merge(baseRest, rest) as MappingFile),
    ...((base.businessCentral ?? businessCentral) && {
      businessCentral: mergedSide(base.businessCentral, businessCentral),
    }),
    ...((base.sales ?? sales) && { sales: mergedSide(base.sales, sales) }),
    ...((baseLines ?? lines) && { lines: mergedLines(baseLines, lines) }),
    ...((baseDefaults ?? defaults) && { defaults: mergedDefaults(baseDefaults, defaults) }),
    fields: mergeRows(base.fields ?? {}, fields ?? {}),
  }
}

type LinesFile = NonNullable<MappingFile['lines']>

/** Lines over lines: their rows as any rows, the rest key by key. */
function mergedLines(base: LinesFile = {}, patch: LinesFile = {}): LinesFile {
  const { fields: baseFields = {}, ...baseRest } = base
  const { fields = {}, ...rest } = patch
  return { ...(merge(baseRest, rest) as typeof rest), fields: mergeRows(baseFields, fields) }
}

/** Templates over templates: side, template, key and column; what a column gets is one value, null in a query's `where` too. */
const mergedDefaults = (base: MappingFile['defaults'] = {}, patch: MappingFile['defaults'] = {}): typeof patch =>
  merge(base, patch, 4) as typeof patch

const kindKeys = ['entity', 'api', 'service', 'choice'] as const satisfies (keyof Source)[]

/** A side that names another page forgets the old one. */
function mergedSide(base: Source = {}, patch: Source = {}): Source {
  const moved = kindKeys.some((key) => key !== 'api' && Object.hasOwn(patch, key))
  const kept = Object.entries(base).filter(([key]) => !(moved && (kindKeys as readonly string[]).includes(key)))
  return merge(Object.fromEntries(kept), patch) as Source
}

/** What a patch removes without its being there. */
export function removesNothing(base: MappingFile, patch: MappingFile): readonly Finding[] {
  const sides = (['businessCentral', 'sales'] as const).flatMap((side) => [
    ...removals([side], base[side], patch[side]),
    ...removals([side, 'with'], base[side]?.with, patch[side]?.with),
    ...removals([side, 'join'], base[side]?.join, patch[side]?.join),
    ...removals([side, 'conditions'], base[side]?.conditions, patch[side]?.conditions),
  ])
  const rows = [
    ...removals(['fields'], base.fields, patch.fields),
    ...removals(['lines', 'fields'], base.lines?.fields, patch.lines?.fields),
  ]
  return [...rows, ...sides]
}

function removals(path: Path, there: object | undefined, given: object | undefined): readonly Finding[] {
  return Object.entries(given ?? {})
    .filter(([key, value]) => value === null && !Object.hasOwn(there ?? {}, key))
    .map(([key]) => ({ path: [...path, key], message: `there is no "${key}" to remove`, key: true }))
}

/** A mapping with a shared set below it. Its filters are not among the parts: they hold beside the mapping's own. */
export function withInclude(mapping: MappingFile, shared: IncludeFile): MappingFile {
  const side = (name: 'businessCentral' | 'sales'): Source => {
    const { filter: _beside, ...parts } = shared[name] ?? {}
    return merge(parts, mapping[name] ?? {}) as Source
  }
  return {
    ...mapping,
    businessCentral: side('businessCentral'),
    sales: side('sales'),
    fields: mergeRows(shared.fields ?? {}, mapping.fields ?? {}),
  }
}
