/**
 * Writes whose outcome was never seen, because an answer was lost or a runner died: told by reading the record (P2,
 * P7). Nothing is written to a service here.
 */
import { type Side, otherSide } from '../config/config.ts'
import { type Base, type Prints, noBase, unpackBase } from '../core/base.ts'
import type { Coupling } from '../core/coupling.ts'
import { versionOf } from '../core/fingerprint.ts'
import { printOf } from '../core/offer.ts'
import type { Change, Loaded } from '../core/record.ts'
import { settle } from '../core/settle.ts'
import type { Entry, Intent } from '../store/store.ts'
import { type Session, commit, keysOf } from './session.ts'

/** Settles every open intent of the mapping, in batches. */
export async function settleIntents(session: Session): Promise<void> {
  const intents = session.state.intents()
  if (intents.length === 0) return
  const rows = {
    businessCentral: await readAll(session, 'businessCentral', intents),
    sales: await readAll(session, 'sales', intents),
  }
  const entries: Entry[] = []
  for (const intent of intents) entries.push(...(await entriesFor(session, intent, (side, id) => rows[side].get(id))))
  await commit(session, entries)
}

/** Settles one write whose answer was lost. */
export async function settleOne(session: Session, intent: Intent): Promise<readonly Entry[]> {
  const [target, source] = await Promise.all([
    readOne(session, intent.side, intent.target),
    readOne(session, otherSide(intent.side), intent.source),
  ])
  return entriesFor(session, intent, (side) => (side === intent.side ? target : source))
}

async function entriesFor(
  session: Session,
  intent: Intent,
  rowOf: (side: Side, id: string) => Loaded | undefined,
): Promise<readonly Entry[]> {
  const settled: Entry = { kind: 'settled', id: intent.id }
  const target = intent.target === '' ? undefined : rowOf(intent.side, intent.target)
  const source = rowOf(otherSide(intent.side), intent.source)
  const base = intentBase(session, intent)
  const now =
    target === undefined
      ? undefined
      : { version: versionOf(target), asSent: await isAsSent(session, intent, target, base) }
  const outcome = settle(intent, now)
  if (outcome !== 'written') return [settled]
  const coupling = session.state.bySide(intent.side, intent.target)
  if (intent.kind === 'delete')
    return coupling === undefined
      ? [settled]
      : [{ kind: 'uncouple', businessCentral: coupling.businessCentral.id, sales: coupling.sales.id }, settled]
  if (source === undefined || target === undefined) return [settled]
  return [{ kind: 'couple', coupling: coupled(session, intent, { target, source }) }, settled]
}

/** The pair as the write left it. Versions stay open, so that the next report of either side is looked at. */
function coupled(
  session: Session,
  intent: Intent,
  rows: { readonly target: Loaded; readonly source: Loaded },
): Coupling {
  const from = otherSide(intent.side)
  const seen = (side: Side, row: Loaded): Coupling['sales'] => ({
    id: row.id,
    keys: keysOf(session, side, row.row),
    version: undefined,
  })
  const pair = { [intent.side]: seen(intent.side, rows.target), [from]: seen(from, rows.source) } as Record<
    Side,
    Coupling['sales']
  >
  return { businessCentral: pair.businessCentral, sales: pair.sales, layout: intent.layout, base: intent.base }
}

function intentBase(session: Session, intent: Intent): Base {
  const rows = session.state.layout(intent.layout)
  return rows === undefined ? noBase : unpackBase(intent.base, rows)
}

/** Every field of the target holds what the write would have left there. */
async function isAsSent(session: Session, intent: Intent, target: Loaded, base: Base): Promise<boolean> {
  for (const field of session.compiled.fields) {
    const prints: Prints | undefined = base.get(field.rowId)
    if (prints === undefined || field.place[intent.side]?.page !== undefined || field.needs[intent.side].length > 0)
      continue
    if ((await printOf(session.deciding, field, intent.side, target.row)) !== prints[intent.side]) return false
  }
  return true
}

async function readAll(session: Session, side: Side, intents: readonly Intent[]): Promise<ReadonlyMap<string, Loaded>> {
  const ids = new Set(
    intents.map((intent) => (intent.side === side ? intent.target : intent.source)).filter((id) => id !== ''),
  )
  return new Map(loaded(ids.size === 0 ? [] : await session.readers[side].read([...ids])).map((row) => [row.id, row]))
}

async function readOne(session: Session, side: Side, id: string): Promise<Loaded | undefined> {
  return id === '' ? undefined : loaded(await session.readers[side].read([id]))[0]
}

const loaded = (changes: readonly Change[]): readonly Loaded[] => changes.filter((change) => change.kind === 'upsert')
