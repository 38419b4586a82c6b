/**
 * Where a character of a YAML text stands in its file. Quotes, escapes, folded lines and indentation make the two
 * differ; the walk goes through both at once.
 */

/** A scalar as it stands in the file: `start` and `end` are offsets of its token, quotes or block header included. */
export interface Scalar {
  readonly style: 'plain' | 'single' | 'double' | 'literal' | 'folded'
  readonly start: number
  readonly end: number
  readonly value: string
}

/** Offset in the file of the scalar's character `index`; the end of the scalar for an index behind it. */
export function offsetInFile(text: string, scalar: Scalar, index: number): number {
  const block = scalar.style === 'literal' || scalar.style === 'folded'
  const indent = block ? blockIndent(text, scalar) : 0
  let offset = block ? firstLine(text, scalar, indent) : scalar.start + (scalar.style === 'plain' ? 0 : 1)
  for (let done = 0; offset < scalar.end;) {
    const step = next(text, { ...scalar, indent }, { offset, done })
    // What gives no character stands before the one that is looked for.
    if (done >= index && step.value > 0) break
    offset += step.source
    done += step.value
  }
  return Math.min(offset, scalar.end)
}

interface Step {
  /** Characters of the file. */
  readonly source: number
  /** Characters of the value that they give. */
  readonly value: number
}

function next(text: string, scalar: Scalar & { readonly indent: number }, at: { offset: number; done: number }): Step {
  const rest = text.slice(at.offset, scalar.end)
  if (scalar.style === 'literal' || scalar.style === 'folded') return blockStep(rest, scalar, at.done)
  const fold = /^[ \t]*(?:\r?\n[ \t]*)+/.exec(rest)?.[0]
  if (fold !== undefined) return { source: fold.length, value: Math.max(1, fold.split('\n').length - 2) }
  if (scalar.style === 'single' && rest.startsWith("''")) return { source: 2, value: 1 }
  return scalar.style === 'double' && rest.startsWith('\\') ? escapeStep(rest) : { source: 1, value: 1 }
}

/** A line end of a block: as many characters of the value as its folding leaves, and the next line's indentation. */
function blockStep(rest: string, scalar: Scalar & { readonly indent: number }, done: number): Step {
  const lineEnd = /^\r?\n/.exec(rest)?.[0]
  if (lineEnd === undefined) return { source: 1, value: 1 }
  const skipped = (from: number): number => blanksOf(rest.slice(from, from + scalar.indent))
  if (scalar.style === 'folded' && scalar.value[done] !== '\n' && scalar.value[done] !== ' ')
    // Two line ends fold into one: the second gave its character already.
    return { source: lineEnd.length + skipped(lineEnd.length), value: 0 }
  return { source: lineEnd.length + skipped(lineEnd.length), value: 1 }
}

function escapeStep(rest: string): Step {
  const continued = /^\\\r?\n[ \t]*/.exec(rest)?.[0]
  if (continued !== undefined) return { source: continued.length, value: 0 }
  const digits = { x: 2, u: 4, U: 8 }[rest.charAt(1)]
  if (digits === undefined) return { source: 2, value: 1 }
  const point = Number.parseInt(rest.slice(2, 2 + digits), 16)
  return { source: 2 + digits, value: point > 0xff_ff ? 2 : 1 }
}

/** Spaces before each line of a block: those of its first line that is not blank, or the number in its header. */
function blockIndent(text: string, { start, end }: Scalar): number {
  const body = text.slice(start, end).replace(/^[^\n]*\n/, '')
  return blanksOf(body.replace(/^(?: *\r?\n)*/, ''))
}

function firstLine(text: string, { start, end }: Scalar, indent: number): number {
  const newline = text.indexOf('\n', start)
  if (newline < 0 || newline >= end) return end
  const spaces = blanksOf(text.slice(newline + 1, newline + 1 + indent))
  return newline + 1 + spaces
}

/** Blanks with which a text begins. */
const blanksOf = (text: string): number => text.length - text.replace(/^ +/, '').length
