/** Rules about what names what: mappings in `after` and lookups, natural keys, rows of a query, switches. */
import { sides } from './config.ts'
import type { Draft, MappingDraft } from './draft.ts'
import type { Finding } from './layers.ts'
import { findCycle } from './order.ts'
import type { Path } from './path.ts'
import { checkActAsKeys } from './rules-act-as.ts'
import { rowsOf } from './rules-rows.ts'
import type { Lookup, LookupByCoupling, LookupByQuery, MappingFile } from './schema-types.ts'
import { didYouMean } from './suggest.ts'
import { templatePath, templatesOf } from './templates.ts'

/** A name in the place of a mapping that is none. */
export const unknownMapping = (path: Path, name: string, { names }: Draft): readonly Finding[] =>
  names.includes(name) ? [] : [{ path, message: `no mapping is called "${name}"${didYouMean(name, names)}` }]

/** Names of mappings in `follows`, `after` and `whenUncoupled: { sync }`. */
export function checkNames({ value }: MappingDraft, draft: Draft): readonly Finding[] {
  const followed = typeof value.follows === 'string' ? unknownMapping(['follows'], value.follows, draft) : []
  const after = (value.after ?? []).flatMap((name, index) => unknownMapping(['after', index], name, draft))
  const syncs = rowsOf(value).flatMap(([row, { whenUncoupled }]) =>
    typeof whenUncoupled === 'object'
      ? unknownMapping(['fields', row, 'whenUncoupled', 'sync'], whenUncoupled.sync, draft)
      : [],
  )
  return [...followed, ...after, ...syncs]
}

/** Every lookup of a mapping, of rows and of match groups. */
export function checkLookups({ value }: MappingDraft, draft: Draft): readonly Finding[] {
  const ofRows = rowsOf(value).flatMap(([name, { lookup, when }]) =>
    checkLookup(['fields', name, 'lookup'], lookup, { value, draft, sometimes: when !== undefined }),
  )
  const ofMatch = (value.match ?? []).flatMap((group, index) =>
    Object.entries(group.lookup ?? {}).flatMap(([column, lookup]) =>
      checkLookup(['match', index, 'lookup', column], lookup, { value, draft }),
    ),
  )
  const ofTemplates = templatesOf(value).flatMap((written) =>
    Object.entries(written.template.values).flatMap(([column, given]) =>
      typeof given === 'object' && 'find' in given
        ? checkQuery([...templatePath(written), 'values', column], given, value)
        : [],
    ),
  )
  const ofActAs = checkLookup(['actAs', 'lookup'], value.actAs?.lookup, { value, draft })
  return [...ofRows, ...ofMatch, ...ofTemplates, ...checkActAsKeys(value), ...ofActAs]
}

interface Around {
  readonly value: MappingFile
  readonly draft: Draft
  /** The row has a condition: what it refers to may be there under the same one. */
  readonly sometimes?: boolean
}

function checkLookup(path: Path, lookup: Lookup | undefined, around: Around): readonly Finding[] {
  if (lookup === undefined) return []
  if (typeof lookup === 'string') return unknownMapping(path, lookup, around.draft)
  if (isCase(lookup)) {
    const { case: _column, ...cases } = lookup
    return Object.entries(cases).flatMap(([key, each]) =>
      checkLookup([...path, key], (each ?? undefined) as Lookup | undefined, around),
    )
  }
  if (isQuery(lookup) && around.sometimes === true) return []
  return isQuery(lookup) ? checkQuery(path, lookup, around.value) : checkCoupling(path, lookup, around.draft)
}

/** A lookup by case has the key `case`, a query has `find`, the others a `mapping`. */
export const isCase = (lookup: object): lookup is { case: string } => Object.hasOwn(lookup, 'case')
export const isQuery = (lookup: object): lookup is LookupByQuery => Object.hasOwn(lookup, 'find')

function checkCoupling(path: Path, { mapping, by }: LookupByCoupling, draft: Draft): readonly Finding[] {
  const unknown = unknownMapping([...path, 'mapping'], mapping, draft)
  const target = draft.mappings.find(({ name }) => name === mapping)?.value
  if (unknown.length > 0 || target === undefined || by === undefined || by === 'id') return unknown
  const keys = sides.flatMap((side) => target[side]?.keys ?? [])
  const asked =
    typeof by === 'string'
      ? [[by, [...path, 'by']] as const]
      : Object.keys(by).map((key) => [key, [...path, 'by', key]] as const)
  return asked
    .filter(([key]) => !keys.includes(key))
    .map(([key, at]) => {
      const known = keys.length === 0 ? `${mapping} has no keys` : `the keys of ${mapping} are ${keys.join(', ')}`
      return {
        path: at,
        key: typeof by !== 'string',
        message: `"${key}" is no natural key: ${known}${didYouMean(key, keys)}`,
      }
    })
}

/** `$row` in a query names a row of the mapping. */
function checkQuery(path: Path, { where }: LookupByQuery, mapping: MappingFile): readonly Finding[] {
  const rows = rowsOf(mapping).map(([name]) => name)
  return Object.entries(where).flatMap(([column, value]) => {
    if (typeof value !== 'string' || !/^\$[^$]/.test(value) || rows.includes(value.slice(1))) return []
    const name = value.slice(1)
    return [{ path: [...path, 'where', column], message: `no field row is called "${name}"${didYouMean(name, rows)}` }]
  })
}

/** Mappings that wait for one another. Told once, at the `follows`, `after` or `sync` of the first of them. */
export function checkCycles({ name, value }: MappingDraft, draft: Draft): readonly Finding[] {
  const cycle = findCycle(draft.mappings)
  if (cycle === undefined || cycle[0] !== name) return []
  const [, next] = cycle
  const { after = [] } = value
  const index = after.indexOf(next)
  const row = rowsOf(value).find(
    ([, { whenUncoupled }]) => typeof whenUncoupled === 'object' && whenUncoupled.sync === next,
  )
  const waits: Path = index >= 0 ? ['after', index] : ['fields', row?.[0] ?? '', 'whenUncoupled']
  const path: Path = value.follows === next ? ['follows'] : waits
  return [{ path, message: `mappings wait for one another: ${cycle.join(' → ')}` }]
}

/** Switches of couplet.yaml name mappings that are there. */
export function checkSwitches(draft: Draft): readonly Finding[] {
  const { mappings = {} } = draft.project.value
  const named = Array.isArray(mappings)
    ? mappings.map((name, index) => ({ name, path: ['mappings', index] }))
    : Object.keys(mappings).map((name) => ({ name, path: ['mappings', name] }))
  return named.flatMap(({ name, path }) =>
    unknownMapping(path, name, draft).map((finding) => ({ ...finding, key: true })),
  )
}
