/**
 * A plan or an effect without what a version that nobody has reviewed chose to show: its `reveal`, and record numbers
 * where it says anew what a number is. So a branch cannot have values told by declaring them codes (P8).
 */
import type { Mapping } from '../config/config.ts'
import type { PlanEffect } from './plan-effect.ts'
import type { Operation, Plan, PlannedField, PlannedHold } from './plan.ts'

/** Takes back what `after` claims beyond `before`, the reviewed mappings. */
export const effectWithoutClaims = (
  effect: PlanEffect,
  before: readonly Mapping[],
  after: readonly Mapping[],
): PlanEffect => {
  const { operation, hold } = maskOf(before, after)
  return {
    ...effect,
    caused: effect.caused.map(operation),
    dropped: effect.dropped.map(operation),
    holds: effect.holds.map(hold),
  }
}

/** The same of a plan that was made with `after`. */
export const planWithoutClaims = (plan: Plan, before: readonly Mapping[], after: readonly Mapping[]): Plan => {
  const { operation, hold } = maskOf(before, after)
  return { ...plan, operations: plan.operations.map(operation), holds: plan.holds.map(hold) }
}

interface Mask {
  readonly operation: (one: Operation) => Operation
  readonly hold: (one: PlannedHold) => PlannedHold
}

function maskOf(before: readonly Mapping[], after: readonly Mapping[]): Mask {
  const known = new Set(before.map(naming))
  const trusted = new Set(after.filter((mapping) => known.has(naming(mapping))).map(({ name }) => name))
  const numberOf = ({ mapping, number }: Pick<Operation, 'mapping' | 'number'>): string | undefined =>
    trusted.has(mapping) ? number : undefined
  return {
    operation: (one) => ({
      ...one,
      number: numberOf(one),
      fields: one.fields.map(hidden),
      ...(one.lines && { lines: one.lines.map((line) => ({ ...line, fields: line.fields.map(hidden) })) }),
    }),
    hold: (one) => ({ ...one, number: numberOf(one) }),
  }
}

const hidden = (field: PlannedField): PlannedField => ({ ...field, reveal: false })

/** What decides which column a record's number is read from. */
const naming = ({ name, businessCentral, sales, match, one }: Mapping): string =>
  JSON.stringify([name, match, one?.per, [businessCentral, sales].map(({ entity, keys }) => [entity, keys])])
