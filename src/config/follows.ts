/** Mappings that ride on another mapping's couplings: what they follow, and where their records come from. */
import { type Direction, type Follows, type Side, travelsTo } from './config.ts'
import type { MappingFile, Source } from './schema-types.ts'

interface Named {
  readonly name: string
  readonly value: MappingFile
}

/** The mappings that one follows, the nearest first. A circle is cut. */
function followedBy({ value }: Named, mappings: readonly Named[]): readonly Named[] {
  const chain: Named[] = []
  let next = value.follows
  while (next !== undefined && next !== null && !chain.some(({ name }) => name === next)) {
    const found = mappings.find(({ name }) => name === next)
    if (found === undefined) break
    chain.push(found)
    next = found.value.follows
  }
  return chain
}

/** The side that a one-way mapping writes to. */
export const targetSide = (direction: Direction): Side => (travelsTo(direction, 'sales') ? 'sales' : 'businessCentral')

/** What a mapping follows; undefined where it follows nothing. */
export function followsOf(mapping: Named, mappings: readonly Named[]): Follows | undefined {
  const { follows, direction = 'both' } = mapping.value
  if (follows === undefined || follows === null) return undefined
  const side = targetSide(direction)
  const collection = collectionOf(mapping.value[side])
  const partner = followedBy(mapping, mappings).find(({ value }) => collectionOf(value[side]) === collection)
  return { mapping: follows, partner: partner?.name }
}

/** Two sources over the same collection have the same records. */
const collectionOf = (source: Source | undefined): string =>
  JSON.stringify([source?.entity, source?.api, source?.service])
