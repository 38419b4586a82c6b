/**
 * The operations of a saved plan, while it is applied (P6). The run plans anew: an operation that comes out as it was
 * saved, on the same version with the same values, may be written; every other one may not. When its turn comes, it must
 * still be the same. What the run itself has written since is no reason to refuse: the record then has another version,
 * and a key that the plan could only foresee is known.
 */
import { otherSide, sides } from '../config/config.ts'
import type { Side } from '../config/config.ts'
import { operationHash } from '../core/plan.ts'
import type { Operation, PlannedField, PlannedLine } from '../core/plan.ts'
import type { Judgement } from './judgement.ts'
import { operationsOf } from './operations.ts'
import type { PlannedWhole } from './plan-book.ts'
import { isForeseenKey } from './session.ts'
import type { Session } from './session.ts'

interface Allowed {
  readonly hash: string
  /** What each pass of the run writes of it. */
  readonly parts: readonly Operation[]
}

export class Permit {
  readonly #saved: ReadonlySet<string>
  readonly #allowed = new Map<string, Allowed>()
  readonly #used = new Set<string>()
  readonly #refusedIn = new Set<string>()
  readonly #written = new Set<string>()

  /** `saved`: hashes of the saved operations. */
  constructor(saved: ReadonlySet<string>) {
    this.#saved = saved
  }

  /** Takes the new plan, before anything is written. */
  compare(planned: readonly PlannedWhole[]): void {
    for (const { whole, parts } of planned) {
      const hash = operationHash(whole)
      if (this.#saved.has(hash)) for (const name of namesOf(whole)) this.#allowed.set(name, { hash, parts })
    }
  }

  /** Whether all that was decided of a record may be done; then it counts as done. */
  admits(session: Session, judgement: Judgement): boolean {
    const operations = operationsOf(session, judgement, true)
    const hashes = operations.map((operation) => this.#hashOf(session, operation))
    if (hashes.includes(undefined)) {
      this.#refusedIn.add(session.mapping.name)
      return false
    }
    for (const hash of [...hashes, ...this.#doneBefore(session, judgement)])
      if (hash !== undefined) this.#used.add(hash)
    return true
  }

  /** Updates of which nothing is left to do, because an earlier mapping of this run has written the same there. */
  #doneBefore(session: Session, { ref, action, holds }: Judgement): readonly string[] {
    if (action.kind !== 'merge' && action.kind !== 'couple' && action.kind !== 'in-step') return []
    if (holds.length > 0) return []
    const { name: mapping } = session.mapping
    return sides.flatMap((side) => {
      if (!this.hasWritten(session, side, ref[side])) return []
      return namesOf({ mapping, side, kind: 'update', key: ref[side], partner: undefined }).flatMap(
        (name) => this.#allowed.get(name)?.hash ?? [],
      )
    })
  }

  /** What was let through was not written after all, because its record has moved meanwhile. */
  refuse(session: Session, judgement: Judgement): void {
    this.#refusedIn.add(session.mapping.name)
    for (const operation of operationsOf(session, judgement, true)) {
      const hash = this.#hashOf(session, operation)
      if (hash !== undefined) this.#used.delete(hash)
    }
  }

  /** This run has written the record: its version is ours. */
  wrote({ mapping }: Session, side: Side, id: string): void {
    this.#written.add(recordName(mapping[side].entity?.entity, side, id))
  }

  hasWritten({ mapping }: Session, side: Side, id: string | undefined): boolean {
    return id !== undefined && this.#written.has(recordName(mapping[side].entity?.entity, side, id))
  }

  /** Something of the mapping was not done as planned. */
  hasRefused(mapping: string): boolean {
    return this.#refusedIn.has(mapping)
  }

  /** Saved operations that were not done, as hashes. */
  get left(): readonly string[] {
    return [...this.#saved].filter((hash) => !this.#used.has(hash))
  }

  #hashOf(session: Session, operation: Operation): string | undefined {
    for (const name of namesOf(operation)) {
      const allowed = this.#allowed.get(name)
      if (allowed?.parts.some((part) => this.#isSame(session, part, operation)) === true) return allowed.hash
    }
    return undefined
  }

  #isSame(session: Session, planned: Operation, now: Operation): boolean {
    const from = now.kind === 'create' ? otherSide(now.side) : now.side
    const id = now.kind === 'create' ? now.partner : now.key
    return (
      (planned.version === now.version || this.hasWritten(session, from, id)) &&
      areSameFields(planned.fields, now.fields) &&
      areSameLines(planned.lines ?? [], now.lines ?? [])
    )
  }
}

const recordName = (entity: string | undefined, side: Side, id: string): string => `${side}/${entity ?? ''}/${id}`

/** How an operation is found again: the key of a record that the service makes is not known to the plan, its partner is. */
function namesOf({
  mapping,
  side,
  kind,
  key,
  partner,
}: Pick<Operation, 'mapping' | 'side' | 'kind' | 'key' | 'partner'>): readonly string[] {
  const group = `${mapping}/${side}/${kind}`
  const ids = [
    kind === 'create' || key === undefined ? [] : [`key ${key}`],
    partner === undefined ? [] : [`partner ${partner}`],
  ]
  return ids.flat().map((id) => `${group}/${id}`)
}

/** The same rows with the same values; a key that was only foreseen has become another one. */
function areSameFields(planned: readonly PlannedField[], now: readonly PlannedField[]): boolean {
  const prints = new Map(now.map(({ name, print }) => [name, print]))
  return (
    planned.length === now.length &&
    planned.every(
      ({ name, print, after }) => prints.get(name) === print || (prints.has(name) && isForeseenKey(after ?? '')),
    )
  )
}

function areSameLines(planned: readonly PlannedLine[], now: readonly PlannedLine[]): boolean {
  const open = [...now]
  for (const line of planned) {
    const at = open.findIndex((other) => isSameLine(line, other))
    if (at < 0) return false
    open.splice(at, 1)
  }
  return open.length === 0
}

const isSameLine = (planned: PlannedLine, now: PlannedLine): boolean =>
  planned.kind === now.kind &&
  planned.key === now.key &&
  planned.partner === now.partner &&
  areSameFields(planned.fields, now.fields)
