/** Tables with aligned columns for a terminal. */

import { beginning, visible } from './visible.ts'

/** One column: its head, and how its cells stand. */
export interface TableColumn {
  readonly title: string
  /** @default left */
  readonly align?: 'left' | 'right'
  /** Most characters of a cell; what is longer ends in `…`. @default no limit */
  readonly most?: number
}

/** A text, or a text with the colour it gets after it was aligned. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string }

/** A column of numbers. */
export const numberColumn = (title: string): TableColumn => ({ title, align: 'right' })

const gap = '  '

/** Head and rows as aligned lines, without spaces at the end of a line. */
export function table(
  columns: readonly TableColumn[],
  rows: readonly (readonly Cell[])[],
  paintHead: (text: string) => string = (text) => text,
): string {
  const texts = rows.map((row) => columns.map((column, index) => shorten(textOf(row[index] ?? ''), column.most)))
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...texts.map((row) => row[index]?.length ?? 0)),
  )
  const aligned = (text: string, index: number): string => pad(text, widths[index] ?? 0, columns[index])
  const head = paintHead(
    columns
      .map(({ title }, index) => aligned(title, index))
      .join(gap)
      .trimEnd(),
  )
  const body = texts.map((row, at) =>
    row
      .map((text, index) => paintOf(rows[at]?.[index])(aligned(text, index)))
      .join(gap)
      .trimEnd(),
  )
  return [head, ...body].join('\n')
}

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text)
const paintOf = (cell: Cell | undefined): ((text: string) => string) =>
  cell === undefined || typeof cell === 'string' ? (text) => text : cell.paint

const pad = (text: string, width: number, column: TableColumn | undefined): string =>
  column?.align === 'right' ? text.padStart(width) : text.padEnd(width)

/** One line of at most so many characters, the last of them `…` where something was cut; nothing in it is hidden. */
export function shorten(text: string, most: number | undefined): string {
  const line = visible(text.replaceAll(/\s*\n\s*/g, ' '))
  return most === undefined || line.length <= most ? line : `${beginning(line, Math.max(0, most - 1))}…`
}
