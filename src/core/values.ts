/**
 * Values as they compare. Null, empty text, blank date and blank GUID are the same nothing; decimals compare at the
 * column's precision, codes trimmed and upper-cased, texts after cutting to the shorter side (native F-02), date-times
 * in UTC to the second, dates by the project's time zone (F-07: a blank date is the other system's blank date).
 */
import type { ValueType } from '../config/config.ts'
import { instantOf, localDate, utcText } from './instant.ts'

/** How values of one field compare. */
export interface Norm {
  readonly type: ValueType
  /** Characters of the shorter side. */
  readonly maxLength?: number | undefined
  /** Decimals of the coarser side. */
  readonly precision?: number | undefined
  /** IANA zone in which a date-time becomes a date. */
  readonly timeZone?: string | undefined
}

/** A value in its one comparable form; null is nothing. */
export type Canonical = string | null

const blankGuid = '00000000-0000-0000-0000-000000000000'
const blankDate = '0001-01-01'

/** The comparable form of a value. Never throws: what does not fit its type compares as its text. */
export function canonical(value: unknown, norm: Norm): Canonical {
  if (value === null || value === undefined || value === '') return null
  return byType[norm.type](value, norm)
}

const byType: Readonly<Record<ValueType, (value: unknown, norm: Norm) => Canonical>> = {
  text: (value, norm) => cut(withPlainEnds(textOf(value)), norm.maxLength) || null,
  code: (value, norm) => cut(textOf(value).trim().toUpperCase(), norm.maxLength).trimEnd() || null,
  guid: canonicalGuid,
  lookup: canonicalGuid,
  integer: (value) => canonicalNumber(value, 0),
  decimal: (value, norm) => canonicalNumber(value, norm.precision ?? 5),
  money: (value, norm) => canonicalNumber(value, norm.precision ?? 4),
  boolean: (value) => (value === true || value === 'true' || value === 1 ? 'true' : 'false'),
  date: canonicalDate,
  dateTime: canonicalDateTime,
  choice: (value) => {
    const name = decodeName(textOf(value)).trim()
    return name === '' ? null : name
  },
}

/** Whether a value is nothing whatever its type: null, empty text, blank date, blank GUID, blank name of an enumeration. */
export const isNothing = (value: string | number | boolean | null): boolean =>
  value === null ||
  (typeof value === 'string' && (value === blankGuid || value.startsWith(blankDate) || decodeName(value).trim() === ''))

/** Business Central's encoding of enum member names: `_x0020_` is a blank. */
export const decodeName = (name: string): string =>
  name.includes('_x')
    ? name.replaceAll(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : name

const withPlainEnds = (text: string): string => (text.includes('\r') ? text.replaceAll('\r\n', '\n') : text)

/** The first `most` characters; a pair of surrogates is never torn. */
export function cut(text: string, most: number | undefined): string {
  if (most === undefined || text.length <= most) return text
  const end = /[\uD800-\uDBFF]/.test(text.charAt(most - 1)) ? most - 1 : most
  return text.slice(0, end)
}

const textOf = (value: unknown): string =>
  typeof value === 'object' ? JSON.stringify(value) : `${value as string | number | boolean}`

function canonicalGuid(value: unknown): Canonical {
  const text = textOf(value).trim().replaceAll(/[{}]/g, '').toLowerCase()
  return text === '' || text === blankGuid ? null : text
}

function canonicalDate(value: unknown, norm: Norm): Canonical {
  const text = textOf(value)
  if (text.startsWith(blankDate)) return null
  if (!text.includes('T')) return text.slice(0, 10)
  const instant = instantOf(text)
  return instant === undefined ? text : localDate(instant, norm.timeZone ?? 'UTC')
}

function canonicalDateTime(value: unknown): Canonical {
  const text = textOf(value)
  if (text.startsWith(blankDate)) return null
  const instant = instantOf(text)
  return instant === undefined ? text : utcText(instant)
}

function canonicalNumber(value: unknown, precision: number): Canonical {
  const text = textOf(value).trim()
  if (text === '') return null
  if (typeof value === 'string' && plainDecimal.test(text)) return roundText(text, precision)
  const number = Number(text)
  return Number.isFinite(number) ? roundText(number, precision) : text
}

/** Its digits count as they stand: a number may not hold them all. */
export const plainDecimal = /^-?\d+(\.\d+)?$/

/**
 * A number, or a decimal in digits, rounded half away from zero at so many decimals, as the shortest text. Works on the
 * digits people see (1.005 → 1.01), not on the binary fraction behind them.
 */
export function roundText(number: number | string, precision: number): string {
  if (typeof number === 'string') return roundDigits(number.startsWith('-'), number.replace('-', ''), precision)
  if (Number.isInteger(number))
    return number === 0 ? '0' : Math.abs(number) < 1e21 ? String(number) : BigInt(number).toString()
  const digits = Math.abs(number) < 1e-6 ? Math.abs(number).toFixed(20) : String(Math.abs(number))
  return roundDigits(number < 0, digits, precision)
}

/** Whether a decimal is the same after it was a number. */
export const fitsNumber = (decimal: string): boolean =>
  decimal.length <= 15 || roundText(Number(decimal), 40) === roundText(decimal, 40)

function roundDigits(negative: boolean, digits: string, precision: number): string {
  const [whole = '0', fraction = ''] = digits.replace(/^0+(?=\d)/, '').split('.')
  if (fraction.length <= precision) return trimZeros(negative, whole, fraction)
  const scaled = BigInt(whole + fraction.slice(0, precision)) + (fraction.charAt(precision) >= '5' ? 1n : 0n)
  const padded = scaled.toString().padStart(precision + 1, '0')
  return trimZeros(negative, padded.slice(0, padded.length - precision), padded.slice(padded.length - precision))
}

function trimZeros(negative: boolean, whole: string, fraction: string): string {
  const short = fraction.replace(/0+$/, '')
  const text = short === '' ? whole : `${whole}.${short}`
  return negative && text !== '0' ? `-${text}` : text
}
