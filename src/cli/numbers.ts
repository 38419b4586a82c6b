/** Numbers and spans of time as arguments. */
import { InvalidArgumentError } from 'commander'

/** A whole number, 0 or more. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Give a whole number.')
  return Number(text)
}

/** A port; 0 takes a free one. */
export function portNumber(text: string): number {
  const port = wholeNumber(text)
  if (port > 65_535) throw new InvalidArgumentError('Give a number from 0 to 65535.')
  return port
}

const units: Readonly<Record<string, number>> = { s: 1000, min: 60_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Before it there was neither of the two services. */
const longestSpan = 36_500 * 86_400_000

/** A span such as `90s`, `30min`, `2h` or `3d`, in milliseconds. */
export function span(text: string): number {
  const parts = /^(\d+(?:\.\d+)?)\s*(s|min|m|h|d)$/.exec(text)
  const unit = units[parts?.[2] ?? '']
  const length = Number(parts?.[1]) * (unit ?? Number.NaN)
  if (!(length <= longestSpan)) throw new InvalidArgumentError('Give a span of time such as 30min, 2h or 3d.')
  return length
}
