/**
 * What a write whose outcome was never seen left in the lines of a document (P2, P7): a line of ours that is there is
 * ours, and what it says is agreed as far as it is what was sent. Else the dead runner's own lines would be the other
 * side's edits, which could win over a person's.
 */
import { type Side, otherSide } from '../config/config.ts'
import { type Base, type Prints, doubtful, noBase, unpackBase, withPrints } from '../core/base.ts'
import type { Coupling, SoughtLine } from '../core/coupling.ts'
import type { LinePair } from '../core/decide-lines.ts'
import { type LineRow, numberIn } from '../core/document-lines.ts'
import { ExpressionError, orFailure } from '../core/expression.ts'
import { versionOf } from '../core/fingerprint.ts'
import type { CompiledLines } from '../core/mapping.ts'
import { type Seeing, baseSeen, isAsSent } from '../core/seen-base.ts'
import type { Loaded } from '../core/record.ts'
import type { Intent } from '../store/store.ts'
import { lineDeciding, lineRowsOf } from './judge-lines.ts'
import { type Session, linePairsOf, packedLines, soughtLinesOf } from './session.ts'

interface LinesFound {
  readonly target: Loaded
  /** That nothing was written is known. */
  readonly isKnown: boolean
  /** The write did not come as far as the lines. */
  readonly isBefore: boolean
  /** The document has the version that it was decided on: a line that is not there was not made. */
  readonly isUnmoved: boolean
}

/** The lines of the document as far as reading tells; nothing for a mapping without lines. */
export async function linesSeen(
  session: Session,
  intent: Intent,
  coupling: Coupling | undefined,
  { target, isKnown, isBefore, isUnmoved }: LinesFound,
): Promise<Pick<Coupling, 'lines'>> {
  const { lines } = session.compiled
  if (lines === undefined) return {}
  const before = linePairsOf(session, coupling)
  const sought = soughtLinesOf(coupling)
  const meant = meantLines(session, intent)
  if (meant.length === 0 || isBefore) return packedLines(session, before, sought)
  const work = new LinesSeen(session, lines, intent.side, isKnown)
  const rows = await orFailure(lineRowsOf(session, lines, intent.side, target))
  // Which lines there are is not known: the next decision fails at the same place, and holds the document.
  if (rows instanceof ExpressionError)
    return packedLines(session, untold(before ?? [], meant, intent.side), [...sought, ...allSought(meant, intent.side)])
  const seen = await work.see(before ?? [], meant, rows)
  return packedLines(session, seen.pairs, isUnmoved ? sought : [...sought, ...seen.sought])
}

/** A pair of lines that the write was to leave; the key that the service was to choose is empty. */
interface Meant extends LinePair {
  /** See `MeantLine` of the store. */
  readonly before: string | number | null
  readonly stood: Base
}

function meantLines(session: Session, { lines }: Intent): readonly Meant[] {
  const rows = lines === undefined ? undefined : session.state.layout(lines.layout)
  if (lines === undefined || rows === undefined) return []
  return lines.pairs.map(([businessCentral, sales, base, before, stood = '']) => ({
    businessCentral,
    sales,
    base: unpackBase(base, rows),
    before,
    stood: unpackBase(stood, rows),
  }))
}

/** What was to be written to a line may stand there or not (P2). */
function untold(before: readonly LinePair[], meant: readonly Meant[], side: Side): readonly LinePair[] {
  const from = otherSide(side)
  return before.map((pair) => {
    const sent = meant.find((line) => line[from] === pair[from])?.base
    if (sent === undefined) return pair
    const isSame = (row: string, prints: Prints): boolean => sent.get(row)?.[side] === prints[side]
    const base = [...pair.base].map(([row, prints]) => [row, isSame(row, prints) ? prints : doubtful] as const)
    return { ...pair, base: new Map(base) }
  })
}

const allSought = (meant: readonly Meant[], side: Side): readonly SoughtLine[] =>
  meant.filter((pair) => pair[side] === '').map((pair) => [side, pair[otherSide(side)]])

class LinesSeen {
  readonly #session: Session
  readonly #lines: CompiledLines
  readonly #side: Side
  readonly #isKnown: boolean

  constructor(session: Session, lines: CompiledLines, side: Side, isKnown: boolean) {
    this.#session = session
    this.#lines = lines
    this.#side = side
    this.#isKnown = isKnown
  }

  async see(
    before: readonly LinePair[],
    meant: readonly Meant[],
    rows: readonly LineRow[],
  ): Promise<{ readonly pairs: readonly LinePair[]; readonly sought: readonly SoughtLine[] }> {
    const side = this.#side
    const from = otherSide(side)
    const pairs = new Map(before.map((pair) => [pair[from], pair]))
    const open = new Map(rows.filter(({ stored }) => stored).map((row) => [row.id, row]))
    for (const pair of [...before, ...meant]) if (pair[side] !== '') open.delete(pair[side])
    const sought: SoughtLine[] = []
    for (const pair of meant) {
      const row = pair[side] === '' ? await this.#ours(pair, [...open.values()]) : rowOf(rows, pair[side])
      if (row === undefined && pair[side] === '') sought.push([side, pair[from]])
      // A version that has not moved since the decision: nothing was written.
      if (row === undefined || isUnmoved(row, pair)) continue
      open.delete(row.id)
      const known = pairs.get(pair[from])
      const before = known?.base ?? noBase
      const seeing = this.#seeing(row, known === undefined ? 'create' : 'update', withPrints(before, pair.stood))
      const base = await baseSeen(seeing, before, pair.base)
      const ids = { [side]: row.id, [from]: pair[from] } as Record<Side, string>
      pairs.set(pair[from], { businessCentral: ids.businessCentral, sales: ids.sales, base })
    }
    return { pairs: [...pairs.values()], sought }
  }

  /** The line without a partner that has the number, and says all that was sent. */
  async #ours({ base, before }: Meant, open: readonly LineRow[]): Promise<LineRow | undefined> {
    const { order = '' } = this.#lines.lines.sides[this.#side]
    const line = open.find(({ row }) => before !== null && numberIn(row, order) === before)
    return line !== undefined && (await isAsSent(this.#seeing(line, 'create', noBase), base)) ? line : undefined
  }

  #seeing({ row }: LineRow, kind: Seeing['kind'], stood: Base): Seeing {
    return {
      deciding: lineDeciding(this.#session, this.#lines),
      side: this.#side,
      row,
      stood,
      kind,
      isKnown: this.#isKnown,
      hasSteps: false,
      conflicts: this.#lines.lines.mapping.conflicts,
    }
  }
}

const isUnmoved = ({ etag }: LineRow, { before }: Meant): boolean =>
  typeof before === 'string' && versionOf({ etag, modified: undefined }) === before

const rowOf = (rows: readonly LineRow[], id: string): LineRow | undefined => rows.find((row) => row.id === id)
