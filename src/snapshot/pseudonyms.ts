/**
 * P8: other values for the values of a snapshot. Equal ones stay equal wherever they stand, so that fields still agree,
 * records still match and references still lead where they led; nothing says which value stands for which.
 */
import { instantOf, localDate, utcText, zonedInstant, zonedText } from '../core/instant.ts'
import { cut } from '../core/values.ts'
import { type Random, type Span, exchanged } from './ordered.ts'
import { Words } from './words.ts'

export interface Disguise {
  /** Every value that may be asked for. */
  readonly values: () => Iterable<unknown>
  /** Values that stay as they are: texts in any capitals, numbers, dates. */
  readonly kept: Iterable<string | number>
  /** Lengths at which a service cuts texts. */
  readonly lengths: ReadonlySet<number>
  readonly timeZone: string
  readonly random: Random
}

/** Gives each value another one of its kind. */
export type Pseudonym = (value: unknown) => unknown

/** Whole numbers below stay: quantities, percents, days. */
const plainBelow = 100
const dayMs = 86_400_000
/** A day outside these years is a word for "never" or "always". */
const realYears = { first: 1900, last: 2099 }

const dateShape = /^\d{4}-\d\d-\d\d$/
const momentShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d/
const guidShape = /^\{?[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\}?$/i

/** How texts are told apart when they are kept. */
export const keptAs = (text: string): string => text.trim().toLowerCase()

/** Draws a table for all values. */
export function pseudonyms(disguise: Disguise): Pseudonym {
  const { kept, timeZone, random } = disguise
  const texts = new Set<string>()
  const numbers = new Set<number>()
  for (const value of kept) {
    if (typeof value === 'number') numbers.add(value)
    else texts.add(keptAs(value))
  }
  const seen = look(disguise, texts)
  const table = {
    number: exchanged({
      numbers: seen.numbers,
      fixed: [0, ...[...numbers].map((number) => Math.trunc(Math.abs(number)))],
      spanOf: digitsSpan,
      random,
    }),
    day: exchanged({ numbers: seen.days, fixed: daysIn(texts), spanOf: yearSpan, random }),
  }
  const words = new Words(texts, random)
  const day = (date: string): string => {
    const at = dayOf(date)
    const other = at === undefined ? undefined : table.day.get(at)
    return other === undefined ? date : dateOf(other)
  }
  const moment = (text: string): string => {
    const instant = instantOf(text)
    if (instant === undefined) return text
    const local = localDate(instant, timeZone)
    const other = day(local)
    if (other === local) return text
    const moved = zonedInstant(`${other}${zonedText(instant, timeZone).slice(10)}`, timeZone)
    return moved === undefined ? text : utcText(moved)
  }
  const text = (value: string): string => {
    if (value === '' || texts.has(keptAs(value)) || guidShape.test(value)) return value
    if (dateShape.test(value)) return day(value)
    if (momentShape.test(value)) return moment(value)
    const whole = seen.whole(value)
    return whole === value ? words.exchange(value) : cut(text(whole), value.length)
  }
  const number = (value: number): number => {
    if (numbers.has(value) || isPlain(value)) return value
    const [whole = '', fraction] = String(Math.abs(value)).split('.')
    const other = table.number.get(Number(whole))
    if (other === undefined) return value
    return Math.sign(value) * Number(fraction === undefined ? other : `${other}.${fraction}`)
  }
  return (value) => {
    if (typeof value === 'string') return text(value)
    if (typeof value === 'number') return number(value)
    return typeof value === 'boolean' ? value : null
  }
}

/** Also beyond what can be told to the cent: no amount is so large. */
const isPlain = (value: number): boolean =>
  (Number.isInteger(value) && Math.abs(value) < plainBelow) || !(Math.abs(value) < 1e14)

interface Seen {
  readonly numbers: ReadonlySet<number>
  readonly days: ReadonlySet<number>
  /** The text that this one was cut from; else the text itself. */
  readonly whole: (text: string) => string
}

function look({ values, lengths, timeZone }: Disguise, kept: ReadonlySet<string>): Seen {
  const numbers = new Set<number>()
  const days = new Set<number>()
  const full = new Set<string>()
  for (const value of values()) {
    if (typeof value === 'number' && !isPlain(value)) numbers.add(Math.trunc(Math.abs(value)))
    if (typeof value !== 'string' || kept.has(keptAs(value))) continue
    const day = dayIn(value, timeZone)
    if (day !== undefined) days.add(day)
    else if (lengths.has(value.length)) full.add(value.toLowerCase())
  }
  const wholes = wholesOf(values(), full, [...lengths])
  return { numbers, days, whole: (text) => wholes.get(text.toLowerCase()) ?? text }
}

/** Texts as long as a column takes → longer ones that begin so. */
function wholesOf(
  values: Iterable<unknown>,
  full: ReadonlySet<string>,
  lengths: readonly number[],
): ReadonlyMap<string, string> {
  const wholes = new Map<string, string>()
  for (const value of values) {
    if (typeof value !== 'string') continue
    for (const length of lengths.filter((one) => one < value.length)) {
      const beginning = value.slice(0, length).toLowerCase()
      if (full.has(beginning)) wholes.set(beginning, value)
    }
  }
  return wholes
}

/** The day that a date or a moment falls on. */
function dayIn(text: string, timeZone: string): number | undefined {
  const date = dateShape.test(text) ? text : momentShape.test(text) ? localDateOf(text, timeZone) : undefined
  return date === undefined ? undefined : dayOf(date)
}

function localDateOf(text: string, timeZone: string): string | undefined {
  const instant = instantOf(text)
  return instant === undefined ? undefined : localDate(instant, timeZone)
}

/** Days since 1970; undefined for no date, and for one that only says "never". */
function dayOf(date: string): number | undefined {
  const year = Number(date.slice(0, 4))
  const instant = instantOf(`${date}T00:00Z`)
  const isReal = year >= realYears.first && year <= realYears.last
  return instant === undefined || !isReal ? undefined : Math.floor(instant / dayMs)
}

const dateOf = (day: number): string => utcText(day * dayMs).slice(0, 10)

const daysIn = (texts: ReadonlySet<string>): readonly number[] =>
  [...texts].flatMap((text) => (dateShape.test(text) ? (dayOf(text) ?? []) : []))

/** The numbers of as many digits. */
function digitsSpan(number: number): Span {
  const digits = String(number).length
  return [10 ** (digits - 1), 10 ** digits - 1]
}

/** The days of the year. */
function yearSpan(day: number): Span {
  const year = dateOf(day).slice(0, 4)
  return [dayOf(`${year}-01-01`) ?? day, dayOf(`${year}-12-31`) ?? day]
}
