/** Near names for something mistyped. */
import { distance } from 'fastest-levenshtein'

/** The nearest names, the best first; none when nothing is near. */
export function nearNames(name: string, names: Iterable<string>, most = 3): readonly string[] {
  const wanted = name.toLowerCase()
  const limit = Math.max(1, Math.ceil(wanted.length / 3))
  return [...new Set(names)]
    .map((each) => ({ each, far: distance(wanted, each.toLowerCase()) }))
    .filter(({ each, far }) => far <= limit || each.toLowerCase().startsWith(wanted))
    .toSorted((a, b) => a.far - b.far || (a.each < b.each ? -1 : 1))
    .slice(0, most)
    .map(({ each }) => each)
}

/** ` (did you mean "x" or "y"?)`, or nothing. */
export function didYouMean(name: string, names: Iterable<string>): string {
  const near = nearNames(name, names)
  return near.length === 0 ? '' : ` (did you mean ${near.map((each) => `"${each}"`).join(' or ')}?)`
}
