/** Collections that a mapping looks into where a record gives cause: another version of it may have more cause. */
import { type EntityRef, type Lookup, type Mapping, type Side, travelsTo } from '../config/config.ts'

export function collectionsBeside(mapping: Mapping, side: Side): readonly EntityRef[] {
  const searched = mapping.fields
    .filter(({ direction }) => travelsTo(direction, side))
    .flatMap(({ lookup }) => searchedBy(lookup))
  return [
    ...mapping[side].joins.map(({ entity }) => entity),
    ...searched.map((entity): EntityRef => ({ kind: 'standard', entity })),
  ]
}

function searchedBy(lookup: Lookup | null | undefined): readonly string[] {
  if (lookup === null || lookup === undefined || lookup.kind === 'coupling') return []
  return lookup.kind === 'query' ? [lookup.find] : Object.values(lookup.cases).flatMap(searchedBy)
}
