/**
 * Dates as text, in the letters that Business Central's transformation rules use (`dd.MM.yyyy HH:mm`) or as a locale
 * writes them. By civil arithmetic and the locale's own names: no clock is read.
 */

/** The parts of a date-time as people write them. */
export interface CivilTime {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** `Z` or `+02:00`, where the text names it. */
  readonly offset?: string
}

type Draft = { -readonly [Key in keyof CivilTime]?: CivilTime[Key] } & { afternoon?: boolean }

/** One token of a format: letters with a meaning, or text that stands for itself. */
type Token = { readonly letters: string } | { readonly text: string }

/** The tokens of a format. Throws a RangeError for a blank one. */
function tokensOf(format: string): readonly Token[] {
  if (format.trim() === '') throw new RangeError('the format is blank')
  const pattern = /d{1,4}|M{1,4}|y{4}|y{2}|H{1,2}|h{1,2}|m{1,2}|s{1,2}|f{1,7}|tt|zzz|K|'([^']*)'|"([^"]*)"|\\(.)|[^]/gu
  return [...format.matchAll(pattern)].map(([whole, single, double, escaped]) => {
    const text = single ?? double ?? escaped
    return text === undefined && Object.hasOwn(readers, whole) ? { letters: whole } : { text: text ?? whole }
  })
}

/** Digits a token may have, and where they go. */
const numbers = {
  d: [1, 2, 'day'],
  dd: [2, 2, 'day'],
  M: [1, 2, 'month'],
  MM: [2, 2, 'month'],
  yyyy: [4, 4, 'year'],
  H: [1, 2, 'hour'],
  HH: [2, 2, 'hour'],
  h: [1, 2, 'hour'],
  hh: [2, 2, 'hour'],
  m: [1, 2, 'minute'],
  mm: [2, 2, 'minute'],
  s: [1, 2, 'second'],
  ss: [2, 2, 'second'],
} as const satisfies Readonly<Record<string, readonly [number, number, keyof CivilTime]>>

/** Reads a token at the text's beginning: how many characters it takes; undefined where it does not fit. */
type Reader = (text: string, draft: Draft, locale: string) => number | undefined

const numberReader =
  ([least, most, into]: readonly [number, number, keyof CivilTime]): Reader =>
  (text, draft) => {
    const digits = new RegExp(`^\\d{${least},${most}}`).exec(text)?.[0]
    if (digits !== undefined) Object.assign(draft, { [into]: Number(digits) })
    return digits?.length
  }

const nameReader =
  (width: 'long' | 'short', kind: 'month' | 'weekday'): Reader =>
  (text, draft, locale) => {
    const lower = text.toLocaleLowerCase(locale)
    const names = namesOf(locale, width, kind)
    const index = names.findIndex((name) => name !== '' && lower.startsWith(name.toLocaleLowerCase(locale)))
    if (index < 0) return undefined
    if (kind === 'month') draft.month = index + 1
    return names[index]?.length
  }

const offsetReader: Reader = (text, draft) => {
  const offset = /^(?:Z|[+-]\d\d:?\d\d)/i.exec(text)?.[0]
  if (offset !== undefined) draft.offset = offset
  return offset?.length
}

const fractionReader: Reader = (text) => /^\d{1,7}/.exec(text)?.[0].length

const readers: Readonly<Record<string, Reader>> = {
  ...Object.fromEntries(Object.entries(numbers).map(([letters, how]) => [letters, numberReader(how)])),
  yy: (text, draft) => {
    const digits = /^\d\d/.exec(text)?.[0]
    if (digits !== undefined) draft.year = yearOfTwo(digits)
    return digits?.length
  },
  MMM: nameReader('short', 'month'),
  MMMM: nameReader('long', 'month'),
  ddd: nameReader('short', 'weekday'),
  dddd: nameReader('long', 'weekday'),
  tt: (text, draft) => {
    const half = /^[ap]m/i.exec(text)?.[0].toLowerCase()
    if (half !== undefined) draft.afternoon = half === 'pm'
    return half?.length
  },
  zzz: offsetReader,
  K: offsetReader,
  ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((count) => ['f'.repeat(count), fractionReader])),
}

/** A day in the middle of each month, and each day of a week that begins on Sunday, 4 January 1970. */
const dayAt = {
  month: (index: number) => (index * 30.5 + 15) * 86_400_000,
  weekday: (index: number) => (index + 3) * 86_400_000,
}

/** The months from January, or the days from Sunday, as the locale names them; a short name without its full stop. */
function namesOf(locale: string, width: 'long' | 'short', kind: 'month' | 'weekday'): readonly string[] {
  const format = new Intl.DateTimeFormat(locale, { [kind]: width, timeZone: 'UTC' })
  const count = { month: 12, weekday: 7 }[kind]
  return Array.from({ length: count }, (_, index) => format.format(dayAt[kind](index)).replace(/\.$/, ''))
}

/** Reads a text in a format; undefined where it does not fit. Throws a RangeError for a format or locale that is none. */
export function readDate(text: string, format: string, locale: string): CivilTime | undefined {
  const draft: Draft = {}
  let rest = text.trim()
  for (const token of tokensOf(format)) {
    const length =
      'letters' in token
        ? readers[token.letters]?.(rest, draft, locale)
        : rest.startsWith(token.text)
          ? token.text.length
          : undefined
    if (length === undefined) return undefined
    rest = rest.slice(length)
  }
  return rest === '' ? complete(draft) : undefined
}

