/** Policies and places of a mapping, as an administrator writes them: for whoever tells them or what changed in them. */
import type { EntityRef, Limit, Mapping, MatchGroup } from '../config/config.ts'
import { written } from './change.ts'

/** Where a record without a partner is created, as `create` is written. */
export function createText({ businessCentral, sales }: Mapping['createOn']): string {
  if (businessCentral && sales) return 'both'
  return sales ? 'toSales' : businessCentral ? 'toBusinessCentral' : 'never'
}

/** `10 or 1 %`, as limits are written. */
export function limitText({ count, share }: Limit): string {
  const parts = [
    ...(count === undefined ? [] : [String(count)]),
    ...(share === undefined ? [] : [`${Number((share * 100).toFixed(6))} %`]),
  ]
  return parts.join(' or ')
}

/** A duration as it is written: `24h`, `30 min`, `45 s`. */
export function durationText(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}h`
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`
}

/** The columns that must agree, and how they are compared. */
export function groupText({ businessCentral, sales, lookup, caseSensitive }: MatchGroup): string {
  const through = Object.keys(lookup).length === 0 ? '' : ` through ${written(lookup)}`
  return `${businessCentral.join(' + ')} = ${sales.join(' + ')}${through}${caseSensitive ? ' (case-sensitive)' : ''}`
}

/** A collection as it is named; one of another kind with what belongs to it. */
export function entityText(entity: EntityRef): string {
  const { kind, entity: name, ...more } = entity
  return kind === 'standard' ? name : `${kind} ${name} ${written(more)}`
}
