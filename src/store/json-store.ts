/**
 * The default store: one folder of readable files, made for Git. `state.json`, `fingerprint.key`, `runs.jsonl` and `jobs.jsonl`
 * lie in it, and a folder for each mapping. Opening writes nothing (P6); whoever takes the lock reads again what others changed
 * meanwhile. Keeps P7, see `mapping-room.ts` for commits and `lock.ts` for runners that die or sleep.
 */
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import type { BySide } from '../config/config.ts'
import type { JobState } from '../core/schedule.ts'
import { ensureFolder, explained, readIfThere, replaceFile } from './durable-file.ts'
import { appendJob, readJobs } from './job-log.ts'
import type { Fault } from './journal.ts'
import { FolderLock } from './lock.ts'
import type { Owner } from './lock.ts'
import type { MappingContent, PortableStore } from './mapping-content.ts'
import { folderName, mappingFolders } from './mapping-folders.ts'
import { MappingRoom } from './mapping-room.ts'
import { currentFormat } from './migrate.ts'
import { appendRun, dropRuns, readRuns } from './run-log.ts'
import { keyCheck, makeKey, readKey, readStateFile, refuseOtherKey, refuseOtherServices } from './state-file.ts'
import { writeKey, writeStateFile } from './state-file.ts'
import type { StateFile } from './state-file.ts'
import type { Entry, MappingState, RunSummary } from './store.ts'

export interface JsonStoreOptions {
  /** Made when the lock is first taken. */
  readonly folder: string
  readonly clock: Clock
  /** Who takes the lock. @default this machine and process */
  readonly owner?: Owner
  /** Key of the fingerprints. @default made once and kept in the folder, see `state-file.ts` */
  readonly key?: string
  /** See LockOptions, milliseconds. @default 60000 */
  readonly expiryMs?: number
  /** A journal larger than this and than its snapshot is folded into it while the run goes on, bytes. @default 4000000 */
  readonly journalLimit?: number
  /** Open it whatever key it was made with, as `rekey` does; fingerprints in it are worthless then. @default false */
  readonly anyKey?: boolean
  /** Lets tests stop or refuse at a named moment of writing. */
  readonly fault?: Fault
}

export interface JsonStore extends PortableStore {
  readonly folder: string
  /** What was found and put right, for people. */
  readonly notices: readonly string[]
  /** Uses another fingerprint key from now on. Every print in the store must be gone; see `rekey`. Needs the lock. */
  changeKey(key: string | undefined): Promise<void>
  /** Drops runs that ended before that moment, ISO 8601; returns how many. Needs the lock. */
  dropRuns(before: string): Promise<number>
}

/** Opens a state folder, which may not exist yet. Throws StateError when it cannot be used. */
export async function openJsonStore(options: JsonStoreOptions): Promise<JsonStore> {
  return explained(options.folder, async () => {
    const store = new FolderStore(options)
    await store.look()
    return store
  })
}

class FolderStore implements JsonStore {
  readonly folder: string
  readonly #options: JsonStoreOptions
  readonly #lock: FolderLock
  readonly #rooms = new Map<string, MappingRoom>()
  readonly #notices: string[] = []
  #state: StateFile | undefined
  #identity: BySide<string> | undefined
  #key = ''

