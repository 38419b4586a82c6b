/** JSON files whose last member is the checksum of the rest: a damaged byte is refused and never believed (P7). */
import { StateError } from '../errors.ts'
import { checksum } from './durable-file.ts'

/** The way on from files of a state that are not what was written. */
export const restoreAll =
  'Restore the whole state folder from its last good copy (all its files together); then run again.'

const mark = ',\n "sum": "'
const end = '"\n}\n'

/** An object as the text of such a file. */
export function withSum(content: object): string {
  const body = JSON.stringify(content, null, 1).slice(0, -2)
  return `${body}${mark}${checksum(body)}${end}`
}

/**
 * Throws StateError when the checksum does not fit, also where an editor laid the file out anew. Files of an earlier
 * version have none.
 */
export function refuseDamaged(path: string, text: string): void {
  const at = text.lastIndexOf(mark)
  if ((at < 0 && !/"sum"\s*:/.test(text)) || text.slice(at) === `${mark}${checksum(text.slice(0, at))}${end}`) return
  throw new StateError(`${path} is damaged: its checksum does not fit.`, restoreAll)
}
