/** Filters that speak of what another mapping has coupled: `{coupled.NAME}` gets its meaning when a run begins. */
import type { Literal, Operand, ParsedFilter } from './filter.ts'

/** Every constant of the filter exchanged for another. */
function withLiterals(filter: ParsedFilter, change: (literal: Literal) => Literal): ParsedFilter {
  const inOperand = (operand: Operand): Operand => {
    if (operand.kind === 'literal') return { kind: 'literal', literal: change(operand.literal) }
    return operand.kind === 'call' ? { ...operand, of: inOperand(operand.of) } : operand
  }
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { ...filter, terms: filter.terms.map((term) => withLiterals(term, change)) }
    case 'not':
      return { ...filter, term: withLiterals(filter.term, change) }
    case 'compare':
      return { ...filter, left: inOperand(filter.left), right: inOperand(filter.right) }
    case 'in':
      return { ...filter, operand: inOperand(filter.operand), values: filter.values.map(change) }
    case 'textTest':
      return { ...filter, text: inOperand(filter.text), part: inOperand(filter.part) }
    case 'crmIn':
      return filter
  }
}

/** The filter with each `{coupled.NAME}` exchanged for that record's key, or for nothing where there is none. */
export const boundFilter = (filter: ParsedFilter, keyOf: (mapping: string) => string | undefined): ParsedFilter =>
  withLiterals(filter, (literal) => {
    if (literal.kind !== 'coupled') return literal
    const value = keyOf(literal.mapping)
    return value === undefined ? { kind: 'null' } : { kind: 'guid', value }
  })

/** The mappings whose one coupling the filter speaks of. */
export function coupledIn(filter: ParsedFilter): readonly string[] {
  const names = new Set<string>()
  withLiterals(filter, (literal) => {
    if (literal.kind === 'coupled') names.add(literal.mapping)
    return literal
  })
  return [...names]
}
