/** One field of one thing: what people and runners wrote there, and what a runner can know of that. */
import { type BySide, type Side, sides } from '../../src/config/config.ts'

/** What a run leaves behind: its state, that of the run before (its disk is lost), or none at all. */
export type Memory = 'kept' | 'lost' | 'gone'

export interface Cell {
  /** What somebody wrote on a side and no runner has carried. */
  readonly open: { [side in Side]?: string }
  /** What was written on a side, as far as the runner can know, since both last agreed. */
  readonly written: BySide<string[]>
  /** What both sides last agreed on, as far as the runner can know; nothing before they meet. */
  agreed: string | undefined
  /** The runner may know an older agreement than that. */
  isStale: boolean
  /** A runner has made the record since the state was pushed last: whoever knows that state meets it for the first time. */
  isBorn: boolean
  /** What the state that was pushed last knows of it. */
  pushed: { readonly agreed: string | undefined; readonly written: BySide<readonly string[]> }
  /** What people and runners have written on a side since that was pushed. */
  readonly since: BySide<string[]>
  /** What they ever agreed on. */
  readonly former: Set<string>
  /** What people ever wrote there. */
  readonly said: Set<string>
  /** What the service itself said there in a record that a runner made: a runner carries it back. */
  readonly own: Set<string>
  /** A runner wrote it on this side and has not seen what came of that. */
  unseen: Side | undefined
  /** The side that a person has said is right, about what stood there then. */
  taken: Side | undefined
  /** Somebody edited it then: whether before the write or after it, no runner can tell. */
  isDoubtful: boolean
}

export const newCell = (): Cell => ({
  open: {},
  written: { businessCentral: [], sales: [] },
  agreed: undefined,
  isStale: false,
  isBorn: false,
  pushed: { agreed: undefined, written: { businessCentral: [], sales: [] } },
  since: { businessCentral: [], sales: [] },
  former: new Set(),
  said: new Set(),
  own: new Set(),
  unseen: undefined,
  taken: undefined,
  isDoubtful: false,
})

/** Both say the same, for the first time as far as the runner can know. */
export function meet(cell: Cell, text: string): void {
  if (cell.agreed !== undefined) return
  cell.agreed = text
  cell.former.add(text)
}

/** Both say the same. */
export function sayTheSame(cell: Cell, text: string): void {
  cell.agreed = text
  cell.former.add(text)
  for (const side of sides) delete cell.open[side]
}

/** Both say the same, and the runner knows. */
export function agree(cell: Cell, text: string): void {
  sayTheSame(cell, text)
  cell.isDoubtful = false
  cell.isStale = false
  for (const side of sides) cell.written[side].length = 0
}

/** A run has ended. What a state knows no more counts as an edit of the side that it was written on. */
export function remember(cell: Cell, memory: Memory): void {
  if (memory === 'lost') {
    cell.isStale ||= cell.isBorn || cell.agreed !== cell.pushed.agreed
    cell.isBorn = false
    cell.agreed = cell.pushed.agreed
    for (const side of sides) cell.written[side].splice(0, Infinity, ...cell.pushed.written[side], ...cell.since[side])
    return
  }
  if (memory === 'gone') {
    cell.agreed = undefined
    cell.isStale = true
    for (const side of sides) cell.written[side].length = 0
  }
  cell.isBorn = false
  const { businessCentral, sales } = cell.written
  cell.pushed = { agreed: cell.agreed, written: { businessCentral: [...businessCentral], sales: [...sales] } }
  for (const side of sides) cell.since[side].length = 0
}
