/** A store that remembers nothing for long: for tests, and as an overlay in which a plan may pretend to commit (P6). */
import type { BySide } from '../config/config.ts'
import type { JobState } from '../core/schedule.ts'
import { LockedError } from '../errors.ts'
import type { MappingContent, PortableStore } from './mapping-content.ts'
import { MappingMemory } from './mapping-memory.ts'
import { makeKey, refuseOtherServices } from './state-file.ts'
import type { Entry, MappingState, RunSummary, Store } from './store.ts'

/** An empty store in memory. `key` @default a new one */
export const openMemoryStore = (key: string = makeKey()): PortableStore => new MemoryStore(key)

/**
 * A view over another store: reads fall through, commits stay here and are gone with it. Made without copying anything.
 * The store below is not written to, locked or closed; `bind` is passed on, since it must refuse foreign services.
 */
export const overlay = (store: Store): Store => new MemoryStore(store.key, store)

class MemoryStore implements PortableStore {
  readonly key: string
  readonly #under: Store | undefined
  readonly #mappings = new Map<string, MappingMemory>()
  readonly #written = new Set<string>()
  readonly #runs: RunSummary[] = []
  readonly #jobs = new Map<string, JobState>()
  #identity: BySide<string> | undefined
  #holder: string | undefined

  constructor(key: string, under?: Store) {
    this.key = key
    this.#under = under
  }

  get identity(): BySide<string> | undefined {
    return this.#identity
  }

  async lock(owner: string): Promise<void> {
    if (this.#holder !== undefined) throw new LockedError(`The state is locked by run ${this.#holder}.`)
    this.#holder = owner
  }

  async unlock(): Promise<void> {
    this.#holder = undefined
  }

  async bind(identity: BySide<string>): Promise<void> {
    await this.#under?.bind(identity)
    if (this.#identity !== undefined) refuseOtherServices('memory', this.#identity, identity)
    this.#identity = identity
  }

  mappings(): readonly string[] {
    return [...new Set([...(this.#under?.mappings() ?? []), ...this.#written])].toSorted()
  }

  mapping(name: string): MappingState {
    return this.#memory(name)
  }

  async commit(mapping: string, entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return
    this.#assertLocked()
    this.#memory(mapping).apply(entries)
    this.#written.add(mapping)
  }

  async recordRun(run: RunSummary): Promise<void> {
    this.#assertLocked()
    this.#runs.unshift(run)
  }

  async runs(most: number): Promise<readonly RunSummary[]> {
    const below = (await this.#under?.runs(most)) ?? []
    return [...this.#runs, ...below].slice(0, most)
  }

  async recordJob(state: JobState): Promise<void> {
    this.#assertLocked()
    this.#jobs.set(state.job, state)
  }

  async jobs(): Promise<ReadonlyMap<string, JobState>> {
    return new Map([...((await this.#under?.jobs()) ?? []), ...this.#jobs])
  }

  content(mapping: string): MappingContent {
    return this.#memory(mapping).content()
  }

  async replace(mapping: string, content: MappingContent): Promise<void> {
    this.#assertLocked()
    this.#memory(mapping).load(content)
    this.#written.add(mapping)
  }

  async close(): Promise<void> {
    await this.unlock()
  }

  /** An overlay belongs to one plan, so nobody else can hold its lock. */
  #assertLocked(): void {
    if (this.#holder === undefined && this.#under === undefined) {
      throw new LockedError('The lock of the state is not held: take it before writing.')
    }
  }

  #memory(name: string): MappingMemory {
    const there = this.#mappings.get(name)
    if (there !== undefined) return there
    const memory = new MappingMemory(name, this.#under?.mapping(name))
    this.#mappings.set(name, memory)
    return memory
  }
}
