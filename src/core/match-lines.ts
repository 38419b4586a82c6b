/**
 * Which lines of two documents belong together, before any is made (P1). In order: the key that we would give; the
 * mapping's match columns; lines that say the same in every field that travels both ways; the number that we would
 * give. The last two find what a runner left behind that died, lost its memory, or never saw an answer.
 */
import { type BySide, type Side, otherSide, sides, travelsTo } from '../config/config.ts'
import { noBase } from './base.ts'
import { valueAt } from './carry.ts'
import { type Decided, decidePair } from './decide.ts'
import { type LineRow, numberIn } from './document-lines.ts'
import { type CompiledLines, splitPath } from './mapping.ts'
import { type Deciding, standsAt } from './offer.ts'
import { canonical } from './values.ts'

/** Two lines found to belong together. */
export interface LinePairing extends BySide<LineRow> {
  /** Found by our own key: not two lines that meet, but one that we made. */
  readonly ours: boolean
}

export interface LinesToMatch extends LinesMatched {
  /** Lines without a partner. */
  readonly open: BySide<readonly LineRow[]>
  readonly keyFor: (on: Side, line: string) => string | undefined
  /** False where two people may have added a line each: lines that name different records are two then. */
  readonly isNumberEnough: (on: Side, line: string) => boolean
  /** By side: the number that a line of the other side would get there. */
  readonly numbers: BySide<ReadonlyMap<string, number>>
}

interface LinesMatched {
  readonly lines: CompiledLines
  readonly deciding: Deciding
}

/** What was found, and what must be asked before more can be told. */
export interface LinesFound {
  readonly found: readonly LinePairing[]
  readonly asks: Decided['asks']
}

/** The pairs, each line at most once. At least one of the two is said by its side. */
export async function matchLines(given: LinesToMatch): Promise<LinesFound> {
  const found: LinePairing[] = []
  const asks: Decided['asks'][number][] = []
  const left = { businessCentral: new Set(given.open.businessCentral), sales: new Set(given.open.sales) }
  if (sides.some((side) => left[side].size === 0)) return { found, asks }
  const pair = (one: LineRow, side: Side, partner: LineRow | undefined, ours: boolean): void => {
    if (partner === undefined) return
    left[side].delete(one)
    left[otherSide(side)].delete(partner)
    const both = { [side]: one, [otherSide(side)]: partner } as Record<Side, LineRow>
    found.push({ businessCentral: both.businessCentral, sales: both.sales, ours })
  }
  for (const finder of finders) {
    for (const from of sides) {
      if (!travelsTo(given.lines.lines.mapping.direction, otherSide(from))) continue
      for (const line of [...left[from]].filter(({ spoken }) => spoken)) {
        const candidates = [...left[otherSide(from)]].filter(({ stored }) => stored)
        const hit = await finder(given, { line, from, peers: [...left[from]], candidates })
        if (hit.partner === undefined) asks.push(...(hit.asks ?? []))
        pair(line, from, hit.partner, hit.ours === true)
      }
    }
  }
  return { found, asks }
}

interface Search {
  readonly line: LineRow
  readonly from: Side
  /** Lines of the same side without a partner, this one among them. */
  readonly peers: readonly LineRow[]
  readonly candidates: readonly LineRow[]
}
interface Hit {
  readonly partner?: LineRow | undefined
  readonly ours?: boolean
  /** Without a partner: what might tell one. */
  readonly asks?: Decided['asks']
}
type Finder = (given: LinesToMatch, search: Search) => Hit | Promise<Hit>

const byOwnKey: Finder = ({ keyFor }, { line, from, candidates }) => {
  const key = keyFor(otherSide(from), line.id)
  return { partner: key === undefined ? undefined : candidates.find(({ id }) => id === key), ours: true }
}

const byColumns: Finder = ({ lines }, { line, from, peers, candidates }) => {
  for (const group of lines.lines.mapping.match) {
    const text = (row: LineRow, side: Side): string | undefined => {
      const values = group[side].map((column) => canonical(valueAt(row.row, splitPath(column)), { type: 'code' }))
      return values.includes(null) ? undefined : values.join('\n')
    }
    const wanted = text(line, from)
    if (wanted === undefined || peers.some((peer) => peer !== line && text(peer, from) === wanted)) continue
    const fits = candidates.filter((candidate) => text(candidate, otherSide(from)) === wanted)
    if (fits.length === 1) return { partner: fits[0] }
  }
  return {}
}

/** What two lines would be to each other if they met. */
function met(
  { deciding }: Pick<LinesMatched, 'deciding'>,
  from: Side,
  line: LineRow,
  candidate: LineRow,
): Promise<Decided> {
  const rows = { [from]: line, [otherSide(from)]: candidate } as Record<Side, LineRow>
  return decidePair(deciding, {
    rows: { businessCentral: rows.businessCentral, sales: rows.sales },
    base: noBase,
    meeting: 'first',
    paused: false,
    decision: undefined,
    missingPages: new Set(),
    writable: { businessCentral: true, sales: true },
    deferLater: false,
  })
}

/** Lines that would be in step at once, but for what the one says by itself (its amounts). */
const bySameness: Finder = async (given, { line, from, candidates }) => {
  const open: Decided['asks'][number][] = []
  for (const candidate of candidates) {
    const { writes, held, waits, failed, asks, agreed } = await met(given, from, line, candidate)
    const contradicting = writes.filter(({ field }) => field.field.direction === 'both')
    if (agreed.size === 0 || [contradicting, held, waits, failed].some(({ length }) => length > 0)) continue
    if (asks.length === 0) return { partner: candidate }
    open.push(...asks)
  }
  return { asks: open }
}

const byNumber: Finder = async (given, { line, from, candidates }) => {
  const { lines, numbers, isNumberEnough } = given
  const to = otherSide(from)
  const { order } = lines.lines.sides[to]
  const number = numbers[to].get(line.id)
  if (order === undefined || number === undefined) return {}
  const partner = candidates.find(({ row }) => numberIn(row, order) === number)
  if (partner === undefined || isNumberEnough(to, line.id)) return { partner }
  const { held } = await met(given, from, line, partner)
  return held.some(({ field }) => isReference(given.deciding, field)) ? {} : { partner }
}

const isReference = (deciding: Deciding, name: string): boolean =>
  deciding.compiled.fields.some(({ field }) => field.name === name && field.lookup !== undefined)

/**
 * Whether two lines without a partner name the same record (the item): they may be one that a forgotten runner has made,
 * and that was edited since, or two that people have added.
 */
export async function nameTheSame(deciding: Deciding, from: Side, line: LineRow, candidate: LineRow): Promise<boolean> {
  const { agreed, held } = await met({ deciding }, from, line, candidate)
  if (held.some(({ field }) => isReference(deciding, field))) return false
  return deciding.compiled.fields.some(
    (field) =>
      field.field.lookup !== undefined &&
      agreed.has(field.rowId) &&
      standsAt(field, otherSide(from), candidate.row) !== null,
  )
}

const finders: readonly Finder[] = [byOwnKey, byColumns, bySameness, byNumber]
