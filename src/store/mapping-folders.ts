/** Which folder of the state belongs to which mapping. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { StateError } from '../errors.ts'
import { errno } from './durable-file.ts'

/** A mapping's name as one that every file system takes. */
export const folderName = (mapping: string): string => encodeURIComponent(mapping).replace(/^\./, '%2E')

/** Names of the mappings that have a folder. */
export async function mappingFolders(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (errno(error) === 'ENOENT') return []
    throw error
  })
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  return folders.map((entry) => decoded(folder, entry.name))
}

function decoded(folder: string, name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    throw new StateError(`${join(folder, name)} is not a folder of this state.`, 'Move it away.')
  }
}
