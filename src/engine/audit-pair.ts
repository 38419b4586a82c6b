/** One coupled pair in an audit: which field rows are not in step, and whether the next run changes that by itself. */
import { type BySide, type Side, otherSide, sides } from '../config/config.ts'
import type { Base } from '../core/base.ts'
import type { Coupling } from '../core/coupling.ts'
import type { FieldWrite } from '../core/decide.ts'
import type { DecidedLines } from '../core/decide-lines.ts'
import { lineRows } from '../core/document-lines.ts'
import { ExpressionError, orFailure } from '../core/expression.ts'
import type { CompiledField } from '../core/mapping.ts'
import { type Deciding, type Offers, offersOf } from '../core/offer.ts'
import type { Loaded } from '../core/record.ts'
import type { Judgement } from './judgement.ts'
import { type Session, baseOf, isAdmitted, linePairsOf, missingPages } from './session.ts'

/** Names of field rows. */
export interface Compared {
  /** Both sides may be edited, and they hold different things. */
  readonly differs: readonly string[]
  /** By the receiving side: somebody edited it there. */
  readonly drifted: BySide<readonly string[]>
  /** By the side that was edited since the last run: the next one brings it over. */
  readonly edited: BySide<readonly string[]>
  /** By the side that the next run writes from for another reason: a decision, a blank to fill, a new field row. */
  readonly awaited: BySide<readonly string[]>
  /** Their expression fails on this record: whether the sides agree is not known. */
  readonly untold: readonly string[]
}

const none: BySide<readonly string[]> = { businessCentral: [], sales: [] }
const inStep: Compared = { differs: [], drifted: none, edited: none, awaited: none, untold: [] }

/** Compares what both sides hold now. A paused pair is not expected to be in step. */
export async function comparePair(session: Session, judgement: Judgement): Promise<Compared> {
  const { coupling, decided } = judgement
  const pair = pairInside(session, judgement)
  if (pair === undefined || coupling === undefined) return inStep
  const header: Part = {
    deciding: session.deciding,
    rows: pair,
    base: baseOf(session, coupling),
    writes: decided?.writes ?? [],
    named: (field) => field,
  }
  const drifts = { businessCentral: new Set<string>(), sales: new Set<string>() }
  const found: Found = { differs: new Set(), drifted: drifts, untold: new Set() }
  const lines = await orFailure(partsOfLines(session, pair, coupling, decided?.lines))
  if (lines instanceof ExpressionError) found.untold.add('lines')
  const parts = lines instanceof ExpressionError ? [header] : [header, ...lines]
  for (const part of parts) await comparePart(session, part, found)
  const { businessCentral, sales } = found.drifted
  return {
    differs: [...found.differs],
    drifted: { businessCentral: [...businessCentral], sales: [...sales] },
    edited: bySource(parts, decided?.lines, (why) => why === 'edit'),
    awaited: bySource(parts, undefined, (why) => why !== 'edit' && why !== 'around'),
    untold: [...found.untold],
  }
}

/** Two rows that belong together: the header's, or those of a line. */
interface Part {
  readonly deciding: Deciding
  readonly rows: BySide<Loaded>
  readonly base: Base
  /** What the next run writes of it. */
  readonly writes: readonly FieldWrite[]
  readonly named: (field: string) => string
}

interface Found {
  readonly differs: Set<string>
  readonly drifted: BySide<Set<string>>
  readonly untold: Set<string>
}

async function comparePart(session: Session, part: Part, found: Found): Promise<void> {
  const awaiting = new Set(part.writes.map(({ field }) => field.rowId))
  for (const field of part.deciding.compiled.fields) {
    if (awaiting.has(field.rowId) || !isCompared(session, field, part.rows)) continue
    const offers = await orFailure(whole(field, part))
    const place = offers instanceof ExpressionError ? 'untold' : standing(offers)
    if (place === 'untold') found.untold.add(part.named(field.field.name))
    else if (place === 'differs') found.differs.add(part.named(field.field.name))
    else if (place !== undefined) found.drifted[place].add(part.named(field.field.name))
  }
}

