/** The ground all simulated tables stand on: one clock, one version counter, one transaction at a time. */

import { randomUUID } from 'node:crypto'

/** What a table needs from outside. Handed in, so that a test can stop the clock and name the ids. */
export interface World {
  /** The moment stamped on writes. */
  readonly now: () => Date
  /** A new row id where the client sent none. */
  readonly newId: () => string
  /** The next number of the counter that every write of every table grows. */
  nextVersion(): number
  /** The last number given out. */
  version(): number
  /** Runs `work` as one transaction: when it throws, everything written inside is undone. Nests. */
  transaction<T>(work: () => T): T
  /** Remembers this moment; calling what it gives back takes all writes since back, as often as it is called. */
  savepoint(): () => void
  /** Told by a table how to take its last write back, and how to lay it on again. */
  onUndo(undo: () => void, redo: () => void): void
  /**
   * Lets `look` see everything as it stood `ms` milliseconds ago, at most as it stood at the last savepoint: the answer
   * of a copy that lags. Whatever it writes is taken back.
   */
  lagging<T>(ms: number, look: () => T): T
}

/** One write that can be taken back and laid on again. */
interface Written {
  readonly undo: () => void
  readonly redo: () => void
  /** Never before the write that came first, whatever the clock said. */
  readonly at: number
  readonly version: number
}

/** What can be set about a world. */
export interface WorldOptions {
  readonly now?: () => Date
  readonly newId?: () => string
  /** First value of the version counter. @default 1_000_000, the size of number a real organisation shows */
  readonly firstVersion?: number
}

/** Makes a world. Transactions are synchronous: nothing else runs in between, so they need no locks. */
export function createWorld(options: WorldOptions = {}): World {
  let version = options.firstVersion ?? 1_000_000
  let journal: Written[] | undefined
  const now = options.now ?? (() => new Date())
  const transaction = <T>(work: () => T): T => {
    const outer = journal
    const own: Written[] = []
    journal = own
    try {
      const result = work()
      outer?.push(...own)
      return result
    } catch (error) {
      takeBack(own)
      throw error
    } finally {
      journal = outer
    }
  }
  const takeBack = (written: Written[]): void => {
    // The undoing writes must not be journalled themselves.
    const outer = journal
    journal = undefined
    for (const { undo } of written.splice(0).reverse()) undo()
    journal = outer
  }
  const savepoint = (): (() => void) => {
    const since: Written[] = []
    journal = since
    return () => takeBack(since)
  }
  const lagging = <T>(ms: number, look: () => T): T => {
    const late = writtenSince(journal ?? [], now().getTime() - ms)
    const present = version
    version = late[0] === undefined ? version : late[0].version - 1
    takeBack([...late])
    try {
      return transaction(() => {
        const seen = look()
        takeBack(journal ?? [])
        return seen
      })
    } finally {
      version = present
      for (const { redo } of late) redo()
    }
  }
  return {
    now,
    newId: options.newId ?? randomUUID,
    nextVersion: () => ++version,
    version: () => version,
    transaction,
    savepoint,
    onUndo: (undo, redo) => journal?.push({ undo, redo, version, at: latest(journal, now()) }),
    lagging,
  }
}

const latest = (journal: readonly Written[], now: Date): number => Math.max(journal.at(-1)?.at ?? 0, now.getTime())

const writtenSince = (journal: readonly Written[], moment: number): readonly Written[] =>
  journal.slice(journal.findLastIndex(({ at }) => at <= moment) + 1)
