/** What an import of couplings comes to: new pairs, what their first comparison will hold, and rows that are refused. */
import type { Paint } from './paint.ts'
import { numberColumn, table } from './table.ts'
import { count, thousands } from './words.ts'

export interface ImportTold {
  readonly mappings: readonly {
    readonly mapping: string
    readonly coupled: number
    readonly known: number
    readonly differing: number
    readonly fields: Readonly<Record<string, number>>
  }[]
  readonly refused: readonly {
    readonly at: string
    readonly mapping: string | undefined
    readonly message: string
    readonly remedy: string
  }[]
}

/** Refused rows that are shown; the rest is counted. */
const shown = 30

export function importText({ mappings, refused }: ImportTold, paint: Paint): string {
  const columns = [
    { title: 'mapping' },
    numberColumn('new'),
    numberColumn('known'),
    numberColumn('differing'),
    { title: 'in' },
  ]
  const rows = mappings.map(({ mapping, coupled, known, differing, fields }) => [
    mapping,
    ...[coupled, known, differing].map(thousands),
    Object.entries(fields)
      .sort(([, a], [, b]) => b - a)
      .slice(0, 5)
      .map(([field, pairs]) => `${field} ${thousands(pairs)}`)
      .join(', '),
  ])
  const lines = refused.slice(0, shown).map(({ at, mapping, message, remedy }) => {
    const who = mapping === undefined ? '' : ` ${mapping}:`
    return `${paint.yellow(at)}${who} ${message}\n  → ${remedy}`
  })
  const more = refused.length > shown ? [`… and ${thousands(refused.length - shown)} more; --json lists all`] : []
  const head = refused.length === 0 ? [] : [paint.bold(`${count(refused.length, 'row')} refused`)]
  return [rows.length === 0 ? 'Nothing to couple.' : table(columns, rows, paint.bold), ...head, ...lines, ...more].join(
    '\n',
  )
}
