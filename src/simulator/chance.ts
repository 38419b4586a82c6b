/** Deterministic ids and chance: the same seed always makes the same demo. */

import { hash } from 'node:crypto'

/** A name-based UUID (version 5 in form): the same words always give the same id. */
export function stableId(...words: readonly string[]): string {
  const hex = hash('sha1', words.join('\u0000'), 'hex')
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** A source of chance with a seed. */
export interface Chance {
  /** A number from 0 up to, not including, 1. */
  next(): number
  /** A whole number from 0 up to, not including, `below`. */
  below(below: number): number
  /** One of the list. */
  pick<T>(list: readonly T[]): T
}

/** The mulberry32 generator: 32 bits of state, quick, and good enough to make names. */
export function chance(seed: number): Chance {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return { next, below, pick: <T>(list: readonly T[]) => list[below(list.length)] as T }
}

const hourMs = 3_600_000
const yearMs = 365 * 24 * hourMs

/** A moment in the year before `now`, never within its last hour, as an ISO text with milliseconds. */
export function lastYear(now: Date, at: Chance): string {
  return new Date(now.getTime() - hourMs - Math.floor(at.next() * (yearMs - hourMs))).toISOString()
}
