/**
 * One mapping on the disk: a snapshot, the journal of what came after it, and both together in memory. Keeps P7: a
 * commit is in the journal, on the disk, before it shows in memory; a snapshot says up to which commit it holds, so that
 * journal lines it already contains do no harm; a crash between any two steps leaves all of a commit or nothing.
 */
import { mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { Low } from 'lowdb'
import pLimit from 'p-limit'
import { StateError } from '../errors.ts'
import { encodeLine } from './coupling-line.ts'
import { syncFolder } from './durable-file.ts'
import { Journal, linesAfter, readJournal } from './journal.ts'
import { emptyContent } from './mapping-content.ts'
import type { MappingContent } from './mapping-content.ts'
import { MappingMemory } from './mapping-memory.ts'
import { currentFormat } from './migrate.ts'
import { SnapshotFolder } from './snapshot.ts'
import type { Snapshot, WriteGuard } from './snapshot.ts'
import type { Entry } from './store.ts'

const nothing: Snapshot = { upTo: 0, fence: 0, content: emptyContent }
const patience = 5

export interface RoomOptions {
  readonly name: string
  readonly folder: string
  readonly guard: WriteGuard
  /** A journal is folded into the snapshot when it is larger than this and than the snapshot, bytes. */
  readonly journalLimit: number
}

export class MappingRoom {
  readonly memory: MappingMemory
  readonly #options: RoomOptions
  readonly #files: SnapshotFolder
  readonly #db: Low<Snapshot>
  /** Commits and what replaces the journal, one after the other. */
  readonly #inTurn = pLimit(1)
  #journal: Journal
  #commit = 0
  #fence = 0
  /** Bytes of the journal that memory has taken in. */
  #offset = 0
  #torn = false
  #savedEdits = 0
  /** What the files looked like when they were read or last written by us. */
  #stamp = ''
  #limit: number
  #background: Promise<void> | undefined

  constructor(options: RoomOptions) {
    this.#options = options
    this.memory = new MappingMemory(options.name)
    this.#files = new SnapshotFolder(options.folder, options.guard)
    this.#db = new Low<Snapshot>(this.#files, nothing)
    this.#journal = this.#journalAt(0)
    this.#limit = options.journalLimit
  }

  /** True when there is or was anything to remember. */
  get known(): boolean {
    return this.#commit > 0 || this.#stamp !== ''
  }

  /** The highest lock number found in the files. */
  get fence(): number {
    return this.#fence
  }

  /** The end of the journal was cut off by a crash; that commit was never acknowledged. */
  get torn(): boolean {
    return this.#torn
  }

  /** Reads the files unless they are as they were. A runner may be writing meanwhile: then it is tried again. */
  async refresh(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const before = await this.#look()
      if (before.all === this.#stamp) return
      const failure = await this.#read().then(
        () => undefined,
        (error: unknown) => error,
      )
      const after = await this.#look()
      if (failure === undefined && before.snapshot === after.snapshot) {
        this.#stamp = before.all
        return
      }
      if (failure !== undefined && before.all === after.all) throw failure
      if (attempt === patience) throw this.#busy()
    }
  }

  /** Puts right what a crash left, and brings an older format to the current one. Under the lock, after `refresh`. */
  async repair(): Promise<void> {
    if (!this.known) return
    await this.#files.recover()
    if (this.#torn) await this.#journal.trim()
    if (this.#files.format !== currentFormat) await this.snapshot()
    this.#torn = false
  }

  /** Journals the entries, then shows them. */
  commit(entries: readonly Entry[]): Promise<void> {
    const { guard } = this.#options
    return this.#inTurn(async () => {
      await guard.assertHeld()
      if (!this.known) await this.#makeFolder()
      const commit = this.#commit + 1
      await this.#journal.append({ commit, fence: guard.fence, entries })
      // A takeover removes our lock before it reads the journal: if we still have it, the new line will be read.
      await guard.assertHeld()
      this.memory.apply(entries)
      this.#commit = commit
      this.#offset = this.#journal.size
      this.#snapshotSoon()
    })
  }

  /** Replaces everything by `content`, journal included. */
  async replace(content: MappingContent): Promise<void> {
    await this.#background
    await this.#inTurn(async () => {
      await this.#options.guard.assertHeld()
      if (!this.known) await this.#makeFolder()
      const packed = { ...content, couplings: content.couplings.map(encodeLine) }
      await this.#save({ upTo: this.#commit + 1, fence: this.#options.guard.fence, content: packed })
      this.memory.load(content)
      this.#commit++
      this.#savedEdits = this.memory.couplingEdits
      await this.#startAnew(this.#journal.size)
    })
  }

  /** Writes a snapshot of this moment; commits may go on meanwhile. Does nothing when the last one is still right. */
  async snapshot(): Promise<void> {
    const outdated = this.#files.format !== currentFormat
    if (this.#offset === 0 && !outdated) return
    const offset = this.#offset
    const edits = this.memory.couplingEdits
    const couplingsKept = edits === this.#savedEdits && !outdated
    const { fence } = this.#options.guard
    await this.#save({ upTo: this.#commit, fence, content: this.memory.packed(), couplingsKept })
    this.#savedEdits = edits
    await this.#inTurn(() => this.#startAnew(offset))
  }

  /** Waits for what is going on and folds the journal into the snapshot. Under the lock. */
  async settle(): Promise<void> {
    await this.#background
    await this.snapshot()
    await this.#journal.close()
    if (this.known) this.#stamp = (await this.#look()).all
  }

  /** Lets go of the files. */
  async close(): Promise<void> {
    await this.#background
    await this.#journal.close()
  }

  async #read(): Promise<void> {
    await this.#journal.close()
    this.#db.data = nothing
    await this.#db.read()
    const { upTo, fence, content } = this.#db.data
    this.#db.data = nothing
    const path = this.#journalPath
    const journal = await readJournal(path)
    const lines = linesAfter(path, upTo, fence, journal.lines)
    this.memory.load(content)
    this.#savedEdits = this.memory.couplingEdits
    for (const line of lines) this.memory.apply(line.entries)
    this.#commit = upTo + lines.length
    this.#fence = Math.max(fence, ...lines.slice(-1).map((line) => line.fence))
    this.#torn = journal.torn
    this.#journal = this.#journalAt(journal.size)
    this.#offset = journal.size
    this.#limit = Math.max(this.#options.journalLimit, this.#files.bytes)
  }

  async #save(snapshot: Snapshot): Promise<void> {
    this.#db.data = snapshot
    const written = this.#db.write()
    this.#db.data = nothing
    await written
    this.#limit = Math.max(this.#options.journalLimit, this.#files.bytes)
  }

  async #startAnew(offset: number): Promise<void> {
    if (offset === 0) return
    await this.#options.guard.fault('journal.restart')
    await this.#options.guard.assertHeld()
    await this.#journal.restart(offset)
    this.#offset -= offset
  }

  #snapshotSoon(): void {
    if (this.#background !== undefined || this.#journal.size <= this.#limit) return
    this.#background = setImmediate()
      .then(() => this.snapshot())
      .catch(() => {
        // The journal holds everything; the next try, at the latest when the lock is given back, tells what is wrong.
        this.#limit *= 2
      })
      .finally(() => {
        this.#background = undefined
      })
  }

  async #makeFolder(): Promise<void> {
    const { folder } = this.#options
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await syncFolder(dirname(folder))
  }

  #journalAt(size: number): Journal {
    return new Journal(this.#journalPath, size, (moment) => this.#options.guard.fault(moment))
  }

  get #journalPath(): string {
    return join(this.#options.folder, 'journal.jsonl')
  }

  async #look(): Promise<{ readonly snapshot: string; readonly all: string }> {
    const seen = ['marks.next.json', 'marks.json', 'couplings.json', 'journal.jsonl'].map((name) =>
      stat(join(this.#options.folder, name)).then(
        ({ ino, size, mtimeMs }) => `${name} ${ino} ${size} ${mtimeMs}`,
        () => '',
      ),
    )
    const stamps = await Promise.all(seen)
    return { snapshot: stamps.slice(0, 3).join('\n').trim(), all: stamps.join('\n').trim() }
  }

  #busy(): StateError {
    return new StateError(
      `${this.#options.folder} changes faster than it can be read.`,
      'Another runner is writing; try again in a moment.',
    )
  }
}
