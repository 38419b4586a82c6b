/**
 * A mapping made ready to run: columns looked up in the services' descriptions, expressions compiled, the columns to
 * read collected. Pure: the descriptions are handed in.
 */
import {
  type BySide,
  type Field,
  type Join,
  type Lines,
  type Mapping,
  type Side,
  type Source,
  otherSide,
  sides,
  travelsTo,
} from '../config/config.ts'
import { columnsOfAside } from './aside.ts'
import { type Expression, compileExpression } from './expression.ts'
import { type ParsedFilter, parseFilter } from './filter.ts'
import { shortHash } from './fingerprint.ts'
import { type CompiledOne, compileOne, pathsOfOne } from './one.ts'
import { type CoupledKey, columnsOf, sendable, sideFilter } from './side-filter.ts'
import { pathsOfLines } from './line-paths.ts'
import { columnsOfLookup } from './lookup-columns.ts'
import { type NumberPattern, parseNumberPattern } from './number-pattern.ts'
import type { Column, Description } from './record.ts'
import type { Norm } from './values.ts'

export interface CompiledMapping {
  readonly mapping: Mapping
  readonly sides: BySide<CompiledSide>
  readonly fields: readonly CompiledField[]
  /** Values for new records of that side, in the order in which they are tried. */
  readonly defaults: BySide<readonly CompiledTemplate[]>
  /** The order in which prints are packed. */
  readonly layout: { readonly id: string; readonly rows: readonly string[] }
  readonly timeZone: string
  /** The lines of a document, as a mapping of their own. */
  readonly lines: CompiledLines | undefined
}

/** Lines ready to be decided with their document. */
export interface CompiledLines {
  readonly lines: Lines
  readonly compiled: CompiledMapping
  /** Expression over that side's document that gives its lines for the other side. */
  readonly compute: BySide<Expression | undefined>
}

export interface CompiledSide {
  readonly side: Side
  readonly source: Source
  readonly description: Description
  /** Joins that no row reads: they only tell which main rows to look at. */
  readonly triggersOnly: ReadonlySet<string>
  /** Columns of the main entity to read. */
  readonly select: readonly string[]
  /** Page or join name → columns to read of it. */
  readonly selectOf: Readonly<Record<string, readonly string[]>>
  readonly filter: ParsedFilter | undefined
  /** Only a record inside it may get a partner that is created. */
  readonly creates: ParsedFilter | undefined
  /** The filter for rows that change without moving their stamp. */
  readonly recheck: ParsedFilter | undefined
  /** Several rows of this side are one record. */
  readonly one: CompiledOne | undefined
  /** The filter as it may be sent: without what it says of joined rows. */
  readonly sendFilter: string | undefined
}

/** Values for a new record, written where the filter takes the source record. */
export interface CompiledTemplate {
  readonly name: string
  readonly filter: ParsedFilter | undefined
  readonly wins: boolean
  readonly fields: readonly CompiledField[]
}

/** Where a value of a field stands on one side. */
export interface Place {
  /** Name of the `with` page, or undefined for the main entity. */
  readonly page: string | undefined
  readonly column: string
  readonly info: Column | undefined
}

export interface CompiledField {
  readonly field: Field
  /** `name@hash`: a changed row has another id, and no base. */
  readonly rowId: string
  /** Whether values travel from that side. */
  readonly speaks: BySide<boolean>
  readonly place: BySide<Place | undefined>
  /** How that side's own column compares. */
  readonly norm: BySide<Norm>
  /** How what that side says compares: in the target's words, or in its own where a lookup follows. */
  readonly saidNorm: BySide<Norm>
  /** The number that a new record gets where the source says none. */
  readonly number: NumberPattern | undefined
  /** Expression over that side's row. */
  readonly compute: BySide<Expression | undefined>
  /** Pages and joins that the row needs on that side. */
  readonly needs: BySide<readonly string[]>
}

/** Descriptions of a side: its main entity, and its pages by name. */
export interface SideDescriptions {
  readonly main: Description
  readonly pages: Readonly<Record<string, Description>>
  /** The lines of a document. */
  readonly lines?: Description
}

