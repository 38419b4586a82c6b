import { distance } from 'fastest-levenshtein'

/** ` (did you mean "…"?)` for the nearest of the known names, or nothing when none is near. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  return near === undefined ? '' : ` (did you mean "${near}"?)`
}

/** The known name that a misspelt one stands for: at most a third of its letters differ. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((each) => ({ each, far: distance(name.toLowerCase(), each.toLowerCase()) }))
    .filter(({ each, far }) => far <= Math.max(1, Math.floor(Math.max(name.length, each.length) / 3)))
    .sort((one, other) => one.far - other.far)
  return ranked[0]?.each
}
