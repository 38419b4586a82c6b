/**
 * One runner at a time on a state folder. Locks are numbered files, `lock-7.json`: whoever creates the next number has
 * the lock, and of two that try exactly one can. The number that is highest counts; a released lock stays as a marker.
 * Keeps P7: a dead runner's lock is taken over without a person, and a runner that was paused meanwhile finds its file
 * gone at its next commit. The files need not travel with the state: see `.gitignore` beside them.
 */
import { randomUUID } from 'node:crypto'
import { link, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { LockedError } from '../errors.ts'
import { errno, fileMode } from './durable-file.ts'

/** Machine and process that take the lock. */
export interface Owner {
  readonly host: string
  readonly pid: number
}

export interface LockOptions {
  readonly folder: string
  readonly owner: Owner
  readonly clock: Clock
  /**
   * How long a lock without a sign of life is respected, milliseconds; it is renewed every third of that. Clocks of
   * machines that share a folder must not differ by more. A dead process of the same machine is not waited for.
   * @default 60000
   */
  readonly expiryMs?: number
}

/** What a lock file says. */
interface Holder extends Owner {
  /** Id of the run. */
  readonly run: string
  /** Tells this lock from one that a former process of the same number took. */
  readonly token: string
  /** ISO 8601 */
  readonly since: string
  /** Last sign of life, ISO 8601. */
  readonly renewed: string
  readonly fence: number
  readonly released: boolean
}

interface Found {
  readonly number: number
  /** undefined: the file is being written, or its writer died in the midst of it. */
  readonly holder: Holder | undefined
  readonly renewedAt: number
}

interface Grip {
  readonly handle: FileHandle
  readonly number: number
  readonly inode: number
  readonly timer: NodeJS.Timeout
  holder: Holder
}

const lockFile = /^lock-(\d+)\.json$/
const draftFile = /^lock-\d+\..*\.tmp$/
/** Locks that this process holds: a lock with our process number that is not among them is from a former life. */
const heldHere = new Set<string>()

export class FolderLock {
  readonly #options: LockOptions
  readonly #expiryMs: number
  #grip: Grip | undefined
  #former = 0

  constructor(options: LockOptions) {
    this.#options = options
    this.#expiryMs = options.expiryMs ?? 60_000
  }

  get held(): boolean {
    return this.#grip !== undefined
  }

  /** Goes into every commit: higher than that of any earlier lock. 0 when not held. */
  get fence(): number {
    return this.#grip?.holder.fence ?? 0
  }

  /** Takes the lock for a run, or throws LockedError saying who has it. The folder must exist. */
  async acquire(run: string): Promise<void> {
    if (this.#grip !== undefined) throw new LockedError(`Run ${this.#grip.holder.run} of this process has the lock.`)
    const found = await this.#highest()
    if (found !== undefined && !this.#free(found)) throw this.#taken(found)
    const number = (found?.number ?? 0) + 1
    const fence = Math.max(number, (found?.holder?.fence ?? 0) + 1)
    const now = this.#options.clock.now().toISOString()
    const { host, pid } = this.#options.owner
    const holder = { run, host, pid, token: randomUUID(), since: now, renewed: now, fence, released: false }
    const grip = await this.#create(number, holder)
    this.#grip = grip
    heldHere.add(holder.token)
    try {
      await this.#settle(grip)
    } catch (error) {
      await this.#letGo()
      throw error
    }
  }

  /** Makes the fence higher than `seen`: the highest one in the state, whose lock files may not have travelled with it. */
  async raise(seen: number): Promise<void> {
    if (this.#grip === undefined || this.#grip.holder.fence > seen) return
    await this.#write(this.#grip, { fence: seen + 1 })
  }

  /** Throws LockedError when the lock is not held, or was taken over while this process slept. */
  async assertHeld(): Promise<void> {
    const grip = this.#grip
    if (grip === undefined) throw this.#lost()
    const inode = await stat(this.#path(grip.number)).then(
      (found) => found.ino,
      () => undefined,
    )
    if (inode === grip.inode) return
    await this.#letGo()
    throw this.#lost()
  }

  /** Gives a sign of life. Done by itself while the lock is held. */
  async renew(): Promise<void> {
    if (this.#grip !== undefined) await this.#write(this.#grip, { renewed: this.#options.clock.now().toISOString() })
  }

  /** Gives the lock back; harmless when it is not held any more. Where the disk refuses to note it, the lock expires. */
  async release(): Promise<void> {
    if (this.#grip === undefined) return
    try {
      await this.#write(this.#grip, { released: true })
    } finally {
      await this.#letGo()
    }
  }

  /** The file appears whole or not at all, so that a runner killed here leaves no lock without an owner. */
  async #create(number: number, holder: Holder): Promise<Grip> {
    const draft = join(this.#options.folder, `lock-${number}.${holder.token}.tmp`)
    await writeFile(draft, `${JSON.stringify(holder)}\n`, { mode: fileMode, flag: 'wx' })
    try {
      await link(draft, this.#path(number))
    } catch (error) {
      // A racer that won tidies up the drafts of the others.
      if (!['EEXIST', 'ENOENT'].includes(errno(error) ?? '')) throw error
      throw new LockedError(`Another runner has just taken the lock of ${this.#options.folder}.`)
    } finally {
      await rm(draft, { force: true })
    }
    const handle = await open(this.#path(number), 'r+')
    const timer = setInterval(() => void this.renew().catch(() => {}), this.#expiryMs / 3)
    timer.unref()
    return { handle, number, inode: (await handle.stat()).ino, timer, holder }
  }

  /** A latecomer may have created a number that others have long passed; else all former locks end here. */
  async #settle(grip: Grip): Promise<void> {
    const others = (await this.#numbers()).filter((number) => number !== grip.number)
    const passed = others.some((number) => number > grip.number)
    for (const number of passed ? [grip.number] : others) await rm(this.#path(number), { force: true })
    if (!passed) return this.#tidy()
    throw new LockedError(`Another runner has just taken the lock of ${this.#options.folder}.`)
  }

  /** Drafts of locks that runners left when they were killed. */
  async #tidy(): Promise<void> {
    const drafts = (await readdir(this.#options.folder)).filter((name) => draftFile.test(name))
    for (const name of drafts) await rm(join(this.#options.folder, name), { force: true })
  }

  /** In place, through the open file: after a takeover this touches nothing that anyone reads. */
  async #write(grip: Grip, changed: Partial<Holder>): Promise<void> {
    grip.holder = { ...grip.holder, ...changed }
    const text = `${JSON.stringify(grip.holder)}\n`
    await grip.handle.write(text, 0)
    await grip.handle.truncate(Buffer.byteLength(text))
  }

  async #letGo(): Promise<void> {
    const grip = this.#grip
    if (grip === undefined) return
    this.#grip = undefined
    this.#former = grip.number
    heldHere.delete(grip.holder.token)
    clearInterval(grip.timer)
    await grip.handle.close()
  }

  async #numbers(): Promise<readonly number[]> {
    const names = await readdir(this.#options.folder)
    return names.flatMap((name) => lockFile.exec(name)?.[1] ?? []).map(Number)
  }

  async #highest(): Promise<Found | undefined> {
    const number = Math.max(0, ...(await this.#numbers()))
    if (number === 0) return undefined
    try {
      const { mtimeMs } = await stat(this.#path(number))
      const holder = readHolder(await readFile(this.#path(number), 'utf8'))
      return { number, holder, renewedAt: holder === undefined ? mtimeMs : Date.parse(holder.renewed) }
    } catch (error) {
      if (errno(error) === 'ENOENT') return this.#highest()
      throw error
    }
  }

  #free({ holder, renewedAt }: Found): boolean {
    const { owner, clock } = this.#options
    if (holder?.released === true) return true
    if (holder?.host === owner.host && !runs(holder)) return true
    return clock.now().getTime() - renewedAt > this.#expiryMs
  }

  #taken({ number, holder, renewedAt }: Found): LockedError {
    const ends = new Date(renewedAt + this.#expiryMs).toISOString()
    const who =
      holder === undefined
        ? 'another runner'
        : `run ${holder.run} (process ${holder.pid} on ${holder.host}) since ${holder.since}`
    return new LockedError(
      `The state in ${this.#options.folder} is locked by ${who}. Wait until it ends; if it is dead, its lock ends by ` +
        `itself at ${ends} (or delete ${this.#path(number)}).`,
    )
  }

  #lost(): LockedError {
    if (this.#former === 0)
      return new LockedError(`The lock of ${this.#options.folder} is not held: take it before writing.`)
    return new LockedError(
      `The lock of ${this.#options.folder} was given back, or another runner took it over while this process was paused. ` +
        'Nothing more is written here; run again.',
    )
  }

  #path(number: number): string {
    return join(this.#options.folder, `lock-${number}.json`)
  }
}

function readHolder(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder
  } catch {
    return undefined
  }
}

function runs({ pid, token }: Holder): boolean {
  if (pid === process.pid) return heldHere.has(token)
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errno(error) === 'EPERM'
  }
}
