/** Couplings of one side by their natural keys. It holds their slots, not themselves: there may be a million. */

type Keys = Readonly<Record<string, string>>

/** One table for each set of key columns that occurs; the order of columns does not matter. */
export class KeyIndex {
  readonly #tables = new Map<string, Map<string, number | readonly number[]>>()

  add(keys: Keys, slot: number): void {
    const { columns, values } = sign(keys)
    let table = this.#tables.get(columns)
    if (table === undefined) this.#tables.set(columns, (table = new Map()))
    const there = table.get(values)
    if (there === undefined) table.set(values, slot)
    else table.set(values, typeof there === 'number' ? [there, slot] : [...there, slot])
  }

  remove(keys: Keys, slot: number): void {
    const { columns, values } = sign(keys)
    const table = this.#tables.get(columns)
    const rest = this.find(keys).filter((other) => other !== slot)
    const [only] = rest
    if (only === undefined) table?.delete(values)
    else table?.set(values, rest.length === 1 ? only : rest)
  }

  /** The slots of all couplings with exactly these columns and values. */
  find(keys: Keys): readonly number[] {
    const { columns, values } = sign(keys)
    const there = this.#tables.get(columns)?.get(values)
    if (there === undefined) return []
    return typeof there === 'number' ? [there] : there
  }
}

function sign(keys: Keys): { columns: string; values: string } {
  const columns = Object.keys(keys)
  const [only] = columns
  if (columns.length === 1 && only !== undefined) return { columns: only, values: keys[only] ?? '' }
  columns.sort()
  return { columns: JSON.stringify(columns), values: JSON.stringify(columns.map((column) => keys[column])) }
}
