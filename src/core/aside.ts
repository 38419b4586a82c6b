/** What is written to a record of Sales that makes room for a new one (`replace`). */
import type { Mapping } from '../config/config.ts'
import { type Bindings, compileExpression } from './expression.ts'
import type { Cell, Row, Values } from './record.ts'
import { seenBy } from './seen-row.ts'

/** The columns that are read and written to set a record aside. */
export const columnsOfAside = ({ replace }: Mapping): readonly string[] =>
  Object.entries(replace?.aside ?? {}).flatMap(([column, text]) => [
    column,
    ...compileExpression(text).columns.filter((path) => path !== '*'),
  ])

/** The values that set this record of a mapping with `replace` aside. Throws (or rejects with) ExpressionError. */
export async function asideValues({ replace }: Mapping, row: Row, bindings: Bindings): Promise<Values> {
  const values: Record<string, Cell> = {}
  for (const [column, text] of Object.entries((replace as NonNullable<typeof replace>).aside)) {
    const expression = compileExpression(text)
    values[column] = (await expression.evaluate(seenBy(expression, row), bindings)) as Cell
  }
  return values
}
