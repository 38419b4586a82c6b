/** Giving the values of all collections their pseudonyms. */
import { type BySide, type Config, type Side, sides } from '../config/config.ts'
import { localDate } from '../core/instant.ts'
import type { Row, Upsert } from '../core/record.ts'
import type { Collection } from './collection.ts'
import { type ClearColumns, clearColumns, clearValues } from './named.ts'
import type { Random } from './ordered.ts'
import { type Pseudonym, pseudonyms } from './pseudonyms.ts'

/** What a disguise hangs on beside the rows. */
interface Given {
  /** Values that stay because the configuration names them. */
  readonly named: Iterable<string | number>
  /** Dates stay before or after it. */
  readonly today: Date
  readonly random: Random
}

/** The collections with pseudonyms, and the columns that have none. */
export function disguise(
  config: Config,
  collections: BySide<readonly Collection[]>,
  { named, today, random }: Given,
): BySide<readonly Collection[]> {
  const { timeZone } = config.settings
  const clear = clearColumns(config.mappings)
  const pseudonym = pseudonyms({
    values: () => hiddenValues(collections, clear),
    kept: [...named, localDate(today.getTime(), timeZone), ...clearValues(collections, clear)],
    lengths: lengthsOf(collections),
    timeZone,
    random,
  })
  const disguised = (side: Side): readonly Collection[] =>
    collections[side].map((collection) => {
      const plain = clear(side, collection)
      const rows = collection.rows.map((row) => disguisedRow(row, plain, pseudonym))
      return { ...collection, rows, clear: [...plain] }
    })
  return { businessCentral: disguised('businessCentral'), sales: disguised('sales') }
}

function* hiddenValues(collections: BySide<readonly Collection[]>, clear: ClearColumns): Generator {
  for (const side of sides)
    for (const collection of collections[side]) {
      const plain = clear(side, collection)
      for (const { row } of collection.rows)
        for (const [name, value] of Object.entries(row)) if (!plain.has(name)) yield value
    }
}

function disguisedRow(upsert: Upsert, plain: ReadonlySet<string>, pseudonym: Pseudonym): Upsert {
  const row: Row = Object.fromEntries(
    Object.entries(upsert.row).map(([name, value]) => [name, plain.has(name) ? value : pseudonym(value)]),
  )
  return { ...upsert, row }
}

/** Lengths at which texts are cut, here or there. */
const lengthsOf = (collections: BySide<readonly Collection[]>): ReadonlySet<number> =>
  new Set(
    sides.flatMap((side) =>
      collections[side].flatMap(({ description }) =>
        Object.values(description.columns).flatMap(({ maxLength }) => maxLength ?? []),
      ),
    ),
  )
