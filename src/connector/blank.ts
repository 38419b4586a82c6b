/** Pure: what nothing looks like in Business Central, which has no null. */
import type { Column } from '../core/record.ts'

const blankGuid = '00000000-0000-0000-0000-000000000000'

/** The value that a cleared field of each type holds. */
export const blanks: Readonly<Record<Column['type'], string | number | boolean>> = {
  text: '',
  code: '',
  choice: '_x0020_',
  guid: blankGuid,
  lookup: blankGuid,
  integer: 0,
  decimal: 0,
  money: 0,
  boolean: false,
  date: '0001-01-01',
  dateTime: '0001-01-01T00:00:00Z',
}

const nothing = new Set(['', blankGuid, '0001-01-01', '0001-01-01t00:00:00z', '_x0020_'])

/** A value for comparing by hand: nothing is '' in any of its forms, texts lose case and outer blanks. */
export function comparable(value: unknown): string {
  if (typeof value !== 'string') return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
  const text = value.trim().toLowerCase()
  return nothing.has(text) ? '' : text
}
