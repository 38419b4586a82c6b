/**
 * Loaded before the built program: ends it by SIGKILL at a line of one of its journals. `DIES=before 3` leaves two
 * lines, `within 3` half of the third, `after 3` the whole of it. How many lines were begun is told on descriptor 3.
 */
import { writeSync } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const [moment, nth] = (process.env.DIES ?? 'never 0').split(' ')
const { open } = promises
let lines = 0

const die = () => process.kill(process.pid, 'SIGKILL')

const appending = (append) => async (bytes) => {
  lines += 1
  if (lines !== Number(nth)) return append(bytes)
  if (moment === 'before') die()
  await append(moment === 'within' ? bytes.subarray(0, bytes.length / 2) : bytes)
  die()
}

promises.open = async (path, ...more) => {
  const handle = await open(path, ...more)
  if (String(path).endsWith('journal.jsonl')) handle.appendFile = appending(handle.appendFile.bind(handle))
  return handle
}
syncBuiltinESMExports()
process.on('exit', () => writeSync(3, String(lines)))
