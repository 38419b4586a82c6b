/** A pair whose one record was deleted, and about which a person decides. */
import { type Side, otherSide, sides } from '../config/config.ts'
import type { Decision } from '../core/coupling.ts'
import { type Said, saidBy, saysOtherwise } from '../core/said.ts'
import { deletedPartner } from './holds.ts'
import type { Common, Judged } from './judgement.ts'
import type { Session } from './session.ts'

/** What a person has said, as far as it still stands. */
export interface OnDeleted {
  readonly action: Extract<Decision, { kind: 'deleted' }>['action'] | undefined
  /** The other record was to be deleted, too, and somebody has edited it since. */
  readonly isOutdated: boolean
}

/** A person who deletes a record has decided about what it said when the pair was held. */
export async function decisionOnDeleted(session: Session, { held, rows }: Common): Promise<OnDeleted> {
  const decision = held?.decision
  if (decision?.kind !== 'deleted') return { action: undefined, isOutdated: false }
  const side = sides.find((one) => rows[one] !== undefined)
  const isEdited =
    decision.action === 'delete' &&
    held?.said !== undefined &&
    side !== undefined &&
    saysOtherwise(await saidOn(session, rows, side), held.said)
  return { action: isEdited ? undefined : decision.action, isOutdated: isEdited }
}

/** It waits for a person. */
export async function holdDeleted(
  session: Session,
  common: Common,
  { gone, isOutdated }: { readonly gone: Side; readonly isOutdated: boolean },
): Promise<Judged> {
  const said = await saidOn(session, common.rows, otherSide(gone))
  return {
    action: { kind: 'hold' },
    decided: undefined,
    holds: [deletedPartner(session, common, { gone, said, isOutdated })],
  }
}

const saidOn = async ({ deciding }: Session, rows: Common['rows'], side: Side): Promise<Said> => {
  const row = rows[side]?.row
  return row === undefined ? {} : saidBy(deciding, side, row)
}
