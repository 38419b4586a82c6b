/** Couplings as a table, to look at in a spreadsheet and to carry elsewhere. */
import type { BySide } from '../config/config.ts'
import type { Seen } from '../core/coupling.ts'
import { writeCsv } from './csv.ts'

const head = ['mapping', 'businessCentral', 'sales', 'businessCentralKeys', 'salesKeys'] as const

/** As CSV: mapping, both ids, and the natural keys of both sides in the form `Item_No=1000&Code=PCS`. */
export function couplingsCsv(
  couplings: Iterable<BySide<Pick<Seen, 'id' | 'keys'>> & { readonly mapping: string }>,
): string {
  const rows = [...couplings].map(({ mapping, businessCentral, sales }) => [
    mapping,
    businessCentral.id,
    sales.id,
    String(new URLSearchParams(businessCentral.keys)),
    String(new URLSearchParams(sales.keys)),
  ])
  return writeCsv([head, ...rows])
}
