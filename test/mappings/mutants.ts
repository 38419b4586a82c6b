/** Ways to damage a field row, each of which changes what travels. */
import type { Field, Mapping } from '../../src/config/config.ts'

export interface Mutant {
  readonly ofLines: boolean
  readonly row: string
  /** What is done to it, in words. */
  readonly what: string
  readonly damage: (field: Field, all: readonly Field[]) => readonly Field[]
}

type Damage = Pick<Mutant, 'what' | 'damage'>

/** Every damage of every row that one of the configurations of a mapping has. */
export function mutantsOf(mappings: readonly Mapping[]): readonly Mutant[] {
  const found = new Map<string, Mutant>()
  for (const { fields, lines } of mappings)
    for (const [ofLines, all] of [[false, fields] as const, [true, lines?.mapping.fields ?? []] as const])
      for (const field of all)
        for (const damage of damagesOf(field, all))
          found.set(`${ofLines} ${field.name} ${damage.what}`, { ofLines, row: field.name, ...damage })
  return [...found.values()]
}

const damagesOf = (field: Field, all: readonly Field[]): readonly Damage[] => [
  { what: 'dropped', damage: () => [] },
  ...turned(field),
  ...crossed(field, all),
  ...otherwise(field),
]

const to = (direction: Field['direction']): Damage => ({ what: direction, damage: (one) => [{ ...one, direction }] })

/** Another direction. */
function turned(field: Field): readonly Damage[] {
  const { direction, businessCentral, sales, value } = field
  if (direction === 'both') return [to('toSales'), to('toBusinessCentral')]
  const hasBoth = businessCentral !== undefined && sales !== undefined && value === undefined
  return hasBoth ? [to(direction === 'toSales' ? 'toBusinessCentral' : 'toSales')] : []
}

const isPlain = ({ businessCentral, sales, lookup, value, compute }: Field): boolean =>
  businessCentral !== undefined &&
  sales !== undefined &&
  lookup === undefined &&
  value === undefined &&
  Object.keys(compute).length === 0

/** The column of the next plain row in place of its own. */
function crossed(field: Field, all: readonly Field[]): readonly Damage[] {
  if (!isPlain(field)) return []
  const plain = all.filter(isPlain)
  const next = plain[(plain.indexOf(field) + 1) % plain.length]
  if (next === undefined || next === field || next.sales === field.sales) return []
  return [
    {
      what: `reads ${next.businessCentral} in place of ${field.businessCentral}`,
      damage: (one) => [{ ...one, businessCentral: next.businessCentral }],
    },
  ]
}

/** Another constant, another text or number within an expression, or nothing at all. */
function otherwise({ value, compute }: Field): readonly Damage[] {
  const constants = value === undefined || value === null ? [] : [other(value)]
  return [
    ...constants.map((changed): Damage => ({
      what: `value ${JSON.stringify(changed)}`,
      damage: (one) => [{ ...one, value: changed }],
    })),
    ...(['toSales', 'toBusinessCentral'] as const).flatMap((direction) => {
      const text = compute[direction]
      if (text === undefined) return []
      return ['null', ...literals(text)].map((changed): Damage => ({
        what: `${direction} ${changed}`,
        damage: (one) => [{ ...one, compute: { ...one.compute, [direction]: changed } }],
      }))
    }),
  ]
}

const other = (value: unknown): unknown => {
  if (typeof value === 'number') return value + 1
  if (typeof value === 'boolean') return !value
  return `${String(value)}x`
}

/** The expression with one of its texts or numbers changed. */
function literals(expression: string): readonly string[] {
  return [...expression.matchAll(/'[^']*'|"[^"]*"|(?<![\w.$])\d+(?![\w.])/g)].map(({ 0: literal, index }) => {
    const changed = /^\d/.test(literal) ? String(Number(literal) + 1) : `${literal.slice(0, -1)}x${literal.slice(-1)}`
    return expression.slice(0, index) + changed + expression.slice(index + literal.length)
  })
}
