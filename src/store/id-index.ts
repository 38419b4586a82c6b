/**
 * Where the coupling of an id lies: id → slot, without holding the ids, which stand in the couplings' own lines. Eight
 * bytes a place, open addressing with linear probing; a Map would hold each id a second time.
 */

/** Places of a table that were never used, and of ids that were taken out. */
const free = -1
const gone = -2

export class IdIndex {
  /** The id that lies in a slot: two ids can have the same hash. */
  readonly #idAt: (slot: number) => string
  #slots = new Int32Array(16).fill(free)
  #hashes = new Int32Array(16)
  /** Places that are not free. */
  #used = 0
  #size = 0

  constructor(idAt: (slot: number) => string) {
    this.#idAt = idAt
  }

  get size(): number {
    return this.#size
  }

  /** The slot of an id. */
  get(id: string): number | undefined {
    const place = this.#placeOf(id, hashOf(id))
    return place === undefined ? undefined : this.#slots[place]
  }

  /** An id that is not in it yet. */
  add(id: string, slot: number): void {
    if (this.#used * 2 >= this.#slots.length) this.#grow()
    this.#put(hashOf(id), slot)
    this.#used++
    this.#size++
  }

  /** Harmless where the id is not in it. */
  delete(id: string): void {
    const place = this.#placeOf(id, hashOf(id))
    if (place === undefined) return
    this.#slots[place] = gone
    this.#size--
  }

  #placeOf(id: string, hash: number): number | undefined {
    const mask = this.#slots.length - 1
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const slot = this.#slots[place] ?? free
      if (slot === free) return undefined
      if (slot !== gone && this.#hashes[place] === hash && this.#idAt(slot) === id) return place
    }
  }

  #put(hash: number, slot: number): void {
    const mask = this.#slots.length - 1
    let place = hash & mask
    while (this.#slots[place] !== free) place = (place + 1) & mask
    this.#slots[place] = slot
    this.#hashes[place] = hash
  }

  /** Twice the room where it is full of ids; the same where it is full of places of former ones. */
  #grow(): void {
    const [slots, hashes] = [this.#slots, this.#hashes]
    const length = this.#size * 4 > slots.length ? slots.length * 2 : slots.length
    this.#slots = new Int32Array(length).fill(free)
    this.#hashes = new Int32Array(length)
    this.#used = this.#size
    for (const [place, slot] of slots.entries()) if (slot >= 0) this.#put(hashes[place] ?? 0, slot)
  }
}

/** FNV-1a over the UTF-16 code units. */
function hashOf(id: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < id.length; index++) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193)
  return hash ^ (hash >>> 15)
}
