/**
 * Other words for words: the same word gets the same one, whatever its capitals; letters stay letters, digits digits,
 * and what stands between words stays. The table is random and not kept, so nothing leads back but how often a word
 * comes, how long it is and what stands beside it.
 */
import type { Random } from './ordered.ts'

const letters = 'abcdefghijklmnopqrstuvwxyz'
const digits = '0123456789'
/** House numbers, quantities, percents: numbers of so few digits say nothing, unless many of them make a longer one. */
const plainDigits = 2
const plainDigitsInAll = 4
/** As many words of a length as are worth being listed and drawn without putting back. */
const listedAtMost = 20_000
const drawsAtMost = 100

export class Words {
  readonly #random: Random
  readonly #table = new Map<string, string>()
  readonly #taken: Set<string>
  /** What is left of the words of one shape. */
  readonly #left = new Map<string, string[]>()

  /** `kept`: words that stand for themselves somewhere, so that no other may become one. */
  constructor(kept: Iterable<string>, random: Random) {
    this.#taken = new Set(kept)
    this.#random = random
  }

  /** The text with every word exchanged. */
  exchange(text: string): string {
    const digitsInAll = text.match(/\p{Nd}/gu)?.length ?? 0
    const plain = digitsInAll > plainDigitsInAll ? 0 : plainDigits
    return text.replaceAll(/[\p{L}\p{M}]+|\p{Nd}+/gu, (word) => this.#word(word, plain))
  }

  /** A number of at most so many digits stays. */
  #word(word: string, plain: number): string {
    const isNumber = /^\p{Nd}/u.test(word)
    if (isNumber && word.length <= plain) return word
    const key = word.toLowerCase()
    const known = this.#table.get(key) ?? this.#draw(key, isNumber)
    this.#table.set(key, known)
    return asWritten(known, word)
  }

  /** A word of the same shape that stands for no other. */
  #draw(word: string, isNumber: boolean): string {
    const alphabet = isNumber ? digits : letters
    // A number begins with 0 where it did.
    const first = !isNumber ? letters : word.startsWith('0') ? '0' : '123456789'
    const possible = first.length * alphabet.length ** (word.length - 1)
    const drawn = possible <= listedAtMost ? this.#fromList(first, alphabet, word) : this.#made(first, alphabet, word)
    this.#taken.add(drawn)
    return drawn
  }

  #fromList(first: string, alphabet: string, word: string): string {
    const shape = `${first}${word.length}`
    const left = this.#left.get(shape) ?? shuffled(allOf(first, alphabet, word.length), this.#random)
    this.#left.set(shape, left)
    const at = left.findLastIndex((other) => other !== word && !this.#taken.has(other))
    return at < 0 ? word : (left.splice(at, 1)[0] ?? word)
  }

  #made(first: string, alphabet: string, word: string): string {
    for (let draws = 0; draws < drawsAtMost; draws++) {
      const drawn = pick(first, this.#random) + this.#some(alphabet, word.length - 1)
      if (drawn !== word && !this.#taken.has(drawn)) return drawn
    }
    return word
  }

  #some(alphabet: string, length: number): string {
    return Array.from({ length }, () => pick(alphabet, this.#random)).join('')
  }
}

const pick = (from: string, random: Random): string => from.charAt(random(from.length))

function allOf(first: string, alphabet: string, length: number): string[] {
  let words = first.split('')
  for (let at = 1; at < length; at++) words = words.flatMap((word) => alphabet.split('').map((next) => word + next))
  return words
}

function shuffled(words: string[], random: Random): string[] {
  for (let at = words.length - 1; at > 0; at--) {
    const other = random(at + 1)
    ;[words[at], words[other]] = [words[other] as string, words[at] as string]
  }
  return words
}

/** With capitals where the word had them. */
function asWritten(drawn: string, word: string): string {
  return drawn
    .split('')
    .map((letter, at) => (isCapital(word.charAt(at)) ? letter.toUpperCase() : letter))
    .join('')
}

const isCapital = (letter: string): boolean => letter !== letter.toLowerCase()
