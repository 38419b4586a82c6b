/** Instants as text and number, by civil arithmetic: the core reads no clock. */

/** Milliseconds since 1970 of an ISO 8601 date-time; undefined when it is none. Without an offset it is UTC. */
export function instantOf(text: string): number | undefined {
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?$/i.exec(text)
  if (parts === null) return undefined
  const [, year, month, day, hour, minute, second = '0', fraction = '', zone = 'Z'] = parts
  const days = daysFromCivil(Number(year), Number(month), Number(day))
  const ms = Number(fraction.slice(0, 3).padEnd(3, '0'))
  return (
    days * 86_400_000 + Number(hour) * 3_600_000 + Number(minute) * 60_000 + Number(second) * 1000 + ms - offsetOf(zone)
  )
}

/** `2026-11-21T03:34:00Z`: UTC, to the second, as Dataverse keeps it. */
export function utcText(instant: number): string {
  const { date, ms } = civil(instant)
  return `${date}T${two(Math.floor(ms / 3_600_000))}:${two(Math.floor(ms / 60_000) % 60)}:${two(Math.floor(ms / 1000) % 60)}Z`
}

const two = (value: number): string => String(value).padStart(2, '0')

/** The calendar date of an instant in an IANA zone. */
export function localDate(instant: number, timeZone: string): string {
  return timeZone === 'UTC' ? civil(instant).date : dateFormat(timeZone).format(instant)
}

/** The instant at which a date (`2026-11-21`) begins in an IANA zone; undefined when it is no date. */
export function startOfDay(date: string, timeZone: string): number | undefined {
  const midnight = instantOf(`${date}T00:00:00Z`)
  if (midnight === undefined || timeZone === 'UTC') return midnight
  // The clock may change on that very day: the offsets of the day before and of the day after are both tried.
  const starts = [midnight + 86_400_000, midnight - 86_400_000].map((at) => midnight - offsetAt(at, timeZone))
  return starts.sort((a, b) => a - b).find((start) => localDate(start, timeZone) === date)
}

/** Milliseconds by which the clocks of a zone are ahead of UTC. */
function offsetAt(instant: number, timeZone: string): number {
  const clock = clockFormat(timeZone).format(instant).replace(' ', 'T')
  return (instantOf(clock) ?? instant) - instant
}

/** The clock's reading in an IANA zone, as `2026-11-21T04:34:00`. */
export function zonedText(instant: number, timeZone: string): string {
  return utcText(timeZone === 'UTC' ? instant : instant + offsetAt(instant, timeZone)).slice(0, -1)
}

/**
 * The instant at which the clocks of an IANA zone read so (`2026-11-21T04:34:00`); undefined when it is no date-time.
 * Of an hour that comes twice, the first; of one that is left out, as if the clock had not been changed.
 */
export function zonedInstant(text: string, timeZone: string): number | undefined {
  const local = instantOf(`${text}Z`)
  if (local === undefined || timeZone === 'UTC') return local
  const both = [local - 86_400_000, local + 86_400_000].map((at) => local - offsetAt(at, timeZone)) as [number, number]
  return both.sort((a, b) => a - b).find((at) => at + offsetAt(at, timeZone) === local) ?? both[1]
}

const day = { year: 'numeric', month: '2-digit', day: '2-digit' } as const
const clock = { ...day, hour: '2-digit', minute: '2-digit', second: '2-digit' } as const
const dateFormat = formats(day)
const clockFormat = formats(clock)

/** Formats by zone, each made once: making one takes longer than using it a hundred times. Swedish writes ISO dates. */
function formats(parts: Intl.DateTimeFormatOptions): (timeZone: string) => Intl.DateTimeFormat {
  const made = new Map<string, Intl.DateTimeFormat>()
  return (timeZone) => {
    const known = made.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { ...parts, timeZone })
    made.set(timeZone, known)
    return known
  }
}

function offsetOf(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0
  const sign = zone.startsWith('-') ? -1 : 1
  const digits = zone.slice(1).replace(':', '')
  return sign * (Number(digits.slice(0, 2)) * 3_600_000 + Number(digits.slice(2)) * 60_000)
}

function civil(instant: number): { readonly date: string; readonly ms: number } {
  const days = Math.floor(instant / 86_400_000)
  return { date: civilFromDays(days), ms: instant - days * 86_400_000 }
}

/** Days since 1970-01-01 of a date of the proleptic Gregorian calendar. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

function civilFromDays(days: number): string {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}
