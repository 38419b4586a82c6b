/**
 * Rows that come under another version and say nothing new: the version is remembered, so that the next report of it
 * ends as an echo instead of being read again with its further pages (P10).
 */
import { type Side, otherSide } from '../config/config.ts'
import type { Entry } from '../store/store.ts'
import type { Session } from './session.ts'

export interface Alike {
  readonly side: Side
  readonly id: string
  /** The version that the coupling remembered, and the one that was reported. */
  readonly was: string | undefined
  readonly is: string
}

/** The couplings with the versions reported, as far as nothing has changed them since the rows were read. */
export function alikeEntries({ state }: Session, rows: readonly Alike[]): readonly Entry[] {
  return rows.flatMap(({ side, id, was, is }): readonly Entry[] => {
    const coupling = state.bySide(side, id)
    if (coupling === undefined || coupling[side].version !== was) return []
    const { ours, ...known } = coupling
    const other = otherSide(side)
    const open = ours?.[other] === undefined ? {} : { ours: { [other]: ours[other] } }
    return [{ kind: 'couple', coupling: { ...known, ...open, [side]: { ...coupling[side], version: is } } }]
  })
}
