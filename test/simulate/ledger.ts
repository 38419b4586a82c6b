/**
 * The history checker: knows each edit of a person in each field, whether it has reached the other side, and looks at
 * each write of a runner in the moment it is made (P2). What a later run would put right again is caught too.
 */
import { type BySide, type ConflictPolicy, type Side, otherSide, sideName, sides } from '../../src/config/config.ts'

/** A record, or a line of one, as it stands on one side. */
export interface Thing {
  /** What it is called on both sides; nobody edits that. */
  readonly name: string
  /** The record under which it waits. */
  readonly id: string
  /** Of a line: the document that it belongs to. */
  readonly of?: string
  /** What people edit. */
  readonly cells: Readonly<Record<string, string>>
}

/** Everything that stands on one side. */
export type Picture = readonly Thing[]

/** One field of one thing. */
interface Cell {
  /** What somebody wrote on a side and no runner has carried. */
  readonly open: { [side in Side]?: string }
  /** What people wrote on a side since both last agreed. */
  readonly written: BySide<string[]>
  /** What both sides last agreed on. */
  agreed: string | undefined
  /** What they ever agreed on. */
  readonly former: Set<string>
  /** A runner wrote it on this side and has not seen what came of that. */
  unseen: Side | undefined
  /** Somebody edited it then: whether before the write or after it, no runner can tell. */
  isDoubtful: boolean
}

export interface Knowing {
  /** A run was forgotten, or two did not know of each other: what one carried counts as an edit of that side. */
  readonly isForgetful: boolean
  /** Fields that name another record; blank where it is not there. Several people may say the same in them. */
  readonly references: ReadonlySet<string>
}

export class Ledger {
  readonly #policy: ConflictPolicy
  readonly #isForgetful: boolean
  readonly #references: ReadonlySet<string>
  readonly #cells = new Map<string, Cell>()
  readonly #deleted: BySide<Set<string>> = { businessCentral: new Set(), sales: new Set() }
  readonly #created: { readonly side: Side; readonly name: string }[] = []
  /** What was wrong at a write. */
  readonly wrongs: string[] = []
  edits = 0
  #isBlind = false
  /** A write may have been meant, by this run or the one before, of which nobody knows what came. */
  #isUnclear = false

  constructor(policy: ConflictPolicy, { isForgetful, references }: Knowing) {
    this.#policy = policy
    this.#isForgetful = isForgetful
    this.#references = references
  }

