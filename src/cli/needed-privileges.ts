/** Which privileges in Sales the enabled mappings need: pure, from the mappings and the names of the tables' privileges. */
import type { Mapping } from '../config/config.ts'
import { travelsTo } from '../config/config.ts'
import type { NeededPrivilege } from './identity-rules.ts'

/** What can be done to a table. */
export type Verb = 'Create' | 'Read' | 'Write' | 'Delete' | 'Append' | 'AppendTo' | 'Assign'
/** Entity set → verb → name of the privilege; a table may lack some. */
export type PrivilegeNames = ReadonlyMap<string, Readonly<Partial<Record<Verb, string>>>>

/** Acting for another user. */
const actOnBehalf = 'prvActOnBehalfOfAnotherUser'

/** Every privilege once, with the mappings that need it; reading is needed for the organisation. */
export function neededPrivileges(mappings: readonly Mapping[], names: PrivilegeNames): readonly NeededPrivilege[] {
  const bySet = new Map(
    mappings.flatMap((mapping) => (mapping.sales.entity ? [[mapping.name, mapping.sales.entity.entity]] : [])),
  )
  const found = new Map<string, { global: boolean; mappings: Set<string> }>()
  const need = (mapping: string, name: string | undefined, global = false): void => {
    if (name === undefined) return
    const known = found.get(name) ?? { global: false, mappings: new Set<string>() }
    known.global ||= global
    known.mappings.add(mapping)
    found.set(name, known)
  }
  for (const mapping of mappings.filter(({ enabled }) => enabled)) {
    for (const { set, verb } of verbsOf(mapping, bySet)) need(mapping.name, names.get(set)?.[verb], verb === 'Read')
    if (mapping.actAs !== undefined) need(mapping.name, actOnBehalf)
  }
  return [...found].map(([name, { global, mappings: users }]) => ({ name, global, mappings: [...users] }))
}

interface Wanted {
  readonly set: string
  readonly verb: Verb
}

function verbsOf(mapping: Mapping, bySet: ReadonlyMap<string, string>): readonly Wanted[] {
  const { sales, createOn, direction, deletes } = mapping
  const { entity } = sales
  if (entity === undefined || entity.kind === 'choice') return []
  const set = entity.entity
  const further = [...sales.with, ...sales.joins].map((page): Wanted => ({ set: page.entity.entity, verb: 'Read' }))
  const reading: readonly Wanted[] = [{ set, verb: 'Read' }, ...further]
  if (!travelsTo(direction, 'sales')) return reading
  const targets = lookupsOf(mapping, bySet)
  return [
    ...reading,
    { set, verb: 'Write' },
    ...(createOn.sales ? [{ set, verb: 'Create' } as const] : []),
    ...(deletes.businessCentral === 'delete' ? [{ set, verb: 'Delete' } as const] : []),
    ...(targets.length > 0 ? [{ set, verb: 'Append' } as const] : []),
    ...targets.map((target): Wanted => ({ set: target, verb: 'AppendTo' })),
    ...(mapping.fields.some((field) => field.sales === 'ownerid') ? [{ set, verb: 'Assign' } as const] : []),
  ]
}

/** Entity sets that lookups of the mapping point at. */
function lookupsOf({ fields }: Mapping, bySet: ReadonlyMap<string, string>): readonly string[] {
  const targets = fields.flatMap(({ lookup, sales }) => {
    if (lookup?.kind !== 'coupling' || sales === undefined) return []
    return bySet.get(lookup.mapping) ?? []
  })
  return [...new Set(targets)]
}
