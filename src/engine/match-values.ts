/** What records are matched by: values of both sides in the same words, and the conditions that find them. */
import { type Lookup, type MatchGroup, type Side, otherSide } from '../config/config.ts'
import type { Condition } from '../connector/connector.ts'
import { carry, saidOrFailure, valueAt } from '../core/carry.ts'
import { ExpressionError } from '../core/expression.ts'
import { filterColumns } from '../core/filter.ts'
import { lacksPage } from '../core/decide.ts'
import { type CompiledField, splitPath } from '../core/mapping.ts'
import type { Row } from '../core/record.ts'
import { type Canonical, canonical } from '../core/values.ts'
import { type Session, missingPages } from './session.ts'

/** A row's values in a group, in Sales' words; undefined where one of them is blank: a blank finds nobody. */
export async function valuesOf(...of: Parameters<typeof valuesOrGaps>): Promise<readonly string[] | undefined> {
  const values = await valuesOrGaps(...of)
  return values instanceof Gaps ? undefined : values
}

/** The same; with gaps where an expression fails. */
export async function valuesOrGaps(
  session: Session,
  group: MatchGroup,
  side: Side,
  row: Row,
): Promise<readonly string[] | Gaps | undefined> {
  const values: string[] = []
  let failure: Failure | undefined
  for (const column of group[side]) {
    const said = valueFor(session, group, side, { row, column })
    const raw = said instanceof Promise ? await said : said
    const value = raw instanceof ExpressionError ? '' : comparable(group, raw)
    if (value === undefined) return undefined
    if (raw instanceof ExpressionError) failure ??= { group: session.mapping.match.indexOf(group) + 1, error: raw }
    values.push(value)
  }
  return failure === undefined ? values : new Gaps(values, failure)
}

/** What a row says in a group of which an expression failed. */
export class Gaps {
  /** Empty where the expression failed. */
  readonly values: readonly string[]
  readonly failure: Failure

  constructor(values: readonly string[], failure: Failure) {
    this.values = values
    this.failure = failure
  }
}

/** An expression by which partners are looked for failed on a record. */
export interface Failure {
  /** Of the match rule, from 1. */
  readonly group: number
  readonly error: ExpressionError
}

interface Cell {
  readonly row: Row
  readonly column: string
}

const asText = { type: 'text' } as const

function comparable(group: MatchGroup, value: unknown): string | undefined {
  const text = canonical(value, asText)?.trim()
  if (text === undefined || text === '' || text === '00000000-0000-0000-0000-000000000000') return undefined
  return group.caseSensitive ? text : text.toLowerCase()
}

/** A column that the service can be asked for. */
export const isPlainColumn = (column: string): boolean =>
  !column.startsWith('$') && splitPath(column).page === undefined

/** Whether a record has to be filled up with its pages and joins before it is known to take part, and looked for. */
export function needsPages({ mapping, compiled }: Session, side: Side): boolean {
  const { filter, source } = compiled.sides[side]
  const columns = filter === undefined ? [] : filterColumns(filter).map(({ name }) => name)
  const pages = new Set([...source.with, ...source.joins].map(({ name }) => name))
  // What a lookup exchanges may be told apart by any column of the row.
  if (mapping.match.some(({ lookup }) => Object.keys(lookup).length > 0)) return true
  const all = [...columns, ...mapping.match.flatMap((group) => group[side])]
  return all.some((column) => !isPlainColumn(column) || pages.has(column))
}

/** The value of a column, of a field row (`$row`), or what a lookup makes of it. May be a promise (expressions). */
function valueFor(session: Session, group: MatchGroup, side: Side, cell: Cell): unknown {
  if (cell.column.startsWith('$')) return offeredBy(session, side, cell)
  const raw = valueAt(cell.row, splitPath(cell.column))
  const lookup = side === 'businessCentral' ? group.lookup[cell.column] : undefined
  return lookup === undefined ? raw : exchanged(session, lookup, cell.row, raw)
}

/** The field row that a column of a group names (`$row`); undefined for a row that is switched off. */
const rowNamed = ({ compiled }: Session, column: string): CompiledField | undefined =>
  compiled.fields.find(({ field: { name } }) => name === column.slice(1))