  constructor(options: JsonStoreOptions) {
    const { folder, clock, owner, expiryMs } = options
    this.folder = folder
    this.#options = options
    this.#lock = new FolderLock({
      folder,
      clock,
      owner: owner ?? { host: hostname(), pid: process.pid },
      ...(expiryMs !== undefined && { expiryMs }),
    })
  }

  get key(): string {
    return this.#key
  }

  get identity(): BySide<string> | undefined {
    return this.#identity
  }

  get notices(): readonly string[] {
    return this.#notices
  }

  /** Reads what is new in the folder. */
  async look(): Promise<void> {
    this.#state = await readStateFile(this.folder)
    this.#identity = this.#state?.identity ?? this.#identity
    const key = this.#options.key ?? (await readKey(this.folder))
    if (this.#options.anyKey !== true) refuseOtherKey(this.folder, this.#state, key)
    this.#key = key ?? (this.#key || makeKey())
    for (const name of await mappingFolders(this.folder)) this.#room(name)
    for (const room of this.#rooms.values()) await room.refresh()
  }

  async lock(owner: string): Promise<void> {
    await explained(this.folder, async () => {
      await ensureFolder(this.folder)
      await this.#lock.acquire(owner)
      try {
        await this.#takePossession()
      } catch (error) {
        await this.#lock.release()
        throw error
      }
    })
  }

  async unlock(): Promise<void> {
    for (const [name, room] of this.#rooms) {
      if (this.#lock.held) {
        await explained(this.folder, () => room.settle()).catch((error: unknown) => this.#notePostponed(name, error))
      }
      await room.close()
    }
    await explained(this.folder, () => this.#lock.release())
  }

  async bind(identity: BySide<string>): Promise<void> {
    if (this.#identity !== undefined) return refuseOtherServices(this.folder, this.#identity, identity)
    this.#identity = identity
    if (this.#lock.held) await this.#writeState()
  }

  mappings(): readonly string[] {
    return [...this.#rooms].flatMap(([name, room]) => (room.known ? [name] : [])).toSorted()
  }

  mapping(name: string): MappingState {
    return this.#room(name).memory
  }

  content(mapping: string): MappingContent {
    return this.#room(mapping).memory.content()
  }

  async commit(mapping: string, entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return
    await explained(this.folder, () => this.#room(mapping).commit(entries))
  }

  async replace(mapping: string, content: MappingContent): Promise<void> {
    await explained(this.folder, () => this.#room(mapping).replace(content))
  }

  async recordRun(run: RunSummary): Promise<void> {
    await explained(this.folder, async () => {
      await this.#lock.assertHeld()
      await appendRun(this.folder, run)
    })
  }

  async dropRuns(before: string): Promise<number> {
    return explained(this.folder, async () => {
      await this.#lock.assertHeld()
      return dropRuns(this.folder, before)
    })
  }

  async runs(most: number): Promise<readonly RunSummary[]> {
    return explained(this.folder, () => readRuns(this.folder, most))
  }

  async recordJob(state: JobState): Promise<void> {
    await explained(this.folder, async () => {
      await this.#lock.assertHeld()
      await appendJob(this.folder, state)
    })
  }

  async jobs(): Promise<ReadonlyMap<string, JobState>> {
    return explained(this.folder, () => readJobs(this.folder))
  }

  async changeKey(key: string | undefined): Promise<void> {
    await explained(this.folder, async () => {
      await this.#lock.assertHeld()
      this.#key = key ?? makeKey()
      await this.#writeState(key === undefined ? await writeKey(this.folder, this.#key) : null)
    })
  }

  async close(): Promise<void> {
    await this.unlock()
  }

  /** After the lock was taken: others may have written since this store was opened. */
  async #takePossession(): Promise<void> {
    const asked = this.#identity
    await this.look()
    if (asked !== undefined && this.#identity !== undefined) refuseOtherServices(this.folder, this.#identity, asked)
    await this.#lock.raise(Math.max(0, ...[...this.#rooms.values()].map((room) => room.fence)))
    for (const [name, room] of this.#rooms) {
      if (room.torn) this.#notices.push(`${name}: ${tornNotice}`)
      await room.repair()
    }
    const { format, identity } = this.#state ?? {}
    if (format !== currentFormat || (identity ?? undefined) !== this.#identity) await this.#writeState()
    if ((await readIfThere(join(this.folder, '.gitignore'))) !== undefined) return
    await replaceFile(join(this.folder, '.gitignore'), 'lock-*.json\n*.tmp\n')
  }

  /** Everything is in the journal, and the caller may be busy with a worse error. */
  #notePostponed(mapping: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error)
    this.#notices.push(`${mapping}: the snapshot was not written (${why}); the journal holds everything.`)
  }

  async #writeState(keyName?: string | null): Promise<void> {
    const own = keyName !== undefined ? keyName : await this.#keepKey()
    const created = this.#state?.created ?? this.#options.clock.now().toISOString()
    const identity = this.#identity ?? null
    this.#state = { format: currentFormat, created, identity, key: own, keyCheck: keyCheck(this.#key) }
    await writeStateFile(this.folder, this.#state)
  }

  /** A made key is on the disk before anything that was hashed with it. */
  async #keepKey(): Promise<string | null> {
    if (this.#options.key !== undefined) return null
    return this.#state?.key ?? writeKey(this.folder, this.#key)
  }

  #room(name: string): MappingRoom {
    const there = this.#rooms.get(name)
    if (there !== undefined) return there
    const lock = this.#lock
    const { fault = async () => {}, journalLimit = 4_000_000 } = this.#options
    const guard = {
      assertHeld: () => lock.assertHeld(),
      get fence() {
        return lock.fence
      },
      fault,
    }
    const room = new MappingRoom({ name, folder: join(this.folder, folderName(name)), guard, journalLimit })
    this.#rooms.set(name, room)
    return room
  }
}

const tornNotice = 'the last commit was cut off by a crash and is dropped; what it was about is looked at again.'
