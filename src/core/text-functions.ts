/**
 * Functions of texts that expressions may call. Where one stands for a native transformation rule it does what that
 * rule does: positions count from 1, what is not found gives an empty text. Nothing stays nothing. Each takes time in
 * proportion to the length of the text.
 */
import { convert } from 'html-to-text'
import { cut } from './values.ts'

/** A function of a text: anything else than a text gives nothing. */
const ofText =
  <More extends readonly unknown[], Result>(apply: (text: string, ...more: More) => Result) =>
  (text: unknown, ...more: More): Result | undefined =>
    typeof text === 'string' ? apply(text, ...more) : undefined

/** The first `most` characters of a text; a pair of surrogates is never torn. */
export const truncate = ofText((text, most: number) => cut(text, most))

/**
 * A text in pieces of at most `most` characters, e.g. a long description as comment lines: a new piece at each line
 * break, words whole where they fit. Empty lines give no piece. Throws a RangeError below 2.
 */
export const splitText = ofText((text, most: number): readonly string[] => {
  if (!(most >= 2)) throw new RangeError('$splitText needs a length of 2 or more')
  return text.split(/\r\n|\n|\r/).flatMap((line) => piecesOf(line.trimEnd(), most))
})

function piecesOf(line: string, most: number): readonly string[] {
  const pieces: string[] = []
  for (let rest = line; rest !== '';) {
    const piece = firstPiece(rest, most)
    pieces.push(piece.trimEnd())
    rest = rest.slice(piece.length).trimStart()
  }
  return pieces.filter((piece) => piece !== '')
}

/** What goes into the first piece: up to the last blank that fits, or hard where one word is longer. */
function firstPiece(text: string, most: number): string {
  const hard = cut(text, most)
  if (hard.length === text.length || /\s/.test(text.charAt(hard.length))) return hard
  const blank = Math.max(hard.lastIndexOf(' '), hard.lastIndexOf('\t'))
  return blank > 0 ? hard.slice(0, blank) : hard
}

const htmlOptions = {
  wordwrap: false as const,
  limits: { maxInputLength: 1_000_000, maxDepth: 200 },
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    { selector: 'img', format: 'skip' },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
    { selector: 'ul', options: { itemPrefix: '- ' } },
  ],
}

/** What a person reads of an HTML text (native N-01): tags removed, characters decoded. A text without tags stays. */
export const plainText = ofText((text) =>
  /<[a-z!/]/i.test(text) ? convert(text, htmlOptions).replaceAll('\u00a0', ' ') : text,
)

/** Rule "Trim": blanks at both ends go, those between stay (JSONata's own `$trim` makes them one). */
export const trimEnds = ofText((text) => {
  let [start, end] = [0, text.length]
  while (text.charAt(start) === ' ') start += 1
  while (end > start && text.charAt(end - 1) === ' ') end -= 1
  return text.slice(start, end)
})

/** Rule "Title Case": each word with a capital; a word all in capitals stays. */
export const titleCase = ofText((text, locale?: string) =>
  text.replaceAll(/\p{L}[\p{L}\p{M}'’]*/gu, (word) => {
    if (word.length > 1 && word === word.toLocaleUpperCase(locale)) return word
    const first = String.fromCodePoint(word.codePointAt(0) as number)
    return first.toLocaleUpperCase(locale) + word.slice(first.length).toLocaleLowerCase(locale)
  }),
)

/** Rule "Remove Non-Alphanumeric Characters": letters and digits of all scripts stay. */
export const alphanumeric = ofText((text) => text.replaceAll(/[^\p{L}\p{M}\p{Nd}]/gu, ''))

/**
 * Rule "Substring". `from` is a position from 1, or the text behind which it begins; `to` a length, or the text before
 * which it ends. Left out or blank: from the beginning, to the end. Empty where a text is not found.
 */
export const part = ofText((text, from?: number | string, to?: number | string) => {
  const start = startOf(text, from)
  if (start === undefined) return ''
  const end = endOf(text, start, to)
  return end === undefined ? '' : text.slice(start, end)
})

function startOf(text: string, from: number | string | undefined): number | undefined {
  if (from === undefined || from === '') return 0
  if (typeof from === 'number') return from >= 1 ? Math.floor(from) - 1 : undefined
  const found = text.indexOf(from)
  return found < 0 ? undefined : found + from.length
}

function endOf(text: string, start: number, to: number | string | undefined): number | undefined {
  if (to === undefined || to === '') return text.length
  if (typeof to === 'number') return to >= 1 ? start + Math.floor(to) : undefined
  const found = text.indexOf(to, start)
  return found < 0 ? undefined : found
}
