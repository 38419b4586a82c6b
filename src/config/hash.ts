/** Hashes of what was decided, so that a change of the configuration is noticed. */
import { createHash } from 'node:crypto'
import { isRecord } from './path.ts'

/** So many hex characters of SHA-256 over a value; the order of keys does not matter. */
export const hashOf = (value: unknown, length: number): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex')
    .slice(0, length)

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isRecord(value)) return value
  const keys = Object.keys(value).filter((key) => value[key] !== undefined)
  return Object.fromEntries(keys.sort().map((key) => [key, sorted(value[key])]))
}

/** The value, frozen with everything below it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const each of Object.values(value)) deepFreeze(each)
  }
  return value
}
