/**
 * Documents that are gone because they were posted: looked for where posted ones stand (`postedAs`), a window at a time.
 */
import { type BySide, type Side, sides } from '../config/config.ts'
import type { Coupling } from '../core/coupling.ts'
import type { Row, Upsert } from '../core/record.ts'
import type { Ref } from './ref.ts'
import type { Session } from './session.ts'

/** Whether documents of that side that are gone may have been posted. */
const mayBePosted = ({ mapping }: Pick<Session, 'mapping'>, side: Side): boolean =>
  mapping[side].postedAs.some(({ by }) => by !== undefined) && mapping[side].keys[0] !== undefined

/** Whether a side that had records may well have none any more: what is over is gone. */
export const mayBeEmptied = (session: Session, side: Side): boolean =>
  mayBePosted(session, side) || session.mapping.deletes[side] === 'end'

/** The posted documents of coupled ones that are gone, by the id that those had. One request a collection. */
export async function findPosted(
  session: Session,
  refs: readonly Ref[],
  isThere: (side: Side, id: string) => boolean,
): Promise<BySide<ReadonlyMap<string, Row>>> {
  const found = { businessCentral: new Map<string, Row>(), sales: new Map<string, Row>() }
  for (const side of sides.filter((one) => mayBePosted(session, one))) {
    const gone = refs.flatMap((ref) => {
      const id = ref.coupled ? ref[side] : undefined
      const coupling = id === undefined || isThere(side, id) ? undefined : session.state.bySide(side, id)
      return coupling === undefined || coupling.ended !== undefined ? [] : [coupling]
    })
    if (gone.length > 0) await look(session, side, gone, found[side])
  }
  return found
}

async function look(session: Session, side: Side, gone: readonly Coupling[], found: Map<string, Row>): Promise<void> {
  const { keys, postedAs } = session.mapping[side]
  const numberOf = (coupling: Coupling): string | undefined => coupling[side].keys[keys[0] ?? '']
  for (const { entity, by } of postedAs) {
    if (by === undefined) continue
    const conditions = gone.flatMap((coupling) => {
      const number = numberOf(coupling)
      return number === undefined ? [] : [{ [by]: number }]
    })
    if (conditions.length === 0) continue
    const select = [...new Set([by, ...columnsAsked(session, side)])].sort()
    const rows = await session.connectors[side].find({ entity: { kind: 'standard', entity }, select }, conditions)
    const latest = latestBy(rows, by)
    for (const coupling of gone) {
      const row = latest.get(numberOf(coupling)?.toLowerCase() ?? '')
      if (row !== undefined) found.set(coupling[side].id, row.row)
    }
  }
}

/** Columns of the posted document that rows marked on: posted read. */
const columnsAsked = ({ compiled }: Session, side: Side): readonly string[] =>
  compiled.fields
    .filter(
      ({ field }) => field.on === 'posted' && field.direction === (side === 'sales' ? 'toBusinessCentral' : 'toSales'),
    )
    .flatMap(({ compute }) => compute[side]?.columns ?? [])

/** The last of several: what was posted in parts ended with it. */
function latestBy(rows: readonly Upsert[], by: string): ReadonlyMap<string, Upsert> {
  const latest = new Map<string, Upsert>()
  for (const row of rows) {
    const number = String(row.row[by]).toLowerCase()
    const before = latest.get(number)
    if (before === undefined || (row.modified ?? '') >= (before.modified ?? '')) latest.set(number, row)
  }
  return latest
}

/** The posted document of a pair's record that is gone. */
export const postedOf = (found: BySide<ReadonlyMap<string, Row>>, ref: Ref): Row | undefined =>
  sides.map((side) => found[side].get(ref[side] ?? '')).find((row) => row !== undefined)