/**
 * Compiles a mapping. Rows and conditions marked `optional` whose column the service lacks are left out.
 * `{coupled.NAME}` in filters stands for what `coupledKey` gives; without it, for nothing.
 */
export function compileMapping(
  mapping: Mapping,
  descriptions: BySide<SideDescriptions>,
  timeZone: string,
  coupledKey: CoupledKey = () => undefined,
): CompiledMapping {
  const fields = mapping.fields
    .filter((field) => !isMissing(field, mapping, descriptions))
    .map((field) => compileField(field, descriptions, timeZone))
  const rows = fields.filter(({ field }) => field.on === 'always').map(({ rowId }) => rowId)
  const templates = (side: Side): readonly CompiledTemplate[] =>
    mapping.defaults[side].map(({ name, filter, wins, fields }) => ({
      name,
      filter: filter === undefined ? undefined : parseFilter(filter),
      wins,
      fields: fields.map((field) => compileField(field, descriptions, timeZone)),
    }))
  const defaults = { businessCentral: templates('businessCentral'), sales: templates('sales') }
  const lines = compileLines(mapping, descriptions, timeZone)
  const parts = { mapping, fields, defaults, descriptions, timeZone, lines, coupledKey }
  return {
    mapping,
    sides: { businessCentral: compileSide('businessCentral', parts), sales: compileSide('sales', parts) },
    fields,
    defaults,
    layout: { id: shortHash(rows.join('\n')).slice(0, 6), rows },
    timeZone,
    lines,
  }
}

/** Lines are compiled as any mapping. Columns that only their expression gives are not the service's. */
function compileLines(
  { lines }: Mapping,
  descriptions: BySide<SideDescriptions>,
  timeZone: string,
): CompiledLines | undefined {
  const [businessCentral, sales] = [descriptions.businessCentral.lines, descriptions.sales.lines]
  if (lines === undefined || businessCentral === undefined || sales === undefined) return undefined
  const own = {
    businessCentral: { main: businessCentral, pages: {} },
    sales: { main: sales, pages: {} },
  }
  const { toSales, toBusinessCentral } = lines.compute
  return {
    lines,
    compiled: compileMapping(lines.mapping, own, timeZone),
    compute: {
      businessCentral: toSales === undefined ? undefined : compileExpression(toSales),
      sales: toBusinessCentral === undefined ? undefined : compileExpression(toBusinessCentral),
    },
  }
}

/** Splits `page.column`. */
export function splitPath(path: string): { readonly page: string | undefined; readonly column: string } {
  const dot = path.indexOf('.')
  return dot < 0 ? { page: undefined, column: path } : { page: path.slice(0, dot), column: path.slice(dot + 1) }
}

function compileField(field: Field, descriptions: BySide<SideDescriptions>, timeZone: string): CompiledField {
  const place = {
    businessCentral: placeOf('businessCentral', field, descriptions),
    sales: placeOf('sales', field, descriptions),
  }
  const compute = {
    businessCentral: field.compute.toSales === undefined ? undefined : compileExpression(field.compute.toSales),
    sales:
      field.compute.toBusinessCentral === undefined ? undefined : compileExpression(field.compute.toBusinessCentral),
  }
  const norm = normsOf(field, place, timeZone)
  const saidNorm = (side: Side): Norm => (field.lookup === undefined ? norm[otherSide(side)] : norm[side])
  return {
    field,
    rowId: `${field.name}@${field.hash}`,
    speaks: {
      businessCentral: travelsTo(field.direction, 'sales'),
      sales: travelsTo(field.direction, 'businessCentral'),
    },
    place,
    norm,
    saidNorm: { businessCentral: saidNorm('businessCentral'), sales: saidNorm('sales') },
    compute,
    number: field.number === undefined ? undefined : parseNumberPattern(field.number),
    needs: {
      businessCentral: needsOf(place.businessCentral, compute.businessCentral),
      sales: needsOf(place.sales, compute.sales),
    },
  }
}

