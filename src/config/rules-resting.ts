/** What a right configuration leaves waiting for good without saying so: warnings, as it may be meant. */
import type { Config, Lookup, Mapping } from './config.ts'
import type { Draft } from './draft.ts'
import { placeAll, type Finding } from './layers.ts'
import type { ConfigProblem } from '../errors.ts'

/** Rows that wait for couplings which no run makes. */
export function restingProblems(draft: Draft, { mappings }: Config): readonly ConfigProblem[] {
  const off = new Map(mappings.flatMap(({ name, reason }) => (reason === undefined ? [] : [[name, reason] as const])))
  const drafts = new Map(draft.mappings.map((each) => [each.name, each]))
  return mappings.flatMap((mapping) => {
    const layers = drafts.get(mapping.name)?.layers
    return mapping.enabled && layers !== undefined ? placeAll(restingRows(mapping, off), layers) : []
  })
}

/** `off` are the mappings that are switched off, with the reason. */
function restingRows(mapping: Mapping, off: ReadonlyMap<string, string>): readonly Finding[] {
  const waiting = mapping.fields.filter(({ whenUncoupled: { kind } }) => kind === 'hold' || kind === 'sync')
  return waiting.flatMap(({ name, lookup }) =>
    targetsOf(lookup).flatMap((target) => {
      const reason = off.get(target)
      if (reason === undefined) return []
      const message =
        `${target} is switched off (${reason}): records that refer to one it has not coupled ` +
        'wait for good; remove this row, or give it `whenUncoupled: skip`'
      return [{ path: ['fields', name, 'lookup'], message, severity: 'warning' as const }]
    }),
  )
}

/** The mappings whose couplings a lookup goes through. */
function targetsOf(lookup: Lookup | null | undefined): readonly string[] {
  if (lookup === undefined || lookup === null || lookup.kind === 'query') return []
  return lookup.kind === 'coupling' ? [lookup.mapping] : Object.values(lookup.cases).flatMap(targetsOf)
}
