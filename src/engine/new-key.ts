/** Keeps P1: which key a record gets that we create. */
import { type BySide, type Side, otherSide, sides } from '../config/config.ts'
import { derivedKey, derivedOption } from '../core/derived-key.ts'
import type { Session } from './session.ts'

/** Several mappings may follow the same record, each with a record of its own in the same collection. */
const sourceOf = ({ mapping }: Session, from: Side): string =>
  (mapping.follows === undefined ? mapping[from].entity?.entity : undefined) ?? mapping.name

/** Key of the record that a create will make; undefined where the service chooses it. */
export function newKey(session: Session, on: Side, sourceId: string): string | undefined {
  const from = otherSide(on)
  const target = session.compiled.sides[on]
  const entity = target.source.entity
  if (entity === undefined) return undefined
  const origin = {
    company: session.company,
    sourceEntity: sourceOf(session, from),
    sourceKey: sourceId,
    targetEntity: entity.kind === 'choice' ? `${entity.entity}.${entity.column}` : entity.entity,
    generation: session.state.generation(from, sourceId),
  }
  if (entity.kind === 'choice') return derivedOption(origin)
  return target.description.clientKeys ? derivedKey(origin) : undefined
}

/** Whether one of the two was made of the other: they belong together, wherever they stand now. */
export const isMade = (session: Session, rows: BySide<{ readonly id: string } | undefined>): boolean =>
  sides.some((on) => {
    const [made, source] = [rows[on], rows[otherSide(on)]]
    return made !== undefined && source !== undefined && newKey(session, on, source.id) === made.id
  })
