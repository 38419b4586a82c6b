/**
 * One mapping's state in memory: couplings by both ids and by natural keys, and all that belongs to them. It may lie over
 * another state: what was changed is answered from here, the rest from below, which is never touched (P6).
 * A record has at most one partner: coupling it anew ends its former coupling.
 */
import type { BySide, Side } from '../config/config.ts'
import { couplingId } from '../core/coupling.ts'
import type { Coupling, Held } from '../core/coupling.ts'
import type { Watermark } from '../core/watermark.ts'
import { CouplingTable } from './coupling-table.ts'
import { KeyIndex } from './key-index.ts'
import { decodeLine, idsOf } from './coupling-line.ts'
import type { MappingContent, PackedContent } from './mapping-content.ts'
import type { Entry, Intent, MappingState } from './store.ts'

const bothSides: readonly Side[] = ['businessCentral', 'sales']

export class MappingMemory implements MappingState {
  readonly name: string
  readonly #under: MappingState | undefined
  #hash: string | undefined
  #couplings = new CouplingTable()
  /** Couplings of the state below that are not valid any more, by `couplingId`. */
  #hidden = new Set<string>()
  /** Built when a key is first asked for: many mappings are never asked. */
  #index: Partial<Record<Side, KeyIndex>> = {}
  #layouts = new Map<string, readonly string[]>()
  /** null: there was one below, and it is gone. */
  #watermarks = new Map<string, Watermark | null>()
  #held = new Map<string, Held | null>()
  #intents = new Map<string, Intent | null>()
  #generations: BySide<Map<string, number>> = perSide(() => new Map())
  #counted: Partial<Record<Side, number>> = {}
  /** Copied from the state below when first changed. */
  #watched = new Map<string, Set<string>>()
  #couplingEdits = 0

  constructor(name: string, under?: MappingState) {
    this.name = name
    this.#under = under
  }

  get hash(): string | undefined {
    return this.#hash ?? this.#under?.hash
  }

  get size(): number {
    return this.#couplings.size + (this.#under?.size ?? 0) - this.#hidden.size
  }

  /** Grows when a coupling is made, changed or ended; tells whether a snapshot of the couplings is still right. */
  get couplingEdits(): number {
    return this.#couplingEdits
  }

