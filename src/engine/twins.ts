/**
 * Two new records that would get the same natural key: a code that both their texts are cut to, a number that two
 * records share, the label of an option. The service would take the first and refuse the second, or offer two options
 * that nobody can tell apart; here a person decides before either is written.
 */
import { type Side, otherSide, sideName } from '../config/config.ts'
import { canonical } from '../core/values.ts'
import type { Hold, Judgement } from './judgement.ts'
import type { Session } from './session.ts'

/** The judgements of a window; creations that share a key are held, all of them. */
export function holdTwins(session: Session, judgements: readonly Judgement[]): readonly Judgement[] {
  const groups = new Map<string, Judgement[]>()
  for (const judgement of judgements) {
    const key = newKeyOf(session, judgement)
    if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), judgement])
  }
  const twins = new Map<Judgement, string>()
  for (const [key, group] of groups) if (group.length > 1) for (const each of group) twins.set(each, key)
  if (twins.size === 0) return judgements
  return judgements.map((judgement) => (twins.has(judgement) ? held(session, judgement) : judgement))
}

/** The columns by which records are told apart; an option's is its label, whether the mapping names it or not. */
const keysOn = ({ mapping }: Session, on: Side): readonly string[] =>
  mapping[on].entity?.kind === 'choice' ? ['label'] : mapping[on].keys

/** The natural key that a creation gives, where it gives it whole. */
function newKeyOf(session: Session, { action, decided }: Judgement): string | undefined {
  if (action.kind !== 'create') return undefined
  const values = keysOn(session, action.on).map((column) => {
    const write = decided?.writes.find(({ field: { place } }) => {
      const there = place[action.on]
      return there?.page === undefined && there?.column === column
    })
    return write === undefined ? null : canonical(write.canonical, { type: 'code' })
  })
  return values.length === 0 || values.includes(null) ? undefined : `${action.on}\n${values.join('\n')}`
}

function held(session: Session, judgement: Judgement): Judgement {
  if (judgement.action.kind !== 'create') return judgement
  const hold = twinHold(session, judgement.action.on)
  return { ...judgement, action: { kind: 'hold' }, decided: undefined, holds: [hold] }
}

function twinHold(session: Session, on: Side): Hold {
  const keys = keysOn(session, on).join(', ')
  return {
    kind: 'ambiguous',
    fields: [],
    names: [],
    message: `another new record of ${sideName[otherSide(on)]} would get the same ${keys} in ${sideName[on]}`,
    remedy: `give them names or numbers that differ, also once they are cut to the length of ${keys}; or leave one out by the filter of ${session.mapping.name}`,
  }
}
