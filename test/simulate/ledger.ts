/**
 * The history checker: knows each edit of a person in each field, whether it has reached the other side, and looks at
 * each write of a runner in the moment it is made (P2). What a later run would put right again is caught too.
 */
import { type BySide, type ConflictPolicy, type Side, otherSide, sideName, sides } from '../../src/config/config.ts'
import { type Cell, type Memory, agree, meet, newCell, remember, sayTheSame } from './cell.ts'
import { Stamps } from './stamps.ts'

/** A record, or a line of one, as it stands on one side. */
export interface Thing {
  /** What it is called on both sides; nobody edits that. */
  readonly name: string
  /** The record under which it waits. */
  readonly id: string
  /** Of a line: the document that it belongs to. */
  readonly of?: string
  /** When its row was written last, by its service's clock. */
  readonly modified: string
  /** The number of that write. */
  readonly version: number
  /** What people edit. */
  readonly cells: Readonly<Record<string, string>>
}

/** What somebody deleted on one side, and what it left on the other. */
export interface DeletedThing {
  readonly side: Side
  readonly thing: Thing
  readonly left: Thing
  /** Something else on the other side named it then. */
  readonly wasNamed: boolean
}

/** Everything that stands on one side. */
export type Picture = readonly Thing[]

/** How a scene is played: see there. */
interface Played {
  readonly references: ReadonlySet<string>
  readonly keeping?: ReadonlySet<string>
  readonly isStepwise?: boolean
}

interface Beginning {
  /** It dies: no answer to its last writes is seen. */
  readonly isMortal: boolean
  /** Another runs at the same time. */
  readonly isDouble: boolean
  /** Nothing disturbs it, and nobody does anything meanwhile. */
  readonly isCalm: boolean
}

export class Ledger {
  readonly #policy: ConflictPolicy
  /** Fields that name another record; blank where it is not there. Several people may say the same in them. */
  readonly #references: ReadonlySet<string>
  /** Fields of which a blank may be filled: it says nothing, or was never to travel. */
  readonly #quiet: ReadonlySet<string>
  readonly #cells = new Map<string, Cell>()
  readonly #deleted: BySide<Set<string>> = { businessCentral: new Set(), sales: new Set() }
  /** What somebody deleted on one side, which both had, where nobody edited it on the other. */
  readonly #plainly = new Map<string, DeletedThing>()
  /** All runs were made one by one, each from what the one before knew. */
  #isOneMemory = true
  /** Lines that runners have written, by side, in the run that began last and in the one before. */
  #linesWritten: readonly [now: Set<string>, before: Set<string>] = [new Set(), new Set()]
  readonly #stamps = new Stamps()
  readonly #created: { readonly side: Side; readonly name: string }[] = []
  /** What was wrong at a write. */
  readonly wrongs: string[] = []
  edits = 0
  /** Sides that a write without an answer went to: in this run, and in the one before. */
  #blind: ReadonlySet<Side> = new Set()
  #wasBlind: ReadonlySet<Side> = new Set()
  /** The run before came to its end. One that an outage broke off may have looked at none of what others left unseen. */
  #wasWhole = true
  /** What runners have written since the run began, step by step. */
  readonly #stepped: BySide<Set<Cell>> = { businessCentral: new Set(), sales: new Set() }
  readonly #isStepwise: boolean
  /** Things that one of two runners has written since they began. */
  readonly #halfWritten: BySide<Set<string>> = { businessCentral: new Set(), sales: new Set() }
  /** What people have edited since the run began. */
  readonly #edited: BySide<Set<Cell>> = { businessCentral: new Set(), sales: new Set() }
  /** Two run that do not know of each other: what one carries is an edit of that side to the other. */
  #isDouble = false

  constructor(policy: ConflictPolicy, { references, keeping, isStepwise = false }: Played) {
    this.#policy = policy
    this.#isStepwise = isStepwise
    this.#references = references
    this.#quiet = new Set([...references, ...(keeping ?? [])])
  }

