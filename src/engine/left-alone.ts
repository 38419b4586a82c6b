/**
 * Records whose partner was deleted, and whose pair was uncoupled: they stay without one until somebody edits them. What
 * else moves them (a service's stamp, another configuration, a new key of the fingerprints) makes nobody come back.
 */
import type { Side } from '../config/config.ts'
import type { Held } from '../core/coupling.ts'
import type { Loaded, Upsert } from '../core/record.ts'
import { type Said, saidBy, saysOtherwise } from '../core/said.ts'
import type { Entry } from '../store/store.ts'
import { type Session, refusedAs } from './session.ts'

/** Records of one side that look for a partner, told apart. */
export interface ToldApart {
  readonly open: readonly Upsert[]
  /** They say what they said when they were left alone. */
  readonly alone: readonly Loaded[]
  /** What is remembered of them, as they stand now. */
  readonly marks: readonly Entry[]
}

/** Takes out those that are left alone and were not edited; none where somebody asks for these very records. */
export async function leftAlone(
  session: Session,
  side: Side,
  rows: readonly Upsert[],
  isAsked: boolean,
): Promise<ToldApart> {
  const waiting = new Map<string, Waiting>()
  for (const { id } of isAsked ? [] : rows) {
    const held = session.state.held(side, id)
    if (isLeftAlone(held)) waiting.set(id, held)
  }
  if (waiting.size === 0) return { open: rows, alone: [], marks: [] }
  const alone: Loaded[] = []
  const marks: Entry[] = []
  for (const row of await session.readers[side].attach(rows.filter(({ id }) => waiting.has(id)))) {
    const held = waiting.get(row.id)
    const said = await saidBy(session.deciding, side, row.row)
    if (held === undefined || saysOtherwise(said, held.said)) continue
    const source = refusedAs({ businessCentral: undefined, sales: undefined, [side]: row })
    alone.push(row)
    marks.push({ kind: 'hold', held: { ...held, source, said } })
  }
  const still = new Set(alone.map(({ id }) => id))
  return { open: rows.filter(({ id }) => !still.has(id)), alone, marks }
}

type Waiting = Held & { readonly said: Said }

const isLeftAlone = (held: Held | undefined): held is Waiting =>
  held?.kind === 'no-partner' && held.said !== undefined && held.decision === undefined
