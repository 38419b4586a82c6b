/** What a snapshot holds, once it was taken. */
import type { Side } from '../config/config.ts'
import type { Paint } from './paint.ts'
import { numberColumn, table } from './table.ts'
import { count, sideName, thousands } from './words.ts'

export interface ToldSnapshot {
  /** As it is named on the command line. */
  readonly folder: string
  /** ISO 8601 */
  readonly taken: string
  readonly bytes: number
  readonly collections: readonly {
    readonly side: Side
    readonly entity: string
    readonly rows: number
    readonly columns: number
  }[]
  readonly couplings: number
  readonly problems: readonly { readonly mapping: string; readonly message: string; readonly remedy: string }[]
}

export function snapshotText(told: ToldSnapshot, paint: Paint): string {
  const { folder, taken, bytes, collections, couplings, problems } = told
  const columns = [{ title: 'side' }, { title: 'collection' }, numberColumn('rows'), numberColumn('columns')]
  const rows = collections.map((one) => [sideName[one.side], one.entity, thousands(one.rows), thousands(one.columns)])
  const all = collections.reduce((sum, one) => sum + one.rows, 0)
  return [
    table(columns, rows, paint.bold),
    '',
    `${count(all, 'row')} and ${count(couplings, 'coupling')} of ${taken.slice(0, 10)} are in ${folder} (${thousands(Math.ceil(bytes / 1024))} KB), with pseudonyms for values.`,
    ...problems.map(({ mapping, message, remedy }) =>
      paint.bold(`${mapping} is not in it whole: ${[message, remedy].filter((part) => part !== '').join(' → ')}`),
    ),
    `The effect of a change on them: couplet diff main --snapshot ${folder}`,
  ].join('\n')
}
