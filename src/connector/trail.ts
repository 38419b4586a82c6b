/** Pure: noticing that a service leads from page to page in a circle, whatever links it makes up. */
import type { Side } from '../config/config.ts'
import { shortHash } from '../core/fingerprint.ts'
import { ConnectorError } from '../errors.ts'
import { sideName } from './failure.ts'

/**
 * Pages that were there before, with more to come: a few come of rows that moved while small pages were read. Pages
 * without a row, one after the other: a service may look through much that it does not show.
 */
const mostAgain = 10
const mostEmpty = 200

/** The way through the pages of one answer. Remembers some bytes a page, however long its link and its rows (P10). */
export class Trail {
  readonly #seen = new Set<string>()
  #again = 0
  #empty = 0

  /** Whether this link was followed before; from now on it was. */
  crosses(link: string): boolean {
    return !this.#isNew(link)
  }

  /** Whether these rows, with a further page behind them, are a sign that the way has no end. */
  turns(rows: readonly unknown[]): boolean {
    if (rows.length === 0) this.#empty += 1
    else {
      this.#empty = 0
      if (!this.#isNew(JSON.stringify([rows.length, rows[0], rows.at(-1)]))) this.#again += 1
    }
    return this.#again >= mostAgain || this.#empty >= mostEmpty
  }

  #isNew(text: string): boolean {
    const before = this.#seen.size
    return this.#seen.add(shortHash(text)).size > before
  }
}

/** The error for a way without an end; `what` names the thing read, `otherwise` what to do when it stays. */
export const endless = (side: Side, what: string, otherwise: string): ConnectorError =>
  new ConnectorError(side, 'broken', {
    message: `${sideName[side]} leads from page to page of ${what} in a circle`,
    remedy: `Run again; if it stays, ${otherwise}`,
  })
