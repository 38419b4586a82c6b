/**
 * Files that survive a crash and a power cut: written beside their place, brought to the disk, then renamed into place.
 * Everything made here is readable by its owner only: state names customers and orders by number.
 */
import { hash } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StateError } from '../errors.ts'

/** Read and write for the owner, nothing for others. */
export const fileMode = 0o600

/** First 16 hex digits of SHA-256: tells a damaged text from a whole one; no protection against intent. */
export const checksum = (text: string | Uint8Array): string => hash('sha256', text, 'hex').slice(0, 16)

/** The text of a file, or undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Makes a folder that only its owner may enter. Its parents too. */
export async function ensureFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
}

/** Writes a whole file and brings its bytes to the disk. Its name is safe only after `syncFolder`. */
export async function writeSynced(path: string, text: string | Uint8Array): Promise<void> {
  const handle = await open(path, 'w', fileMode)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Adds to a file and brings the bytes to the disk. */
export async function appendSynced(path: string, text: string): Promise<void> {
  const handle = await open(path, 'a', fileMode)
  try {
    await handle.appendFile(text)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/** Replaces a file: a crash leaves the old text or the new one, nothing between. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await writeSynced(`${path}.tmp`, text)
  await rename(`${path}.tmp`, path)
  await syncFolder(dirname(path))
}

/** Brings new, renamed and removed names of a folder to the disk. Windows does that by itself and refuses to be asked. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The operating system's code of an error, such as ENOENT. */
export const errno = (error: unknown): string | undefined => {
  const code: unknown = error instanceof Error && 'syscall' in error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: 'Free some space on that disk and run again; everything that was committed before is kept.',
  EDQUOT: 'Free some space or raise the quota, then run again; everything that was committed before is kept.',
  EROFS: 'The disk is mounted read-only: mount it for writing, or set state.path to another folder.',
  EACCES: 'Give the user that runs couplet the right to read and write there, or set state.path to another folder.',
  EPERM: 'Give the user that runs couplet the right to read and write there, or set state.path to another folder.',
  ENOTDIR: 'state.path must name a folder, but a part of it is a file: correct it or move that file away.',
  EEXIST: 'state.path must name a folder, but a file of that name exists: correct it or move that file away.',
}

/** Runs an action on files; what the operating system refuses comes out as a StateError with a remedy. */
export async function explained<T>(folder: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    const code = errno(error)
    if (code === undefined || !(error instanceof Error)) throw error
    const path = 'path' in error && typeof error.path === 'string' ? error.path : folder
    const remedy =
      remedies[code] ?? `Look at ${folder}, put right what the operating system complains about, run again.`
    throw new StateError(`The state cannot be read or written (${code} at ${path}).`, remedy)
  }
}
