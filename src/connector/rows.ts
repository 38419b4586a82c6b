/**
 * Pure: a row as the service sends it → an Upsert. P9: a property that is absent from an answer is an error, never a
 * blank, because a blank would be carried to the other side.
 */
import type { Side } from '../config/config.ts'
import type { Change, Column, Description, Row, Upsert } from '../core/record.ts'
import { ConnectorError } from '../errors.ts'
import { sideName } from './failure.ts'
import { keyOf, sameId } from './query.ts'

/** How the rows of one collection are read. */
export interface Shape {
  readonly side: Side
  /** Name in messages. */
  readonly what: string
  readonly description: Description
  /** Columns by logical name. */
  readonly select: readonly string[]
  /** Column with the time of change. */
  readonly modified: string | undefined
}

/** The property under which a column is read: Dataverse shows a lookup's id as `_name_value`. */
export const propertyOf = (side: Side, name: string, column: Column | undefined): string =>
  side === 'sales' && column?.type === 'lookup' ? `_${name}_value` : name

/** Everything to be asked for: the wanted columns, the key and the stamp, each once. */
export function properties(shape: Shape): readonly string[] {
  return askedFor(shape).all
}

/** Throws ConnectorError 'broken' when the row is no row or lacks a column that was asked for. */
export function upsertOf(raw: unknown, shape: Shape): Upsert {
  const row = asRow(raw, shape)
  const id = keyOf(row, shape.description)
  if (id === undefined) throw absent(shape, shape.description.key.join(', '))
  const part = selected(row, shape)
  if (typeof part === 'string') throw absent(shape, part)
  return { kind: 'upsert', id, etag: etagOf(row), modified: stampOf(row, shape), row: part }
}

/** A row of a delta answer: changed, or removed (`reason`, with the bare id). */
export function changeOf(raw: unknown, shape: Shape): Change {
  const row = asRow(raw, shape)
  const context = row['@odata.context']
  const removed = row['reason'] !== undefined && typeof context === 'string' && context.endsWith('/$deletedEntity')
  if (!removed) return upsertOf(row, shape)
  if (typeof row['id'] !== 'string') throw absent(shape, 'id')
  return { kind: 'tombstone', id: sameId(row['id']) }
}

/** The selected columns, or undefined when the answer does not hold them all: what a write's answer may be. */
export function partOf(raw: unknown, shape: Shape): Row | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined
  const part = selected(raw as Row, shape)
  return typeof part === 'string' ? undefined : part
}

/** The version mark of a row in an answer. */
export function etagOf(raw: unknown): string | undefined {
  const etag = typeof raw === 'object' && raw !== null ? (raw as Row)['@odata.etag'] : undefined
  return typeof etag === 'string' ? etag : undefined
}

/** The time of change of a row in an answer, in UTC with milliseconds, so that stamps compare as text. */
export function stampOf(raw: Row, shape: Shape): string | undefined {
  const value = shape.modified === undefined ? undefined : raw[shape.modified]
  if (typeof value === 'string' && utcMoment.test(value)) return value
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? undefined : new Date(time).toISOString()
}

/** A moment as we keep it already. */
const utcMoment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** The selected columns, or the name of one that is not there. */
function selected(row: Row, shape: Shape): Row | string {
  const out: Record<string, unknown> = {}
  for (const [name, own] of askedFor(shape).selected) {
    const value = Object.hasOwn(row, own) ? row[own] : undefined
    if (value === undefined) return name
    out[name] = value
  }
  return out
}

/** What is asked for, in the service's own names. */
interface Asked {
  /** Of which shape. */
  readonly of: Shape
  readonly all: readonly string[]
  /** Column and property. */
  readonly selected: readonly (readonly [name: string, own: string])[]
}

/** By the list of columns, which all the rows and records of a mapping share. */
const asked = new WeakMap<Shape['select'], Asked>()

function askedFor(shape: Shape): Asked {
  const known = asked.get(shape.select)
  if (known !== undefined && isLike(known.of, shape)) return known
  const { side, description, select, modified } = shape
  const own = (name: string): string => propertyOf(side, name, description.columns[name])
  const names = [...description.key, ...(modified === undefined ? [] : [modified]), ...select]
  const made = {
    of: shape,
    all: [...new Set(names)].map(own),
    selected: select.map((name) => [name, own(name)] as const),
  }
  asked.set(select, made)
  return made
}

const isLike = (one: Shape, other: Shape): boolean =>
  one.side === other.side && one.description === other.description && one.modified === other.modified

function asRow(raw: unknown, shape: Shape): Row {
  if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) return raw as Row
  throw new ConnectorError(shape.side, 'broken', {
    message: `${sideName[shape.side]} sent something that is no row of ${shape.what}`,
    remedy: 'Check `url` of the connection: something between here and the service may have answered.',
  })
}

function absent(shape: Shape, column: string): ConnectorError {
  return new ConnectorError(shape.side, 'broken', {
    message: `${sideName[shape.side]} left ${column} out of a row of ${shape.what}`,
    remedy: 'Check that the user may read the column, and the column’s name in the mapping.',
  })
}
