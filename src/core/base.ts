/**
 * The base of a coupling: for each field row the fingerprints of what each side said when they last agreed. Packed as
 * one string in the order of a layout: `print` when both sides said the same, `bc:sales` when not, empty when the row
 * has no base. A row of the configuration that changed has another id (`name@hash`) and therefore no base.
 */
import type { BySide, Side } from '../config/config.ts'

/** Fingerprints of one field row; undefined on a side that never spoke. */
export type Prints = BySide<string | undefined>
/** Row id (`name@hash`) → fingerprints. */
export type Base = ReadonlyMap<string, Prints>

export const noBase: Base = new Map()

/**
 * Stands for the fingerprints of a row to which a write may have been made, and after it somebody's edit (P2): neither
 * side's value is agreed, and no policy decides. No fingerprint reads like it.
 */
export const doubtful: Prints = { businessCentral: '?', sales: '?' }
export const isDoubtful = (prints: Prints | undefined): boolean => prints?.sales === doubtful.sales

/** The packed form in the order of `rows`; rows that are not in the layout are dropped. */
export function packBase(base: Base, rows: readonly string[]): string {
  return rows.map((row) => packPrints(base.get(row))).join(',')
}

/** Reads a packed base; `rows` is the layout it was packed with. */
export function unpackBase(packed: string, rows: readonly string[]): Base {
  if (packed === '') return noBase
  const base = new Map<string, Prints>()
  const parts = packed.split(',')
  rows.forEach((row, index) => {
    const prints = unpackPrints(parts[index])
    if (prints !== undefined) base.set(row, prints)
  })
  return base
}

/** One of `rows` has no base: it has never been compared on both sides, or its configuration changed since. */
export const isPending = (packed: string, rows: readonly string[]): boolean =>
  rows.length > 0 && (packed === '' || packed.split(',').includes(''))

/** The base with some rows replaced. */
export function withPrints(base: Base, changed: Base): Base {
  if (changed.size === 0) return base
  const merged = new Map(base)
  for (const [row, prints] of changed) merged.set(row, prints)
  return merged
}

/** What is said of one side, in rows where `than` says something else of it. */
export const differing = (said: Base, than: Base, side: Side): Base =>
  new Map([...said].filter(([row, prints]) => prints[side] !== than.get(row)?.[side]))

const packPrints = ({ businessCentral = '', sales = '' }: Partial<Prints> = {}): string =>
  businessCentral === sales ? sales : `${businessCentral}:${sales}`

function unpackPrints(text: string | undefined): Prints | undefined {
  if (text === undefined || text === '') return undefined
  const colon = text.indexOf(':')
  if (colon < 0) return { businessCentral: text, sales: text }
  return { businessCentral: text.slice(0, colon) || undefined, sales: text.slice(colon + 1) || undefined }
}
