/** What changed in the field rows of a mapping: which column receives what, and under which rules. */
import { otherSide, sides, travelsTo } from '../config/config.ts'
import type { Direction, Field, Lookup, Mapping, Side } from '../config/config.ts'
import { compareFacts, written } from './change.ts'
import type { Change, Fact } from './change.ts'
import { expressionMeaning } from './expression-meaning.ts'
import { columnOn, lookupText, sayingOf } from './row-words.ts'

type Path = readonly (string | number)[]

/** Rows and their direction, as they stand in a mapping or in its lines. */
export interface Rows {
  readonly mapping: string
  readonly direction: Direction
  readonly fields: readonly Field[]
  /** Where the rows stand in the file. */
  readonly path: Path
}

/** Rows of a mapping: `fields`, or `lines.fields` for the lines of its documents. */
export const rowsOf = ({ direction, fields }: Mapping, mapping: string, path: Path = []): Rows => ({
  mapping,
  direction,
  fields,
  path: [...path, 'fields'],
})

/** Every row that is new, gone or different. A row that only follows its mapping's direction is no change of its own. */
export function compareRows(base: Rows, head: Rows): readonly Change[] {
  const old = new Map(base.fields.map((field) => [field.name, field]))
  const now = new Map(head.fields.map((field) => [field.name, field]))
  return [...new Set([...now.keys(), ...old.keys()])].flatMap((name) => {
    const [was, is] = [old.get(name), now.get(name)]
    if (was !== undefined && is !== undefined)
      return compareFacts(head.mapping, factsOfRow(was, base), factsOfRow(is, head)).filter(
        (change) => !followsDirection(change, [base, was], [head, is]),
      )
    return [wholeRow(name, was, is, head)]
  })
}

function wholeRow(name: string, was: Field | undefined, is: Field | undefined, { mapping, path }: Rows): Change {
  const [before, after] = [was, is].map((field) => (field === undefined ? undefined : rowText(field)))
  const change = is === undefined ? 'removed' : 'added'
  const place = { file: 'mapping' as const, path: [...path, name] }
  return { mapping, part: 'row', change, name, side: undefined, before, after, users: [], place }
}

/** ``telephone1` receives `phoneNumber`, `phoneNumber` receives `telephone1``: a row in short. */
function rowText(field: Field): string {
  const parts = sides
    .filter((side) => travelsTo(field.direction, side))
    .map((side) => `\`${columnOn(field, side)}\` receives \`${sayingOf(field, side)}\``)
  return parts.join(', ')
}

/** The direction of the mapping changed, and that of the row with it. */
function followsDirection({ part, change }: Change, [base, was]: [Rows, Field], [head, is]: [Rows, Field]): boolean {
  const follows = was.direction === base.direction && is.direction === head.direction
  return part === 'receives' && change !== 'changed' && base.direction !== head.direction && follows
}

/** How what is received compares: an expression by its tree. */
function meaningOf(field: Field, side: Side): string {
  const compute = side === 'sales' ? field.compute.toSales : field.compute.toBusinessCentral
  // A constant 3 and the text '3' are written to a column as two things.
  const expression = compute ?? field[otherSide(side)]
  return expression === undefined
    ? `${sayingOf(field, side)} ${JSON.stringify(field.value) ?? ''}`
    : expressionMeaning(expression)
}

function factsOfRow(field: Field, rows: Rows): readonly Fact[] {
  const at = (...path: Path): Fact['place'] => ({ file: 'mapping', path: [...rows.path, field.name, ...path] })
  const received = sides
    .filter((side) => travelsTo(field.direction, side))
    .map((side): Fact => ({
      part: 'receives',
      name: columnOn(field, side),
      side,
      text: sayingOf(field, side),
      meaning: meaningOf(field, side),
      place: at('compute', side === 'sales' ? 'toSales' : 'toBusinessCentral'),
    }))
  const lookup: readonly Fact[] =
    field.lookup === undefined
      ? []
      : [
          {
            part: 'lookup',
            name: field.name,
            text: lookupText(field.lookup),
            meaning: written(field.lookup),
            place: at('lookup'),
          },
        ]
  const rules = Object.entries(rulesOf(field)).map(([key, value]): Fact => ({
    part: 'policy',
    name: `${field.name}.${key}`,
    text: written(value),
    place: at(key),
  }))
  return [...received, ...lookup, ...rules.filter(({ text }) => text !== 'undefined')]
}

/** Everything of a row that is not said by what its columns receive. */
function rulesOf({ blank, blankDefault, ...field }: Field): Readonly<Record<string, unknown>> {
  const { on, step, optional, outside, refill, cascade, claim, type, reveal, conflicts, firstMatch, number } = field
  return {
    blank: blank === 'default' ? { default: blankDefault } : blank,
    whenUncoupled: field.lookup === undefined ? undefined : uncoupledText(field.whenUncoupled),
    on,
    step,
    optional,
    outside,
    refill,
    cascade,
    claim,
    type,
    reveal,
    conflicts,
    firstMatch,
    number,
  }
}

const uncoupledText = (rule: Field['whenUncoupled']): unknown =>
  rule.kind === 'sync' && rule.mapping !== undefined ? { sync: rule.mapping } : rule.kind

/** Mappings through whose couplings a lookup exchanges references. */
export function mappingsOfLookup(lookup: Lookup | undefined): readonly string[] {
  if (lookup === undefined || lookup.kind === 'query') return []
  if (lookup.kind === 'coupling') return [lookup.mapping]
  return Object.values(lookup.cases).flatMap((each) => mappingsOfLookup(each ?? undefined))
}
