/** The little languages inside a mapping: where its expressions and filters stand. */
import { isColumn } from '../core/one.ts'
import { sides, type Side } from './config.ts'
import type { Path } from './path.ts'
import type { IncludeFile, MappingFile } from './schema-types.ts'
import { readBy, templatePath, templatesOf, type WrittenTemplate } from './templates.ts'

interface Text {
  readonly path: Path
  readonly text: string
}

/** A filter, and the service that reads it. */
export interface FilterText extends Text {
  readonly side: Side
  /** false: only Couplet itself evaluates it. */
  readonly sent?: false
}

/** An expression: over the source row, or over `$settings` alone. */
export interface ExpressionText extends Text {
  /** The side whose row it reads; undefined where there is no row. */
  readonly reads: Side | undefined
}

/** Every expression of a mapping or shared set. */
export function expressionsOf(mapping: MappingFile | IncludeFile): readonly ExpressionText[] {
  const rows = Object.entries(mapping.fields ?? {}).flatMap(([name, row]) => {
    const at = (...steps: string[]): Path => ['fields', name, ...steps]
    return [
      ...expression(at('when'), row?.when, undefined),
      ...expression(
        at('compute', 'toSales'),
        row?.compute?.toSales,
        row?.claim === true ? undefined : 'businessCentral',
      ),
      ...expression(at('compute', 'toBusinessCentral'), row?.compute?.toBusinessCentral, 'sales'),
    ]
  })
  const conditions = sides.flatMap((side) =>
    Object.entries(mapping[side]?.conditions ?? {}).flatMap(([name, condition]) =>
      expression([side, 'conditions', name, 'when'], condition?.when, undefined),
    ),
  )
  return [
    ...expression(['when'], mapping.when, undefined),
    ...constants(mapping),
    ...groups(mapping),
    ...asides(mapping),
    ...ofLines(mapping),
    ...conditions,
    ...rows,
    ...templateValues(mapping),
  ]
}

/** What is written to a record that is replaced. */
function asides(mapping: MappingFile | IncludeFile): readonly ExpressionText[] {
  const { replace } = mapping as MappingFile
  return Object.entries({ ...replace?.aside }).flatMap(([column, text]) =>
    expression(['replace', 'aside', column], text, 'sales'),
  )
}

/** What groups rows: an expression, where it is more than the name of a column. */
function groups(mapping: MappingFile | IncludeFile): readonly ExpressionText[] {
  const { one } = mapping as MappingFile
  return (one?.per ?? []).flatMap((text, index) =>
    isColumn(text) ? [] : expression(['one', 'per', index], text, 'businessCentral'),
  )
}

function templateValues(mapping: MappingFile | IncludeFile): readonly ExpressionText[] {
  return writtenIn(mapping).flatMap((written) =>
    Object.entries(written.template.values).flatMap(([column, value]) =>
      typeof value === 'object' && 'compute' in value
        ? expression([...templatePath(written), 'values', column, 'compute'], value.compute, readBy(written))
        : [],
    ),
  )
}

/** Shared sets have no templates. */
const writtenIn = (mapping: MappingFile | IncludeFile): readonly WrittenTemplate[] =>
  'defaults' in mapping ? templatesOf(mapping) : []

/** The expressions that give a document's lines; those of the lines' own rows are theirs. */
function ofLines(mapping: MappingFile | IncludeFile): readonly ExpressionText[] {
  const { compute = {} } = ('lines' in mapping ? mapping.lines : undefined) ?? {}
  return [
    ...expression(['lines', 'compute', 'toSales'], compute.toSales, 'businessCentral'),
    ...expression(['lines', 'compute', 'toBusinessCentral'], compute.toBusinessCentral, 'sales'),
  ]
}

function expression(path: Path, text: string | undefined, reads: Side | undefined): readonly ExpressionText[] {
  return text === undefined ? [] : [{ path, text, reads }]
}

function constants(mapping: MappingFile | IncludeFile): readonly ExpressionText[] {
  return sides.flatMap((side) => {
    const source: NonNullable<MappingFile[Side]> = mapping[side] ?? {}
    return typeof source.constant === 'string' ? expression([side, 'constant'], source.constant, undefined) : []
  })
}

/** Every filter of a mapping or shared set. */
export function filtersOf(mapping: MappingFile | IncludeFile): readonly FilterText[] {
  return [...filtersOfSides(mapping), ...templateFilters(mapping)]
}

const templateFilters = (mapping: MappingFile | IncludeFile): readonly FilterText[] =>
  writtenIn(mapping).flatMap((written) => {
    const { filter } = written.template
    if (filter === undefined) return []
    return [{ path: [...templatePath(written), 'filter'], text: filter, side: readBy(written), sent: false }]
  })

function filtersOfSides(mapping: MappingFile | IncludeFile): readonly FilterText[] {
  return sides.flatMap((side) => {
    const source: NonNullable<MappingFile[Side]> = mapping[side] ?? {}
    const joins = Object.entries(source.join ?? {}).map(([name, join]) => ({
      path: [side, 'join', name, 'where'],
      text: join?.where,
    }))
    const own = [
      { path: [side, 'filter'], text: source.filter },
      { path: [side, 'recheck'], text: source.recheck },
      { path: [side, 'creates'], text: source.creates },
      { path: [side, 'builtIn'], text: source.builtIn },
    ]
    const conditions = Object.entries(source.conditions ?? {}).map(([name, condition]) => ({
      path: [side, 'conditions', name, 'filter'],
      text: condition?.filter,
    }))
    return [...own, ...conditions, ...joins].flatMap(({ path, text }) =>
      typeof text === 'string' ? [{ path, text, side }] : [],
    )
  })
}
