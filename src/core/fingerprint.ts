/**
 * Fingerprints: 64-bit keyed hashes of mapped values. State holds these and never a business value (P8); the key keeps
 * a reader of the state from guessing values by trying them.
 */
import { hash } from 'node:crypto'
import type { Canonical } from './values.ts'

/** Makes fingerprints with one key: 11 characters of base64url; `-` for nothing, so that a cleared field shows. */
export type Fingerprint = (value: Canonical) => string

/** A fingerprint function for a key. Remembers what it hashed lately, because the same few codes recur in every row. */
export function fingerprinter(key: string): Fingerprint {
  const prefix = `${key}\n`
  const known = new Map<string, string>()
  return (value) => {
    if (value === null) return '-'
    const seen = known.get(value)
    if (seen !== undefined) return seen
    const print = shortHash(prefix + value)
    if (known.size >= 20_000) known.clear()
    known.set(value, print)
    return print
  }
}

/**
 * The version of a row as we saw it: etag and time of change together, because Business Central's etag covers only the
 * fields of the page it was read from, while the stamp moves with every field of the record.
 */
export function versionOf(seen: {
  readonly etag: string | undefined
  readonly modified: string | undefined
}): string | undefined {
  if (seen.etag === undefined) return undefined
  return shortHash(`${seen.etag}|${seen.modified ?? ''}`)
}

/**
 * 66 bits of SHA-256, unkeyed: for things that are no business values. Halves of pairs of surrogates, which all have the
 * same bytes, are told apart.
 */
export const shortHash = (text: string): string =>
  hash('sha256', text.isWellFormed() ? text : JSON.stringify(text), 'base64url').slice(0, 11)
