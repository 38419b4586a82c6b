/**
 * Filters in the words of one side: `{coupled.NAME}` gets its meaning when a run begins, and nothing is written as the
 * side keeps it.
 */
import type { Side, ValueType } from '../config/config.ts'
import { columnOf, type Literal, type Operand, type ParsedFilter } from './filter.ts'
import type { Description } from './record.ts'
import { isNothing } from './values.ts'

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

/** What stands in Business Central where nothing stands. An enumeration says it in its own way. */
const blanks: Readonly<Partial<Record<ValueType, Literal>>> = {
  text: { kind: 'text', value: '' },
  code: { kind: 'text', value: '' },
  guid: { kind: 'guid', value: '00000000-0000-0000-0000-000000000000' },
  lookup: { kind: 'guid', value: '00000000-0000-0000-0000-000000000000' },
  date: { kind: 'date', value: '0001-01-01' },
  dateTime: { kind: 'dateTime', value: '0001-01-01T00:00:00Z' },
}

/**
 * Dataverse keeps null where Business Central keeps an empty text, a blank date or a blank GUID, and neither finds
 * anything equal to the other's word. Whichever was written is exchanged for the word of the side that is asked.
 */
export function withBlanks(filter: ParsedFilter, side: Side, columns: Description['columns']): ParsedFilter {
  const inWords = (literal: Literal, of: Operand): Literal => {
    if (side === 'sales') return 'value' in literal && isNothing(literal.value) ? { kind: 'null' } : literal
    if (literal.kind !== 'null' || of.kind !== 'column') return literal
    return blanks[columns[columnOf(of.name)]?.type ?? 'choice'] ?? literal
  }
  const asked = (operand: Operand, of: Operand): Operand =>
    operand.kind === 'literal' ? { kind: 'literal', literal: inWords(operand.literal, of) } : operand
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { ...filter, terms: filter.terms.map((term) => withBlanks(term, side, columns)) }
    case 'not':
      return { ...filter, term: withBlanks(filter.term, side, columns) }
    case 'compare':
      if (filter.operator !== 'eq' && filter.operator !== 'ne') return filter
      return { ...filter, left: asked(filter.left, filter.right), right: asked(filter.right, filter.left) }
    case 'in':
      return { ...filter, values: filter.values.map((value) => inWords(value, filter.operand)) }
    case 'textTest':
    case 'crmIn':
      return filter
  }
}
