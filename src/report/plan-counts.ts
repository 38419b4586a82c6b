/** The counts of a plan that are worth a row of a table. */
import type { MappingCounts } from '../core/plan.ts'

/** A row for each side that a mapping writes to, in the order given. */
export const countsTold = (counts: readonly MappingCounts[]): readonly MappingCounts[] =>
  [...new Set(counts.map(({ mapping }) => mapping))].flatMap((mapping) =>
    rowsOf(counts.filter((one) => one.mapping === mapping)),
  )

/** The sides of one mapping that are written to; coupling has no side and stands in the first row. */
function rowsOf(sides: readonly MappingCounts[]): readonly MappingCounts[] {
  const couples = sides.reduce((sum, one) => sum + one.couples, 0)
  const uncouples = sides.reduce((sum, one) => sum + one.uncouples, 0)
  const written = sides.filter((one) => one.creates + one.updates + one.deletes > 0)
  const shown = written.length === 0 && couples + uncouples > 0 ? sides.slice(0, 1) : written
  return shown.map((one, index) => ({
    ...one,
    couples: index === 0 ? couples : 0,
    uncouples: index === 0 ? uncouples : 0,
  }))
}