  *couplings(): IterableIterator<Coupling> {
    for (const coupling of this.#under?.couplings() ?? []) if (this.#shown(coupling)) yield coupling
    yield* this.#couplings.values()
  }

  bySide(side: Side, id: string): Coupling | undefined {
    return this.#couplings.get(side, id) ?? this.#shown(this.#under?.bySide(side, id))
  }

  /** Two couplings with the same keys answer nothing: either would be a guess. */
  byKeys(side: Side, keys: Readonly<Record<string, string>>): Coupling | undefined {
    const own = this.#indexOf(side).find(keys)
    const below = this.#shown(this.#under?.byKeys(side, keys))
    if (own.length > 1 || (own.length === 1 && below !== undefined)) return undefined
    const [slot] = own
    return slot === undefined ? below : this.#couplings.at(slot)
  }

  layout(id: string): readonly string[] | undefined {
    return this.#layouts.get(id) ?? this.#under?.layout(id)
  }

  watermark(name: string): Watermark | undefined {
    const own = this.#watermarks.get(name)
    return own === undefined ? this.#under?.watermark(name) : (own ?? undefined)
  }

  held(side: Side, id: string): Held | undefined {
    // Asked for every record, and hardly any waits.
    const own = this.#held.size === 0 ? undefined : this.#held.get(`${side}|${id}`)
    return own === undefined ? this.#under?.held(side, id) : (own ?? undefined)
  }

  *allHeld(): IterableIterator<Held> {
    for (const held of this.#under?.allHeld() ?? []) if (!this.#held.has(heldKey(held))) yield held
    for (const held of this.#held.values()) if (held !== null) yield held
  }

  intents(): readonly Intent[] {
    const below = (this.#under?.intents() ?? []).filter((intent) => !this.#intents.has(intent.id))
    return [...below, ...[...this.#intents.values()].filter((intent) => intent !== null)]
  }

  generation(side: Side, id: string): number {
    return (this.#generations[side].get(id) ?? 0) + (this.#under?.generation(side, id) ?? 0)
  }

  counted(side: Side): number {
    return this.#counted[side] ?? this.#under?.counted(side) ?? 0
  }

  watched(name: string): ReadonlySet<string> {
    return this.#watched.get(name) ?? this.#under?.watched(name) ?? nothing
  }

  /** Takes in entries, in order. Never throws, so that what was journalled can always be replayed. */
  apply(entries: readonly Entry[]): void {
    for (const entry of entries) this.#take(entry)
  }

  /** Everything this state itself holds; what lies below is not included. */
  content(): MappingContent {
    return { ...this.packed(), couplings: [...this.#couplings.values()] }
  }

  /** The same with the couplings as lines, as they are at this moment. */
  packed(): PackedContent {
    return {
      hash: this.#hash,
      couplings: this.#couplings.lines(),
      held: [...this.#held.values()].filter((held) => held !== null),
      intents: [...this.#intents.values()].filter((intent) => intent !== null),
      layouts: Object.fromEntries(this.#layouts),
      watermarks: Object.fromEntries([...this.#watermarks].flatMap(([name, mark]) => (mark ? [[name, mark]] : []))),
      generations: {
        businessCentral: Object.fromEntries(this.#generations.businessCentral),
        sales: Object.fromEntries(this.#generations.sales),
      },
      counted: { ...this.#counted },
      watched: Object.fromEntries(
        [...this.#watched].flatMap(([name, ids]) => (ids.size > 0 ? [[name, [...ids]]] : [])),
      ),
    }
  }

  /** Forgets everything and holds `content` instead. */
  load(content: MappingContent | PackedContent): void {
    this.#hash = content.hash
    this.#couplings = new CouplingTable()
    this.#hidden = new Set()
    this.#index = {}
    for (const coupling of content.couplings) this.#hold(coupling)
    this.#layouts = new Map(Object.entries(content.layouts))
    this.#watermarks = new Map(Object.entries(content.watermarks))
    this.#held = new Map(content.held.map((held) => [heldKey(held), held]))
    this.#intents = new Map(content.intents.map((intent) => [intent.id, intent]))
    this.#generations = perSide((side) => new Map(Object.entries(content.generations[side])))
    this.#counted = { ...content.counted }
    this.#watched = new Map(Object.entries(content.watched).map(([name, ids]) => [name, new Set(ids)]))
    this.#couplingEdits++
  }

  #take(entry: Entry): void {
    switch (entry.kind) {
      case 'couple':
        return this.#couple(entry.coupling)
      case 'uncouple':
        return this.#uncouple(entry)
      case 'layout':
        return void this.#layouts.set(entry.id, entry.rows)
      case 'hold':
        return void this.#held.set(heldKey(entry.held), entry.held)
      case 'release':
        return this.#drop(this.#held, `${entry.side}|${entry.id}`)
      case 'watermark':
        return this.#mark(entry.name, entry.watermark)
      case 'hash':
        this.#hash = entry.hash
        return
      case 'counted':
        this.#counted[entry.side] = entry.count
        return
      case 'watch':
        return this.#watch(entry)
      case 'intent':
        return void this.#intents.set(entry.intent.id, entry.intent)
      case 'settled':
        return this.#drop(this.#intents, entry.id)
    }
  }

  #mark(name: string, watermark: Watermark | null): void {
    if (watermark === null) this.#drop(this.#watermarks, name)
    else this.#watermarks.set(name, watermark)
  }

  #watch({ name, add, drop }: Extract<Entry, { kind: 'watch' }>): void {
    const own = this.#watched.get(name) ?? new Set(this.#under?.watched(name))
    for (const id of add) own.add(id)
    for (const id of drop) own.delete(id)
    this.#watched.set(name, own)
  }

  #drop<T>(map: Map<string, T | null>, key: string): void {
    if (this.#under === undefined) map.delete(key)
    else map.set(key, null)
  }

  #couple(coupling: Coupling): void {
    for (const side of bothSides) this.#part(this.bySide(side, coupling[side].id))
    const slot = this.#couplings.add(coupling)
    for (const side of bothSides) this.#index[side]?.add(coupling[side].keys, slot)
    this.#couplingEdits++
  }

  /** Takes in a coupling of a state that is read whole; a line whose records have none yet needs no look inside. */
  #hold(coupling: Coupling | string): void {
    if (typeof coupling !== 'string') return this.#couple(coupling)
    const ids = idsOf(coupling)
    if (bothSides.some((side) => this.bySide(side, ids[side]) !== undefined)) this.#couple(decodeLine(coupling))
    else this.#couplings.addLine(coupling)
  }

  #uncouple(entry: { businessCentral: string; sales: string; generation?: boolean }): void {
    const there = this.bySide('businessCentral', entry.businessCentral)
    if (there?.sales.id === entry.sales) this.#part(there)
    if (entry.generation !== true) return
    for (const side of bothSides) {
      const generations = this.#generations[side]
      generations.set(entry[side], (generations.get(entry[side]) ?? 0) + 1)
    }
  }

  /** Ends a coupling, wherever it is held. */
  #part(coupling: Coupling | undefined): void {
    if (coupling === undefined) return
    this.#couplingEdits++
    const slot = this.#couplings.slotOf('sales', coupling.sales.id)
    if (slot === undefined) return void this.#hidden.add(couplingId(coupling))
    this.#couplings.remove(slot)
    for (const side of bothSides) this.#index[side]?.remove(coupling[side].keys, slot)
  }

  #shown(coupling: Coupling | undefined): Coupling | undefined {
    return coupling === undefined || this.#hidden.has(couplingId(coupling)) ? undefined : coupling
  }

  #indexOf(side: Side): KeyIndex {
    const there = this.#index[side]
    if (there !== undefined) return there
    const index = new KeyIndex()
    for (const slot of this.#couplings.slots()) index.add(this.#couplings.at(slot)[side].keys, slot)
    this.#index[side] = index
    return index
  }
}

const nothing: ReadonlySet<string> = new Set()
const heldKey = (held: { readonly side: Side; readonly id: string }): string => `${held.side}|${held.id}`

function perSide<T>(make: (side: Side) => T): BySide<T> {
  return { businessCentral: make('businessCentral'), sales: make('sales') }
}
