/**
 * Riding on another mapping's couplings: which records take part, which record they write to, and which pairs have
 * ended with the one they followed. A mapping that follows couples nothing that is not coupled there.
 */
import { type Follows, type Mapping, type Side, otherSide, travelsTo } from '../config/config.ts'
import type { Coupling } from '../core/coupling.ts'
import type { Change } from '../core/record.ts'
import type { Entry, MappingState, Store } from '../store/store.ts'
import { isConstant } from './side-reader.ts'

/** Name under which followed pairs are remembered that were looked at and did not become pairs of the mapping. */
export const followedName = 'followed'

/** The record that a followed record writes to: one that is coupled already, or one of the mapping's own. */
export type Target =
  | { readonly kind: 'record'; readonly id: string }
  | { readonly kind: 'own' }
  | { readonly kind: 'none' }

/** The couplings of one mapping as another follows them, in the view of one phase. */
export class Following {
  /** The side read from; the other is written to. */
  readonly source: Side
  readonly #followed: MappingState
  readonly #partners: MappingState | undefined
  readonly #own: MappingState

  constructor(mapping: Mapping, follows: Follows, store: Store) {
    this.source = travelsTo(mapping.direction, 'sales') ? 'businessCentral' : 'sales'
    this.#followed = store.mapping(follows.mapping)
    this.#partners = follows.partner === undefined ? undefined : store.mapping(follows.partner)
    this.#own = store.mapping(mapping.name)
  }

  /** Nothing is followed, and no pair of the mapping's own is left: there is nothing to read. */
  get isIdle(): boolean {
    return this.#followed.size === 0 && this.#own.size === 0 && this.#own.allHeld().next().done === true
  }

  /** How many pairs it rides on. */
  get size(): number {
    return this.#followed.size
  }

  /** What a record of the source side writes to; none where it is not coupled in the followed mapping. */
  target(id: string): Target {
    if (this.#followed.bySide(this.source, id) === undefined) return { kind: 'none' }
    if (this.#partners === undefined) return { kind: 'own' }
    const partner = this.#partners.bySide(this.source, id)?.[otherSide(this.source)].id
    return partner === undefined ? { kind: 'none' } : { kind: 'record', id: partner }
  }

  /** The followed pair is no longer, or it is one with another record. */
  hasEnded(coupling: Coupling): boolean {
    const target = this.target(coupling[this.source].id)
    return target.kind === 'none' || (target.kind === 'record' && target.id !== coupling[otherSide(this.source)].id)
  }

  /** The mapping's own pairs that have ended. */
  *ended(): Iterable<Coupling> {
    for (const coupling of this.#own.couplings()) if (this.hasEnded(coupling)) yield coupling
  }

  /** Records of the source side whose followed pair is new: no pair of this mapping, nor looked at before. */
  *fresh(): Iterable<string> {
    const watched = this.#own.watched(followedName)
    for (const followed of this.#followed.couplings()) {
      const { id } = followed[this.source]
      if (isConstant(id) || this.#own.bySide(this.source, id) !== undefined) continue
      if (this.#own.held(this.source, id) === undefined && !watched.has(this.#nameOf(followed))) yield id
    }
  }

  /** Remembers the pairs of `left`, which were looked at and left alone; forgets those that are followed no more. */
  marks(left: ReadonlySet<string>): readonly Entry[] {
    const watched = this.#own.watched(followedName)
    const present = new Set<string>()
    const add: string[] = []
    for (const followed of this.#followed.couplings()) {
      const name = this.#nameOf(followed)
      if (this.#own.bySide(this.source, followed[this.source].id) !== undefined) continue
      if (watched.has(name)) present.add(name)
      else if (left.has(followed[this.source].id)) add.push(name)
    }
    const drop = [...watched].filter((name) => !present.has(name))
    return add.length + drop.length === 0 ? [] : [{ kind: 'watch', name: followedName, add, drop }]
  }

  /** A pair with another partner is another pair. */
  #nameOf(followed: Coupling): string {
    const id = followed[this.source].id
    const target = this.target(id)
    return `${id}|${target.kind === 'record' ? target.id : followed[otherSide(this.source)].id}`
  }
}

/** What one intake learns of followed pairs: partners known through them, and records that take no part for now. */
export class FollowedIntake {
  /** Partners of records without a pair of this mapping, by id on the source side. */
  readonly partners = new Map<string, string>()
  readonly #left = new Set<string>()
  readonly #following: Following
  readonly #own: MappingState

  constructor(following: Following, own: MappingState) {
    this.#following = following
    this.#own = own
  }

  /** Whether a record without a pair takes part; notes its partner, or that it was looked at. */
  takesPart(change: Change): boolean {
    const { id } = change
    const target = this.#following.target(id)
    const isOpen = target.kind === 'own' || (target.kind === 'record' && this.#isFree(id, target.id))
    if (change.kind === 'tombstone' || !isOpen) this.leave(id)
    else if (target.kind === 'record') this.partners.set(id, target.id)
    return isOpen
  }

  /** The record was looked at and takes no part, until it changes. */
  leave(id: string): void {
    this.#left.add(id)
  }

  /** Records of new followed pairs that this intake has not met yet. */
  fresh(isKnown: (id: string) => boolean): readonly string[] {
    return [...this.#following.fresh()].filter((id) => !this.#left.has(id) && !isKnown(id))
  }

  marks(): readonly Entry[] {
    return this.#following.marks(this.#left)
  }

  /** Not one that a person took apart from it. */
  #isFree(id: string, partner: string): boolean {
    const { source } = this.#following
    return this.#own.generation(source, id) === 0 || this.#own.generation(otherSide(source), partner) === 0
  }
}
