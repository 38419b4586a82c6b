/** The field rows of a mapping as a table in words: what each column receives, and under which rules. */
import { otherSide, sideName, sides, travelsTo } from '../config/config.ts'
import type { Field, FirstMatch, Side } from '../config/config.ts'
import { written } from '../core/change.ts'
import type { RowNote } from '../core/documentation.ts'
import { columnOn, lookupText, sayingOf } from '../core/row-words.ts'
import { code, fenced, markdownTable, prose } from './markdown.ts'

/** Expressions that are longer stand below the table. Characters. */
const longest = 60

const arrows = { both: '↔', toSales: '→', toBusinessCentral: '←' } as const

/** A table of the rows, the long expressions below it, and which rows rest. `shared`: rows that rest here are not told. */
export function rowsSection(
  fields: readonly Field[],
  notes: ReadonlyMap<string, RowNote>,
  shared: boolean,
): readonly (readonly string[])[] {
  if (fields.length === 0) return [['No field travels.']]
  const stands = ({ name }: Field): RowNote['stands'] => notes.get(name)?.stands ?? 'inUse'
  const shown = fields.filter((field) => stands(field) === 'inUse' || (shared && stands(field) === 'resting'))
  const table = markdownTable(
    ['row', sideName.businessCentral, '', sideName.sales, 'rules'],
    shown.map((field) => [
      code(field.name),
      cellOf(field, 'businessCentral'),
      arrows[field.direction],
      cellOf(field, 'sales'),
      rulesOf(field, notes.get(field.name)).join('; '),
    ]),
  )
  return [
    table,
    ...shown.flatMap(longExpressions),
    ...restingRows(
      'Switched off',
      fields.filter((field) => stands(field) === 'off'),
    ),
    ...(shared
      ? []
      : restingRows(
          'Resting, because the settings leave them out',
          fields.filter((field) => stands(field) === 'resting'),
        )),
  ]
}

function restingRows(title: string, fields: readonly Field[]): readonly (readonly string[])[] {
  const told = fields.map(
    (field) => `${code(field.name)} (${sides.map((side) => cellOf(field, side)).join(` ${arrows[field.direction]} `)})`,
  )
  return told.length === 0 ? [] : [[`${title}: ${told.join(', ')}.`]]
}

/** A side's column, or what stands in its place: the expression or constant from which the other side receives. */
function cellOf(field: Field, side: Side): string {
  if (field[side] !== undefined || travelsTo(field.direction, side)) return code(columnOn(field, side), Infinity)
  const other = otherSide(side)
  if (!speaks(field, other)) return ''
  const saying = sayingOf(field, other)
  return saying.length > longest ? below : code(saying, Infinity)
}

const below = '(see below)'

/** Whether a row itself says what a side receives; where it does not, its lookup finds it. */
const speaks = (field: Field, side: Side): boolean =>
  expressionFor(field, side) !== undefined || field.value !== undefined || field.number !== undefined

/** The expression that gives a side's value, where no cell shows it. */
const expressionFor = (field: Field, side: Side): string | undefined =>
  travelsTo(field.direction, side) ? field.compute[side === 'sales' ? 'toSales' : 'toBusinessCentral'] : undefined

function longExpressions(field: Field): readonly (readonly string[])[] {
  return sides.flatMap((side) => {
    const text = expressionFor(field, side)
    if (text === undefined || sayingOf(field, side).length <= longest) return []
    return [[`${code(field.name)}: ${sideName[side]} receives`], fenced(text.trim(), 'jsonata')]
  })
}

/** Every rule of a row that is not the usual one, in words. */
function rulesOf(field: Field, note: RowNote | undefined): readonly string[] {
  return [
    ...(note?.description === undefined ? [] : [prose(note.description.replace(/\.$/, ''))]),
    ...(note?.when === undefined ? [] : [`only where ${code(note.when, Infinity)}`]),
    ...sides.flatMap((side) => computedRule(field, side)),
    ...lookupRules(field),
    ...blankRule(field),
    ...onRule(field),
    ...markRules(field),
    ...disputeRules(field),
  ]
}

function computedRule(field: Field, side: Side): readonly string[] {
  const saying = sayingOf(field, side)
  if (expressionFor(field, side) === undefined) return []
  if ([code(saying, Infinity), below].includes(cellOf(field, otherSide(side)))) return []
  return [`${sideName[side]} receives ${saying.length > longest ? 'what is written below' : code(saying, Infinity)}`]
}

const uncoupledWords = {
  clear: 'cleared where that has no partner',
  keep: 'left as it is where that has no partner',
  skip: 'the record is passed over where that has no partner',
} as const

function lookupRules({ lookup, whenUncoupled }: Field): readonly string[] {
  if (lookup === undefined) return []
  const through = `exchanged through ${prose(lookupText(lookup))}`
  if (whenUncoupled.kind === 'hold') return [through]
  if (whenUncoupled.kind !== 'sync') return [through, uncoupledWords[whenUncoupled.kind]]
  const by = whenUncoupled.mapping === undefined ? '' : ` by ${whenUncoupled.mapping}`
  return [through, `the other record is taken along first${by} where it has no partner`]
}

const blankWords = {
  clear: [],
  keep: ['a blank leaves what stands there'],
  write: ['a blank is written into a new record too'],
} as const

const blankRule = ({ blank, blankDefault }: Field): readonly string[] =>
  blank === 'default' ? [`a blank writes ${code(written(blankDefault))}`] : blankWords[blank]

const onWords = {
  always: [],
  create: ['only when the record is created'],
  write: ['whenever anything else of the record is written, and never compared'],
  posted: ['once, when the partner is gone because it was posted'],
  deleted: ['once, when the partner was deleted'],
} as const
const stepWords = {
  main: [],
  before: ['written before the other rows'],
  after: ['written after the other rows'],
} as const

const onRule = ({ on, step }: Field): readonly string[] => [...onWords[on], ...stepWords[step]]

const marks = {
  optional: 'skipped where the organisation lacks the column',
  outside: 'travels also for a coupled record outside the filter',
  refill: 'filled again where somebody emptied it',
  cascade: 'uncoupling the record it refers to uncouples this one too',
  claim: 'says whose the record is: written before the record is taken, cleared when it is let go',
  reveal: 'plans may show it',
} as const

const markRules = (field: Field): readonly string[] => [
  ...(Object.keys(marks) as (keyof typeof marks)[]).filter((mark) => field[mark]).map((mark) => marks[mark]),
  ...(field.type === undefined ? [] : [`compared as ${code(field.type)}`]),
]

function disputeRules({ conflicts, firstMatch }: Field): readonly string[] {
  return [
    ...(conflicts === undefined ? [] : [`edited on both sides: ${conflictWords(conflicts)}`]),
    ...(firstMatch === undefined ? [] : [`at a first match ${firstMatchWords(firstMatch)}`]),
  ]
}

/** What happens where the same field was edited on both sides. */
export function conflictWords(policy: NonNullable<Field['conflicts']>): string {
  if (policy === 'hold') return 'held for a person'
  return policy === 'newest' ? 'the later edit wins' : `${sideName[policy]} wins`
}

/** What happens where two records agree for the first time. */
export function firstMatchWords({ blank, different }: FirstMatch): string {
  const filled = blank === 'fill' ? 'a blank is filled from the other side' : 'a blank opposite a value is held'
  return `${filled}, and where both hold different values ${different === 'hold' ? 'the field is held for a person' : `${sideName[different]} wins`}`
}
