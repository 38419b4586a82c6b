/**
 * A collection as a file of lines: what is known of it, then a row a line. A column in which every row says the same is
 * written once.
 */
import type { Upsert } from '../core/record.ts'
import type { Collection } from './collection.ts'

interface Head extends Omit<Collection, 'rows' | 'columns'> {
  /** In the order of a row's values; null where only the description was asked for. */
  readonly columns: readonly string[] | null
  /** Column → what every row says there. */
  readonly same: Readonly<Record<string, unknown>>
}

type Line = readonly [id: string, etag: string | null, modified: string | null, ...values: readonly unknown[]]

/** The lines of a collection. */
export function collectionLines({ rows, columns, ...head }: Collection): readonly string[] {
  const [first] = rows
  const isSame = (name: string): boolean => rows.every(({ row }) => row[name] === first?.row[name])
  const same = first === undefined ? [] : (columns ?? []).filter(isSame)
  const told = columns === undefined ? null : columns.filter((name) => !same.includes(name))
  const written: Head = {
    ...head,
    columns: told,
    same: Object.fromEntries(same.map((name) => [name, first?.row[name]])),
  }
  const line = ({ id, etag, modified, row }: Upsert): Line => [
    id,
    etag ?? null,
    modified ?? null,
    ...(told ?? []).map((name) => row[name]),
  ]
  return [JSON.stringify(written), ...rows.map((row) => JSON.stringify(line(row)))]
}

/** The collection of such lines. Throws SyntaxError when one is not JSON. */
export function collectionOf([head = '', ...lines]: readonly string[]): Collection {
  const { columns, same, ...rest } = JSON.parse(head) as Head
  const names = Object.keys(same)
  const upsert = (text: string): Upsert => {
    const [id, etag, modified, ...values] = JSON.parse(text) as Line
    const own = Object.fromEntries((columns ?? []).map((name, at) => [name, values[at]]))
    return { kind: 'upsert', id, etag: etag ?? undefined, modified: modified ?? undefined, row: { ...same, ...own } }
  }
  return { ...rest, columns: columns === null ? undefined : [...columns, ...names], rows: lines.map(upsert) }
}
