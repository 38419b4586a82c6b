/** Separated values as RFC 4180 has them: quotes around what needs them, doubled inside. */
import { StateError } from '../errors.ts'

/** Rows as text, each ending in a line break. */
export function writeCsv(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `${cells.map(quoted).join(',')}\r\n`).join('')
}

const quoted = (cell: string): string => (/[",;\t\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)

/** One row as it was read. */
export interface CsvRow {
  /** Line of the file in which it begins, from 1. */
  readonly line: number
  readonly cells: readonly string[]
}

/** A quoted or a bare cell, and what ends it, for each separator. */
const cellPatterns: Readonly<Record<string, RegExp>> = {
  ',': /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy,
  ';': /(?:"((?:[^"]|"")*)"|([^";\r\n]*))(;|\r?\n|$)/gy,
  '\t': /(?:"((?:[^"]|"")*)"|([^"\t\r\n]*))(\t|\r?\n|$)/gy,
}

/**
 * Text as rows. Comma, semicolon or tab, whichever the first line has most of (spreadsheets write what their country
 * has); a byte order mark, a first line `sep=;` and empty lines are passed over. Throws StateError where quotes do not fit.
 */
export function parseCsv(text: string): readonly CsvRow[] {
  const plain = text.replace(/^\uFEFF/, '')
  const told = /^sep=([,;\t])\r?\n/.exec(plain)
  const source = told === null ? plain : plain.slice(told[0].length)
  const rows = rowsOf(source, told?.[1] ?? separatorOf(source))
  return told === null ? rows : rows.map(({ line, cells }) => ({ line: line + 1, cells }))
}

function rowsOf(source: string, separator: string): readonly CsvRow[] {
  const rows: CsvRow[] = []
  let cells: string[] = []
  let [line, begins, read] = [1, 1, 0]
  for (const [whole, inQuotes, bare = '', end] of source.matchAll(cellPatterns[separator] ?? /$/gy)) {
    read += whole.length
    line += whole.split('\n').length - 1
    cells.push(inQuotes?.replaceAll('""', '"') ?? bare)
    if (end === separator) continue
    if (cells.some((cell) => cell !== '')) rows.push({ line: begins, cells })
    cells = []
    begins = line
  }
  if (read === source.length) return rows
  throw new StateError(
    `The table cannot be read after line ${rows.at(-1)?.line ?? 0}: quotes do not fit.`,
    'Write "" for a quote inside a quoted cell, and quote a cell as a whole.',
  )
}

function separatorOf(source: string): string {
  const [first = ''] = source.replaceAll(/"(?:[^"]|"")*"/g, '').split('\n', 1)
  const counts = Object.keys(cellPatterns).map((mark) => ({ mark, count: first.split(mark).length }))
  return counts.reduce((best, one) => (one.count > best.count ? one : best)).mark
}
