/**
 * A record that was created by us has further pages, which the create could not carry. As long as nobody has touched the
 * record since, what stands on them is the service's own (a name that it split, a template's currency): the record that
 * it was created from speaks, as it does in the create's own columns (P2, P4).
 */
import { type BySide, type Side, otherSide, travelsTo } from '../config/config.ts'
import type { Base, Prints } from './base.ts'
import { saidOrFailure } from './carry.ts'
import type { Fresh } from './coupling.ts'
import { lacksPageRow, printsTo } from './decide.ts'
import { ExpressionError } from './expression.ts'
import { versionOf } from './fingerprint.ts'
import type { CompiledField } from './mapping.ts'
import { type Deciding, standsAt } from './offer.ts'
import type { Loaded } from './record.ts'
import { canonical } from './values.ts'

/** Whether the row is as its create left it. */
export const isFresh = ({ side, version }: Fresh, { [side]: row }: BySide<Loaded | undefined>): boolean =>
  row !== undefined && versionOf(row) === version

/**
 * The base of the rows on the pages of a fresh record: what stands there is known, and what the source says is news. A
 * blank is none, unless the row writes blanks into new records: what the service gave is then carried back. What cannot be
 * told because its expression fails is news too, as soon as it can (P5): the decision holds that row alone.
 */
export async function freshBase(deciding: Deciding, to: Side, rows: BySide<Loaded>, known: Base): Promise<Base> {
  const base = new Map<string, Prints>()
  const from = otherSide(to)
  for (const field of deciding.compiled.fields) {
    if (known.has(field.rowId) || !isOnPage(field, to) || !field.speaks[from] || lacksPageRow(deciding, field, rows))
      continue
    const value = await saidOrFailure(field, from, rows[from].row, deciding.bindings)
    const isBlank = !(value instanceof ExpressionError) && canonical(value, field.saidNorm[from]) === null
    if (isBlank && field.field.blank !== 'write') continue
    const stands = deciding.fingerprint(standsAt(field, to, rows[to].row))
    base.set(field.rowId, printsTo(to, isBlank ? stands : deciding.fingerprint(null), stands))
  }
  return base
}

const isOnPage = ({ field, place }: CompiledField, to: Side): boolean =>
  field.on === 'always' && travelsTo(field.direction, to) && place[to]?.page !== undefined
