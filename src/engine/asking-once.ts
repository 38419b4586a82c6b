/**
 * A side that is asked once: the same question gets the same answer, as far as there is room to keep it. What is planned
 * twice then costs the reading of once, and sees the same rows both times, whatever people edit in between.
 */
import { portOf, type Connector } from '../connector/connector.ts'
import { shortHash } from '../core/fingerprint.ts'
import { RowBudget } from './row-cache.ts'

/** Rows and keys that are kept; about 2 KB each. */
const keptAtMost = 50_000

/** The same side with a memory, for whoever only reads. */
export function askingOnce(connector: Connector, most = keptAtMost): Connector {
  const room = new RowBudget(most)
  const memory = new Memory(room)
  return {
    ...portOf(connector),
    changes: (query, since) =>
      memory.stream(
        ['changes', query, since],
        () => connector.changes(query, since),
        ({ changes }) => changes.length,
      ),
    keys: (query) =>
      memory.stream(
        ['keys', query],
        () => connector.keys(query),
        (ids) => ids.length,
      ),
    read: (query, ids) => memory.answer(['read', query, ids], () => connector.read(query, ids)),
    find: (query, anyOf) => memory.answer(['find', query, anyOf], () => connector.find(query, anyOf)),
  }
}

/** Answers by question. */
class Memory {
  readonly #room: RowBudget
  readonly #known = new Map<string, readonly unknown[]>()

  constructor(room: RowBudget) {
    this.#room = room
  }

  /** Page by page, as they come; kept once the last has come. */
  async *stream<T>(
    question: readonly unknown[],
    ask: () => AsyncIterable<T>,
    sizeOf: (page: T) => number,
  ): AsyncGenerator<T> {
    const key = keyOf(question)
    const known = this.#known.get(key) as readonly T[] | undefined
    if (known !== undefined) return yield* known
    const kept: T[] = []
    let size = 0
    for await (const page of ask()) {
      size += sizeOf(page)
      if (size <= this.#room.left) kept.push(page)
      yield page
    }
    if (this.#room.take(size)) this.#known.set(key, kept)
  }

  async answer<T>(question: readonly unknown[], ask: () => Promise<readonly T[]>): Promise<readonly T[]> {
    const key = keyOf(question)
    const known = this.#known.get(key) as readonly T[] | undefined
    if (known !== undefined) return known
    const found = await ask()
    if (this.#room.take(found.length)) this.#known.set(key, found)
    return found
  }
}

const keyOf = (question: readonly unknown[]): string => shortHash(JSON.stringify(question))
