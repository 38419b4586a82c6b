/** Which mappings others refer to: only their couplings have to be foreseen while planning. */
import type { Field, Mapping } from '../config/config.ts'
import { lookupMappings } from '../core/carry.ts'
import { compileExpression } from '../core/expression.ts'
import { filteredBy } from './context.ts'
import type { RunContext } from './prepare.ts'

/**
 * Names of the mappings whose new couplings can matter to a decision of this run: those that lookups name or others
 * follow, and those whose own rows wait for later mappings. An expression that asks for couplings may mean any.
 */
export function referredMappings(context: RunContext): ReadonlySet<string> {
  const running = context.order.map((name) => context.byName.get(name)).filter((mapping) => mapping !== undefined)
  if (running.some(asksByExpression)) return new Set(context.byName.keys())
  const referred = new Set<string>()
  for (const [index, mapping] of running.entries()) {
    const names = namedBy(mapping)
    for (const name of names) referred.add(name)
    const later = new Set(context.order.slice(index))
    if (names.some((name) => later.has(name))) referred.add(mapping.name)
  }
  return referred
}

/** The mappings whose decisions may depend, directly or through others, on what these couple. */
export function leaningOn(mappings: readonly Mapping[], these: ReadonlySet<string>): ReadonlySet<string> {
  if (these.size === 0) return new Set()
  const reached = new Set(these)
  for (let before = 0; before < reached.size;) {
    before = reached.size
    for (const mapping of mappings)
      if (asksByExpression(mapping) || [...mapping.after, ...namedBy(mapping)].some((name) => reached.has(name)))
        reached.add(mapping.name)
  }
  for (const name of these) reached.delete(name)
  return reached
}

function namedBy(mapping: Mapping): readonly string[] {
  const lookups = mapping.match
    .flatMap(({ lookup }) => Object.values(lookup))
    .flatMap((lookup) => (lookup.kind === 'coupling' ? [lookup.mapping] : []))
  const fields = fieldsOf(mapping)
  const taken = fields.flatMap(({ whenUncoupled }) =>
    whenUncoupled.kind === 'sync' && whenUncoupled.mapping !== undefined ? [whenUncoupled.mapping] : [],
  )
  const people = mapping.actAs?.kind === 'coupled' ? [mapping.actAs.lookup.mapping] : []
  const followed = mapping.follows === undefined ? [] : [mapping.follows.mapping, mapping.follows.partner ?? []].flat()
  return [...fields.flatMap(lookupMappings), ...lookups, ...taken, ...people, ...filteredBy(mapping), ...followed]
}

/** The field rows of a mapping and of its lines. */
const fieldsOf = ({ fields, lines }: Mapping): readonly Field[] => [...fields, ...(lines?.mapping.fields ?? [])]

const asksByExpression = (mapping: Mapping): boolean => {
  const { businessCentral, sales } = mapping.defaults
  const templates = [...businessCentral, ...sales].flatMap((template) => template.fields)
  return [...fieldsOf(mapping), ...templates].some(usesCouplings)
}

const usesCouplings = ({ compute }: Field): boolean =>
  [compute.toSales, compute.toBusinessCentral].some(
    (text) =>
      text !== undefined &&
      compileExpression(text).functions.some((name) => name === 'coupled' || name === 'option' || name === 'key'),
  )
