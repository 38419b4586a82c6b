/** The row as an expression sees it. */
import type { Expression } from './expression.ts'
import type { Row } from './record.ts'

/**
 * What an expression reads of a row. Nothing is absent: Dataverse's null would make `$lowercase(websiteurl)` fail on
 * every blank.
 */
export function seenBy({ columns }: Expression, row: Row): Row {
  const view: Record<string, unknown> = {}
  for (const path of columns) {
    const [name = path] = path.split('.')
    const value = row[name]
    if (value !== null && value !== undefined) view[name] = seenValue(value)
  }
  return view
}

/** Joined rows, one or many, are seen as the row itself is. */
function seenValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => (isPlainRow(each) ? withoutNothing(each) : each))
  return isPlainRow(value) ? withoutNothing(value) : value
}

const withoutNothing = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null && value !== undefined))

const isPlainRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
