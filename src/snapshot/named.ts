/**
 * Values that stay as they are in a snapshot: those that the configuration itself names, without which its filters and
 * expressions would mean nothing, and those by which records are known.
 */
import { type BySide, type Config, type Mapping, type Side, type Source, sides } from '../config/config.ts'
import type { Column } from '../core/record.ts'
import { numberColumns } from '../engine/session.ts'
import { type Collection, nameOf } from './collection.ts'

/** Every text and number that stands in the mappings and settings, whole or in quotes. They are in the repository anyway. */
export function valuesNamed({
  mappings,
  settings,
}: Pick<Config, 'mappings' | 'settings'>): ReadonlySet<string | number> {
  const found = new Set<string | number>()
  const look = (value: unknown): void => {
    if (typeof value === 'number') found.add(value)
    else if (typeof value === 'string') for (const text of textsIn(value)) found.add(text)
    else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) look(part)
  }
  look(mappings)
  look(settings)
  return found
}

function textsIn(text: string): readonly (string | number)[] {
  const quoted = [...text.matchAll(/'((?:[^']|'')*)'|"((?:[^"\\]|\\.)*)"/g)].map(([, single, double]) =>
    single === undefined ? (double ?? '') : single.replaceAll("''", "'"),
  )
  const numbers = [...text.matchAll(/(?<![\w.])\d+(?:\.\d+)?(?![\w.])/g)].map(([number]) => Number(number))
  const dates = [...text.matchAll(/\d{4}-\d\d-\d\d/g)].map(([date]) => date)
  return [text, ...quoted, ...numbers, ...dates]
}

/** Codes of so few characters name a currency, a country, a unit, a term of payment: nothing of a record's own. */
const shortCode = 10

/** Types whose values name no person and no business. */
const clearTypes: ReadonlySet<Column['type'] | undefined> = new Set(['choice', 'boolean', 'guid', 'lookup'])

const isClear = (column: Column | undefined): boolean =>
  clearTypes.has(column?.type) || (column?.type === 'code' && (column.maxLength ?? Infinity) <= shortCode)

/** The columns of a collection whose values all stay. */
export type ClearColumns = (side: Side, collection: Collection) => ReadonlySet<string>

/** Columns that name nobody by their type, and those by which records are known: keys, record numbers, the order of lines. */
export function clearColumns(mappings: readonly Mapping[]): ClearColumns {
  const known = { businessCentral: columnsKnown(mappings, 'businessCentral'), sales: columnsKnown(mappings, 'sales') }
  return (side, { entity, description, columns = [] }) => {
    const { key, modified } = description
    const own = new Set([...key, modified, ...(known[side].get(nameOf(entity)) ?? [])])
    return new Set(columns.filter((name) => own.has(name) || isClear(description.columns[name])))
  }
}

/** Collection → columns by which the mappings know its records. */
function columnsKnown(mappings: readonly Mapping[], side: Side): ReadonlyMap<string, readonly string[]> {
  const known = new Map<string, readonly string[]>()
  const add = ({ entity }: Source, columns: readonly string[]): void => {
    if (entity !== undefined) known.set(nameOf(entity), [...(known.get(nameOf(entity)) ?? []), ...columns])
  }
  for (const mapping of mappings) {
    add(mapping[side], [...mapping[side].keys, ...numberColumns(mapping, side)])
    const order = mapping.lines?.sides[side].order
    if (mapping.lines !== undefined && order !== undefined) add(mapping.lines.mapping[side], [order])
  }
  return known
}

/** Types whose values are told apart by their shape, or are the same everywhere. */
const sayingNothing: ReadonlySet<Column['type'] | undefined> = new Set(['guid', 'lookup', 'boolean', 'dateTime'])

/** The values of all columns that stay, of both sides: wherever else they stand, they stay too. */
export function* clearValues(
  collections: BySide<readonly Collection[]>,
  clear: ClearColumns,
): Generator<string | number> {
  for (const side of sides)
    for (const collection of collections[side]) {
      const { columns } = collection.description
      const telling = [...clear(side, collection)].filter((name) => !sayingNothing.has(columns[name]?.type))
      for (const { row } of collection.rows)
        for (const name of telling) {
          const value = row[name]
          if (typeof value === 'string' || typeof value === 'number') yield value
        }
    }
}
