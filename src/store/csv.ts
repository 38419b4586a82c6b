/** Comma-separated values as RFC 4180 has them: quotes around what needs them, doubled inside. */
import { StateError } from '../errors.ts'

/** Rows as text, each ending in a line break. */
export function writeCsv(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `${cells.map(quoted).join(',')}\r\n`).join('')
}

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)

/** A quoted or a bare cell, and what ends it. */
const cellPattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy

/** Text as rows; a byte order mark and empty lines are passed over. Throws StateError where quotes do not fit. */
export function parseCsv(text: string): readonly (readonly string[])[] {
  const source = text.replace(/^\uFEFF/, '')
  const rows: string[][] = []
  let row: string[] = []
  let read = 0
  for (const [whole, inQuotes, bare = '', end] of source.matchAll(cellPattern)) {
    read += whole.length
    row.push(inQuotes?.replaceAll('""', '"') ?? bare)
    if (end === ',') continue
    if (row.some((cell) => cell !== '')) rows.push(row)
    row = []
  }
  if (read === source.length) return rows
  throw new StateError(
    `The CSV cannot be read after row ${rows.length}: quotes do not fit.`,
    'Write "" for a quote inside a quoted cell, and quote a cell as a whole.',
  )
}
