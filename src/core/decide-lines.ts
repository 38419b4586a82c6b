/**
 * Deciding the lines of a document: which belong together, what is to be written, made and deleted. Each pair of lines
 * is merged field by field as any pair of records is. Keeps P1 (a line that is there already is found before one is
 * made), P2 (each line carries its own version) and P3.
 */
import { type BySide, type Side, otherSide, sides, travelsTo } from '../config/config.ts'
import { type Base, differing, noBase } from './base.ts'
import type { Decision, Versions } from './coupling.ts'
import { type Decided, type FieldWrite, type HeldField, decidePair, isEdited } from './decide.ts'
import { decideCreate } from './decide-create.ts'
import { type LineRow, numberIn } from './document-lines.ts'
import { numbered } from './line-numbers.ts'
import type { CompiledLines } from './mapping.ts'
import { withLineEchoes } from './line-echoes.ts'
import { type LinePairing, matchLines, nameTheSame } from './match-lines.ts'
import type { Deciding } from './offer.ts'
import type { Loaded } from './record.ts'

/** Two lines that belong together, with how they looked when they last agreed. */
export interface LinePair extends BySide<string> {
  readonly base: Base
}

/** All that is known when the lines of a document are decided. */
export interface LinesFacts {
  readonly rows: BySide<readonly LineRow[]>
  /** The documents themselves; undefined where one is to be created. */
  readonly documents: BySide<Loaded | undefined>
  readonly pairs: readonly LinePair[]
  /** new: the document is to be created; first: the two documents meet for the first time. */
  readonly meeting: 'new' | 'first' | 'known'
  /** By side: lines of the other side for which a line of ours may stand there that nobody remembers. */
  readonly sought: BySide<ReadonlySet<string>>
  readonly decision: Decision | undefined
  /** See Coupling. What our write did to the document, it may have done to the stamp of each line. */
  readonly ours?: Versions | undefined
  readonly writable: BySide<boolean>
  readonly deferLater: boolean
  /** Key of the line that is made on that side from this line; undefined where the service chooses (P1). */
  readonly keyFor: (on: Side, line: string) => string | undefined
}

/** One line to be written. */
export interface LineWrite {
  readonly kind: 'create' | 'update' | 'delete'
  readonly to: Side
  /** Key on the side written to; undefined where the service chooses it. */
  readonly key: string | undefined
  /** Key of the partner on the other side. */
  readonly source: string | undefined
  readonly etag: string | undefined
  readonly writes: readonly FieldWrite[]
  /** What a line that is edited says now, in rows where that is not what both last agreed on. */
  readonly said?: Base
  /** The number that a new line gets. */
  readonly number?: number
  /** The pair's base once this is done. */
  readonly base: Base
}

export interface DecidedLines {
  readonly writes: readonly LineWrite[]
  /** The pairs as they stand without the writes; undefined where a person is to tell which lines belong together. */
  readonly pairs: readonly LinePair[] | undefined
  readonly held: readonly HeldField[]
  readonly waits: Decided['waits']
  readonly failed: Decided['failed']
  readonly asks: Decided['asks']
  /** Something was to be written to a side that may not be written in this run. */
  readonly left: boolean
}

interface Draft {
  readonly writes: LineWrite[]
  readonly pairs: LinePair[]
  readonly held: HeldField[]
  readonly waits: Decided['waits'][number][]
  readonly failed: Decided['failed'][number][]
  readonly asks: Decided['asks'][number][]
  left: boolean
}

/** Decides every line of a document. Throws ExpressionError when an expression fails that tells which lines there are. */
export async function decideLines(lines: CompiledLines, deciding: Deciding, facts: LinesFacts): Promise<DecidedLines> {
  const work = new LinesWork(lines, deciding, facts)
  await work.knownPairs()
  await work.meetings()
  await work.additions()
  const { writes, ...decided } = work.result()
  return { ...decided, writes: await withLineEchoes(lines, deciding, facts.documents, writes) }
}

