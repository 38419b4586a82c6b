/** One coupled pair in an audit: which field rows are not in step, and whether the next run changes that by itself. */
import { type BySide, type Side, otherSide } from '../config/config.ts'
import type { Base } from '../core/base.ts'
import type { FieldWrite } from '../core/decide.ts'
import type { CompiledField } from '../core/mapping.ts'
import { type Offers, offersOf } from '../core/offer.ts'
import type { Loaded } from '../core/record.ts'
import type { Judgement } from './judgement.ts'
import { type Session, baseOf, isAdmitted, missingPages } from './session.ts'

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
}

const none: BySide<readonly string[]> = { businessCentral: [], sales: [] }
const inStep: Compared = { differs: [], drifted: none, edited: none, awaited: none }

/** Compares what both sides hold now. A paused pair is not expected to be in step. */
export async function comparePair(session: Session, judgement: Judgement): Promise<Compared> {
  const { coupling, decided } = judgement
  const pair = pairInside(session, judgement)
  if (pair === undefined || coupling === undefined) return inStep
  const writes = decided?.writes ?? []
  const awaiting = new Set(writes.map(({ field }) => field.rowId))
  const base = baseOf(session, coupling)
  const differs: string[] = []
  const drifted = { businessCentral: [] as string[], sales: [] as string[] }
  for (const field of session.compiled.fields) {
    if (awaiting.has(field.rowId) || !isCompared(session, field, pair)) continue
    const offers = await whole(session, field, { rows: pair, base })
    const place = standing(offers)
    if (place === 'differs') differs.push(field.field.name)
    else if (place !== undefined) drifted[place].push(field.field.name)
  }
  const edits = writes.filter(({ why }) => why === 'edit')
  const others = writes.filter(({ why }) => why !== 'edit')
  return { differs, drifted, edited: bySource(edits), awaited: bySource(others) }
}

/** Both rows, where both are there and inside the filters. */
function pairInside(session: Session, { rows }: Judgement): BySide<Loaded> | undefined {
  const { businessCentral, sales } = rows
  if (businessCentral === undefined || sales === undefined) return undefined
  const inside = isAdmitted(session, 'businessCentral', businessCentral) && isAdmitted(session, 'sales', sales)
  return inside ? { businessCentral, sales } : undefined
}

/** Names of the rows to be written, by the side that they come from. */
function bySource(writes: readonly FieldWrite[]): BySide<readonly string[]> {
  const from = (side: Side): readonly string[] =>
    writes.filter(({ to }) => to === otherSide(side)).map(({ field }) => field.field.name)
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
const whole = (
  session: Session,
  field: CompiledField,
  { rows, base }: { readonly rows: BySide<Loaded>; readonly base: Base },
): Promise<Offers> =>
  offersOf(field, {
    deciding: session.deciding,
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
  before !== undefined && before[side] !== prints[side]

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