const datePattern = /^(\d{1,4})[^\d:]{1,3}(\d{1,2})[^\d:]{1,3}(\d{1,4})\.?/
const clockPattern = /^[T ,]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:\.\d{1,7})?)?(?: ?([ap]m))?(Z|[+-]\d\d:?\d\d)?$/i

/** Reads a text as a locale writes dates, or as ISO 8601; undefined where it does not fit. */
export function readDateOf(text: string, locale: string): CivilTime | undefined {
  const trimmed = text.trim()
  const date = datePattern.exec(trimmed)
  if (date === null) return undefined
  const draft: Draft = {}
  const order = date[1]?.length === 4 ? (['year', 'month', 'day'] as const) : orderOf(locale)
  for (const [index, into] of order.entries()) {
    const digits = date[index + 1] as string
    draft[into] = into === 'year' && digits.length === 2 ? yearOfTwo(digits) : Number(digits)
  }
  const rest = trimmed.slice(date[0].length)
  return rest === '' || readClock(rest, draft) ? complete(draft) : undefined
}

/** Two digits of a year mean 1950 to 2049, as natively. */
const yearOfTwo = (digits: string): number => Number(digits) + (Number(digits) < 50 ? 2000 : 1900)

function readClock(text: string, draft: Draft): boolean {
  const clock = clockPattern.exec(text)
  if (clock === null) return false
  const [, hour, minute, second = '0', half, offset] = clock
  Object.assign(draft, { hour: Number(hour), minute: Number(minute), second: Number(second) })
  if (half !== undefined) draft.afternoon = half.toLowerCase() === 'pm'
  if (offset !== undefined) draft.offset = offset
  return true
}

/** In which order a locale writes day, month and year. */
function orderOf(locale: string): readonly ('day' | 'month' | 'year')[] {
  const parts = new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'numeric', day: 'numeric', timeZone: 'UTC' })
  return parts
    .formatToParts(0)
    .map(({ type }) => type)
    .filter((type) => type === 'day' || type === 'month' || type === 'year')
}

const daysIn = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const

function complete({ afternoon, offset, ...draft }: Draft): CivilTime | undefined {
  const { year, month, day } = draft
  if (year === undefined || month === undefined || day === undefined) return undefined
  const time = {
    year,
    month,
    day,
    hour: hourOf(draft.hour, afternoon),
    minute: draft.minute ?? 0,
    second: draft.second ?? 0,
  }
  return isOnCalendar(time) && isOnClock(time) ? { ...time, ...(offset === undefined ? {} : { offset }) } : undefined
}

function isOnCalendar({ year, month, day }: CivilTime): boolean {
  const most = month === 2 && !isLeap(year) ? 28 : (daysIn[month - 1] ?? 0)
  return year >= 1 && day >= 1 && day <= most
}

const isOnClock = ({ hour, minute, second }: CivilTime): boolean => hour <= 23 && minute <= 59 && second <= 59

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0

/** A clock of twelve hours begins with twelve. An hour that no clock shows is no hour. */
function hourOf(hour = 0, afternoon?: boolean): number {
  if (afternoon === undefined) return hour
  return hour < 1 || hour > 12 ? 24 : (hour % 12) + (afternoon ? 12 : 0)
}

/** Writes a date-time in a format. Throws a RangeError for a format or locale that is none. */
export function writeDate(time: CivilTime, format: string, locale: string): string {
  const write = (token: Token): string => ('text' in token ? token.text : written(token.letters, time, locale))
  return tokensOf(format).map(write).join('')
}

function written(letters: string, time: CivilTime, locale: string): string {
  return writers[letters]?.(time, locale) ?? '0'.repeat(letters.length)
}

const numberWriter =
  (letters: string, least: number, from: keyof CivilTime) =>
  (time: CivilTime): string =>
    String(letters.startsWith('h') ? time.hour % 12 || 12 : time[from]).padStart(least, '0')

/** What each token writes; fractions of a second are not kept and are noughts. */
const writers: Readonly<Record<string, (time: CivilTime, locale: string) => string>> = {
  ...Object.fromEntries(
    Object.entries(numbers).map(([letters, [least, , from]]) => [letters, numberWriter(letters, least, from)]),
  ),
  yy: ({ year }) => String(year % 100).padStart(2, '0'),
  MMM: ({ month }, locale) => namesOf(locale, 'short', 'month')[month - 1] as string,
  MMMM: ({ month }, locale) => namesOf(locale, 'long', 'month')[month - 1] as string,
  ddd: (time, locale) => namesOf(locale, 'short', 'weekday')[weekdayOf(time)] as string,
  dddd: (time, locale) => namesOf(locale, 'long', 'weekday')[weekdayOf(time)] as string,
  tt: ({ hour }) => (hour < 12 ? 'AM' : 'PM'),
  zzz: ({ offset }) => offset ?? '',
  K: ({ offset }) => offset ?? '',
}

/** 0 for Sunday (Sakamoto's method). */
function weekdayOf({ year, month, day }: CivilTime): number {
  const y = month < 3 ? year - 1 : year
  const shift = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4][month - 1] as number
  return (y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + shift + day) % 7
}
