/**
 * What a snapshot cannot tell of a version: pseudonyms say nothing to a filter or an expression that asks for a value
 * which the configuration did not name when they were given. It is said, and not calculated.
 */
import {
  type EntityRef,
  type Field,
  type Mapping,
  type Side,
  type Source,
  otherSide,
  sideName,
  sides,
  travelsTo,
} from '../config/config.ts'
import { type Expression, compileExpression } from '../core/expression.ts'
import type { Node } from '../core/expression-syntax.ts'
import { type HeldAgainst, constantsIn } from '../core/filter-constants.ts'
import { parseFilter } from '../core/filter.ts'
import { splitPath } from '../core/mapping.ts'
import { isNothing } from '../core/values.ts'
import type { Refused } from '../engine/effect.ts'
import { type Collection, nameOf } from './collection.ts'
import { keptAs } from './pseudonyms.ts'
import type { Snapshot } from './snapshot.ts'

/** Tells what is not known of a version's values. */
class Unknowns {
  readonly #collections: ReadonlyMap<string, Collection>
  readonly #named: ReadonlySet<string | number>

  constructor({ sides: recorded, named }: Pick<Snapshot, 'sides' | 'named'>) {
    this.#collections = new Map(
      sides.flatMap((side) => recorded[side].collections.map((one) => [`${side} ${nameOf(one.entity)}`, one] as const)),
    )
    this.#named = new Set(named.map((value) => (typeof value === 'string' ? keptAs(value) : value)))
  }

  /** Why nothing can be told of a mapping; undefined where all can. */
  reason(mapping: Mapping): string | undefined {
    return (
      this.#inFilters(mapping) ??
      this.#inExpressions(mapping) ??
      (mapping.lines === undefined ? undefined : this.reason(mapping.lines.mapping))
    )
  }

  /** Field rows, new or changed, of which something else may come with pseudonyms: they take values apart, or write one. */
  inexactRows(before: Mapping | undefined, after: Mapping): readonly string[] {
    const known = new Set(before?.fields.map(({ hash }) => hash))
    const changed = after.fields.filter(({ hash }) => !known.has(hash))
    const inexact = changed.filter(
      (field) =>
        this.#writesUnnamed(after, field) ||
        expressionsOf(field).some(
          ([side, expression]) => !isExact(expression) && this.#isHidden(after, side, expression),
        ),
    )
    const inLines = after.lines === undefined ? [] : this.inexactRows(before?.lines?.mapping, after.lines.mapping)
    return [...inexact.map(({ name }) => name), ...inLines.map((name) => `lines.${name}`)]
  }

  /** A constant that may stand in the column already, as a pseudonym. */
  #writesUnnamed(mapping: Mapping, { value, blankDefault, direction, on, ...field }: Field): boolean {
    if (on === 'create') return false
    const constants = [value, blankDefault].filter((one) => typeof one === 'string' || typeof one === 'number')
    if (constants.every((one) => this.#isNamed(one))) return false
    return sides.some((side) => {
      const column = field[side]
      return column !== undefined && travelsTo(direction, side) && !this.#isClear(side, placeIn(mapping[side], column))
    })
  }

  #inFilters(mapping: Mapping): string | undefined {
    for (const side of sides)
      for (const { text, place } of filtersOf(mapping, side))
        for (const held of constantsIn(parseFilter(text)))
          if (!this.#isClear(side, place(held.column)) && !this.#isKnown(held))
            return held.by === 'part'
              ? `a filter looks at a part of ${held.column} (${sideName[side]}), where pseudonyms stand`
              : unnamed(`a filter compares ${held.column} (${sideName[side]}) with`)
    return undefined
  }

  #inExpressions(mapping: Mapping): string | undefined {
    const { toSales = '""', toBusinessCentral = '""' } = mapping.lines?.compute ?? {}
    const asked = [toSales, toBusinessCentral].flatMap((text) => compileExpression(text).compared)
    if (!asked.every((value) => this.#isNamed(value))) return unnamed('the expression of the lines asks for')
    const found = mapping.fields.find((field) =>
      expressionsOf(field).some(
        ([side, expression]) =>
          this.#isHidden(mapping, side, expression) && !expression.compared.every((value) => this.#isNamed(value)),
      ),
    )
    return found && unnamed(`the row ${found.name} asks for`)
  }

  /** Whether an expression reads what has become a pseudonym. */
  #isHidden(mapping: Mapping, side: Side, { columns }: Expression): boolean {
    return columns.some((path) => !this.#isClear(side, placeIn(mapping[side], path)))
  }

  /** What was not recorded is told by name, as soon as it is asked for. */
  #isClear(side: Side, place: Place | undefined): boolean {
    if (place === undefined) return false
    const collection = this.#collections.get(`${side} ${nameOf(place.entity)}`)
    return collection?.clear === undefined || collection.clear.includes(place.column)
  }

  #isKnown({ constant, by }: HeldAgainst): boolean {
    if (by === 'part') return false
    if (!('value' in constant) || constant.kind === 'guid') return true
    if (constant.kind === 'date' || constant.kind === 'dateTime') return this.#isNamedDay(constant.value.slice(0, 10))
    return this.#isNamed(constant.value) && (by === 'whole' || constant.kind !== 'text')
  }

  /** Dates keep their year. */
  #isNamedDay(date: string): boolean {
    return isNothing(date) || date.endsWith('-01-01') || this.#named.has(date)
  }

  #isNamed(value: string | number | boolean): boolean {
    if (typeof value === 'boolean' || isNothing(value)) return true
    if (typeof value === 'number') return isBound(value) || this.#named.has(value)
    return this.#named.has(keptAs(value))
  }
}

