/** What a document is read for because of its lines. */
import type { Side } from '../config/config.ts'
import type { Expression } from './expression.ts'
import type { CompiledLines } from './mapping.ts'

/** The columns that an expression gives its lines by itself; a column it does not give is the service's. */
const keysGiven = (expression: Expression | undefined): ReadonlySet<string> =>
  new Set([...(expression?.text ?? '').matchAll(/['"](\w+)['"]\s*:/g)].map(([, key = '']) => key))

/** What is read of the document for its lines on one side: their own columns as `lines.column`, the document's as they are. */
export function pathsOfLines({ lines, compiled, compute }: CompiledLines, side: Side): readonly string[] {
  const { description, select, selectOf } = compiled.sides[side]
  const { parent, order } = lines.sides[side]
  const given = keysGiven(compute[side])
  const real = (column: string): boolean => description.columns[column] !== undefined || !given.has(column)
  const own = [...description.key, ...select.filter(real), parent, ...(order === undefined ? [] : [order])]
  const ofDocument = selectOf['document'] ?? []
  return [...own.map((column) => `lines.${column}`), ...ofDocument, ...(compute[side]?.columns ?? [])]
}
