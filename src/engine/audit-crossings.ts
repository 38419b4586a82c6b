/**
 * Pairs that may be crosswise: a record whose match values are those of another coupled record of the other side, and
 * not those of its own partner. Keeps one hash a record and group (P10).
 */
import type { Side } from '../config/config.ts'
import { shortHash } from '../core/fingerprint.ts'
import type { Upsert } from '../core/record.ts'
import { valuesOf } from './match-values.ts'
import type { Session } from './session.ts'

export interface Crossings {
  /** Takes a coupled record into account. */
  take(side: Side, row: Upsert): Promise<void>
  /** The records of Business Central concerned, with the partner they have. */
  findings(): readonly { readonly id: string; readonly partner: string }[]
}

/** Collects the match values of the mapping's first group whose values stand in the records themselves. */
export function crossings(session: Session): Crossings {
  const group = session.mapping.match.find(
    (one) => ![...one.businessCentral, ...one.sales].some((column) => column.includes('.') || column.startsWith('$')),
  )
  const keys: Record<Side, Map<string, string>> = { businessCentral: new Map(), sales: new Map() }
  return {
    take: async (side, row) => {
      const values = group === undefined ? undefined : await valuesOf(session, group, side, row.row)
      if (values !== undefined) keys[side].set(row.id, shortHash(values.join('\n')))
    },
    findings: () => {
      const bySales = new Map([...keys.sales].map(([id, key]) => [key, id]))
      return [...keys.businessCentral].flatMap(([id, key]) => {
        const partner = session.state.bySide('businessCentral', id)?.sales.id
        const meant = bySales.get(key)
        const isCrossed = partner !== undefined && meant !== undefined && meant !== partner
        return isCrossed && keys.sales.get(partner) !== key ? [{ id, partner }] : []
      })
    },
  }
}