const unnamed = (who: string): string => `${who} a value that the configuration of the snapshot did not name`

/** Numbers keep their digits, so that none comes to stand on the other side of these. */
const isBound = (value: number): boolean => value === 0 || Number.isInteger(Math.log10(Math.abs(value)))

interface Place {
  readonly entity: EntityRef
  readonly column: string
}

/** Where a column stands: in the main collection, a page or a join; undefined where that cannot be told. */
function placeIn({ entity, with: pages, joins }: Source, path: string): Place | undefined {
  const { page, column } = splitPath(path)
  const extra = page === undefined ? entity : [...pages, ...joins].find(({ name }) => name === page)?.entity
  return extra === undefined || column === '*' ? undefined : { entity: extra, column }
}

interface Filter {
  readonly text: string
  readonly place: (column: string) => Place | undefined
}

/** The filters over the records of a side. */
function filtersOf(mapping: Mapping, side: Side): readonly Filter[] {
  const source = mapping[side]
  const { filter, conditions, recheck, creates } = source
  const templates = mapping.defaults[otherSide(side)].map((template) => template.filter)
  const own = [filter, ...conditions, recheck, creates, ...templates].flatMap((text) =>
    text === undefined ? [] : [{ text, place: (column: string) => placeIn(source, column) }],
  )
  const joined = source.joins.flatMap(({ where, entity }) =>
    where === undefined ? [] : [{ text: where, place: (column: string) => ({ entity, column }) }],
  )
  return [...own, ...joined]
}

/** The expressions of a row, each with the side whose record it reads. */
function expressionsOf({ compute }: Field): readonly (readonly [Side, Expression])[] {
  const { toSales, toBusinessCentral } = compute
  return [
    ...(toSales === undefined ? [] : [['businessCentral', compileExpression(toSales)] as const]),
    ...(toBusinessCentral === undefined ? [] : [['sales', compileExpression(toBusinessCentral)] as const]),
  ]
}

/** Functions that give the pseudonym of what they would have given. */
const exact = new Set(
  'trim uppercase lowercase string length exists not boolean count append coupled key option type'.split(' '),
)

/** Functions that look for a mark between words: pseudonyms have the same marks. */
const separating = new Set('substringBefore substringAfter split contains join'.split(' '))

const isMark = (node: Node | undefined): boolean =>
  node?.type === 'string' && /^[^\p{L}\p{N}]+$/u.test(String(node.value))

const isExact = ({ calls, regexes, reckons }: Expression): boolean =>
  !reckons &&
  regexes.length === 0 &&
  calls.every(({ name, arguments: [, mark] }) => exact.has(name) || (separating.has(name) && isMark(mark)))

/** What a snapshot cannot tell of two versions. */
export function untold(snapshot: Snapshot, before: readonly Mapping[], after: readonly Mapping[]): Untold {
  const unknowns = new Unknowns(snapshot)
  const reasons = new Map<string, string>()
  for (const mapping of [...before, ...after].filter(({ enabled }) => enabled)) {
    const reason = unknowns.reason(mapping)
    if (reason !== undefined) reasons.set(mapping.name, reason)
  }
  const old = new Map(before.map((mapping) => [mapping.name, mapping]))
  const inexact = after
    .filter(({ enabled, name }) => enabled && !reasons.has(name))
    .map((mapping) => ({ mapping: mapping.name, fields: unknowns.inexactRows(old.get(mapping.name), mapping) }))
  return {
    refused: [...reasons].map(([mapping, message]) => ({ mapping, message, remedy: askLive })),
    inexact: inexact.filter(({ fields }) => fields.length > 0),
  }
}

/** What is not told, or not to the record. */
export interface Untold {
  readonly refused: readonly Refused[]
  /** Field rows, new or changed, that take values apart where pseudonyms stand. */
  readonly inexact: readonly { readonly mapping: string; readonly fields: readonly string[] }[]
}

const askLive = 'Take a new snapshot with this version (couplet snapshot), or ask the services: couplet diff --live'
