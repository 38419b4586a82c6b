/** Two records side by side. Values are masked unless a person asked to see them (P8). */
import type { BySide, Side } from '../config/config.ts'
import { shownValue } from './masks.ts'
import type { Paint } from './paint.ts'
import { table } from './table.ts'
import type { Cell } from './table.ts'
import { count, sideName } from './words.ts'

/** One field row as it is told. */
export interface ComparedTold {
  readonly name: string
  readonly direction: 'both' | 'toSales' | 'toBusinessCentral'
  readonly columns: BySide<string | undefined>
  readonly values: BySide<string | null>
  readonly equal: boolean
  readonly edited: BySide<boolean>
  readonly written: Side | undefined
  readonly waits: string | undefined
  readonly held: 'conflict' | 'different' | 'failed' | undefined
  readonly reveal: boolean
}

export interface ComparisonTold {
  readonly mapping: string
  readonly number: string | undefined
  readonly fields: readonly ComparedTold[]
  readonly waits: readonly { readonly message: string; readonly remedy: string }[]
}

/** The fields as a table, with what a run would do about each, and a line that sums up. */
export function comparisonText(told: ComparisonTold, paint: Paint, showValues: boolean): string {
  const columns = [
    { title: 'field' },
    { title: sideName.businessCentral, most: 34 },
    { title: '' },
    { title: sideName.sales, most: 34 },
    { title: 'a run would' },
  ]
  const rows = told.fields.map((field): readonly Cell[] => {
    const { businessCentral, sales } = shownPair(field, showValues)
    return [field.name, businessCentral ?? '(blank)', arrow(field), sales ?? '(blank)', outcome(field, paint)]
  })
  const writes = told.fields.filter(({ written }) => written !== undefined).length
  const held = told.fields.filter((field) => field.held !== undefined).length
  const sum = `${count(writes, 'field')} would be written, ${count(held, 'field')} left for a person.`
  const masked = showValues ? [] : [paint.dim('Values are masked: --show-values shows them.')]
  const waits = told.waits.map(({ message, remedy }) => paint.yellow(`waits: ${message}\n  → ${remedy}`))
  return [table(columns, rows, paint.bold), ...waits, sum, ...masked].join('\n')
}

function shownPair(field: ComparedTold, showValues: boolean): BySide<string | null> {
  const visible = showValues || field.reveal
  return {
    businessCentral: shownValue(field.values.businessCentral, visible),
    sales: shownValue(field.values.sales, visible),
  }
}

const arrows = { both: '↔', toSales: '→', toBusinessCentral: '←' } as const
const arrow = ({ direction, equal }: ComparedTold): string => (equal ? '=' : arrows[direction])

function outcome({ written, held, equal, edited, waits }: ComparedTold, paint: Paint): Cell {
  if (written !== undefined) return { text: `write it to ${sideName[written]}`, paint: paint.yellow }
  if (held !== undefined) return { text: `hold it (${held})`, paint: paint.yellow }
  if (waits !== undefined) return { text: `wait for ${waits}`, paint: paint.yellow }
  if (equal) return ''
  const where = (['businessCentral', 'sales'] as const).filter((side) => edited[side]).map((side) => sideName[side])
  return { text: where.length === 0 ? 'leave it' : `leave it (edited in ${where.join(' and ')})`, paint: paint.dim }
}

/** The same as a document, values masked as in the text. */
export const comparisonJson = (told: ComparisonTold, showValues: boolean): object => ({
  ...told,
  fields: told.fields.map((field) => ({ ...field, values: shownPair(field, showValues) })),
})
