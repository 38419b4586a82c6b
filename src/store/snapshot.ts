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
import type { Coupling, Held } from '../core/coupling.ts'
import { StateError } from '../errors.ts'
import { checksum, readIfThere, replaceFile, syncFolder, writeSynced } from './durable-file.ts'
import type { MappingContent } from './mapping-content.ts'
import { currentFormat, migrate, refuseNewer } from './migrate.ts'
import type { RawSnapshot } from './migrate.ts'

export interface Snapshot {
  /** The last commit that is in it. */
  readonly upTo: number
  /** The lock under which it was made. */
  readonly fence: number
  readonly content: MappingContent
  /** The couplings are those of the last read or write: their files stay. */
  readonly couplingsKept?: boolean
}

/** `marks.json`: everything but couplings and held records. */
interface Marks extends Omit<MappingContent, 'couplings' | 'held'> {
  readonly format: number
  readonly upTo: number
  readonly fence: number
  /** File name → checksum, for all files of the snapshot but this one. */
  readonly files: Readonly<Record<string, string>>
}

/** As it may stand in a file: `watched` came later. */
type MarksRead = Omit<Marks, 'watched'> & Partial<Pick<Marks, 'watched'>>

/** A coupling as one line: ids, keys and versions of Business Central and Sales, layout, base, and what is rarer. */
type Line = readonly [
  businessCentral: string,
  sales: string,
  businessCentralKeys: Readonly<Record<string, string>>,
  salesKeys: Readonly<Record<string, string>>,
  businessCentralVersion: string | null,
  salesVersion: string | null,
  layout: string,
  base: string,
  rest?: Rarer,
]

