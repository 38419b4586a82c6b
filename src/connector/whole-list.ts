/** Pure: a list of an answer that must be whole: one that was cut off, or changed on the way, is none of what it speaks of. */
import type { Side } from '../config/config.ts'
import { ConnectorError } from '../errors.ts'
import { sideName } from './failure.ts'

/** Where the list stands, and what each of its items must have. */
interface Wanted {
  readonly name: string
  /** What was asked for, in messages. */
  readonly what: string
  /** Names of texts, none of them empty. @default none */
  readonly texts?: readonly string[]
  /** Names of texts that may be absent or null. @default none */
  readonly maybe?: readonly string[]
}

/** The items, each an object with its texts. Throws ConnectorError 'broken'. */
export function wholeList(
  side: Side,
  body: unknown,
  { name, what, texts = [], maybe = [] }: Wanted,
): readonly object[] {
  const list = isObject(body) ? body[name] : undefined
  if (Array.isArray(list) && list.every((item) => isObject(item) && hasTexts(item, texts) && mayHave(item, maybe)))
    return list as readonly object[]
  throw notWhole(side, what)
}

/** An answer of which a part is missing or changed; `what` names what was asked for. */
export const notWhole = (side: Side, what: string): ConnectorError =>
  new ConnectorError(side, 'broken', {
    message: `${sideName[side]} gave an answer for ${what} that is not whole`,
    remedy: 'Run again; if it stays, something between here and the service changes its answers: check `url`.',
  })

type Item = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Item => typeof value === 'object' && value !== null
const hasTexts = (item: Item, names: readonly string[]): boolean =>
  names.every((name) => typeof item[name] === 'string' && item[name] !== '')
const mayHave = (item: Item, names: readonly string[]): boolean =>
  names.every((name) => item[name] === undefined || item[name] === null || typeof item[name] === 'string')