  /** A run begins. What says the same on both sides agrees from now on. */
  begins({ isMortal, isDouble, isCalm }: Beginning, seen: BySide<Picture>): void {
    this.#lookBack()
    this.#blind = new Set(isMortal ? sides : [])
    for (const side of sides) {
      this.#edited[side].clear()
      this.#stepped[side].clear()
      this.#halfWritten[side].clear()
    }
    this.#isDouble = isDouble
    this.#isOneMemory &&= !isDouble
    this.#linesWritten = [new Set(), this.#linesWritten[0]]
    for (const { name, cells } of seen.businessCentral)
      for (const [field, text] of Object.entries(cells))
        if (valueOf(seen.sales, name, field) === text) (isCalm ? agree : meet)(this.#cell(name, field), text)
  }

  /** What a run left unseen is looked at by the next one that comes to its end. */
  #lookBack(): void {
    if (!this.#wasWhole) {
      this.#wasBlind = new Set([...this.#wasBlind, ...this.#blind])
      return
    }
    for (const cell of this.#cells.values())
      if (cell.unseen !== undefined && !this.#blind.has(cell.unseen)) cell.unseen = undefined
    this.#wasBlind = this.#blind
  }

  /** A side is read from a copy, as it stood then. What said the same as the other side meets; what is said now came after. */
  readsOld(side: Side, stood: Picture, now: BySide<Picture>): void {
    for (const { name, cells } of stood)
      for (const [field, text] of Object.entries(cells)) {
        const cell = this.#cell(name, field)
        const said = valueOf(now[side], name, field)
        if (cell.agreed !== undefined || valueOf(now[otherSide(side)], name, field) !== text) continue
        meet(cell, text)
        if (said !== undefined && said !== text) cell.written[side].push(said)
      }
  }

  /** A write is sent to a side to which no answer will be seen: what people have edited there may come after it. */
  unanswered(side: Side): void {
    this.#blind = new Set([...this.#blind, side])
    for (const cell of this.#stepped[side]) {
      cell.unseen = side
      cell.isDoubtful ||= this.#edited[side].has(cell)
    }
    for (const cell of this.#edited[side]) cell.isDoubtful ||= cell.open[otherSide(side)] !== undefined
  }

  /** A run has ended, and left that behind. */
  ends(memory: Memory, isWhole = true): void {
    this.#wasWhole = isWhole
    for (const side of this.#blind) for (const name of this.#halfWritten[side]) this.#doubtWhole(side, name)
    for (const cell of this.#cells.values()) remember(cell, memory)
    this.#isOneMemory &&= memory === 'kept'
    if (memory !== 'kept') this.#stamps.forget()
    if (memory !== 'lost') this.#stamps.push()
    this.#isDouble = false
  }

  /**
   * One of two runners saw no answer, and what it was to write stands there in part: all of it was written, and the rest
   * taken back since, or the other runner wrote that part, which had not read the rest. Nobody can tell.
   */
  #doubtWhole(side: Side, name: string): void {
    for (const [key, cell] of this.#cells)
      if (key.startsWith(`${name}|`) && cell.open[otherSide(side)] !== undefined) cell.isDoubtful = true
  }

  /** A person has decided about what waits: whose values are right, or what becomes of a record whose partner is gone. */
  answered(name: string, take: { readonly right: Side; readonly fields: readonly string[] } | undefined): void {
    if (take === undefined) this.#plainly.delete(name)
    for (const [key, cell] of this.#cells) {
      if (!key.startsWith(`${name}|`)) continue
      if (take === undefined) for (const side of sides) delete cell.open[side]
      else if (take.fields.includes(key.slice(name.length + 1))) {
        delete cell.open[otherSide(take.right)]
        cell.taken = take.right
      }
    }
  }

  /** People changed a side. */
  people(side: Side, { before, after, other }: Change): void {
    for (const { name, was, is } of compared(before, after)) {
      if (is !== undefined) this.#seenOfSomebody(side, { was, is }, other)
      else if (was !== undefined) this.#deletedBySomebody(side, was, other)
      if (was === undefined && is !== undefined) this.#created.push({ side, name })
    }
  }

  #seenOfSomebody(
    side: Side,
    { was, is }: { readonly was: Thing | undefined; readonly is: Thing },
    other: Picture,
  ): void {
    const { name } = is
    this.#stamps.see(side, is, 'somebody')
    const said = this.#said(was, is)
    if (said.length > 0) this.#plainly.delete(name)
    else if (was?.version !== is.version) this.#touch(side, is)
    for (const [field, text] of said) this.#edit(side, this.#cell(name, field), text, valueOf(other, name, field))
  }

  /** A runner changed a side. */
  runner(side: Side, { before, after, other }: Change): void {
    for (const { name, was, is } of compared(before, after)) {
      if (is === undefined) this.#deletedByRunner(side, name, was?.cells ?? {})
      for (const [field, text] of this.#said(was, is)) this.#write(side, { name, was, is }, { field, text, other })
      if (is === undefined) continue
      if (was === undefined)
        for (const [field, text] of Object.entries(is.cells))
          this.#begin(side, this.#cell(name, field), { text, other: valueOf(other, name, field) })
      if (this.#isDouble) this.#halfWritten[side].add(name)
      if (is.of !== undefined) this.#linesWritten[0].add(`${side}|${name}`)
      // What it wrote over was judged by the stamp from before.
      this.#stamps.see(side, is, this.#isDouble ? 'a runner that is forgotten' : 'the runner')
    }
  }

  /**
   * A new thing; one that the other runner has made meets for the first time. So does what the service said there by
   * itself: nobody has agreed on that yet.
   */
  #begin(side: Side, cell: Cell, { text, other }: { readonly text: string; readonly other: string | undefined }): void {
    if (text === '' || cell.said.has(text) || cell.former.has(text) || text === other) meet(cell, text)
    else cell.own.add(text)
    if (cell.open[otherSide(side)] === text) delete cell.open[otherSide(side)]
    cell.isStale ||= this.#isDouble
    cell.isBorn = true
  }

  #write(side: Side, { name, was }: Compared, { field, text, other }: Written): void {
    const cell = this.#cell(name, field)
    const stood = was?.cells[field]
    if (stood !== undefined && !(stood === '' && this.#quiet.has(field)))
      this.#overwrite(side, { field, name, cell, text, stood })
    this.#carry(side, cell, text, valueOf(other, name, field))
  }

  /** The fields that say something else. A reference that is blank says nothing. */
  #said(was: Thing | undefined, is: Thing | undefined): readonly (readonly [string, string])[] {
    return changed(was, is).filter(([field, text]) => text !== '' || !this.#references.has(field))
  }

  /** What somebody wrote on this side and no runner has carried. */
  open(side: Side, name: string, field: string): string | undefined {
    return this.#cell(name, field).open[side]
  }

  /** Whether somebody has emptied it. */
  wasEmptied(name: string, field: string): boolean {
    return this.#cell(name, field).said.has('')
  }

  /** Whether the field was written on both sides since these last agreed, as far as a runner can know. */
  isContested(name: string, field: string): boolean {
    const { written, isDoubtful, isStale, agreed } = this.#cell(name, field)
    return isDoubtful || isStale || agreed === undefined || sides.every((side) => written[side].length > 0)
  }

  /** No policy decides what cannot be told, nor where two meet for the first time. */
  isDoubtful(name: string, field: string): boolean {
    const { isDoubtful, isStale, agreed } = this.#cell(name, field)
    if (isDoubtful || isStale || agreed === undefined) return true
    return this.#policy === 'newest' && this.#stamps.newest(name) === undefined
  }

  /** What people made and nobody deleted, on either side. */
  get madeAndKept(): readonly { readonly side: Side; readonly name: string }[] {
    return this.#created.filter(({ name }) => !sides.some((side) => this.#deleted[side].has(name)))
  }

  /** What somebody deleted on one side, which both had, where nobody edited it on the other; known to every run. */
  get deletedPlainly(): readonly DeletedThing[] {
    return this.#isOneMemory ? [...this.#plainly.values()] : []
  }

  /** All that any run knew was known to the next. */
  get isOneMemory(): boolean {
    return this.#isOneMemory
  }

  wasDeletedIn(side: Side, name: string): boolean {
    return this.#deleted[side].has(name)
  }

  wasDeleted(name: string): boolean {
    return sides.some((side) => this.#deleted[side].has(name))
  }

  #edit(side: Side, cell: Cell, text: string, other: string | undefined): void {
    this.edits += 1
    cell.said.add(text)
    cell.written[side].push(text)
    cell.since[side].push(text)
    if (cell.unseen === side || this.#isMeant(side, cell)) cell.isDoubtful = true
    if (other === text) sayTheSame(cell, text)
    else if (text === cell.agreed) delete cell.open[side]
    else cell.open[side] = text
  }

  /** A write that a runner saw no answer to may have been for this: whoever writes there comes before it, or after it. */
  #isMeant(side: Side, cell: Cell): boolean {
    this.#edited[side].add(cell)
    const isUnclear = this.#blind.has(side) || this.#wasBlind.has(side)
    return isUnclear && cell.open[otherSide(side)] !== undefined
  }

  /** Its row was written, and says nothing else: that may hide an edit which was taken back. */
  #touch(side: Side, { name, cells }: Thing): void {
    for (const field of Object.keys(cells)) {
      const cell = this.#cell(name, field)
      if (this.#isMeant(side, cell)) cell.isDoubtful = true
    }
  }

  #overwrite(side: Side, { field, name, cell, text, stood }: Overwriting): void {
    const what = `"${text}" is written into ${field} of ${name} in ${sideName[side]}`
    const isReference = this.#references.has(field)
    if (cell.taken === otherSide(side) && cell.open[side] === undefined) return
    if (cell.agreed === undefined) {
      if (stood !== '' && !isReference)
        this.wrongs.push(`P7: ${what} over "${stood}", where both met for the first time`)
      return
    }
    // A runner that knows nothing of an agreement fills a blank, as where two meet (P9).
    if (cell.isStale && stood === '') return
    this.#overwriteAgreed(side, { field, name, cell, text, stood }, what)
  }

  #overwriteAgreed(side: Side, { field, name, cell, text }: Overwriting, what: string): void {
    const winner = otherSide(side)
    const isReference = this.#references.has(field)
    if (!cell.written[winner].includes(text) && !isReference)
      this.wrongs.push(`P4: ${what}, though nobody wrote it since both agreed`)
    const lost = cell.open[side]
    if (lost === undefined || lost === text || this.#mayWin(winner, name, { cell, text })) return
    // Who says again what was agreed before says nothing new to a runner that saw nothing in between.
    if ((isReference || cell.isStale) && cell.former.has(lost)) return
    this.wrongs.push(`P2: ${what} over "${lost}", which somebody wrote and nothing has carried`)
  }

  /** The policy prefers what that side says, and somebody has said it: for \`newest\` in a later second. */
  #mayWin(winner: Side, name: string, { cell, text }: Pick<Overwriting, 'cell' | 'text'>): boolean {
    if (!cell.written[winner].includes(text)) return false
    return this.#policy === 'newest' ? this.#stamps.mayBeNewest(winner, name) : this.#policy === winner
  }

  /**
   * What a runner writes comes from the other side; what was written there since stays open. What nobody has said there
   * is the service's own where it is written, and counts as an edit of its side.
   */
  #carry(side: Side, cell: Cell, text: string, now: string | undefined): void {
    const from = otherSide(side)
    cell.since[side].push(text)
    if (text !== now && ![cell.said, cell.former, cell.own].some((known) => known.has(text))) {
      cell.written[side].push(text)
      return
    }
    // Who set it back to what was agreed says something new once this is carried.
    const isBack = now !== undefined && cell.written[from].includes(now)
    const since = now === text ? undefined : (cell.open[from] ?? (isBack ? now : undefined))
    this.#agree(side, cell, text)
    if (this.#blind.has(side)) cell.unseen = side
    if (this.#isStepwise) this.#stepped[side].add(cell)
    if (since === undefined) return
    cell.open[from] = since
    cell.written[from].push(since)
  }

  /** Of two that do not know of each other, what one carries is an edit to the other. */
  #agree(side: Side, cell: Cell, text: string): void {
    if (!this.#isDouble) return agree(cell, text)
    sayTheSame(cell, text)
    cell.isDoubtful = false
    cell.isStale = true
    cell.written[side].push(text)
  }

  #deletedBySomebody(side: Side, thing: Thing, other: Picture): void {
    const { name, cells } = thing
    this.#deleted[side].add(name)
    // What a service makes of a line that a runner has written (its amounts) counts as an edit until it is carried back.
    const isComputed = this.#linesWritten.some((written) => written.has(`${otherSide(side)}|${name}`))
    const isUntouched =
      !isComputed && Object.keys(cells).every((field) => isAgreed(this.#cell(name, field), otherSide(side)))
    const left = other.find((one) => one.name === name)
    const wasNamed = other.some((one) => [...this.#references].some((field) => one.cells[field] === name))
    if (isUntouched && left !== undefined) this.#plainly.set(name, { side, thing, left, wasNamed })
    else this.#plainly.delete(name)
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
    const made = newCell()
    this.#cells.set(key, made)
    return made
  }
}

/** A runner knows what both sides said, and that nobody has said anything on this one since. */
const isAgreed = ({ agreed, isStale, isDoubtful, unseen, written }: Cell, side: Side): boolean =>
  agreed !== undefined && !isStale && !isDoubtful && unseen === undefined && written[side].length === 0

interface Overwriting {
  readonly field: string
  readonly name: string
  readonly cell: Cell
  readonly text: string
  readonly stood: string
}

/** A side before and after, and the other side. */
interface Change {
  readonly before: Picture
  readonly after: Picture
  readonly other: Picture
}

interface Written {
  readonly field: string
  readonly text: string
  readonly other: Picture
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
