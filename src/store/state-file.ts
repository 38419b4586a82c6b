/**
 * `state.json`: format, the services the state belongs to, which fingerprint key it was made with. And the key itself:
 * given by the configuration, or made once and kept as `fingerprint.key` beside the state. The made key has to travel
 * with the state (on its branch, in its backup): without it no fingerprint can be compared. Whoever must not guess
 * values from the state must therefore not get both; `state.key` keeps them apart.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { BySide } from '../config/config.ts'
import { StateError } from '../errors.ts'
import { explained, readIfThere, replaceFile } from './durable-file.ts'
import { refuseNewer } from './migrate.ts'
import { refuseDamaged, withSum } from './summed-file.ts'

export interface StateFile {
  readonly format: number
  /** ISO 8601 */
  readonly created: string
  /** What the state is bound to; null before the first run. */
  readonly identity: BySide<string> | null
  /** File of the key in this folder; null when the key comes from the configuration. */
  readonly key: string | null
  /** Tells another key; the key cannot be found from it. */
  readonly keyCheck: string
}

const keyFile = 'fingerprint.key'

/** undefined when the folder holds no state yet. Throws StateError for a newer format and for a file that cannot be read. */
export async function readStateFile(folder: string): Promise<StateFile | undefined> {
  const path = join(folder, 'state.json')
  const text = await explained(folder, () => readIfThere(path))
  if (text === undefined) return undefined
  try {
    const {
      format = 0,
      created = '',
      identity = null,
      key = null,
      keyCheck = '',
    } = JSON.parse(text) as Partial<StateFile>
    refuseNewer(format, path)
    refuseDamaged(path, text)
    return { format, created, identity, key, keyCheck }
  } catch (error) {
    if (error instanceof StateError) throw error
    throw new StateError(`${path} is not JSON.`, 'Restore the whole state folder from its last good copy.')
  }
}

export async function writeStateFile(folder: string, file: StateFile): Promise<void> {
  await replaceFile(join(folder, 'state.json'), withSum(file))
}

/** Something that tells keys apart and does not give them away. */
export const keyCheck = (key: string): string => createHmac('sha256', key).update('couplet').digest('hex').slice(0, 16)

/** A new key: 256 random bits as hex digits. */
export const makeKey = (): string => randomBytes(32).toString('hex')

/** The key kept in the folder. */
export async function readKey(folder: string): Promise<string | undefined> {
  return (await explained(folder, () => readIfThere(join(folder, keyFile))))?.trim()
}

/** Keeps a made key in the folder; returns the file's name for `state.json`. */
export async function writeKey(folder: string, key: string): Promise<string> {
  await replaceFile(join(folder, keyFile), `${key}\n`)
  return keyFile
}

/** Throws StateError when the key is not the one the state was made with. A state of format 0 knew no check. */
export function refuseOtherKey(folder: string, state: StateFile | undefined, key: string | undefined): void {
  if (state === undefined || state.keyCheck === '') return
  const remedy =
    'Give the key it was made with (state.key in couplet.yaml, or fingerprint.key in the state folder). If it is lost: ' +
    'couplet state rekey, after which records that differ are held as at a first match.'
  if (key === undefined) throw new StateError(`${join(folder, keyFile)} is missing.`, remedy)
  if (keyCheck(key) === state.keyCheck) return
  throw new StateError(`The state in ${folder} was made with another fingerprint key.`, remedy)
}

/** Throws StateError when the state belongs to other services. */
export function refuseOtherServices(folder: string, bound: BySide<string>, asked: BySide<string>): void {
  for (const [side, name] of [
    ['businessCentral', 'Business Central'],
    ['sales', 'Sales'],
  ] as const) {
    if (bound[side] === asked[side]) continue
    throw new StateError(
      `The state in ${folder} belongs to ${name} ${bound[side]}, not ${asked[side]}.`,
      'Use a state folder of its own for each environment (state.path, or a target); a copied environment has the same record ids.',
    )
  }
}
