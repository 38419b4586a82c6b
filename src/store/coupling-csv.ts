/** Couplings as a table: to look at in a spreadsheet, and to bring pairs that were coupled by other means. */
import type { Side } from '../config/config.ts'
import { StateError } from '../errors.ts'
import { parseCsv, writeCsv } from './csv.ts'
import type { PortableStore } from './mapping-content.ts'
import type { Entry } from './store.ts'

const csvHead = ['mapping', 'businessCentral', 'sales', 'businessCentralKeys', 'salesKeys'] as const

/** All couplings as CSV: mapping, both ids, and the natural keys of both sides in the form `Item_No=1000&Code=PCS`. */
export function exportCouplings(store: PortableStore): string {
  const rows = store
    .mappings()
    .flatMap((name) =>
      store
        .content(name)
        .couplings.map(({ businessCentral, sales }) => [
          name,
          businessCentral.id,
          sales.id,
          String(new URLSearchParams(businessCentral.keys)),
          String(new URLSearchParams(sales.keys)),
        ]),
    )
  return writeCsv([csvHead, ...rows])
}

/**
 * Couples the pairs of a CSV as `exportCouplings` writes it; the columns of keys may be missing. The new couplings have
 * no base, so their first run is a first match; a pair that is coupled already stays as it is. Needs the lock. Throws
 * StateError naming the line when a record is coupled with another one; then nothing was changed. Returns the number
 * of new couplings.
 */
export async function importCouplings(store: PortableStore, csv: string): Promise<number> {
  const [head = [], ...rows] = parseCsv(csv)
  const absent = csvHead.slice(0, 3).filter((column) => !head.includes(column))
  if (absent.length > 0) throw wrongCsv(1, `column ${absent.join(', ')} is missing`)
  const entries = new Map<string, Entry[]>()
  const seen = new Set<string>()
  rows.forEach((cells, index) => {
    const row = Object.fromEntries(head.map((column, at) => [column, cells[at] ?? '']))
    const { name, entry } = couplingOf(row, index + 2)
    if (isCoupled(store, name, entry, index + 2)) return
    for (const side of ['businessCentral', 'sales'] as const) {
      const record = `${name}|${side}|${entry.coupling[side].id}`
      if (seen.has(record)) throw wrongCsv(index + 2, `${entry.coupling[side].id} occurs a second time`)
      seen.add(record)
    }
    entries.set(name, [...(entries.get(name) ?? []), entry])
  })
  for (const [name, list] of entries) await store.commit(name, list)
  return [...entries.values()].reduce((sum, list) => sum + list.length, 0)
}

type Couple = Extract<Entry, { kind: 'couple' }>

function couplingOf(row: Readonly<Record<string, string>>, line: number): { name: string; entry: Couple } {
  const name = row['mapping'] ?? ''
  const seen = (side: Side) => {
    const id = row[side] ?? ''
    if (id === '' || name === '') throw wrongCsv(line, `mapping, businessCentral and sales must be filled`)
    return { id, keys: Object.fromEntries(new URLSearchParams(row[`${side}Keys`] ?? '')), version: undefined }
  }
  const coupling = { businessCentral: seen('businessCentral'), sales: seen('sales'), layout: '', base: '' }
  return { name, entry: { kind: 'couple', coupling } }
}

function isCoupled(store: PortableStore, name: string, { coupling }: Couple, line: number): boolean {
  const mapping = store.mapping(name)
  for (const side of ['businessCentral', 'sales'] as const) {
    const there = mapping.bySide(side, coupling[side].id)
    if (there === undefined) continue
    if (there.businessCentral.id === coupling.businessCentral.id && there.sales.id === coupling.sales.id) return true
    throw wrongCsv(line, `${coupling[side].id} is coupled with another record; uncouple it first`)
  }
  return false
}

const wrongCsv = (line: number, what: string): StateError =>
  new StateError(
    `The CSV of couplings, row ${line}: ${what}.`,
    `Its columns are ${csvHead.join(', ')}; couplet state export writes one.`,
  )
