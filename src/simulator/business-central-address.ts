/** Addresses of Business Central: segments, keys, routes. */

import { Refused } from './business-central-error.ts'

/** One segment of a path: a name and the key in its parentheses. */
export interface Segment {
  readonly name: string
  /** Key values by property name; a key without a name stands under the empty name. */
  readonly key?: ReadonlyMap<string, string>
}

/** Which of the service's surfaces an address is on. */
type Surface =
  | { readonly kind: 'api' }
  | { readonly kind: 'custom'; readonly route: string }
  | { readonly kind: 'pages' }

/** An address taken apart. */
export interface Address {
  readonly surface: Surface
  /** The route's own path, `…/api/v2.0`: what `$metadata` and contexts hang on. */
  readonly base: string
  readonly segments: readonly Segment[]
}

/** Takes a path apart that starts with `root`; undefined when it leads elsewhere. */
export function readAddress(root: string, path: string): Address | undefined {
  if (!path.toLowerCase().startsWith(`${root.toLowerCase()}/`)) return undefined
  const parts = path
    .slice(root.length + 1)
    .split('/')
    .filter((part) => part !== '')
  const [first = '', second = ''] = parts.map((part) => part.toLowerCase())
  if (first === 'odatav4') return at({ kind: 'pages' }, root, parts, 1)
  if (first !== 'api') return undefined
  if (second === 'v2.0') return at({ kind: 'api' }, root, parts, 2)
  return at({ kind: 'custom', route: parts.slice(1, 4).join('/') }, root, parts, 4)
}

function at(surface: Surface, root: string, parts: readonly string[], length: number): Address {
  const base = [root, ...parts.slice(0, length)].join('/')
  return { surface, base, segments: parts.slice(length).map((part) => readSegment(decodeURIComponent(part))) }
}

function readSegment(text: string): Segment {
  const open = text.indexOf('(')
  if (open < 0) return { name: text }
  if (!text.endsWith(')')) throw new Refused('BadRequest_InvalidRequestUrl', `The segment '${text}' is not valid.`)
  return { name: text.slice(0, open), key: readKey(text.slice(open + 1, -1)) }
}

const keyPart = /\s*(?:(?<name>[\p{L}_][\p{L}\p{N}_]*)\s*=\s*)?(?:'(?<text>(?:[^']|'')*)'|(?<plain>[^',]+))\s*(?:,|$)/uy

/** Reads `guid`, `'text'`, or `A='x',B=2`. Quotes inside a text are doubled. */
function readKey(text: string): ReadonlyMap<string, string> {
  const key = new Map<string, string>()
  keyPart.lastIndex = 0
  while (keyPart.lastIndex < text.length) {
    const groups = keyPart.exec(text)?.groups
    if (groups === undefined) throw new Refused('BadRequest_InvalidRequestUrl', `The key '(${text})' is not valid.`)
    key.set(groups['name'] ?? '', groups['text']?.replaceAll("''", "'") ?? groups['plain']?.trim() ?? '')
  }
  return key
}
