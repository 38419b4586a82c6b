/**
 * How long an expression may keep a thread busy without JSONata looking at its limits: inside a regular expression, in
 * `$distinct`, which compares each with each, and over an unusual format. Everything else is stopped by the limits of
 * `expression`.
 */
import { arePicturesPlain } from './expression-pictures.ts'
import type { Names } from './expression-syntax.ts'
import { dangerOf, repeatsOf } from './regex-danger.ts'

/** Steps that an expression takes at most, given how large what it sees is (see `sizeOf`). */
type Work = (size: number) => number

/** More steps than these, some tens of milliseconds, are done apart, where they can be ended. */
export const mostSteps = 10_000_000

/** By these an expression makes long texts and lists of short ones; how long, only a run tells. */
const growing = new Set(['reduce', 'pad', 'formatNumber', 'fromMillis'])

/** The same by its syntax: a range, a function of its own, a name that can be doubled and doubled. */
const growingSyntax = /\.\.|function\s*\(|λ|:=/

/** Undefined for nearly all expressions: they have nothing that the limits do not stop. */
export function workOf(text: string, { regexes, calls, variables }: Names): Work | undefined {
  if (!arePicturesPlain({ calls, variables })) return () => Number.POSITIVE_INFINITY
  const compares = variables.some(({ name }) => name === 'distinct')
  if (regexes.length === 0 && !compares) return undefined
  const grows =
    growingSyntax.test(text) ||
    variables.some(({ name }) => growing.has(name)) ||
    calls.some(({ name, arguments: given }) => name === 'replace' && given[2]?.type !== 'string')
  if (grows || regexes.some(({ source }) => dangerOf(source) !== undefined)) return () => Number.POSITIVE_INFINITY
  const factor = calls.reduce((all, { name, arguments: given }) => {
    // What the only regular expression replaces, none reads.
    const counts = name === 'replace' && (regexes.length > 1 || compares || given[1]?.type !== 'regex')
    return counts ? all * Math.max(1, String(given[2]?.value).length) : all
  }, text.split('&').length)
  const repeats = Math.max(compares ? 1 : 0, ...regexes.map(({ source }) => repeatsOf(source)))
  return (size) => ((size + text.length) * factor) ** (repeats + 1)
}

/** Letters of all texts of a value, and one for each value in it. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 1
  let size = 1
  for (const each of Object.values(value)) size += sizeOf(each)
  return size
}
