/**
 * Pure: values → the body of a write. Business Central has no null, so a cleared field gets its type's blank;
 * Dataverse stores empty text as null, and takes lookups as a binding of a navigation property.
 */
import type { Side } from '../config/config.ts'
import type { Column, Description, Row } from '../core/record.ts'
import { fitsNumber } from '../core/values.ts'
import { blanks } from './blank.ts'
import type { Cell, Refusal, Values } from './connector.ts'
import { isDecimal, isGuid } from './query.ts'

export type Encoded =
  | { readonly kind: 'body'; readonly body: Row }
  /** This record cannot be written; the others can (P5). */
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** The body that stores these values. */
export function encode(side: Side, values: Values, description: Description): Encoded {
  const body: Record<string, unknown> = {}
  for (const [name, cell] of Object.entries(values)) {
    const column = description.columns[name]
    if (column === undefined)
      return refused('UnknownColumn', `there is no column ${name}`, 'Correct the column in the mapping.')
    if (isInexact(cell, column))
      return refused(
        'InexactNumber',
        `${name} would hold a number with more digits than can be sent without losing some`,
        'Round it in the record, or in the mapping until some 15 digits are left: compute with $roundTo.',
      )
    if (side === 'sales' && column.type === 'lookup') {
      const written = lookup(cell, column)
      if (written === undefined)
        return refused(
          'UnknownTarget',
          `the lookup ${name} does not take this kind of record`,
          'Check the field’s lookup in the mapping.',
        )
      Object.assign(body, written)
    } else body[name] = encoders[side](cell, column)
  }
  return { kind: 'body', body }
}

/** A decimal that is a text still: no number holds it. */
const isInexact = (cell: Cell, { type }: Column): boolean =>
  (type === 'decimal' || type === 'money' || type === 'integer') &&
  typeof cell === 'string' &&
  isDecimal(cell) &&
  !fitsNumber(cell)

const refused = (code: string, message: string, remedy: string): Encoded => ({
  kind: 'refused',
  refusal: { code, message, remedy },
})

type Encoder = (cell: Cell, column: Column) => unknown

const encoders: Readonly<Record<Side, Encoder>> = {
  businessCentral: (cell, column) => (cell === null ? blanks[column.type] : idOr(cell)),
  sales: (cell) => (cell === '' ? null : idOr(cell)),
}

/** A reference is written by its id. */
const idOr = (cell: Cell): unknown => (cell !== null && typeof cell === 'object' ? cell.id : cell)

/** Undefined when the lookup does not take the record. */
function lookup(cell: Cell, column: Column): Row | undefined {
  const targets = column.targets ?? []
  if (cell === null || cell === '') {
    return Object.fromEntries(targets.map((target) => [`${target.navigation}@odata.bind`, null]))
  }
  const set = typeof cell === 'object' ? cell.set : onlySet(targets)
  const id = typeof cell === 'object' ? cell.id : String(cell)
  const target = targets.find((one) => one.set === set)
  if (target === undefined || !isGuid(id)) return undefined
  return { [`${target.navigation}@odata.bind`]: `/${target.set}(${id.toLowerCase()})` }
}

const onlySet = (targets: NonNullable<Column['targets']>): string | undefined =>
  targets.length === 1 ? targets[0]?.set : undefined
