/**
 * The journal of one mapping: one line a commit, appended and brought to the disk before the commit returns, so that a
 * commit costs what changed and not what is stored. Keeps P7: a line is whole and its checksum right, or it never was.
 */
import { createReadStream } from 'node:fs'
import { open, readFile, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StateError } from '../errors.ts'
import { checksum, errno, fileMode, syncFolder, writeSynced } from './durable-file.ts'
import type { Entry } from './store.ts'
import { restoreAll } from './summed-file.ts'

/** The entries of one commit. */
export interface JournalLine {
  /** Counts the mapping's commits from 1, over all journals. */
  readonly commit: number
  /** Number of the lock under which it was made; grows with every lock. */
  readonly fence: number
  readonly entries: readonly Entry[]
}

/** What a journal file holds. */
export interface JournalText {
  readonly lines: readonly JournalLine[]
  /** Bytes up to the end of the last whole line. */
  readonly size: number
  /** A last line was cut off or damaged: its commit was never acknowledged. */
  readonly torn: boolean
}

/** Called at named moments of a write, so that tests can stop or refuse there. */
export type Fault = (moment: string) => Promise<void>

const mark = ',"sum":"'
const markedEnd = /,"sum":"([0-9a-f]{16})"\}$/

/** One commit as a line of JSON whose last member is the checksum of the rest. */
export function encodeLine(line: JournalLine): string {
  const body = JSON.stringify(line).slice(0, -1)
  return `${body}${mark}${checksum(body)}"}\n`
}

function decodeLine(text: string): JournalLine | undefined {
  const found = markedEnd.exec(text)
  if (found === null) return undefined
  const body = text.slice(0, found.index)
  return checksum(body) === found[1] ? (JSON.parse(`${body}}`) as JournalLine) : undefined
}

/** Reads a journal; none is an empty one. Throws StateError for a damaged line that is not the last. */
export async function readJournal(path: string): Promise<JournalText> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (errno(error) === 'ENOENT') return Buffer.alloc(0)
    throw error
  })
  const lines: JournalLine[] = []
  let start = 0
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
    const line = decodeLine(bytes.toString('utf8', start, end))
    if (line === undefined && end + 1 < bytes.length) throw damaged(path, lines.length + 1)
    if (line === undefined) break
    lines.push(line)
    start = end + 1
  }
  return { lines, size: start, torn: start < bytes.length }
}

const damaged = (path: string, line: number): StateError =>
  new StateError(`${path}:${line} is damaged: its checksum does not fit, and it is not the last line.`, restoreAll)

/**
 * The lines that count, for a snapshot that holds everything up to `upTo`, made under the lock `fence`.
 * A runner that was paused while its lock was taken over may still have appended a line: it carries a lower fence than
 * its neighbours or the snapshot, and is passed over. Throws StateError when a commit is missing between.
 */
export function linesAfter(path: string, upTo: number, fence: number, lines: readonly JournalLine[]): JournalLine[] {
  const kept: JournalLine[] = []
  let highest = fence
  for (const line of lines) {
    if (line.fence < highest) continue
    highest = line.fence
    while ((kept.at(-1)?.commit ?? 0) >= line.commit) kept.pop()
    kept.push(line)
  }
  const after = kept.filter((line) => line.commit > upTo)
  const gap = after.findIndex((line, index) => line.commit !== upTo + 1 + index)
  if (gap < 0) return after
  throw new StateError(
    `${path} goes from commit ${upTo + gap} to ${after[gap]?.commit}: commits between are missing.`,
    restoreAll,
  )
}

/** The writing end of a journal. Used under the lock only, one call at a time. */
export class Journal {
  readonly #path: string
  readonly #fault: Fault
  #size: number
  #handle: FileHandle | undefined
  #broken = false

  /** `size`: bytes of whole lines now in the file, see `readJournal`; what lies behind is cut off. */
  constructor(path: string, size: number, fault: Fault) {
    this.#path = path
    this.#size = size
    this.#fault = fault
  }

  /** Bytes of all whole lines. */
  get size(): number {
    return this.#size
  }

  /** Durable on return. When it throws, nothing of the line is left. */
  async append(line: JournalLine): Promise<void> {
    if (this.#broken) throw unusable(this.#path)
    const handle = await this.#opened()
    const bytes = Buffer.from(encodeLine(line))
    try {
      await this.#fault('journal.append')
      await handle.appendFile(bytes)
      await this.#fault('journal.sync')
      await handle.datasync()
    } catch (error) {
      await this.#takeBack(handle)
      throw error
    }
    this.#size += bytes.length
  }

  /** Starts anew with the lines behind `offset`: what lies before is in a snapshot. A crash leaves the old journal or the new one. */
  async restart(offset: number): Promise<void> {
    await this.close()
    const tail = await textBetween(this.#path, offset, this.#size)
    if (tail === '') await rm(this.#path)
    else {
      await writeSynced(`${this.#path}.tmp`, tail)
      await rename(`${this.#path}.tmp`, this.#path)
    }
    await syncFolder(dirname(this.#path))
    this.#size -= offset
  }

  /** Cuts off what a crash left behind the last whole line. */
  async trim(): Promise<void> {
    await this.#opened()
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  async #opened(): Promise<FileHandle> {
    if (this.#handle !== undefined) return this.#handle
    const handle = await open(this.#path, 'a', fileMode)
    try {
      await handle.truncate(this.#size)
      await syncFolder(dirname(this.#path))
    } catch (error) {
      await handle.close()
      throw error
    }
    this.#handle = handle
    return handle
  }

  /** Half a line in the middle would make every later line unreadable, so without this nothing more is appended. */
  async #takeBack(handle: FileHandle): Promise<void> {
    try {
      await handle.truncate(this.#size)
      await handle.datasync()
    } catch {
      this.#broken = true
    }
  }
}

/** The text of a file from one byte to another; what lies before, many times as much, is not read. */
async function textBetween(path: string, from: number, to: number): Promise<string> {
  if (from >= to) return ''
  const parts: string[] = []
  for await (const part of createReadStream(path, { start: from, end: to - 1, encoding: 'utf8' }))
    parts.push(part as string)
  return parts.join('')
}

const unusable = (path: string): StateError =>
  new StateError(
    `${path} could not be written, nor could the half-written line be taken back.`,
    'Put the disk right and start again; everything that was committed before is kept.',
  )
