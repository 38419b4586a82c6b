/** What changed in one mapping. */
import { sides } from '../config/config.ts'
import type { Mapping, Side, Source } from '../config/config.ts'
import { compareFacts, written } from './change.ts'
import type { Change, Fact } from './change.ts'
import { expressionMeaning } from './expression-meaning.ts'
import { compareFilters } from './filter-implication.ts'
import { createText, durationText, entityText, groupText, limitText } from './mapping-words.ts'
import { compareRows, rowsOf } from './row-changes.ts'

type Path = readonly (string | number)[]

/** Every change between two versions of a mapping that both have. Switching it off or on is told by whoever compares all. */
export function compareMapping(
  base: Mapping,
  head: Mapping,
  name: string = head.name,
  path: Path = [],
): readonly Change[] {
  const facts = (mapping: Mapping): readonly Fact[] => [
    ...rulesOf(mapping, path),
    ...sides.flatMap((side) => factsOfSide(mapping[side], side, path)),
  ]
  return [
    ...compareFacts(name, facts(base), facts(head)).flatMap(judged),
    ...compareRows(rowsOf(base, name, path), rowsOf(head, name, path)),
    ...compareTemplates(base, head, name, path),
    ...compareLines(base, head, name),
  ]
}

/** A filter is wider or narrower where that is certain; one that takes the same rows is no change. */
function judged(change: Change): readonly Change[] {
  if (change.part !== 'filter') return [change]
  const kind = compareFilters(change.before, change.after)
  if (kind === 'same') return []
  return [{ ...change, change: kind === 'other' ? 'changed' : kind }]
}

function rulesOf(mapping: Mapping, path: Path): readonly Fact[] {
  const rule = (part: Fact['part'], key: string, value: unknown): readonly Fact[] =>
    value === undefined
      ? []
      : [{ part, name: key, text: written(value), place: { file: 'mapping', path: [...path, ...key.split('.')] } }]
  const { conflicts, firstMatch, deletes, limits, createOn, follows, actAs, one, replace } = mapping
  return [
    ...rule('direction', 'direction', mapping.direction),
    ...rule('order', 'after', mapping.after.toSorted()),
    ...rule('match', 'match', mapping.match.length === 0 ? undefined : mapping.match.map(groupText).join(', then ')),
    ...rule('policy', 'create', createText(createOn)),
    ...rule('policy', 'conflicts', conflicts),
    ...rule('policy', 'firstMatch.blank', firstMatch.blank),
    ...rule('policy', 'firstMatch.different', firstMatch.different),
    ...rule('policy', 'deletes.inBusinessCentral', deletes.businessCentral),
    ...rule('policy', 'deletes.inSales', deletes.sales),
    ...rule('policy', 'deletes.sweep', durationText(deletes.sweepMs)),
    ...rule('policy', 'firstRun', mapping.firstRun),
    ...rule('policy', 'allowMetadataChanges', mapping.allowMetadataChanges),
    ...rule('policy', 'follows', follows?.mapping),
    ...rule('policy', 'actAs', actAs),
    ...rule('policy', 'one', one),
    ...rule('policy', 'replace', replace),
    ...rule('policy', 'native', mapping.native.length === 0 ? undefined : mapping.native),
    ...rule('limit', 'limits.deletes', limitText(limits.deletes)),
    ...rule('limit', 'limits.updates', limitText(limits.updates)),
    ...rule('limit', 'limits.creates', limitText(limits.creates)),
  ]
}

/** Filters, by the key that they are written under. */
const filterKeys = ['filter', 'recheck', 'creates', 'builtIn'] as const

function factsOfSide(source: Source, side: Side, path: Path): readonly Fact[] {
  const at = (...keys: Path): Fact['place'] => ({ file: 'mapping', path: [...path, side, ...keys] })
  const filters = filterKeys.flatMap((key): readonly Fact[] =>
    source[key] === undefined ? [] : [{ part: 'filter', name: key, side, text: source[key], place: at(key) }],
  )
  const conditions = source.conditions.map((text): Fact => ({
    part: 'filter',
    name: `conditions: ${text}`,
    side,
    text,
    place: at('conditions'),
  }))
  const named = [
    ...source.with.map((page) => ['with', page] as const),
    ...source.joins
      .filter(({ areLines }) => areLines !== true)
      .map((join) => ['join', { ...join, select: undefined }] as const),
  ].map(([key, page]): Fact => ({
    part: 'source',
    name: `${key} ${page.name}`,
    side,
    text: written({ ...page, name: undefined, entity: entityText(page.entity) }),
    place: at(key, page.name),
  }))
  const rest = Object.entries(plainOf(source)).flatMap(([key, value]): readonly Fact[] =>
    value === undefined
      ? []
      : [{ part: 'source', name: key, side, text: written(value), meaning: meaningOf(key, value), place: at(key) }],
  )
  return [...filters, ...conditions, ...named, ...rest]
}

/** Everything of a side that has no words of its own. */
function plainOf({ side: _side, with: _with, joins: _joins, conditions: _conditions, ...source }: Source): object {
  const { filter: _filter, recheck: _recheck, creates: _creates, builtIn: _builtIn, entity, ...rest } = source
  return { entity: entity === undefined ? undefined : entityText(entity), ...rest }
}

const meaningOf = (key: string, value: unknown): string =>
  key === 'constant' && typeof value === 'string' ? expressionMeaning(value) : written(value)

function compareTemplates(base: Mapping, head: Mapping, name: string, path: Path): readonly Change[] {
  const facts = ({ defaults }: Mapping): readonly Fact[] =>
    sides.flatMap((side) =>
      defaults[side].map(({ name: template, filter, wins, fields }): Fact => {
        const values = fields.map((field) => [field[side] as string, field.value ?? written(field.compute)])
        const shown = { filter, wins: wins || undefined, values: Object.fromEntries(values) }
        const place = { file: 'mapping' as const, path: [...path, 'defaults'] }
        return { part: 'template', name: template, side, text: written(shown), meaning: written(fields), place }
      }),
    )
  return compareFacts(name, facts(base), facts(head))
}

/** Lines are compared as a mapping of their own, under `lines` of the document's file. */
function compareLines({ lines: was }: Mapping, { lines: is }: Mapping, name: string): readonly Change[] {
  const own = was && is ? compareMapping(was.mapping, is.mapping, name, ['lines']) : []
  return [
    ...compareFacts(name, factsOfLines(was), factsOfLines(is)),
    ...own.map((change) => ({ ...change, name: change.part === 'row' ? `lines ${change.name}` : change.name })),
  ]
}

function factsOfLines(lines: Mapping['lines']): readonly Fact[] {
  if (lines === undefined) return []
  const { sides: ofSides, compute, on } = lines
  const place = { file: 'mapping' as const, path: ['lines'] }
  const expressions = Object.values(compute).map(expressionMeaning)
  return [
    {
      part: 'source',
      name: 'lines',
      text: written({ ...ofSides, compute, on }),
      meaning: written([ofSides, on, ...expressions]),
      place,
    },
  ]
}
