/**
 * The snapshot of one mapping, behind lowdb: `couplings.json` (one coupling a line, in the order of Business Central's
 * ids; `couplings-0.json` … when there are many), `held.json` and `marks.json`, which names the other files with their
 * checksums and says up to which commit they hold. The same content gives the same bytes, so Git shows what changed.
 *
 * All files change together (P7): each is first written beside its place, then `marks.next.json` appears, and from there
 * on the new snapshot counts, whether the renames that follow were finished or not.
 */
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Adapter } from 'lowdb'
import { crc32 } from 'node:zlib'
import type { Held } from '../core/coupling.ts'
import { StateError } from '../errors.ts'
import { compare, couplingOf, encodeLine, idsOf, ordered } from './coupling-line.ts'
import { checksum, readIfThere, replaceFile, syncFolder, writeSynced } from './durable-file.ts'
import type { PackedContent } from './mapping-content.ts'
import { currentFormat, migrate, refuseNewer } from './migrate.ts'
import type { RawSnapshot } from './migrate.ts'
import { refuseDamaged, restoreAll, withSum } from './summed-file.ts'

export interface Snapshot {
  /** The last commit that is in it. */
  readonly upTo: number
  /** The lock under which it was made. */
  readonly fence: number
  readonly content: PackedContent
  /** The couplings are those of the last read or write: their files stay. */
  readonly couplingsKept?: boolean
}

/** `marks.json`: everything but couplings and held records. */
interface Marks extends Omit<PackedContent, 'couplings' | 'held'> {
  readonly format: number
  readonly upTo: number
  readonly fence: number
  /** File name → checksum, for all files of the snapshot but this one. */
  readonly files: Readonly<Record<string, string>>
}

/** As it may stand in a file: `watched` came later. */
type MarksRead = Omit<Marks, 'watched'> & Partial<Pick<Marks, 'watched'>>

/** What is asked at the dangerous moments of writing. */
export interface WriteGuard {
  /** Throws LockedError when the lock was lost. */
  assertHeld(): Promise<void>
  /** Number of the lock held. */
  readonly fence: number
  /** Lets tests stop or refuse at a named moment. */
  fault(moment: string): Promise<void>
}

/** Couplings in one file before they are split. */
const couplingsPerFile = 20_000
const couplingFile = /^couplings(-\d+)?\.json$/

/** Reads and writes the snapshot of one mapping's folder; lowdb's `Low` holds it. */
export class SnapshotFolder implements Adapter<Snapshot> {
  readonly #folder: string
  readonly #guard: WriteGuard
  #files: Readonly<Record<string, string>> = {}
  #bytes = 0
  #format = currentFormat

  constructor(folder: string, guard: WriteGuard) {
    this.#folder = folder
    this.#guard = guard
  }

  /** Size of all coupling files as last read or written, bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Format of the files as last read; older ones are read as if they were current. */
  get format(): number {
    return this.#format
  }

