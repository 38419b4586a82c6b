/**
 * Functions of dates and numbers that expressions may call, after the native transformation rules. Locale and time zone
 * are always those that the expression names, never the machine's. Nothing stays nothing.
 */
import { type CivilTime, readDate, readDateOf, writeDate } from './date-format.ts'
import { instantOf, utcText, zonedInstant, zonedText } from './instant.ts'
import { fitsNumber, plainDecimal, roundText } from './values.ts'

const two = (value: number): string => String(value).padStart(2, '0')
const dateText = ({ year, month, day }: CivilTime): string =>
  `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`
const clockText = ({ hour, minute, second }: CivilTime): string => `${two(hour)}:${two(minute)}:${two(second)}`
const isBlank = (value: unknown): value is undefined | null | '' =>
  value === undefined || value === null || value === ''

/** The locale, `en-US` where none is named. Throws a RangeError for one that nobody knows. */
function known(locale: string): string {
  if (locale === '') return 'en-US'
  if (Intl.DateTimeFormat.supportedLocalesOf([locale]).length === 0)
    throw new RangeError(`no locale is called ${locale}`)
  return locale
}

function read(text: string, format: string, locale: string): CivilTime | undefined {
  const as = known(locale)
  return format === '' ? readDateOf(text, as) : readDate(text, format, as)
}

/**
 * Rule "Date Formatting": a date read from a text in a format (`dd.MM.yyyy`), or, where that is blank, as the locale
 * writes dates. `2026-11-21`; what cannot be read stays as it is, as natively.
 */
export function parseDate(text: unknown, format = '', locale = ''): string | undefined {
  if (typeof text !== 'string') return undefined
  const time = read(text, format, locale)
  return time === undefined ? text : dateText(time)
}

/** Rule "Date and Time Formatting": the same with the time, in UTC. `timeZone` is where the clock hung (default UTC). */
export function parseDateTime(text: unknown, format = '', locale = '', timeZone = 'UTC'): string | undefined {
  if (typeof text !== 'string') return undefined
  const time = read(text, format, locale)
  zonedText(0, timeZone) // a zone that does not exist is told whatever the text says
  if (time === undefined) return text
  const local = `${dateText(time)}T${clockText(time)}`
  // What stands on the calendar and on the clock is a moment.
  const at = time.offset === undefined ? zonedInstant(local, timeZone) : instantOf(`${local}${time.offset}`)
  return utcText(at as number)
}

/** The opposite: a date or date-time as text in a format. A moment is told as the clocks of `timeZone` show it. */
export function formatDate(value: unknown, format: string, locale = 'en-US', timeZone = 'UTC'): string | undefined {
  if (isBlank(value)) return undefined
  const time = civilOf(value, timeZone)
  if (time === undefined) throw new RangeError('$formatDate needs a date or a date-time')
  return writeDate(time, format, known(locale))
}

function civilOf(text: unknown, timeZone: string): CivilTime | undefined {
  if (typeof text !== 'string') return undefined
  const instant = instantOf(text)
  return readDateOf(instant === undefined ? text : zonedText(instant, timeZone), 'sv-SE')
}

/** Rule "Extract From Date": day, month or year of a date; of a date-time as the clocks of `timeZone` show it. */
export function datePart(value: unknown, which: 'day' | 'month' | 'year', timeZone = 'UTC'): number | undefined {
  if (isBlank(value)) return undefined
  const time = civilOf(value, timeZone)
  const found = { day: time?.day, month: time?.month, year: time?.year }[which]
  if (found === undefined) throw new RangeError('$datePart needs a date and day, month or year')
  return found
}

/** Rule "Unixtimestamp": seconds since 1970 as a date-time in UTC; empty where they are no number, as natively. */
export function fromUnix(seconds: unknown): string | undefined {
  if (isBlank(seconds)) return undefined
  const at = Number(seconds)
  return Number.isFinite(at) && Math.abs(at) < 253_402_300_800 ? utcText(Math.trunc(at) * 1000) : ''
}

/**
 * Rule "Decimal Formatting": a number read from a text as the locale writes numbers. Throws a RangeError for a text
 * that is none: natively it becomes 0, which nobody would notice.
 */
export function parseDecimal(text: unknown, locale = 'en-US'): number | undefined {
  if (typeof text === 'number') return text
  if (typeof text !== 'string' || text.trim() === '') return undefined
  const number = numberIn(text, locale)
  if (number === undefined) throw new RangeError(`$parseDecimal: this is no number as ${locale} writes it`)
  return number
}

