/** "Did you mean …": the name closest to what was written. */
import { closest, distance } from 'fastest-levenshtein'

/** Undefined where nothing is near enough to help. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined
  const found = closest(name, [...names])
  return distance(name.toLowerCase(), found.toLowerCase()) <= Math.max(2, name.length / 3) ? found : undefined
}