function placeOf(side: Side, field: Field, descriptions: BySide<SideDescriptions>): Place | undefined {
  const path = field[side]
  if (path === undefined) return undefined
  const { page, column } = splitPath(path)
  const description = page === undefined ? descriptions[side].main : descriptions[side].pages[page]
  return { page, column, info: description?.columns[column] }
}

const needsOf = (place: Place | undefined, expression: Expression | undefined): readonly string[] =>
  [...new Set([place?.page, ...(expression?.columns ?? []).map((path) => splitPath(path).page)])].filter(
    (page) => page !== undefined,
  )

/** Plain copies compare in the coarser form of both columns; where a value is exchanged or computed, each side in its own. */
function normsOf(field: Field, place: BySide<Place | undefined>, timeZone: string): BySide<Norm> {
  const own = (side: Side): Norm => normOf(field, side, place[side]?.info, timeZone)
  const [businessCentral, sales] = [own('businessCentral'), own('sales')]
  const exchanged =
    field.lookup !== undefined || field.compute.toSales !== undefined || field.compute.toBusinessCentral !== undefined
  if (exchanged || place.businessCentral === undefined || place.sales === undefined) return { businessCentral, sales }
  const shared = coarser(businessCentral, sales)
  return { businessCentral: shared, sales: shared }
}

function normOf(field: Field, side: Side, column: Column | undefined, timeZone: string): Norm {
  const type = field.type ?? column?.type ?? (field.lookup === undefined ? 'text' : 'code')
  const keyType = side === 'businessCentral' && field.lookup !== undefined && type === 'text' ? 'code' : type
  return { type: keyType, maxLength: column?.maxLength, precision: column?.precision, timeZone }
}

/** Which type wins when two columns of different types are copied plainly. */
const rank = [
  'code',
  'date',
  'integer',
  'money',
  'decimal',
  'boolean',
  'dateTime',
  'choice',
  'lookup',
  'guid',
  'text',
] as const

function coarser(a: Norm, b: Norm): Norm {
  const type = rank.find((candidate) => candidate === a.type || candidate === b.type) as Norm['type']
  return {
    type,
    maxLength: least(a.maxLength, b.maxLength),
    precision: least(a.precision, b.precision),
    timeZone: a.timeZone,
  }
}

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b)

function isMissing(field: Field, mapping: Mapping, descriptions: BySide<SideDescriptions>): boolean {
  if (!field.optional) return false
  return sides.some((side) => {
    const place = placeOf(side, field, descriptions)
    return place !== undefined && place.info === undefined && mapping[side].entity !== undefined
  })
}

const parsedOrNone = (text: string | undefined): ParsedFilter | undefined =>
  text === undefined ? undefined : parseFilter(text)

/** What of a mapping is compiled before its sides. */
interface Parts extends Pick<CompiledMapping, 'mapping' | 'fields' | 'defaults' | 'timeZone' | 'lines'> {
  readonly descriptions: BySide<SideDescriptions>
  readonly coupledKey: CoupledKey
}

/** The rows of a line see their document under this name. */
const documentName = 'document'

function compileSide(side: Side, parts: Parts): CompiledSide {
  const { mapping, descriptions, timeZone, lines, coupledKey } = parts
  const source = mapping[side]
  const filter = sideFilter(side, source, descriptions[side].main, coupledKey)
  const extra = new Set([...source.with, ...source.joins].map(({ name }) => name)).add(documentName)
  const one = side === 'sales' || mapping.one === undefined ? undefined : compileOne(mapping.one, timeZone)
  const [recheck, creates] = [source.recheck, source.creates].map(parsedOrNone)
  const ofFilters = [filter, recheck, creates].flatMap(columnsOf)
  const ofLines = lines === undefined ? [] : pathsOfLines(lines, side)
  const paths = [...pathsOf(side, parts), ...ofFilters, ...(one === undefined ? [] : pathsOfOne(one)), ...ofLines]
  return {
    side,
    source,
    description: descriptions[side].main,
    triggersOnly: new Set(source.joins.filter((join) => join.triggers && !isRead(join, paths, source)).map(nameOf)),
    ...columnsToRead(paths, source, extra),
    filter,
    recheck,
    creates,
    one,
    sendFilter: filter === undefined ? undefined : sendable(filter, extra),
  }
}