/** The lines that both documents have. Lines that are written once, with their document, are not compared. */
async function partsOfLines(
  session: Session,
  documents: BySide<Loaded>,
  coupling: Coupling,
  decided: DecidedLines | undefined,
): Promise<readonly Part[]> {
  const { lines } = session.compiled
  if (lines === undefined || lines.lines.on === 'create') return []
  const { bindings } = session.deciding
  const rows = {
    businessCentral: await lineRows(lines, 'businessCentral', documents.businessCentral, bindings),
    sales: await lineRows(lines, 'sales', documents.sales, bindings),
  }
  return (linePairsOf(session, coupling) ?? []).flatMap((pair) => {
    const [businessCentral, sales] = sides.map((side) => rows[side].find(({ id }) => id === pair[side]))
    if (businessCentral === undefined || sales === undefined) return []
    const own = (decided?.writes ?? []).filter(({ kind, to, key }) => kind === 'update' && key === pair[to])
    return {
      deciding: { ...session.deciding, compiled: lines.compiled },
      rows: { businessCentral, sales },
      base: pair.base,
      writes: own.flatMap(({ writes }) => writes),
      named: (field: string) => `lines.${field}`,
    }
  })
}

/** Both rows, where both are there and inside the filters. */
function pairInside(session: Session, { rows }: Judgement): BySide<Loaded> | undefined {
  const { businessCentral, sales } = rows
  if (businessCentral === undefined || sales === undefined) return undefined
  const inside = isAdmitted(session, 'businessCentral', businessCentral) && isAdmitted(session, 'sales', sales)
  return inside ? { businessCentral, sales } : undefined
}

/** Names of the rows to be written, by the side that they come from; `lines` for lines that are made or deleted. */
function bySource(
  parts: readonly Part[],
  lines: DecidedLines | undefined,
  isMeant: (why: FieldWrite['why']) => boolean,
): BySide<readonly string[]> {
  const from = (side: Side): readonly string[] => {
    const to = otherSide(side)
    const rows = parts.flatMap(({ writes, named }) =>
      writes.filter((write) => write.to === to && isMeant(write.why)).map(({ field }) => named(field.field.name)),
    )
    const areLines = (lines?.writes ?? []).some((write) => write.to === to && write.kind !== 'update')
    return [...new Set([...rows, ...(areLines ? ['lines'] : [])])]
  }
  return { businessCentral: from('businessCentral'), sales: from('sales') }
}

/** Whether a row differs, or on which side it drifted. */
function standing(offers: Offers): 'differs' | Side | undefined {
  const { direction } = offers.field.field
  if (direction === 'both')
    return disagree(offers, 'sales') && disagree(offers, 'businessCentral') ? 'differs' : undefined
  const target: Side = direction === 'toSales' ? 'sales' : 'businessCentral'
  return disagree(offers, otherSide(target)) && wasEdited(offers, target) ? target : undefined
}

/** What both sides offer, whether they said anything new or not. */
const whole = (field: CompiledField, { deciding, rows, base }: Part): Promise<Offers> =>
  offersOf(field, {
    deciding,
    rows,
    base,
    deferLater: false,
    translated: { businessCentral: new Map(), sales: new Map() },
    all: true,
  })

/** What a side offers is known, and not what stands on the other side. */
function disagree({ offers, stands }: Offers, from: Side): boolean {
  const offer = offers[from]
  return offer?.kind === 'value' && offer.canonical !== stands[otherSide(from)]
}

const wasEdited = ({ before, prints }: Offers, side: Side): boolean =>
  before?.[side] !== undefined && before[side] !== prints[side]

/** Rows that are written once, or stand on a page that is not there, are not compared. */
function isCompared(session: Session, field: CompiledField, rows: BySide<Loaded>): boolean {
  if (field.field.on !== 'always' || field.field.lookup?.kind === 'query') return false
  const missing = missingPages(session)
  return (['businessCentral', 'sales'] as const).every((side) => {
    const page = field.place[side]?.page
    const isHere = page === undefined || rows[side].row[page] !== undefined
    return isHere && field.needs[side].every((name) => !missing.has(name))
  })
}
