/** Which records of each side take part in a mapping, what is read beside them, and how partners find each other. */
import { sideName, sides, travelsTo } from '../config/config.ts'
import type { EntityRef, Join, Mapping, Source, WithPage } from '../config/config.ts'
import { written } from '../core/change.ts'
import type { DocumentedMapping, PageNote } from '../core/documentation.ts'
import { groupText } from '../core/mapping-words.ts'
import { lookupText } from '../core/row-words.ts'
import { code, markdownTable, prose } from './markdown.ts'

/** A table of both sides, what is read beside them, and the match. `shared`: what the project decides is left open. */
export function recordsSection(documented: DocumentedMapping, shared: boolean): readonly (readonly string[])[] {
  const { mapping, pages } = documented
  const notes = sides.flatMap((side) => sourceNotes(mapping[side]).map((note) => `- ${sideName[side]}: ${note}`))
  return [
    markdownTable(
      ['', 'records', 'that are inside'],
      sides.map((side) => [sideName[side], recordsText(mapping[side]), filterText(mapping[side])]),
    ),
    [...notes, ...mappingNotes(mapping)],
    ...pagesSection(mapping, pages),
    ['## How partners find each other'],
    matchText(mapping, shared && documented.create === undefined),
  ]
}

const exact = (text: string): string => code(text, Infinity)

function placeText(entity: EntityRef): string {
  const { kind, entity: name } = entity
  switch (kind) {
    case 'standard':
      return code(name)
    case 'service':
      return `${code(name)} (a published page)`
    case 'choice':
      return `${code(`${name}.${entity.column}`)} (options of a choice column)`
    case 'child':
      return `${code(name)} (read below ${code(entity.parent)})`
    case 'custom':
      return `${code(name)} (of the API ${entity.route === '' ? 'that a setting names' : code(entity.route)})`
  }
}

function recordsText({ entity, constant, optional }: Source): string {
  const fixed =
    constant === undefined ? [] : [`fixed rows ${exact(typeof constant === 'string' ? constant : written(constant))}`]
  const read = entity === undefined ? [] : [placeText(entity)]
  return `${[...read, ...fixed].join(' and ')}${optional ? ', where the service has them' : ''}`
}

function filterText({ filter, conditions }: Source): string {
  const further = conditions.map((text) => `${exact(text)} where the service has these columns`)
  const all = [...(filter === undefined ? [] : [exact(filter)]), ...further]
  return all.length === 0 ? 'every record' : all.join(' and ')
}

/** Words for what is there; nothing for what is not. */
const ifAny = <T>(value: T | undefined, words: (value: T) => string): readonly string[] =>
  value === undefined ? [] : [words(value)]

const codes = (names: readonly string[], between = ', '): string => names.map((name) => code(name)).join(between)
const some = (names: readonly string[]): readonly string[] | undefined => (names.length === 0 ? undefined : names)

/** What is particular about a side, a sentence each. */
function sourceNotes(source: Source): readonly string[] {
  const { keys, creates, recheck, reference, postedAs, modified, lookupTypes, actions } = source
  return [
    ...ifAny(some(keys), (columns) => `other mappings refer to a record by ${codes(columns)}`),
    ...ifAny(creates, (filter) => `only a record inside ${exact(filter)} gets a partner that is created`),
    ...ifAny(
      recheck,
      (filter) => `records inside ${exact(filter)} are looked at in every run: they change without saying so`,
    ),
    ...ifAny(
      reference,
      (column) => `${code(column)} is unique and asked for before a document is created, so that none is made twice`,
    ),
    ...ifAny(
      some(postedAs.map(({ entity }) => entity)),
      (places) => `a document that is gone is looked for among ${codes(places)}`,
    ),
    ...(source.continues
      ? ['a new record with the same keys goes on in the place of a coupled one that has left the filter']
      : []),
    ...ifAny(modified, (column) => `the time of the last change stands in ${code(column)}`),
    ...Object.entries(lookupTypes).map(([column, table]) => `${code(column)} names a record of ${code(table)}`),
    ...Object.entries(actions).map(
      ([column, values]) => `${code(column)} is written by an action: ${exact(written(values))}`,
    ),
  ]
}

