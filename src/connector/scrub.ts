/** Pure: takes business values out of a service's error text (P8). Names of columns and ids stay. */

const guid = /^\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?$/i
/** Values stand in the addresses of questions, percent-encoded or not. */
const question = /\?(?=[^\s=]+=)\S*/g
const encodedQuotes = /%27.*?%27|%22.*?%22/gi
const quoted = /'([^']*)'|"([^"]*)"|“([^”]*)”|‘([^’]*)’/g
const hidden = '…'
/** Longer texts hold stack traces and dumps, which help nobody here. */
const longest = 400

/** What may stay in a text, and what may not wherever it stands. */
export interface Scrubbing {
  /** Names of columns and entities. @default none */
  readonly names?: ReadonlySet<string>
  /** Values that were sent: the service may repeat them without quotes. @default none */
  readonly sent?: Iterable<unknown>
}

/** The text without quoted values and without what was sent; names and guids may stay. */
export function scrub(text: string, { names = new Set(), sent = [] }: Scrubbing = {}): string {
  const kept = (value: string): boolean => guid.test(value) || names.has(value)
  const clean = withoutSent(text.replace(/\s*CorrelationId:.*$/is, ''), sent, kept)
    .replace(question, `?${hidden}`)
    .replace(encodedQuotes, `'${hidden}'`)
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

/** Shorter ones stand in every sentence. */
const shortestSent = 3

/** Longest first, so that nothing is left of a value that holds another. */
function withoutSent(text: string, sent: Iterable<unknown>, kept: (value: string) => boolean): string {
  return [...sent]
    .flatMap((value) => (typeof value === 'string' || typeof value === 'number' ? String(value).trim() : []))
    .filter((value) => value.length >= shortestSent && !kept(value))
    .sort((one, other) => other.length - one.length)
    .reduce((rest, value) => rest.replaceAll(value, hidden), text)
}

/**
 * The text without the credential of an Authorization header, in any form in which it may come back. What it stands for
 * in clear, the password of a basic login, is looked for in refusals alone: it may be a word that rows hold, too.
 */
export function withoutCredential(text: string, authorization: string, isRefusal: boolean): string {
  const [scheme = '', credential = ''] = authorization.split(' ')
  const clear = isRefusal && scheme === 'Basic' ? passwordsIn(credential) : []
  return [credential, ...clear]
    .filter((secret) => secret !== '')
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
    .reduce((rest, secret) => (rest.includes(secret) ? rest.replaceAll(secret, hidden) : rest), text)
}

function passwordsIn(credential: string): readonly string[] {
  const login = Buffer.from(credential, 'base64').toString('utf8')
  return [login, login.slice(login.indexOf(':') + 1)]
}

/** A code as the service wrote it, or nothing where it is no code. */
export const scrubCode = (code: unknown): string =>
  typeof code === 'string' && /^[\w.:-]{1,80}$/.test(code) ? code : ''