/** Whether any line of one side differs from the last agreement: tells an edit from an echo (P4). */
export async function areLinesEdited(
  deciding: Deciding,
  side: Side,
  rows: readonly LineRow[],
  pairs: readonly LinePair[],
): Promise<boolean> {
  const known = new Map(pairs.map((pair) => [pair[side], pair]))
  const here = new Set(rows.map(({ id }) => id))
  if (pairs.some((pair) => !here.has(pair[side]))) return true
  for (const line of rows) {
    if (!line.spoken) continue
    const pair = known.get(line.id)
    if (pair === undefined || (await isEdited(deciding, side, line.row, pair.base))) return true
  }
  return false
}

class LinesWork {
  readonly #lines: CompiledLines
  readonly #deciding: Deciding
  readonly #facts: LinesFacts
  readonly #byKey: BySide<ReadonlyMap<string, LineRow>>
  readonly #paired: Record<Side, Set<string>> = { businessCentral: new Set(), sales: new Set() }
  readonly #draft: Draft = { writes: [], pairs: [], held: [], waits: [], failed: [], asks: [], left: false }
  /** A person is to tell which lines belong together. */
  #isUnclear = false

  constructor(lines: CompiledLines, deciding: Deciding, facts: LinesFacts) {
    this.#lines = lines
    this.#deciding = deciding
    this.#facts = facts
    const byKey = (side: Side): ReadonlyMap<string, LineRow> => new Map(facts.rows[side].map((line) => [line.id, line]))
    this.#byKey = { businessCentral: byKey('businessCentral'), sales: byKey('sales') }
  }

