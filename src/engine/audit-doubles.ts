/**
 * Documents that were made twice: one that nobody knows bears the reference of a coupled one. A document whose key the
 * service chooses is made once by looking for its reference first; two runners that know nothing of each other may both
 * look before either has made it, and no later run would notice.
 */
import type { Side } from '../config/config.ts'
import type { Upsert } from '../core/record.ts'
import { canonical } from '../core/values.ts'
import type { Session } from './session.ts'

export interface Doubles {
  /** Takes a record into account. */
  take(row: Upsert): void
  /** Those that nobody knows, each with the coupled one whose reference it bears. */
  findings(): readonly { readonly double: Upsert; readonly known: string }[]
}

/** Collects the references on a side; none where records of that side bear none. */
export function doubles(session: Session, side: Side): Doubles {
  const { reference } = session.mapping[side]
  const known = new Map<string, string>()
  const unknown: Upsert[] = []
  const said = ({ row }: Upsert): string =>
    (reference === undefined ? undefined : canonical(row[reference], { type: 'code' })) ?? ''
  return {
    take: (row) => {
      if (said(row) === '') return
      if (session.state.bySide(side, row.id) === undefined) unknown.push(row)
      else known.set(said(row), row.id)
    },
    findings: () =>
      unknown.flatMap((double) => {
        const id = known.get(said(double))
        return id === undefined ? [] : [{ double, known: id }]
      }),
  }
}
