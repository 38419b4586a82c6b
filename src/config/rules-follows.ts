/** Rules about mappings that ride on another's couplings. */
import type { Draft, MappingDraft } from './draft.ts'
import { followsOf, targetSide } from './follows.ts'
import type { Finding } from './layers.ts'
import type { MappingFile } from './schema-types.ts'

/** A mapping that follows another goes one way, and neither makes nor deletes what is coupled elsewhere. */
export function checkFollows({ name, value }: MappingDraft, { mappings }: Draft): readonly Finding[] {
  const { direction = 'both', follows } = value
  if (follows === undefined || follows === null) return []
  if (direction === 'both') {
    const path = value.direction === undefined ? ['follows'] : ['direction']
    return [
      { path, message: 'a mapping that follows another goes one way: write direction: toSales or toBusinessCentral' },
    ]
  }
  const partner = followsOf({ name, value }, mappings)?.partner
  return [...endOfPairs(value, follows, partner), ...(partner === undefined ? [] : makesNothing(value, partner))]
}

/** What becomes of a pair whose followed pair has ended. */
function endOfPairs(
  { direction = 'both', deletes = {} }: MappingFile,
  follows: string,
  partner: string | undefined,
): readonly Finding[] {
  const policy = targetSide(direction) === 'sales' ? 'inBusinessCentral' : 'inSales'
  const path = ['deletes', policy]
  if (deletes[policy] === 'hold')
    return [{ path, message: `${follows} decides about its pairs; use uncouple or delete` }]
  if (deletes[policy] !== 'delete' || partner === undefined) return []
  const message = `would delete a record that ${partner} has coupled; only a record of its own may be deleted: use uncouple`
  return [{ path, message }]
}

function makesNothing({ match = [], create = 'never' }: MappingFile, partner: string): readonly Finding[] {
  const its = `its records are the pairs of ${partner}`
  return [
    ...(match.length > 0 ? [{ path: ['match'], key: true, message: `has no effect: ${its}` }] : []),
    ...(create === 'never' ? [] : [{ path: ['create'], message: `creates nothing: ${its}` }]),
  ]
}