  result(): DecidedLines {
    const rank = { delete: 0, update: 1, create: 2 } as const
    const writes = [...this.#draft.writes].sort((a, b) => rank[a.kind] - rank[b.kind])
    return { ...this.#draft, writes, pairs: this.#isUnclear ? undefined : this.#draft.pairs }
  }

  /** Lines that have their partner: merged, or deleted after it. */
  async knownPairs(): Promise<void> {
    for (const pair of this.#facts.pairs) {
      const [businessCentral, sales] = sides.map((side) => this.#byKey[side].get(pair[side]))
      if (businessCentral !== undefined && sales !== undefined) await this.#merge({ businessCentral, sales }, pair)
      else if (businessCentral !== undefined) await this.#afterDelete('sales', businessCentral, pair)
      else if (sales !== undefined) await this.#afterDelete('businessCentral', sales, pair)
    }
  }

  /** Lines without a partner that are found to belong together. */
  async meetings(): Promise<void> {
    const { found, asks } = await matchLines({
      lines: this.#lines,
      deciding: this.#deciding,
      open: { businessCentral: this.#open('businessCentral'), sales: this.#open('sales') },
      keyFor: this.#facts.keyFor,
      isNumberEnough: (on, line) => this.#facts.meeting !== 'known' || this.#facts.sought[on].has(line),
      numbers: {
        businessCentral: this.#numbers('businessCentral', 'paired'),
        sales: this.#numbers('sales', 'paired'),
      },
    })
    this.#draft.asks.push(...asks)
    for (const pairing of found) await this.#meet(pairing)
  }

  /** Lines that nobody on the other side knows: made there; where a person says which side is right, only its own. */
  async additions(): Promise<void> {
    const right = this.#taken()
    for (const to of sides) {
      const from = otherSide(to)
      const open = this.#open(from).filter(({ spoken }) => spoken)
      if (open.length === 0) continue
      if (right === to) this.#dropAll(open, from)
      if (right === to || !travelsTo(this.#lines.lines.mapping.direction, to)) continue
      if (await this.#areUnclear(open, to)) this.#ask(open, to)
      else if (this.#mayAdd()) for (const line of open) await this.#add(line, to)
    }
  }

  /** Lines of new documents only, where the mapping says so. */
  #mayAdd(): boolean {
    return this.#lines.lines.on === 'always' || this.#facts.meeting !== 'known'
  }

  /** Lines on both sides that do not tell which is which: made twice would be worse. */
  async #areUnclear(open: readonly LineRow[], to: Side): Promise<boolean> {
    const others = this.#open(to).filter(({ stored }) => stored)
    if (this.#taken() !== undefined || this.#facts.meeting === 'new' || !this.#mayAdd()) return false
    if (this.#facts.meeting === 'first') return others.length > 0
    for (const line of open)
      for (const other of others) if (await nameTheSame(this.#deciding, otherSide(to), line, other)) return true
    return false
  }

  /** The side whose lines a person says are right. */
  #taken(): Side | undefined {
    const { meeting, decision } = this.#facts
    if (decision?.kind !== 'take') return undefined
    return decision.fields[unclearLines] ?? (meeting === 'first' ? decision.fields['*'] : undefined)
  }

  #dropAll(open: readonly LineRow[], on: Side): void {
    if (!travelsTo(this.#lines.lines.mapping.direction, on)) return
    if (!this.#facts.writable[on]) this.#draft.left = true
    else for (const { id, etag, stored } of open) if (stored) this.#drop(on, { key: id, etag, source: '' })
  }

  #drop(to: Side, line: Pick<LineWrite, 'key' | 'etag' | 'source'>): void {
    this.#draft.writes.push({ kind: 'delete', to, ...line, writes: [], base: noBase })
  }

  #ask(open: readonly LineRow[], to: Side): void {
    const values = { [otherSide(to)]: alone(open.length), [to]: alone(this.#open(to).length) } as Record<Side, string>
    this.#isUnclear ||= this.#facts.meeting === 'first'
    this.#draft.held.push({ field: unclearLines, because: 'different', values })
  }

  async #merge(rows: BySide<LineRow>, pair: LinePair, meeting: 'first' | 'known' = 'known'): Promise<void> {
    for (const side of sides) this.#paired[side].add(pair[side])
    const decided = await decidePair(this.#deciding, {
      rows,
      base: pair.base,
      meeting,
      paused: false,
      ours: this.#facts.ours,
      decision: lineDecision(this.#facts.decision),
      missingPages: new Set(),
      writable: this.#writable(rows),
      deferLater: this.#facts.deferLater,
    })
    this.#note(
      decided,
      sides.some((side) => !rows[side].stored),
    )
    const agreed = merged(pair.base, decided.agreed)
    this.#draft.pairs.push({ businessCentral: pair.businessCentral, sales: pair.sales, base: agreed })
    for (const to of sides) this.#update(to, { pair, agreed, row: rows[to] }, decided)
  }

  #update(to: Side, { pair, agreed, row }: { pair: LinePair; agreed: Base; row: LineRow }, decided: Decided): void {
    const writes = decided.writes.filter((write) => write.to === to)
    if (writes.length === 0) return
    const base = withWrites(agreed, writes)
    this.#draft.writes.push({
      kind: 'update',
      to,
      key: pair[to],
      source: pair[otherSide(to)],
      etag: row.etag,
      writes,
      said: differing(decided.said, agreed, to),
      base,
    })
  }

  /** A line that an expression gave stands nowhere: it cannot be written. Lines of new documents are never updated. */
  #writable(rows: BySide<LineRow>): BySide<boolean> {
    const { writable, meeting } = this.#facts
    const open = this.#lines.lines.on === 'always' || meeting !== 'known'
    const may = (side: Side): boolean => open && writable[side] && rows[side].stored
    return { businessCentral: may('businessCentral'), sales: may('sales') }
  }

  /** One line of a pair is gone: the other goes too, unless it was edited or only listens. */
  async #afterDelete(gone: Side, survivor: LineRow, pair: LinePair): Promise<void> {
    const side = otherSide(gone)
    const { direction } = this.#lines.lines.mapping
    const edited = survivor.spoken && (await isEdited(this.#deciding, side, survivor.row, pair.base))
    if (edited && travelsTo(direction, gone)) return
    this.#paired[side].add(survivor.id)
    const follows = travelsTo(direction, side) && survivor.stored && this.#mayAdd()
    if (follows && !this.#facts.writable[side]) this.#draft.left = true
    // A target's own deletion is left alone, as any edit of a one-way target.
    this.#draft.pairs.push(pair)
    if (!follows || !this.#facts.writable[side]) return
    this.#drop(side, { key: survivor.id, source: pair[gone], etag: survivor.etag })
  }

  async #meet({ businessCentral, sales, ours }: LinePairing): Promise<void> {
    const pair = { businessCentral: businessCentral.id, sales: sales.id, base: noBase }
    await this.#merge({ businessCentral, sales }, pair, ours ? 'known' : 'first')
  }

  async #add(line: LineRow, to: Side): Promise<void> {
    if (!this.#facts.writable[to]) {
      this.#draft.left = true
      return
    }
    const decided = await decideCreate(this.#deciding, to, line, {
      missingPages: new Set(),
      deferLater: this.#facts.deferLater,
    })
    if (decided.waits.some(({ policy }) => policy === 'skip')) return
    this.#note(decided, false)
    if (decided.waits.some(({ policy }) => policy !== 'defer')) return
    const number = this.#numbers(to, 'all').get(line.id)
    this.#draft.writes.push({
      kind: 'create',
      to,
      key: this.#facts.keyFor(to, line.id),
      source: line.id,
      etag: undefined,
      writes: decided.writes,
      base: withWrites(decided.agreed, decided.writes),
      ...(number === undefined ? {} : { number }),
    })
  }

  #note(decided: Decided, virtual: boolean): void {
    this.#draft.held.push(...decided.held.map(inLine))
    this.#draft.waits.push(...decided.waits.map((wait) => ({ ...wait, field: named(wait.field) })))
    this.#draft.failed.push(...decided.failed.map((failed) => ({ ...failed, field: named(failed.field) })))
    this.#draft.asks.push(...decided.asks)
    this.#draft.left ||= decided.left && !virtual
  }

  #open(side: Side): readonly LineRow[] {
    return this.#facts.rows[side].filter(({ id }) => !this.#paired[side].has(id))
  }

  /** The number that each line of the other side has, or would get, on `side`; none where lines are not numbered. */
  #numbers(side: Side, avoid: 'paired' | 'all'): ReadonlyMap<string, number> {
    const { order, number: step } = this.#lines.lines.sides[side]
    if (order === undefined || step === undefined) return new Map()
    const from = otherSide(side)
    const partner = new Map(this.#draft.pairs.map((pair) => [pair[from], pair[side]]))
    const spoken = this.#facts.rows[from].filter(({ spoken: said, id }) => said || partner.has(id))
    const numberOf = (line: LineRow): number | undefined => {
      const row = this.#byKey[side].get(partner.get(line.id) ?? '')?.row
      return row === undefined ? undefined : numberIn(row, order)
    }
    const taken = this.#facts.rows[side]
      .filter(({ id }) => avoid === 'all' || this.#paired[side].has(id))
      .flatMap(({ row }) => numberIn(row, order) ?? [])
    const given = numbered(spoken.map(numberOf), step, new Set(taken))
    return new Map(spoken.map((line, index) => [line.id, given[index] as number]))
  }
}

const alone = (lines: number): string => `${lines} line${lines === 1 ? '' : 's'} without a partner`
const named = (field: string): string => `lines.${field}`

/** A person's decision about fields, in the words of the lines. */
/** Several lines may hold the same field: what they say is not told apart. */
const inLine = ({ field, because, values, isDoubtful }: HeldField): HeldField => ({
  field: named(field),
  because,
  values,
  ...(isDoubtful === true && { isDoubtful }),
})

/** Called so where it is held which lines of two documents belong together. */
export const unclearLines = 'lines'

function lineDecision(decision: Decision | undefined): Decision | undefined {
  if (decision?.kind !== 'take') return decision
  const fields = Object.entries(decision.fields).flatMap(([name, side]) =>
    name === '*' ? [[name, side] as const] : name.startsWith('lines.') ? [[name.slice(6), side] as const] : [],
  )
  return fields.length === 0 ? undefined : { kind: 'take', fields: Object.fromEntries(fields) }
}

const merged = (base: Base, agreed: Base): Base => new Map([...base, ...agreed])
const withWrites = (base: Base, writes: readonly FieldWrite[]): Base =>
  merged(base, new Map(writes.map((write) => [write.field.rowId, write.prints])))
