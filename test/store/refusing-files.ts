/** The operating system of a test: it counts what is asked of files, and refuses the nth thing, or all from there on. */
import files, { type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

/** What writes, which a full or read-only disk refuses. Of an opened file also what is done with its handle. */
const writes = ['appendFile', 'link', 'mkdir', 'rename', 'rm', 'truncate', 'writeFile'] as const
const ofHandles = ['appendFile', 'datasync', 'sync', 'truncate', 'write', 'writeFile'] as const

export interface Refusal {
  /** Counts from 1. */
  readonly nth: number
  readonly code: 'ENOSPC' | 'EACCES' | 'EROFS'
  /** All that follows is refused too, as by a disk that stays full. */
  readonly forGood: boolean
}

type Call = (...given: unknown[]) => Promise<unknown>

/** Below one folder only; everything else works on. Undone by `stop`. */
export class RefusingFiles {
  asked = 0
  #refusal: Refusal | undefined
  readonly #folder: string
  readonly #undo: (() => void)[] = []

  static async start(folder: string, spare: string): Promise<RefusingFiles> {
    const handle = await files.open(spare, 'a')
    const made = new RefusingFiles(folder, Object.getPrototypeOf(handle) as FileHandle)
    await handle.close()
    return made
  }

  private constructor(folder: string, handles: FileHandle) {
    this.#folder = folder
    const ours = new WeakSet<object>()
    for (const name of writes)
      this.#replace(
        files,
        name,
        (real) =>
          (...given) =>
            this.#pass(name, given[0], () => real.apply(files, given)),
      )
    this.#replace(files, 'open', (real) => async (...given) => {
      const isRead = (given[1] ?? 'r') === 'r'
      const opened = isRead
        ? await real.apply(files, given)
        : await this.#pass('open', given[0], () => real.apply(files, given))
      if (String(given[0]).startsWith(this.#folder) && !isRead) ours.add(opened as object)
      return opened
    })
    for (const name of ofHandles) {
      const pass = (path: string, act: () => Promise<unknown>): Promise<unknown> => this.#pass(name, path, act)
      const within = this.#folder
      this.#replace(
        handles,
        name,
        (real) =>
          function (this: object, ...given) {
            return ours.has(this) ? pass(within, () => real.apply(this, given)) : real.apply(this, given)
          },
      )
    }
    syncBuiltinESMExports()
  }

  /** Begins to count anew. */
  refuse(refusal: Refusal | undefined): void {
    this.asked = 0
    this.#refusal = refusal
  }

  stop(): void {
    for (const undo of this.#undo) undo()
    syncBuiltinESMExports()
  }

  #replace(on: object, name: string, by: (real: Call) => Call): void {
    const slots = on as Record<string, Call>
    const real = slots[name]
    if (real === undefined) throw new Error(`there is no ${name}`)
    slots[name] = by(real)
    this.#undo.push(() => void (slots[name] = real))
  }

  async #pass(name: string, path: unknown, act: () => Promise<unknown>): Promise<unknown> {
    if (!String(path).startsWith(this.#folder)) return act()
    this.asked += 1
    const { nth, code, forGood } = this.#refusal ?? { nth: Infinity, code: 'ENOSPC', forGood: false }
    if (this.asked === nth || (forGood && this.asked > nth))
      throw Object.assign(new Error(`${code}: refused, ${name} '${String(path)}'`), {
        code,
        syscall: name,
        path: String(path),
      })
    return act()
  }
}
