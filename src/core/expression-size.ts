/**
 * How large what an expression makes may grow. JSONata looks at its limits between its steps; one step over something
 * huge (a comparison, a text made of it, a sort) has no end that anybody would wait for, nor has the memory for it.
 */

/** Letters of all texts, and some for each value that holds them. */
const largest = 10_000_000
const perValue = 20
/** Items of a list that a function gives, as of one that JSONata itself makes. */
export const longestList = 10_000

/** Why a value is too large to go on with; undefined for nearly all. `known` remembers the sizes of what was looked at. */
export function excessOf(value: unknown, known: WeakMap<object, number>): string | undefined {
  if (Array.isArray(value) && value.length > longestList) return tooLong
  return sizeWithin(value, known) > largest ? 'what it makes grows larger than ten million letters' : undefined
}

export const tooLong = `a list grows longer than ${longestList.toLocaleString('en')} items`

/** Parts that are held several times count each time, as they do for whoever writes them out. */
function sizeWithin(value: unknown, known: WeakMap<object, number>): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null || isCallable(value)) return 0
  const found = known.get(value)
  if (found !== undefined) return found
  known.set(value, perValue)
  let size = perValue
  for (const each of Object.values(value)) size += sizeWithin(each, known)
  known.set(value, size)
  return size
}

/** JSONata's functions hold the surroundings in which they were made. */
const isCallable = (value: object): boolean => '_jsonata_lambda' in value || '_jsonata_function' in value