/** Paths sorted out by where they are read: the main entity, or one of the pages and joins in `extra`. */
function columnsToRead(
  paths: readonly string[],
  source: Source,
  extra: ReadonlySet<string>,
): Pick<CompiledSide, 'select' | 'selectOf'> {
  const select = new Set<string>()
  const selectOf = new Map<string, Set<string>>()
  for (const path of paths) {
    const { page, column } = splitPath(path)
    if (page !== undefined && extra.has(page)) addTo(selectOf, page, column.split('.')[0] as string)
    else if (!extra.has(page ?? column)) select.add(page ?? column)
  }
  for (const join of source.joins) for (const column of join.select) addTo(selectOf, join.name, column)
  return {
    select: [...select].sort(),
    selectOf: Object.fromEntries([...selectOf].map(([name, columns]) => [name, [...columns].sort()])),
  }
}

const nameOf = ({ name }: { readonly name: string }): string => name

/** Whether anything but its own link speaks of a join. */
function isRead({ name, on }: Join, paths: readonly string[], { joins }: Source): boolean {
  const links = new Set(Object.keys(on).map((column) => `${name}.${column}`))
  const fromLater = joins.flatMap((join) => Object.values(join.on))
  const speaks = (path: string): boolean => path === name || path.startsWith(`${name}.`)
  return paths.some((path) => speaks(path) && !links.has(path)) || fromLater.some(speaks)
}

function addTo(sets: Map<string, Set<string>>, name: string, value: string): void {
  const known = sets.get(name)
  if (known === undefined) sets.set(name, new Set([value]))
  else known.add(value)
}

/** Every column that anything of the mapping reads or writes on that side, as `column` or `page.column`. */
function pathsOf(side: Side, { mapping, fields, defaults }: Parts): string[] {
  const source = mapping[side]
  const paths = [...source.keys, ...(source.reference === undefined ? [] : [source.reference])]
  const templates = [...defaults.businessCentral, ...defaults.sales]
  for (const { filter } of defaults[otherSide(side)]) paths.push(...columnsOf(filter))
  for (const { field, compute } of [...fields, ...templates.flatMap((template) => template.fields)]) {
    paths.push(...pathsOfField(field, compute[side], side))
  }
  paths.push(...(side === 'businessCentral' ? actAsColumns(mapping) : columnsOfAside(mapping)))
  for (const group of mapping.match) paths.push(...group[side].filter((column) => !column.startsWith('$')))
  for (const page of [...source.with, ...source.joins]) {
    const hangsOn = Object.values(page.on).filter((path) => path !== '$id')
    paths.push(...hangsOn, ...Object.keys(page.on).map((column) => `${page.name}.${column}`))
  }
  for (const { name, latest } of source.joins) if (latest !== undefined) paths.push(`${name}.${latest}`)
  return paths
}

function pathsOfField(field: Field, compute: Expression | undefined, side: Side): readonly string[] {
  // What is written at the end of a pair is read from the posted document.
  if (isEnding(field) && !travelsTo(field.direction, side)) return []
  const column = field[side]
  return [
    ...(column === undefined ? [] : [column]),
    ...(compute?.columns ?? []).filter((path) => path !== '*'),
    ...lookupColumns(field, side),
  ]
}

/** Whether a row is written when its pair comes to its end, and never else. */
export const isEnding = ({ on }: Field): boolean => on === 'posted' || on === 'deleted'

/** Columns that name the person as whom Sales is written. */
function actAsColumns({ actAs }: Mapping): readonly string[] {
  if (actAs?.kind !== 'coupled') return []
  return [actAs.column, ...columnsOfLookup(actAs.lookup, 'businessCentral')]
}

function lookupColumns(field: Field, side: Side): readonly string[] {
  if (field.lookup === undefined || !travelsTo(field.direction, otherSide(side))) return []
  return columnsOfLookup(field.lookup, side)
}
