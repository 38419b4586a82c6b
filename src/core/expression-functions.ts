/** The functions that expressions may call: JSONata's own, and those added here. */
import { cut } from './values.ts'

/** The first `most` characters of a text; a pair of surrogates is never torn. Nothing stays nothing. */
const truncate = (text: unknown, most: number): string | undefined =>
  typeof text === 'string' ? cut(text, most) : undefined

/** A text in pieces of at most `most` characters, e.g. a long description as comment lines. */
export function splitText(text: unknown, most: number): readonly string[] | undefined {
  if (typeof text !== 'string') return undefined
  if (!(most >= 2)) throw new RangeError('$splitText needs a length of 2 or more')
  const pieces: string[] = []
  for (let rest = text; rest !== '';) {
    const piece = cut(rest, most)
    pieces.push(piece)
    rest = rest.slice(piece.length)
  }
  return pieces
}

/** Functions of this product that need nothing from outside. */
export const addedFunctions = { truncate, splitText } as const

/** Names that are handed in with each evaluation. */
export const boundNames: readonly string[] = ['settings', 'coupled', 'option']

/** Functions of JSONata by which a dry run could differ from the run, or which would run text as code. */
export const refusedFunctions: Readonly<Record<string, string>> = {
  now: 'a dry run would differ from the run; compare with a date of the row',
  millis: 'a dry run would differ from the run',
  random: 'a dry run would differ from the run',
  shuffle: 'a dry run would differ from the run',
  eval: 'text must not become code; write the expression itself',
}

/** JSONata's own functions that may be called. */
export const standardFunctions: readonly string[] = (
  'sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad ' +
  'match contains replace split join formatNumber formatBase formatInteger parseInteger number floor ceil round abs ' +
  'sqrt power boolean not map zip filter single reduce sift keys lookup append exists spread merge reverse each ' +
  'error assert type sort distinct base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent ' +
  'decodeUrl toMillis fromMillis clone'
).split(' ')
