/** Pure: takes business values out of a service's error text (P8). Names of columns and ids stay. */

const guid = /^\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?$/i
const quoted = /'([^']*)'|"([^"]*)"|“([^”]*)”|‘([^’]*)’/g
const hidden = '…'
/** Longer texts hold stack traces and dumps, which help nobody here. */
const longest = 400

/** The text without quoted values; `names` (columns, entities) and guids may stay. */
export function scrub(text: string, names: ReadonlySet<string> = new Set()): string {
  const kept = (value: string): boolean => guid.test(value) || names.has(value)
  const clean = text
    .replace(/\s*CorrelationId:.*$/is, '')
    .replace(quoted, (whole: string, ...groups: (string | undefined)[]) => {
      const value = groups.slice(0, 4).find((group) => group !== undefined) ?? ''
      return kept(value) ? whole : `'${hidden}'`
    })
    .replace(/\b(values?)( \()[^()]*\)/gi, `$1$2${hidden})`)
    .replace(/\b(values?: ?).*$/gis, `$1${hidden}`)
    .replace(/[^\s@]+@[^\s@]+\.[^\s@]+/g, hidden)
    .replace(/\s+/g, ' ')
    .trim()
  return clean.length > longest ? `${clean.slice(0, longest)}${hidden}` : clean
}

/** A code as the service wrote it, or nothing where it is no code. */
export const scrubCode = (code: unknown): string =>
  typeof code === 'string' && /^[\w.:-]{1,80}$/.test(code) ? code : ''
