/**
 * Deciding what is written to the record that is left when its pair comes to its end: its partner was posted, or
 * deleted. Everything it needs is handed in; it is async only because expressions are.
 */
import { type Ending, type Side, otherSide, travelsTo } from '../config/config.ts'
import { noBase } from './base.ts'
import { said } from './carry.ts'
import { type Decided, type FieldWrite, contextOf, emptyDraft, lacksPage } from './decide.ts'
import { create } from './decide-create.ts'
import { type Deciding, standsAt } from './offer.ts'
import type { Loaded, Row } from './record.ts'

/** How a pair ended, and what is left of it. */
export interface PairEnd {
  readonly because: Ending
  /** The side of the record that is left. */
  readonly to: Side
  readonly target: Loaded
  /** The posted document; of a deleted one nothing is known. */
  readonly source: Row
  readonly missingPages: ReadonlySet<string>
}

/** The rows marked for this ending; none where everything stands there already. Throws ExpressionError when one fails. */
export async function decideEnd(deciding: Deciding, end: PairEnd): Promise<Decided> {
  const draft = emptyDraft()
  const { to, target } = end
  const from = otherSide(to)
  const rows = { businessCentral: target, sales: target, [from]: { row: end.source } }
  const context = contextOf(deciding, { rows, base: noBase, deferLater: false, decision: undefined })
  for (const field of deciding.compiled.fields) {
    if (field.field.on !== end.because || !travelsTo(field.field.direction, to)) continue
    if (field.place[to] === undefined || lacksPage(field, end.missingPages)) continue
    create(draft, { field, to, value: await said(field, from, end.source, deciding.bindings) }, context)
  }
  const writes = draft.writes.map((write): FieldWrite => ({
    ...write,
    before: standsAt(write.field, to, target.row),
    why: 'edit',
  }))
  return { ...draft, agreed: noBase, writes: writes.some(isNews) ? writes : [] }
}

/** The end of it differs from what stands there; a document need not be opened only to be closed again. */
const isNews = (write: FieldWrite, _index: number, writes: readonly FieldWrite[]): boolean =>
  write.before !== write.canonical && !writes.some((other) => isBehind(other, write))

const steps = ['before', 'main', 'after'] as const
const isBehind = (other: FieldWrite, { field, to }: FieldWrite): boolean =>
  other.field.place[to]?.column === field.place[to]?.column &&
  steps.indexOf(other.field.field.step) > steps.indexOf(field.field.step)
