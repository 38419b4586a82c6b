/**
 * What follows a coupling: nothing, a merge that overwrites nothing, or one side's values. The native integration asks
 * for it with every coupling and has a choice ready (K-01, K-06); pure functions over that choice and the mapping.
 */
import { type Mapping, type Side, otherSide, travelsTo } from '../config/config.ts'
import type { RunOptions } from './ports.ts'

/** `native`: whatever the native integration would have ready for this mapping. */
export const syncsAfter = ['merge', 'none', 'toSales', 'toBusinessCentral', 'native'] as const
export type SyncAfter = (typeof syncsAfter)[number]

/** `none`: couple only. `hold`: merge, and hold what is filled differently. A side: it is right there. */
export type Preference = 'none' | 'hold' | Side

/** The side written to, where the choice names one. */
const targets: Readonly<Record<SyncAfter, Side | undefined>> = {
  merge: undefined,
  none: undefined,
  native: undefined,
  toSales: 'sales',
  toBusinessCentral: 'businessCentral',
}

/** Why the choice makes no sense in a mapping: a one-way mapping has only the fitting one open (K-01). */
export function misfit(
  choice: SyncAfter,
  { name, direction }: Pick<Mapping, 'name' | 'direction'>,
): string | undefined {
  const target = targets[choice]
  if (target === undefined || travelsTo(direction, target)) return undefined
  return `${name} travels ${direction} only: nothing can follow ${choice}.`
}

/** What the choice means for two records that a person couples. Natively to Sales, unless the mapping only comes from there. */
export function preferenceOf(choice: SyncAfter, { direction }: Pick<Mapping, 'direction'>): Preference {
  const target = targets[choice]
  if (target !== undefined) return otherSide(target)
  if (choice === 'native') return direction === 'toBusinessCentral' ? 'sales' : 'businessCentral'
  return choice === 'none' ? 'none' : 'hold'
}

/** What the choice means for a run that couples many. Natively the side that wins conflicts is right (K-06). */
export function runsAfter(choice: SyncAfter): Pick<RunOptions, 'coupleOnly' | 'prefer'> {
  const target = targets[choice]
  const prefer = target === undefined ? undefined : otherSide(target)
  return { coupleOnly: choice === 'none', prefer: choice === 'native' ? 'conflicts' : prefer }
}