/** Why a group of the match rule looked for no partner of a record: the expression of one of its field rows failed. */
export async function failedGroup(session: Session, side: Side, row: Row): Promise<Failure | undefined> {
  for (const [index, columns] of session.mapping.match.entries())
    for (const column of columns[side]) {
      const field = column.startsWith('$') ? rowNamed(session, column) : undefined
      if (field === undefined || lacksPage(field, missingPages(session))) continue
      const error = await saidOrFailure(field, side, row, session.deciding.bindings)
      if (error instanceof ExpressionError) return { group: index + 1, error }
    }
  return undefined
}

/** What a field row gives for the other side, or the ExpressionError with which it fails. */
async function offeredBy(session: Session, side: Side, cell: Cell): Promise<unknown> {
  const field = rowNamed(session, cell.column)
  if (field === undefined) return undefined
  const value = await saidOrFailure(field, side, cell.row, session.deciding.bindings)
  if (value instanceof ExpressionError) return value
  const { lookup } = field.field
  return lookup === undefined || side === 'sales' ? value : exchanged(session, lookup, cell.row, value)
}

const noneTranslated: ReadonlyMap<string, Canonical> = new Map()

/** A value of Business Central exchanged through couplings, before it is compared. */
function exchanged(session: Session, lookup: Lookup, row: Row, value: unknown): Canonical | undefined {
  const [like] = session.compiled.fields
  if (like === undefined || value === null || value === undefined || value === '') return undefined
  const norms = { businessCentral: { type: 'code' }, sales: { type: 'text' } } as const
  const carried = carry({
    field: { ...like, field: { ...like.field, lookup, blank: 'clear' }, norm: norms, saidNorm: norms },
    from: 'businessCentral',
    said: value,
    row,
    lookups: session.lookups,
    translated: noneTranslated,
  })
  return carried.kind === 'value' ? carried.canonical : undefined
}

/** The condition on the other side that finds the partners of a row; columns that cannot be asked for are compared afterwards. */
export function conditionOf(
  session: Session,
  group: MatchGroup,
  side: Side,
  found: { readonly row: Row; readonly values: readonly string[] | undefined },
): Condition | undefined {
  const target = otherSide(side)
  const condition: Record<string, string | number | boolean> = {}
  if (found.values === undefined) return undefined
  for (const [index, column] of group[target].entries()) {
    const own = group[side][index]
    if (own === undefined || !isPlainColumn(column)) continue
    const raw = isPlainColumn(own) ? found.row[own] : undefined
    const lookup = group.lookup[side === 'businessCentral' ? own : column]
    const value = askedFor(session, lookup, { side, raw, matched: found.values[index] })
    if (value === undefined || value === null) return undefined
    condition[column] = value as string | number | boolean
  }
  return Object.keys(condition).length === 0 ? undefined : condition
}

/** What the other side is asked for: the value as it stands, or what a lookup makes of it. */
function askedFor(
  session: Session,
  lookup: Lookup | undefined,
  { side, raw, matched }: { readonly side: Side; readonly raw: unknown; readonly matched: string | undefined },
): unknown {
  if (lookup === undefined) return raw ?? matched
  return side === 'businessCentral' ? matched : reversed(session, lookup, canonical(raw, { type: 'text' }) ?? '')
}

/** From Sales' words back to Business Central's: a looked-up value becomes the natural key again. */
function reversed(session: Session, lookup: Lookup, value: string): string | undefined {
  if (lookup.kind !== 'coupling') return undefined
  const { mapping, by } = lookup
  if (by === 'id') return session.lookups.partner(mapping, 'sales', value)
  return session.lookups.keyOf(
    mapping,
    'businessCentral',
    value,
    typeof by === 'string' ? by : (Object.keys(by)[0] ?? ''),
  )
}

/** The condition on its own side that finds records with the same values. */
export function ownCondition(group: MatchGroup, side: Side, row: Row): Condition | undefined {
  const condition: Record<string, string | number | boolean> = {}
  for (const column of group[side].filter(isPlainColumn)) {
    const value = row[column]
    if (value === null || value === undefined || value === '') return undefined
    condition[column] = value as string | number | boolean
  }
  return Object.keys(condition).length === 0 ? undefined : condition
}
