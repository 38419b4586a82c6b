/** Which mappings have to run along with a tested one: those before it, and those that it refers to. */
import type { Config, Field, Lookup, Mapping } from '../config/config.ts'
import { compileExpression } from '../core/expression.ts'
import { coupledIn } from '../core/filter-binding.ts'
import { parseFilter } from '../core/filter.ts'

/** The named mappings and all that they stand on, in the order of a run; what is switched off is left out. */
export function runningAlong(config: Config, tested: readonly string[]): readonly Mapping[] {
  const enabled = config.mappings.filter(({ enabled }) => enabled)
  const byName = new Map(enabled.map((mapping) => [mapping.name, mapping]))
  const needed = new Set<string>()
  const visit = (name: string): void => {
    const mapping = byName.get(name)
    if (mapping === undefined || needed.has(name)) return
    needed.add(name)
    for (const other of standsOn(mapping)) visit(other)
  }
  for (const name of tested) visit(name)
  return enabled.filter(({ name }) => needed.has(name))
}

function standsOn(mapping: Mapping): readonly string[] {
  const { after, follows, fields, lines, sales, match, actAs } = mapping
  const filters = [sales.filter, ...sales.conditions].flatMap((text) =>
    text === undefined ? [] : coupledIn(parseFilter(text)),
  )
  return [
    ...after,
    ...(follows === undefined ? [] : [follows.mapping]),
    ...filters,
    ...[...fields, ...(lines?.mapping.fields ?? [])].flatMap(ofField),
    ...match.flatMap(({ lookup }) => Object.values(lookup).flatMap(ofLookup)),
    ...(actAs?.kind === 'coupled' ? ofLookup(actAs.lookup) : []),
    ...[lines?.compute.toSales, lines?.compute.toBusinessCentral].flatMap(coupledNames),
  ]
}

const ofField = ({ lookup, whenUncoupled, compute }: Field): readonly string[] => [
  ...(lookup === undefined ? [] : ofLookup(lookup)),
  ...(whenUncoupled.kind === 'sync' && whenUncoupled.mapping !== undefined ? [whenUncoupled.mapping] : []),
  ...[compute.toSales, compute.toBusinessCentral].flatMap(coupledNames),
]

function ofLookup(lookup: Lookup): readonly string[] {
  if (lookup.kind === 'coupling') return [lookup.mapping]
  if (lookup.kind === 'query') return []
  return Object.values(lookup.cases).flatMap((each) => (each === null ? [] : ofLookup(each)))
}

/** `$coupled('resource-product', …)` */
function coupledNames(text: string | undefined): readonly string[] {
  if (text === undefined) return []
  return compileExpression(text)
    .calls.filter(({ name }) => name === 'coupled')
    .flatMap(({ arguments: [first] }) => {
      const value: unknown = (first as { readonly value?: unknown } | undefined)?.value
      return typeof value === 'string' ? [value] : []
    })
}
