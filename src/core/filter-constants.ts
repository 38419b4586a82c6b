/** What a filter compares its columns with. */
import { type Comparison, type Literal, type Operand, type ParsedFilter, columnOf } from './filter.ts'

/** A column and a constant that it is held against. */
export interface HeldAgainst {
  readonly column: string
  readonly constant: Literal
  /** Whole: the same or not. Order: what comes before it. Part: how the text begins, ends, or what it contains. */
  readonly by: 'whole' | 'order' | 'part'
}

/** Every constant of the filter with the column that is compared with it. */
export function constantsIn(filter: ParsedFilter): readonly HeldAgainst[] {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.terms.flatMap(constantsIn)
    case 'not':
      return constantsIn(filter.term)
    case 'compare':
      return [
        ...held(filter.left, filter.right, howOf(filter.operator)),
        ...held(filter.right, filter.left, howOf(filter.operator)),
      ]
    case 'in':
      return filter.values.flatMap((literal) => held(filter.operand, { kind: 'literal', literal }, 'whole'))
    case 'textTest':
      return held(filter.text, filter.part, 'part')
    case 'crmIn':
      return filter.values.map((value) => ({
        column: columnOf(filter.column),
        constant: { kind: 'text', value },
        by: 'whole',
      }))
  }
}

const howOf = (operator: Comparison): HeldAgainst['by'] => (operator === 'eq' || operator === 'ne' ? 'whole' : 'order')

function held(operand: Operand, other: Operand, by: HeldAgainst['by']): readonly HeldAgainst[] {
  const column = columnIn(operand)
  return column === undefined || other.kind !== 'literal' ? [] : [{ column, constant: other.literal, by }]
}

/** The column that an operand reads; of its length only, none that matters. */
function columnIn(operand: Operand): string | undefined {
  if (operand.kind === 'call') return operand.name === 'length' ? undefined : columnIn(operand.of)
  return operand.kind === 'column' ? columnOf(operand.name) : undefined
}