type Rarer = Pick<Coupling, 'outside' | 'moved' | 'unfinished' | 'ended' | 'lines'>

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
    const marks = parse(join(this.#folder, 'marks.json'), marksText ?? '{}') as Partial<Marks>
    refuseNewer(marks.format ?? 0, this.#folder)
    refuseDamaged(join(this.#folder, 'marks.json'), marksText ?? '')
    this.#files = marks.files ?? {}
    this.#format = marks.format ?? 0
    const parts = marks.files === undefined ? await this.#unlisted() : await this.#listed(marks.files, marks.fence ?? 0)
    return decode(migrate({ ...parts, marks }, this.#format, this.#folder))
  }

  /** Durable on return. The text is made before the first await, so the state may change while it is written. */
  async write(snapshot: Snapshot): Promise<void> {
    const texts = encodeFiles(snapshot)
    const kept =
      snapshot.couplingsKept === true ? Object.entries(this.#files).filter(([name]) => couplingFile.test(name)) : []
    const fresh = [...texts].map(([name, text]) => [name, checksum(text)] as const)
    const files = ordered(Object.fromEntries([...kept, ...fresh]))
    const marks = encodeMarks(snapshot, files)
    await this.#guard.assertHeld()
    for (const [name, text] of texts) {
      if (files[name] !== this.#files[name]) await writeSynced(join(this.#folder, staged(name, snapshot.fence)), text)
    }
    await this.#guard.fault('snapshot.staged')
    await this.#guard.assertHeld()
    await replaceFile(join(this.#folder, 'marks.next.json'), marks)
    await this.#guard.fault('snapshot.decided')
    await this.#finish(Object.keys(files), snapshot.fence)
    if (snapshot.couplingsKept !== true) this.#bytes = sizeOf(texts)
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

  async #listed(files: Readonly<Record<string, string>>, fence: number): Promise<Omit<RawSnapshot, 'marks'>> {
    const couplings: unknown[] = []
    let held: unknown[] = []
    this.#bytes = 0
    for (const [name, sum] of Object.entries(files)) {
      const text = await this.#checked([staged(name, fence), name], sum)
      const rows = parse(join(this.#folder, name), text) as unknown[]
      if (!couplingFile.test(name)) held = rows
      else {
        this.#bytes += text.length
        for (const row of rows) couplings.push(row)
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
    throw new StateError(
      `${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      'Restore the whole state folder from its last good copy (all its files together); then run again.',
    )
  }
}

/** Files of couplings and held records; couplings are left out when they are kept as they are. */
function encodeFiles({ content, couplingsKept }: Snapshot): Map<string, string> {
  const texts = new Map([['held.json', lines(content.held.toSorted(byHeldKey))]])
  if (couplingsKept === true) return texts
  const sorted = content.couplings.toSorted((a, b) => compare(a.businessCentral.id, b.businessCentral.id))
  const parts = split(sorted)
  parts.forEach((part, index) => {
    texts.set(parts.length === 1 ? 'couplings.json' : `couplings-${index}.json`, lines(part.map(encode)))
  })
  return texts
}

/** By a hash of the id into a power of two of files, so that a new coupling changes one file and moves no other. */
function split(couplings: readonly Coupling[]): readonly Coupling[][] {
  const count = 2 ** Math.max(0, Math.ceil(Math.log2(couplings.length / couplingsPerFile)))
  const parts = Array.from({ length: count }, (): Coupling[] => [])
  for (const coupling of couplings) parts[count === 1 ? 0 : crc32(coupling.businessCentral.id) % count]?.push(coupling)
  return parts
}

const lines = (rows: readonly unknown[]): string =>
  rows.length === 0 ? '[]\n' : `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`

function encode({ businessCentral, sales, layout, base, ...rest }: Coupling): Line {
  const line = [
    businessCentral.id,
    sales.id,
    ordered(businessCentral.keys),
    ordered(sales.keys),
    businessCentral.version ?? null,
    sales.version ?? null,
    layout,
    base,
  ] as const
  const rarer = ordered(Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as Rarer)
  return Object.keys(rarer).length === 0 ? line : [...line, rarer]
}

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
  const body = JSON.stringify(marks, null, 1).slice(0, -2)
  return `${body}${sumMark}${checksum(body)}"\n}\n`
}

const sumMark = ',\n "sum": "'

/** Throws StateError when the checksum at the end of `marks.json` does not fit. Files of an earlier version have none. */
function refuseDamaged(path: string, text: string): void {
  const at = text.lastIndexOf(sumMark)
  if (at < 0 || text.slice(at) === `${sumMark}${checksum(text.slice(0, at))}"\n}\n`) return
  throw new StateError(
    `${path} is damaged: its checksum does not fit.`,
    'Restore the whole state folder from its last good copy (all its files together); then run again.',
  )
}

function decode(raw: RawSnapshot): Snapshot {
  const { upTo, fence, hash, watermarks, layouts, counted, generations, intents, watched = {} } = raw.marks as MarksRead
  const known = new Map<string, string>()
  const couplings = raw.couplings.map((line) => decodeLine(line as Line, known))
  const held = raw.held as Held[]
  const content = { hash, couplings, held, intents, layouts, watermarks, generations, counted, watched }
  return { upTo, fence, content }
}

/** `known` lets all couplings share one text for each layout. */
function decodeLine(line: Line, known: Map<string, string>): Coupling {
  const [businessCentral, sales, businessCentralKeys, salesKeys, businessCentralVersion, salesVersion] = line
  const layout = known.get(line[6]) ?? line[6]
  known.set(layout, layout)
  return {
    businessCentral: { id: businessCentral, keys: businessCentralKeys, version: businessCentralVersion ?? undefined },
    sales: { id: sales, keys: salesKeys, version: salesVersion ?? undefined },
    layout,
    base: line[7],
    ...line[8],
  }
}

/** The same members in the order of their names. */
function ordered<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => compare(a, b))) as T
}

/** The same members with other values. */
const mapped = <A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Readonly<Record<string, B>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))

const byHeldKey = (a: Held, b: Held): number => compare(a.side, b.side) || compare(a.id, b.id)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function sizeOf(texts: ReadonlyMap<string, string>): number {
  let size = 0
  for (const [name, text] of texts) if (couplingFile.test(name)) size += text.length
  return size
}
