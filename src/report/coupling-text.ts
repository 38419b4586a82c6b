/** Couplings as a table: which record of one side is which record of the other. */
import type { BySide } from '../config/config.ts'
import type { Paint } from './paint.ts'
import { table } from './table.ts'
import { count, thousands } from './words.ts'

/** One pair as it is listed. */
export interface ListedCoupling extends BySide<{
  readonly id: string
  readonly keys: Readonly<Record<string, string>>
}> {
  readonly mapping: string
  /** Outside the filter: it rests until it returns. */
  readonly paused: boolean
  /** Something of it waits. */
  readonly held: boolean
}

/** The first `most` pairs as a table, and how many there are. */
export function couplingsText(list: readonly ListedCoupling[], paint: Paint, most: number): string {
  if (list.length === 0) return 'No couplings.'
  const columns = ['mapping', 'Business Central', 'Sales', ''].map((title) => ({ title }))
  const rows = list
    .slice(0, most)
    .map((one) => [
      one.mapping,
      named(one.businessCentral),
      named(one.sales),
      one.held ? { text: 'held', paint: paint.yellow } : one.paused ? { text: 'paused', paint: paint.dim } : '',
    ])
  const more =
    list.length > most ? [`… and ${thousands(list.length - most)} more; --most N shows more, --json all`] : []
  return [table(columns, rows, paint.bold), ...more, paint.dim(count(list.length, 'coupling'))].join('\n')
}

/** `10000 (5d115c9c-…)`: keys, then the id. */
function named({ id, keys }: { readonly id: string; readonly keys: Readonly<Record<string, string>> }): string {
  const values = Object.values(keys)
  return values.length === 0 || values.includes(id) ? id : `${values.join(' ')}  ${id}`
}
