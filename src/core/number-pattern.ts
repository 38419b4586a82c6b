/**
 * Numbers of the administrator's choice for new records: `SP NO. {00001}` counts from 1 with five digits. The record
 * takes the first number that no record of the collection has. Keeps P1: what makes a record the same is its derived
 * key, so that a second try with another number makes no second record.
 */

/** A number pattern: what stands before and behind, and how it counts. */
export interface NumberPattern {
  readonly prefix: string
  readonly suffix: string
  /** The first number. */
  readonly first: number
  /** Digits; a number with more is none of the pattern's. */
  readonly width: number
}

/** A question for the first free number of a collection's column. */
export interface NumberQuery {
  readonly side: 'businessCentral' | 'sales'
  readonly column: string
  readonly pattern: NumberPattern
  /** Codes have no small letters. */
  readonly isCode: boolean
  /** Id of the record that gets it: asked again, it gets the same. */
  readonly source: string
}

/** A number as it is written, and how far the pattern has counted. */
export interface FreeNumber {
  readonly text: string
  readonly count: number
}

/** Reads `SP NO. {00001}`; undefined where there is not exactly one counter of 1 to 15 digits. */
export function parseNumberPattern(text: string): NumberPattern | undefined {
  const [, prefix, digits, suffix] = /^([^{}]*)\{(\d{1,15})\}([^{}]*)$/.exec(text) ?? []
  if (prefix === undefined || digits === undefined || suffix === undefined) return undefined
  return { prefix, suffix, first: Number(digits), width: digits.length }
}

/** The first number from `from` on that is free; 'none' where the pattern is used up. */
export function firstFree(
  { pattern, isCode }: Pick<NumberQuery, 'pattern' | 'isCode'>,
  isTaken: (number: string) => boolean,
  from: number = pattern.first,
): FreeNumber | 'none' {
  for (let number = from; String(number).length <= pattern.width; number++) {
    const plain = `${pattern.prefix}${String(number).padStart(pattern.width, '0')}${pattern.suffix}`
    const text = isCode ? plain.toUpperCase() : plain
    if (!isTaken(comparableNumber(text))) return { text, count: number }
  }
  return 'none'
}

/** Numbers compare without case and blanks around them, as both services do. */
export const comparableNumber = (text: string): string => text.trim().toUpperCase()