  /** A run begins; answers to its writes may be lost. */
  runs(isBlind: boolean): void {
    if (!this.#isBlind) for (const cell of this.#cells.values()) cell.unseen = undefined
    this.#isUnclear = this.#isBlind || isBlind
    this.#isBlind = isBlind
  }

  /** People changed a side. */
  people(side: Side, before: Picture, after: Picture, other: Picture): void {
    for (const { name, was, is } of compared(before, after)) {
      if (is === undefined) this.#deletedBySomebody(side, name, was?.cells ?? {})
      if (was === undefined && is !== undefined) this.#created.push({ side, name })
      for (const [field, text] of this.#said(was, is))
        this.#edit(side, this.#cell(name, field), text, valueOf(other, name, field))
    }
  }

  /** A runner changed a side. */
  runner(side: Side, before: Picture, after: Picture, other: Picture): void {
    for (const { name, was, is } of compared(before, after)) {
      if (is === undefined) this.#deletedByRunner(side, name, was?.cells ?? {})
      for (const [field, text] of this.#said(was, is)) {
        const cell = this.#cell(name, field)
        const stood = was?.cells[field]
        if (stood !== undefined && !(stood === '' && this.#references.has(field)))
          this.#overwrite(side, { field, name, cell, text })
        this.#carry(side, cell, text, valueOf(other, name, field))
      }
    }
  }

  /** The fields that say something else. A reference that is blank says nothing. */
  #said(was: Thing | undefined, is: Thing | undefined): readonly (readonly [string, string])[] {
    return changed(was, is).filter(([field, text]) => text !== '' || !this.#references.has(field))
  }

  /** What somebody wrote on this side and no runner has carried. */
  open(side: Side, name: string, field: string): string | undefined {
    return this.#cell(name, field).open[side]
  }

  /** Whether people have written the field on both sides since these last agreed, as far as a runner can know. */
  isContested(name: string, field: string): boolean {
    const { written, isDoubtful } = this.#cell(name, field)
    return isDoubtful || sides.every((side) => written[side].length > 0)
  }

  /** No policy decides what cannot be told, nor where two meet for the first time. */
  isDoubtful(name: string, field: string): boolean {
    const { isDoubtful, agreed } = this.#cell(name, field)
    return isDoubtful || agreed === undefined
  }

  /** What people made and nobody deleted, on either side. */
  get madeAndKept(): readonly { readonly side: Side; readonly name: string }[] {
    return this.#created.filter(({ name }) => !sides.some((side) => this.#deleted[side].has(name)))
  }

  wasDeleted(name: string): boolean {
    return sides.some((side) => this.#deleted[side].has(name))
  }

  #edit(side: Side, cell: Cell, text: string, other: string | undefined): void {
    this.edits += 1
    cell.written[side].push(text)
    const isMeant = this.#isUnclear && cell.open[otherSide(side)] !== undefined
    if (cell.unseen === side || isMeant) cell.isDoubtful = true
    if (other === text) this.#sayTheSame(cell, text)
    else if (text === cell.agreed) delete cell.open[side]
    else cell.open[side] = text
  }

  #overwrite(side: Side, { field, name, cell, text }: Overwriting): void {
    const winner = otherSide(side)
    const what = `"${text}" is written into ${field} of ${name} in ${sideName[side]}`
    const isNews = cell.agreed === undefined || cell.written[winner].includes(text)
    if (!isNews && !this.#isForgetful && !this.#references.has(field))
      this.wrongs.push(`P4: ${what}, though nobody wrote it since both agreed`)
    const lost = cell.open[side]
    if (lost === undefined || lost === text || this.#mayWin(winner, cell, text)) return
    // Who names again what was named before says nothing new to a runner that saw nothing in between.
    if (this.#references.has(field) && cell.former.has(lost)) return
    this.wrongs.push(`P2: ${what} over "${lost}", which somebody wrote and nothing has carried`)
  }

  /** The policy prefers what that side says, and somebody has said it. */
  #mayWin(winner: Side, cell: Cell, text: string): boolean {
    const isPreferred = this.#policy === winner || this.#policy === 'newest'
    return isPreferred && (this.#isForgetful || cell.written[winner].includes(text))
  }

  /**
   * What a runner writes comes from the other side; what was written there since stays open. What nobody has said there
   * is the service's own, and counts as an edit of its side.
   */
  #carry(side: Side, cell: Cell, text: string, now: string | undefined): void {
    const from = otherSide(side)
    if (text !== now && !cell.written[from].includes(text) && !cell.former.has(text)) {
      cell.written[side].push(text)
      return
    }
    const since = now === text ? undefined : cell.open[from]
    this.#agree(cell, text)
    if (this.#isBlind) cell.unseen = side
    if (since === undefined) return
    cell.open[from] = since
    cell.written[from].push(since)
  }

  #agree(cell: Cell, text: string): void {
    this.#sayTheSame(cell, text)
    cell.isDoubtful = false
    for (const side of sides) cell.written[side].length = 0
  }

  #sayTheSame(cell: Cell, text: string): void {
    cell.agreed = text
    cell.former.add(text)
    for (const side of sides) delete cell.open[side]
  }

  #deletedBySomebody(side: Side, name: string, cells: Thing['cells']): void {
    this.#deleted[side].add(name)
    for (const field of Object.keys(cells)) delete this.#cell(name, field).open[side]
  }

  #deletedByRunner(side: Side, name: string, cells: Thing['cells']): void {
    if (!this.#deleted[otherSide(side)].has(name))
      this.wrongs.push(
        `P2: ${name} is deleted in ${sideName[side]}, though nobody deleted it in ${sideName[otherSide(side)]}`,
      )
    for (const field of Object.keys(cells)) {
      const cell = this.#cell(name, field)
      const lost = cell.open[side]
      if (lost === undefined) continue
      this.wrongs.push(
        `P2: ${name} is deleted in ${sideName[side]} with "${lost}", which somebody wrote and nothing has carried`,
      )
      delete cell.open[side]
    }
  }

  #cell(name: string, field: string): Cell {
    const key = `${name}|${field}`
    const known = this.#cells.get(key)
    if (known !== undefined) return known
    const made: Cell = {
      open: {},
      written: { businessCentral: [], sales: [] },
      agreed: undefined,
      former: new Set(),
      unseen: undefined,
      isDoubtful: false,
    }
    this.#cells.set(key, made)
    return made
  }
}

interface Overwriting {
  readonly field: string
  readonly name: string
  readonly cell: Cell
  readonly text: string
}

interface Compared {
  readonly name: string
  readonly was: Thing | undefined
  readonly is: Thing | undefined
}

/** The things that are not as they were. */
function compared(before: Picture, after: Picture): readonly Compared[] {
  const was = new Map(before.map((thing) => [thing.name, thing]))
  const is = new Map(after.map((thing) => [thing.name, thing]))
  const names = new Set([...was.keys(), ...is.keys()])
  return [...names].map((name) => ({ name, was: was.get(name), is: is.get(name) }))
}

/** The fields that are not as they were, as they are. Of a new thing: all that are filled. */
function changed(was: Thing | undefined, is: Thing | undefined): readonly (readonly [string, string])[] {
  return Object.entries(is?.cells ?? {}).filter(([field, text]) => (was?.cells[field] ?? '') !== text)
}

const valueOf = (picture: Picture, name: string, field: string): string | undefined =>
  picture.find((thing) => thing.name === name)?.cells[field]
