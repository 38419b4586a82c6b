/**
 * Dataverse hands the text of `contains`, `startswith` and `endswith` to SQL's LIKE, so `%`, `_`, `[abc]`, `[a-f]` and
 * `[^abc]` in it are wildcards, whatever was meant. Matched without going back further than the last `%`: no pattern
 * takes longer than its length times that of the text.
 */

type Piece =
  | { readonly kind: 'any' }
  | { readonly kind: 'one' }
  | {
      readonly kind: 'among'
      readonly members: readonly (readonly [from: string, to: string])[]
      readonly not: boolean
    }

/** Whether the whole text is like the pattern, whatever the case of its letters. */
export function isLike(text: string, pattern: string): boolean {
  const [chars, pieces] = [Array.from(text), piecesOf(pattern)]
  let [at, piece] = [0, 0]
  let retry: { readonly at: number; readonly piece: number } | undefined
  while (at < chars.length || piece < pieces.length) {
    const wanted = pieces[piece]
    if (wanted?.kind === 'any') {
      piece += 1
      retry = { at: at + 1, piece }
    } else if (wanted !== undefined && takes(wanted, chars[at])) {
      at += 1
      piece += 1
    } else if (retry === undefined || retry.at > chars.length) return false
    else {
      ;({ at, piece } = retry)
      retry = { at: at + 1, piece }
    }
  }
  return true
}

function piecesOf(pattern: string): readonly Piece[] {
  return [...pattern.matchAll(/\[(\^?)([^\]]+)\]|[^]/gu)].map(([piece, not, members]): Piece => {
    if (members !== undefined) return { kind: 'among', members: rangesOf(members), not: not === '^' }
    if (piece === '%') return { kind: 'any' }
    return piece === '_' ? { kind: 'one' } : { kind: 'among', members: [[piece, piece]], not: false }
  })
}

const rangesOf = (members: string): readonly (readonly [string, string])[] =>
  [...members.matchAll(/([^])-([^])|[^]/gu)].map(([one, from = one, to = one]) => [from, to])

function takes(piece: Exclude<Piece, { kind: 'any' }>, char: string | undefined): boolean {
  if (char === undefined) return false
  if (piece.kind === 'one') return true
  const cases = [char, char.toLowerCase(), char.toUpperCase()]
  return piece.members.some(([from, to]) => cases.some((each) => from <= each && each <= to)) !== piece.not
}
