/** Keeps P1: which key a record gets that we create. */
import { type Side, otherSide } from '../config/config.ts'
import { derivedKey, derivedOption } from '../core/derived-key.ts'
import type { Session } from './session.ts'

/** Key of the record that a create will make; undefined where the service chooses it. */
export function newKey(session: Session, on: Side, sourceId: string): string | undefined {
  const from = otherSide(on)
  const target = session.compiled.sides[on]
  const entity = target.source.entity
  if (entity === undefined) return undefined
  const origin = {
    company: session.company,
    sourceEntity: session.mapping[from].entity?.entity ?? session.mapping.name,
    sourceKey: sourceId,
    targetEntity: entity.kind === 'choice' ? `${entity.entity}.${entity.column}` : entity.entity,
    generation: session.state.generation(from, sourceId),
  }
  if (entity.kind === 'choice') return derivedOption(origin)
  return target.description.clientKeys ? derivedKey(origin) : undefined
}
