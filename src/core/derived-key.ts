/**
 * Keeps P1: the key of a record that we create is derived from its source, so that creating it twice is impossible
 * without any memory. A name-based UUID (RFC 9562, version 5).
 */
import { createHash, hash } from 'node:crypto'

/** What a derived key is made of. */
export interface Origin {
  /** Business Central's company id: two companies that share one Sales organisation must not share keys. */
  readonly company: string
  readonly sourceEntity: string
  readonly sourceKey: string
  readonly targetEntity: string
  /** How often a person uncoupled this source record. */
  readonly generation: number
}

/** The key of the new record. */
export function derivedKey(origin: Origin): string {
  const { company, sourceEntity, sourceKey, targetEntity, generation } = origin
  return uuidOf([company, sourceEntity, sourceKey.toLowerCase(), targetEntity, String(generation)].join('\n'))
}

/**
 * The value of a new option in a choice column: deterministic, and in a range that publishers' own prefixes
 * (10,000 to 99,999, times 10,000) do not fill by hand.
 */
export function derivedOption(origin: Origin): string {
  const digest = createHash('sha256')
    .update(`option\n${derivedKey(origin)}`)
    .digest()
  return String(800_000_000 + (digest.readUInt32BE(0) % 100_000_000))
}

/**
 * Whether the key of a record looks like one that we derived, for a record or for an option. Services number otherwise; a
 * key that looks so by chance costs a question.
 */
export const isDerived = (key: string): boolean => derivedLook.test(key)

const derivedLook = /^(?:[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}|8\d{8})$/i

const namespace = Buffer.from('7c0d1f5e4b8a4d0c9a3e5f1b2c6d8e90', 'hex')

function uuidOf(name: string): string {
  const bytes = Buffer.allocUnsafe(namespace.length + Buffer.byteLength(name))
  namespace.copy(bytes)
  bytes.write(name, namespace.length)
  const hex = hash('sha1', bytes, 'hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return whole(
    `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`,
  )
}

/** The text in one piece: a text that was put together keeps all its parts, six times its size, for as long as it lives. */
const whole = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')
