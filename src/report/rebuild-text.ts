/** What rebuilding couplings finds, mapping by mapping. */
import type { Paint } from './paint.ts'
import { numberColumn, table } from './table.ts'
import { thousands } from './words.ts'

export interface RebuiltMapping {
  readonly mapping: string
  /** Pairs that are known already. */
  readonly coupled: number
  /** Pairs found by derived keys or match rules. */
  readonly found: number
  /** Records with several possible partners. */
  readonly ambiguous: number
  /** Records without any. */
  readonly alone: number
}

export function rebuildText(list: readonly RebuiltMapping[], paint: Paint): string {
  const columns = [
    { title: 'mapping' },
    numberColumn('coupled now'),
    numberColumn('found'),
    numberColumn('ambiguous'),
    numberColumn('without a partner'),
  ]
  const rows = list.map(({ mapping, coupled, found, ambiguous, alone }) => [
    mapping,
    ...[coupled, found, ambiguous, alone].map(thousands),
  ])
  return table(columns, rows, paint.bold)
}
