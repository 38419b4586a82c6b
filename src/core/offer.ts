/**
 * What both sides say, hold and offer in one field row of a pair. The base for merging: no decision is made here.
 */
import { type BySide, type Side, otherSide, sides } from '../config/config.ts'
import type { Base, Prints } from './base.ts'
import {
  type Carried,
  type Lookups,
  type NaturalKeys,
  type RecordQuery,
  blankStandsFor,
  carry,
  said,
  valueAt,
} from './carry.ts'
import type { Bindings } from './expression.ts'
import { keepMark } from './expression-functions.ts'
import type { Fingerprint } from './fingerprint.ts'
import type { CompiledField, CompiledMapping } from './mapping.ts'
import type { NumberQuery } from './number-pattern.ts'
import type { Cell, Row } from './record.ts'
import { type Canonical, canonical } from './values.ts'

/** What the decisions of one mapping share. */
export interface Deciding {
  readonly compiled: CompiledMapping
  readonly fingerprint: Fingerprint
  readonly lookups: Lookups
  readonly bindings: Bindings
}

/** A field row that waits for a coupling. */
export interface Wait {
  readonly field: string
  readonly from: Side
  /** The mapping whose coupling is missing, or that takes the record along. */
  readonly mapping: string
  /** The mapping whose coupling is missing, where another takes the record along. */
  readonly through?: string
  readonly key: string
  /** The record by natural keys, where it is not named by id. */
  readonly keys?: NaturalKeys
  /** What a query asked for in vain, where it is not a coupling that is missing. */
  readonly asked?: string
  /** What the row is for, as its mapping says. */
  readonly about?: string
  /** defer: left for the second pass of this run; sync: take that record along first. */
  readonly policy: 'hold' | 'defer' | 'sync' | 'skip'
}

/** What a side offers the other, in the other's words. */
export type Offer =
  | { readonly kind: 'value'; readonly cell: Cell; readonly canonical: Canonical }
  /** Its blank, or its unknown reference, leaves the other side as it is. */
  | { readonly kind: 'keep' }
  | { readonly kind: 'wait'; readonly wait: Wait }
  | { readonly kind: 'ask'; readonly query: RecordQuery | NumberQuery }

/** One field row of a pair, as it stands. */
export interface Offers {
  readonly field: CompiledField
  readonly values: Readonly<Record<Side, unknown>>
  readonly stands: BySide<Canonical>
  /** Fingerprints now. */
  readonly prints: Prints
  /** Fingerprints of the last agreement. */
  readonly before: Prints | undefined
  readonly offers: BySide<Offer | undefined>
}

/** What is known of the pair while its rows are gone through in order. */
export interface OfferContext {
  readonly deciding: Deciding
  readonly rows: BySide<{ readonly row: Row; readonly id?: string }>
  readonly base: Base
  readonly deferLater: boolean
  /** Translated values so far, by row name and side: for lookups by query. */
  readonly translated: BySide<Map<string, Canonical>>
  /** A decision needs every offer, also of sides that said nothing new. */
  readonly all: boolean
}

/** What both sides say and offer in a field row. */
export async function offersOf(field: CompiledField, context: OfferContext): Promise<Offers> {
  const { rows, deciding, base } = context
  const values = {} as Record<Side, unknown>
  for (const side of sides) {
    const value = field.speaks[side] ? said(field, side, rows[side].row, deciding.bindings) : undefined
    values[side] = value instanceof Promise ? await value : value
  }
  const stands = {
    businessCentral: standsAt(field, 'businessCentral', rows.businessCentral.row),
    sales: standsAt(field, 'sales', rows.sales.row),
  }
  const print = (side: Side): string =>
    deciding.fingerprint(field.speaks[side] ? canonical(values[side], field.saidNorm[side]) : stands[side])
  const prints = { businessCentral: print('businessCentral'), sales: print('sales') }
  const before = base.get(field.rowId)
  const offer = (side: Side): Offer | undefined => {
    const silent = before !== undefined && !context.all && !field.field.refill && before[side] === prints[side]
    return !field.speaks[side] || silent ? undefined : offerOf(field, side, values[side], context)
  }
  return {
    field,
    values,
    stands,
    prints,
    before,
    offers: { businessCentral: offer('businessCentral'), sales: offer('sales') },
  }
}

/** What one side's value is in the other's words. */
export function offerOf(field: CompiledField, from: Side, value: unknown, context: OfferContext): Offer {
  const translated = context.translated[otherSide(from)]
  const carried = carry({
    field,
    from,
    said: value,
    row: context.rows[from].row,
    lookups: context.deciding.lookups,
    translated,
  })
  if (carried.kind === 'value') translated.set(field.field.name, carried.canonical)
  return carried.kind === 'uncoupled' ? uncoupled(field, from, carried, context) : carried
}

function uncoupled(
  field: CompiledField,
  from: Side,
  missing: Extract<Carried, { kind: 'uncoupled' }>,
  context: OfferContext,
): Offer {
  const { whenUncoupled: policy, description } = field.field
  const wait = (how: Wait['policy'], mapping = missing.mapping): Offer => ({
    kind: 'wait',
    wait: {
      field: field.field.name,
      from,
      mapping,
      key: missing.key,
      policy: how,
      ...(missing.keys === undefined ? {} : { keys: missing.keys }),
      ...(missing.asked === undefined ? {} : { asked: missing.asked }),
      ...(missing.asked === undefined || description === undefined ? {} : { about: description }),
      ...(mapping === missing.mapping ? {} : { through: missing.mapping }),
    },
  })
  if (context.deferLater && context.deciding.lookups.runsLater(missing.mapping)) return wait('defer')
  switch (policy.kind) {
    case 'clear':
      return { kind: 'value', cell: null, canonical: null }
    case 'keep':
      return { kind: 'keep' }
    case 'skip':
    case 'hold':
      return wait(policy.kind)
    case 'sync':
      return wait('sync', policy.mapping ?? missing.mapping)
  }
}

/** The fingerprint of what a side says in a field; of what stands there, where it only listens. */
export async function printOf(deciding: Deciding, field: CompiledField, side: Side, row: Row): Promise<string> {
  if (!field.speaks[side]) return deciding.fingerprint(standsAt(field, side, row))
  return deciding.fingerprint(canonical(await said(field, side, row, deciding.bindings), field.saidNorm[side]))
}

/** What stands in a side's own column. */
export function standsAt(field: CompiledField, side: Side, row: Row): Canonical {
  const place = field.place[side]
  return place === undefined ? null : canonical(valueAt(row, place), field.norm[side])
}

/**
 * A side is blank when it says nothing or, where it only listens, holds nothing. Zero and no are not nothing, and
 * neither is a blank that stands for a key (F-10).
 */
export function isBlank(offers: Offers, side: Side): boolean {
  const { field } = offers
  if (offers.values[side] === keepMark) return true
  return field.speaks[side]
    ? canonical(offers.values[side], field.saidNorm[side]) === null && blankStandsFor(field.field, side) === undefined
    : offers.stands[side] === null
}

/** Both values as people know them: what a side says, or holds where it only listens or says something computed. */
export function shownValues(offers: Offers): BySide<Canonical> {
  const { field } = offers
  const value = (side: Side): Canonical =>
    field.speaks[side] && field.compute[side] === undefined
      ? canonical(offers.values[side], field.saidNorm[side])
      : offers.stands[side]
  return { businessCentral: value('businessCentral'), sales: value('sales') }
}
