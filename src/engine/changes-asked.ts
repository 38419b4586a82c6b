/**
 * Asking a side for what has changed before it is its turn: the first page is under way at once, while the other side
 * is taken in. What is decided rests on rows of either side as they were read, and a write on their versions (P2); what
 * somebody made between the two readings, and another run carried at once, matching asks for again (P1).
 */
import type { Side } from '../config/config.ts'
import type { Page } from '../connector/connector.ts'
import type { Watermark } from '../core/watermark.ts'
import type { Session } from './session.ts'
import { sweepIsDue } from './sweep.ts'

/** Changes of a side, under way. */
export interface Asked {
  readonly side: Side
  readonly since: Watermark | undefined
  readonly pages: AsyncIterable<Page>
}

/** Asks a side for its changes. */
export function askFor(session: Session, side: Side, whole: boolean): Asked {
  // A row that a group has lost shows in no stamp: the whole is read when its keys would be compared.
  const regroup = session.readers[side].isGrouped && sweepIsDue(session, side, whole)
  const since = whole || regroup ? undefined : session.state.watermark(side)
  return { side, since, pages: ahead(session.readers[side].changes(since)) }
}

/** The same parts. That the first one fails is told when it is wanted; nobody has to want it. */
function ahead<T>(parts: AsyncIterable<T>): AsyncIterable<T> {
  const iterator = parts[Symbol.asyncIterator]()
  const first = iterator.next()
  first.catch(() => {})
  return rest(iterator, first)
}

async function* rest<T>(iterator: AsyncIterator<T>, first: Promise<IteratorResult<T>>): AsyncGenerator<T> {
  try {
    for (let part = await first; part.done !== true; part = await iterator.next()) yield part.value
  } finally {
    await iterator.return?.()
  }
}
