/**
 * Records that several mappings of a run write. All of them read the record and decided on it in the plan; the first that
 * writes makes that old for the others, which would send a version that is no more.
 *
 * Keeps P2: a version is only ever sent for the content that was read with it. The version that our own write answered
 * could be put in the place of the one that another mapping had read, and the service would accept it; but between that
 * read and our write stands what the service derived from the write, and what a person did before the first mapping read
 * the record again after a refusal. The answer's row shows that only in the columns of the mapping that wrote. So what is
 * old is forgotten wherever the run keeps it, and read again when its turn comes, many records with one request: the
 * decision is made on what stands there by then, and whatever moves the record after that is refused by the service.
 */
import { type Mapping, type Side, sides } from '../config/config.ts'
import { versionOf } from '../core/fingerprint.ts'
import type { Upsert } from '../core/record.ts'
import type { Ref } from './ref.ts'
import type { Judgement } from './judgement.ts'

/** What keeps records of a mapping from the plan until they are written. */
export interface Remembering {
  drop(side: Side, id: string): void
}

/** Whether stamps decide between edits in a mapping. */
export const mindsStamps = ({ conflicts, fields }: Pick<Mapping, 'conflicts' | 'fields'>): boolean =>
  conflicts === 'newest' || fields.some((field) => field.conflicts === 'newest')

/** What a write of a mapping did to the stamp of a record. */
interface Stamped {
  readonly by: string
  /** The stamp before it. */
  readonly before: string | undefined
  /** The version that it left; undefined where that is not known. */
  readonly version: string | undefined
}

/** All that a run keeps of records, by the collection that they stand in. */
export class OwnWrites {
  readonly #remembering = new Map<string, Remembering[]>()
  /** Of collections in which stamps decide, by collection and record. */
  readonly #stamped = new Map<string, Map<string, Stamped>>()

  /** `memory` keeps records of the mapping's two collections. */
  watch(mapping: Mapping, memory: Remembering): void {
    for (const side of sides) {
      const name = collectionOf(mapping, side)
      const known = this.#remembering.get(name)
      if (known === undefined) this.#remembering.set(name, [memory])
      else known.push(memory)
      if (mindsStamps(mapping) && !this.#stamped.has(name)) this.#stamped.set(name, new Map())
    }
  }

  /** The mapping has written a record that stood like this, and left that version. Its stamp is no edit to the others (P2). */
  wrote(mapping: Mapping, side: Side, row: Upsert, version: string | undefined): void {
    const stamped = this.#stamped.get(collectionOf(mapping, side))
    const former = stamped?.get(row.id)
    const before = former !== undefined && former.version === versionOf(row) ? former.before : row.modified
    stamped?.set(row.id, { by: mapping.name, before, version })
  }

  /** When somebody else than another mapping of the run edited the record last; undefined where that is not known. */
  stampOf(mapping: Mapping, side: Side, row: Upsert): string | undefined {
    const stamped = this.#stamped.get(collectionOf(mapping, side))?.get(row.id)
    if (stamped === undefined || stamped.by === mapping.name) return row.modified
    if (stamped.version === undefined) return undefined
    return stamped.version === versionOf(row) ? stamped.before : row.modified
  }

  /** The mapping has written the record, or was refused because somebody else had. */
  moved(mapping: Mapping, side: Side, id: string): void {
    for (const memory of this.#remembering.get(collectionOf(mapping, side)) ?? []) memory.drop(side, id)
  }
}

const collectionOf = (mapping: Mapping, side: Side): string => `${side}/${mapping[side].entity?.entity ?? ''}`

/** Decisions of the plan that need not be made again, as long as nothing is written to their records. */
export class Standing {
  readonly #decisions = new Map<Ref, Judgement>()
  readonly #refs: Readonly<Record<Side, Map<string, Ref>>> = { businessCentral: new Map(), sales: new Map() }

  add(judgement: Judgement): void {
    const { ref } = judgement
    this.#decisions.set(ref, judgement)
    for (const side of sides) if (ref[side] !== undefined) this.#refs[side].set(ref[side], ref)
  }

  get(ref: Ref): Judgement | undefined {
    return this.#decisions.get(ref)
  }

  drop(side: Side, id: string): void {
    const ref = this.#refs[side].get(id)
    if (ref !== undefined) this.#decisions.delete(ref)
  }
}
