/** Keys for the bare loop. */
import { createHash } from 'node:crypto'

/** A stable uuid for a text. */
export function v5(text: string): string {
  const hex = createHash('sha1').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
