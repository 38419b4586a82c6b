/** Stored values, which are texts, numbers and yes or no. */

/** A value as text; empty for nothing. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

/** Whether two values are the same in a key: codes in any case, nothing the same as blank. */
export function sameKey(a: unknown, b: unknown): boolean {
  return textOf(a).toUpperCase() === textOf(b).toUpperCase()
}