function numberIn(text: string, locale: string): number | undefined {
  const { group, decimal } = separatorsOf(locale)
  const plain = asTyped(text.trim()).replaceAll(group, '_').replace(decimal, '.')
  const found = /^(-?|\+)(\d{1,3}(?:_\d{2,3})*_\d{3}|\d*)(\.\d*)?(-?)$/.exec(plain)
  const [, sign = '', whole = '', fraction = '', behind = ''] = found ?? []
  if (!/\d/.test(whole + fraction) || (sign !== '' && behind !== '')) return undefined
  const size = Number(`${whole.replaceAll('_', '')}${fraction}`)
  return sign === '-' || behind === '-' ? -size : size
}

/** Blanks, apostrophes and minus signs as people type them: locales write them in several ways. */
const asTyped = (text: string): string =>
  text
    .replaceAll(/[\u00a0\u202f]/g, ' ')
    .replaceAll('\u2019', "'")
    .replaceAll('\u2212', '-')

function separatorsOf(locale: string): { readonly group: string; readonly decimal: string } {
  const parts = new Intl.NumberFormat(known(locale), { useGrouping: true }).formatToParts(1_234_567.8)
  const of = (wanted: string): string =>
    asTyped((parts.find(({ type }) => type === wanted) as Intl.NumberFormatPart).value)
  return { group: of('group'), decimal: of('decimal') }
}

/** The opposite: a number as the locale writes it, with so many decimals (as many as it has). */
export function formatDecimal(value: unknown, locale: string, decimals?: number): string | undefined {
  if (typeof value !== 'number') return undefined
  const digits = { minimumFractionDigits: decimals ?? 0, maximumFractionDigits: decimals ?? 10 }
  return new Intl.NumberFormat(known(locale), digits).format(value)
}

/**
 * Rule "Round": to a multiple of `precision` (0.05). `=` to the nearest and half away from zero, `>` away from zero,
 * `<` towards it. Counts digit by digit, so that no large amount loses its cents; what no number holds is given as a
 * text. Throws a RangeError for a precision that is not above 0 or another direction.
 */
export function roundTo(
  value: unknown,
  precision: unknown,
  direction: '=' | '>' | '<' = '=',
): number | string | undefined {
  if (isBlank(value)) return undefined
  const [number, step] = [Number(value), stepOf(Number(precision))]
  if (!Number.isFinite(number) || step === undefined)
    throw new RangeError('$roundTo needs a number and a precision above 0')
  const digits = digitsOf(typeof value === 'string' && plainDecimal.test(value) ? value : number, decimalsIn(step))
  const scale = Math.max(decimalsIn(step), decimalsIn(digits))
  const [amount, unit] = [scaled(digits, scale), scaled(step, scale)]
  const [steps, rest] = [amount / unit, amount % unit]
  const isUp = { '=': rest * 2n >= unit, '>': rest > 0n, '<': false }[direction]
  if (isUp === undefined) throw new RangeError("$roundTo: the direction is '=', '>' or '<'")
  const exact = unscaled((steps + (isUp ? 1n : 0n)) * unit * (number < 0 ? -1n : 1n), scale)
  return fitsNumber(exact) ? Number(exact) : exact
}

/** A precision in digits; nothing where it is none. */
function stepOf(precision: number): string | undefined {
  const step = Number.isFinite(precision) ? roundText(precision, 20) : '0'
  return step === '0' || step.startsWith('-') ? undefined : step
}

/**
 * The digits of an amount without its sign. Of a number fifteen count, what people see and not the binary fraction
 * behind it; more only where the decimals of the precision would be lost.
 */
function digitsOf(value: number | string, decimals: number): string {
  if (typeof value === 'string') return value.replace('-', '')
  const whole = String(Math.trunc(Math.abs(value))).length
  return roundText(Math.abs(value), Math.max(15 - whole, decimals + 1))
}

const decimalsIn = (digits: string): number => digits.split('.')[1]?.length ?? 0
/** So many decimals taken as digits: 1.5 at 2 is 150. */
const scaled = (digits: string, scale: number): bigint =>
  BigInt(digits.replace('.', '') + '0'.repeat(scale - decimalsIn(digits)))

/** The decimal of which `scaled` made digits. */
function unscaled(digits: bigint, scale: number): string {
  const text = String(digits)
    .replace('-', '')
    .padStart(scale + 1, '0')
  const at = text.length - scale
  return roundText(`${digits < 0n ? '-' : ''}${text.slice(0, at)}.${text.slice(at)}0`, scale)
}
