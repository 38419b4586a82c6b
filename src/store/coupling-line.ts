/**
 * A coupling as one line of text: as it stands in `couplings.json`, and as it is held in memory, where a million of them
 * must have room. Ids come first, so that they can be told without reading the rest.
 */
import type { BySide } from '../config/config.ts'
import type { Coupling } from '../core/coupling.ts'

/** A line as JSON: ids, keys and versions of Business Central and Sales, layout, base, and what is rarer. */
type Line = readonly [
  businessCentral: string,
  sales: string,
  businessCentralKeys: Readonly<Record<string, string>>,
  salesKeys: Readonly<Record<string, string>>,
  businessCentralVersion: string | null,
  salesVersion: string | null,
  layout: string,
  base: string,
  rest?: Rarer,
]

type Rarer = Pick<Coupling, 'outside' | 'moved' | 'unfinished' | 'ended' | 'fresh' | 'ours' | 'lines'>

/** The same coupling gives the same line. */
export function encodeLine({ businessCentral, sales, layout, base, ...rest }: Coupling): string {
  const line = [
    businessCentral.id,
    sales.id,
    ordered(businessCentral.keys),
    ordered(sales.keys),
    businessCentral.version ?? null,
    sales.version ?? null,
    layout,
    base,
  ] as const
  const rarer = ordered(Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as Rarer)
  return JSON.stringify(Object.keys(rarer).length === 0 ? line : [...line, rarer])
}

/** The coupling of a line. Throws SyntaxError when it is not JSON. */
export const decodeLine = (line: string): Coupling => couplingOf(JSON.parse(line))

/** The coupling of a line that is parsed already. */
export function couplingOf(parsed: unknown): Coupling {
  const line = parsed as Line
  const [businessCentral, sales, businessCentralKeys, salesKeys, businessCentralVersion, salesVersion] = line
  return {
    businessCentral: { id: businessCentral, keys: businessCentralKeys, version: businessCentralVersion ?? undefined },
    sales: { id: sales, keys: salesKeys, version: salesVersion ?? undefined },
    layout: line[6],
    base: line[7],
    ...line[8],
  }
}

/** Both ids of a line. */
export function idsOf(line: string): BySide<string> {
  // ["ID","ID",…: ids hardly ever need escapes, and whatever has one is read as a whole.
  const end = line.indexOf('"', 2)
  const last = line.indexOf('"', end + 3)
  const head = line.slice(0, last)
  if (!head.includes('\\')) return { businessCentral: line.slice(2, end), sales: line.slice(end + 3, last) }
  const [businessCentral, sales] = JSON.parse(line) as Line
  return { businessCentral, sales }
}

/** The same members in the order of their names. */
export function ordered<T extends object>(record: T): T {
  const names = Object.keys(record)
  if (names.length < 2) return record
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => compare(a, b))) as T
}

/** By UTF-16 code units. */
export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
