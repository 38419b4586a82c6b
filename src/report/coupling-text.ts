/** Couplings as a table: which record of one side is which record of the other. */
import type { BySide, Side } from '../config/config.ts'
import type { HeldKind } from '../core/coupling.ts'
import { shownValue } from './masks.ts'
import type { Paint } from './paint.ts'
import { reasonOf } from './reasons.ts'
import { type Cell, table } from './table.ts'
import { count, sideName, thousands } from './words.ts'

/** One pair as it is listed. */
export interface ListedCoupling extends BySide<{
  readonly id: string
  readonly keys: Readonly<Record<string, string>>
}> {
  readonly mapping: string
  /** Outside the filter: it rests until it returns. */
  readonly paused: boolean
  /** One of its records was posted, or deleted for good: it is only remembered. */
  readonly over: boolean
  /** Something of it waits. */
  readonly held: boolean
}

/** The first `most` pairs as a table, and how many there are. */
export function couplingsText(list: readonly ListedCoupling[], paint: Paint, most: number): string {
  if (list.length === 0) return 'No couplings.'
  const columns = ['mapping', 'Business Central', 'Sales', ''].map((title) => ({ title }))
  const rows = list
    .slice(0, most)
    .map((one) => [one.mapping, named(one.businessCentral), named(one.sales), standing(one, paint)])
  const more =
    list.length > most ? [`… and ${thousands(list.length - most)} more; --most N shows more, --json all`] : []
  return [table(columns, rows, paint.bold), ...more, paint.dim(count(list.length, 'coupling'))].join('\n')
}

function standing({ held, over, paused }: ListedCoupling, paint: Paint): Cell {
  if (held) return { text: 'held', paint: paint.yellow }
  if (over) return { text: 'over', paint: paint.dim }
  return paused ? { text: 'paused', paint: paint.dim } : ''
}

/** `10000 (5d115c9c-…)`: keys, then the id. */
function named({ id, keys }: { readonly id: string; readonly keys: Readonly<Record<string, string>> }): string {
  const values = Object.values(keys)
  return values.length === 0 || values.includes(id) ? id : `${values.join(' ')}  ${id}`
}

/** A record without a partner. */
export interface UncoupledTold {
  readonly mapping: string
  readonly side: Side
  readonly id: string
  readonly number: string | undefined
  /** A business value. */
  readonly name: string | null
  readonly held: HeldKind | undefined
}

/** Records without a partner as a table; names only where values may be shown (P8). */
export function uncoupledText(
  list: readonly UncoupledTold[],
  { paint, most, showValues }: { readonly paint: Paint; readonly most: number; readonly showValues: boolean },
): string {
  if (list.length === 0) return paint.green('Every record has its partner.')
  const columns = ['number', 'id', 'name', 'last run'].map((title) => ({ title, most: 44 }))
  const rows = list
    .slice(0, most)
    .map(({ number, id, name, held }) => [
      number ?? '',
      id,
      shownValue(name, showValues) ?? '',
      held === undefined ? 'not looked at' : reasonOf(held).short,
    ])
  const more =
    list.length > most ? [`… and ${thousands(list.length - most)} more; --most N shows more, --json all`] : []
  const [first] = list
  const side = first === undefined ? '' : ` of ${sideName[first.side]}`
  return [
    table(columns, rows, paint.bold),
    ...more,
    paint.dim(count(list.length, `record${side} without a partner`, `records${side} without a partner`)),
  ].join('\n')
}

/** The same as a document, names masked as in the text. */
export const uncoupledJson = (list: readonly UncoupledTold[], showValues: boolean): object =>
  list.map((one) => ({ ...one, name: shownValue(one.name, showValues) }))