  /** null when there is none. Throws StateError when files do not fit together. Writes nothing. */
  async read(): Promise<Snapshot | null> {
    const marksText = (await this.#text('marks.next.json')) ?? (await this.#text('marks.json'))
    const couplingsText = marksText ?? (await this.#text('couplings.json'))
    if (couplingsText === undefined) return null
    const marks = this.#marksOf(marksText)
    this.#files = marks.files ?? {}
    this.#format = marks.format ?? 0
    if (marks.files === undefined) return this.#migrated({ ...(await this.#unlisted()), marks })
    const { couplings, held } = await this.#listed(marks.files, marks.fence ?? 0)
    if (this.#format === currentFormat) return snapshotOf({ marks, held }, couplings)
    return this.#migrated({ marks, held, couplings: couplings.map((line): unknown => JSON.parse(line)) })
  }

  /** What `marks.json` says; nothing where an old state has none. */
  #marksOf(text: string | undefined): Partial<Marks> {
    const path = join(this.#folder, 'marks.json')
    const marks = parse(path, text ?? '{}') as Partial<Marks> | null
    if (marks === null) throw new StateError(`${path} holds no marks.`, restoreAll)
    refuseNewer(marks.format ?? 0, this.#folder)
    refuseDamaged(path, text ?? '')
    return marks
  }

  #migrated(raw: RawSnapshot): Snapshot {
    try {
      const current = migrate(raw, this.#format, this.#folder)
      return snapshotOf(
        current,
        current.couplings.map((line) => encodeLine(couplingOf(line))),
      )
    } catch (error) {
      if (error instanceof StateError) throw error
      throw new StateError(`${join(this.#folder, 'marks.json')} does not fit the files beside it.`, restoreAll)
    }
  }

  /** Durable on return. One file is made after the other: the content is of one moment and does not change. */
  async write(snapshot: Snapshot): Promise<void> {
    const { fence, couplingsKept } = snapshot
    const kept = Object.entries(this.#files).filter(([name]) => couplingsKept === true && couplingFile.test(name))
    const fresh: [name: string, sum: string][] = []
    let bytes = 0
    await this.#guard.assertHeld()
    const sheet = new Sheet()
    for (const [name, lines] of filesOf(snapshot)) {
      const text = sheet.written(lines)
      const sum = checksum(text)
      fresh.push([name, sum])
      if (couplingFile.test(name)) bytes += text.length
      if (sum !== this.#files[name]) await writeSynced(join(this.#folder, staged(name, fence)), text)
    }
    const files = ordered(Object.fromEntries([...kept, ...fresh]))
    await this.#guard.fault('snapshot.staged')
    await this.#guard.assertHeld()
    await replaceFile(join(this.#folder, 'marks.next.json'), encodeMarks(snapshot, files))
    await this.#guard.fault('snapshot.decided')
    await this.#finish(Object.keys(files), fence)
    if (couplingsKept !== true) this.#bytes = bytes
    this.#files = files
    this.#format = currentFormat
  }

  /** Finishes or clears away what a crash left of a write. Under the lock only. */
  async recover(): Promise<void> {
    const decided = await this.#text('marks.next.json')
    if (decided !== undefined) {
      const marks = parse(join(this.#folder, 'marks.next.json'), decided) as Marks
      await this.#finish(Object.keys(marks.files), marks.fence)
    }
    for (const name of await readdir(this.#folder)) {
      if (name.endsWith('.next') || name.endsWith('.tmp')) await rm(join(this.#folder, name), { force: true })
    }
  }

  /** Puts the decided files in their places. Each step may be repeated. */
  async #finish(files: readonly string[], fence: number): Promise<void> {
    const there = new Set(await readdir(this.#folder))
    for (const name of files) {
      const next = staged(name, fence)
      if (there.has(next)) await rename(join(this.#folder, next), join(this.#folder, name))
      await this.#guard.fault('snapshot.renamed')
    }
    for (const name of there) {
      if (couplingFile.test(name) && !files.includes(name)) await rm(join(this.#folder, name))
    }
    await syncFolder(this.#folder)
    await this.#guard.fault('snapshot.placed')
    await rename(join(this.#folder, 'marks.next.json'), join(this.#folder, 'marks.json'))
    await syncFolder(this.#folder)
  }

  /** The files of a format that did not list them. */
  async #unlisted(): Promise<Omit<RawSnapshot, 'marks'>> {
    const read = async (name: string): Promise<unknown[]> =>
      parse(join(this.#folder, name), (await this.#text(name)) ?? '[]') as unknown[]
    return { couplings: await read('couplings.json'), held: await read('held.json') }
  }

  async #listed(
    files: Readonly<Record<string, string>>,
    fence: number,
  ): Promise<{ readonly couplings: readonly string[]; readonly held: readonly unknown[] }> {
    const couplings: string[] = []
    let held: unknown[] = []
    this.#bytes = 0
    for (const [name, sum] of Object.entries(files)) {
      const text = await this.#checked([staged(name, fence), name], sum)
      if (!couplingFile.test(name)) held = parse(join(this.#folder, name), text) as unknown[]
      else {
        this.#bytes += text.length
        for (const line of linesIn(text)) couplings.push(line)
      }
    }
    return { couplings, held }
  }

  async #checked(places: readonly string[], sum: string): Promise<string> {
    for (const place of places) {
      const text = await this.#text(place)
      if (text !== undefined && checksum(text) === sum) return text
    }
    throw new StateError(
      `${join(this.#folder, places.at(-1) ?? '')} is missing, or is not the file that marks.json beside it belongs to.`,
      'Restore the whole state folder from its last good copy (all its files together), never single files of it.',
    )
  }

  #text(name: string): Promise<string | undefined> {
    return readIfThere(join(this.#folder, name))
  }
}

/** The name of a new file before the snapshot counts. The lock's number keeps a paused runner's files apart from ours. */
const staged = (name: string, fence: number): string => `${name}.${fence}.next`

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new StateError(`${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`, restoreAll)
  }
}

/** Lines of couplings and held records by file; couplings are left out when they are kept as they are. */
function* filesOf({ content, couplingsKept }: Snapshot): Generator<readonly [name: string, lines: readonly string[]]> {
  yield ['held.json', content.held.toSorted(byHeldKey).map((held) => JSON.stringify(held))]
  if (couplingsKept === true) return
  const parts = split(content.couplings)
  for (const [index, part] of parts.entries())
    yield [parts.length === 1 ? 'couplings.json' : `couplings-${index}.json`, sorted(part)]
}

/** By a hash of the id into a power of two of files, so that a new coupling changes one file and moves no other. */
function split(couplings: readonly string[]): readonly (readonly string[])[] {
  const count = 2 ** Math.max(0, Math.ceil(Math.log2(couplings.length / couplingsPerFile)))
  if (count === 1) return [couplings]
  const parts = Array.from({ length: count }, (): string[] => [])
  for (const line of couplings) parts[crc32(idsOf(line).businessCentral) % count]?.push(line)
  return parts
}

/** By the id in Business Central. */
const sorted = (couplings: readonly string[]): readonly string[] =>
  couplings
    .map((line) => ({ line, id: idsOf(line).businessCentral }))
    .sort((a, b) => compare(a.id, b.id))
    .map(({ line }) => line)

/** A file's text is written over the one before: texts of a large state, each by itself, would pile up until they are collected. */
class Sheet {
  #bytes = Buffer.alloc(0)

  /** The text of a file with these lines, until the next one. */
  written(lines: readonly string[]): Uint8Array {
    if (lines.length === 0) return Buffer.from('[]\n')
    const size = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 2, 4)
    if (size > this.#bytes.length) this.#bytes = Buffer.alloc(Math.ceil(size * 1.1))
    let at = this.#bytes.write('[\n')
    for (const line of lines) at += this.#bytes.write(`${line},\n`, at)
    // In place of the last comma and line break.
    at += this.#bytes.write('\n]\n', at - 2) - 2
    return this.#bytes.subarray(0, at)
  }
}

/** The lines of which a text was made; inside of one there is no line break. */
const linesIn = (text: string): readonly string[] => (text === '[]\n' ? [] : text.slice(2, -3).split(',\n'))

function encodeMarks({ upTo, fence, content }: Snapshot, files: Readonly<Record<string, string>>): string {
  const marks: Marks = {
    format: currentFormat,
    upTo,
    fence,
    files,
    hash: content.hash,
    watermarks: ordered(content.watermarks),
    layouts: ordered(content.layouts),
    counted: ordered(content.counted),
    generations: {
      businessCentral: ordered(content.generations.businessCentral),
      sales: ordered(content.generations.sales),
    },
    intents: content.intents.toSorted((a, b) => compare(a.id, b.id)),
    watched: ordered(mapped(content.watched, (ids) => ids.toSorted(compare))),
  }
  return withSum(marks)
}

function snapshotOf(read: Pick<RawSnapshot, 'marks' | 'held'>, couplings: readonly string[]): Snapshot {
  const { upTo, fence, files: _files, format: _format, watched = {}, ...marks } = read.marks as MarksRead
  const held = read.held as readonly Held[]
  return { upTo, fence, content: { ...marks, watched, couplings, held } }
}

/** The same members with other values. */
const mapped = <A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Readonly<Record<string, B>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))

const byHeldKey = (a: Held, b: Held): number => compare(a.side, b.side) || compare(a.id, b.id)
