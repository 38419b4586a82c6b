/** Which records a mapping reads in a run: its changes, everything, or certain ones. */
import { type Side, sides } from '../config/config.ts'
import type { Wait } from '../core/offer.ts'
import { ConfigError } from '../errors.ts'
import type { Scope } from './intake.ts'
import { type Session, isSource } from './session.ts'

/** What a mapping reads: its changes, everything, or certain records. */
export async function scopeOf(session: Session): Promise<Scope> {
  const { options, mapping, state } = session
  if (options.ids !== undefined)
    return {
      kind: 'ids',
      ids: { businessCentral: [], sales: [], [options.ids.side]: options.ids.ids },
    }
  if (options.record !== undefined) return { kind: 'ids', ids: await recordIds(session, options.record) }
  return { kind: 'changes', whole: options.full || options.rewrite !== undefined || state.hash !== mapping.hash }
}

/** The records that hold a value in a column: of Business Central where the mapping reads such a column there, else of Sales. */
async function recordIds(
  session: Session,
  record: { readonly column: string; readonly value: string },
): Promise<Readonly<Record<Side, readonly string[]>>> {
  const side = sides.find(
    (candidate) =>
      session.compiled.sides[candidate].select.includes(record.column) ||
      session.compiled.sides[candidate].description.key.includes(record.column),
  )
  if (side === undefined)
    throw new ConfigError([
      { path: '--record', message: `${session.mapping.name} reads no column called "${record.column}" on either side` },
    ])
  const found = await session.readers[side].find([{ [record.column]: record.value }])
  return { businessCentral: [], sales: [], [side]: found.map(({ id }) => id) }
}

/** Ids, by side, of the records that others wait for: named by id or by natural keys; only on sides the mapping reads. */
export async function idsOf(
  session: Session,
  waits: readonly Wait[],
): Promise<Readonly<Record<Side, readonly string[]>>> {
  const reads = (side: Side): readonly Wait[] =>
    isSource(session.mapping, side) ? waits.filter(({ from }) => from === side) : []
  const ours = reads('businessCentral')
  const named = ours.flatMap(({ keys }) => (keys === undefined ? [] : [keys]))
  const found = named.length === 0 ? [] : await session.readers.businessCentral.find(named)
  return {
    businessCentral: [
      ...ours.flatMap(({ key, keys }) => (keys === undefined ? [key] : [])),
      ...found.map(({ id }) => id),
    ],
    sales: reads('sales').map(({ key }) => key),
  }
}