function mappingNotes({ one, actAs, allowMetadataChanges, replace }: Mapping): readonly string[] {
  const notes = [
    ...ifAny(one, oneText),
    ...ifAny(actAs, actAsText),
    ...(allowMetadataChanges ? ['options that are missing are added to the choice column'] : []),
    ...ifAny(
      replace,
      ({ rows }) =>
        `${codes(rows)} cannot be changed in Sales: ${code('couplet replace')} sets such a record aside and makes a new one`,
    ),
  ]
  return notes.map((note) => `- ${note}`)
}

function oneText({ per, latest, from, until }: NonNullable<Mapping['one']>): string {
  const times = [
    ...ifAny(from, (column) => `from ${code(column)}`),
    ...ifAny(until, (column) => `until ${code(column)}`),
  ]
  const time = times.length === 0 ? '' : ` of those whose time it is (${times.join(', ')})`
  const which = latest.length === 0 ? 'the first' : `the one with the largest ${codes(latest, ', then ')}`
  return `rows of Business Central with the same ${per.map(exact).join(', ')} are one record of Sales; ${which}${time} speaks`
}

function actAsText(actAs: NonNullable<Mapping['actAs']>): string {
  if (actAs.kind === 'user') return `Sales is written as the user ${code(actAs.user)}`
  const otherwise = actAs.whenUncoupled === 'hold' ? 'the record is held' : 'the integration itself'
  return `Sales is written as the user whom ${code(actAs.column)} names, found through ${prose(lookupText(actAs.lookup))}; where there is none: ${otherwise}`
}

function pagesSection(mapping: Mapping, notes: readonly PageNote[]): readonly (readonly string[])[] {
  const rows = sides.flatMap((side) => {
    const note = (name: string): string =>
      prose(notes.find((each) => each.side === side && each.name === name)?.description ?? '')
    const joins = mapping[side].joins.filter(({ areLines }) => areLines !== true)
    return [
      ...mapping[side].with.map((page) => [
        code(page.name),
        placeText(page.entity),
        linkText(page),
        further(travelsTo(mapping.direction, side) ? 'read and written' : 'read', page, note(page.name)),
      ]),
      ...joins.map((join) => [
        code(join.name),
        placeText(join.entity),
        linkText(join),
        further(joinText(join), join, note(join.name)),
      ]),
    ]
  })
  return rows.length === 0 ? [] : [['Read with each record:'], markdownTable(['as', 'from', 'where', ''], rows)]
}

const further = (use: string, { optional }: { readonly optional: boolean }, note: string): string =>
  [use, ...(optional ? ['skipped where it is not there'] : []), ...(note === '' ? [] : [note])].join('; ')

function linkText(page: WithPage | Join): string {
  const links = Object.entries(page.on).map(([there, here]) => `${code(there)} = ${code(here)}`)
  const where = 'where' in page && page.where !== undefined ? [exact(page.where)] : []
  return [...links, ...where].join(' and ') || 'the same for all'
}

function joinText({ many, latest, triggers }: Join): string {
  const which = many
    ? 'read, all that fit'
    : latest === undefined
      ? 'read'
      : `read, the one with the largest ${code(latest)}`
  return triggers ? `${which}; a change there is a change here` : which
}

function matchText({ match, follows, createOn }: Mapping, isOpen: boolean): readonly string[] {
  if (follows !== undefined) return [`Pairs are those of ${code(follows.mapping)}; nothing is matched here.`]
  const groups = match.map(
    (group, index) => `${index + 1}. ${exact(groupText({ ...group, lookup: {} }))}${throughText(group.lookup)}`,
  )
  const created = sides.filter((side) => createOn[side]).map((side) => `in ${sideName[side]}`)
  const decided =
    created.length === 0
      ? 'A record without a partner waits: none is created.'
      : `For a record without a partner one is created ${created.join(' and ')}.`
  const otherwise = isOpen
    ? `Whether a partner is created for a record that has none, the project says (${code('create')}).`
    : decided
  if (groups.length === 0) return [`Existing records are not matched. ${otherwise}`]
  return [
    'Columns that must agree, Business Central = Sales. Exactly one record that fits becomes the partner; of several none does, and the record is held.',
    '',
    ...groups,
    '',
    otherwise,
  ]
}

function throughText(lookup: Mapping['match'][number]['lookup']): string {
  const told = Object.entries(lookup).map(([column, each]) => `${code(column)} through ${prose(lookupText(each))}`)
  return told.length === 0 ? '' : `, ${told.join(', ')}`
}
