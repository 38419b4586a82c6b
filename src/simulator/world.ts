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
  /** Told by a table how to take its last write back. */
  onUndo(undo: () => void): void
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
  let journal: (() => void)[] | undefined
  const transaction = <T>(work: () => T): T => {
    const outer = journal
    const own: (() => void)[] = []
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
  const takeBack = (undos: (() => void)[]): void => {
    // The undoing writes must not be journalled themselves.
    const outer = journal
    journal = undefined
    for (const undo of undos.splice(0).reverse()) undo()
    journal = outer
  }
  const savepoint = (): (() => void) => {
    const since: (() => void)[] = []
    journal = since
    return () => takeBack(since)
  }
  return {
    now: options.now ?? (() => new Date()),
    newId: options.newId ?? randomUUID,
    nextVersion: () => ++version,
    version: () => version,
    transaction,
    savepoint,
    onUndo: (undo) => journal?.push(undo),
  }
}
