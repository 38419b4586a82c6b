/**
 * Numbers for lines that are added to a document: in steps behind the last one, between their neighbours where they
 * stand between two. A number once given is never changed, because services refuse it.
 */

/** A line in the order that the document shall have: its number where it has one. */
export type Placed = number | undefined

/** A number for each line that has none; `taken` are further numbers that must not be given. */
export function numbered(lines: readonly Placed[], step: number, taken: ReadonlySet<number>): readonly number[] {
  const used = new Set([...lines.filter((number) => number !== undefined), ...taken])
  const given = [...lines] as number[]
  for (let at = 0; at < lines.length; at++) {
    if (lines[at] !== undefined) continue
    const end = lines.findIndex((number, index) => index > at && number !== undefined)
    const gap = { at, count: (end < 0 ? lines.length : end) - at, after: given[at - 1] ?? 0, before: lines[end] }
    for (const [index, number] of fill(gap, step, used).entries()) {
      given[at + index] = number
      used.add(number)
    }
    at += gap.count - 1
  }
  return given
}

interface Gap {
  readonly count: number
  readonly after: number
  /** Undefined behind the last line. */
  readonly before: number | undefined
}

/** Evenly between the neighbours while there is room; else behind everything. */
function fill({ count, after, before }: Gap, step: number, used: ReadonlySet<number>): readonly number[] {
  const between = before === undefined ? [] : spread(after, before, count)
  if (between.length === count && between.every((number) => !used.has(number))) return between
  const numbers: number[] = []
  let last = before === undefined ? after : Math.max(after, ...used)
  while (numbers.length < count) {
    last = (Math.floor(last / step) + 1) * step
    if (!used.has(last)) numbers.push(last)
  }
  return numbers
}

function spread(after: number, before: number, count: number): readonly number[] {
  const width = (before - after) / (count + 1)
  if (width < 1) return []
  return Array.from({ length: count }, (_, index) => Math.floor(after + width * (index + 1)))
}
