/**
 * The formats (pictures) by which functions read and write numbers and times. One of thousands of letters takes minutes,
 * and of a loose one JSONata makes a regular expression that may never end on a long text.
 */
import type { Names, Node } from './expression-syntax.ts'

const formatting = new Set(
  'formatNumber formatInteger parseInteger fromMillis toMillis formatDate parseDate parseDateTime'.split(' '),
)

/** Letters of a format that is short. */
const mostLetters = 100

/** All formats are written in the expression, are short, and are read in one way only. */
export function arePicturesPlain({ calls, variables }: Pick<Names, 'calls' | 'variables'>): boolean {
  const called = calls.filter(({ name }) => formatting.has(name))
  const named = variables.filter(({ name }) => formatting.has(name))
  // A function that is only named, to be called under another name, may get any format.
  return called.length === named.length && called.every(isCallPlain)
}

const isCallPlain = ({ name, arguments: given }: Names['calls'][number]): boolean =>
  given.slice(1).every((node) => isPlain(node, name === 'toMillis'))

function isPlain({ type, value }: Node, reads: boolean): boolean {
  if (type !== 'string') return type === 'number'
  return String(value).length <= mostLetters && !(reads && isLoose(String(value)))
}

/** A part that is written in digits. JSONata knows how many there are where the next one follows at once, but for `f`. */
const inDigits = /^\[[a-zA-Z][\d#,*-]*\]$/
const ofAnyLength = /^\[f/

/** A text may be divided among its parts in several ways: words, or parts with nothing between that tells them apart. */
function isLoose(picture: string): boolean {
  if (/\[\[|\]\]|\[[^\]]*w/i.test(picture)) return true
  const parts = [...picture.matchAll(/\[[^\]]*\]/g)]
  return parts.some((part, at) => {
    const next = parts[at + 1]
    if (next === undefined) return false
    const between = picture.slice(part.index + part[0].length, next.index)
    const areDigits = inDigits.test(part[0]) && inDigits.test(next[0])
    if (between === '') return !areDigits || ofAnyLength.test(part[0])
    return areDigits ? /^\d+$/.test(between) : /^[\p{L}\p{N}]+$/u.test(between)
  })
}
