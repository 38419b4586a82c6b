/** Hashes of what was decided, so that a change of the configuration is noticed. */
import { hash } from 'node:crypto'
import { isRecord } from './path.ts'

/** So many hex characters of SHA-256 over a value; the order of keys does not matter. */
export const hashOf = (value: unknown, length: number): string =>
  hash('sha256', JSON.stringify(sorted(value)), 'hex').slice(0, length)

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isRecord(value)) return value
  // Whatever a key is called: not even `__proto__` means anything here.
  const result = Object.create(null) as Record<string, unknown>
  for (const key of Object.keys(value).sort()) if (value[key] !== undefined) result[key] = sorted(value[key])
  return result
}

/** The value, frozen with everything below it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const each of Object.values(value)) deepFreeze(each)
  }
  return value
}
