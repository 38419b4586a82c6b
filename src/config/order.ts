/** The order of one run: choices first, because they change metadata, then each mapping after those it waits for. */
import { linesOf } from './lines.ts'
import { rowsOf } from './rules-rows.ts'
import type { MappingFile } from './schema-types.ts'

export interface Ordered {
  readonly name: string
  readonly value: MappingFile
}

const isChoice = ({ value }: Ordered): boolean => value.sales?.choice !== undefined

/** Names that a mapping waits for: the one it follows, `after`, and those it takes along (`sync`). Itself never. */
function waitsFor({ name, value }: Ordered): readonly string[] {
  const followed = value.follows === undefined || value.follows === null ? [] : [value.follows]
  const rows = [...rowsOf(value), ...rowsOf(linesOf(value) ?? {})]
  const taken = rows.flatMap(([, { whenUncoupled }]) => (typeof whenUncoupled === 'object' ? [whenUncoupled.sync] : []))
  return [...followed, ...(value.after ?? []), ...taken.filter((each) => each !== name)]
}

/** The mappings in the order of a run; those that may stand anywhere keep their place. Cycles are cut. */
export function orderMappings<M extends Ordered>(mappings: readonly M[]): readonly M[] {
  const byName = new Map(mappings.map((mapping) => [mapping.name, mapping]))
  const placed = new Set<M>()
  const visiting = new Set<M>()
  const place = (mapping: M): void => {
    if (placed.has(mapping) || visiting.has(mapping)) return
    visiting.add(mapping)
    for (const name of waitsFor(mapping)) {
      const other = byName.get(name)
      if (other !== undefined) place(other)
    }
    placed.add(mapping)
  }
  for (const mapping of [...mappings.filter(isChoice), ...mappings]) place(mapping)
  return [...placed]
}

/** Names that wait for one another: `a, b, a`. */
type Cycle = readonly [string, string, ...string[]]

/** The first cycle, or undefined. Each mapping of a project asks about the same list: it is searched once. */
export function findCycle(mappings: readonly Ordered[]): Cycle | undefined {
  const before = searched.get(mappings)
  if (before !== undefined) return before.cycle
  const cycle = searchCycle(mappings)
  searched.set(mappings, { cycle })
  return cycle
}

const searched = new WeakMap<readonly Ordered[], { readonly cycle: Cycle | undefined }>()

function searchCycle(mappings: readonly Ordered[]): Cycle | undefined {
  const byName = new Map(mappings.map((mapping) => [mapping.name, mapping]))
  const done = new Set<string>()
  const visit = (name: string, way: readonly string[]): Cycle | undefined => {
    const start = way.indexOf(name)
    if (start >= 0) return [...way.slice(start), name] as unknown as Cycle
    const mapping = byName.get(name)
    if (mapping === undefined || done.has(name)) return undefined
    for (const next of waitsFor(mapping)) {
      const cycle = visit(next, [...way, name])
      if (cycle !== undefined) return cycle
    }
    done.add(name)
    return undefined
  }
  for (const { name } of mappings) {
    const cycle = visit(name, [])
    if (cycle !== undefined) return cycle
  }
  return undefined
}
